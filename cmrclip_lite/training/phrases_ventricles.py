"""How people say what the ventricles are like: size, function, walls, motion, diagnosis."""

# ruff: noqa: E501 - a table of patterns, of which a line break inside one would hide the shape.

from __future__ import annotations

from .phrase import (
    BAD,
    BIG,
    CM,
    DIL,
    DILATION,
    FUNCTION,
    INFARCT,
    LV,
    LV_ADJ,
    MILDLY,
    OLD,
    PRESERVED,
    RED,
    RV,
    RV_ADJ,
    SEVERELY,
    THICK,
    Phrases,
)

# fmt: off
VENTRICLES: dict[str, Phrases] = {
    "normal_study": Phrases(
        true=(
            "normal [heart|cardiac MRI|CMR|scan|study|examination|exam|MRI|cine study|cine|hearts]",
            "[entirely|completely|structurally|essentially|] normal [heart|CMR|cardiac MRI]",
            "[unremarkable|healthy] [heart|CMR|cardiac MRI|scan|study|exam]",
            "no [significant |]abnormality [detected|seen|found|identified|]",
            "[heart|hearts] [pumps|beats|works|squeezes] [normally|well|fine|as it should]",
            "[healthy|normal] [volunteer|person|subject|control|patient]",
            "[both|the] ventricles [are |]normal in size[ and function|, thickness and function|]",
            "normal biventricular [size and function|volumes and function|volumes and EF]",
            "[everything|all] [is |looks |]normal", "nothing [wrong|abnormal] with the heart",
            "NAD", "WNL", "no [cardiac |heart |]disease", "normal findings",
            "no structural heart [disease|abnormality]", "structurally normal heart",
            "normal size, normal thickness, normal function", "[ok|okay|fine|good] heart",
            "[clean|clear] [scan|study|CMR]", "normal [volumes|chambers], normal [EF|function]",
            "normal heart [size|volumes], [wall thickness|walls] and [function|contraction]",
            "[cine |]study within normal limits", "no pathology", "no [pathological|abnormal] findings",
        ),
        false=(
            "abnormal [heart|study|CMR|cardiac MRI|scan|cine|findings]", "not [a |]normal [heart|study|scan]",
            "[pathological|diseased|sick|unhealthy] heart", "heart disease", "cardiac disease",
            "the [heart|study|scan] is [abnormal|not normal|pathological]",
            "something [is |]wrong with the heart", "[cardiac |heart |]abnormality [present|seen|found]",
        ),
    ),
    "lv_systolic_dysfunction": Phrases(
        nouns=(
            f"{LV_ADJ} [systolic |]dysfunction", f"{RED} {LV_ADJ} {FUNCTION}", f"{BAD} LV {FUNCTION}",
            f"{RED} [LVEF|EF|ejection fraction]", "LVSD", f"{LV_ADJ} [impairment|failure]",
            "[systolic |]heart failure", "[weak|failing|poor] [pump|heart|heart muscle|left ventricle]",
            f"{BAD} [squeeze|pumping|contraction] of the {LV}", "low output left heart",
        ),
        true=(
            f"{LV_ADJ} [systolic |]{FUNCTION} [is |]{RED}", f"{LV} [pumps|contracts|squeezes] [poorly|weakly|badly]",
            "[heart|pump] [is |]weak", "the heart [does not|doesn't] [pump|squeeze] [well|properly|enough]",
            "the heart muscle is weak", "LVEF [below|under|less than] normal", "subnormal [LVEF|EF|LV function]",
            "[weakened|tired] heart[ muscle|]", "[EF|LVEF] [low|reduced|down|abnormal]", f"{LV} [fails|is failing]",
            f"{LV} [is |]hypocontractile", "[LV|left ventricular] function not normal",
        ),
        false=(
            f"{PRESERVED} {LV_ADJ} {FUNCTION}", f"{PRESERVED} [LVEF|EF|ejection fraction]",
            f"{LV_ADJ} {FUNCTION} [is |]{PRESERVED}", "[EF|LVEF] [preserved|normal|fine|ok]",
            f"{LV} [pumps|contracts|squeezes] [well|normally|fine]", "[strong|good|normal] [pump|squeeze|heart muscle]",
            f"{LV_ADJ} [systolic |]function [is |]not {RED}", "[EF|LVEF] [is |]not [low|reduced]",
            f"{LV} contracts [vigorously|normally]", "the [heart|pump] is [not weak|strong]", "no heart failure",
        ),
    ),
    "severe_lv_systolic_dysfunction": Phrases(
        nouns=(
            f"[severe|marked|profound|gross|serious] {LV_ADJ} [systolic |][dysfunction|impairment|failure]",
            f"{SEVERELY} {RED} {LV_ADJ} {FUNCTION}", f"{SEVERELY} {RED} [LVEF|EF]", "severe LVSD",
            "[very|extremely] [weak|poor] [heart|pump|LV function|LV|squeeze]", "[end-stage|advanced] heart failure",
        ),
        true=(
            f"{LV_ADJ} {FUNCTION} [is |]{SEVERELY} {RED}", "[EF|LVEF] [very|extremely|severely] low",
            f"{LV} [hardly|barely|scarcely] [moves|contracts|squeezes|pumps]", "heart [hardly|barely] pumps",
            "LVEF < 30%", "EF <30", "EF [below|under|less than] 30 [%|percent]", "terrible LV function",
        ),
        false=(
            f"{LV_ADJ} {FUNCTION} [is |]not {SEVERELY} {RED}", "[EF|LVEF] not [very|severely] low",
            "LVEF [above|over|at least] 30%",
        ),
    ),
    "mild_lv_dysfunction": Phrases(
        nouns=(
            f"[mild|slight|minor|borderline] {LV_ADJ} [systolic |][dysfunction|impairment]",
            f"{MILDLY} {RED} {LV_ADJ} {FUNCTION}", f"{MILDLY} {RED} [LVEF|EF]", "mild LVSD",
        ),
        true=(f"{LV_ADJ} {FUNCTION} [is |]{MILDLY} {RED}", "HFmrEF", "[EF|LVEF] [slightly|mildly] low"),
    ),
    "moderate_lv_dysfunction": Phrases(
        nouns=(
            f"moderate {LV_ADJ} [systolic |][dysfunction|impairment]", "moderate LVSD",
            f"moderately {RED} {LV_ADJ} {FUNCTION}", f"moderately {RED} [LVEF|EF]",
        ),
        true=(f"{LV_ADJ} {FUNCTION} [is |]moderately {RED}", "[EF|LVEF] moderately low"),
    ),
    "hyperdynamic_lv": Phrases(
        nouns=(f"hyperdynamic {LV}", "[hyperdynamic|vigorous|supranormal] LV [function|contraction|systolic function]",
               "[high|supranormal] [LVEF|EF]", "cavity obliteration in systole"),
        true=("LV [is |]hyperdynamic", "heart squeezes [very|too] hard", "near-complete emptying of the LV in systole"),
        false=("LV function not hyperdynamic",),
    ),
    "rv_systolic_dysfunction": Phrases(
        nouns=(
            f"{RV_ADJ} [systolic |]dysfunction", f"{RED} {RV_ADJ} {FUNCTION}", f"{BAD} RV {FUNCTION}", "RVSD",
            f"{RED} RVEF", f"{RV_ADJ} [impairment|failure]", "right heart failure",
            "[weak|failing|poor] [right heart|right ventricle|RV|right side]",
        ),
        true=(
            f"{RV_ADJ} [systolic |]{FUNCTION} [is |]{RED}", f"{RV} [pumps|contracts|squeezes] [poorly|weakly|badly]",
            "RVEF [low|reduced|down|abnormal]", "right [heart|side of the heart] is weak", f"{RV} is hypokinetic",
            f"{RV} [fails|is failing]", "subnormal RVEF", "RV free wall hypokinesia",
        ),
        false=(
            f"{PRESERVED} {RV_ADJ} {FUNCTION}", f"{PRESERVED} RVEF", f"{RV_ADJ} {FUNCTION} [is |]{PRESERVED}",
            f"{RV} [pumps|contracts|squeezes] [well|normally|fine]", "RVEF [preserved|normal|fine|ok]",
            f"{RV_ADJ} function [is |]not {RED}", "RVEF [is |]not [low|reduced]",
        ),
    ),
    "severe_rv_dysfunction": Phrases(
        nouns=(f"[severe|marked|profound] {RV_ADJ} [systolic |][dysfunction|impairment]",
               f"{SEVERELY} {RED} {RV_ADJ} {FUNCTION}", f"{SEVERELY} {RED} RVEF"),
        true=("RVEF very low", f"{RV} [hardly|barely] [moves|contracts]"),
    ),
    "mild_rv_dysfunction": Phrases(
        nouns=(f"[mild|slight|minor] {RV_ADJ} [systolic |][dysfunction|impairment]",
               f"{MILDLY} {RED} {RV_ADJ} {FUNCTION}", f"{MILDLY} {RED} RVEF"),
    ),
    "lv_dilation": Phrases(
        nouns=(
            f"{LV_ADJ} {DILATION}", f"[{DIL}|{BIG}] {LV}", f"{DIL} {LV_ADJ} cavity",
            f"[increased|raised|elevated|high] {LV_ADJ} [volume|volumes|end-diastolic volume|EDV|size]",
            "[increased|raised|elevated|high] [LVEDVi|LVEDV|LV EDVi]",
            "[big|large|enlarged] [left heart|left side|left heart chamber|left pumping chamber]",
        ),
        true=(
            f"{LV} [is |appears |][{DIL}|{BIG}]", f"{LV} cavity [is |]{DIL}", "LV volumes [are |][increased|high|up]",
            "[LVEDVi|LVEDV] [increased|raised|high|above normal]", "LV dil", "dilated ventricle on the left",
            f"eccentric remodelling of the {LV}", "left chamber of the heart is [too big|stretched|enlarged]",
        ),
        false=(
            f"{LV} [is |]not [{DIL}|{BIG}]", f"non-dilated {LV}", f"nondilated {LV}", f"normal-sized {LV}",
            f"normal {LV_ADJ} [size|volume|volumes|cavity size|dimensions]", f"{LV} [is |]normal in size",
            f"{LV_ADJ} [size|volume|cavity] [is |]normal", "LVEDVi [normal|within normal limits|not increased]",
            f"{LV} [of |has ]normal size",
        ),
    ),
    "mild_lv_dilation": Phrases(
        nouns=(f"[mild|slight|borderline] {LV_ADJ} {DILATION}", f"{MILDLY} {DIL} {LV}"),
        true=(f"{LV} [is |]{MILDLY} {DIL}",),
    ),
    "severe_lv_dilation": Phrases(
        nouns=(f"[severe|marked|gross|massive] {LV_ADJ} {DILATION}", f"{SEVERELY} {DIL} {LV}",
               "[huge|massive|giant] [LV|left ventricle]"),
        true=(f"{LV} [is |]{SEVERELY} {DIL}",),
    ),
    "small_lv": Phrases(
        nouns=(f"small {LV_ADJ} cavity", f"small {LV}", "[small|narrow|slit-like] LV cavity"),
        true=(f"{LV} [is |]small", f"{LV_ADJ} cavity [is |]small"),
    ),
    "rv_dilation": Phrases(
        nouns=(
            f"{RV_ADJ} {DILATION}", f"[{DIL}|{BIG}] {RV}", f"{DIL} {RV_ADJ} cavity",
            f"[increased|raised|elevated|high] {RV_ADJ} [volume|volumes|end-diastolic volume|EDV|size]",
            "[increased|raised|elevated|high] [RVEDVi|RVEDV|RV EDVi]",
            "[big|large|enlarged|dilated] [right heart|right side|right heart chamber|right side of the heart]",
        ),
        true=(
            f"{RV} [is |appears |][{DIL}|{BIG}]", f"{RV} cavity [is |]{DIL}", "RV volumes [are |][increased|high|up]",
            "[RVEDVi|RVEDV] [increased|raised|high|above normal]", "RV dil", "RV larger than [the |]LV",
            "right chamber of the heart is [too big|stretched|enlarged]",
        ),
        false=(
            f"{RV} [is |]not [{DIL}|{BIG}]", f"non-dilated {RV}", f"nondilated {RV}", f"normal-sized {RV}",
            f"normal {RV_ADJ} [size|volume|volumes|cavity size|dimensions]", f"{RV} [is |]normal in size",
            f"{RV_ADJ} [size|volume|cavity] [is |]normal", "RVEDVi [normal|within normal limits|not increased]",
        ),
    ),
    "mild_rv_dilation": Phrases(
        nouns=(f"[mild|slight|borderline] {RV_ADJ} {DILATION}", f"{MILDLY} {DIL} {RV}"),
        true=(f"{RV} [is |]{MILDLY} {DIL}",),
    ),
    "severe_rv_dilation": Phrases(
        nouns=(f"[severe|marked|gross|massive] {RV_ADJ} {DILATION}", f"{SEVERELY} {DIL} {RV}",
               "[huge|massive|giant] [RV|right ventricle]"),
        true=(f"{RV} [is |]{SEVERELY} {DIL}",),
    ),
    "big_heart": Phrases(
        nouns=("cardiomegaly", "[big|enlarged|large|oversized] heart", "enlargement of the heart", "heart enlargement"),
        true=("heart [is |][too |][big|large|enlarged]",),
        false=("normal heart size", "heart [is |][of |]normal size", "heart [is |]not [enlarged|big]"),
    ),
    "biventricular_dilation": Phrases(
        nouns=(f"biventricular {DILATION}", "both ventricles [dilated|enlarged|big]"),
        true=("both ventricles are [dilated|enlarged|big|large]", "BiV dil", "big heart on both sides"),
    ),
    "biventricular_dysfunction": Phrases(
        nouns=("biventricular [systolic |]dysfunction", f"{RED} biventricular function", "biventricular failure"),
        true=("both ventricles [pump|contract] poorly", "both sides of the heart are weak", "BiV impairment"),
        false=("normal biventricular systolic function",),
    ),
    "dilated_poor_lv": Phrases(
        nouns=(f"{DIL} {LV} with {BAD} {FUNCTION}", f"{LV_ADJ} {DILATION} and dysfunction",
               f"{DIL}[,| and] [poorly|badly|weakly] [contracting|functioning] {LV}", "big[,| and] weak [heart|left ventricle|LV]"),
        true=(f"{LV} [is |]{DIL} with {RED} {FUNCTION}", f"{LV} [is |]{DIL} and [weak|hypocontractile|impaired]"),
    ),
    "lv_normal": Phrases(
        nouns=(f"normal {LV_ADJ} size and [systolic |]function", "normal LV volumes and EF"),
        true=(f"{LV} [is |]normal in size and function", "no LV dilation, EF preserved"),
    ),
    "lv_unremarkable": Phrases(
        nouns=(f"[normal|unremarkable] {LV}",),
        true=(f"{LV} [is |][normal|ok|unremarkable|fine]", "left side of the heart [is |]normal"),
        false=(f"abnormal {LV}", f"{LV} [is |][abnormal|not normal]"),
    ),
    "rv_normal": Phrases(
        nouns=(f"normal {RV_ADJ} size and [systolic |]function", "normal RV volumes and RVEF"),
        true=(f"{RV} [is |]normal in size and function", f"{RV} [normal|ok|unremarkable|fine]", "normal right heart"),
        false=(f"abnormal {RV}", f"{RV} [is |][abnormal|not normal]", "right heart [abnormal|not normal]"),
    ),
    "lv_hypertrophy": Phrases(
        nouns=(
            f"{LV_ADJ} hypertrophy", "LVH", "[myocardial |]hypertrophy", f"{THICK} [myocardium|LV|LV wall|LV walls]",
            "[increased|excessive] [LV |][wall|myocardial] thickness", "[thick|thickened] [heart muscle|heart walls|heart wall]",
            f"wall thickening of the {LV}", "[overgrown|bulky|muscular] heart", "thickening of the heart muscle",
        ),
        true=(
            f"{LV} [is |]{THICK}", "[LV |]walls [are |][thick|thickened|hypertrophied]", "heart muscle is [too |]thick",
            "[LV |]wall thickness [is |][increased|above normal|raised]", "[LV |]myocardium [is |][thick|thickened]",
            "muscle of the heart is [thicker than normal|thick|thickened]",
        ),
        false=(
            "normal [LV |][wall|myocardial] thickness", "[LV |]wall thickness [is |][normal|not increased|within normal limits]",
            f"{LV} [is |]not {THICK}", "[LV |]walls [are |][not thick|not thickened|of normal thickness]",
            "heart muscle [is not thick|of normal thickness]", "non-hypertrophied [LV|left ventricle|myocardium]",
        ),
    ),
    "severe_hypertrophy": Phrases(
        nouns=("[severe|marked|massive|gross] [LV |left ventricular |]hypertrophy", "[very|extremely] thick [heart muscle|walls|myocardium|LV]",
               "severe LVH"),
        true=("[LV |]walls [are |][very|massively|severely|markedly] thick[ened|]",),
    ),
    "mild_hypertrophy": Phrases(
        nouns=("[mild|slight|borderline] [LV |left ventricular |]hypertrophy", "mild LVH", "mildly thickened [LV |]walls"),
        true=("[LV |]walls [are |]mildly thickened",),
    ),
    "septal_hypertrophy": Phrases(
        nouns=(
            "[asymmetric|asymmetrical] [septal |]hypertrophy", "ASH", "predominantly septal hypertrophy", "basal septal bulge",
        ),
        true=("hypertrophy [is |]most marked in the septum", "septum thicker than the lateral wall"),
    ),
    "thick_septum": Phrases(
        nouns=("[thick|thickened|hypertrophied|bulging] [septum|interventricular septum|IVS]", "septal [hypertrophy|thickening]",
               "thick wall between the ventricles", "increased septal thickness"),
        true=("septum [is |][too |]thick[ened|]",),
        false=("septum [is |]not thickened", "normal septal thickness", "septum of normal thickness"),
    ),
    "apical_hypertrophy": Phrases(
        nouns=("apical hypertrophy", "apical HCM", "thick[ened|] apex", "apical thickening", "Yamaguchi [disease|type]"),
        true=("hypertrophy [is |][confined to|most marked at] the apex",),
        false=("apex not thickened",),
    ),
    "concentric_hypertrophy": Phrases(
        nouns=("concentric [LV |]hypertrophy", "concentric LVH", "[symmetric|symmetrical|circumferential] hypertrophy"),
        true=("all walls [are |][equally |evenly |]thick[ened|]",),
    ),
    "hypertrophic_cardiomyopathy": Phrases(
        nouns=(
            f"hypertrophic {CM}", "HCM", "HOCM", "hypertrophic obstructive cardiomyopathy", "HNCM", "HCM phenotype",
            "hypertrophic heart muscle disease", "[genetic|inherited|familial] thick heart muscle", "sarcomeric cardiomyopathy",
            "hypertrophic myopathy", "disease with thick heart muscle",
        ),
        true=(
            "[findings|appearances|features|picture] [of|consistent with|in keeping with|suggesting] [HCM|hypertrophic cardiomyopathy]",
            "[known|typical|classic|likely|probable] HCM", "thick[ened|] [septum|heart muscle] with [small cavity|vigorous contraction]",
            "unexplained hypertrophy", "asymmetric hypertrophy, [likely |]HCM",
        ),
        false=("not [HCM|hypertrophic cardiomyopathy]", "[HCM|hypertrophic cardiomyopathy] [excluded|unlikely|ruled out]"),
    ),
    "dilated_cardiomyopathy": Phrases(
        nouns=(
            f"dilated {CM}", "DCM", "DCMP", "idiopathic dilated cardiomyopathy", "dilatative cardiomyopathy", "DCM phenotype",
            "[stretched|big] [and |]weak heart[ muscle|] without infarct", "congestive cardiomyopathy", "dilated heart muscle disease",
        ),
        true=(
            "[findings|appearances|features|picture] [of|consistent with|in keeping with|suggesting] [DCM|dilated cardiomyopathy]",
            "[known|typical|classic|likely|probable] DCM", "dilated [LV|left ventricle] with global [hypokinesis|hypokinesia]",
            "globally [weak|hypokinetic] dilated [heart|LV]", "dilated[, thin-walled|] LV with diffusely [poor|reduced] [function|contraction]",
        ),
        false=("not [DCM|dilated cardiomyopathy]", "[DCM|dilated cardiomyopathy] [excluded|unlikely|ruled out]"),
    ),
    "global_hypokinesia": Phrases(
        nouns=("[global|diffuse|generalised|generalized] [LV |][hypokinesia|hypokinesis]", "globally reduced [LV |][contraction|wall motion|contractility]"),
        true=("all [segments|walls] [are |]hypokinetic", "the whole [heart|left ventricle] moves [poorly|weakly]", "LV globally hypokinetic"),
    ),
    "regional_wall_motion_abnormality": Phrases(
        nouns=(
            "[regional|segmental|regional LV] wall motion [abnormality|abnormalities|defect]", "RWMA", "SWMA",
            "[regional|segmental] [akinesia|hypokinesia|akinesis|hypokinesis|dysfunction|asynergy]",
            "[akinetic|non-moving] [segments|segment|wall|area]", "part of the heart [that is not moving|not contracting]",
            "regionally [reduced|impaired] [contraction|wall motion]",
        ),
        true=("one [wall|part] of the heart [does not|doesn't] move", "wall motion [is |]regionally abnormal",
              "[part|an area] of the heart wall [is |][still|dead|stiff|not moving]", "uneven contraction of the [LV|left ventricle]"),
        false=("[symmetric|uniform|even|homogeneous] [LV |]contraction", "[all |]segments move alike"),
    ),
    "wall_motion_abnormality": Phrases(
        nouns=("[LV |]wall motion [abnormality|abnormalities]", "WMA", "abnormal wall motion"),
        true=("wall motion [is |]abnormal",),
        false=("normal wall motion", "wall motion [is |]normal", "all [segments|walls] [contract|move] [normally|well]",
               "the whole heart moves [well|normally]"),
    ),
    "akinesia": Phrases(
        nouns=("akinesia", "akinesis", "akinetic [segment|segments|wall|myocardium]"),
        true=("[segments|wall] [are|is] akinetic",),
    ),
    "dyskinesia": Phrases(
        nouns=("dyskinesia", "dyskinesis", "dyskinetic [segment|segments|wall]", "[LV |left ventricular |]aneurysm", "[outward|paradoxical] [bulging|motion] in systole"),
        true=("[wall|segment] bulges outwards in systole",),
    ),
    "infarct_thinning": Phrases(
        nouns=("[wall |myocardial |regional |]thinning", "thinned [wall|myocardium|segments|segment]", "thin [scarred |]wall"),
        true=("[wall|myocardium] [is |]thinned", "part of the heart wall is thin"),
    ),
    "prior_infarct": Phrases(
        nouns=(
            f"{OLD} {INFARCT}", f"{INFARCT}", "[old|previous|past] heart attack", "heart attack", "infarct [scar|residue]",
            "[ischaemic|ischemic|infarct-related] [scar|damage|injury]", "post-infarct [remodelling|remodeling|ventricle]", "post-MI [heart|LV|scar]",
            "[dead|scarred] heart muscle", "coronary [scar|damage]", "MI", "old ischaemic injury", "old myocardial damage",
        ),
        true=(
            "status post [myocardial infarction|MI]", "s/p MI", "s/p infarct", "[heart|muscle] [is |]scarred by a heart attack",
            "damage from a[n old|] heart attack", "patient had a heart attack", "infarcted [myocardium|wall|segments]", "infarct pattern",
        ),
        false=("no [old |previous |]heart attack", "never had a heart attack", "non-infarcted [heart|myocardium]", "[infarct|MI] excluded"),
    ),
    "lad_infarct": Phrases(
        nouns=(
            f"[{OLD} |]LAD [territory |]{INFARCT}", f"[{OLD} |][anterior|anteroseptal|anteroapical|anterior wall] {INFARCT}",
            f"[{OLD} |]{INFARCT} in [the |]LAD [territory|distribution]", "LAD [scar|akinesia]", f"{OLD} AMI", "heart attack of the front wall",
            "left anterior descending [infarct|territory infarction]",
        ),
        true=("LAD territory [akinetic|hypokinetic|infarcted|thinned]", "[infarct|scar] of the anterior wall"),
    ),
    "rca_infarct": Phrases(
        nouns=(
            f"[{OLD} |]RCA [territory |]{INFARCT}", f"[{OLD} |][inferior|inferoseptal|inferior wall] {INFARCT}",
            f"[{OLD} |]{INFARCT} in [the |]RCA [territory|distribution]", "RCA [scar|akinesia]", f"{OLD} IMI", "heart attack of the bottom wall",
            "right coronary [infarct|territory infarction]",
        ),
        true=("RCA territory [akinetic|hypokinetic|infarcted|thinned]", "[infarct|scar] of the inferior wall"),
    ),
    "lcx_infarct": Phrases(
        nouns=(
            f"[{OLD} |][LCX|Cx|circumflex] [territory |]{INFARCT}", f"[{OLD} |][lateral|inferolateral|posterolateral|lateral wall] {INFARCT}",
            f"[{OLD} |]{INFARCT} in [the |][LCX|circumflex] [territory|distribution]", "[LCX|circumflex] [scar|akinesia]", "heart attack of the side wall",
        ),
        true=("[LCX|circumflex] territory [akinetic|hypokinetic|infarcted|thinned]", "[infarct|scar] of the lateral wall"),
    ),
    "septal_flattening": Phrases(
        nouns=("septal flattening", "flattened [septum|interventricular septum]", "D-shaped [septum|LV|left ventricle]", "D-sign", "D shape",
               "[leftward|left] [bowing|shift] of the septum", "flat septum"),
        true=("septum [is |]flat[tened|]", "LV [is |]D-shaped", "septum pushed [to the left|over]"),
        false=("septum [is |]not flattened", "normal septal [shape|curvature|position]", "round LV[ in short axis|]", "septum curved normally"),
    ),
    "right_heart_disease": Phrases(
        nouns=("right heart [disease|overload|strain]", "RV [overload|strain|disease]", "RV [volume|pressure] overload", "right-sided heart disease",
               "[pathological|abnormal] right [ventricle|heart]", "cor pulmonale"),
        true=("problem with the right side of the heart", "right side of the heart [is |]abnormal"),
        false=("right side of the heart [is |]normal", "right heart normal"),
    ),
}

# fmt: on

_WALL_NAMES = {
    "anterior_motion": ("anterior", "front"),
    "septal_motion": ("septal", "septum"),
    "inferior_motion": ("inferior", "bottom"),
    "lateral_motion": ("lateral", "side"),
    "apical_motion": ("apical", "apex"),
}
for _key, (_adjective, _lay) in _WALL_NAMES.items():
    VENTRICLES[_key] = Phrases(
        nouns=(
            f"{_adjective} [wall |][akinesia|hypokinesia|akinesis|hypokinesis]",
            f"{_adjective} [wall motion abnormality|WMA|RWMA]",
            f"[akinetic|hypokinetic|non-contracting] {_adjective} [wall|segments|myocardium]",
        ),
        true=(
            f"{_adjective} wall [is |][akinetic|hypokinetic|not moving|not contracting]",
            f"the {_lay}[ of the heart|] [does not|doesn't|hardly] [move|moves|contract|contracts]",
        ),
        false=(f"{_adjective} wall [moves|contracts] normally",),
    )
