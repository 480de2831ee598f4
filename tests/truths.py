"""Random patients for the tests of everything textual, wider than the cohort that is rendered."""

from __future__ import annotations

import numpy as np

from cmrclip_lite.phantom.grading import SEPTAL
from cmrclip_lite.phantom.truth import LVEDVI_HIGH, RVEDVI_HIGH, Truth

DIAGNOSES = ("normal", "dcm", "hcm", "infarct", "rv")
TERRITORIES = {
    "LAD": (1, 2, 7, 8, 13, 14),
    "RCA": (3, 4, 9, 10, 15),
    "LCX": (5, 6, 11, 12, 16),
}


def random_truth(rng: np.random.Generator, diagnosis: str | None = None) -> Truth:
    """A patient of a diagnosis, borderline and odd ones included."""
    diagnosis = diagnosis or DIAGNOSES[rng.integers(5)]
    sex = "MF"[rng.integers(2)]
    lv, rv, lvef, rvef = rng.uniform(0.55, 1.02), rng.uniform(0.5, 1.02), 0.62, 0.58
    walls = rng.uniform(6, 9.5, 16)
    motion = ["normal"] * 16
    territory, flat = None, False
    if diagnosis == "dcm":
        lv, lvef, rvef = rng.uniform(1.05, 1.9), rng.uniform(0.12, 0.48), rng.uniform(0.2, 0.6)
        motion = ["hypokinetic"] * 16 if rng.random() < 0.5 else motion
    elif diagnosis == "hcm":
        lvef = rng.uniform(0.55, 0.8)
        part = (SEPTAL, (13, 14, 15, 16), tuple(range(1, 17)))[rng.integers(3)]
        for segment in part:
            walls[segment - 1] = rng.uniform(14, 17 if len(part) == 16 else 28)
    elif diagnosis == "infarct":
        lv, lvef = rng.uniform(0.7, 1.7), rng.uniform(0.15, 0.58)
        territory = list(TERRITORIES)[rng.integers(3)]
        for segment in TERRITORIES[territory]:
            walls[segment - 1] *= rng.uniform(0.45, 1.0)
            motion[segment - 1] = ("hypokinetic", "akinetic", "dyskinetic")[rng.integers(3)]
    elif diagnosis == "rv":
        rv, rvef, flat = rng.uniform(1.05, 2.0), rng.uniform(0.15, 0.55), bool(rng.random() < 0.6)
    if diagnosis not in ("dcm", "infarct", "hcm"):
        lvef = rng.uniform(0.49, 0.72)
    bsa = rng.uniform(1.4, 2.4)
    lvedv, rvedv = lv * LVEDVI_HIGH[sex] * bsa, rv * RVEDVI_HIGH[sex] * bsa
    return Truth(
        diagnosis=diagnosis,
        sex=sex,
        age_years=int(rng.integers(18, 90)),
        bsa_m2=float(bsa),
        lvedv_ml=float(lvedv),
        lvesv_ml=float(lvedv * (1 - lvef)),
        rvedv_ml=float(rvedv),
        rvesv_ml=float(rvedv * (1 - rvef)),
        wall_mm=tuple(float(w) for w in walls),
        motion=tuple(motion),
        territory=territory,
        septal_flattening=flat,
        field_tesla=float(rng.choice([1.5, 3.0])),
    )


def random_truths(seed: int, n: int) -> list[Truth]:
    """`n` patients, every diagnosis in turn."""
    rng = np.random.default_rng(seed)
    return [random_truth(rng, DIAGNOSES[i % 5]) for i in range(n)]
