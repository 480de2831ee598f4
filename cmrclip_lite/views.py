"""Which view each series of a study shows, and its order and level along the stack.

Geometry decides first, for descriptions are often empty and are written in the habits of many
sites; how the heart lies is found from all planes of the study together (`orientation.py`).

The short axis is what lies across the heart's long axis. That axis points to the left, the front
and the feet, so among slices across it the base is the end that lies most to the right, the back
and the head, and a stack is ordered **base first**.

A plane between the short axis and the long ones is no view of either and stays unknown unless its
description names one. A plane along the long axis takes the nearest of the three views, since
each shows the left ventricle at full length; a note says where another is nearly as likely.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence as SequenceOf

import numpy as np

from .orientation import (
    ACROSS_WITHIN,
    AXIS_WITHIN,
    LONG_AXIS,
    Plane,
    angle,
    find_long_axis,
    find_planes,
    find_stacks,
    towards_apex,
    turned_to_heart,
    views_along,
)
from .study import Level, Series, Study, View
from .view_words import describe

__all__ = ["assign", "classify", "describe", "ordered", "short_axis"]


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
    planes = find_planes(series, words)
    stacks = find_stacks(planes)
    axis = find_long_axis(stacks)
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


def _classify(
    series: SequenceOf[Series], words: SequenceOf[str] | None
) -> list[tuple[View, View | None]]:
    """The view of each series, and another that is nearly as likely."""
    planes = find_planes(series, words)
    axis = find_long_axis(find_stacks(planes))
    along = views_along(planes, axis)
    return [
        (s.view, None) if s.view is not View.UNKNOWN else _view(plane, axis, line, planes)
        for s, plane, line in zip(series, planes, along, strict=True)
    ]


def _view(
    plane: Plane, axis: np.ndarray, line: tuple[View, View | None] | None, planes: list[Plane]
) -> tuple[View, View | None]:
    if plane.another:
        return View.UNKNOWN, None
    if plane.normal is None:
        return plane.said, None
    if not turned_to_heart(plane, axis, planes):
        # Coronal and sagittal planes are outflow-tract views by name only.
        axial = np.argmax(np.abs(plane.normal)) == 2
        return (View.AXIAL if axial else plane.said), None
    # Outflow tracts lie across no fixed angle of the heart: only their names tell them. But the
    # 3-chamber view, which shows that of the left ventricle, often has no other name.
    three = line is not None and line[0] is View.THREE_CHAMBER
    if plane.said is View.RVOT or (plane.said is View.LVOT and not three):
        return plane.said, None
    if angle(plane.normal, axis) < ACROSS_WITHIN:
        return View.SAX, None
    return line or (plane.said, None)


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
