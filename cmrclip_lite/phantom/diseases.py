"""The groups of the cohort: how each disease changes a healthy heart.

Class definitions of Bernard et al., IEEE TMI 37:2514 (2018), with the spread of severity that its
patients and clinical registries show, and the grey zone between them (preserved function after a
small infarct, one finding alone, large hearts of athletes), so that no single measurement tells
the groups apart.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .anatomy import SQUEEZE
from .health import NORMAL, SHAPE, below, healthy, rv_beside, with_sizes
from .scar import infarct_scar
from .truth import LVEDVI_HIGH, RVEDVI_HIGH, WALL_HYPERTROPHY_MM, Truth

# Segments by territory, the centre of the infarct first (Cerqueira et al. 2002).
_TERRITORY = {
    "LAD": (14, 13, 8, 7, 2, 1, 16, 15),
    "RCA": (4, 10, 3, 9, 15),
    "LCX": (5, 11, 6, 12, 16),
}


def _normal(rng: np.random.Generator) -> Truth:
    truth = healthy(rng)
    if rng.random() < 0.15:  # an athlete below every limit
        lvedv = LVEDVI_HIGH[truth.sex] * rng.uniform(0.88, 0.99) * truth.bsa_m2
        lvef = rng.uniform(51.5, 60)
        rvef = lvef - rng.uniform(0, 5)
        rvedv = min(lvedv * lvef / rvef, 0.99 * RVEDVI_HIGH[truth.sex] * truth.bsa_m2)
        walls = below(np.array(truth.wall_mm) * rng.uniform(1.05, 1.3))
        return with_sizes(truth, lvedv, lvef, rvedv, max(rvef, 46), walls)
    return truth


def _dilated(rng: np.random.Generator) -> Truth:
    truth = healthy(rng)
    lvedv = LVEDVI_HIGH[truth.sex] * (1.02 + rng.gamma(2.0, 0.17)) * truth.bsa_m2
    lvedv = min(lvedv, 480)
    lvef = float(np.clip(rng.normal(24, 9), 8, 46))
    involved = rng.random() < 0.45
    rvef = rng.uniform(16, 44) if involved else rng.uniform(45.5, 62)
    rvedv = rv_beside(truth, lvedv * lvef / 100 * rng.uniform(0.75, 1.0), rvef, rng)
    if not involved:
        rvedv = min(rvedv, 0.98 * RVEDVI_HIGH[truth.sex] * truth.bsa_m2)
    walls = below(np.array(truth.wall_mm) * rng.uniform(0.88, 1.3))
    motion = ["hypokinetic"] * 16
    return with_sizes(truth, lvedv, lvef, rvedv, rvef, walls, diagnosis="dcm", motion=tuple(motion))


def _hypertrophic(rng: np.random.Generator) -> Truth:
    truth = healthy(rng)
    walls = np.array(truth.wall_mm) * rng.uniform(1.0, 1.4)
    peak = float(np.clip(13.5 + rng.gamma(2.2, 2.6), 13.8, 33))
    kind = rng.choice(["septal", "septal", "septal", "concentric", "apical", "focal"])
    if kind == "septal":
        core, near = [2, 8], [1, 3, 7, 9, 14] if rng.random() < 0.7 else [3, 9]
        if rng.random() < 0.4:
            core = [2, 3, 8, 9]
    elif kind == "apical":
        core, near = [13, 14, 15, 16], [8, 9, 11]
    elif kind == "concentric":
        core, near = list(range(1, 13)), [13, 14, 15, 16]
    else:
        core = [int(rng.choice([1, 3, 6, 7, 9, 12]))]
        near = [s for s in (core[0] % 6 + 1, core[0] + 6) if s <= 12]
    share = rng.uniform(0.4, 0.8)
    for segment in near:
        walls[segment - 1] += max(peak - walls[segment - 1], 0) * share * rng.uniform(0.7, 1)
    for segment in core:
        walls[segment - 1] = peak * rng.uniform(0.85, 1.0)
    walls[core[0] - 1] = peak
    lvef = float(np.clip(rng.normal(67, 7), 51, 82))
    burnt_out = rng.random() < 0.06
    motion = ("normal",) * 16
    if burnt_out:
        lvef, motion = rng.uniform(28, 49), ("hypokinetic",) * 16
    lvedvi = float(np.clip(rng.normal(0.86, 0.17), 0.5, 1.25)) * NORMAL[truth.sex]["lvedvi"][0]
    lvedv = min(lvedvi, LVEDVI_HIGH[truth.sex] * 0.98) * truth.bsa_m2
    rvef = float(np.clip(rng.normal(60, 6), 46.5, 74))
    rvedv = min(
        rv_beside(truth, lvedv * lvef / 100, rvef, rng),
        0.98 * RVEDVI_HIGH[truth.sex] * truth.bsa_m2,
    )
    return with_sizes(truth, lvedv, lvef, rvedv, rvef, walls, diagnosis="hcm", motion=motion)


def _infarct(rng: np.random.Generator) -> Truth:
    truth = healthy(rng)
    territory = str(rng.choice(["LAD", "RCA", "LCX"], p=[0.52, 0.28, 0.2]))
    segments = _TERRITORY[territory]
    size = int(rng.integers(2 if rng.random() < 0.2 else 3, len(segments) + 1))
    motion = ["normal"] * 16
    walls = np.array(truth.wall_mm) * rng.uniform(0.95, 1.15)
    depth = rng.random()
    old = rng.random() < 0.75  # an old infarct is thin
    for rank, segment in enumerate(segments[:size]):
        core = rank < max(1, round(size * 0.7))
        motion[segment - 1] = "akinetic" if core and depth > 0.15 else "hypokinetic"
        if old:
            thin = rng.uniform(0.45, 0.75) if core else rng.uniform(0.7, 0.95)
            walls[segment - 1] = max(walls[segment - 1] * thin, 3.0)
    if depth > 0.8:
        for segment in segments[: rng.integers(1, min(4, size) + 1)]:
            motion[segment - 1] = "dyskinetic"
    severe = rng.random() < 0.4
    remote = rng.uniform(24, 48) if severe else float(np.clip(rng.normal(56, 6), 45, 68))
    if severe and remote < 40:
        motion = ["hypokinetic" if m == "normal" else m for m in motion]
    pull = np.array([SQUEEZE[m] for m in motion])
    # Ratio of radii and of lengths that give the remote muscle's EF; segments weigh alike.
    alpha = 1 - np.sqrt((1 - remote / 100) / 0.88)
    pull = pull / (0.5 if motion.count("normal") == 0 else 1)
    lvef = float(np.clip(100 * (1 - 0.9 * np.mean((1 - alpha * pull) ** 2)), 11, 62))
    swelling = np.clip(rng.normal(1.12, 0.12) + (0.35 if severe else 0.1) * rng.random(), 0.8, 1.9)
    lvedv = min(truth.lvedv_ml * swelling + 0.6 * max(45 - lvef, 0) * truth.bsa_m2, 420)
    pattern, lge = infarct_scar(tuple(motion), segments[:size], rng)
    rvef = rng.uniform(25, 44) if rng.random() < 0.18 else rng.uniform(45.5, 64)
    rvedv = min(
        rv_beside(truth, lvedv * lvef / 100, rvef, rng),
        0.99 * RVEDVI_HIGH[truth.sex] * truth.bsa_m2,
    )
    return with_sizes(
        truth,
        lvedv,
        lvef,
        rvedv,
        rvef,
        below(walls),
        diagnosis="infarct",
        motion=tuple(motion),
        territory=territory,
        lge_pattern=pattern,
        lge=lge,
    )


def _amyloid(rng: np.random.Generator) -> Truth:
    """Stiff, evenly thick walls around a cavity that is not large (Falk et al., JACC 68:1323)."""
    truth = healthy(rng)
    truth = replace(truth, age_years=int(np.clip(rng.normal(72, 9), 45, 90)))
    walls = rng.uniform(13.3, 20) / max(SHAPE) * (0.4 * SHAPE + 0.6) * rng.normal(1, 0.04, 16)
    walls[1] = max(walls[1], WALL_HYPERTROPHY_MM + 0.4)
    lvef = float(np.clip(rng.normal(50, 9), 26, 66))
    lvedv = min(
        truth.lvedv_ml * rng.uniform(0.7, 1.05), 0.95 * LVEDVI_HIGH[truth.sex] * truth.bsa_m2
    )
    rvef = float(np.clip(rng.normal(47, 9), 24, 62))
    rvedv = rv_beside(truth, lvedv * lvef / 100, rvef, rng)
    rvedv = min(rvedv, 0.98 * RVEDVI_HIGH[truth.sex] * truth.bsa_m2)
    motion = ("hypokinetic",) * 16 if lvef < 48 else ("normal",) * 16
    return with_sizes(truth, lvedv, lvef, rvedv, rvef, walls, diagnosis="amyloid", motion=motion)


def _myocarditis(rng: np.random.Generator) -> Truth:
    """Often a heart that looks normal until it enhances."""
    truth = healthy(rng)
    lvef, motion = truth.lvef, truth.motion
    if rng.random() < 0.4:
        lvef, motion = rng.uniform(35, 49), ("hypokinetic",) * 16
    lvedv = min(
        truth.lvedv_ml * rng.uniform(0.95, 1.2), 0.98 * LVEDVI_HIGH[truth.sex] * truth.bsa_m2
    )
    rvedv = min(rv_beside(truth, lvedv * lvef / 100, truth.rvef, rng), truth.rvedv_ml * 1.1)
    rvedv = min(rvedv, 0.98 * RVEDVI_HIGH[truth.sex] * truth.bsa_m2)
    walls = np.array(truth.wall_mm)
    return with_sizes(
        truth, lvedv, lvef, rvedv, truth.rvef, walls, diagnosis="myocarditis", motion=motion
    )


def _right(rng: np.random.Generator) -> Truth:
    truth = healthy(rng)
    if rng.random() < 0.5:  # many are young or small: large for them, not in ml
        small = rng.uniform(0.68, 0.95)
        truth = replace(
            truth,
            bsa_m2=round(max(truth.bsa_m2 * small, 1.15), 2),
            age_years=int(rng.integers(18, 50)),
            lvedv_ml=truth.lvedv_ml * small,
        )
    high = RVEDVI_HIGH[truth.sex]
    if rng.random() < 0.78:
        rvedv = high * min(1.01 + rng.gamma(1.5, 0.18), 2.1) * truth.bsa_m2
        rvef = float(np.clip(rng.normal(39, 10), 12, 60))
    else:  # weak without being large
        rvedv = high * rng.uniform(0.75, 0.99) * truth.bsa_m2
        rvef = rng.uniform(18, 39)
    lvef = float(np.clip(rng.normal(58, 6), 50.5, 72))
    if rng.random() < 0.12:
        lvef = rng.uniform(36, 49)
    lvedv = float(np.clip(truth.lvedv_ml * rng.normal(0.86, 0.18), 34 * truth.bsa_m2, None))
    lvedv = min(lvedv, rvedv * 0.95, 0.97 * LVEDVI_HIGH[truth.sex] * truth.bsa_m2)
    motion = ("hypokinetic",) * 16 if lvef < 45 else ("normal",) * 16
    return with_sizes(
        truth,
        lvedv,
        lvef,
        rvedv,
        rvef,
        below(np.array(truth.wall_mm) * rng.uniform(0.85, 1.1)),
        diagnosis="rv",
        motion=motion,
        septal_flattening=bool(rng.random() < 0.68),
    )


def _other(rng: np.random.Generator) -> Truth:
    """One or two findings without one of the diagnoses: the middle ground between the groups."""
    truth = healthy(rng)
    lvedv, lvef = truth.lvedv_ml, truth.lvef
    rvedv, rvef = truth.rvedv_ml, truth.rvef
    walls = np.array(truth.wall_mm)
    kind = rng.choice(["weak", "large", "thick", "weak rv", "large both", "company"])
    motion = truth.motion
    if kind == "weak":
        lvef, motion = rng.uniform(34, 49), ("hypokinetic",) * 16
        rvedv = min(rv_beside(truth, lvedv * lvef / 100, rvef, rng), rvedv)
    elif kind == "large":
        lvedv = LVEDVI_HIGH[truth.sex] * rng.uniform(1.02, 1.4) * truth.bsa_m2
    elif kind == "thick":  # as in hypertension: even, and less than in cardiomyopathy
        walls = rng.uniform(13.1, 15.5) / max(SHAPE) * SHAPE * rng.normal(1, 0.04, 16)
        walls[1] = max(walls[1], WALL_HYPERTROPHY_MM + 0.2)
    elif kind == "weak rv":
        rvef = rng.uniform(28, 44)
    elif kind == "large both":
        lvedv = LVEDVI_HIGH[truth.sex] * rng.uniform(1.02, 1.25) * truth.bsa_m2
        rvedv = RVEDVI_HIGH[truth.sex] * rng.uniform(1.02, 1.25) * truth.bsa_m2
        lvef, rvef = rng.uniform(51, 58), rng.uniform(46, 54)
    return with_sizes(truth, lvedv, lvef, rvedv, rvef, walls, diagnosis="other", motion=motion)


# How one patient of each group is drawn.
GROUPS = {
    "normal": _normal,
    "dcm": _dilated,
    "hcm": _hypertrophic,
    "infarct": _infarct,
    "rv": _right,
    "amyloid": _amyloid,
    "myocarditis": _myocarditis,
    "other": _other,
}
