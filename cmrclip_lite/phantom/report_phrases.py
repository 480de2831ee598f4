"""What an impression says, section by section and voice by voice, as patterns of `wording`.

Numbers stand in braces. What lies beyond the ventricles stands in `report_beyond`. Nothing names
what the images do not show: no valve, no history, no symptom.
"""

# ruff: noqa: E501 - a table of patterns, of which a line break inside one would hide the shape.

from __future__ import annotations

from .report_beyond import BEYOND, BEYOND_NUMBERS, DIAGNOSES

VOICES = ("formal", "terse", "lay")

# Section -> state -> voice -> pattern. {grade} is mild, moderate or severe; {gradely} its adverb.
SECTIONS: dict[str, dict[str, dict[str, str]]] = {
    "lv": {
        "normal": {
            "formal": "[Normal LV size and systolic function|Normal left ventricular size and "
            "systolic function|The left ventricle is normal in size with preserved systolic "
            "function|Left ventricle: normal cavity size and normal global systolic function|Normal "
            "LV volumes and ejection fraction|Normal-sized left ventricle with normal global "
            "systolic function|No LV dilation; LV systolic function is normal]",
            "terse": "[LV normal|LV normal size, EF normal|LV not dil, EF ok|normal LV vol and "
            "fn|LV size/fn wnl|No LV dil, EF preserved]",
            "lay": "[The left ventricle, the main pump of the heart, is of normal size and pumps "
            "normally|Your left heart chamber is not enlarged and pumps well|The main pumping "
            "chamber has a normal size and a normal squeeze]",
        },
        "dilated": {
            "formal": "[{Gradely} dilated left ventricle with preserved systolic function|{Grade} LV "
            "dilation with normal ejection fraction|The left ventricle is {gradely} dilated; "
            "systolic function is preserved|{Gradely} enlarged LV cavity, LV systolic function "
            "within normal limits]",
            "terse": "[LV {gradely} dil, EF preserved|{grade} LV dil, fn ok|LV {grade} enlargement, "
            "normal EF]",
            "lay": "[The left ventricle is {gradely} enlarged but pumps normally|The main pumping "
            "chamber is {gradely} stretched; its squeeze is normal]",
        },
        "weak": {
            "formal": "[Normal LV size with {gradely} reduced systolic function|Non-dilated left "
            "ventricle with {gradely} impaired systolic function|{Gradely} reduced LV systolic "
            "function; no LV dilation|Left ventricle of normal size, {grade} global systolic "
            "dysfunction|{Grade} left ventricular systolic dysfunction without dilation]",
            "terse": "[LV not dil, EF {gradely} reduced|{grade} LVSD, normal LV size|LV size ok, fn "
            "{gradely} down|No LV dil. {Grade} LVSD]",
            "lay": "[The left ventricle has a normal size, but its pumping is {gradely} weakened|The "
            "main pumping chamber is not enlarged; it pumps {gradely} less than normal]",
        },
        "dilated_weak": {
            "formal": "[{Sizely} dilated left ventricle with {gradely} reduced systolic "
            "function|{Size} LV dilation and {grade} systolic dysfunction|The left ventricle is "
            "{sizely} dilated with {gradely} impaired systolic function|{Gradely} reduced LV systolic "
            "function; the LV is {sizely} dilated|{Sizely} enlarged LV cavity with {gradely} "
            "depressed ejection fraction]",
            "terse": "[LV {sizely} dil, EF {gradely} reduced|dilated LV ({size}), {grade} LVSD|{grade} "
            "LVSD, {size} LV dil|LV dil++ poor fn ({grade})]",
            "lay": "[The left ventricle is {sizely} enlarged and pumps {gradely} less than normal|The "
            "main pumping chamber is {sizely} stretched and its squeeze is {gradely} weakened|The "
            "heart is enlarged on the left and the pump is weak ({grade})]",
        },
        "vigorous": {
            "formal": "[Small LV cavity with hyperdynamic systolic function|Hyperdynamic left "
            "ventricle, no dilation|Vigorous LV systolic function, LV not dilated]",
            "terse": "[LV hyperdynamic, not dil|hyperdynamic LV fn, high EF]",
            "lay": "[The left ventricle squeezes very vigorously and is not enlarged]",
        },
    },
    "rv": {
        "normal": {
            "formal": "[Normal RV size and systolic function|Normal right ventricular volumes and "
            "ejection fraction|The right ventricle is normal in size and function|Right ventricle: "
            "not dilated, preserved systolic function|No RV dilation; normal RV systolic function]",
            "terse": "[RV normal|RV ok|RV size/fn wnl|RV not dil, fn preserved|No RV dil]",
            "lay": "[The right ventricle is of normal size and pumps normally|The right side of the "
            "heart looks normal]",
        },
        "dilated": {
            "formal": "[{Gradely} dilated right ventricle with preserved systolic function|{Grade} RV "
            "dilation, normal RVEF|The right ventricle is {gradely} dilated; its function is "
            "preserved]",
            "terse": "[RV {gradely} dil, fn ok|{grade} RV dil, RVEF preserved]",
            "lay": "[The right side of the heart is {gradely} enlarged but pumps normally]",
        },
        "weak": {
            "formal": "[Normal RV size with {gradely} reduced systolic function|Non-dilated right "
            "ventricle, {grade} systolic dysfunction|{Gradely} impaired RV systolic function without "
            "RV dilation]",
            "terse": "[RV not dil, RVEF {gradely} reduced|{grade} RVSD, RV size ok]",
            "lay": "[The right ventricle has a normal size but pumps {gradely} less than normal]",
        },
        "dilated_weak": {
            "formal": "[{Sizely} dilated right ventricle with {gradely} reduced systolic "
            "function|{Size} RV dilation and {grade} RV systolic dysfunction|The right ventricle is "
            "{sizely} dilated with {gradely} impaired function|{Sizely} enlarged RV, {gradely} "
            "reduced RVEF]",
            "terse": "[RV {sizely} dil, RVEF {gradely} reduced|{grade} RVSD with {size} RV dil|RV big, "
            "poor fn ({grade})]",
            "lay": "[The right side of the heart is {sizely} enlarged and pumps {gradely} less than "
            "normal|The right ventricle is too big ({size}) and weak ({grade})]",
        },
    },
    "wall": {
        "normal": {
            "formal": "[Normal LV wall thickness|No LV hypertrophy|Wall thickness within normal "
            "limits|No left ventricular hypertrophy]",
            "terse": "[no LVH|walls ok|WT normal]",
            "lay": "[The heart muscle is of normal thickness|The walls are not thickened]",
        },
        "septal": {
            "formal": "[Asymmetric septal hypertrophy, maximal wall thickness {wall} mm in the "
            "{segment} segment|{Grade} asymmetric hypertrophy of the septum (maximum {wall} mm, "
            "{segment})|LV hypertrophy, most marked in the septum, measuring up to {wall} mm]",
            "terse": "[ASH, max {wall} mm {segment}|septum {wall} mm, ASH|asymmetric LVH, septum max "
            "{wall}mm]",
            "lay": "[The wall between the two ventricles is clearly thickened, up to {wall} "
            "millimetres]",
        },
        "apical": {
            "formal": "[Apical LV hypertrophy, maximal wall thickness {wall} mm|{Grade} hypertrophy "
            "confined to the apex, up to {wall} mm ({segment})|Predominantly apical hypertrophy, "
            "maximum {wall} mm]",
            "terse": "[apical LVH, max {wall} mm|apex thick, {wall}mm]",
            "lay": "[The heart muscle is thickened at the tip, up to {wall} millimetres]",
        },
        "concentric": {
            "formal": "[Concentric LV hypertrophy, maximal wall thickness {wall} mm|{Grade} "
            "concentric left ventricular hypertrophy (up to {wall} mm)|Symmetric increase in wall "
            "thickness, maximum {wall} mm]",
            "terse": "[concentric LVH, {wall} mm|LVH conc max {wall}mm]",
            "lay": "[The heart muscle is thick all around, up to {wall} millimetres]",
        },
        "focal": {
            "formal": "[{Grade} LV hypertrophy, maximal wall thickness {wall} mm in the {segment} "
            "segment|LV hypertrophy with a maximum of {wall} mm ({segment})|Increased LV wall "
            "thickness, up to {wall} mm, {segment}]",
            "terse": "[LVH max {wall} mm {segment}|{grade} LVH, {wall}mm]",
            "lay": "[The heart muscle is thickened, up to {wall} millimetres]",
        },
    },
    "motion": {
        "normal": {
            "formal": "[No regional wall motion abnormality|No regional wall motion "
            "abnormalities|Normal regional wall motion|No segmental wall motion abnormality]",
            "terse": "[no RWMA|No WMA|wall motion normal]",
            "lay": "[All parts of the heart wall move well]",
        },
        "global": {
            "formal": "[Global hypokinesis without a regional pattern|Globally reduced contraction; "
            "no regional wall motion abnormality|Diffuse LV hypokinesia, no regional wall motion "
            "abnormality|Generalised hypokinesis]",
            "terse": "[global hypokinesia, no RWMA|globally hypok|diffuse hypokinesis]",
            "lay": "[The whole heart muscle contracts weakly, no single part more than another]",
        },
        "infarct": {
            "formal": "[{Motion}{thinned} {place} in the {territory} territory, in keeping with "
            "previous infarction|Regional wall motion abnormality of the {place} ({territory} "
            "territory): {motion}{thinned}, consistent with prior myocardial infarction|Old "
            "{territory} territory infarct with {motion}{thinned} {place}|{Motion}{thinned} {place}, "
            "{territory} distribution; appearances of a previous myocardial infarction]",
            "terse": "[{motion}{thinned} {place}, old {territory} MI|RWMA {place}: {motion}, old "
            "{territory} infarct|prior MI {territory}, {place} {motion}|old {territory} infarct, "
            "{motion}{thinned} {place}]",
            "lay": "[Part of the heart wall, the {place}, {moves}; this fits an old heart attack in "
            "the area of the {artery}|There are signs of an old heart attack: the {place} {moves} "
            "({artery})]",
        },
    },
    "septum": {
        "normal": {
            "formal": "[No septal flattening|Normal septal curvature|No D-shaped left ventricle]",
            "terse": "[no septal flattening|septum not flat]",
            "lay": "[The wall between the ventricles has a normal shape]",
        },
        "flat": {
            "formal": "[Septal flattening with a D-shaped left ventricle, in keeping with RV "
            "overload|Flattened interventricular septum (D-shaped LV)|D-shaped left ventricle with "
            "flattening of the septum|Leftward septal bowing and flattening, suggesting right "
            "ventricular overload]",
            "terse": "[D-shaped LV|septal flattening, D-sign|flat septum, RV overload]",
            "lay": "[The wall between the two sides is pushed flat by the right side of the heart]",
        },
    },
    "diagnosis": {
        "normal": {
            "formal": "[Normal cardiac MRI|Normal study|Normal cine study|Unremarkable cardiac "
            "MRI|Structurally normal heart|Normal biventricular volumes and function]",
            "terse": "[Normal study|NAD|normal CMR|wnl]",
            "lay": "[The heart looks healthy|This is a normal heart scan|We found nothing abnormal]",
        },
        "dcm": {
            "formal": "[Findings in keeping with dilated cardiomyopathy|Appearances consistent with "
            "dilated cardiomyopathy (DCM)|Dilated cardiomyopathy|Findings suggest a dilated "
            "cardiomyopathy phenotype|Picture of DCM with {grade} LV systolic dysfunction]",
            "terse": "[DCM|c/w DCM|dilated CMP|Imp: DCM]",
            "lay": "[This fits a dilated cardiomyopathy, a heart that is stretched and weak]",
        },
        "hcm": {
            "formal": "[Findings in keeping with hypertrophic cardiomyopathy|Appearances consistent "
            "with hypertrophic cardiomyopathy (HCM)|Hypertrophic cardiomyopathy|Hypertrophic "
            "cardiomyopathy phenotype, maximal wall thickness {wall} mm]",
            "terse": "[HCM|c/w HCM|HCM phenotype|Imp: HCM]",
            "lay": "[This fits a hypertrophic cardiomyopathy, a disease with thick heart muscle]",
        },
        "rv": {
            "formal": "[Right ventricular disease; findings suggest RV overload|Abnormal right "
            "ventricle, in keeping with right heart overload|Findings of right-sided heart "
            "disease|Right heart abnormality with {rvgrade} RV dilation]",
            "terse": "[RV disease|right heart overload|abnormal RV]",
            "lay": "[The problem lies on the right side of the heart]",
        },
        "infarct": {
            "formal": "[Previous myocardial infarction in the {territory} territory|Findings in "
            "keeping with an old {territory} infarct|Post-infarct left ventricle ({territory}), LVEF "
            "{lvef}{pct}]",
            "terse": "[old {territory} MI|prior infarct ({territory})|Imp: old MI, {territory}]",
            "lay": "[The findings fit an old heart attack]",
        },
    },
}

# Numbers after a section: none, the function, or volumes with the limits of normal they exceed.
NUMBERS: dict[str, dict[str, str]] = {
    "lv": {
        "formal": "[ (LVEF {lvef}{pct}, LVEDVi {lvedvi} {mli})| (LVEF {lvef}{pct})|, LVEF "
        "{lvef}{pct}| with an LVEF of {lvef}{pct}| (LVEDVi {lvedvi} {mli}, normal < {lvmax}; LVEF "
        "{lvef}{pct}, normal >= 50{pct})|: LVEDV {lvedv} {ml}, LVESV {lvesv} {ml}, LVEF {lvef}{pct}| "
        "(LVEDVi {lvedvi} {mli}; upper limit of normal {lvmax}), EF {lvef}{pct}| (EDV {lvedv} {ml}, "
        "ESV {lvesv} {ml}, EF {lvef}{pct})]",
        "terse": "[. EF {lvef}|, EF {lvef}{pct}| ({lvef}{pct})|. EDVi {lvedvi} EF {lvef}|, LVEF ~"
        "{lvef}{pct}|: {lvedv}/{lvesv} {ml}, EF {lvef}]",
        "lay": "[ (ejection fraction {lvef}{pct})|; it ejects {lvef} percent of its blood with each "
        "beat| (pump function {lvef} percent, normal is 50 or more)|]",
    },
    "rv": {
        "formal": "[ (RVEF {rvef}{pct}, RVEDVi {rvedvi} {mli})| (RVEF {rvef}{pct})|, RVEF "
        "{rvef}{pct}|| (RVEDVi {rvedvi} {mli}, normal < {rvmax}; RVEF {rvef}{pct})|: RVEDV {rvedv} "
        "{ml}, RVESV {rvesv} {ml}, RVEF {rvef}{pct}]",
        "terse": "[|. RVEF {rvef}|, RVEF {rvef}{pct}| ({rvef}{pct})|. RVEDVi {rvedvi}]",
        "lay": "[| (right ejection fraction {rvef}{pct})]",
    },
}

SECTIONS |= BEYOND
SECTIONS["diagnosis"] |= DIAGNOSES
NUMBERS |= BEYOND_NUMBERS

OPENERS: dict[str, str] = {
    "formal": "[||||Impression: |IMPRESSION: |CONCLUSION: |Conclusion: |Summary: ]",
    "terse": "[||||Imp: |Concl: |CMR: |imp ]",
    "lay": "[||In plain words: |Summary for the patient: |Dear colleague, in short: ]",
}
