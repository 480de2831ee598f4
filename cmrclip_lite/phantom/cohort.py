"""Who is in the synthetic cohort: sizes and function drawn from published ranges.

A group is drawn first (`diseases`), then its scar (`scar`), then what goes with it (`company`).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .company import with_company
from .diseases import GROUPS
from .scar import draw_scar
from .truth import Truth

DIAGNOSES = tuple(GROUPS)
_SHARES = (0.17, 0.14, 0.15, 0.18, 0.14, 0.06, 0.06, 0.10)


def draw_truth(rng: np.random.Generator, diagnosis: str | None = None) -> Truth:
    """One patient of the cohort.

    Args:
        rng: source of randomness.
        diagnosis: one of `DIAGNOSES`; drawn too when None.

    Raises:
        ValueError: for another diagnosis.
    """
    if diagnosis is None:
        diagnosis = str(rng.choice(DIAGNOSES, p=_SHARES))
    if diagnosis not in DIAGNOSES:
        raise ValueError(f"diagnosis must be one of {', '.join(DIAGNOSES)}, not {diagnosis!r}.")
    truth = GROUPS[diagnosis](rng)
    if truth.lge_pattern is None:
        pattern, lge = draw_scar(diagnosis, truth.wall_mm, rng)
        truth = replace(truth, lge_pattern=pattern, lge=lge)
    whole = with_company(truth, rng)
    while diagnosis == "other" and "normal_study" in whole.findings:
        whole = with_company(truth, rng)
    return whole
