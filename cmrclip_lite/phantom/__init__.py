"""The synthetic cohort: hearts drawn from published ranges, made to beat, and imaged."""

from __future__ import annotations

from .cohort import DIAGNOSES, draw_truth
from .fastpath import TrainingLabels, training_labels
from .paint import paint_random
from .truth import Truth

__all__ = [
    "DIAGNOSES",
    "TrainingLabels",
    "Truth",
    "draw_truth",
    "paint_random",
    "training_labels",
]
