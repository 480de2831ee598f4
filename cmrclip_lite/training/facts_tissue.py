"""What can be said beyond the ventricles' size and motion: scar, atria, aorta, fluid, thrombus.

As in `facts`, None is "too close to call"; whether a part was imaged at all is seen to there.
"""

from __future__ import annotations

from collections.abc import Callable

from ..phantom import grading
from ..phantom.truth import (
    AORTA_HIGH_MM,
    CINE_LAX,
    CINE_SAX,
    ISCHAEMIC_LVEF,
    LAVI_HIGH,
    LGE,
    LVEF_LOW,
    PERICARDIAL_EFFUSION_MM,
    PLEURAL_EFFUSION_MM,
    RAVI_HIGH,
    Truth,
)
from .three_valued import Answer, above, all_of, below, not_, within

EF_MARGIN = 2.0
AORTA_MARGIN_MM = 1.0
ISCHAEMIC = ("subendocardial", "transmural")
NONISCHAEMIC = ("mid-wall", "epicardial", "diffuse", "patchy")
# Two patterns of which a reader may call one the other.
_ALIKE = {
    "subendocardial": ("transmural", "diffuse"),
    "mid-wall": ("patchy",),
    "patchy": ("mid-wall",),
    "diffuse": ("subendocardial",),
}
_WALL_SHARE = 0.4  # of a wall's segments that enhance, to say that the wall does


def _lge(truth: Truth) -> Answer:
    return truth.lge_pattern is not None


def _pattern(name: str) -> Callable[[Truth], Answer]:
    def fact(truth: Truth) -> Answer:
        if truth.lge_pattern in _ALIKE.get(name, ()):
            return None
        return truth.lge_pattern == name

    return fact


def _one_of(names: tuple[str, ...]) -> Callable[[Truth], Answer]:
    return lambda truth: truth.lge_pattern in names


def _lge_in(name: str) -> Callable[[Truth], Answer]:
    """Whether a wall enhances: much of it, some (None), nothing."""

    def fact(truth: Truth) -> Answer:
        if truth.lge_pattern is None:
            return False
        segments = grading.WALLS[name]
        hit = sum(truth.lge[s - 1] > 0 for s in segments) / len(segments)
        return True if hit >= _WALL_SHARE else None if hit > 0 else False

    return fact


def _extensive(truth: Truth) -> Answer:
    hit = sum(share > 0 for share in truth.lge)
    return True if hit >= 6 else False if hit <= 3 else None


def _viable(truth: Truth) -> Answer:
    """An infarct through less than half of the wall (Kim et al., N Engl J Med 343:1445, 2000)."""
    if truth.lge_pattern not in ISCHAEMIC:
        return False
    deepest = max(truth.lge)
    return True if deepest < 0.5 else False if deepest > 0.75 else None


def _nonviable(truth: Truth) -> Answer:
    if truth.lge_pattern not in ISCHAEMIC:
        return False
    return not_(_viable(truth))


def _ischaemic_cm(truth: Truth) -> Answer:
    if truth.territory is None:
        return False
    return below(truth.lvef, ISCHAEMIC_LVEF, EF_MARGIN)


def _nonischaemic_cm(truth: Truth) -> Answer:
    """Any other weak ventricle without an infarct may be one; a short study does not tell."""
    if truth.diagnosis == "dcm":
        return True
    weak = truth.lvef < LVEF_LOW + EF_MARGIN
    return None if weak and truth.territory is None else False


def _la(truth: Truth) -> Answer:
    return above(truth.lavi, LAVI_HIGH, 3.0)


def _ra(truth: Truth) -> Answer:
    return above(truth.ravi, RAVI_HIGH, 4.0)


def _aorta(*names: str) -> Callable[[Truth], Answer]:
    return lambda t: above(
        max(getattr(t, name) for name in names), AORTA_HIGH_MM[t.sex], AORTA_MARGIN_MM
    )


def _thick_rv(truth: Truth) -> Answer:
    return above(truth.rv_wall_mm, grading.RV_WALL_MM, 0.6)


def _thick_both(truth: Truth) -> Answer:
    return all_of(above(max(truth.wall_mm), 13.0, 0.5), _thick_rv(truth))


# What an exam must hold, at least one of these, for a fact to show. Fluid shows on anything.
_ENHANCED, _LONG_AXIS, _APEX = (LGE,), (CINE_LAX,), (CINE_LAX, LGE)
_ANY = (CINE_SAX, CINE_LAX, LGE)

_LGE_FACTS: dict[str, Callable[[Truth], Answer]] = {
    "late_gadolinium_enhancement": _lge,
    "myocarditis": lambda t: t.diagnosis == "myocarditis",
    "subendocardial_lge": _pattern("subendocardial"),
    "transmural_lge": _pattern("transmural"),
    "midwall_lge": _pattern("mid-wall"),
    "epicardial_lge": _pattern("epicardial"),
    "diffuse_lge": _pattern("diffuse"),
    "patchy_lge": _pattern("patchy"),
    "ischaemic_lge": _one_of(ISCHAEMIC),
    "nonischaemic_lge": _one_of(NONISCHAEMIC),
    "extensive_lge": _extensive,
    "viable_infarct": _viable,
    "nonviable_myocardium": _nonviable,
} | {f"{name}_lge": _lge_in(name) for name in grading.WALLS}
_LONG_AXIS_FACTS: dict[str, Callable[[Truth], Answer]] = {
    "left_atrial_enlargement": _la,
    "right_atrial_enlargement": _ra,
    "biatrial_enlargement": lambda t: all_of(_la(t), _ra(t)),
    "severe_la_enlargement": lambda t: above(t.lavi, 84.0, 5.0),
    "severe_ra_enlargement": lambda t: above(t.ravi, 125.0, 6.0),
    "aortic_dilation": _aorta("aortic_root_mm", "ascending_aorta_mm"),
    "aortic_root_dilation": _aorta("aortic_root_mm"),
    "ascending_aortic_dilation": _aorta("ascending_aorta_mm"),
    "marked_aortic_dilation": lambda t: above(t.aorta_mm, 50.0, 1.5),
    "thick_atrial_septum": lambda t: above(t.atrial_septum_mm, grading.ATRIAL_SEPTUM_MM, 0.6),
}
_FLUID_FACTS: dict[str, Callable[[Truth], Answer]] = {
    "pericardial_effusion": lambda t: above(
        t.pericardial_effusion_mm, PERICARDIAL_EFFUSION_MM, 1.0
    ),
    "small_pericardial_effusion": lambda t: within(t.pericardial_effusion_mm, 5, 10, 1.0),
    "moderate_pericardial_effusion": lambda t: within(t.pericardial_effusion_mm, 10, 20, 1.0),
    "large_pericardial_effusion": lambda t: above(t.pericardial_effusion_mm, 20, 1.5),
    "pleural_effusion": lambda t: above(t.pleural_effusion_mm, PLEURAL_EFFUSION_MM, 2.0),
    "large_pleural_effusion": lambda t: above(t.pleural_effusion_mm, 30, 4.0),
}
_SHORT_AXIS_FACTS: dict[str, Callable[[Truth], Answer]] = {
    "ischaemic_cardiomyopathy": _ischaemic_cm,
    "nonischaemic_cardiomyopathy": _nonischaemic_cm,
    "cardiac_amyloidosis": lambda t: t.diagnosis == "amyloid",
    "rv_hypertrophy": _thick_rv,
    "biventricular_thickening": _thick_both,
}
_THROMBUS_FACTS: dict[str, Callable[[Truth], Answer]] = {
    "lv_thrombus": lambda t: t.thrombus_mm > 0,
}

# Fact -> how it is judged and what has to be imaged for that.
TISSUE_FACTS: dict[str, tuple[Callable[[Truth], Answer], tuple[str, ...]]] = {
    key: (fact, views)
    for facts, views in (
        (_SHORT_AXIS_FACTS, (CINE_SAX,)),
        (_LGE_FACTS, _ENHANCED),
        (_LONG_AXIS_FACTS, _LONG_AXIS),
        (_FLUID_FACTS, _ANY),
        (_THROMBUS_FACTS, _APEX),
    )
    for key, fact in facts.items()
}
