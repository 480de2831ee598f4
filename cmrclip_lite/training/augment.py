"""What varies each time a case is seen: which phases, where the crop lies, how it is painted."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from ..heart import normalise
from ..phantom import paint_random
from ..phantom.tissue import LV_CAVITY, RV_CAVITY, Tissue
from .cases import Cases

# How far the crop's centre misses the heart's, in pixels of 2 mm: as the search from motion does
# on real studies (median 10 mm).
MISS_PIXELS = 4.0
# How often a study has so many phases. Two are an ED and ES pair, as challenge data often has.
PHASES = {2: 0.4, 3: 0.15, 4: 0.25, 6: 0.2}


SEEN = (LV_CAVITY, (Tissue.LV_MUSCLE,), RV_CAVITY)


def draw_batch(cases: Cases, index: np.ndarray, size: int, rng: np.random.Generator) -> Tensor:
    """The clips of some cases, `(B, F, 3, size, size)`; F is drawn, one for the batch."""
    frames = int(rng.choice(list(PHASES), p=list(PHASES.values())))
    labels = np.stack([_draw_labels(cases, i, frames, size, rng) for i in index])
    generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
    tissues = torch.from_numpy(labels)
    clips = paint_random(tissues, generator)
    for i in np.flatnonzero(rng.random(len(index)) < 0.1):  # one slice stands for all levels
        level = [int(rng.integers(3))] * 3
        clips[i], tissues[i] = clips[i][:, level], tissues[i][:, level]
    return normalise(clips), tissues


def tissue_shares(tissues: Tensor, patch: int) -> Tensor:
    """How much of each patch is LV cavity, LV muscle and RV cavity, at each level.

    Args:
        tissues: `(B, F, 3, H, W)` uint8.
        patch: side of a patch in pixels.

    Returns:
        `(B, F * n, 9)` float32, 0 to 1; patches in the order of the encoder's tokens.
    """
    planes = torch.stack([sum(tissues == t for t in group) for group in SEEN], dim=3).float()
    shares = avg_pool2d(planes.flatten(0, 1).flatten(1, 2), patch)
    return shares.flatten(2).transpose(1, 2).unflatten(0, tissues.shape[:2]).flatten(1, 2)


def _draw_labels(
    cases: Cases, i: int, frames: int, size: int, rng: np.random.Generator
) -> np.ndarray:
    """`(frames, 3, size, size)` uint8: phases and crop of one case."""
    labels = cases.labels[i]
    phases = len(labels)
    if frames == 2:
        chosen = list(cases.extremes[i])
    else:
        start = rng.integers(phases)
        chosen = [(start + k * phases // frames) % phases for k in range(frames)]
    slack = labels.shape[2] - size
    top, left = np.clip(np.round(slack / 2 + rng.normal(0, MISS_PIXELS, 2)), 0, slack).astype(int)
    crop = labels[chosen, :, top : top + size, left : left + size]
    if rng.random() < 0.1:  # a stack in the other order, where the geometry was lost
        crop = crop[:, ::-1]
    if rng.random() < 0.3:  # scanned or stored with rows and columns turned
        crop = np.rot90(crop, k=int(rng.integers(1, 4)), axes=(2, 3))
    return np.ascontiguousarray(crop)
