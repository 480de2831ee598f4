"""Where the heart lies in an image and in the patient, and which phases are its extremes.

Both are found from motion: the heart is what moves, and its two extremes are the phases that
differ most.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from .places import Place, resample
from .study import Series

# The heart is looked for on a coarse grid; what moves within this radius is one heart.
SEARCH_MM = 4.0
HEART_RADIUS_MM = 55.0
# How strongly the middle of the picture is preferred: operators centre the heart.
PRIOR_MM = 90.0
# The ventricles, for the phases; outside it, stomach and vessels would have their say.
WINDOW_MM = 90.0
# Blood is bright in a cine, so a full heart is the brighter one: in all 40 ACDC pairs at hand.
# Beyond this relative difference it overrules that a cine begins near end-diastole.
CLEARLY_BRIGHTER = 0.06


def find_heart(stack: Sequence[Series]) -> Place | None:
    """The heart's centre in mm from the first pixel, (down, across), or None if nothing moves.

    The place with most motion in the middle half of the stack, motion being the deviation over
    time of the smoothed picture.
    """
    maps = [search_grid(series).std(dim=0, correction=0).numpy() for series in middle_half(stack)]
    shape = np.min([m.shape for m in maps], axis=0)
    motion = sum(m[: shape[0], : shape[1]] for m in maps) / len(maps)
    return centre_of_motion(motion, (SEARCH_MM, SEARCH_MM))


def centre_of_motion(motion: np.ndarray, step_mm: Place) -> Place | None:
    """The heart's centre in mm from the first pixel, (down, across), or None if nothing moves.

    Args:
        motion: `(h, w)` deviation over time.
        step_mm: distance between its rows, then between its columns.
    """
    if not motion.max() > 0:
        return None
    down, across = (np.arange(n) * mm for n, mm in zip(motion.shape, step_mm, strict=True))
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


def find_extremes(stack: Sequence[Series], centre: Place) -> tuple[int, int]:
    """The phases of end-diastole and end-systole, of the middle series of the stack.

    The phase that differs most from the first is one extreme, the phase that differs most from
    that one the other. End-diastole is the one nearer to the first phase, as cines begin at the
    R wave, unless the other is clearly the brighter: then the cine began elsewhere.

    Args:
        stack: cines in stack order; each may have its own number of phases.
        centre: the heart's, from `find_heart`.

    Returns:
        Indices from 0; both 0 where there is one phase only.
    """
    count = len(stack[len(stack) // 2].pixels)
    views = [_window(search_grid(series), centre) for series in middle_half(stack)]
    views = [
        view[[phase_of(series, phase, count) for phase in range(count)]]
        for view, series in zip(views, middle_half(stack), strict=True)
    ]
    flat = torch.cat([view.flatten(1) for view in views], dim=1)  # (count, pixels)
    if not flat.numel():
        return 0, 0
    one = int((flat - flat[0]).abs().mean(1).argmax())
    other = int((flat - flat[one]).abs().mean(1).argmax())
    ed, es = sorted((one, other), key=lambda phase: min(phase, count - phase))
    brightness = flat.mean(1)
    if brightness[es] - brightness[ed] > CLEARLY_BRIGHTER * brightness.mean():
        ed, es = es, ed
    return ed, es


def beat_phases(ed: int, es: int, count: int, frames: int = 4) -> list[int]:
    """Phases of a beat of `count`, from end-diastole over end-systole back.

    Half of the `frames` are spread from end-diastole to end-systole, half from there back, each
    rounded down: with four, [ED, halfway, ES, halfway]. A pair gives [ED, ED, ES, ES].
    """
    first = max(1, frames // 2)
    systole = (es - ed) % count
    steps = [ed + systole * k // first for k in range(first)]
    rest = frames - first
    steps += [ed + systole + (count - systole) * k // rest for k in range(rest)]
    return [step % count for step in steps]


def search_grid(series: Series) -> Tensor:
    """`(T, h, w)`: the cine smoothed on the search grid, relative to its own brightness."""
    grid = resample(series.pixels, series, SEARCH_MM)
    # Each phase on one scale: the two phases of a pair may have been scaled apart.
    grid = grid / grid.mean(dim=(1, 2), keepdim=True).clamp(min=1e-6)
    return avg_pool2d(grid[:, None], 3, 1, 1, count_include_pad=False)[:, 0]


def phase_of(series: Series, phase: int, count: int) -> int:
    """The series' own phase nearest in the beat to phase `phase` of `count`."""
    length = len(series.pixels)
    return round(phase * length / count) % length


def middle_half(stack: Sequence[Series]) -> Sequence[Series]:
    """The inner slices of a stack, at least one: they show the ventricles."""
    return stack[len(stack) // 4 : max(len(stack) // 4 + 1, -(-3 * len(stack) // 4))]


def _window(grid: Tensor, centre: Place) -> Tensor:
    spans = [
        slice(*(max(0, round((c + side * WINDOW_MM / 2) / SEARCH_MM)) for side in (-1, 1)))
        for c in centre
    ]
    return grid[:, spans[0], spans[1]]
