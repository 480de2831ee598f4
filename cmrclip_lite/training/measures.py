"""What the video features are asked to measure while training: a row of numbers per heart.

Known of synthetic hearts only; the head that answers is thrown away after training.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ..phantom import grading
from ..phantom.anatomy import SQUEEZE
from ..phantom.truth import CINE_LAX, LGE, Truth

SEGMENTS = 16


def measure(truths: list[Truth]) -> Tensor:
    """`(B, M)` float32; NaN for what the views that an exam holds do not show."""
    return torch.tensor([[value for value, _ in _rows(truth)] for truth in truths])


def statistics(truths: list[Truth]) -> tuple[Tensor, Tensor, Tensor]:
    """Mean and deviation of each measure over a cohort, and how much it counts, `(M,)` each."""
    rows = measure(truths)
    centre = rows.nanmean(0)
    spread = (rows - centre).square().nanmean(0).sqrt()
    weights = torch.tensor([weight for _, weight in _rows(truths[0])])
    return centre, spread.clamp(min=1e-3), weights


# What one view out of several shows is learned from a few patches, and late if it counts as one
# among the many measures of the ventricles: a transformer given the true tissues that weighed the
# long axes and the clot ten times told LA, RA, aortic root and ascending aorta with correlations of
# 0.79, 0.66, 0.59 and 0.55 after 300 batches; one that weighed all alike with 0.39, 0.30, 0.13 and
# 0.00, and told the ventricles no better.
_FEW_PATCHES = 10.0


def _rows(truth: Truth) -> list[tuple[float, float]]:
    """Each measure of an exam, and how much it counts."""
    long_axis, enhanced = CINE_LAX in truth.imaged, LGE in truth.imaged

    def shown(value: float, by: bool) -> float:
        return value if by else math.nan

    ventricles = (
        truth.lvef,
        truth.rvef,
        truth.lvedv_ml,
        truth.lvesv_ml,
        truth.rvedv_ml,
        truth.rvesv_ml,
        truth.lvedvi,
        truth.rvedvi,
        max(truth.wall_mm),
        grading.wall_max(truth, grading.SEPTAL),
        truth.rv_wall_mm,
        float(truth.septal_flattening),
    )
    around = (truth.lavi, truth.ravi, truth.aortic_root_mm, truth.ascending_aorta_mm)
    late = (float(truth.lge_pattern == p) for p in ("mid-wall", "epicardial", "diffuse", "patchy"))
    segments = truth.lge or (0.0,) * SEGMENTS
    return [
        *((value, 1.0) for value in ventricles),
        (math.sqrt(truth.pericardial_effusion_mm), 3.0),
        (math.sqrt(truth.pleural_effusion_mm), _FEW_PATCHES),
        *((shown(value, long_axis), _FEW_PATCHES) for value in around),
        *((shown(value, enhanced), 3.0) for value in late),
        (shown(truth.thrombus_mm / 10, long_axis or enhanced), _FEW_PATCHES),
        *((value, 1.0) for value in truth.wall_mm),
        *((SQUEEZE[motion], 1.0) for motion in truth.motion),
        *((shown(value, enhanced), 2.0) for value in segments),
    ]
