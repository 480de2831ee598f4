"""The synthetic cohort: hearts drawn from published ranges, made to beat, and imaged."""

from __future__ import annotations

from .cohort import DIAGNOSES, draw_truth
from .dicom import write_dicom
from .exam import PhantomCase, make_case
from .fastpath import TrainingLabels, training_labels
from .make import make_cohort
from .nifti import write_nifti
from .paint import paint_random
from .truth import Truth

__all__ = [
    "DIAGNOSES",
    "PhantomCase",
    "TrainingLabels",
    "Truth",
    "draw_truth",
    "make_case",
    "make_cohort",
    "paint_random",
    "training_labels",
    "write_dicom",
    "write_nifti",
]
