"""Patients of the synthetic cohort, without their images, for the tests of everything textual."""

from __future__ import annotations

import numpy as np

from cmrclip_lite.phantom.cohort import DIAGNOSES, draw_truth
from cmrclip_lite.phantom.truth import Truth

__all__ = ["DIAGNOSES", "draw_truth", "random_truths"]


def random_truths(seed: int, n: int) -> list[Truth]:
    """`n` patients, every diagnosis in turn."""
    rng = np.random.default_rng(seed)
    return [draw_truth(rng, DIAGNOSES[i % len(DIAGNOSES)]) for i in range(n)]
