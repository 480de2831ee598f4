"""Flaws in space: sizes that cannot be, and stacks with gaps."""

from __future__ import annotations

import numpy as np

from ..study import Series, Study, View
from .words import share

# Cardiac images have pixels of 0.5 to 3 mm; these leave room for what is unusual.
PIXEL_MM = (0.3, 4.0)
MOST_ANISOTROPIC = 2.0
THICKNESS_MM = (1.0, 20.0)
# Smaller than a heart with its surroundings, or wider than the bore.
FIELD_MM = (120.0, 700.0)

# Below this there is no stack, but single slices taken at chosen levels.
STACK_SLICES = 6
# Left ventricles of the synthetic cohort, drawn from published ranges, are 75 to 114 mm long at
# end-diastole; the 40 real ACDC stacks at hand cover 60 mm or more.
SHORTEST_STACK_MM = 60.0
VENTRICLE_MM = (75, 115)
# A slice left out doubles a step. Planned stacks are even to 0.1 mm.
MISSING_STEP = 1.5
# Slices are to lie 10 mm apart (6 to 8 mm thick with a gap; Kramer et al., JCMR 22:17, 2020). At
# twice that, less than half of the heart is imaged.
RECOMMENDED_STEP_MM = 10.0
WIDEST_STEP_MM = 20.0
# Positions closer than this are one place.
SAME_PLACE_MM = 0.5


def implausible_sizes(study: Study) -> str | None:
    """Pixels, slices or pictures of a size that no cardiac exam has."""
    found = [odd for odd in map(_odd_size, study.series) if odd]
    if not found:
        return None
    most = max(set(found), key=found.count)
    start = share(len(found), len(study.series), "slice", "states", "state")
    return (
        f"{start} an unlikely size, such as {most}; if it is wrong, so is what a score says of "
        "dilation and hypertrophy."
    )


def missing_slices(study: Study) -> str | None:
    """A step in the short-axis stack that is too long for its neighbours."""
    steps = np.diff(_places(study))
    if len(steps) < 3:
        return None
    usual = float(np.median(steps))
    gaps = steps[steps > MISSING_STEP * usual]
    if not len(gaps):
        return None
    count = "a gap" if len(gaps) == 1 else f"{len(gaps)} gaps"
    return (
        f"The short-axis stack has {count} (up to {gaps.max():.0f} mm, where slices lie "
        f"{usual:.0f} mm apart): slices seem to be missing, and what they show is not judged."
    )


def short_stack(study: Study) -> str | None:
    """A stack that cannot show the ventricle from base to apex."""
    count = len(study.cines(View.SAX))
    if not count:
        return None
    places = _places(study)
    if len(places) > 1:
        count, cover = len(places), float(np.ptp(places) + np.median(np.diff(places)))
    else:
        cover = None
    if count >= STACK_SLICES and (cover is None or cover >= SHORTEST_STACK_MM):
        return None
    what = "1 short-axis cine slice" if count == 1 else f"{count} short-axis cine slices"
    over = "" if cover is None else f", over {cover:.0f} mm"
    low, high = VENTRICLE_MM
    return (
        f"There {'is' if count == 1 else 'are'} only {what}{over}; an adult left ventricle is "
        f"about {low} to {high} mm long, so parts of it may not be shown, nor what is wrong there."
    )


def wide_steps(study: Study) -> str | None:
    """Slices so far apart that what lies between them goes unseen."""
    places = _places(study)
    if len(places) < 3:
        return None
    step = float(np.median(np.diff(places)))
    if step <= WIDEST_STEP_MM:
        return None
    return (
        f"The short-axis slices lie {step:.0f} mm apart, where {RECOMMENDED_STEP_MM:.0f} mm is "
        "usual; something small between two of them, such as a scar, is not seen."
    )


def _odd_size(series: Series) -> str | None:
    down, across = series.spacing_mm
    if not PIXEL_MM[0] <= min(down, across) <= max(down, across) <= PIXEL_MM[1]:
        return f"pixels of {down:.2g} x {across:.2g} mm ({PIXEL_MM[0]} to {PIXEL_MM[1]} is usual)"
    if max(down, across) > MOST_ANISOTROPIC * min(down, across):
        return f"pixels of {down:.2g} x {across:.2g} mm, far from square"
    thick = series.thickness_mm
    if thick is not None and not THICKNESS_MM[0] <= thick <= THICKNESS_MM[1]:
        low, high = THICKNESS_MM
        return f"a thickness of {thick:.2g} mm ({low:.0f} to {high:.0f} is usual)"
    height, width = series.pixels.shape[1] * down, series.pixels.shape[2] * across
    if not FIELD_MM[0] <= min(height, width) <= max(height, width) <= FIELD_MM[1]:
        low, high = FIELD_MM
        return f"a picture of {height:.0f} x {width:.0f} mm ({low:.0f} to {high:.0f} is usual)"
    return None


def _places(study: Study) -> np.ndarray:
    """Where the short-axis cines lie along the stack, mm, ascending, each place once."""
    stack = study.cines(View.SAX)
    if not stack or any(s.position_mm is None or s.orientation is None for s in stack):
        return np.empty(0)
    along = np.sort(np.array([s.position_mm for s in stack]) @ stack[0].normal)
    return along[np.diff(along, prepend=-np.inf) > SAME_PLACE_MM]
