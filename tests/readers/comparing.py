"""How a study that was read differs from the one that was written, in words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from cmrclip_lite.study import Sequence, Series, Study, View


def compared(read: Study, study: Study) -> str:
    """In words, how a study that was read differs from the one that was written."""
    ours, theirs = _by_view(read), _by_view(study)
    if not set(ours) <= set(theirs):
        return "a wrong view: " + ", ".join(sorted(map(str, set(ours) - set(theirs))))
    missing = sorted({_label(view) for view in set(theirs) - set(ours)})
    pairs = []
    for view, found in ours.items():
        if len(found) != len(theirs[view]):
            return f"{len(found)} of {len(theirs[view])} slices of {_label(view)}"
        pairs += [
            (_facing(a), _facing(b)) if _placed_alike(a, b) else (a, b)
            for a, b in zip(found, theirs[view], strict=True)
        ]
    words = [f"without {', '.join(missing)}"] if missing else []
    words += _pixels(pairs)
    if not all(_same_place(a, b) for a, b in pairs):
        unplaced = all(a.orientation is None for a, _ in pairs)
        words.append("places unknown" if unplaced else "places wrong")
    words += _times([(a, b) for a, b in pairs if b.is_cine])
    if not all(np.allclose(a.spacing_mm, b.spacing_mm, rtol=1e-3) for a, b in pairs):
        words.append("pixel size assumed")
    return "; ".join(words) or "the same study"


def _by_view(study: Study) -> dict[tuple[Sequence, View], list[Series]]:
    found: dict[tuple[Sequence, View], list[Series]] = {}
    for series in study.series:
        found.setdefault((series.sequence, series.view), []).append(series)
    return found


def _label(key: tuple[Sequence, View]) -> str:
    return f"{key[0]} {key[1]}"


def _pixels(pairs: Iterable[tuple[Series, Series]]) -> list[str]:
    off = 0.0
    for a, b in pairs:
        if a.pixels.shape != b.pixels.shape:
            return [f"pixels of shape {a.pixels.shape}, not {b.pixels.shape}"]
        # Grey levels of a lossy or 8-bit form are on a scale of their own: fitted by a line.
        x, y = (p.astype(np.float64).ravel() for p in (a.pixels, b.pixels))
        if not np.array_equal(x, y):
            slope, intercept = np.polyfit(x, y, 1)
            off = max(off, float(np.abs(slope * x + intercept - y).mean() / np.ptp(y)), 1e-9)
    if off == 0:
        return []
    return ["grey levels scaled" if off < 1e-6 else f"grey levels within {_percent(off)} %"]


def _percent(off: float) -> int:
    return next(limit for limit in (1, 2, 5, 10, 100) if 100 * off <= limit)


def _placed_alike(a: Series, b: Series) -> bool:
    return a.orientation is not None and np.allclose(a.spacing_mm, b.spacing_mm, rtol=1e-3)


def _facing(series: Series) -> Series:
    """The series turned so that both its axes grow to the left, the back or the feet.

    NIfTI has no convention for how an image is shown, so a copy may be flipped.
    """
    if series.orientation is None or series.position_mm is None:
        return series
    pixels, position = series.pixels, series.position_mm
    axes = series.orientation.copy()
    for axis, step in ((0, series.spacing_mm[1]), (1, series.spacing_mm[0])):
        wanted = axes[axis] * [1, 1, -1]
        if wanted[np.argmax(np.abs(wanted))] < 0:
            image_axis = 2 - axis
            position = position + axes[axis] * step * (pixels.shape[image_axis] - 1)
            pixels, axes[axis] = np.flip(pixels, image_axis), -axes[axis]
    return replace(series, pixels=pixels, position_mm=position, orientation=axes)


def _same_place(a: Series, b: Series) -> bool:
    if a.orientation is None or a.position_mm is None:
        return False
    near = np.allclose(a.position_mm, b.position_mm, atol=0.01)
    return near and np.allclose(a.orientation, b.orientation, atol=1e-4)


def _times(pairs: list[tuple[Series, Series]]) -> list[str]:
    if all(a.trigger_ms is None for a, _ in pairs):
        return ["times unknown, phases in order"]
    if any(a.trigger_ms is None for a, _ in pairs):
        return ["some times unknown"]
    off = [a.trigger_ms - b.trigger_ms for a, b in pairs]
    if max(np.abs(o).max() for o in off) < 0.02:
        return []
    # Rounding adds up where only a step is stated.
    if max(np.ptp(o) for o in off) < 1:
        return ["times from the first phase"]
    return ["times evenly spaced"]
