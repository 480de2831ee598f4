"""How people speak of atria, aorta, fluid around heart and lungs, thrombus and thick right walls."""

# ruff: noqa: E501 - a table of patterns, of which a line break inside one would hide the shape.

from __future__ import annotations

from .phrase import BIG, DIL, DILATION, SEVERELY, THICK, Phrases

AORTA = "[aorta|thoracic aorta]"
FLUID = "[fluid|water|liquid]"


def _atrium(short: str, side: str) -> tuple[Phrases, Phrases]:
    """Phrases of an enlarged atrium, and of a severely enlarged one."""
    name, adjective = f"[{short}|{side} atrium]", f"[{short}|{side} atrial]"
    large = Phrases(
        nouns=(
            f"{adjective} {DILATION}",
            f"[{DIL}|{BIG}] {name}",
            f"{short}E",
            f"[increased|raised|elevated|high] {adjective} [volume|size|area]",
            f"[increased|raised|elevated|high] {short}Vi",
            f"[big|enlarged|stretched] [{side} upper chamber|upper {side} chamber|{side} antechamber]",
            f"[big|large|dilated] {side} upper heart chamber",
            f"{adjective} remodelling",
            f"{side} atriomegaly",
        ),
        true=(
            f"{name} [is |appears |looks |][{DIL}|{BIG}]",
            f"{adjective} volume [is |][increased|above normal|raised]",
            f"{short} dil",
            f"{short} [up|++|big]",
            f"the {side} upper chamber [of the heart |][is|looks] [big|stretched|enlarged]",
            f"{short}Vi above [the |]upper limit",
        ),
        false=(
            f"{name} [is |][not [{DIL}|{BIG}]|normal in size|of normal size|normal]",
            f"normal[-sized|] {name}",
            f"[non-dilated|nondilated] {name}",
            f"normal {adjective} [size|volume|dimensions]",
            f"{adjective} [size|volume] [is |][normal|wnl|within normal limits]",
            f"{short}Vi normal",
            f"the {side} upper chamber is [of normal size|not enlarged]",
        ),
    )
    severe = Phrases(
        nouns=(
            f"[severe|marked|massive|gross] {adjective} {DILATION}",
            f"{SEVERELY} {DIL} {name}",
            f"[huge|giant|massive] {name}",
        ),
        true=(f"{name} [is |]{SEVERELY} {DIL}",),
    )
    return large, severe


_LA, _SEVERE_LA = _atrium("LA", "left")
_RA, _SEVERE_RA = _atrium("RA", "right")

# fmt: off
AROUND: dict[str, Phrases] = {
    "left_atrial_enlargement": _LA,
    "right_atrial_enlargement": _RA,
    "severe_la_enlargement": _SEVERE_LA,
    "severe_ra_enlargement": _SEVERE_RA,
    "biatrial_enlargement": Phrases(
        nouns=(f"[biatrial|bi-atrial] {DILATION}", "both atria [dilated|enlarged|big]", f"{DIL} atria[ on both sides|]", "BAE"),
        true=("both atria are [dilated|enlarged|big|large]", "both upper chambers [of the heart |]are [big|enlarged|stretched]", "atria dil"),
        false=("normal[-sized|] atria", "both atria [are |][of |]normal[ size|]", "atria [normal|not dilated|not enlarged]"),
    ),
    "aortic_dilation": Phrases(
        nouns=(
            f"aortic {DILATION}", f"[{DIL}|{BIG}|ectatic|widened|wide|aneurysmal] {AORTA}", "[aortic|thoracic aortic] [aneurysm|ectasia]",
            "[widened|stretched|ballooned|bulging] main artery", "[enlarged|wide] great vessel", f"{DILATION} of the {AORTA}", "[increased|raised] aortic [diameter|calibre|size]",
            "aortopathy", "[big|wide|widened] body artery",
        ),
        true=(
            f"the {AORTA} [is |appears |][{DIL}|ectatic|aneurysmal|too wide|wide]", "aorta dil", "aorta [++|big|wide]", "aortic [diameter|calibre] [is |][increased|above normal]",
            "the main artery [leaving|out of|from] the heart is [wide|widened|stretched|too big]", "Ao dil",
        ),
        false=(
            f"[normal|normal-sized|non-dilated|nondilated] {AORTA}", f"the {AORTA} [is |][not [{DIL}|wide]|normal|of normal calibre|normal in size]", "normal aortic [size|diameter|diameters|calibre|dimensions]",
            "aorta [ok|wnl|fine]", "aortic [size|diameter] [is |]normal", "the main artery is [not widened|of normal width]",
        ),
    ),
    "aortic_root_dilation": Phrases(
        nouns=(f"aortic root {DILATION}", f"[{DIL}|wide|ectatic] [aortic root|root|sinuses of Valsalva|aortic sinuses]", "root aneurysm", "annuloaortic ectasia"),
        true=("[aortic |]root [is |][dilated|enlarged|wide]", "root dil", "sinuses [of Valsalva |][are |]dilated"),
        false=("[normal|normal-sized|non-dilated] aortic root", "aortic root [is |][normal|not dilated]"),
    ),
    "ascending_aortic_dilation": Phrases(
        nouns=(f"ascending [aortic|aorta] {DILATION}", f"[{DIL}|wide|ectatic|aneurysmal] ascending aorta", "ascending [aortic |]aneurysm", "tubular ascending aortic dilation"),
        true=("[ascending aorta|asc aorta|asc Ao|AAo] [is |][dilated|enlarged|wide]", "asc aorta dil"),
        false=("[normal|normal-sized|non-dilated] ascending aorta", "ascending aorta [is |][normal|not dilated]"),
    ),
    "marked_aortic_dilation": Phrases(
        nouns=(f"[severe|marked|gross] aortic {DILATION}", f"{SEVERELY} {DIL} {AORTA}", "[large|big] aortic aneurysm", "[huge|giant] aorta"),
        true=(f"the aorta [is |]{SEVERELY} {DIL}", "aorta [over|above|>] 5 cm", "aneurysm [near|at] the threshold for surgery"),
    ),
    "pericardial_effusion": Phrases(
        nouns=(
            "[pericardial|circumferential pericardial] [effusion|fluid|collection|effusions]", f"{FLUID} [around|surrounding] the heart", f"{FLUID} in the [pericardium|heart sac|pericardial sac|pericardial space]",
            "pericardial eff", "haemopericardium or effusion", "[effusion|collection] [around|about] the heart", "increased pericardial fluid", "PEff",
            f"[a rim|a layer] of {FLUID} around the heart", "wet heart sac",
        ),
        true=(
            "the [pericardial space|pericardium|heart sac] [contains|is filled with|holds] fluid", "the heart [swims|floats|lies] in fluid", "peric eff [+|++|present]",
            "there is [water|fluid] between the layers of the pericardium", "separation of the pericardial layers by fluid",
        ),
        false=(
            "[dry|normal|unremarkable|clear] [pericardium|pericardial space|heart sac]", "pericardium [is |][dry|normal|unremarkable|clear]", "no fluid [around|surrounding] the heart",
            "pericardial fluid [is |][not increased|physiological only|within normal limits]", "pericardium ok", "the heart sac is dry",
        ),
    ),
    "small_pericardial_effusion": Phrases(
        nouns=("[small|trivial|mild|minor|little|thin] pericardial [effusion|collection]", f"a [little|small amount of] {FLUID} around the heart", "small rim of pericardial fluid"),
        true=("pericardial effusion [is |][small|under 1 cm|< 10 mm]",),
    ),
    "moderate_pericardial_effusion": Phrases(
        nouns=("[moderate|medium-sized|moderate-sized] pericardial [effusion|collection]", f"a moderate amount of {FLUID} around the heart"),
        true=("pericardial effusion [is |][moderate|of 1-2 cm|10-20 mm]",),
    ),
    "large_pericardial_effusion": Phrases(
        nouns=("[large|big|massive|severe|huge] pericardial [effusion|collection]", f"a [lot|large amount] of {FLUID} around the heart"),
        true=("pericardial effusion [is |][large|over 2 cm|> 20 mm]",),
    ),
    "pleural_effusion": Phrases(
        nouns=(
            "[pleural|bilateral pleural|left pleural|pleural space] [effusion|effusions|fluid|collection]", f"{FLUID} [around|on|about] the lung[s|]", f"{FLUID} in the [pleura|pleural space|pleural cavity|chest]",
            "pleural eff", "hydrothorax", "[wet|congested] pleura", f"{FLUID} beside the lung[s|]", "pl eff",
        ),
        true=(
            "the pleural space [contains|is filled with|holds] fluid", "pleural fluid [is |][seen|present|collecting]", "pleural effusion[s|] [+|++]",
            "the lungs are [surrounded by|sitting in] [fluid|water]",
        ),
        false=(
            "[dry|normal|unremarkable|clear] [pleura|pleural spaces|pleural space]", "pleural spaces [are |][dry|clear|unremarkable]", "no fluid [around|on] the lungs",
            "pleura [is |][ok|dry|clear]",
        ),
    ),
    "large_pleural_effusion": Phrases(
        nouns=("[large|big|massive|sizeable|huge] pleural [effusion|effusions]", f"a [lot|large amount] of {FLUID} around the lung[s|]"),
        true=("pleural effusion [is |]large",),
    ),
    "lv_thrombus": Phrases(
        nouns=(
            "[LV|left ventricular|intracardiac|intracavitary|apical|mural|LV apical|ventricular] [thrombus|clot|thrombi]", "[thrombus|clot|blood clot] [in|at] the [LV|LV apex|apex|left ventricle|ventricle|cavity]",
            "[thrombus|blood clot|clot]", "[blood clot|clot] [inside|in] the heart", "LVT", "thrombosis of the [LV|apex|left ventricle]", "thrombotic [mass|material] in the [LV|apex]",
            "[clotted|coagulated] blood in the [heart|left ventricle|apex]", "filling defect [at the apex|in the LV cavity]",
        ),
        true=(
            "the [apex|LV|ventricle] [contains|harbours|holds] [a |][thrombus|clot]", "a [dark|black|non-enhancing|low-signal] [mass|structure] in the apex", "thrombus [++|pos]",
            "a [lump|plug] of [clotted |]blood sits in the [heart|tip of the heart]", "[clot|thrombus] [is |]attached to the apex",
        ),
        false=("[LV|apex|cavity|left ventricle] [free of|without] [thrombus|clot]", "[clear|clean] [LV cavity|apex]", "the LV cavity is clear", "thrombus [excluded|unlikely]",
               "no blood clot[ in the heart| inside the heart|]"),
    ),
    "thick_atrial_septum": Phrases(
        nouns=("[thick|thickened] [atrial|interatrial|inter-atrial] [septum|wall]", "[atrial|interatrial] septal [thickening|hypertrophy]", "thickening of the [interatrial|atrial] septum"),
        true=("[interatrial|atrial] septum [is |]thick[ened|]", "the wall between the upper chambers is thick[ened|]"),
        false=("[thin|normal] [interatrial|atrial] septum", "atrial septum [is |][not thickened|thin]"),
    ),
    "rv_hypertrophy": Phrases(
        nouns=("[RV|right ventricular] hypertrophy", "RVH", f"{THICK} [RV|right ventricular] [wall|free wall]", f"{THICK} right ventricle", "increased RV wall thickness"),
        true=("[RV|right ventricular] [wall|free wall] [is |]thick[ened|]", "RV walls [are |]thick[ened|]", "the right chamber has thick walls"),
        false=("normal [RV|right ventricular] wall thickness", "RV wall [is |][thin|not thickened]"),
    ),
    "biventricular_thickening": Phrases(
        nouns=("biventricular [hypertrophy|wall thickening|thickening]", f"{THICK} walls of both ventricles", "thickening of both ventricles"),
        true=("both ventricles [are |have ][thick|thickened|hypertrophied|thick walls]", "thick walls on both sides of the heart"),
    ),
}
# fmt: on
