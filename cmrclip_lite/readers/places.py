"""Which images show one place: a normal, a position along it, a matrix and a spacing."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

from .records import Frame

if TYPE_CHECKING:
    from .grouping import Slice

# Two images show the same slice within this angle and this distance along the normal. Slices of
# one stack are several millimetres apart; scanners print positions with 0.01 mm or better.
SAME_ANGLE_COS = float(np.cos(np.radians(1.0)))
SAME_PLACE_MM = 0.5


def by_position(frames: list[Frame]) -> list[list[Frame]]:
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


def by_place(found: list[Slice]) -> list[list[Slice]]:
    """Gather slices, of whatever series, that show one place."""
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


def unit_axes(axes: np.ndarray) -> np.ndarray | None:
    """Row and column directions as unit vectors, or None if they span no plane."""
    lengths = np.linalg.norm(axes, axis=1)
    if not np.isfinite(axes).all() or lengths.min() < 1e-6:
        return None
    axes = axes / lengths[:, None]
    return axes if abs(float(axes[0] @ axes[1])) < 0.1 else None


def _unplaced(frames: list[Frame]) -> list[list[Frame]]:
    """Frames that do not say where they lie: one place per multi-frame file, one for the rest."""
    singles = [frame for frame in frames if frame.header.frame_count == 1]
    files: dict[int, list[Frame]] = defaultdict(list)
    for frame in frames:
        if frame.header.frame_count > 1:
            files[id(frame.header)].append(frame)
    return ([singles] if singles else []) + list(files.values())


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


def _aligned(many: np.ndarray, one: np.ndarray) -> np.ndarray:
    """Which of `(n, 2, 3)` axes point the way of one `(2, 3)`."""
    return (many * one).sum(axis=2).min(axis=1, initial=2.0) > SAME_ANGLE_COS
