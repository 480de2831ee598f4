"""What an impression says beyond the ventricles, in the manner of `report_phrases`.

Late enhancement, atria, aorta, fluid, thrombus, thick septa, and the diseases they point to.
"""

# ruff: noqa: E501 - a table of patterns, of which a line break inside one would hide the shape.

from __future__ import annotations

_GAD = "[late gadolinium enhancement|LGE|late enhancement]"
_LIKE = "[in keeping with|consistent with|suggesting|compatible with]"

# fmt: off
# Section -> state -> voice -> pattern. {walls} is where it enhances, {atria} and {aorta} numbers.
BEYOND: dict[str, dict[str, dict[str, str]]] = {
    "lge": {
        "normal": {
            "formal": f"[No {_GAD}|No myocardial {_GAD}|No evidence of myocardial scar or fibrosis|{_GAD}: none|No pathological {_GAD}]",
            "terse": "[no LGE|LGE neg|no scar|LGE: none]",
            "lay": "[There is no scar in the heart muscle|The contrast images show no scar]",
        },
        "subendocardial": {
            "formal": f"[Subendocardial {_GAD} of the {{walls}} (up to {{depth}}{{pct}} of wall thickness), ischemic pattern{{viable}}|Ischemic pattern {_GAD}: subendocardial, {{walls}}, {{depth}}{{pct}} transmurality{{viable}}|Non-transmural infarct scar of the {{walls}}, {{territory}} territory, {{count}} segments{{viable}}]",
            "terse": "[subendo LGE {walls}, {depth}{pct}{viable}|LGE {walls} subendocardial, {territory}, max {depth}{pct}]",
            "lay": "[The contrast images show a scar in the inner layer of the {walls}]",
        },
        "transmural": {
            "formal": f"[Transmural {_GAD} of the {{walls}}, {{territory}} territory, non-viable|Ischemic pattern {_GAD}, transmural, {{walls}} ({{count}} segments); no viability|Transmural infarct scar of the {{walls}} (up to {{depth}}{{pct}}), not viable]",
            "terse": "[transmural LGE {walls}, nonviable|LGE {walls} transmural ({count} seg), {territory}]",
            "lay": "[The contrast images show a scar through the whole thickness of the {walls}]",
        },
        "mid-wall": {
            "formal": f"[Mid-wall {_GAD} of the {{walls}}, non-ischemic pattern|Linear mid-wall fibrosis of the {{walls}} ({{count}} segments)|Non-ischemic {_GAD}: mid-wall, {{walls}}]",
            "terse": "[mid-wall LGE {walls}|midwall fibrosis {walls}, nonischemic]",
            "lay": "[The contrast images show a streak of scar in the middle of the {walls}]",
        },
        "epicardial": {
            "formal": f"[Subepicardial {_GAD} of the {{walls}}, non-ischemic pattern|Epicardial {_GAD}, {{walls}} ({{count}} segments), sparing the subendocardium|Non-ischemic subepicardial scar of the {{walls}}]",
            "terse": "[subepi LGE {walls}|epicardial LGE {walls}, nonischemic]",
            "lay": "[The contrast images show a scar in the outer layer of the {walls}]",
        },
        "diffuse": {
            "formal": f"[Diffuse subendocardial {_GAD}|Global, circumferential subendocardial {_GAD}, {{depth}}{{pct}} of the wall|Diffuse {_GAD} of the LV in a non-coronary distribution]",
            "terse": "[diffuse LGE|global subendo LGE, {depth}{pct}]",
            "lay": "[The whole of the heart muscle takes up contrast]",
        },
        "patchy": {
            "formal": f"[Patchy {_GAD} of the {{walls}}|Patchy mid-wall fibrosis in the hypertrophied {{walls}} ({{count}} segments)|Patchy non-ischemic {_GAD}, {{walls}}]",
            "terse": "[patchy LGE {walls}|LGE patchy, {walls}, {count} seg]",
            "lay": "[The contrast images show small patches of scar in the {walls}]",
        },
    },
    "atria": {
        "normal": {
            "formal": "[Normal atrial size|Normal-sized atria|No atrial enlargement|Both atria normal in size]",
            "terse": "[atria normal|LA/RA wnl|atria not dil]",
            "lay": "[The upper chambers are of normal size]",
        },
        "left": {
            "formal": "[{Grade} left atrial enlargement; normal right atrium|The left atrium is {gradely} dilated|{Gradely} dilated left atrium|LA {gradely} enlarged, RA normal]",
            "terse": "[LA {gradely} dil|{grade} LAE|LA big ({grade}), RA ok]",
            "lay": "[The left upper chamber is {gradely} enlarged]",
        },
        "right": {
            "formal": "[{Grade} right atrial enlargement; normal left atrium|The right atrium is {gradely} dilated|{Gradely} dilated right atrium|RA {gradely} enlarged, LA normal]",
            "terse": "[RA {gradely} dil|{grade} RAE|RA big ({grade}), LA ok]",
            "lay": "[The right upper chamber is {gradely} enlarged]",
        },
        "both": {
            "formal": "[{Grade} biatrial enlargement|Both atria are {gradely} dilated|Biatrial dilation, {grade}]",
            "terse": "[biatrial dil, {grade}|LA + RA dil ({grade})|{grade} biatrial enlargement]",
            "lay": "[Both upper chambers of the heart are {gradely} enlarged]",
        },
    },
    "aorta": {
        "normal": {
            "formal": "[Normal thoracic aorta|No aortic dilation|Aortic root and ascending aorta of normal size]",
            "terse": "[aorta normal|Ao wnl|no Ao dil]",
            "lay": "[The main artery is of normal width]",
        },
        "root": {
            "formal": "[Dilated aortic root|Aortic root dilation; normal ascending aorta|The aortic root is dilated]",
            "terse": "[root dil|dilated aortic root]",
            "lay": "[The main artery is widened where it leaves the heart]",
        },
        "ascending": {
            "formal": "[Dilated ascending aorta|Ascending aortic dilation|The ascending aorta is dilated; normal aortic root]",
            "terse": "[asc aorta dil|dilated AAo]",
            "lay": "[The main artery is widened above the heart]",
        },
        "both": {
            "formal": "[Dilated aortic root and ascending aorta|Dilation of the aortic root and ascending aorta|Thoracic aortic dilation involving root and ascending aorta]",
            "terse": "[root + asc aorta dil|aorta dil]",
            "lay": "[The main artery leaving the heart is widened]",
        },
    },
    "pericardium": {
        "normal": {
            "formal": "[No pericardial effusion|Normal pericardium, no effusion|No significant pericardial effusion]",
            "terse": "[no peric eff|no pericardial eff|pericardium normal]",
            "lay": "[There is no fluid around the heart]",
        },
        "effusion": {
            "formal": "[{Amount} pericardial effusion, up to {fluid} mm|{Amount} circumferential pericardial effusion ({fluid} mm)|There is a {amount} pericardial effusion measuring {fluid} mm]",
            "terse": "[{amount} pericardial eff {fluid} mm|peric effusion {fluid}mm|{amount} pericardial effusion]",
            "lay": "[There is a {amount} amount of fluid around the heart, {fluid} millimetres deep]",
        },
    },
    "pleura": {
        "normal": {
            "formal": "[No pleural effusion|No pleural effusions]",
            "terse": "[no pleural eff|pleura clear]",
            "lay": "[There is no fluid around the lungs]",
        },
        "effusion": {
            "formal": "[{Water} pleural effusion|Pleural effusion ({water}), up to {pleural} mm|{Water} pleural effusion noted]",
            "terse": "[pleural eff {pleural} mm|{water} pleural effusion|pleural effusion]",
            "lay": "[There is fluid around the lung]",
        },
    },
    "thrombus": {
        "normal": {
            "formal": "[No LV thrombus|No intracardiac thrombus|No evidence of left ventricular thrombus]",
            "terse": "[no thrombus|no LV clot]",
            "lay": "[There is no blood clot in the heart]",
        },
        "present": {
            "formal": "[LV apical thrombus, {clot} mm|Thrombus in the LV apex measuring {clot} mm|Left ventricular thrombus at the apex ({clot} mm)]",
            "terse": "[LV apical thrombus {clot} mm|LV clot {clot}mm, apex|LV thrombus]",
            "lay": "[There is a blood clot of {clot} millimetres in the tip of the left ventricle]",
        },
    },
    "thick": {
        "septum": {
            "formal": "[Thickened interatrial septum ({ias} mm)|Interatrial septal thickening, {ias} mm]",
            "terse": "[thick IAS {ias} mm|IAS thickened]",
            "lay": "[The wall between the upper chambers is thickened]",
        },
        "rv": {
            "formal": "[RV hypertrophy, free wall {rvwall} mm|Thickened RV free wall ({rvwall} mm)]",
            "terse": "[RVH {rvwall} mm|RV wall thick, {rvwall}mm]",
            "lay": "[The muscle of the right ventricle is thickened]",
        },
        "both": {
            "formal": "[Biventricular wall thickening with a thickened interatrial septum ({ias} mm)|Thickened RV free wall ({rvwall} mm) and interatrial septum ({ias} mm)]",
            "terse": "[RV wall {rvwall} mm, IAS {ias} mm, both thick|biventricular thickening, thick IAS]",
            "lay": "[The walls of both ventricles and between the upper chambers are thickened]",
        },
    },
}

DIAGNOSES: dict[str, dict[str, str]] = {
    "amyloid": {
        "formal": f"[Findings {_LIKE} cardiac amyloidosis|Cardiac amyloidosis|Appearances of an infiltrative cardiomyopathy, {_LIKE} amyloidosis|Findings highly suggestive of cardiac amyloidosis]",
        "terse": "[amyloid|c/w amyloid|cardiac amyloidosis|Imp: amyloid]",
        "lay": "[This fits cardiac amyloidosis, in which protein is laid down in the heart muscle]",
    },
    "myocarditis": {
        "formal": f"[Findings {_LIKE} myocarditis|Scar in a pattern {_LIKE} previous myocarditis|Appearances {_LIKE} myocarditis|Myocarditis]",
        "terse": "[myocarditis|c/w myocarditis|post-myocarditis scar]",
        "lay": "[This fits an inflammation of the heart muscle, a myocarditis]",
    },
    "icm": {
        "formal": f"[Ischemic cardiomyopathy, LVEF {{lvef}}{{pct}}|Findings {_LIKE} ischemic cardiomyopathy after {{territory}} infarction|Ischaemic cardiomyopathy with a previous {{territory}} infarct]",
        "terse": "[ICM, old {territory} MI|ischemic CMP ({territory})|c/w ICM, prior {territory} infarct]",
        "lay": "[The heart was weakened by an old heart attack]",
    },
    "nicm": {
        "formal": f"[Dilated cardiomyopathy, non-ischemic|Non-ischemic dilated cardiomyopathy, LVEF {{lvef}}{{pct}}|Findings {_LIKE} non-ischemic dilated cardiomyopathy]",
        "terse": "[NICM / DCM|non-ischemic DCM|DCM, NICM]",
        "lay": "[This fits a dilated cardiomyopathy that does not come from narrowed arteries]",
    },
}
# fmt: on

# Numbers after a section, as in `report_phrases.NUMBERS`.
BEYOND_NUMBERS: dict[str, dict[str, str]] = {
    "atria": {
        "formal": "[ (LAVi {lavi} {mli}, RAVi {ravi} {mli})| (LAVi {lavi} {mli}, RAVi {ravi} "
        "{mli})|, LAVi {lavi} {mli}|, LA {lavi} {mli}, RA {ravi} {mli}]",
        "terse": "[. LAVi {lavi} RAVi {ravi}|, LAVi {lavi}| (LA {lavi}, RA {ravi} {mli})]",
        "lay": "[|]",
    },
    "aorta": {
        "formal": "[ (root {root} mm, ascending aorta {asc} mm)|, root {root} mm, ascending {asc} "
        "mm| (sinuses {root} mm, ascending {asc} mm)]",
        "terse": "[. root {root} asc {asc} mm|, {root}/{asc} mm| (root {root}, asc {asc})]",
        "lay": "[| (up to {ao} millimetres)]",
    },
}
