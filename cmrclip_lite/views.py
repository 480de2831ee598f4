"""Which view each series of a study shows, and its order and level along the stack.

Geometry decides first, for descriptions are often empty and are written in the habits of many
sites. Directions are in the DICOM patient system: x to the left, y to the back, z to the head,
whichever way the patient was put into the scanner.

Two turns of the heart are found from all planes of a study together. Its **long axis** is the
direction that most planes lie either across (the short axis) or along. It points to the left, the
front and the feet, so among slices across it the base is the end that lies most to the right, the
back and the head, and a stack is ordered **base first**. Its **turn about that axis** is the one
that puts the planes along it nearest to where the standard long-axis planes lie: about 60 degrees
apart, through the opposite walls of the 17-segment model (Cerqueira et al., Circulation 105:539,
2002).

A plane between the short axis and the long ones is no view of either and stays unknown unless its
description names one. A plane along the long axis takes the nearest of the three views, since
each shows the left ventricle at full length; a note says where it is close to another.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from collections.abc import Sequence as SequenceOf
from typing import NamedTuple

import numpy as np

from .study import Level, Series, Study, View
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
# Nearer than this to the border between two of them, a series without a description is noted.
IN_BETWEEN = 8.0

# Standard deviations in degrees, rough and not critical: of the heart's axis from the mean, of a
# plane from across or along it, of the heart's turn about it, and of where a plane crosses.
_AXIS_SD, _PLANE_SD, _TURN_SD, _CROSSING_SD = 20.0, 8.0, 15.0, 10.0
# What else is weighed, in squared standard deviations. A plane that is neither across nor along
# the axis, and a stack of that kind; a stack along it; that several long-axis planes show different
# views; and a description set against geometry, which it outweighs unless the plane lies close to
# where another view should.
_STRAY, _STRAY_STACK, _STACK_ALONG, _DIFFERENT, _DESCRIBED = 4.0, 12.0, 4.0, 8.0, 8.0


def assign(study: Study, words: SequenceOf[str] | None = None) -> None:
    """Give each series of a study its view and level, and put each view in stack order.

    Args:
        study: changed in place; series that have a view keep it.
        words: one description per series, lower case with spaces at both ends.
    """
    if not study.series:
        return
    found = _classify(study.series, words)
    for series, (view, _) in zip(study.series, found, strict=True):
        series.view = view
    study.series = ordered(study.series)
    _assign_levels(study.series)
    between = Counter(pair for pair in found if pair[1] is not None)
    for (view, beside), count in between.items():
        lie = "A series lies" if count == 1 else f"{count} series lie"
        study.notes.append(f"{lie} between {view} and {beside}; taken as {view}.")
    short = [s for s in study.series if s.view is View.SAX]
    if short and all(s.normal is None for s in short):
        study.notes.append(
            "The images do not say where they lie; which end of the stack is the base is unknown."
        )
    elif short and not any(map(_usual, short)):
        study.notes.append(
            "The short axis lies as in no usual heart, perhaps because the patient's position was "
            "entered wrongly; which end of the stack is the base is unknown."
        )


def classify(series: SequenceOf[Series], words: SequenceOf[str] | None = None) -> list[View]:
    """The view of each series.

    Args:
        series: all of one study, for planes are told by how they lie to each other.
        words: one description per series, lower case with spaces at both ends, or None.

    Returns:
        One view per series; a view other than unknown that a series has is kept.
    """
    return [view for view, _ in _classify(series, words)]


def short_axis(
    series: SequenceOf[Series], words: SequenceOf[str] | None = None
) -> np.ndarray | None:
    """`(3,)` unit vector from base to apex, across the study's short-axis slices, or None."""
    planes = _planes(series, words)
    stacks = _stacks(planes)
    axis = _long_axis(stacks)
    across = [s for s in stacks if angle(s.normal, axis) < ACROSS_WITHIN]
    return max(across, key=lambda s: s.places).normal if across else None


def ordered(series: SequenceOf[Series]) -> list[Series]:
    """Series by view, cines before stills, and within each along the stack.

    Short-axis slices run from base to apex; other stacks from the right, back and head towards
    the left, front and feet. Slices that do not say where they lie keep their order.
    """
    result: list[Series] = []
    for view in View:
        for cine in (True, False):
            members = [s for s in series if s.view is view and s.is_cine is cine]
            result += _along_stack(members)
    return result


def crossing_degrees(normal: np.ndarray, axis: np.ndarray) -> float:
    """Where a plane crosses the short axis, from 0 to 180 degrees.

    0 is the line between the lateral wall and the septum as the patient lies, level; the angle
    grows from the lateral towards the anterior wall.

    Args:
        normal: `(3,)` of the plane.
        axis: `(3,)` unit vector from base to apex.
    """
    feet = np.array([0.0, 0.0, -1.0])
    inferior = feet - (feet @ axis) * axis
    inferior /= np.linalg.norm(inferior)
    lateral = np.cross(axis, inferior)
    line = np.cross(axis, normal)
    return float(np.degrees(np.arctan2(-(line @ inferior), line @ lateral))) % 180.0


def towards_apex(normal: np.ndarray) -> np.ndarray:
    """The normal, or its opposite, whichever points to the left, the front and the feet."""
    return normal if normal @ LONG_AXIS >= 0 else -normal


def angle(a: np.ndarray, b: np.ndarray) -> float:
    """Degrees between two directions, their sign ignored: 0 to 90."""
    return float(np.degrees(np.arccos(np.clip(abs(a @ b), 0.0, 1.0))))


class _Plane(NamedTuple):
    """Where a series lies, its normal towards the apex, and the view its description names."""

    normal: np.ndarray | None
    centre: np.ndarray | None
    said: View
    another: bool

    @property
    def off_patient(self) -> float:
        """Degrees to the nearest plane of the patient."""
        return float(np.degrees(np.arccos(min(1.0, np.abs(self.normal).max()))))


class _Stack(NamedTuple):
    """Parallel planes, the number of places they take, and the views their descriptions name."""

    normal: np.ndarray
    places: int
    said: set[View]


def _planes(series: SequenceOf[Series], words: SequenceOf[str] | None) -> list[_Plane]:
    words = words or [""] * len(series)
    another = [names_another(text) for text in words]
    # What every series of a study is called, such as "heart and aorta", tells none from another.
    if all(another):
        another = [False] * len(series)
    return [
        _Plane(
            None if s.centre_mm is None else towards_apex(s.normal), s.centre_mm, describe(w), other
        )
        for s, w, other in zip(series, words, another, strict=True)
    ]


def _stacks(planes: Iterable[_Plane]) -> list[_Stack]:
    """Stacks of the planes that were turned to the heart."""
    groups: list[list[_Plane]] = []
    for plane in planes:
        if plane.normal is None or plane.another or plane.off_patient < ALIGNED_WITHIN:
            continue
        for group in groups:
            if angle(plane.normal, group[0].normal) < PARALLEL_WITHIN:
                group.append(plane)
                break
        else:
            groups.append([plane])
    return [
        _Stack(g[0].normal, _places(g[0].normal, g), {p.said for p in g} - {View.UNKNOWN})
        for g in groups
    ]


def _places(normal: np.ndarray, planes: Iterable[_Plane]) -> int:
    """How many places along the normal the planes have, to the nearest millimetre."""
    return len({round(float(plane.centre @ normal)) for plane in planes})


def _long_axis(stacks: list[_Stack]) -> np.ndarray:
    """`(3,)` unit vector from base to apex: the likeliest of all that two planes can show.

    Candidates are across one plane, or the line in which two planes meet, or, where neither is
    more likely, the mean of adults.
    """
    candidates = [stack.normal for stack in stacks]
    for i, a in enumerate(stacks):
        for b in stacks[:i]:
            if angle(a.normal, b.normal) > 2 * PARALLEL_WITHIN:
                line = np.cross(a.normal, b.normal)
                candidates.append(towards_apex(line / np.linalg.norm(line)))
    candidates = [axis for axis in candidates if angle(axis, LONG_AXIS) < AXIS_WITHIN]
    return min([LONG_AXIS, *candidates], key=lambda axis: _strain(axis, stacks))


def _strain(axis: np.ndarray, stacks: list[_Stack]) -> float:
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


def _turn(planes: list[_Plane], axis: np.ndarray) -> float:
    """Degrees that the heart is turned about its axis, from where the mean heart lies."""
    along = {
        (round(crossing_degrees(p.normal, axis)), p.said)
        for p in planes
        if p.normal is not None and p.off_patient > EXACT_WITHIN and _is_along(p, axis)
    }

    def strain(turn: float) -> float:
        misfits = [_misfits(crossing - turn, said) for crossing, said in along]
        different = {min(misfit, key=misfit.get) for misfit in misfits}
        fit = sum(min(misfit.values()) for misfit in misfits)
        return (turn / _TURN_SD) ** 2 + fit - _DIFFERENT * len(different)

    return float(min(np.arange(-45.0, 46.0), key=strain))


def _misfits(crossing: float, said: View) -> dict[View, float]:
    """How badly each long-axis view fits, in squared standard deviations."""
    return {
        view: (_apart(crossing, nominal) / _CROSSING_SD) ** 2
        + _DESCRIBED * (said in CROSSING and said is not view)
        for view, nominal in CROSSING.items()
    }


def _is_along(plane: _Plane, axis: np.ndarray) -> bool:
    within = ALONG_ASSUMED_WITHIN if axis is LONG_AXIS else ALONG_WITHIN
    return 90.0 - angle(plane.normal, axis) < within


def _classify(
    series: SequenceOf[Series], words: SequenceOf[str] | None
) -> list[tuple[View, View | None]]:
    """The view of each series, and another that it is nearly as close to."""
    planes = _planes(series, words)
    axis = _long_axis(_stacks(planes))
    turn = _turn(planes, axis)
    return [
        (s.view, None) if s.view is not View.UNKNOWN else _view(plane, axis, turn, planes)
        for s, plane in zip(series, planes, strict=True)
    ]


def _view(
    plane: _Plane, axis: np.ndarray, turn: float, planes: list[_Plane]
) -> tuple[View, View | None]:
    if plane.another:
        return View.UNKNOWN, None
    if plane.normal is None:
        return plane.said, None
    if plane.off_patient < ALIGNED_WITHIN and not _turned_to_heart(plane, axis, planes):
        # Coronal and sagittal planes are outflow-tract views by name only.
        axial = np.argmax(np.abs(plane.normal)) == 2
        return (View.AXIAL if axial else plane.said), None
    if angle(plane.normal, axis) < ACROSS_WITHIN:
        return View.SAX, None
    if not _is_along(plane, axis):
        return plane.said, None
    crossing = crossing_degrees(plane.normal, axis) - turn
    misfit = _misfits(crossing, plane.said)
    first, second = sorted(misfit, key=misfit.get)[:2]
    # Outflow tracts lie across no fixed angle of the heart: only their names tell them. But the
    # 3-chamber view, which shows the left one, often has no other name.
    if plane.said is View.RVOT or (plane.said is View.LVOT and first is not View.THREE_CHAMBER):
        return plane.said, None
    apart = _apart(crossing, CROSSING[second]) - _apart(crossing, CROSSING[first])
    return first, second if apart < 2 * IN_BETWEEN and plane.said is not first else None


def _turned_to_heart(plane: _Plane, axis: np.ndarray, planes: list[_Plane]) -> bool:
    """Whether a long-axis plane only happens to lie close to a plane of the patient."""
    parallel = [
        p
        for p in planes
        if p.normal is not None and angle(p.normal, plane.normal) < PARALLEL_WITHIN
    ]
    # A survey stack has many slices.
    few = _places(plane.normal, parallel) <= 3
    along = 90.0 - angle(plane.normal, axis) < ALONG_WITHIN / 2
    return few and along and axis is not LONG_AXIS and plane.off_patient > EXACT_WITHIN


def _along_stack(members: list[Series]) -> list[Series]:
    if not members or any(s.centre_mm is None for s in members):
        return members
    # One direction for the whole stack, or planes a degree apart would sort unevenly.
    normal = towards_apex(members[0].normal)
    return sorted(members, key=lambda s: float(s.centre_mm @ normal))


def _assign_levels(series: list[Series]) -> None:
    """Basal, mid or apical for short-axis slices of a stack whose base is known.

    Thirds of the ventricle's length (Cerqueira et al. 2002); without a segmentation, thirds of
    what the cine stack covers stand in for them.
    """
    short = [s for s in series if s.view is View.SAX and _usual(s)]
    stack = [s for s in short if s.is_cine] or short
    if not stack:
        return
    axis = towards_apex(stack[0].normal)
    places = sorted({round(float(s.centre_mm @ axis)) for s in stack})
    if len(places) < 3:
        return
    # A slice stands for what lies halfway to the next.
    half = (places[-1] - places[0]) / (len(places) - 1) / 2
    first, length = places[0] - half, places[-1] - places[0] + 2 * half
    for s in short:
        third = int(3 * (s.centre_mm @ axis - first) / length)
        s.level = list(Level)[min(max(third, 0), 2)]


def _usual(series: Series) -> bool:
    """Whether a short-axis slice lies so that its normal tells the base from the apex."""
    return series.centre_mm is not None and angle(series.normal, LONG_AXIS) < AXIS_WITHIN


def _apart(a: float, b: float) -> float:
    """Degrees between two lines through one point: 0 to 90."""
    off = abs(a - b) % 180.0
    return min(off, 180.0 - off)
