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
    return torch.tensor([_global(truth) + _regional(truth) for truth in truths])


def statistics(truths: list[Truth]) -> tuple[Tensor, Tensor]:
    """Mean and deviation of each measure over a cohort, `(M,)` each."""
    rows = measure(truths)
    centre = rows.nanmean(0)
    spread = (rows - centre).square().nanmean(0).sqrt()
    return centre, spread.clamp(min=1e-3)


def weights() -> Tensor:
    """`(M,)` how much each measure counts.

    What one view out of several shows is learned from a few patches, and late if it counts as one
    among the many measures of the ventricles: a transformer given the true tissues that weighed
    the long axes and the clot ten times told LA, RA, aortic root and ascending aorta with
    correlations of 0.79, 0.66, 0.59 and 0.55 after 300 batches; one that weighed all alike with
    0.39, 0.30, 0.13 and 0.00, and told the ventricles no better.
    """
    both, long, late, clot = [1.0] * 14, [10.0] * 4, [3.0] * 4, [10.0]
    both[-2:] = 3.0, 10.0  # depth of pericardial and of pleural fluid
    return torch.tensor([*both, *long, *late, *clot, *[1.0] * (2 * SEGMENTS), *[2.0] * SEGMENTS])


def _global(truth: Truth) -> list[float]:
    long_axis, enhanced = CINE_LAX in truth.imaged, LGE in truth.imaged
    both = [
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
        math.sqrt(truth.pericardial_effusion_mm),
        math.sqrt(truth.pleural_effusion_mm),
    ]
    long = [truth.lavi, truth.ravi, truth.aortic_root_mm, truth.ascending_aorta_mm]
    late = [float(truth.lge_pattern == p) for p in ("mid-wall", "epicardial", "diffuse", "patchy")]
    clot = truth.thrombus_mm / 10
    return [
        *both,
        *(long if long_axis else [math.nan] * len(long)),
        *(late if enhanced else [math.nan] * len(late)),
        clot if long_axis or enhanced else math.nan,
    ]


def _regional(truth: Truth) -> list[float]:
    """Thickness, motion and enhancement of each segment."""
    motion = [SQUEEZE[m] for m in truth.motion]
    late = truth.lge or (0.0,) * SEGMENTS
    seen = late if LGE in truth.imaged else (math.nan,) * SEGMENTS
    return [*truth.wall_mm, *motion, *seen]
