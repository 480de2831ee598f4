"""Flaws round the heart: cut off, of an impossible size, or in slices that do not line up.

The short-axis cines are reduced to a coarse grid and to a few phases. There the heart is what
moves, and two neighbouring slices are laid upon each other where their pictures round the heart
agree best. Through the heart's long axis, its place changes evenly along the stack; a slice for
which the breath was held differently lies beside the line of its neighbours.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from ..heart import Place, centre_of_motion
from ..study import Series, Study, View
from .words import share

GRID_MM = 4.0
PHASES = 5
# Slices whose pixels differ by more are not laid upon each other.
SAME_SPACING_MM = 0.01

# Along how much of the picture's edge, or of a void such as the corners of a round field of view,
# the picture may move as the heart does. In no undisturbed exam at hand (3 real, 40 ACDC pairs, 140
# synthetic) is it more than 4 mm.
EDGE_MM = 20.0
# Within so many cells of the grid is at the edge.
AT_EDGE = 2
# Diameter of a disc of the area that moves: 75 to 122 mm in 183 real and synthetic exams.
HEART_MM = (60.0, 140.0)
# What moves farther away than this is not counted with it.
NEAR_MM = 75.0

# The picture round the heart that is laid upon the neighbour's: its half width, the deviation of
# the weights that prefer its middle, and how far it is moved at most.
HALF_MM, WEIGHT_MM, REACH_MM = 56.0, 35.0, 20.0
# Correlation below which two pictures show different things, as beyond the ends of the heart.
SAME_CORRELATION = 0.5
# Off the line of its neighbours. Undisturbed slices of the three real exams lie up to 4.5 mm off
# it, by their breath-holds and by what the method mistakes.
MISALIGNED_MM = 7.0


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
    """A coarse look at the short axis, or None if there is none or nothing moves in it."""
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


def misaligned_slices(seen: Look) -> str | None:
    """Short-axis slices beside the line of their neighbours."""
    off = misalignment_mm(seen)
    wrong = off[off > MISALIGNED_MM]
    if not len(wrong):
        return None
    start = share(len(wrong), len(off), "short-axis slice", "seems", "seem")
    far = f"{wrong.max():.0f} mm" if len(wrong) == 1 else f"up to {wrong.max():.0f} mm"
    return (
        f"{start} to lie {far} beside the line of the neighbours, as when the breath is held "
        "differently; the levels of the heart then do not fit together, and walls and cavities "
        "may be misjudged."
    )


def misalignment_mm(seen: Look) -> np.ndarray:
    """`(Z,)` how far each slice lies beside the line of its neighbours; 0 where none can tell.

    A slice counts only if the stack goes on behind it where it was before: where the pictures
    jump and stay, they were laid upon each other wrongly, or the heart changes.
    """
    stack = seen.stack
    off = np.zeros(len(stack))
    along = _along(stack)
    moved, alike = _steps(seen)
    gaps = np.diff(along)
    usable = (alike >= SAME_CORRELATION) & (gaps > 0)
    slopes = moved / np.where(gaps > 0, gaps, 1.0)[:, None]
    for z in range(1, len(stack) - 1):
        near = [i for i in range(max(0, z - 3), min(len(gaps), z + 3)) if usable[i]]
        others = [i for i in near if i not in (z - 1, z)]
        if not (usable[z - 1] and usable[z] and others):
            continue
        before, after = gaps[z - 1], gaps[z]
        both = moved[z - 1] + moved[z]
        beside = moved[z - 1] - both * before / (before + after)
        stays = both - np.median(slopes[others], axis=0) * (before + after)
        if np.hypot(*stays) <= np.hypot(*beside):
            off[z] = np.hypot(*beside)
    return off


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
    smooth = pixels / np.maximum(pixels.mean(axis=(1, 2), keepdims=True), 1e-6)
    edged = np.pad(smooth, ((0, 0), (1, 1), (1, 1)), mode="edge")
    rows = edged[:, :-2] + edged[:, 1:-1] + edged[:, 2:]
    smooth = (rows[:, :, :-2] + rows[:, :, 1:-1] + rows[:, :, 2:]) / 9
    return smooth.std(axis=0)


def _middle_half(stack: list[Series]) -> list[Series]:
    return stack[len(stack) // 4 : -(-3 * len(stack) // 4)]


def _along(stack: list[Series]) -> np.ndarray:
    """`(Z,)` mm along the stack; numbers of slices where positions are not known."""
    if any(s.position_mm is None or s.orientation is None for s in stack):
        return np.arange(len(stack), dtype=float)
    along = np.array([s.position_mm for s in stack]) @ stack[0].normal
    return along if along[-1] >= along[0] else -along


def _steps(seen: Look) -> tuple[np.ndarray, np.ndarray]:
    """How the heart's place changes from each slice to the next, and how alike the two are.

    Returns:
        `(Z - 1, 2)` mm (down, across) in the patient where positions are known, and `(Z - 1,)`
        correlations.
    """
    spacing = np.array(seen.stack[0].spacing_mm)
    half, reach = (np.round(mm / spacing).astype(int) for mm in (HALF_MM, REACH_MM))
    centre = np.round(np.array(seen.centre) / spacing - 0.5).astype(int)
    weight = np.multiply.outer(
        *(
            np.exp(-((np.arange(-h, h + 1) * mm) ** 2) / (2 * WEIGHT_MM**2))
            for h, mm in zip(half, spacing, strict=True)
        )
    )
    margin = half + reach
    pictures = []
    for series in seen.stack:
        padded = np.pad(series.pixels.mean(axis=0), [(m, m) for m in margin], mode="edge")
        pictures.append(
            padded[tuple(slice(c, c + 2 * m + 1) for c, m in zip(centre, margin, strict=True))]
        )
    moved, alike = [], []
    for one, other, series, following in zip(
        pictures, pictures[1:], seen.stack, seen.stack[1:], strict=False
    ):
        inner = one[reach[0] : -reach[0], reach[1] : -reach[1]]
        step, correlation = _laid_upon(inner, other, weight)
        moved.append((step - reach) * spacing + _origin(following) - _origin(series))
        alike.append(correlation)
    return np.reshape(moved, (-1, 2)), np.array(alike)


def _origin(series: Series) -> np.ndarray:
    """`(2,)` mm (down, across) of the first pixel within the plane; zeros if unknown."""
    if series.position_mm is None or series.orientation is None:
        return np.zeros(2)
    return (series.orientation @ series.position_mm)[::-1]


def _laid_upon(
    inner: np.ndarray, outer: np.ndarray, weight: np.ndarray
) -> tuple[np.ndarray, float]:
    """Where in `outer` a picture like `inner` lies, to a part of a pixel, and their correlation."""
    weight = weight / weight.sum()
    views = sliding_window_view(outer, inner.shape)
    shape = views.shape[:2]
    flat, weights = views.reshape(-1, inner.size), weight.ravel()
    one = inner.ravel() - (weights @ inner.ravel())
    mean = flat @ weights
    variance = (flat * flat) @ weights - mean**2
    together = (flat @ (weights * one)).reshape(shape)
    scale = np.sqrt(np.maximum(variance, 1e-12) * max(float(weights @ one**2), 1e-12))
    correlation = together / scale.reshape(shape)
    best = np.unravel_index(correlation.argmax(), shape)
    parts = [_vertex(correlation[:, best[1]], best[0]), _vertex(correlation[best[0]], best[1])]
    return np.array(parts), float(correlation[best])


def _vertex(values: np.ndarray, at: int) -> float:
    """The top of the parabola through a largest value and its two neighbours."""
    if not 0 < at < len(values) - 1:
        return float(at)
    before, top, after = values[at - 1 : at + 2]
    bend = before - 2 * top + after
    return at + 0.5 * float((before - after) / bend) if bend < 0 else float(at)
