"""Healthy adults, and how a truth is put together from volumes, function and walls.

Sizes follow Petersen et al., JCMR 19:18 (2017), wall thickness Kawel et al., Circ Cardiovasc
Imaging 5:500 (2012).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .truth import LVEDVI_HIGH, RVEDVI_HIGH, WALL_HYPERTROPHY_MM, Truth

# Mean and deviation by sex: indexed LV volume, LVEF, RVEF (Petersen 2017), wall (Kawel 2012).
NORMAL = {
    "M": {"lvedvi": (85, 16), "lvef": (58, 5), "rvef": (55, 5), "wall": (8.3, 1.1)},
    "F": {"lvedvi": (75, 12.5), "lvef": (61, 5), "rvef": (58, 5), "wall": (6.9, 1.0)},
}
# Thickness of each AHA segment against the mean wall.
SHAPE = np.array(
    [1.05, 1.12, 1.12, 1.05, 1.0, 1.0] + [0.95, 1.02, 1.02, 0.95, 0.9, 0.9] + [0.85] * 4
)


def healthy(rng: np.random.Generator) -> Truth:
    """A healthy adult, every size within its limits."""
    sex = "M" if rng.random() < 0.58 else "F"
    ranges = NORMAL[sex]
    bsa = float(
        np.clip(rng.normal(1.98, 0.19) if sex == "M" else rng.normal(1.75, 0.17), 1.35, 2.6)
    )
    age = int(np.clip(rng.normal(56, 16), 18, 88))
    lvef = float(np.clip(rng.normal(*ranges["lvef"]), 51.5, 72))
    rvef = float(np.clip(rng.normal(*ranges["rvef"]), 46.5, 70))
    for _ in range(50):
        lvedvi = rng.normal(*ranges["lvedvi"]) - 0.15 * (age - 50)
        rvedvi = lvedvi * lvef / rvef * rng.normal(1.05, 0.08)
        if 48 < lvedvi < LVEDVI_HIGH[sex] - 1 and 45 < rvedvi < RVEDVI_HIGH[sex] - 1:
            break
    else:
        lvedvi, rvedvi = ranges["lvedvi"][0], ranges["lvedvi"][0] * lvef / rvef
    wall = np.clip(rng.normal(*ranges["wall"]), 5.2, 11.0)
    walls = np.clip(wall * SHAPE * rng.normal(1, 0.06, 16), 4, 12.4)
    truth = Truth(
        diagnosis="normal",
        sex=sex,
        age_years=age,
        bsa_m2=round(bsa, 2),
        lvedv_ml=0,
        lvesv_ml=0,
        rvedv_ml=0,
        rvesv_ml=0,
        wall_mm=(),
        motion=("normal",) * 16,
        field_tesla=1.5 if rng.random() < 0.78 else 3.0,
    )
    return with_sizes(truth, lvedvi * bsa, lvef, rvedvi * bsa, rvef, walls)


def with_sizes(
    truth: Truth, lvedv: float, lvef: float, rvedv: float, rvef: float, walls: np.ndarray, **more
) -> Truth:
    """The same person with these volumes (ml), ejection fractions (per cent) and walls (mm)."""
    return replace(
        truth,
        lvedv_ml=round(float(lvedv), 1),
        lvesv_ml=round(float(lvedv * (1 - lvef / 100)), 1),
        rvedv_ml=round(float(rvedv), 1),
        rvesv_ml=round(float(rvedv * (1 - rvef / 100)), 1),
        wall_mm=tuple(round(float(w), 1) for w in walls),
        **more,
    )


def rv_beside(truth: Truth, lv_stroke: float, rvef: float, rng: np.random.Generator) -> float:
    """RV volume that gives about the same stroke volume, within what a body holds."""
    volume = lv_stroke * rng.normal(0.97, 0.08) / (rvef / 100)
    return float(np.clip(volume, 42 * truth.bsa_m2, 190 * truth.bsa_m2))


def below(walls: np.ndarray) -> np.ndarray:
    """Walls that are not hypertrophied."""
    return np.clip(walls, 3.0, WALL_HYPERTROPHY_MM - 0.4)
