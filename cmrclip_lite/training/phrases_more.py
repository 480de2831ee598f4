"""Looser wordings of the ventricles' facts: everyday words, shorthand, and denials of each.

Written side by side for left and right, so that what is said of one ventricle is said of the
other, and only the side tells them apart.
"""

# ruff: noqa: E501 - a table of patterns, of which a line break inside one would hide the shape.

from __future__ import annotations

from .phrase import Phrases

WEAKLY = "[poorly|weakly|too weakly|less than normal|less than it should|sluggishly|inefficiently|with little force|with reduced force]"
WELL = "[well|normally|strongly|forcefully|briskly|fully|with good force|with normal force|as well as it should]"
LESS = "[reduced|impaired|depressed|decreased|abnormal|lowered|limited|lower than normal]"
GOOD = "[normal|preserved|good|intact|maintained|satisfactory|adequate|unimpaired|fine]"
HARDLY = "[hardly|barely|scarcely|almost not]"
LARGE = "[large|big|enlarged|wide|distended|blown up|voluminous]"


def _side(short: str, side: str) -> dict[str, Phrases]:
    """Size and function of one ventricle."""
    chamber = f"[{short}|{side} ventricle|{side} ventricular chamber|{side} chamber|{side} lower chamber|{side} side of the heart|{side} heart]"
    owner = f"[{short}|{side} ventricular|{side} heart|{side}-sided]"
    pump = f"[{side} pump|{side} pumping chamber|{side} heart pump]"
    work = "[function|systolic function|contraction|contractile function|performance|pump function|pumping|emptying|squeeze|power]"
    low = side[0]
    dysfunction = Phrases(
        nouns=(
            f"{LESS} {owner} {work}",
            f"{owner} [weakness|pump failure|systolic failure|hypokinesia|underperformance|impairment]",
            f"[weakened|sluggish|underperforming] {chamber}",
            f"loss of {owner} [power|strength|pump function]",
            f"[sys|systolic] dysf[n|unction|xn] {short}",
            f"[weak|weakened] {pump}",
            f"a drop in {owner} {work}",
        ),
        true=(
            f"{owner} {work} [is |appears |remains |was |]{LESS}",
            f"the {chamber} [pumps|squeezes|contracts|beats|works|ejects|empties] {WEAKLY}",
            f"the {chamber} is [weak|weakened|failing|struggling|hypokinetic|underperforming]",
            f"{short} [fn|fct|func|function] [red|reduced|low|poor|impaired|imp|abn|bad]",
            f"{short}EF [low|poor|sub-normal|abn|decreased|impaired]",
            f"the {chamber} [has become|has grown|is getting] weak",
            f"{short} [contracts|squeezes] [too little|not enough|insufficiently]",
            f"the {chamber} [doesn't|does not|cannot|can't] [pump|squeeze|contract|eject] [well|enough|properly|normally]",
            f"{low}v fx poor",
        ),
        false=(
            f"{GOOD} {owner} {work}",
            f"{owner} {work} [is |appears |remains |was |]{GOOD}",
            f"the {chamber} [pumps|squeezes|contracts|beats|works|ejects|empties] {WELL}",
            f"the {chamber} is [strong|not weak|working normally|not failing|not weakened]",
            f"{short} [fn|fct|func|function] [ok|wnl|nl|normal|good|fine|preserved]",
            f"{short}EF [ok|wnl|nl|good|in the normal range|preserved|not low]",
            f"[strong|good|healthy|normal] {pump}",
            f"{owner} {work} [is |was |][not|in no way|not at all] {LESS}",
            f"nothing wrong with {owner} {work}",
            f"the {pump} [is strong|works well]",
            f"no [failure|reduction|loss|lack] of {owner} {work}",
        ),
    )
    dilation = Phrases(
        nouns=(
            f"{LARGE} {chamber}",
            f"{owner} [cavity |chamber |][enlargement|expansion|dilation|distension|widening]",
            f"{short} cavity [enlargement|dilatation]",
            f"[increased|excessive|abnormal] {owner} [size|volume|volumes|dimensions|cavity size]",
            f"[widening|stretching|ballooning] of the {chamber}",
            f"{short} [enlgmt|dilat|dil'n]",
            f"{side}-sided [dilation|enlargement]",
            f"[too large|oversize|over-large] {pump}",
        ),
        true=(
            f"the {chamber} [is |looks |appears |has become |]{LARGE}",
            f"the {chamber} [is|looks] [larger|bigger] than [normal|usual|expected|it should be]",
            f"{owner} [size|volume|volumes|dimensions|cavity size] [is |are |][increased|abnormal|too large|above normal|raised|elevated]",
            f"{short} [size|volume|vol] [++|high|large|big|incr]",
            f"{short} [is |]above normal size",
            f"{short}EDVi [above|over|beyond] [the |][normal|normal range|upper limit|reference range]",
            f"the {chamber} holds too much blood",
        ),
        false=(
            f"the {chamber} [is |looks |appears |][not [{LARGE}]|normal in size|of normal size|normally sized|within normal size]",
            f"{owner} [size|volume|volumes|dimensions|cavity size] [is |are |][normal|wnl|not raised|not enlarged|within normal limits|fine]",
            f"[normal|normal-sized|normally sized|non-dilated|undilated|non dilated|regular-sized] {chamber}",
            f"{short} [size|volume|vol] [ok|nl|wnl|normal|fine]",
            f"{short} [is |]not [any |]bigger than [normal|expected|usual]",
            f"{short}EDVi [within range|not raised|in the normal range|below the upper limit]",
            f"{short} [no|not] dil",
            f"normal-size {pump}",
            f"no [widening|stretching|ballooning] of the {chamber}",
        ),
    )
    prefix = short.lower()
    return {f"{prefix}_systolic_dysfunction": dysfunction, f"{prefix}_dilation": dilation}


# fmt: off
MORE: dict[str, Phrases] = _side("LV", "left") | _side("RV", "right") | {
    "severe_lv_systolic_dysfunction": Phrases(
        nouns=(
            "[profound|severe|serious|grave|massive|critical] [weakness|failure|impairment|dysfunction|loss of function] of the [LV|left ventricle|main pump|heart|pump]", "[severely|gravely|critically|very badly] [failing|weakened|impaired|damaged] [heart|pump|LV|left ventricle]",
            "[very|extremely|critically|severely|dangerously] low [EF|LVEF|ejection fraction]", "[sev|svr|severe] [LV dysf|LV dysfn|LV impairment|LV dysfunction]", "ejection fraction [under|below] [a third|one third|thirty|30%]",
        ),
        true=(
            f"the [heart|pump|left ventricle|main chamber] {HARDLY} [moves|beats|empties|contracts]", "the [left ventricle|LV|heart] is [failing|very weak|extremely weak|severely weakened|on its last legs]",
            "LV [fn|fct|function] [v poor|very poor|severely impaired|severely reduced|awful]", "the [LV|left ventricle] [pumps|contracts|squeezes] [very|extremely|really] [poorly|weakly|badly]",
        ),
        false=(
            "no [severe|serious|critical|marked|gross] [LV |left ventricular |][dysfunction|impairment|weakness|pump failure]", "[EF|LVEF|LV function] [is |][not|nowhere near] [severely|critically|very] [low|reduced|impaired|poor]",
            "the [heart|pump|LV] is not [severely|very|critically|extremely] weak", "not severe LV dysfunction",
        ),
    ),
    "normal_study": Phrases(
        true=(
            "the [heart|scan|study|exam|MRI|CMR|report] is [normal|healthy|unremarkable|fine|ok|reassuring]", "[all|everything] [in order|within range|as expected]", "[nothing|no abnormal findings] [abnormal |]on the [scan|MRI|study]",
            "[normal|regular|physiological] [anatomy and function|size and function|chambers and walls]", "a [normal|healthy|strong healthy] heart", "both [ventricles|sides of the heart] [are |look |][normal|healthy|fine]",
            "[a |]person without heart disease", "all [chambers|measurements|numbers] [are |][normal|in the normal range]", "[nl|norm.] [heart|CMR|cMRI|exam]", "cardiac MRI without [abnormality|abnormal findings|pathology]",
            "no [structural |functional |][problem|disease|defect] [of the heart |]found", "[heart|cardiac] [status|findings] normal",
        ),
        false=(
            "[clearly|definitely|obviously|markedly|grossly|frankly] abnormal [heart|scan|study|CMR|exam]", "the [heart|scan|study|exam|MRI] is [not normal|not healthy|abnormal|not clean|pathological|worrying]", "[not|hardly|by no means] a [normal|healthy|clean] [heart|scan|study|exam]",
            "[heart|cardiac] problem [found|present|seen]", "the [heart|scan|exam] shows [disease|a problem|pathology|an abnormality|damage]", "abn [heart|CMR|study|scan]", "an [unhealthy|abnormal|ill|sick] heart", "[abnormal|pathological|worrying] [findings|changes|result on MRI|scan result]",
        ),
    ),
    "lv_hypertrophy": Phrases(
        nouns=(
            "[thick|thickened|bulky|too thick|overly thick] [LV|left ventricular|heart] [wall|walls|muscle|myocardium]", "[thickening|overgrowth|hypertrophy] of the [heart muscle|myocardium|LV|left ventricle|walls]", "[LV|left ventricular|myocardial] [wall thickening|thickening|overgrowth]", "[abnormal|increased|excess] [LV|myocardial|heart muscle] [mass|thickness|bulk]",
            "[hypertr|hypertroph|LVH|wall hypertrophy]", "[a |]heart with [thick|thickened|bulky] [walls|muscle]",
        ),
        true=(
            "the [heart|LV|left ventricle] has [thick|thickened|bulky|too much] [walls|muscle]", "the [heart muscle|myocardium|wall|LV wall] [is |has become |looks |][thick|thickened|thicker than normal|too thick|overgrown]", "[LV |wall |]WT [increased|up|++|high]", "LVH [present|++|yes]",
            "[wall|walls|septum] [over|above|exceeding|more than] [13|14] mm", "wall thickness [is |][abnormal|over the limit|raised|elevated]",
        ),
        false=(
            "the [heart muscle|myocardium|wall|LV wall] [is |looks |][not thick|of normal thickness|not thickened|not overgrown|normally thin]", "[normal|thin|regular|normal-thickness] [LV |heart |][walls|wall|muscle]", "no [thickening|overgrowth|excess] of the [heart muscle|myocardium|LV|walls|wall]",
            "[LV |]WT [ok|nl|wnl|normal|not increased]", "LVH [neg|absent|-|none]", "[walls|wall thickness] [are |is |][normal|fine|below 12 mm|within normal range|not raised|not abnormal]", "the [heart|LV|left ventricle] does not have thick walls",
        ),
    ),
    "regional_wall_motion_abnormality": Phrases(
        nouns=(
            "[local|localised|localized|focal|segmental|regional] [wall motion loss|contraction loss|wall motion disturbance|LV dysfunction|akinesis|loss of contraction|contraction abnormality]", "[a |][segment|wall|region|area|zone] that [does not|doesn't|hardly|no longer] [move|moves|contract|contracts|thicken|thickens]",
            "[reg|segm|regional] [WMA|wall motion abn|dysfunction]", "[asynergic|akinetic or hypokinetic|non-contractile] [segments|region|territory]",
        ),
        true=(
            "[one|a|an] [wall|segment|area|region] [of the heart |of the left ventricle |][is not|isn't|is hardly] [moving|contracting|thickening|squeezing]", "RWMA [pos|present|++|yes]", "[part|some] of the [heart|LV|wall|muscle] [has stopped|stopped] [moving|working|contracting]",
            "the heart [moves|contracts|squeezes] unevenly", "[some|several] segments [do not|don't] [move|contract|thicken]",
        ),
        false=(
            "[all|every] [wall|part|segment|region|segments|walls|parts] [of the heart |of the LV |][moves|contracts|thickens|move|contract|thicken] [well|normally|equally|alike]", "RWMA [neg|absent|none|-|no]", "[uniform|even|symmetrical|homogeneous|synchronous] [wall motion|contraction|squeeze][ of all walls|]",
            "no [segment|wall|region|part of the heart] [is |]left [still|without motion]", "no [local|localised|focal|segmental|regional] [loss of contraction|akinesia|wall motion loss|dysfunction]", "no [akinetic|motionless|non-contracting|hypokinetic] [segment|segments|wall|area]",
        ),
    ),
    "dilated_cardiomyopathy": Phrases(
        nouns=("dilated [type|form of|kind of] [cardiomyopathy|heart muscle weakness]", "[large|enlarged|dilated|stretched|ballooned] [heart that pumps weakly|weak heart|and failing left ventricle]", "[DCM|dilated CMP|dil CMP|dilated cardiomyop]", "[globally|diffusely|uniformly] weak[,| and] [dilated|enlarged|large] [heart|LV|left ventricle]"),
        true=("the heart is [large|enlarged|stretched|dilated] and [weak|pumps poorly|contracts poorly|weak all over] [everywhere|throughout|globally]", "DCM [pos|likely|confirmed|present|++]", "LV dilated with [global|diffuse] [hypokinesis|weakness|dysfunction], [no infarct|non-coronary]"),
        false=("DCM [neg|absent|not present|no|doubtful]", "the heart is not [stretched|dilated] and weak", "does not [look like|fit|meet] [DCM|dilated cardiomyopathy]", "no [stretched|large|enlarged] weak heart"),
    ),
    "hypertrophic_cardiomyopathy": Phrases(
        nouns=("hypertrophic [type|form of|kind of] [cardiomyopathy|heart muscle disease]", "[hereditary|genetic|inherited] [thickening|overgrowth] of the heart[ muscle|]", "[HCM|HOCM|hypertr CMP|hypertrophic cardiomyop]", "[massive|marked|asymmetric|unexplained] [thickening|hypertrophy] of the [septum|heart muscle]"),
        true=("the septum is [very|much too|abnormally] thick", "HCM [pos|likely|confirmed|present|++]", "[very |]thick [walls|septum] and a [small|narrow] [cavity|chamber]", "asymmetric [septum|hypertrophy] as in HCM"),
        false=("HCM [neg|absent|not present|no|doubtful]", "does not [look like|fit|meet] [HCM|hypertrophic cardiomyopathy]", "no [hereditary|inherited|genetic] [thickening|thick heart muscle]", "no unexplained hypertrophy"),
    ),
    "prior_infarct": Phrases(
        nouns=("[damage|scarring|a scar|injury] [from|after|left by|due to] [a|an old|a previous|an earlier] [heart attack|infarct|MI|coronary event]", "[remains|traces|residua|signs] of [an|an old|a past|a previous] [infarct|heart attack|MI|infarction]", "[healed|old|earlier|bygone|past] [coronary event|heart attack|MI|infarct]", "[post-infarct|post infarct|post-infarction|post-MI] [state|change|changes|heart|wall thinning]", "[hx of|history of|h/o] [MI|infarct|heart attack]"),
        true=("the [heart|wall|muscle] [was|has been|is] [damaged|scarred|injured] by [a|an old|a past] [heart attack|infarct|MI]", "[old|prev|prior] [inf|MI|infarct] [pos|present|++|seen]", "[part|a piece] of the [muscle|wall|heart] is [dead|scarred|infarcted|lost]", "[has had|had|suffered] [a heart attack|an MI|an infarct] [before|in the past|earlier]"),
        false=("[has never had|never suffered|did not have|has not had] [a heart attack|an MI]", "[old|prev|prior] [MI|infarct] [neg|absent|none|no]", "no [damage|scarring|scar|injury] [from|after|due to] [a|any|an earlier] [heart attack|infarct|MI|coronary event]", "no [dead|infarcted|lost] [muscle|wall|myocardium]", "no [remains|traces|residua] of [an|a past|an old] [infarct|heart attack|MI]"),
    ),
    "abnormal_right_ventricle": Phrases(
        nouns=(
            "[abnormal|diseased|sick|pathological] [right ventricle|RV]", "[dilated|enlarged|big] and [weak|impaired|poorly contracting|failing] [RV|right ventricle|right heart]", "[RV|right ventricular] [cardiomyopathy|disease|abnormality]", "[RV|right ventricular] [dilation|enlargement] [and|with] [dysfunction|reduced function|low RVEF]",
            "[dilated|enlarged] RV with [reduced|low|impaired] [function|RVEF]",
        ),
        true=("the [RV|right ventricle] is [abnormal|diseased|dilated and weak|large and weak|enlarged and pumps poorly]", "RV [abn|abnormal|sick|not normal]", "something [is |]wrong with the right ventricle", "the right [pump|chamber|side] is [big|large|enlarged] and weak"),
        false=("[unremarkable|healthy|normal] [RV|right ventricle]", "the [RV|right ventricle] is [not abnormal|unremarkable|healthy|normal]", "nothing wrong with the right ventricle", "RV [unremarkable|nl|wnl]"),
    ),
}
# fmt: on
