"""What varies each time a case is seen: which phases, where the crop lies, how it is painted."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ..heart import normalise
from ..phantom import paint_random
from .cases import Cases

# How far the crop's centre misses the heart's, in pixels of 2 mm: as the search from motion does
# on real studies (median 10 mm).
MISS_PIXELS = 4.0
# How often a study has so many phases. Two are an ED and ES pair, as challenge data often has.
PHASES = {2: 0.4, 3: 0.15, 4: 0.25, 6: 0.2}


def draw_batch(cases: Cases, index: np.ndarray, size: int, rng: np.random.Generator) -> Tensor:
    """The clips of some cases, `(B, F, 3, size, size)`; F is drawn, one for the batch."""
    frames = int(rng.choice(list(PHASES), p=list(PHASES.values())))
    labels = np.stack([_draw_labels(cases, i, frames, size, rng) for i in index])
    generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
    clips = paint_random(torch.from_numpy(labels), generator)
    for clip in clips:
        if rng.random() < 0.1:  # a single slice stands for all three levels
            clip.copy_(clip[:, int(rng.integers(3))].unsqueeze(1).expand_as(clip).clone())
    return normalise(clips)


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
