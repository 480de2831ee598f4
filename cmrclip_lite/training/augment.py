"""What varies each time a case is seen: which views, where the crop lies, how it is painted."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from ..heart_layout import normalise_groups
from ..phantom import paint_random
from ..phantom.fastpath import ED, ES, LATE, LONG_AXES
from ..phantom.tissue import LV_CAVITY, LV_WALL, RV_CAVITY, Tissue
from ..phantom.truth import CINE_LAX, CINE_SAX, LGE, Truth
from .cases import Cases

# How far the crop's centre misses the heart's, in pixels of 2 mm: as the search from motion does
# on real studies (median 10 mm).
MISS_PIXELS = 4.0
# How often an exam holds which views: many public data sets are short-axis cines and no more.
VIEWS = (
    ((CINE_SAX,), 0.45),
    ((CINE_SAX, CINE_LAX, LGE), 0.33),
    ((CINE_SAX, LGE), 0.11),
    ((CINE_SAX, CINE_LAX), 0.11),
)
PAIR = 0.35  # how often a cine is an ED and ES pair, as challenge data often has
ONE_LEVEL = 0.08  # how often one slice stands for all levels

SHORT_AXES = 4  # frames of the clip: short-axis cine, then the two below
LATE_FRAME, LONG_FRAME = 4, 5
# What a patch is asked for: how much of it is each of these.
SEEN = (
    LV_CAVITY,
    LV_WALL,
    RV_CAVITY,
    (Tissue.SCAR,),
    (Tissue.LA_BLOOD, Tissue.RA_BLOOD),
    (Tissue.AORTA,),
    (Tissue.PERICARDIAL_FLUID, Tissue.PLEURAL_FLUID),
)


@dataclass(frozen=True)
class Batch:
    """Clips `(B, 6, 3, size, size)`, their tissues (air where a view is missing), their truths."""

    clips: Tensor
    tissues: Tensor
    truths: list[Truth]


def draw_batch(cases: Cases, index: np.ndarray, size: int, rng: np.random.Generator) -> Batch:
    """Clips of some cases, each with the views it happens to hold, and what can be known of it."""
    chances = np.array([chance for _, chance in VIEWS])
    imaged = [VIEWS[k][0] for k in rng.choice(len(VIEWS), len(index), p=chances)]
    drawn = [_draw_labels(cases.labels[i], size, rng) for i in index]
    tissues = torch.from_numpy(np.stack(drawn))
    clips = _paint(tissues, torch.Generator().manual_seed(int(rng.integers(2**62))))
    clips = normalise_groups(clips)
    for row, views in enumerate(imaged):
        for frame, channels in _missing(views, rng):
            clips[row, frame, channels] = 0
            tissues[row, frame, channels] = Tissue.AIR
    truths = [
        replace(cases.truths[i], imaged=views) for i, views in zip(index, imaged, strict=True)
    ]
    return Batch(clips, tissues, truths)


def tissue_shares(tissues: Tensor, patch: int) -> Tensor:
    """How much of each patch is each kind of tissue in `SEEN`, in each channel.

    Args:
        tissues: `(B, F, 3, H, W)` uint8.
        patch: side of a patch in pixels.

    Returns:
        `(B, F * n, len(SEEN) * 3)` float32, 0 to 1; patches in the order of the encoder's tokens.
    """
    shares = []
    for group in SEEN:
        seen = torch.zeros(256)
        seen[[int(t) for t in group]] = 1
        shares.append(avg_pool2d(seen[tissues.long()].flatten(0, 1), patch))
    pooled = torch.stack(shares, dim=1).flatten(1, 2)  # (B * F, K * 3, h, w)
    return pooled.flatten(2).transpose(1, 2).unflatten(0, tissues.shape[:2]).flatten(1, 2)


def _paint(tissues: Tensor, generator: torch.Generator) -> Tensor:
    """Cines, short and long axis, in one contrast per study; late enhancement in its own."""
    cine = torch.cat([tissues[:, :SHORT_AXES], tissues[:, LONG_FRAME:]], dim=1)
    cine = paint_random(cine, generator)
    late = paint_random(tissues[:, LATE_FRAME : LATE_FRAME + 1], generator, late=True)
    return torch.cat([cine[:, :SHORT_AXES], late, cine[:, SHORT_AXES:]], dim=1)


def _missing(views: tuple[str, ...], rng: np.random.Generator) -> list[tuple[int, slice | int]]:
    missing: list[tuple[int, slice | int]] = []
    if LGE not in views:
        missing.append((LATE_FRAME, slice(None)))
    if CINE_LAX not in views:
        missing.append((LONG_FRAME, slice(None)))
    elif rng.random() < 0.4:  # of the two-chamber view alone nobody could report the aorta
        missing.append((LONG_FRAME, 1))
    return missing


def _draw_labels(labels: np.ndarray, size: int, rng: np.random.Generator) -> np.ndarray:
    """`(6, 3, size, size)` uint8: one drawing of a case's planes."""
    slack = labels.shape[2] - size
    out = np.empty((6, 3, size, size), np.uint8)
    short = list(range(SHORT_AXES)) if rng.random() > PAIR else [ED, ED, ES, ES]
    miss = rng.normal(0, MISS_PIXELS, 2)
    out[:SHORT_AXES] = _crop(labels[short], miss, slack)
    # Enhancement is imaged in other breaths, minutes later.
    for level in range(3):
        out[LATE_FRAME, level] = _crop(labels[LATE, level], miss + rng.normal(0, 1.2, 2), slack)
        out[LONG_FRAME, level] = _crop(labels[LONG_AXES, level], rng.normal(0, 3.0, 2), slack)
    if rng.random() < ONE_LEVEL:
        out[: LATE_FRAME + 1] = out[: LATE_FRAME + 1, [int(rng.integers(3))] * 3]
    elif rng.random() < 0.08:  # a stack in the other order, where the geometry was lost
        out[: LATE_FRAME + 1] = out[: LATE_FRAME + 1, ::-1]
    if rng.random() < 0.3:  # scanned or stored with rows and columns turned
        out = np.rot90(out, k=int(rng.integers(1, 4)), axes=(2, 3))
    return np.ascontiguousarray(out)


def _crop(labels: np.ndarray, miss: np.ndarray, slack: int) -> np.ndarray:
    top, left = np.clip(np.round(slack / 2 + miss), 0, slack).astype(int)
    height, width = (n - slack for n in labels.shape[-2:])
    return labels[..., top : top + height, left : left + width]
