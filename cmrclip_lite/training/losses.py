"""What training minimises: two terms that tie studies to words, and four that teach the eye."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy, smooth_l1_loss


def contrastive(video: Tensor, text: Tensor, scale: Tensor) -> Tensor:
    """Symmetric cross entropy over matching pairs (CLIP, Radford et al. 2021).

    `video` and `text` are unit vectors `(B, D)`, row i of one matching row i of the other;
    `scale` is the inverse temperature.
    """
    logits = scale * video @ text.T
    target = torch.arange(len(logits))
    return (cross_entropy(logits, target) + cross_entropy(logits.T, target)) / 2


def statements(video: Tensor, text: Tensor, holds: Tensor, scale: Tensor, bias: Tensor) -> Tensor:
    """Cross entropy of each statement being true of each study (SigLIP, Zhai et al. 2023).

    A statement is true of many studies, which the contrastive loss would push apart. `holds` is
    `(B, S)`: 1 true, 0 false, NaN too close to call (left out). True and false weigh the same for
    each statement, and a statement that is all true or all false in the batch is left out.
    """
    logits = scale * video @ text.T + bias
    known = ~holds.isnan()
    target = holds.nan_to_num()
    positive, negative = target * known, (1 - target) * known
    counts = positive.sum(0), negative.sum(0)
    usable = (counts[0] > 0) & (counts[1] > 0)
    weight = positive / counts[0].clamp(min=1) + negative / counts[1].clamp(min=1)
    loss = binary_cross_entropy_with_logits(logits, target, reduction="none")
    return (loss * weight)[:, usable].sum() / (2 * usable.sum()).clamp(min=1)


def measurements(predicted: Tensor, actual: Tensor, weights: Tensor) -> Tensor:
    """Error of the measurements read off the video features, `(B, M)` in standard deviations.

    NaN is what the views of a study do not show; it is left out. `weights` are `(M,)`.
    """
    known = ~actual.isnan()
    errors = smooth_l1_loss(predicted[known], actual[known], beta=0.5, reduction="none")
    counted = weights.expand_as(actual)[known]
    return (errors * counted).sum() / counted.sum()


def tissues(predicted: Tensor, shares: Tensor, weights: Tensor) -> Tensor:
    """Cross entropy of how much of each patch is each tissue.

    Args:
        predicted, shares: logits and shares `(..., K)`.
        weights: `(K,)` of each in the mean.
    """
    return binary_cross_entropy_with_logits(predicted, shares, weights)


def place(studies: Tensor, there: Tensor) -> Tensor:
    """One minus the cosine between where studies are put and where they belong; unit `(B, D)`."""
    return (1 - (studies * there).sum(1)).mean()


def likeness(patches: Tensor, given: Tensor) -> Tensor:
    """Squared error of tokens, both `(B, F, n, D)`, as a share of the given ones' variance."""
    return (patches - given).square().mean() / given.var().clamp(min=1e-6)
