"""The "heart" layout: three short-axis levels on a grid of fixed millimetres around the heart.

Size in millimetres is diagnostic, so every study is resampled to the same grid. The heart is
found from motion: it is what moves. Each frame of the clip is one phase of the cycle; its three
channels are a basal, a middle and an apical level.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from .errors import StudyError
from .study import Series, Study, View

if TYPE_CHECKING:
    from .model.config import LayoutConfig

# Where the three levels lie in the stack, as fractions of its length from the base. A stack
# usually reaches a slice beyond the base and the apex.
LEVELS = (0.30, 0.50, 0.70)

# The heart is looked for on a coarse grid; what moves within this radius is one heart.
SEARCH_MM = 4.0
HEART_RADIUS_MM = 55.0
# How strongly the middle of the picture is preferred: operators centre the heart.
PRIOR_MM = 90.0


def heart_clip(study: Study, layout: LayoutConfig, size: int) -> tuple[Tensor, list[str]]:
    """A study to `(F, 3, size, size)` and notes; F is `layout.phases`, or fewer if the study has.

    Raises:
        StudyError: if the study has no short-axis cine.
    """
    stack, notes = _short_axis(study)
    phases = min(layout.phases, min(len(series.pixels) for series in stack))
    if phases < layout.phases:
        notes.append(f"Only {phases} phases of the cycle; the model was made for {layout.phases}.")
    levels = [stack[min(int(f * len(stack)), len(stack) - 1)] for f in LEVELS]
    if len(stack) < len(LEVELS):
        notes.append(f"Only {len(stack)} short-axis slice(s); they stand for all three levels.")
    centre = find_heart(stack)
    if centre is None:
        notes.append("Nothing in the study moves like a heart; the centre of the image was taken.")
        centre = _image_centre(stack[0])
    planes = []
    for series in levels:
        index = np.arange(phases) * len(series.pixels) // phases
        planes.append(_crop(series, series.pixels[index], centre, layout.spacing_mm, size))
    return normalise(torch.stack(planes, dim=1)[None])[0], notes


def normalise(clips: Tensor) -> Tensor:
    """Intensities of `(B, F, 3, H, W)`: each clip's 1st to 99th percentile to -2 to 2, clipped.

    Each level on its own scale, since coils light the apex and the base differently, but one
    scale for all phases of a level, so that nothing flickers.
    """
    flat = clips.transpose(1, 2).flatten(3).flatten(2)  # (B, 3, F * H * W)
    rank = max(1, round(0.01 * flat.shape[2]))
    low = flat.kthvalue(rank, dim=2).values[:, None, :, None, None]
    high = flat.kthvalue(flat.shape[2] - rank + 1, dim=2).values[:, None, :, None, None]
    return ((clips - low) / (high - low).clamp(min=1e-6)).clamp(0, 1) * 4 - 2


def find_heart(stack: list[Series]) -> tuple[float, float] | None:
    """The heart's centre in mm from the first pixel, (down, across), or None if nothing moves.

    The place with most motion in the middle half of the stack, motion being the deviation over
    time of the smoothed picture.
    """
    middle = stack[len(stack) // 4 : max(len(stack) // 4 + 1, -(-3 * len(stack) // 4))]
    maps = [_motion(series) for series in middle]
    shape = np.min([m.shape for m in maps], axis=0)
    motion = sum(m[: shape[0], : shape[1]] for m in maps) / len(maps)
    if not motion.max() > 0:
        return None
    down, across = (np.arange(n) * SEARCH_MM for n in motion.shape)
    centre = (down[-1] / 2, across[-1] / 2)
    # Little motions everywhere (noise, vessels, breathing) add up far from the heart.
    floor, ceiling = np.quantile(motion, (0.75, 0.95))
    # And a valve or vessel that moves most must not draw the centre to itself.
    motion = np.clip(motion - floor, 0, ceiling - floor)
    radius = PRIOR_MM
    for _ in range(20):
        weight = motion * np.exp(
            -((down[:, None] - centre[0]) ** 2 + (across[None] - centre[1]) ** 2) / (2 * radius**2)
        )
        total = weight.sum()
        if total <= 0:
            return None
        centre = (
            float((weight.sum(1) * down).sum() / total),
            float((weight.sum(0) * across).sum() / total),
        )
        radius = max(HEART_RADIUS_MM * 0.7, radius * 0.8)
    return centre


def _short_axis(study: Study) -> tuple[list[Series], list[str]]:
    if stack := study.cines(View.SAX):
        return stack, []
    if stack := study.cines(View.UNKNOWN):
        return stack, ["The view of the cine is not known; it was taken for a short-axis stack."]
    found = ", ".join(study.views) or "nothing"
    raise StudyError(
        f"This checkpoint reads short-axis cines, and the study has none (it has {found}). "
        "Add the short-axis stack, or use a checkpoint with another layout."
    )


def _motion(series: Series) -> np.ndarray:
    """Deviation over time on the search grid, relative to the series' own brightness."""
    grid = _resample(torch.from_numpy(series.pixels.astype(np.float32)), series, SEARCH_MM)
    # Each phase on one scale: the two phases of a pair may have been scaled apart.
    grid = grid / grid.mean(dim=(1, 2), keepdim=True).clamp(min=1e-6)
    smooth = torch.nn.functional.avg_pool2d(grid[:, None], 3, 1, 1, count_include_pad=False)[:, 0]
    return smooth.std(dim=0, correction=0).numpy()


def _crop(
    series: Series, pixels: np.ndarray, centre: tuple[float, float], spacing: float, size: int
) -> Tensor:
    """`(F, H, W)` pixels to `(F, size, size)` at `spacing` mm, zeros outside the picture."""
    grid = _resample(torch.from_numpy(pixels.astype(np.float32)), series, spacing)
    out = grid.new_zeros(len(grid), size, size)
    starts = [round(c / spacing - size / 2) for c in centre]
    (top, bottom, to_top), (left, right, to_left) = (
        (max(start, 0), min(start + size, length), max(-start, 0))
        for start, length in zip(starts, grid.shape[1:], strict=True)
    )
    if bottom > top and right > left:
        part = grid[:, top:bottom, left:right]
        out[:, to_top : to_top + part.shape[1], to_left : to_left + part.shape[2]] = part
    return out


def _resample(pixels: Tensor, series: Series, spacing: float) -> Tensor:
    shape = [
        max(1, round(n * mm / spacing))
        for n, mm in zip(pixels.shape[1:], series.spacing_mm, strict=True)
    ]
    return interpolate(pixels[:, None], size=shape, mode="bilinear", antialias=True)[:, 0]


def _image_centre(series: Series) -> tuple[float, float]:
    height, width = series.pixels.shape[1:]
    return height * series.spacing_mm[0] / 2, width * series.spacing_mm[1] / 2
