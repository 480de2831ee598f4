"""How people say what late enhancement shows, and the diseases of the muscle it goes with."""

# ruff: noqa: E501 - a table of patterns, of which a line break inside one would hide the shape.

from __future__ import annotations

from .phrase import CM, DIL, OLD, RED, THICK, Phrases

GAD = "[LGE|late gadolinium enhancement|late enhancement|delayed enhancement|hyperenhancement]"
SCAR = "[scar|scarring|fibrosis|LGE|late enhancement|enhancement]"
LGE_LV = f"[myocardial|LV|left ventricular] {SCAR}"

# fmt: off
TISSUE: dict[str, Phrases] = {
    "late_gadolinium_enhancement": Phrases(
        nouns=(
            GAD, f"[any |]{LGE_LV}", "[myocardial|LV] [scar|scarring|fibrosis]", "[scar|fibrosis] on LGE[ images|]",
            f"[pathological|abnormal|focal] {GAD}", f"{GAD} of the [myocardium|LV|left ventricle|heart muscle]",
            "[scar|scarred] [tissue|heart muscle]", "[scars|scarring] in the heart[ muscle|]", "replacement fibrosis",
            "[bright|white] [areas|spots|patches] [after contrast|on late images|on the contrast images]", "late gad uptake", "DE",
            "contrast uptake in the [muscle|myocardium]", "enhancing myocardium", "late gadolinium uptake",
        ),
        true=(
            "LGE [positive|pos|+|+ve|++]", "the [myocardium|heart muscle] [enhances|takes up contrast]", "[scarred|fibrotic] [myocardium|heart|left ventricle]",
            "gadolinium is retained in the [muscle|wall|myocardium]", "the heart muscle [is|has been] scarred", "LGE is [seen|present|abnormal]",
            "the scan with contrast [shows|found] [a scar|scarring]", "scar imaging [is |]positive",
        ),
        false=(
            "LGE [negative|neg|-ve|-]", "[scar|fibrosis]-free [myocardium|heart|ventricle]", "[normal|homogeneous|complete] [nulling|myocardial nulling]",
            "the [myocardium|heart muscle] [does not|doesn't] [enhance|take up contrast]", "non-enhancing myocardium", "the myocardium nulls [normally|well]",
            "LGE images [are |]normal", "[unscarred|scar-free] heart muscle", "the contrast images are [normal|clear]", "all of the muscle [is |]black on LGE",
        ),
    ),
    "subendocardial_lge": Phrases(
        nouns=(f"[subendocardial|sub-endocardial|endocardial] {SCAR}", f"{GAD} of the [subendocardium|inner layer]",
               "[scar|fibrosis] [confined to|limited to] the subendocardium", "non-transmural [infarct|scar|infarction]", "scar of the inner [layer|half] of the wall"),
        true=("the subendocardium enhances", "subendo LGE", "the scar [spares|does not reach] the outer wall"),
    ),
    "transmural_lge": Phrases(
        nouns=(f"[transmural|full-thickness|full thickness] {SCAR}", f"[transmural|near-transmural] {GAD}", "transmural infarct[ion|]",
               "[scar|fibrosis] through the [whole|full|entire] [wall|thickness of the wall]"),
        true=("[scar|enhancement] of more than 75% of the wall", "transmurality [> 75%|75-100%]", "the [whole|full] thickness of the wall [is scarred|enhances]"),
        false=("LGE [is |]not transmural",),
    ),
    "midwall_lge": Phrases(
        nouns=(f"[mid-wall|midwall|mid wall|midmyocardial|mid-myocardial|intramural] {SCAR}", f"[linear|septal] [mid-wall|midwall] {GAD}",
               "mid-wall stripe", "[linear|stripe-like] fibrosis in the middle of the wall"),
        true=("midwall LGE +", "the middle [layer|of the wall] [enhances|is scarred]"),
    ),
    "epicardial_lge": Phrases(
        nouns=(f"[epicardial|subepicardial|sub-epicardial] {SCAR}", f"{GAD} of the [subepicardium|outer layer]",
               "scar of the outer [layer|half] of the wall", "[subepicardial|epicardial] [stripe|pattern]"),
        true=("the [subepicardium|outer wall] enhances", "subepi LGE", "enhancement [spares|sparing] the [endocardium|subendocardium]"),
    ),
    "diffuse_lge": Phrases(
        nouns=(f"[diffuse|global|circumferential|widespread] [subendocardial |]{SCAR}", f"[global|diffuse] {GAD}",
               "[circumferential|global] subendocardial [LGE|enhancement]", "enhancement all [round|around] the ventricle"),
        true=("the [whole|entire] [myocardium|ventricle|left ventricle] enhances", "[difficult|abnormal] nulling with diffuse enhancement", "LGE diffusely positive"),
    ),
    "patchy_lge": Phrases(
        nouns=(f"[patchy|spotty|scattered] {SCAR}", f"[patchy|spotty|multifocal] {GAD}", "patchy fibrosis [of|in] [the thick|hypertrophied] [muscle|segments]"),
        true=("patches of [scar|enhancement|fibrosis]", "scar in the thickest segments"),
    ),
    "ischaemic_lge": Phrases(
        nouns=(f"[ischaemic|ischemic|infarct|coronary] [pattern |type |]{SCAR}", f"{GAD} in [a coronary|an infarct|an ischemic] [distribution|pattern|territory]",
               "infarct scar", "[coronary|infarct]-type [LGE|scar]", "enhancing infarct"),
        true=("[scar|LGE] [follows|in] a coronary territory", "LGE pattern [is |]ischemic", "the scar is from a heart attack"),
        false=("LGE pattern [is |]not ischemic",),
    ),
    "nonischaemic_lge": Phrases(
        nouns=(f"[non-ischaemic|non-ischemic|nonischemic|non-coronary|nonischaemic] [pattern |type |]{SCAR}",
               f"{GAD} in a [non-ischemic|non-coronary|nonischemic] [distribution|pattern]"),
        true=("LGE pattern [is |]non-ischemic", "the scar [does not follow|spares] [a coronary territory|the coronary territories]", "scar not from a heart attack"),
    ),
    "extensive_lge": Phrases(
        nouns=(f"[extensive|widespread|large|massive] {SCAR}", f"[extensive|marked] {GAD}", "a [big|large|high] scar[ burden|]", "[high|large] LGE burden"),
        true=("many segments [enhance|are scarred]", "[much|a lot] of the heart muscle [is |]scarred"),
    ),
    "viable_infarct": Phrases(
        nouns=("[viable|still viable] infarct[ territory| area|]", "scar under 50% of the wall[ thickness|]", "[infarct|scar] with preserved viability",
               "infarct of less than half the wall[ thickness|]"),
        true=("the infarcted [wall|territory|segments] [is |remains |are |][viable|likely to recover]",),
    ),
    "nonviable_myocardium": Phrases(
        nouns=("[non-viable|nonviable] [myocardium|segments|infarct|territory|muscle|wall]", "dead [muscle|myocardium] on LGE", "loss of viability"),
        true=("[infarct|territory|wall] [is |][not viable|non-viable]", "unlikely to recover after revascularisation", "not worth [revascularising|reopening the artery]"),
        false=("[viable|fully viable] myocardium", "all [segments|walls|territories] [are |]viable", "viability [is |][preserved|intact]"),
    ),
    "ischaemic_cardiomyopathy": Phrases(
        nouns=(
            f"[ischaemic|ischemic] {CM}", "ICM", "ischemic [LV dysfunction|heart failure|heart muscle disease]", "ischaemic LV dysfunction",
            f"{RED} LV function [due to|from|after] [an infarct|infarction|a heart attack|coronary disease]", "post-infarct [heart failure|cardiomyopathy]",
            "[weak|failing] heart [due to|because of|after] [a heart attack|blocked arteries|coronary disease]", "CAD cardiomyopathy",
            "[coronary|ischemic] heart disease with [low|reduced] EF",
        ),
        true=(
            "[findings|appearances|features|picture] [of|consistent with|in keeping with|suggesting] [ICM|ischemic cardiomyopathy|ischaemic cardiomyopathy]",
            f"{DIL}[,| and] [infarcted|scarred] [LV|left ventricle]", "heart failure of [ischemic|coronary] origin", "a heart attack left the pump weak",
        ),
        false=("not [ICM|ischemic cardiomyopathy]", "[ICM|ischemic cardiomyopathy|ischaemic cardiomyopathy] [excluded|unlikely]"),
    ),
    "nonischaemic_cardiomyopathy": Phrases(
        nouns=(
            f"[non-ischaemic|non-ischemic|nonischemic|nonischaemic] {CM}", "NICM", "[non-ischemic|nonischemic] [LV dysfunction|heart failure]",
            "non-coronary cardiomyopathy", "[weak|failing] heart without [blocked arteries|a heart attack|an infarct]", "[primary|intrinsic] heart muscle weakness",
            f"{RED} LV function [of|in a] [non-ischemic|non-coronary] [cause|pattern|origin]", "NIDCM",
        ),
        true=(
            "[findings|appearances|features|picture] [of|consistent with|in keeping with|suggesting] [NICM|nonischemic cardiomyopathy]",
            "heart failure of [non-ischemic|non-coronary] origin", "cardiomyopathy without [infarction|infarct scar|coronary scar]",
        ),
        false=("[NICM|nonischemic cardiomyopathy] [excluded|unlikely]", "not [NICM|a nonischemic cardiomyopathy]"),
    ),
    "cardiac_amyloidosis": Phrases(
        nouns=(
            "[cardiac |heart |myocardial |]amyloidosis", "[cardiac|heart|ATTR|AL|TTR|transthyretin|light-chain] amyloid[ disease|]", f"[amyloid|infiltrative] {CM}", "CA",
            "amyloid [heart|infiltration|deposition|protein in the heart]", "[infiltrative|storage] [heart|myocardial] disease", "ATTR-CM", "stiff heart from amyloid",
            "[protein|amyloid] deposits in the heart[ muscle|]", "[an infiltrative process|infiltration of the heart]", "restrictive infiltrative cardiomyopathy",
        ),
        true=(
            "[findings|appearances|features|picture] [of|consistent with|in keeping with|suggesting|typical of] [amyloid|amyloidosis|cardiac amyloidosis]",
            "[known|typical|classic|likely|probable] [amyloid|amyloidosis|CA]", f"{THICK} [walls|heart] with [diffuse|global|circumferential] [subendocardial |]enhancement",
            "the heart is [infiltrated|stiffened] by [amyloid|protein]", "[thick|thickened] ventricles and [atria|atrial septum] from amyloid", "suspicious for amyloid",
        ),
        false=("[amyloid|amyloidosis|infiltrative disease] [excluded|unlikely]", "not [amyloid|amyloidosis|infiltrated]"),
    ),
    "myocarditis": Phrases(
        nouns=(
            f"[{OLD} |acute |viral |]myocarditis", "[inflammation|infection] of the heart[ muscle|]", "[inflamed|inflammatory] [heart muscle|myocardium|heart]",
            "[post-myocarditis|myocarditic] [scar|change|changes]", "[scar|fibrosis] [after|of|from] myocarditis", "inflammatory [cardiomyopathy|heart muscle disease]",
            "[peri|myoperi]carditis[ with scar|]", "myocardial inflammation", "[viral|infected] heart muscle[ disease|]", "heart inflammation",
        ),
        true=(
            "[findings|appearances|features|picture] [of|consistent with|in keeping with|suggesting|typical of] myocarditis",
            "[lateral|inferolateral] [subepicardial|epicardial] [scar|LGE|enhancement], [likely |typical of |]myocarditis", "s/p myocarditis", "st. post myocarditis",
            "[a virus|an infection] has [scarred|damaged|inflamed] the heart[ muscle|]", "status post myocarditis", "[known|typical|likely|probable] myocarditis",
        ),
        false=("myocarditis [excluded|unlikely]", "not myocarditis", "the heart muscle is not inflamed", "non-inflamed myocardium"),
    ),
}

_PLACES = {"anterior": "front", "septal": "septum", "inferior": "bottom", "lateral": "side", "apical": "tip"}
for _name, _lay in _PLACES.items():
    _wall = {"septal": "[septum|septal wall]", "apical": "[apex|apical segments]"}.get(_name, f"{_name} wall")
    _more = ("|inferolateral" if _name == "lateral" else "") + ("|anteroseptal|inferoseptal" if _name == "septal" else "")
    TISSUE[f"{_name}_lge"] = Phrases(
        nouns=(f"[{_name}{_more}] [wall |]{SCAR}", f"{GAD} of the {_wall}", f"[scar|scarring|fibrosis] in the {_wall}", f"{_name} LGE"),
        true=(f"{_wall} [enhances|is scarred|is fibrotic]", f"scar in the {_lay}[ of the heart|]"),
        false=(f"{_wall} without [scar|LGE|enhancement]", f"{_wall} free of [scar|LGE]"),
    )
# fmt: on
