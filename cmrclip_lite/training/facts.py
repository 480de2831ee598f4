"""What can be said of a synthetic heart: yes, no, or too close to call.

A fact answers None within a margin of its limit, where two readers would differ, and where the
exam does not hold the view that shows it; training neither says such a thing nor counts it as
wrong. Away from the limits, the facts named like a condition
agree with `Truth.findings`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from math import nan
from types import MappingProxyType

from ..phantom import grading
from ..phantom.truth import (
    CINE_LAX,
    CINE_SAX,
    LVEDVI_HIGH,
    LVEF_LOW,
    LVEF_SEVERE,
    PERICARDIAL_EFFUSION_MM,
    RVEDVI_HIGH,
    RVEF_LOW,
    WALL_HYPERTROPHY_MM,
    Truth,
)
from ..prompts import CONDITIONS
from .facts_tissue import TISSUE_FACTS
from .three_valued import Answer, above, all_of, any_of, below, not_, within

EF_MARGIN = 2.0  # points; about the repeatability of CMR volumetry
SIZE_MARGIN = 0.03  # of the upper limit
WALL_MARGIN_MM = 0.5


@lru_cache(maxsize=4096)
def answers(truth: Truth) -> Mapping[str, Answer]:
    """Every fact of one case, by key; None too where what it speaks of was not imaged."""
    imaged = set(truth.imaged)
    visible = {key for key, (_, views) in _FACTS.items() if imaged.intersection(views)}
    found = {key: fact(truth) if key in visible else None for key, (fact, _) in _FACTS.items()}
    found["normal_study"] = _normal(found, visible) if CINE_SAX in imaged else None
    return MappingProxyType(found)


@lru_cache(maxsize=4096)
def values(truth: Truth) -> Mapping[str, float]:
    """Every measured number of one case, by key; ml, ml/m2, mm and per cent.

    NaN for what was not imaged, and for the depth of fluid that is too little to measure.
    """
    fluid = truth.pericardial_effusion_mm
    measured = {
        "lvef": truth.lvef,
        "rvef": truth.rvef,
        "lvedvi": truth.lvedvi,
        "rvedvi": truth.rvedvi,
        "lvedv": truth.lvedv_ml,
        "lvesv": truth.lvesv_ml,
        "rvedv": truth.rvedv_ml,
        "rvesv": truth.rvesv_ml,
        "wall": max(truth.wall_mm),
        "septum": grading.wall_max(truth, grading.SEPTAL),
    }
    if CINE_SAX not in truth.imaged:
        measured = dict.fromkeys(measured, nan)
    long_axis = CINE_LAX in truth.imaged
    measured |= {
        "lavi": truth.lavi if long_axis else nan,
        "ravi": truth.ravi if long_axis else nan,
        "aortic_root": truth.aortic_root_mm if long_axis else nan,
        "ascending_aorta": truth.ascending_aorta_mm if long_axis else nan,
        "pericardial_effusion_depth": fluid if fluid >= PERICARDIAL_EFFUSION_MM else nan,
    }
    return MappingProxyType(measured)


def _lv_ratio(truth: Truth) -> float:
    return truth.lvedvi / LVEDVI_HIGH[truth.sex]


def _rv_ratio(truth: Truth) -> float:
    return truth.rvedvi / RVEDVI_HIGH[truth.sex]


def _lv_dysfunction(truth: Truth) -> Answer:
    return below(truth.lvef, LVEF_LOW, EF_MARGIN)


def _rv_dysfunction(truth: Truth) -> Answer:
    return below(truth.rvef, RVEF_LOW, EF_MARGIN)


def _lv_dilation(truth: Truth) -> Answer:
    return above(_lv_ratio(truth), 1.0, SIZE_MARGIN)


def _rv_dilation(truth: Truth) -> Answer:
    return above(_rv_ratio(truth), 1.0, SIZE_MARGIN)


def _hypertrophy(truth: Truth) -> Answer:
    return above(max(truth.wall_mm), WALL_HYPERTROPHY_MM, WALL_MARGIN_MM)


def _regional(truth: Truth) -> Answer:
    return "regional_wall_motion_abnormality" in truth.findings


def _pattern(name: str) -> Callable[[Truth], Answer]:
    def fact(truth: Truth) -> Answer:
        thick = _hypertrophy(truth)
        if not thick:
            return thick
        pattern = grading.hypertrophy_pattern(truth)
        return True if pattern == name else None if pattern == "focal" else False

    return fact


def _territory(name: str) -> Callable[[Truth], Answer]:
    return lambda truth: truth.territory == name


def _wall(name: str) -> Callable[[Truth], Answer]:
    """Whether the motion of a wall is abnormal: most of it, some (None), nothing."""

    def fact(truth: Truth) -> Answer:
        abnormal = set(grading.abnormal_segments(truth))
        hit = len(abnormal & set(grading.WALLS[name])) / len(grading.WALLS[name])
        return True if hit >= 0.5 else None if hit > 0 else False

    return fact


def _motion(name: str) -> Callable[[Truth], Answer]:
    return lambda truth: truth.territory is not None and name in truth.motion


def _global_hypokinesia(truth: Truth) -> Answer:
    if truth.lvef >= LVEF_LOW + EF_MARGIN:
        return False
    return True if truth.lvef < 40 and truth.territory is None else None


def _wall_motion(truth: Truth) -> Answer:
    """As people say it without "regional": a globally weak ventricle is neither."""
    if _regional(truth):
        return True
    return False if truth.lvef > LVEF_LOW + EF_MARGIN else None


def _lv_unremarkable(truth: Truth) -> Answer:
    wrong = (_lv_dilation(truth), _lv_dysfunction(truth), _hypertrophy(truth), _regional(truth))
    return not_(any_of(*wrong, truth.territory is not None, truth.septal_flattening))


def _abnormal_rv(truth: Truth) -> Answer:
    """Large and weak; either alone is a matter of opinion."""
    large, weak = _rv_dilation(truth), _rv_dysfunction(truth)
    return large if large == weak else None


def _right_heart_disease(truth: Truth) -> Answer:
    if truth.diagnosis == "rv":
        return True
    quiet = _rv_dilation(truth) is False and _rv_dysfunction(truth) is False
    return False if quiet and not truth.septal_flattening else None


def _normal(found: dict[str, Answer], visible: set[str]) -> Answer:
    """No if anything abnormal shows; what was not imaged makes no study abnormal."""
    base = [found[key] for key in _ABNORMAL if key in visible]
    return False if True in base else None if None in base else True


_VENTRICLES: dict[str, Callable[[Truth], Answer]] = {
    "lv_systolic_dysfunction": _lv_dysfunction,
    "severe_lv_systolic_dysfunction": lambda t: below(t.lvef, LVEF_SEVERE, EF_MARGIN),
    "rv_systolic_dysfunction": _rv_dysfunction,
    "lv_dilation": _lv_dilation,
    "rv_dilation": _rv_dilation,
    "lv_hypertrophy": _hypertrophy,
    "regional_wall_motion_abnormality": _regional,
    "dilated_cardiomyopathy": lambda t: t.diagnosis == "dcm",
    "hypertrophic_cardiomyopathy": lambda t: t.diagnosis == "hcm",
    "prior_infarct": lambda t: t.territory is not None,
    "abnormal_right_ventricle": _abnormal_rv,
    "mild_lv_dysfunction": lambda t: within(t.lvef, 41, LVEF_LOW, 1.0),
    "moderate_lv_dysfunction": lambda t: within(t.lvef, LVEF_SEVERE, 41, 1.5),
    "hyperdynamic_lv": lambda t: above(t.lvef, 70, 3.0),
    "severe_rv_dysfunction": lambda t: below(t.rvef, 25, EF_MARGIN),
    "mild_rv_dysfunction": lambda t: within(t.rvef, 35, RVEF_LOW, 1.5),
    "mild_lv_dilation": lambda t: within(_lv_ratio(t), 1.0, 1.2, SIZE_MARGIN),
    "severe_lv_dilation": lambda t: above(_lv_ratio(t), 1.35, SIZE_MARGIN),
    "mild_rv_dilation": lambda t: within(_rv_ratio(t), 1.0, 1.2, SIZE_MARGIN),
    "severe_rv_dilation": lambda t: above(_rv_ratio(t), 1.35, SIZE_MARGIN),
    "small_lv": lambda t: below(_lv_ratio(t), 0.57, 0.04),
    "biventricular_dilation": lambda t: all_of(_lv_dilation(t), _rv_dilation(t)),
    "biventricular_dysfunction": lambda t: all_of(_lv_dysfunction(t), _rv_dysfunction(t)),
    "dilated_poor_lv": lambda t: all_of(_lv_dilation(t), _lv_dysfunction(t)),
    "lv_normal": lambda t: all_of(not_(_lv_dilation(t)), not_(_lv_dysfunction(t))),
    "lv_unremarkable": _lv_unremarkable,
    "rv_normal": lambda t: all_of(not_(_rv_dilation(t)), not_(_rv_dysfunction(t))),
    "big_heart": lambda t: any_of(_lv_dilation(t), _rv_dilation(t)),
    "wall_motion_abnormality": _wall_motion,
    "global_hypokinesia": _global_hypokinesia,
    "right_heart_disease": _right_heart_disease,
    "septal_flattening": lambda t: t.septal_flattening,
    "severe_hypertrophy": lambda t: above(max(t.wall_mm), 18, 1.5),
    "mild_hypertrophy": lambda t: within(max(t.wall_mm), WALL_HYPERTROPHY_MM, 15, 0.5),
    "septal_hypertrophy": _pattern("septal"),
    "thick_septum": lambda t: above(
        grading.wall_max(t, grading.SEPTAL), WALL_HYPERTROPHY_MM, WALL_MARGIN_MM
    ),
    "apical_hypertrophy": _pattern("apical"),
    "concentric_hypertrophy": _pattern("concentric"),
    "akinesia": _motion("akinetic"),
    "dyskinesia": _motion("dyskinetic"),
    "infarct_thinning": grading.infarct_thinned,
    "lad_infarct": _territory("LAD"),
    "rca_infarct": _territory("RCA"),
    "lcx_infarct": _territory("LCX"),
    "anterior_motion": _wall("anterior"),
    "septal_motion": _wall("septal"),
    "inferior_motion": _wall("inferior"),
    "lateral_motion": _wall("lateral"),
    "apical_motion": _wall("apical"),
}
# Fact -> how it is judged and what has to be imaged for that, at least one of several.
_FACTS = {key: (fact, (CINE_SAX,)) for key, fact in _VENTRICLES.items()} | TISSUE_FACTS
KEYS = (*_FACTS, "normal_study")
# What keeps a study from being normal: every other condition, and these.
_ABNORMAL = (
    *(key for key in CONDITIONS if key in _FACTS),
    "septal_flattening",
    "rv_hypertrophy",
    "thick_atrial_septum",
)
