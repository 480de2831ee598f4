"""Which places of a clip a similarity rests on: integrated gradients in scale.

A path from grey would not do: to a stem with group norm a twentieth of the contrast is the whole
picture. So the clip comes into focus instead. Nor would even steps do: a heart is recognised all at
once, so steps are as long as the embedding moves.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from .dissolving import BLUR, embeddings, smooth

if TYPE_CHECKING:
    from ..model import CMRCLIP

STEPS = 16
# Deviation of the blur that takes the grain out of a map: 4 mm in the bundled layout.
GRAIN = 0.025


def integrated_gradients(
    model: CMRCLIP, clip: Tensor, queries: Tensor, steps: int = STEPS
) -> Tensor:
    """`(Q, F, 3, H, W)` float32: how much each place adds while the clip comes into focus.

    Over each step of `_focus` the similarity's gradient in its middle is multiplied with the step.
    The sum is then smoothed within each picture, which keeps every picture's total.

    Args:
        clip: `(F, 3, H, W)`.
        queries: `(Q, D)`, whose dot products with an embedding are the similarities.

    Raises:
        ValueError: if there are no steps.
    """
    if steps < 1:
        raise ValueError(f"An integral takes at least one step, not {steps}.")
    queries = queries.to(model.device, model.dtype)
    total = clip.new_zeros(len(queries), *clip.shape)
    for before, after in pairwise(_focus(model, clip, steps)):
        middle = ((before + after) / 2).requires_grad_()
        with torch.enable_grad():
            asked = queries @ model.encode_clip(middle[None])[0]
        for of_one, similarity in zip(total, asked, strict=True):
            # Only the clip's gradient is asked for, so none is computed for the weights.
            (gradient,) = torch.autograd.grad(similarity, middle, retain_graph=True)
            of_one += gradient * (after - before)
    return smooth(total, GRAIN)


def _focus(model: CMRCLIP, clip: Tensor, steps: int) -> Iterator[Tensor]:
    """`steps + 1` clips from dissolved to sharp, between which the embedding moves equally far."""
    deviations = np.linspace(BLUR, 0, 2 * steps + 1)
    seen = embeddings(model, (smooth(clip, float(d)) for d in deviations))
    moved = (seen[1:] - seen[:-1]).norm(dim=1).double().numpy()
    # A little more everywhere: a model that sees no difference would have no path.
    way = np.concatenate([[0], np.cumsum(moved + 0.1 * moved.mean() + 1e-9)])
    even = np.interp(np.linspace(0, way[-1], steps + 1), way, deviations)
    return (smooth(clip, float(d)) for d in even)
