"""From frames to slices: which images show one place, and in what order of time.

A slice is a place: a normal, a position along it, a matrix and a spacing. The series UID only
keeps apart what was acquired separately: some scanners write a series per slice, some one for the
whole stack, some one per phase.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .places import by_place, by_position, unit_axes
from .records import Frame
from .timing import HEARTBEAT_KEYS, time_key

# A re-acquisition must be about as complete as the earlier one to replace it.
COMPLETE = 0.8

# Fewer images than this are not taken for a time course on the strength of their times alone.
FEWEST_PHASES = 5

# Parts of ImageType that make a different picture of the same acquisition.
_COMPONENTS = {
    "M": "magnitude",
    "MAGNITUDE": "magnitude",
    "P": "phase",
    "PHASE": "phase",
    "R": "real",
    "REAL": "real",
    "I": "imaginary",
    "IMAGINARY": "imaginary",
    "PHASE MAP": "phase",
    "VELOCITY": "phase",
    "VELOCITY MAP": "phase",
}


@dataclass(eq=False)
class Slice:
    """The frames of one slice location from one acquisition, in order of time."""

    frames: list[Frame]
    time_key: str
    component: str
    orientation: np.ndarray | None
    position: np.ndarray | None

    @cached_property
    def normal(self) -> np.ndarray | None:
        return None if self.orientation is None else np.cross(*self.orientation)

    @property
    def times(self) -> np.ndarray:
        """`(T,)` values of the key that ordered the frames."""
        return np.array([frame.times[self.time_key] for frame in self.frames])

    @property
    def matrix(self) -> tuple[int, int]:
        header = self.frames[0].header
        return header.rows, header.columns

    @property
    def acquired(self) -> tuple[float, float, float, float]:
        """Sorts acquisitions of one place by when they were made."""
        header = self.frames[0].header
        first = min(frame.header.acquired_ms for frame in self.frames)
        instance = min(frame.times.get("instance", 0.0) for frame in self.frames)
        return first, header.series_number, header.acquisition_number, instance


def component(frame: Frame) -> str:
    """Which picture of the complex signal a frame is: "magnitude" unless it says otherwise."""
    # The third value is where vendors put it; enhanced files append the tag's own value.
    for part in frame.image_type[:1:-1]:
        if part in _COMPONENTS:
            return _COMPONENTS[part]
    return "magnitude"


def slices(frames: list[Frame]) -> list[Slice]:
    """Group frames by acquisition and place, and put each group in order of time."""
    groups: dict[tuple, list[Frame]] = defaultdict(list)
    for frame in frames:
        header = frame.header
        spacing = frame.spacing and (round(frame.spacing[0], 2), round(frame.spacing[1], 2))
        echo = None if frame.echo_ms is None else round(frame.echo_ms, 1)
        key = (header.series_uid, header.rows, header.columns, spacing, component(frame), echo)
        groups[key].append(frame)
    found: list[Slice] = []
    for key, members in groups.items():
        for place in by_position(members):
            for run in _acquisitions(place):
                found.append(_slice(run, key[4]))
    return found


def _slice(frames: list[Frame], part: str) -> Slice:
    key = time_key(frames)
    frames = sorted(frames, key=lambda frame: frame.times[key])
    first = frames[0]
    orientation = None
    if first.orientation is not None:
        orientation = unit_axes(np.reshape(first.orientation, (2, 3)))
    position = None if first.position is None else np.array(first.position)
    return Slice(frames, key, part, orientation, position)


def apart(found: Slice) -> list[Slice]:
    """Each frame of a slice as a slice of its own, in their order."""
    return [_slice([frame], found.component) for frame in found.frames]


def join_phases(singles: list[Slice]) -> tuple[list[Slice], list[Slice]]:
    """Put together cines that were written as a series per phase.

    Args:
        singles: slices of one image each.

    Returns:
        The cines, and the images that belong to none.
    """
    joined, alone = [], []
    for place in by_place(singles):
        frames = [frame for found in place for frame in found.frames]
        if len(frames) >= FEWEST_PHASES and time_key(frames) in HEARTBEAT_KEYS:
            joined.append(_slice(frames, place[0].component))
        else:
            alone += place
    return joined, alone


def merge_repeats(found: list[Slice]) -> tuple[list[Slice], int]:
    """Keep one acquisition of each place.

    A place is acquired anew because the earlier images were not good enough, so the last
    acquisition that is about as complete as the best is kept.

    Returns:
        The slices, and how many earlier acquisitions were dropped.
    """
    kept = []
    for place in by_place(found):
        most = max(len(s.frames) for s in place)
        complete = [s for s in place if len(s.frames) >= COMPLETE * most]
        kept.append(max(complete, key=lambda s: s.acquired))
    return kept, len(found) - len(kept)


def _acquisitions(frames: list[Frame]) -> list[list[Frame]]:
    """Split one place of one series into its acquisitions.

    In the order of instance numbers, the trigger time of one acquisition runs up once. Where it
    falls back to the start, and the runs are of equal length, the slice was acquired again.
    """
    key = next((k for k in HEARTBEAT_KEYS if all(k in f.times for f in frames)), None)
    if key is None:
        return [frames]
    ordered = sorted(
        frames, key=lambda f: (f.header.acquisition_number, f.times.get("instance", 0.0), f.index)
    )
    values = np.array([frame.times[key] for frame in ordered])
    runs = np.split(np.arange(len(ordered)), np.flatnonzero(np.diff(values) <= 0) + 1)
    lengths = [len(run) for run in runs]
    # Short or unequal runs are a file order that means nothing.
    if min(lengths) < max(FEWEST_PHASES, COMPLETE * max(lengths)):
        return [frames]
    return [[ordered[i] for i in run] for run in runs]
