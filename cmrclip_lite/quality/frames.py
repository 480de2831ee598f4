"""Flaws of single frames: blank, repeated, out of place, saturated.

Each frame is looked at on a sparse grid of pixels in the middle of the picture, where operators put
the heart; only what looks blank or repeated there is compared in full.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..study import Series, Study
from .words import share

# Pixels looked at along each side of the middle of a frame.
SPARSE = 32
# A frame against the mean of the two before and after it, relative to the median over the cine: up
# to 2.2 in three real exams, 2.5 in 140 synthetic ones. Two phases in each other's place are seldom
# found by it, a frame of another slice nearly always.
ODD = 3.0
# Brightness of a frame against the mean of the two before and after it, relative to the median over
# the cine: up to 0.03 in the real exams, 0.16 in the synthetic, whose basal slices pale in systole.
ODD_BRIGHTNESS = 0.2
# Fewer phases give no idea of what is usual.
FEWEST_TO_COMPARE = 8
# Share of the middle of the pictures at their very maximum, on average. Volumes cut at their 99th
# percentile, as is common before storing 8 bits, have about 0.01 and lose nothing that matters.
SATURATED = 0.03


@dataclass(eq=False)
class Sparse:
    """A series as it is looked at here.

    Attributes:
        series: the whole of it.
        frames: `(T, N)` pixels of the middle half of each frame on a sparse grid.
        blank: `(T,)` whether a frame has one value throughout.
    """

    series: Series
    frames: np.ndarray
    blank: np.ndarray


def look(study: Study) -> list[Sparse]:
    """A sparse look at each series."""
    return [_sparse(series) for series in study.series]


def blank_frames(seen: list[Sparse]) -> str | None:
    """Frames of one value throughout."""
    counts = [int(one.blank.sum()) for one in seen]
    frames = sum(counts)
    if not frames:
        return None
    start = share(sum(map(bool, counts)), len(seen), "slice", "holds", "hold")
    what = "1 blank image" if frames == 1 else f"{frames} blank images"
    return f"{start} {what}; a heart that vanishes for a moment disturbs what is read as motion."


def repeated_frames(seen: list[Sparse]) -> str | None:
    """Frames of a cine that equal another one exactly, which noise forbids."""
    counts = [_repeats(one) for one in seen if one.series.is_cine]
    frames = sum(counts)
    if not frames:
        return None
    start = share(sum(map(bool, counts)), len(counts), "cine slice", "holds", "hold")
    what = "1 image" if frames == 1 else f"{frames} images"
    return (
        f"{start} the same picture more than once ({what} too many); the real ones of those "
        "moments are missing, so the heart may look weaker than it is."
    )


def odd_frames(seen: list[Sparse]) -> str | None:
    """Frames that look unlike those before and after them."""
    phases = [_odd(one) for one in seen if one.series.is_cine]
    odd = [phase for phase in phases if phase is not None]
    if not odd:
        return None
    start = share(len(odd), len(phases), "cine slice", "has", "have")
    which = f"phase {odd[0] + 1}" + (" in the first of them" if len(odd) > 1 else "")
    return (
        f"{start} an image unlike those before and after it ({which}); it may be damaged or out "
        "of order, and disturbs what is read as motion."
    )


def saturated_pixels(seen: list[Sparse]) -> str | None:
    """Much of a picture at the largest value there is."""
    share_of_middle = float(np.mean([_saturated(one.frames) for one in seen]))
    if share_of_middle <= SATURATED:
        return None
    return (
        f"About {share_of_middle:.0%} of the middle of the pictures is at the very maximum; bright "
        "parts are cut off there, and edges or scars within them cannot be seen."
    )


def _sparse(series: Series) -> Sparse:
    height, width = series.pixels.shape[1:]
    middle = series.pixels[:, height // 4 : -(-3 * height // 4), width // 4 : -(-3 * width // 4)]
    step_down, step_across = (max(1, n // SPARSE) for n in middle.shape[1:])
    frames = middle[:, ::step_down, ::step_across].reshape(len(middle), -1)
    blank = (frames == frames[:, :1]).all(axis=1)
    for phase in np.flatnonzero(blank):
        blank[phase] = np.ptp(series.pixels[phase]) == 0
    return Sparse(series, frames, blank)


def _repeats(seen: Sparse) -> int:
    """How many frames equal an earlier one, blank ones not counted."""
    first: dict[bytes, int] = {}
    count = 0
    for phase in np.flatnonzero(~seen.blank):
        earlier = first.setdefault(seen.frames[phase].tobytes(), phase)
        pixels = seen.series.pixels
        count += earlier != phase and np.array_equal(pixels[phase], pixels[earlier])
    return count


def _odd(seen: Sparse) -> int | None:
    """The phase that is least like its neighbours, if it is clearly unlike them."""
    # A blank frame was noted already, and would look odd here again.
    if len(seen.frames) < FEWEST_TO_COMPARE or seen.blank.any():
        return None
    frames = seen.frames.astype(np.float32)
    frames -= frames.min()  # some exports have values about 0
    # The first and last frame follow each other only if the cine covers the whole beat.
    apart = np.abs(frames[1:-1] - (frames[:-2] + frames[2:]) / 2).mean(axis=1)
    if apart.max() > ODD * np.median(apart):
        return 1 + int(apart.argmax())
    brightness = frames.mean(axis=1)
    off = np.abs(brightness[1:-1] - (brightness[:-2] + brightness[2:]) / 2)
    if off.max() > ODD_BRIGHTNESS * abs(np.median(brightness)):
        return 1 + int(off.argmax())
    return None


def _saturated(frames: np.ndarray) -> float:
    """Share of pixels at the maximum; 0 for a picture of one value."""
    most = frames.max()
    return float((frames == most).mean()) if frames.min() < most else 0.0
