"""What varies each time a case is seen: which views, where the crop lies, how it is painted."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, pixel_unshuffle

from ..heart_layout import LONG_PHASES, normalise_groups
from ..phantom import paint_random
from ..phantom.fastpath import ED, ES, FRAMES, LATE, LONG_ED, LONG_ES
from ..phantom.tissue import LV_CAVITY, LV_WALL, RV_CAVITY, Tissue
from ..phantom.truth import CINE_LAX, CINE_SAX, LGE, Truth
from .cases import Cases

# How far the crop's centre misses the heart's, in pixels of 2 mm: as the search from motion does
# on real studies (median 10 mm).
MISS_PIXELS = 4.0
# How often an exam holds which views: many public data sets are short-axis cines and no more.
VIEWS = (
    ((CINE_SAX,), 0.32),
    ((CINE_SAX, CINE_LAX, LGE), 0.42),
    ((CINE_SAX, LGE), 0.13),
    ((CINE_SAX, CINE_LAX), 0.13),
)
PAIR = 0.35  # how often a cine is an ED and ES pair, as challenge data often has
ONE_LEVEL = 0.08  # how often one slice stands for all levels

LEVELS = 3  # channels of a frame
SHORT_AXES = 4  # frames of the clip: short-axis cine, then the ones below
LATE_FRAME, LONG_FRAMES = 4, slice(5, 7)
CELLS = 4  # cells along the side of a patch
# What each cell of a patch is asked for: how much of it is each of these.
SEEN = (
    LV_CAVITY,
    LV_WALL,
    RV_CAVITY,
    (Tissue.SCAR,),
    (Tissue.LA_BLOOD, Tissue.RA_BLOOD),
    (Tissue.AORTA,),
    (Tissue.PERICARDIAL_FLUID, Tissue.PLEURAL_FLUID),
    (Tissue.THROMBUS,),
)
# How much naming each counts: what is small or rarely there would else be left out.
SEEN_WEIGHTS = (1.0, 1.0, 1.0, 18.0, 1.0, 2.0, 3.0, 6.0)
# Seen in late enhancement alone: a transformer that was told of it in cines would look there.
LATE_ONLY = SEEN.index((Tissue.SCAR,))


@dataclass(frozen=True)
class Planes:
    """What some exams hold, before it is imaged, in the frames of `phantom.fastpath`.

    Attributes:
        tissues: `(B, 7, 3, size, size)` uint8, air where a view is missing.
        shown: `(B, 7, 3)` bool, False where a view is missing.
        truths: of the exams, `imaged` as they hold it.
    """

    tissues: Tensor
    shown: Tensor
    truths: list[Truth]

    @property
    def in_clip(self) -> Tensor:
        """`(B, 8, 3, size, size)`: the tissues where the upright "heart" layout has them."""
        return arranged(self.tissues, blank=int(Tissue.AIR))


def draw_planes(cases: Cases, index: np.ndarray, size: int, rng: np.random.Generator) -> Planes:
    """The planes of some cases, each with the views it happens to hold."""
    imaged = draw_views(rng, len(index))
    tissues = torch.from_numpy(np.stack([_draw_labels(cases.labels[i], size, rng) for i in index]))
    shown = torch.ones(tissues.shape[:3], dtype=torch.bool)
    for row, views in enumerate(imaged):
        for frame, channels in _missing(views, rng):
            shown[row, frame, channels] = False
    tissues[~shown] = Tissue.AIR
    truths = [
        replace(cases.truths[i], imaged=views) for i, views in zip(index, imaged, strict=True)
    ]
    return Planes(tissues, shown, truths)


def draw_clips(planes: Planes, rng: np.random.Generator) -> Tensor:
    """Images of planes as a model reads them, `(B, 8, 3, size, size)`; what is missing is 0."""
    images = _paint(planes.tissues, torch.Generator().manual_seed(int(rng.integers(2**62))))
    shown = arranged(planes.shown, blank=False)
    return normalise_groups(arranged(images, blank=0), upright=True) * shown[..., None, None]


def arranged(planes: Tensor, blank: float) -> Tensor:
    """`(B, 7, 3, ...)` as `phantom.fastpath` has planes to `(B, 8, 3, ...)` as a clip has them.

    There the long axes are a frame each and their phases its channels, of which the last is
    `blank`.
    """
    long = planes[:, LONG_FRAMES].transpose(1, 2)
    rest = torch.full_like(long[:, :, : LEVELS - LONG_PHASES], blank)
    return torch.cat([planes[:, : LATE_FRAME + 1], torch.cat([long, rest], dim=2)], dim=1)


def draw_views(rng: np.random.Generator, count: int) -> list[tuple[str, ...]]:
    """What each of some exams holds."""
    chances = np.array([chance for _, chance in VIEWS])
    return [VIEWS[k][0] for k in rng.choice(len(VIEWS), count, p=chances)]


def tissue_shares(tissues: Tensor, patch: int) -> Tensor:
    """How much of each cell of each patch is each kind of tissue in `SEEN`, in each channel.

    A patch is cut into `CELLS` times `CELLS` cells.

    Args:
        tissues: `(B, F, 3, H, W)` uint8.
        patch: side of a patch in pixels.

    Returns:
        `(B, F, n, len(SEEN) * 3 * CELLS**2)` float32, 0 to 1; patches in the order of the
        encoder's tokens.
    """
    index = tissues[..., ::2, ::2].flatten(0, 1).int()  # every other pixel is share enough
    shares = []
    for k, group in enumerate(SEEN):
        seen = torch.zeros(256)
        seen[[int(t) for t in group]] = 1
        picked = seen.index_select(0, index.flatten()).view(index.shape)
        pooled = avg_pool2d(picked, patch // CELLS // 2)
        if k == LATE_ONLY:
            cine = torch.arange(len(pooled)) % tissues.shape[1] != LATE_FRAME
            pooled[cine] = 0
        shares.append(pooled)
    pooled = torch.stack(shares, dim=1).flatten(1, 2)  # (B * F, K * 3, h * CELLS, w * CELLS)
    pooled = pixel_unshuffle(pooled, CELLS)  # (B * F, K * 3 * CELLS**2, h, w)
    return pooled.flatten(2).transpose(1, 2).unflatten(0, tissues.shape[:2])


def _paint(tissues: Tensor, generator: torch.Generator) -> Tensor:
    """Cines, short and long axis, in one contrast per study; late enhancement in its own."""
    cine = torch.cat([tissues[:, :SHORT_AXES], tissues[:, LONG_FRAMES]], dim=1)
    cine = paint_random(cine, generator)
    late = paint_random(tissues[:, LATE_FRAME : LATE_FRAME + 1], generator, late=True)
    return torch.cat([cine[:, :SHORT_AXES], late, cine[:, SHORT_AXES:]], dim=1)


def _missing(
    views: tuple[str, ...], rng: np.random.Generator
) -> list[tuple[int | slice, slice | int]]:
    """Frames and channels of the clip that stay blank."""
    missing: list[tuple[int | slice, slice | int]] = []
    if LGE not in views:
        missing.append((LATE_FRAME, slice(None)))
    if CINE_LAX not in views:
        missing.append((LONG_FRAMES, slice(None)))
    elif rng.random() < 0.4:  # of the two-chamber view alone nobody could report the aorta
        missing.append((LONG_FRAMES, 1))
    return missing


def _draw_labels(labels: np.ndarray, size: int, rng: np.random.Generator) -> np.ndarray:
    """`(7, 3, size, size)` uint8: one drawing of a case's planes."""
    slack = labels.shape[2] - size
    out = np.empty((FRAMES, 3, size, size), np.uint8)
    short = list(range(SHORT_AXES)) if rng.random() > PAIR else [ED, ED, ES, ES]
    long = [LONG_ED, LONG_ES]
    miss = rng.normal(0, MISS_PIXELS, 2)
    out[:SHORT_AXES] = _crop(labels[short], miss, slack)
    # Enhancement is imaged in other breaths, minutes later.
    for level in range(3):
        out[LATE_FRAME, level] = _crop(labels[LATE, level], miss + rng.normal(0, 1.2, 2), slack)
        out[LONG_FRAMES, level] = _crop(labels[long, level], rng.normal(0, 3.0, 2), slack)
    if rng.random() < ONE_LEVEL:
        out[: LATE_FRAME + 1] = out[: LATE_FRAME + 1, [int(rng.integers(3))] * 3]
    elif rng.random() < 0.08:  # a stack in the other order, where the geometry was lost
        out[: LATE_FRAME + 1] = out[: LATE_FRAME + 1, ::-1]
    # Scanned or stored with rows and columns turned; long axes are turned back as a rule.
    for frames, often in ((slice(LATE_FRAME + 1), 0.3), (LONG_FRAMES, 0.05)):
        if rng.random() < often:
            out[frames] = np.rot90(out[frames], k=int(rng.integers(1, 4)), axes=(2, 3))
    return out


def _crop(labels: np.ndarray, miss: np.ndarray, slack: int) -> np.ndarray:
    top, left = np.clip(np.round(slack / 2 + miss), 0, slack).astype(int)
    height, width = (n - slack for n in labels.shape[-2:])
    return labels[..., top : top + height, left : left + width]
