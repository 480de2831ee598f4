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

from .records import Frame
from .timing import HEARTBEAT_KEYS, time_key

# Two images show the same slice within this angle and this distance along the normal. Slices of
# one stack are several millimetres apart; scanners print positions with 0.01 mm or better.
SAME_ANGLE_COS = float(np.cos(np.radians(1.0)))
SAME_PLACE_MM = 0.5

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
        for place in _places(members):
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
    for place in _by_place(singles):
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
    for place in _by_place(found):
        most = max(len(s.frames) for s in place)
        complete = [s for s in place if len(s.frames) >= COMPLETE * most]
        kept.append(max(complete, key=lambda s: s.acquired))
    return kept, len(found) - len(kept)


def _by_place(found: list[Slice]) -> list[list[Slice]]:
    places: list[list[Slice]] = []
    # Thousands of places are compared at once; one by one they would take minutes.
    firsts: dict[tuple, _Firsts] = {}
    for candidate in found:
        spacing = candidate.frames[0].spacing
        key = (candidate.matrix, candidate.component, spacing is None)
        if candidate.orientation is None or candidate.position is None:
            places.append([candidate])
            continue
        row = np.concatenate([candidate.orientation.ravel(), candidate.position, spacing or ()])
        same = firsts.setdefault(key, _Firsts(len(row)))
        home = next(iter(same.where(_same_place(same.rows, row))), None)
        if home is None:
            same.add(row, len(places))
            places.append([candidate])
        else:
            places[home].append(candidate)
    return places


class _Firsts:
    """The first member of each group as a row of numbers, and the number of its group."""

    def __init__(self, width: int) -> None:
        self._rows = np.empty((8, width))
        self._groups: list[int] = []

    @property
    def rows(self) -> np.ndarray:
        """`(groups, width)`."""
        return self._rows[: len(self._groups)]

    def add(self, row: np.ndarray, group: int) -> None:
        if len(self._groups) == len(self._rows):
            self._rows = np.concatenate([self._rows, np.empty_like(self._rows)])
        self._rows[len(self._groups)] = row
        self._groups.append(group)

    def where(self, alike: np.ndarray) -> list[int]:
        """The groups, oldest first, whose rows are `alike`, a `(groups,)` mask."""
        return [self._groups[index] for index in np.flatnonzero(alike)]


def _same_place(firsts: np.ndarray, row: np.ndarray) -> np.ndarray:
    """Which rows of axes (6), position (3) and spacing (2, or none) are the place of another."""
    axes = firsts[:, :6].reshape(-1, 2, 3)
    normals = np.cross(axes[:, 0], axes[:, 1])
    apart = np.abs(np.einsum("ij,ij->i", firsts[:, 6:9] - row[6:9], normals))
    spacing = np.isclose(firsts[:, 9:], row[9:], 0.01).all(axis=1)
    return _aligned(axes, row[:6].reshape(2, 3)) & (apart < SAME_PLACE_MM) & spacing


def _places(frames: list[Frame]) -> list[list[Frame]]:
    """Split frames of one series by orientation, then by position along the normal."""
    groups: list[tuple[np.ndarray, list[Frame]]] = []
    firsts = _Firsts(6)
    unknown: list[Frame] = []
    by_axes: dict[tuple | None, list[Frame]] = defaultdict(list)
    for frame in frames:
        by_axes[frame.orientation if frame.position is not None else None].append(frame)
    for stated, members in by_axes.items():
        axes = None if stated is None else unit_axes(np.reshape(stated, (2, 3)))
        if axes is None:
            unknown += members
            continue
        alike = firsts.where(_aligned(firsts.rows.reshape(-1, 2, 3), axes))
        if not alike:
            firsts.add(axes.ravel(), len(groups))
            groups.append((axes, list(members)))
        else:
            groups[alike[0]][1].extend(members)
    places = _unplaced(unknown)
    for axes, members in groups:
        along = np.array([frame.position for frame in members]) @ np.cross(*axes)
        order = np.argsort(along, kind="stable")
        breaks = np.flatnonzero(np.diff(along[order]) > SAME_PLACE_MM) + 1
        places += [[members[i] for i in part] for part in np.split(order, breaks)]
    return places


def _unplaced(frames: list[Frame]) -> list[list[Frame]]:
    """Frames that do not say where they lie: one place per multi-frame file, one for the rest."""
    singles = [frame for frame in frames if frame.header.frame_count == 1]
    files: dict[int, list[Frame]] = defaultdict(list)
    for frame in frames:
        if frame.header.frame_count > 1:
            files[id(frame.header)].append(frame)
    return ([singles] if singles else []) + list(files.values())


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


def _aligned(many: np.ndarray, one: np.ndarray) -> np.ndarray:
    """Which of `(n, 2, 3)` axes point the way of one `(2, 3)`."""
    return (many * one).sum(axis=2).min(axis=1, initial=2.0) > SAME_ANGLE_COS


def unit_axes(axes: np.ndarray) -> np.ndarray | None:
    """Row and column directions as unit vectors, or None if they span no plane."""
    lengths = np.linalg.norm(axes, axis=1)
    if not np.isfinite(axes).all() or lengths.min() < 1e-6:
        return None
    axes = axes / lengths[:, None]
    return axes if abs(float(axes[0] @ axes[1])) < 0.1 else None
