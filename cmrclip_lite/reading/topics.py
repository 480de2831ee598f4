"""What a reading goes through, in order, and what has to be imaged for it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum

from ..study import Sequence, Study, View

# Each topic and the conditions that belong to it, in the order in which a report speaks of them.
TOPICS: dict[str, tuple[str, ...]] = {
    "Overall": ("normal_study",),
    "Left ventricle: size and function": (
        "lv_dilation",
        "lv_systolic_dysfunction",
        "severe_lv_systolic_dysfunction",
    ),
    "Left ventricle: wall": ("lv_hypertrophy", "regional_wall_motion_abnormality"),
    "Right ventricle": ("rv_dilation", "rv_systolic_dysfunction", "abnormal_right_ventricle"),
    "Scar": ("late_gadolinium_enhancement",),
    "Atria": ("left_atrial_enlargement", "right_atrial_enlargement"),
    "Aorta": ("aortic_dilation",),
    "Fluid": ("pericardial_effusion", "pleural_effusion"),
    "Thrombus": ("lv_thrombus",),
    "Patterns that similar cases have": (
        "dilated_cardiomyopathy",
        "nonischaemic_cardiomyopathy",
        "prior_infarct",
        "ischaemic_cardiomyopathy",
        "hypertrophic_cardiomyopathy",
        "cardiac_amyloidosis",
        "myocarditis",
    ),
}


class Part(StrEnum):
    """A part of an exam that some findings cannot be read without."""

    ENHANCEMENT = "short-axis late enhancement"
    LONG_AXIS = "long-axis cine"


# Of these parts one is needed; every other condition is read from the short-axis cine.
NEEDS: dict[str, tuple[Part, ...]] = {
    "late_gadolinium_enhancement": (Part.ENHANCEMENT,),
    "myocarditis": (Part.ENHANCEMENT,),
    "left_atrial_enlargement": (Part.LONG_AXIS,),
    "right_atrial_enlargement": (Part.LONG_AXIS,),
    "aortic_dilation": (Part.LONG_AXIS,),
    "lv_thrombus": (Part.LONG_AXIS, Part.ENHANCEMENT),
}
# Read from the cine, but a reader would want to see the scar: said where there is none to see.
BETTER_WITH_ENHANCEMENT = (
    "nonischaemic_cardiomyopathy",
    "prior_infarct",
    "ischaemic_cardiomyopathy",
    "hypertrophic_cardiomyopathy",
    "cardiac_amyloidosis",
)
_LONG_AXES = (View.TWO_CHAMBER, View.THREE_CHAMBER, View.FOUR_CHAMBER)
# Words of a sentence that speaks of what only these parts show.
_WORDS = {
    Part.ENHANCEMENT: re.compile(
        r"\bL\.?G\.?E\b|enhanc|gadolin|\bgad\b|\bscar|fibros|viab|contrast", re.IGNORECASE
    ),
    Part.LONG_AXIS: re.compile(
        r"\batri|biatrial|\bLA\b|\bRA\b|\bLAE\b|\bRAE\b|LAVi|RAVi|upper chamber"
        r"|\baort|\broot\b|\basc\b|main artery",
        re.IGNORECASE,
    ),
}
_THROMBUS = re.compile(r"thromb|\bclot", re.IGNORECASE)


def parts_of(study: Study) -> frozenset[Part]:
    """The parts that a study holds."""
    enhanced = any(s.sequence is Sequence.LGE and s.view is View.SAX for s in study.series)
    return _parts(enhanced, (s.view for s in study.series if s.is_cine))


def parts_of_case(views: Iterable[str], enhancement: bool) -> frozenset[Part]:
    """The parts that a case of a library holds, by what it records of its acquisition."""
    return _parts(enhancement, views)


def can_show(key: str, parts: frozenset[Part]) -> bool:
    """Whether an exam with these parts can show a condition."""
    return key not in NEEDS or not parts.isdisjoint(NEEDS[key])


def speaks_beyond(sentence: str, parts: frozenset[Part]) -> bool:
    """Whether a sentence, by its words, speaks of what an exam with these parts cannot show."""
    if not parts and _THROMBUS.search(sentence):
        return True
    return any(words.search(sentence) for part, words in _WORDS.items() if part not in parts)


def topics_of(keys: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """The topics that hold any of some conditions, each with those alone."""
    asked = set(keys)
    found = {name: tuple(k for k in members if k in asked) for name, members in TOPICS.items()}
    return {name: members for name, members in found.items() if members}


def _parts(enhanced: bool, views: Iterable[str]) -> frozenset[Part]:
    parts = {Part.ENHANCEMENT} if enhanced else set()
    return frozenset(parts | ({Part.LONG_AXIS} if set(views) & set(_LONG_AXES) else set()))
