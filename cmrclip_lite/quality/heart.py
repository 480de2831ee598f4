"""Flaws round the heart: cut off, or of an impossible size.

The short-axis cines are reduced to a coarse grid and a few phases; the heart is what moves there.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from ..heart import centre_of_motion
from ..places import Place
from ..study import Series, Study, View

GRID_MM = 4.0
PHASES = 5
# Cells that pixels of an impossible size make are not looked at: nothing is where it should be.
CELL_MM = (2.0, 8.0)
# Slices whose pixels differ by more are not laid upon each other.
SAME_SPACING_MM = 0.01

# Along how much of the picture's edge, or of a void such as the corners of a round field of view,
# the picture may move as the heart does. In no undisturbed exam at hand (3 real, 40 ACDC pairs, 140
# synthetic) does it anywhere.
EDGE_MM = 20.0
# Within so many cells of the grid is at the edge.
AT_EDGE = 2
# Diameter of a disc of the area that moves: 75 to 122 mm in 183 real and synthetic exams.
HEART_MM = (60.0, 140.0)
# What moves farther away than this is not counted with it.
NEAR_MM = 75.0


@dataclass(eq=False)
class Look:
    """The short-axis cines on a coarse grid, and where the heart lies in them.

    Attributes:
        stack: slices of one matrix and spacing, in stack order, a few phases each.
        motion: `(h, w)` deviation over time in the middle half of the stack, as in `find_heart`.
        centre: of the heart, in mm from the first pixel, (down, across).
    """

    stack: list[Series]
    motion: np.ndarray
    centre: Place


def look(study: Study) -> Look | None:
    """A coarse look at the short axis; None if there is none or nothing to be seen in it."""
    cines = study.cines(View.SAX)
    if not cines:
        return None
    middle = cines[len(cines) // 2]
    stack = [
        _coarse(series)
        for series in cines
        if series.pixels.shape[1:] == middle.pixels.shape[1:]
        and max(map(abs, np.subtract(series.spacing_mm, middle.spacing_mm))) < SAME_SPACING_MM
    ]
    down, across = stack[0].spacing_mm
    if not CELL_MM[0] <= min(down, across) <= max(down, across) <= CELL_MM[1]:
        return None
    motion = np.mean([_motion(series.pixels) for series in _middle_half(stack)], axis=0)
    centre = centre_of_motion(motion, stack[0].spacing_mm)
    return None if centre is None else Look(stack, motion, centre)


def cut_off(seen: Look) -> str | None:
    """A heart that reaches over the edge of the picture or into a part without signal."""
    edge = _moving_edge_mm(seen)
    if edge <= EDGE_MM:
        return None
    return (
        f"The heart reaches the edge of what is shown, along about {edge:.0f} mm; what is cut off "
        "counts as absent, so the heart may look smaller than it is."
    )


def implausible_size(seen: Look) -> str | None:
    """A moving region too small or too large for a heart: the spacing may be wrong."""
    size, (low, high) = _diameter_mm(seen), HEART_MM
    if low <= size <= high:
        return None
    return (
        f"What moves is about {size:.0f} mm across, where hearts measure {low:.0f} to {high:.0f} "
        "mm; the stated pixel spacing may be wrong, and with it what a score says of dilation."
    )


def _coarse(series: Series) -> Series:
    """A few phases of a series, its pixels averaged over blocks of about the grid's size."""
    pixels = series.pixels[:: -(-len(series.pixels) // PHASES)]
    for axis, spacing in ((1, series.spacing_mm[0]), (2, series.spacing_mm[1])):
        step = _block(pixels.shape[axis], spacing)
        count = pixels.shape[axis] // step
        parts = [
            pixels[(slice(None),) * axis + (slice(i, count * step, step),)] for i in range(step)
        ]
        pixels = parts[0].astype(np.float32)
        for part in parts[1:]:
            pixels += part
        pixels /= step
    spacing = tuple(
        mm * _block(n, mm) for n, mm in zip(series.pixels.shape[1:], series.spacing_mm, strict=True)
    )
    return replace(series, pixels=pixels, spacing_mm=spacing, trigger_ms=None)


def _block(count: int, spacing: float) -> int:
    return int(np.clip(round(GRID_MM / spacing), 1, count))


def _moving_edge_mm(seen: Look) -> float:
    """Along what length of the edge, of the picture or of a void in it, there is strong motion."""
    middle = _middle_half(seen.stack)
    least = min(float(series.pixels.min()) for series in middle)
    void = np.all([(series.pixels <= least).all(axis=0) for series in middle], axis=0)
    around = np.pad(void, AT_EDGE, constant_values=True)
    for axis in (0, 1):
        around = sliding_window_view(around, 2 * AT_EDGE + 1, axis=axis).any(axis=-1)
    moving = _strong(seen) & around & ~void & (_distance_mm(seen) < NEAR_MM)
    down, across = seen.stack[0].spacing_mm
    return float(moving.sum()) * float(np.sqrt(down * across)) / AT_EDGE


def _diameter_mm(seen: Look) -> float:
    """Of a disc as large as what moves round the heart's centre."""
    down, across = seen.stack[0].spacing_mm
    area = (_strong(seen) & (_distance_mm(seen) < NEAR_MM)).sum() * down * across
    return 2.0 * float(np.sqrt(area / np.pi))


def _strong(seen: Look) -> np.ndarray:
    """`(h, w)` where there is about as much motion as in the heart."""
    return seen.motion > np.quantile(seen.motion, (0.75, 0.95)).mean()


def _distance_mm(seen: Look) -> np.ndarray:
    """`(h, w)` from the heart's centre."""
    down, across = (
        np.arange(n) * mm - c
        for n, mm, c in zip(seen.motion.shape, seen.stack[0].spacing_mm, seen.centre, strict=True)
    )
    return np.hypot(down[:, None], across[None])


def _motion(pixels: np.ndarray) -> np.ndarray:
    """`(h, w)` deviation over time of the smoothed frames, each on its own brightness."""
    pixels = pixels - pixels.min()
    smooth = pixels / np.maximum(pixels.mean(axis=(1, 2), keepdims=True), 1e-6)
    edged = np.pad(smooth, ((0, 0), (1, 1), (1, 1)), mode="edge")
    rows = edged[:, :-2] + edged[:, 1:-1] + edged[:, 2:]
    smooth = (rows[:, :, :-2] + rows[:, :, 1:-1] + rows[:, :, 2:]) / 9
    return smooth.std(axis=0)


def _middle_half(stack: list[Series]) -> list[Series]:
    return stack[len(stack) // 4 : -(-3 * len(stack) // 4)]
