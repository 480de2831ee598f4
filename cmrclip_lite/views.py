"""Which view each series of a study shows, and its order along the stack.

Geometry decides first, for descriptions are often empty and are written in the habits of many
sites. Directions are in the DICOM patient system: x to the left, y to the back, z to the head.

The short axis is the set of parallel slices, across the heart's long axis, with most positions.
The long axis of an adult heart points to the left, the front and the feet, so among slices across
it the base is the end that lies most to the right, the back and the head, and a stack is ordered
**base first**. A single slice that contains the long axis is told by the angle at which it
crosses the short axis: the three standard long-axis planes lie about 60 degrees apart, through
the opposite walls of the 17-segment model (Cerqueira et al., Circulation 105:539, 2002).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from collections.abc import Sequence as SequenceOf
from typing import NamedTuple

import numpy as np

from .study import Series, Study, View

# Mean direction from base to apex in supine adults; single hearts lie up to 30 degrees off it.
LONG_AXIS = np.array([0.66, -0.63, -0.41]) / np.linalg.norm([0.66, -0.63, -0.41])
# A stack this far from the mean long axis is no short axis.
SHORT_AXIS_WITHIN = 45.0
# One or two slices are the short axis only this close to it.
ALONE_WITHIN = 25.0
# Parallel slices of one stack differ by rounding only; separately planned ones by a few degrees.
PARALLEL_WITHIN = 10.0
# A plane contains the long axis if its normal is within this of a right angle to it.
CONTAINS_WITHIN = 30.0
# An image this close to a patient plane was not turned to the heart.
ALIGNED_WITHIN = 8.0

# Where each plane crosses the short axis, in degrees from the lateral wall towards the anterior
# one: 4CH from inferoseptal to anterolateral, 2CH from inferior to anterior, 3CH from
# inferolateral to anteroseptal.
CROSSING = {View.FOUR_CHAMBER: 30.0, View.TWO_CHAMBER: 90.0, View.THREE_CHAMBER: 150.0}
# Nearer than this to a border between two planes, the description is believed instead.
IN_BETWEEN = 8.0

# Words of several vendors and languages, as they stand in a description between spaces.
_WORDS = {
    View.LVOT: r"lvot\w*|lv ot|aortic valve|ao valve",
    View.RVOT: r"rvot\w*|rv ot|pulm\w* valve",
    View.FOUR_CHAMBER: r"4 ?(ch\w*|cv|kammer\w*|k|c)|four ?ch\w*|hla|horizontal long\w*",
    View.TWO_CHAMBER: r"2 ?(ch\w*|cv|kammer\w*|k|c)|two ?ch\w*|vla|vertical long\w*",
    View.THREE_CHAMBER: r"3 ?(ch\w*|cv|kammer\w*|k|c)|three ?ch\w*|aplax|apical long\w*",
    View.SAX: r"sax\w*|sa|s ax|short ?ax\w*|kurz\w*|petit axe|ka|eje corto|asse corto",
    View.AXIAL: r"ax|axial\w*|tra|trans\w*|axiaal",
}
_PATTERNS = {view: re.compile(rf" ({words}) ") for view, words in _WORDS.items()}


def assign(study: Study, words: SequenceOf[str] | None = None) -> None:
    """Give each series of a study its view, and put each view in stack order.

    Args:
        study: changed in place; series that have a view keep it.
        words: one description per series, lower case with spaces at both ends.
    """
    if not study.series:
        return
    views = classify(study.series, words)
    for series, view in zip(study.series, views, strict=True):
        series.view = view
    study.series = ordered(study.series)
    if any(s.view is View.SAX for s in study.series) and not any(
        s.view is View.SAX and s.normal is not None for s in study.series
    ):
        study.notes.append(
            "The images do not say where they lie; which end of the stack is the base is unknown."
        )


def classify(series: SequenceOf[Series], words: SequenceOf[str] | None = None) -> list[View]:
    """The view of each series.

    Args:
        series: all of one study, for the long-axis planes are told by the short axis.
        words: one description per series, lower case with spaces at both ends, or None.

    Returns:
        One view per series; a view other than unknown that a series has is kept.
    """
    words = words or [""] * len(series)
    planes = [_plane(s) for s in series]
    axis = _short_axis(planes, words)
    return [
        s.view if s.view is not View.UNKNOWN else _view(plane, described, axis, planes)
        for s, plane, described in zip(series, planes, words, strict=True)
    ]


def short_axis(
    series: SequenceOf[Series], words: SequenceOf[str] | None = None
) -> np.ndarray | None:
    """`(3,)` unit vector from base to apex, across the study's short-axis slices, or None."""
    return _short_axis([_plane(s) for s in series], words or [""] * len(series))


class _Plane(NamedTuple):
    normal: np.ndarray
    position: np.ndarray

    def parallel(self, other: _Plane | None) -> bool:
        return other is not None and angle(self.normal, other.normal) < PARALLEL_WITHIN

    def places(self, others: Iterable[_Plane]) -> int:
        """How many places along the normal the others have, to the nearest millimetre."""
        return len({round(float(other.position @ self.normal)) for other in others})


def _plane(series: Series) -> _Plane | None:
    if series.orientation is None or series.position_mm is None:
        return None
    return _Plane(towards_apex(series.normal), series.position_mm)


def _short_axis(planes: list[_Plane | None], words: SequenceOf[str]) -> np.ndarray | None:
    best: tuple[int, float] | None = None
    axis = None
    for plane in planes:
        if plane is None or _patient_aligned(plane.normal):
            continue
        off = angle(plane.normal, LONG_AXIS)
        if off > SHORT_AXIS_WITHIN:
            continue
        members = [i for i, other in enumerate(planes) if plane.parallel(other)]
        named = {describe(words[i]) for i in members} - {View.SAX, View.UNKNOWN}
        places = plane.places(planes[i] for i in members)
        # One or two slices make no stack: only a plane near the mean, that no description
        # calls something else, is then the short axis.
        if places < 3 and (off > ALONE_WITHIN or named):
            continue
        if best is None or (places, -off) > best:
            best, axis = (places, -off), plane.normal
    return axis


def ordered(series: SequenceOf[Series]) -> list[Series]:
    """Series by view, cines before stills, and within each along the stack.

    Short-axis slices run from base to apex; other stacks from the right, back and head towards
    the left, front and feet. Slices that do not say where they lie keep their order.
    """
    order = list(View)
    result: list[Series] = []
    for view in order:
        for cine in (True, False):
            members = [s for s in series if s.view is view and s.is_cine is cine]
            result += _along_stack(members)
    return result


def _along_stack(members: list[Series]) -> list[Series]:
    if any(s.normal is None or s.position_mm is None for s in members):
        return members
    if not members:
        return members
    # One direction for the whole stack, or planes a degree apart would sort unevenly.
    normal = towards_apex(members[0].normal)
    return sorted(members, key=lambda s: float(s.position_mm @ normal))


def describe(words: str) -> View:
    """The view that a description names, or unknown."""
    for view, pattern in _PATTERNS.items():
        if pattern.search(words):
            return view
    return View.UNKNOWN


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


def _patient_aligned(normal: np.ndarray) -> bool:
    return bool(np.abs(normal).max() > np.cos(np.radians(ALIGNED_WITHIN)))


def _view(
    plane: _Plane | None, words: str, axis: np.ndarray | None, planes: list[_Plane | None]
) -> View:
    said = describe(words)
    if plane is None:
        return said
    normal = plane.normal
    if _patient_aligned(normal):
        # A heart may lie so that a long-axis plane happens to be a plane of the patient; a
        # survey stack has many slices.
        alone = plane.places(other for other in planes if plane.parallel(other)) <= 3
        contains = axis is not None and 90.0 - angle(normal, axis) < CONTAINS_WITHIN / 2
        if not (alone and contains):
            # Coronal and sagittal planes are outflow-tract views by name only.
            return View.AXIAL if np.argmax(np.abs(normal)) == 2 else said
    if axis is not None and angle(normal, axis) < PARALLEL_WITHIN * 2:
        return View.SAX
    # Outflow tracts lie across no fixed angle of the heart: only their names tell them.
    if said in (View.LVOT, View.RVOT):
        return said
    heart = LONG_AXIS if axis is None else axis
    if 90.0 - angle(normal, heart) > CONTAINS_WITHIN:
        return said
    crossing = crossing_degrees(normal, heart)
    distance = {view: _apart(crossing, nominal) for view, nominal in CROSSING.items()}
    first, second = sorted(distance, key=distance.get)[:2]
    if said in (first, second) and distance[second] - distance[first] < 2 * IN_BETWEEN:
        return said
    return first


def _apart(a: float, b: float) -> float:
    """Degrees between two lines through one point: 0 to 90."""
    off = abs(a - b) % 180.0
    return min(off, 180.0 - off)
