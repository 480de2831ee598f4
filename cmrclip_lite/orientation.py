"""How the heart lies in the patient: its long axis, and how it is turned about it.

Both are found from all planes of a study together. The **long axis** is the direction that most
planes lie either across (the short axis) or along; it points to the left, the front and the feet.
The **turn** about it is the one that puts the planes along it nearest to where the standard
long-axis views lie: about 60 degrees apart, through the opposite walls of the 17-segment model
(Cerqueira et al., Circulation 105:539, 2002).

Directions are in the DICOM patient system: x to the left, y to the back, z to the head, whichever
way the patient was put into the scanner.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Sequence as SequenceOf
from typing import NamedTuple

import numpy as np

from .study import Series, View
from .view_words import describe, names_another

# Mean direction from base to apex in supine adults; single hearts lie up to 30 degrees off it.
LONG_AXIS = np.array([0.66, -0.63, -0.41]) / np.linalg.norm([0.66, -0.63, -0.41])
# No heart in its usual place lies further off, a patient askew on the table included.
AXIS_WITHIN = 65.0
# Parallel slices of one stack differ by rounding only; separately planned ones by a few degrees.
PARALLEL_WITHIN = 10.0
# The short axis is planned across the long axis, and long-axis views along it, about this well.
ACROSS_WITHIN, ALONG_WITHIN = 20.0, 22.0
# Along an axis that is only assumed, because one plane alone does not show it.
ALONG_ASSUMED_WITHIN = 30.0
# An image this close to a patient plane was hardly, and one exactly in it not, turned to the heart.
ALIGNED_WITHIN, EXACT_WITHIN = 8.0, 0.5

# Where each plane crosses the short axis, in degrees from the lateral wall towards the anterior
# one: 4CH from inferoseptal to anterolateral, 2CH from inferior to anterior, 3CH from
# inferolateral to anteroseptal.
CROSSING = {View.FOUR_CHAMBER: 30.0, View.TWO_CHAMBER: 90.0, View.THREE_CHAMBER: 150.0}

# Standard deviations in degrees, rough and not critical: of the heart's axis from the mean, of a
# plane from across or along it, of the heart's turn about it, and of where a plane crosses.
_AXIS_SD, _PLANE_SD, _TURN_SD, _CROSSING_SD = 20.0, 8.0, 15.0, 10.0
# What else is weighed, in squared standard deviations. A plane that is neither across nor along
# the axis, and a stack of that kind; a stack along it; that several long-axis planes show different
# views; and a description set against geometry, which it outweighs unless the plane lies close to
# where another view should.
_STRAY, _STRAY_STACK, _STACK_ALONG, _DIFFERENT, _DESCRIBED = 4.0, 12.0, 4.0, 8.0, 8.0
# Two views nearer than this to each other are noted: within 10 degrees of the border between them
# for a plane alone, less where others show how the heart is turned.
IN_BETWEEN = 4.0


def crossing_degrees(normal: np.ndarray, axis: np.ndarray) -> float:
    """Where a plane crosses the short axis, from 0 to 180 degrees.

    0 is the line between the lateral wall and the septum as the patient lies, level; the angle
    grows from the lateral towards the anterior wall.

    Args:
        normal: `(3,)` of the plane.
        axis: `(3,)` unit vector from base to apex.
    """
    lateral, inferior = walls(axis)
    line = np.cross(axis, normal)
    return float(np.degrees(np.arctan2(-(line @ inferior), line @ lateral))) % 180.0


def walls(axis: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """`(3,)` unit vectors across an axis to the lateral and to the inferior wall."""
    feet = np.array([0.0, 0.0, -1.0])
    inferior = feet - (feet @ axis) * axis
    inferior /= np.linalg.norm(inferior)
    return np.cross(axis, inferior), inferior


def towards_apex(normal: np.ndarray) -> np.ndarray:
    """The normal, or its opposite, whichever points to the left, the front and the feet."""
    return normal if normal @ LONG_AXIS >= 0 else -normal


def angle(a: np.ndarray, b: np.ndarray) -> float:
    """Degrees between two directions, their sign ignored: 0 to 90."""
    return float(np.degrees(np.arccos(np.clip(abs(a @ b), 0.0, 1.0))))


class Plane(NamedTuple):
    """Where a series lies, if known, its normal towards the apex, and what its description says.

    `said` is the view that it names; `another` whether it names a plane that `View` does not list.
    """

    normal: np.ndarray | None
    centre: np.ndarray | None
    said: View
    another: bool

    def parallel(self, other: Plane) -> bool:
        return self.normal is not None and angle(self.normal, other.normal) < PARALLEL_WITHIN

    @property
    def off_patient(self) -> float:
        """Degrees to the nearest plane of the patient."""
        return float(np.degrees(np.arccos(min(1.0, np.abs(self.normal).max()))))


class Line(NamedTuple):
    """Where a plane along the axis crosses the short axis, and the view its description names."""

    crossing: int
    said: View


class Stack(NamedTuple):
    """Parallel planes, the number of places they take, and the views their descriptions name."""

    normal: np.ndarray
    places: int
    said: set[View]


def find_planes(series: SequenceOf[Series], words: SequenceOf[str] | None) -> list[Plane]:
    """Where each series lies, and what its description (see `view_words`) says of its view."""
    words = words or [""] * len(series)
    another = [names_another(text) for text in words]
    # What every series of a study is called, such as "heart and aorta", tells none from another.
    if all(another):
        another = [False] * len(series)
    return [
        Plane(
            None if s.centre_mm is None else towards_apex(s.normal), s.centre_mm, describe(w), other
        )
        for s, w, other in zip(series, words, another, strict=True)
    ]


def find_stacks(planes: Iterable[Plane]) -> list[Stack]:
    """Stacks of the planes that were turned to the heart."""
    groups: list[list[Plane]] = []
    for plane in planes:
        if plane.normal is None or plane.another or plane.off_patient < ALIGNED_WITHIN:
            continue
        for group in groups:
            if plane.parallel(group[0]):
                group.append(plane)
                break
        else:
            groups.append([plane])
    return [
        Stack(g[0].normal, _places(g[0].normal, g), {p.said for p in g} - {View.UNKNOWN})
        for g in groups
    ]


def _places(normal: np.ndarray, planes: Iterable[Plane]) -> int:
    """How many places along the normal the planes have, to the nearest millimetre."""
    return len({round(float(plane.centre @ normal)) for plane in planes})


def find_long_axis(stacks: list[Stack]) -> np.ndarray:
    """`(3,)` unit vector from base to apex: the likeliest of those that planes show.

    One plane shows what lies across it, two the line in which they meet. Where neither is likelier
    than the mean of adults it is `LONG_AXIS` itself: assumed, not seen. A stack that is described
    as the short axis is believed wherever it lies.
    """
    described = [s for s in stacks if s.places >= 3 and s.said == {View.SAX}]
    if described:
        return max(described, key=lambda stack: stack.places).normal
    candidates = [stack.normal for stack in stacks]
    for i, a in enumerate(stacks):
        for b in stacks[:i]:
            if angle(a.normal, b.normal) > 2 * PARALLEL_WITHIN:
                line = np.cross(a.normal, b.normal)
                candidates.append(towards_apex(line / np.linalg.norm(line)))
    candidates = [axis for axis in candidates if angle(axis, LONG_AXIS) < AXIS_WITHIN]
    return min([LONG_AXIS, *candidates], key=lambda axis: _strain(axis, stacks))


def _strain(axis: np.ndarray, stacks: list[Stack]) -> float:
    """How unlikely a long axis is, in squared standard deviations."""
    total = (angle(axis, LONG_AXIS) / _AXIS_SD) ** 2
    for stack in stacks:
        off = angle(stack.normal, axis)
        across, along = (off / _PLANE_SD) ** 2, ((90.0 - off) / _PLANE_SD) ** 2
        across += _DESCRIBED * bool(stack.said - {View.SAX})
        along += _DESCRIBED * (View.SAX in stack.said)
        if stack.places < 3:
            total += min(across, along, _STRAY)
        else:
            total += min(across, along + _STACK_ALONG, _STRAY_STACK)
    return total


def views_along(planes: list[Plane], axis: np.ndarray) -> list[tuple[View, View | None] | None]:
    """The view of each plane along the axis, and another that is nearly as likely.

    Each view that a plane may show is weighed at the turn of the heart, about its axis, that suits
    it and the other planes best. None for a plane that does not lie along the axis.
    """
    # Parallel slices of one description are one line, or many would outvote the others.
    line_of = [_line(p, axis) if _is_along(p, axis, planes) else None for p in planes]
    lines = [line for line in dict.fromkeys(line_of) if line is not None]
    turns, views = np.arange(-45.0, 46.0), list(CROSSING)
    strain = np.empty((len(turns), len(lines), len(views)))
    for i, line in enumerate(lines):
        for v, view in enumerate(views):
            strain[:, i, v] = (_apart(line.crossing - turns, CROSSING[view]) / _CROSSING_SD) ** 2
            strain[:, i, v] += _DESCRIBED * (line.said in CROSSING and line.said is not view)
    best, shown = strain.min(axis=2), np.eye(len(views), dtype=bool)[strain.argmin(axis=2)]
    found = {}
    for i, line in enumerate(lines):
        others = np.arange(len(lines)) != i
        rest = (turns / _TURN_SD) ** 2 + best[:, others].sum(axis=1)
        total = {}
        for v, view in enumerate(views):
            different = (shown[:, others].any(axis=1) | np.eye(len(views), dtype=bool)[v]).sum(1)
            total[view] = (rest + strain[:, i, v] - _DIFFERENT * different).min()
        first, second = sorted(total, key=total.get)[:2]
        close = total[second] - total[first] < IN_BETWEEN
        found[line] = first, second if close and line.said is not first else None
    return [found.get(line) for line in line_of]


def _line(plane: Plane, axis: np.ndarray) -> Line:
    return Line(round(crossing_degrees(plane.normal, axis)), plane.said)


def turned_to_heart(plane: Plane, axis: np.ndarray, planes: list[Plane]) -> bool:
    """Whether a plane was planned on the heart, even if it lies close to one of the patient."""
    if plane.normal is None or plane.another or plane.off_patient < EXACT_WITHIN:
        return False
    if plane.off_patient > ALIGNED_WITHIN:
        return True
    # A long-axis plane may happen to lie so; a survey stack has many slices.
    parallel = [p for p in planes if p.parallel(plane)]
    along = 90.0 - angle(plane.normal, axis) < ALONG_WITHIN / 2
    return along and axis is not LONG_AXIS and _places(plane.normal, parallel) <= 3


def _is_along(plane: Plane, axis: np.ndarray, planes: list[Plane]) -> bool:
    # The outflow tract of the right ventricle is told by its name alone.
    if plane.said is View.RVOT or not turned_to_heart(plane, axis, planes):
        return False
    within = ALONG_ASSUMED_WITHIN if axis is LONG_AXIS else ALONG_WITHIN
    return 90.0 - angle(plane.normal, axis) < within


def _apart(a: np.ndarray, b: float) -> np.ndarray:
    """Degrees between lines through one point: 0 to 90."""
    off = np.abs(a - b) % 180.0
    return np.minimum(off, 180.0 - off)
