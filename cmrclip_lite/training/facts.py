"""What can be said of a synthetic heart: yes, no, or too close to call.

A fact answers None within a margin of its limit, where two readers would differ; training neither
says such a thing nor counts it as wrong. Away from the limits, the facts named like a condition
agree with `Truth.findings`.
"""

from __future__ import annotations

from collections.abc import Callable

from ..phantom import grading
from ..phantom.truth import (
    LVEDVI_HIGH,
    LVEF_LOW,
    LVEF_SEVERE,
    RVEDVI_HIGH,
    RVEF_LOW,
    WALL_HYPERTROPHY_MM,
    Truth,
)

Answer = bool | None

EF_MARGIN = 2.0  # points; about the repeatability of CMR volumetry
SIZE_MARGIN = 0.03  # of the upper limit
WALL_MARGIN_MM = 0.5


def answers(truth: Truth) -> dict[str, Answer]:
    """Every fact of one case, by key."""
    found = {key: fact(truth) for key, fact in _FACTS.items()}
    found["normal_study"] = _normal(truth, found)
    return found


def values(truth: Truth) -> dict[str, float]:
    """Every measured number of one case, by key; ml, ml/m2, mm and per cent."""
    return {
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


def _below(value: float, limit: float, margin: float) -> Answer:
    return None if abs(value - limit) < margin else value < limit


def _above(value: float, limit: float, margin: float) -> Answer:
    return None if abs(value - limit) < margin else value > limit


def _within(value: float, low: float, high: float, margin: float) -> Answer:
    if min(abs(value - low), abs(value - high)) < margin:
        return None
    return low < value < high


def _all(*parts: Answer) -> Answer:
    """Yes if all are, no if one is not."""
    return False if False in parts else None if None in parts else True


def _not(part: Answer) -> Answer:
    return None if part is None else not part


def _lv_ratio(truth: Truth) -> float:
    return truth.lvedvi / LVEDVI_HIGH[truth.sex]


def _rv_ratio(truth: Truth) -> float:
    return truth.rvedvi / RVEDVI_HIGH[truth.sex]


def _lv_dysfunction(truth: Truth) -> Answer:
    return _below(truth.lvef, LVEF_LOW, EF_MARGIN)


def _rv_dysfunction(truth: Truth) -> Answer:
    return _below(truth.rvef, RVEF_LOW, EF_MARGIN)


def _lv_dilation(truth: Truth) -> Answer:
    return _above(_lv_ratio(truth), 1.0, SIZE_MARGIN)


def _rv_dilation(truth: Truth) -> Answer:
    return _above(_rv_ratio(truth), 1.0, SIZE_MARGIN)


def _hypertrophy(truth: Truth) -> Answer:
    return _above(max(truth.wall_mm), WALL_HYPERTROPHY_MM, WALL_MARGIN_MM)


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


def _any(*parts: Answer) -> Answer:
    """Yes if one is, no if none is."""
    return True if True in parts else None if None in parts else False


def _lv_unremarkable(truth: Truth) -> Answer:
    wrong = (_lv_dilation(truth), _lv_dysfunction(truth), _hypertrophy(truth), _regional(truth))
    return _not(_any(*wrong, truth.territory is not None, truth.septal_flattening))


def _right_heart_disease(truth: Truth) -> Answer:
    if truth.diagnosis == "rv":
        return True
    quiet = _rv_dilation(truth) is False and _rv_dysfunction(truth) is False
    return False if quiet and not truth.septal_flattening else None


def _normal(truth: Truth, found: dict[str, Answer]) -> Answer:
    base = [found[key] for key in _BASE] + [truth.septal_flattening]
    return False if True in base else None if None in base else True


_BASE = (
    "lv_systolic_dysfunction",
    "rv_systolic_dysfunction",
    "lv_dilation",
    "rv_dilation",
    "lv_hypertrophy",
    "regional_wall_motion_abnormality",
    "dilated_cardiomyopathy",
    "hypertrophic_cardiomyopathy",
    "prior_infarct",
)

_FACTS: dict[str, Callable[[Truth], Answer]] = {
    "lv_systolic_dysfunction": _lv_dysfunction,
    "severe_lv_systolic_dysfunction": lambda t: _below(t.lvef, LVEF_SEVERE, EF_MARGIN),
    "rv_systolic_dysfunction": _rv_dysfunction,
    "lv_dilation": _lv_dilation,
    "rv_dilation": _rv_dilation,
    "lv_hypertrophy": _hypertrophy,
    "regional_wall_motion_abnormality": _regional,
    "dilated_cardiomyopathy": lambda t: t.diagnosis == "dcm",
    "hypertrophic_cardiomyopathy": lambda t: t.diagnosis == "hcm",
    "prior_infarct": lambda t: t.territory is not None,
    "mild_lv_dysfunction": lambda t: _within(t.lvef, 41, LVEF_LOW, 1.0),
    "moderate_lv_dysfunction": lambda t: _within(t.lvef, LVEF_SEVERE, 41, 1.5),
    "hyperdynamic_lv": lambda t: _above(t.lvef, 70, 3.0),
    "severe_rv_dysfunction": lambda t: _below(t.rvef, 25, EF_MARGIN),
    "mild_rv_dysfunction": lambda t: _within(t.rvef, 35, RVEF_LOW, 1.5),
    "mild_lv_dilation": lambda t: _within(_lv_ratio(t), 1.0, 1.2, SIZE_MARGIN),
    "severe_lv_dilation": lambda t: _above(_lv_ratio(t), 1.35, SIZE_MARGIN),
    "mild_rv_dilation": lambda t: _within(_rv_ratio(t), 1.0, 1.2, SIZE_MARGIN),
    "severe_rv_dilation": lambda t: _above(_rv_ratio(t), 1.35, SIZE_MARGIN),
    "small_lv": lambda t: _below(_lv_ratio(t), 0.57, 0.04),
    "biventricular_dilation": lambda t: _all(_lv_dilation(t), _rv_dilation(t)),
    "biventricular_dysfunction": lambda t: _all(_lv_dysfunction(t), _rv_dysfunction(t)),
    "dilated_poor_lv": lambda t: _all(_lv_dilation(t), _lv_dysfunction(t)),
    "lv_normal": lambda t: _all(_not(_lv_dilation(t)), _not(_lv_dysfunction(t))),
    "lv_unremarkable": _lv_unremarkable,
    "rv_normal": lambda t: _all(_not(_rv_dilation(t)), _not(_rv_dysfunction(t))),
    "big_heart": lambda t: _any(_lv_dilation(t), _rv_dilation(t)),
    "wall_motion_abnormality": _wall_motion,
    "global_hypokinesia": _global_hypokinesia,
    "right_heart_disease": _right_heart_disease,
    "septal_flattening": lambda t: t.septal_flattening,
    "severe_hypertrophy": lambda t: _above(max(t.wall_mm), 18, 1.5),
    "mild_hypertrophy": lambda t: _within(max(t.wall_mm), WALL_HYPERTROPHY_MM, 15, 0.5),
    "septal_hypertrophy": _pattern("septal"),
    "thick_septum": lambda t: _above(
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
KEYS = (*_FACTS, "normal_study")
