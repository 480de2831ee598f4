"""Conditions, the prompts that stand for them, and how a typed text becomes prompts.

The wordings of each known condition are those of radiologists' impressions; a condition's score
is the mean similarity over them (see `zeroshot`). A text that names no known condition is put
into a few short report sentences instead.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from .typed import MAX_CHARACTERS, clean_condition

__all__ = [
    "CONDITIONS",
    "MAX_CHARACTERS",
    "TEMPLATES",
    "Condition",
    "clean_condition",
    "find_condition",
    "has_negation",
    "templates",
]


@dataclass(frozen=True)
class Condition:
    """A condition that has its own prompt ensemble.

    Attributes:
        key: its name in code, in `Truth.findings` and in `ModelConfig.conditions`.
        label: what is shown to people.
        prompts: report sentences that hold where the condition holds.
        group: "chamber" (a finding about size, function or wall) or "diagnosis".
        aliases: other things that people type and mean exactly this condition.
    """

    key: str
    label: str
    prompts: tuple[str, ...]
    group: str
    aliases: tuple[str, ...] = ()


# One alias a line would be pages.
# fmt: off
_ALL = (
    Condition(
        "normal_study",
        "Normal study",
        (
            "Normal cardiac MRI.",
            "Normal left and right ventricular size and systolic function.",
            "Normal biventricular volumes, wall thickness and ejection fraction.",
            "No regional wall motion abnormality and no hypertrophy; normal study.",
        ),
        "diagnosis",
        (
            "normal", "normal heart", "normal scan", "normal mri", "normal cmr", "normal exam",
            "normal examination", "normal cardiac mri", "healthy heart", "healthy",
            "unremarkable", "unremarkable study", "no abnormality", "nothing abnormal",
            "within normal limits", "wnl", "nad", "no abnormality detected",
        ),
    ),
    Condition(
        "lv_systolic_dysfunction",
        "LV systolic dysfunction",
        (
            "Reduced left ventricular systolic function.",
            "LV systolic dysfunction with reduced ejection fraction.",
            "The left ventricular ejection fraction is reduced.",
            "Impaired LV systolic function, LVEF below 50%.",
        ),
        "chamber",
        (
            "lvsd", "lv dysfunction", "left ventricular dysfunction",
            "left ventricular systolic dysfunction", "reduced lvef", "reduced ef", "low ef",
            "low lvef", "impaired lv function", "impaired lv systolic function",
            "reduced lv function", "reduced lv systolic function", "poor lv function",
            "lv function impaired", "lv function reduced", "reduced ejection fraction",
            "low ejection fraction", "weak heart", "weak pump", "weak left ventricle",
            "lv impairment", "lvef < 50%", "lvef <50%", "ef < 50%", "ef <50%",
        ),
    ),
    Condition(
        "severe_lv_systolic_dysfunction",
        "Severe LV systolic dysfunction",
        (
            "Severely reduced left ventricular systolic function.",
            "Severe LV systolic dysfunction.",
            "Severely impaired LV function, LVEF below 30%.",
            "The left ventricular ejection fraction is severely reduced.",
        ),
        "chamber",
        (
            "severe lvsd", "severe lv dysfunction", "severely reduced lv function",
            "severely reduced lv systolic function", "severely impaired lv function",
            "severely reduced lvef", "severely reduced ef", "very low ef", "very low lvef",
            "very poor lv function", "severe left ventricular dysfunction",
            "severe left ventricular systolic dysfunction", "severe lv impairment",
            "severely reduced ejection fraction", "lvef < 30%", "lvef <30%", "ef < 30%",
            "ef <30%", "very weak heart", "very weak pump",
        ),
    ),
    Condition(
        "rv_systolic_dysfunction",
        "RV systolic dysfunction",
        (
            "Reduced right ventricular systolic function.",
            "RV systolic dysfunction with reduced RVEF.",
            "The right ventricular ejection fraction is reduced.",
            "Impaired RV systolic function.",
        ),
        "chamber",
        (
            "rvsd", "rv dysfunction", "right ventricular dysfunction",
            "right ventricular systolic dysfunction", "reduced rvef", "low rvef",
            "impaired rv function", "reduced rv function", "reduced rv systolic function",
            "impaired rv systolic function", "poor rv function", "rv function impaired",
            "rv function reduced", "weak right ventricle", "weak rv", "rv impairment",
            "right ventricular impairment",
        ),
    ),
    Condition(
        "lv_dilation",
        "LV dilated",
        (
            "The left ventricle is dilated.",
            "Dilated left ventricle with increased end-diastolic volume.",
            "LV dilation.",
            "Enlarged left ventricular cavity, LVEDVi increased.",
        ),
        "chamber",
        (
            "lv dilation", "left ventricular dilation", "left ventricle dilated", "dilated lv",
            "dilated left ventricle", "lv enlarged", "enlarged lv", "lv enlargement",
            "left ventricular enlargement", "enlarged left ventricle", "left ventricle enlarged",
            "big lv", "big left ventricle", "large lv", "large left ventricle", "lv big",
            "increased lvedv", "increased lvedvi", "high lvedvi", "lv large", "big left heart",
        ),
    ),
    Condition(
        "rv_dilation",
        "RV dilated",
        (
            "The right ventricle is dilated.",
            "Dilated right ventricle with increased end-diastolic volume.",
            "RV dilation.",
            "Enlarged right ventricular cavity, RVEDVi increased.",
        ),
        "chamber",
        (
            "rv dilation", "right ventricular dilation", "right ventricle dilated", "dilated rv",
            "dilated right ventricle", "rv enlarged", "enlarged rv", "rv enlargement",
            "right ventricular enlargement", "enlarged right ventricle",
            "right ventricle enlarged", "big rv", "big right ventricle", "big right heart",
            "large rv", "large right ventricle", "rv big", "rv large", "increased rvedv",
            "increased rvedvi", "high rvedvi",
        ),
    ),
    Condition(
        "lv_hypertrophy",
        "LV hypertrophy",
        (
            "Left ventricular hypertrophy.",
            "LV hypertrophy with increased wall thickness.",
            "The LV wall is thickened.",
            "Increased left ventricular wall thickness.",
        ),
        "chamber",
        (
            "lvh", "hypertrophy", "thick lv", "thick lv wall", "thick lv walls",
            "thickened lv wall", "lv wall thickened", "thick walls", "thick heart muscle",
            "thick heart", "thick septum", "thickened myocardium", "hypertrophied lv",
            "hypertrophied left ventricle", "increased wall thickness", "thick myocardium",
            "increased lv wall thickness",
        ),
    ),
    Condition(
        "regional_wall_motion_abnormality",
        "Regional wall motion abnormality",
        (
            "Regional wall motion abnormality.",
            "There is a regional wall motion abnormality of the left ventricle.",
            "Akinetic segments in a coronary territory.",
            "Segmental hypokinesia or akinesia.",
        ),
        "chamber",
        (
            "rwma", "wma", "wall motion abnormality", "wall motion abnormalities",
            "regional wall motion abnormalities", "regional wma", "segmental akinesia",
            "segmental hypokinesia", "regional akinesia", "regional hypokinesia",
            "segmental wall motion abnormality", "lv rwma", "regional dysfunction",
        ),
    ),
    Condition(
        "dilated_cardiomyopathy",
        "Dilated cardiomyopathy",
        (
            "Dilated cardiomyopathy.",
            "Dilated left ventricle with global hypokinesis, in keeping with dilated "
            "cardiomyopathy.",
            "Findings consistent with DCM.",
            "Globally reduced LV function with a dilated, thin-walled ventricle: dilated "
            "cardiomyopathy.",
        ),
        "diagnosis",
        ("dcm", "dcmp", "idiopathic dilated cardiomyopathy", "dilatative cardiomyopathy",
         "dilated cmp", "dilated cm"),
    ),
    Condition(
        "hypertrophic_cardiomyopathy",
        "Hypertrophic cardiomyopathy",
        (
            "Hypertrophic cardiomyopathy.",
            "Asymmetric septal hypertrophy in keeping with hypertrophic cardiomyopathy.",
            "Findings consistent with HCM.",
            "Marked LV hypertrophy with a small cavity and vigorous function: hypertrophic "
            "cardiomyopathy.",
        ),
        "diagnosis",
        (
            # The obstructive form is not told apart: a short-axis cine does not show it.
            "hcm", "hocm", "hnocm", "hypertrophic obstructive cardiomyopathy",
            "hypertrophic nonobstructive cardiomyopathy", "hypertrophic cmp", "hypertrophic cm",
        ),
    ),
    Condition(
        "prior_infarct",
        "Previous infarct",
        (
            "Previous myocardial infarction.",
            "Thinned akinetic segments in keeping with an old infarct.",
            "Old myocardial infarction in a coronary territory.",
            "Regional thinning and akinesia consistent with prior infarction.",
        ),
        "diagnosis",
        (
            "prior infarct", "prior infarction", "prior mi", "previous mi", "old mi",
            "old infarct", "old infarction", "previous infarction", "infarct", "infarction",
            "myocardial infarction", "myocardial infarct", "prior myocardial infarction",
            "old myocardial infarct", "previous heart attack", "old heart attack",
            "prior heart attack", "chronic infarct", "chronic infarction", "chronic mi",
            "healed infarct", "minf", "heart attack", "past heart attack",
        ),
    ),
    # Seen late after contrast: which muscle is scarred.
    Condition(
        "late_gadolinium_enhancement",
        "Late gadolinium enhancement",
        (
            "Late gadolinium enhancement is present.",
            "There is myocardial late gadolinium enhancement.",
            "Delayed enhancement of the left ventricular myocardium.",
        ),
        "chamber",
        (
            "lge", "late enhancement", "delayed enhancement", "lge present", "positive lge",
            "myocardial scar on lge", "myocardial lge", "delayed hyperenhancement", "lge +ve",
            "late gad", "myocardial scar", "scar", "heart scar", "scar tissue", "scarring",
            "myocardial fibrosis", "fibrosis", "scarred heart muscle", "myocardial scarring",
            "scar in the heart muscle", "scar in the heart",
        ),
    ),
    Condition(
        "aortic_dilation",
        "Aorta dilated",
        (
            "The aorta is dilated.",
            "Dilated aortic root and ascending aorta.",
            "Ascending aortic dilation.",
        ),
        "chamber",
        ("aortic dilation", "dilated aorta", "aortic aneurysm", "dilated aortic root",
         "dilated ascending aorta", "ascending aortic aneurysm", "aortic root dilation",
         "enlarged aorta", "aortic enlargement", "wide aorta", "widened aorta", "big aorta",
         "ectatic aorta", "aortic ectasia", "ascending aorta dilated", "aortic root dilated",
         "ascending aorta dilation", "taa", "large aorta"),
    ),
    Condition(
        "ischaemic_cardiomyopathy",
        "Ischaemic cardiomyopathy",
        (
            "Ischemic cardiomyopathy.",
            "Findings consistent with ischemic cardiomyopathy.",
            "Reduced LV function due to prior infarction in keeping with ischemic "
            "cardiomyopathy.",
        ),
        "diagnosis",
        ("icm", "icmp", "ischaemic cm", "ischaemic cmp", "ischaemic heart disease", "ihd",
         "weak heart after a heart attack", "ischaemic heart failure"),
    ),
    Condition(
        "nonischaemic_cardiomyopathy",
        "Non-ischaemic cardiomyopathy",
        (
            "Nonischemic cardiomyopathy.",
            "Findings consistent with non-ischemic cardiomyopathy.",
            "Reduced LV function in a non-ischemic pattern.",
        ),
        "diagnosis",
        ("nicm", "nicmp", "non ischaemic cardiomyopathy", "nonischaemic cm", "nonischaemic cmp",
         "nidcm"),
    ),
    Condition(
        "cardiac_amyloidosis",
        "Cardiac amyloidosis",
        (
            "Cardiac amyloidosis.",
            "Findings consistent with cardiac amyloidosis.",
            "Concentric thickening with diffuse subendocardial enhancement in keeping with "
            "amyloidosis.",
        ),
        "diagnosis",
        ("amyloidosis", "amyloid", "cardiac amyloid", "amyloid heart", "ca amyloid",
         "attr", "al amyloidosis", "attr amyloidosis", "attr cm", "ttr amyloid", "attr amyloid",
         "infiltrative cardiomyopathy", "stiff heart syndrome", "amyloid cardiomyopathy",
         "cardiac amyloid disease"),
    ),
    Condition(
        "abnormal_right_ventricle",
        "Abnormal right ventricle",
        (
            "Abnormal right ventricle.",
            "The right ventricle is dilated with reduced function.",
            "Right ventricular dilation and dysfunction.",
        ),
        "diagnosis",
        ("abnormal rv", "rv abnormality", "right ventricular abnormality", "rv disease",
         "rv cardiomyopathy", "right ventricular cardiomyopathy", "sick right ventricle",
         "dilated and impaired rv", "diseased right ventricle"),
    ),
    Condition(
        "myocarditis",
        "Myocarditis",
        (
            "Myocarditis.",
            "Subepicardial late gadolinium enhancement of the lateral wall, in keeping with "
            "myocarditis.",
            "Findings consistent with previous myocarditis.",
            "Non-ischemic scar in a pattern typical of myocarditis.",
        ),
        "diagnosis",
        (
            "myocarditis scar", "inflammation of the heart muscle", "heart muscle inflammation",
            "inflamed heart", "inflamed heart muscle", "previous myocarditis", "old myocarditis",
            "prior myocarditis", "viral myocarditis", "inflammatory heart disease",
            "post myocarditis", "perimyocarditis", "myopericarditis", "inflamed myocardium",
            "acute myocarditis", "healed myocarditis",
        ),
    ),
    Condition(
        "left_atrial_enlargement",
        "Left atrium enlarged",
        (
            "Left atrial enlargement.",
            "The left atrium is dilated.",
            "Dilated left atrium with an increased indexed volume.",
            "Enlarged left atrium, LAVi increased.",
        ),
        "chamber",
        (
            "la enlargement", "la dilation", "left atrial dilation", "dilated la", "lae",
            "dilated left atrium", "enlarged left atrium", "enlarged la", "big left atrium",
            "large left atrium", "big la", "large la", "la dilated", "la enlarged", "lavi high",
            "increased lavi", "left atrium dilated", "left atriomegaly", "high lavi",
            "left atrium is big", "increased la volume", "increased left atrial volume",
        ),
    ),
    Condition(
        "right_atrial_enlargement",
        "Right atrium enlarged",
        (
            "Right atrial enlargement.",
            "The right atrium is dilated.",
            "Dilated right atrium with an increased indexed volume.",
            "Enlarged right atrium, RAVi increased.",
        ),
        "chamber",
        (
            "ra enlargement", "ra dilation", "right atrial dilation", "dilated ra", "rae",
            "dilated right atrium", "enlarged right atrium", "enlarged ra", "big right atrium",
            "large right atrium", "big ra", "large ra", "ra dilated", "ra enlarged", "ravi high",
            "increased ravi", "right atrium dilated", "high ravi", "right atrium is big",
            "increased ra volume", "increased right atrial volume",
        ),
    ),
    Condition(
        "pericardial_effusion",
        "Pericardial effusion",
        (
            "Pericardial effusion.",
            "There is a pericardial effusion.",
            "Fluid in the pericardial space around the heart.",
            "Circumferential pericardial effusion.",
        ),
        "chamber",
        (
            "fluid around the heart", "pericardial fluid", "water around the heart",
            "fluid in the pericardium", "pericardial collection", "fluid in the heart sac",
            "pericardial eff", "effusion around the heart", "increased pericardial fluid",
            "hydropericardium", "water in the heart sac",
        ),
    ),
    Condition(
        "pleural_effusion",
        "Pleural effusion",
        (
            "Pleural effusion.",
            "There is a pleural effusion.",
            "Fluid in the pleural space.",
            "Pleural effusions beside the heart.",
        ),
        "chamber",
        (
            "pleural effusions", "fluid around the lungs", "water around the lungs",
            "fluid on the lungs", "pleural fluid", "water on the lungs", "hydrothorax",
            "fluid around the lung", "bilateral pleural effusions", "pleural eff",
            "fluid in the chest", "fluid on the lung",
        ),
    ),
    Condition(
        "lv_thrombus",
        "LV thrombus",
        (
            "Left ventricular thrombus.",
            "There is a thrombus in the LV apex.",
            "LV apical thrombus.",
            "Intracavitary thrombus in the left ventricle.",
        ),
        "diagnosis",
        (
            "lv clot", "apical thrombus", "thrombus", "intracardiac thrombus", "lvt", "clot",
            "clot in the lv apex", "clot in the heart", "blood clot in the heart",
            "clot in the left ventricle", "lv apical clot", "blood clot", "mural thrombus",
            "thrombus in the left ventricle", "thrombus in the lv", "apical clot",
            "ventricular thrombus", "blood clot in the left ventricle", "thrombus at the apex",
        ),
    ),
)
# fmt: on

CONDITIONS: dict[str, Condition] = {condition.key: condition for condition in _ALL}

TEMPLATES = ("{}", "Cardiac MRI shows {}.", "Impression: {}.", "There is {}.")
# For a text that is a sentence already: "There is the LV is dilated" would read as nonsense.
SENTENCE_TEMPLATES = ("{}", "Impression: {}", "Findings: {}")

_SENTENCE_WORDS = 8
_VERBS = frozenset("is are was were has have shows show moves pumps contracts".split())
_NEGATIONS = frozenset(
    "no not without absent absence negative neg neither nor never none nobody nothing nil denies "
    "denied excluded excludes except lack lacks lacked lacking devoid unlikely improbable doubt "
    "doubtful against fails failed incompatible inconsistent missing spared cannot cant isnt arent "
    "doesnt didnt hasnt havent wasnt werent can't isn't aren't doesn't didn't hasn't haven't "
    "wasn't weren't".split()
)
_DENYING_PHRASES = re.compile(
    r"\b(?:rule[sd]? out|anything but|(?:free|clear|unremarkable|low suspicion) (?:of|for)"
    r"|rather than)\b|\bw/o\b|-ve\b|\(-\)"
)


def find_condition(text: str) -> Condition | None:
    """The known condition that a text names exactly, or None.

    Case, American and British spelling, articles and closing punctuation do not matter; every
    other word does, so that "no LV dilation" or "mild LVH" is not taken for what it contains.
    """
    return _BY_NAME.get(_normal_form(text))


def templates(text: str) -> tuple[str, ...]:
    """Prompts for a text that is not a known condition: itself and it in report sentences.

    A text that is a sentence already, by its length, its verb or its full stop, gets fewer and
    looser frames. Nothing is taken from or added to what it says, so "no" stays "no".
    """
    bare = text.strip().rstrip(".").rstrip()
    words = re.findall(r"[^\W\d_]+", text.lower())
    sentence = (
        len(text.split()) >= _SENTENCE_WORDS
        or bool(_VERBS & set(words))
        or ". " in bare
        or (text.rstrip().endswith(".") and len(words) >= 4)
    )
    if sentence:
        return tuple(frame.format(text) for frame in SENTENCE_TEMPLATES)
    return tuple(frame.format(bare or text) for frame in TEMPLATES)


def has_negation(text: str) -> bool:
    """Whether a text holds what denies, such as "no", "without" or "ruled out"."""
    text = " ".join(text.lower().replace("’", "'").split())
    return bool(set(re.findall(r"[a-z']+", text)) & _NEGATIONS or _DENYING_PHRASES.search(text))


def _normal_form(text: str) -> str:
    """A text reduced to what must match; nothing that can carry a negation is dropped."""
    text = unicodedata.normalize("NFKC", text).casefold().strip()
    # A leading or loose hyphen may stand for "negative": only one inside a word is a space.
    text = re.sub(r"(?<=\w)[-/_](?=\w)", " ", text.rstrip(".!?;:, "))
    text = re.sub(r"[\"“”,;:]", " ", text)
    text = text.replace("aemi", "emi").replace("dilatation", "dilation")
    text = re.sub(r"\bnon (?=ischemic|obstructive)", "non", text)
    text = re.sub(r"\s*([<>%])\s*", r" \1 ", text)
    return " ".join(w for w in text.split() if w not in ("the", "a", "an", "is"))


def _names() -> dict[str, Condition]:
    names: dict[str, Condition] = {}
    for condition in CONDITIONS.values():
        key = condition.key.replace("_", " ")
        for name in (key, condition.label, *condition.aliases, *condition.prompts):
            form = _normal_form(name)
            if names.setdefault(form, condition) is not condition:
                raise ValueError(f"{name!r} names both {names[form].key} and {condition.key}.")
    return names


_BY_NAME = _names()
