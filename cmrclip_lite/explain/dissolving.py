"""Clips with their structures dissolved, and what a model makes of any clips."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import normalize

if TYPE_CHECKING:
    from ..model import CMRCLIP

# Deviation of the blur that dissolves structures, as a share of the picture's side: 16 mm in the
# bundled layout.
BLUR = 0.1
BATCH = 4  # clips encoded at once; one may take a gigabyte


def dissolve(clip: Tensor) -> Tensor:
    """`(..., H, W)` with structures dissolved into their surroundings."""
    return smooth(clip, BLUR)


def smooth(pictures: Tensor, deviation: float) -> Tensor:
    """Gaussian blur of `(..., H, W)` pictures, mirrored at the rim, that keeps each one's sum.

    Args:
        deviation: as a share of the picture's side; 0 leaves them as they are.
    """
    if deviation == 0:
        return pictures
    down, across = (_blur_matrix(n, deviation * n).to(pictures) for n in pictures.shape[-2:])
    return down @ pictures @ across.T


def similarities(
    model: CMRCLIP, clips: Iterable[Tensor], queries: Tensor, readings: int = 1
) -> Tensor:
    """`(N, Q)` of N clips `(F, 3, H, W)` to queries `(Q, D)`, on the CPU."""
    return embeddings(model, clips, readings) @ queries.T


@torch.no_grad()
def embeddings(model: CMRCLIP, clips: Iterable[Tensor], readings: int = 1) -> Tensor:
    """`(N, D)` float32 of N clips `(F, 3, H, W)`, on the CPU.

    Args:
        readings: that each clip holds; one that is as in the clip before is not encoded again.
    """
    if readings > 1:
        return _by_reading(model, clips, readings)
    waiting, done = iter(clips), []
    while part := list(islice(waiting, BATCH)):
        done.append(model.encode_clip(torch.stack(part)).float().cpu())
    return torch.cat(done)


def _by_reading(model: CMRCLIP, clips: Iterable[Tensor], readings: int) -> Tensor:
    """The same as `model.encode_clip` gives of whole clips: the mean of their readings."""
    parts: list[Tensor] = []
    rows: list[list[int]] = []  # of each clip, which of the parts are its own
    for clip in clips:
        row = []
        for i, part in enumerate(clip.unflatten(0, (readings, -1))):
            if rows and torch.equal(part, parts[rows[-1][i]]):
                row.append(rows[-1][i])
            else:
                row.append(len(parts))
                parts.append(part)
        rows.append(row)
    found = [
        model.encode_clip(torch.stack(parts[first : first + BATCH]), normalize=False).float().cpu()
        for first in range(0, len(parts), BATCH)
    ]
    return normalize(torch.cat(found)[torch.tensor(rows)].mean(1), dim=-1)


def _blur_matrix(length: int, deviation: float) -> Tensor:
    """`(length, length)` whose rows and columns each add up to 1."""
    reach = int(np.ceil(4 * deviation))
    steps = np.arange(-reach, reach + 1)
    weights = np.exp(-(steps**2) / (2 * deviation**2))
    weights /= weights.sum()
    # Mirrored at the rim: 2 1 0 0 1 2 ... n-1 n-1 n-2.
    at = (np.arange(length)[:, None] + steps) % (2 * length)
    at = np.minimum(at, 2 * length - 1 - at)
    matrix = np.zeros((length, length))
    np.add.at(matrix, (np.arange(length)[:, None], at), weights)
    return torch.from_numpy(matrix).float()
