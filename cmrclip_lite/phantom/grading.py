"""Grades of what is measured, and where it lies: the steps between a number and a word.

The limits of normal are those of `truth`. Grades above them:

- LVEF: 41-51 % mildly, 30-40 % moderately, under 30 % severely reduced in men (Lang et al., J Am
  Soc Echocardiogr 28:1, 2015, table 2), here from 50 % down and for both sexes.
- LV volume: in the same table the indexed end-diastolic volume is moderately increased from 1.2
  and severely from 1.35 times the upper limit; these ratios are applied to the limits of CMR.
- RV volume and RVEF: no grades are agreed; the ratios of the LV, and 35 and 25 %, are ours.
- Wall: mild under 14 mm, moderate 14 to 16 mm, severe from 17 mm (the same paper, men).
"""

from __future__ import annotations

import numpy as np

from .truth import (
    AORTA_HIGH_MM,
    LAVI_HIGH,
    LVEDVI_HIGH,
    LVEF_LOW,
    LVEF_SEVERE,
    RAVI_HIGH,
    RVEDVI_HIGH,
    RVEF_LOW,
    WALL_HYPERTROPHY_MM,
    Truth,
)

# Our choices: no limits are agreed. A normal atrial septum is about 2 mm, an RV wall under 5 mm.
ATRIAL_SEPTUM_MM = 3.7
RV_WALL_MM = 4.7

GRADES = ("normal", "mild", "moderate", "severe")

# AHA segments 1 to 16 (Cerqueira et al., Circulation 105:539, 2002).
SEGMENT_NAMES = (
    "basal anterior", "basal anteroseptal", "basal inferoseptal", "basal inferior",
    "basal inferolateral", "basal anterolateral", "mid anterior", "mid anteroseptal",
    "mid inferoseptal", "mid inferior", "mid inferolateral", "mid anterolateral",
    "apical anterior", "apical septal", "apical inferior", "apical lateral",
)  # fmt: skip
SEPTAL = (2, 3, 8, 9, 14)
LATERAL = (5, 6, 11, 12, 16)
APICAL = (13, 14, 15, 16)
WALLS = {
    "anterior": (1, 7, 13),
    "septal": SEPTAL,
    "inferior": (4, 10, 15),
    "lateral": LATERAL,
    "apical": APICAL,
}


def lvef_grade(truth: Truth) -> str:
    """How far LV systolic function is reduced, one of `GRADES`."""
    return _falling(truth.lvef, LVEF_LOW, 41.0, LVEF_SEVERE)


def rvef_grade(truth: Truth) -> str:
    """How far RV systolic function is reduced, one of `GRADES`."""
    return _falling(truth.rvef, RVEF_LOW, 35.0, 25.0)


def lv_size_grade(truth: Truth) -> str:
    """How far the LV is dilated, one of `GRADES`."""
    return _rising(truth.lvedvi / LVEDVI_HIGH[truth.sex], 1.2, 1.35)


def rv_size_grade(truth: Truth) -> str:
    """How far the RV is dilated, one of `GRADES`."""
    return _rising(truth.rvedvi / RVEDVI_HIGH[truth.sex], 1.2, 1.35)


def atria_grade(truth: Truth) -> str:
    """How far the larger atrium is enlarged against its limit, one of `GRADES`; ratios ours."""
    return _rising(max(truth.lavi / LAVI_HIGH, truth.ravi / RAVI_HIGH), 1.25, 1.5)


def aorta_dilated(truth: Truth) -> tuple[bool, bool]:
    """Whether the aortic root and the ascending aorta are wider than normal."""
    high = AORTA_HIGH_MM[truth.sex]
    return truth.aortic_root_mm > high, truth.ascending_aorta_mm > high


def atrial_septum_thick(truth: Truth) -> bool:
    """Whether the wall between the atria is thicker than in health (limit ours)."""
    return truth.atrial_septum_mm > ATRIAL_SEPTUM_MM


def rv_thick(truth: Truth) -> bool:
    """Whether the RV free wall is thicker than in health (limit ours, near the usual 5 mm)."""
    return truth.rv_wall_mm > RV_WALL_MM


def wall_grade(truth: Truth) -> str:
    """How thick the thickest segment is, one of `GRADES`."""
    thickest = max(truth.wall_mm)
    if thickest < WALL_HYPERTROPHY_MM:
        return "normal"
    return "mild" if thickest < 14.0 else "moderate" if thickest < 17.0 else "severe"


def hypertrophy_pattern(truth: Truth) -> str:
    """Where a hypertrophied LV is thick: "septal", "apical", "concentric", "focal" or "none".

    Asymmetric means at least 1.3 times the opposite wall (Henry et al., Circulation 47:225,
    1973); the same ratio is used for apex against the rest.
    """
    if max(truth.wall_mm) < WALL_HYPERTROPHY_MM:
        return "none"
    septum, lateral, apex = (wall_mean(truth, part) for part in (SEPTAL, LATERAL, APICAL))
    body = float(np.mean(truth.wall_mm[:12]))
    if apex >= 1.3 * body:
        return "apical"
    if wall_max(truth, SEPTAL) >= max(truth.wall_mm) - 1e-6 and septum >= 1.3 * lateral:
        return "septal"
    if max(truth.wall_mm[:12]) < 1.4 * min(truth.wall_mm[:12]):
        return "concentric"
    return "focal"


def wall_mean(truth: Truth, segments: tuple[int, ...]) -> float:
    """Mean end-diastolic thickness of AHA segments, mm."""
    return float(np.mean([truth.wall_mm[s - 1] for s in segments]))


def wall_max(truth: Truth, segments: tuple[int, ...]) -> float:
    """Largest end-diastolic thickness among AHA segments, mm."""
    return max(truth.wall_mm[s - 1] for s in segments)


def abnormal_segments(truth: Truth) -> tuple[int, ...]:
    """AHA segments whose motion is reduced through an infarct; none without a territory."""
    if truth.territory is None:
        return ()
    return tuple(i + 1 for i, motion in enumerate(truth.motion) if motion != "normal")


def worst_motion(truth: Truth) -> str:
    """The worst motion of any segment."""
    order = ("normal", "hypokinetic", "akinetic", "dyskinetic")
    return max(truth.motion, key=order.index)


def infarct_thinned(truth: Truth) -> bool | None:
    """Whether the infarcted segments are thinned, None where it is a matter of opinion.

    The mean of the infarcted segments against that of the rest: thinned under 0.75, not thinned
    over 0.9 (our choice: absolute limits depend on the sex and the level).
    """
    segments = abnormal_segments(truth)
    if not segments:
        return False
    remote = [w for i, w in enumerate(truth.wall_mm) if i + 1 not in segments]
    if not remote:
        return None
    ratio = wall_mean(truth, segments) / float(np.mean(remote))
    return True if ratio < 0.75 else False if ratio > 0.9 else None


def _falling(value: float, low: float, moderate: float, severe: float) -> str:
    if value >= low:
        return "normal"
    return "mild" if value >= moderate else "moderate" if value >= severe else "severe"


def _rising(ratio: float, moderate: float, severe: float) -> str:
    if ratio <= 1.0:
        return "normal"
    return "mild" if ratio < moderate else "moderate" if ratio < severe else "severe"
