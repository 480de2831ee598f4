"""Flaws in time: too few phases, missing ones, an uneven or changing rhythm."""

from __future__ import annotations

import numpy as np

from ..study import Series, Study
from .words import share

# With 8 phases the synthetic hearts lose 6 % of their stroke on average and 19 % at worst, because
# no phase falls on end-systole; with 6 phases 10 % and 37 %.
FEW_PHASES = 8
# Twice the 45 ms that SCMR recommends at most (Kramer et al., JCMR 22:17, 2020). At 45 ms the
# synthetic hearts lose 2 % of their stroke on average, at 90 ms 4 % and at worst 12 %.
RECOMMENDED_MS = 45.0
COARSE_MS = 90.0
# One phase left out makes a step of twice the others; measured steps vary by less than a tenth.
HOLE = 1.7
# A deviation of the steps, relative to their mean, that moves a phase by about its own length.
# Steps of the real exams vary by less than 0.01.
UNEVEN = 0.2
# Longest less shortest heartbeat of an exam, relative to the median: 0.09 at most in three real
# exams, 0.17 in 100 synthetic ones, whose slices differ by 3.5 %.
CHANGING = 0.25
# 200 to 30 beats per minute.
HEARTBEAT_MS = (300.0, 2000.0)


def few_phases(study: Study) -> str | None:
    """Too few phases to show the moment of fullest contraction, or too far apart."""
    cines = study.cines()
    counts = [len(series.pixels) for series in cines]
    few = [count for count in counts if count < FEW_PHASES]
    if few and set(few) == {2}:
        start = share(len(few), len(cines), "cine slice", "has", "have")
        return (
            f"{start} two phases, which are taken for end-diastole and end-systole; if they are "
            "other moments, the heart looks weaker than it is."
        )
    if few:
        start = share(len(few), len(cines), "cine slice", "has", "have")
        least = f"{few[0]} phases" if len(set(few)) == 1 else f"{min(few)} to {max(few)} phases"
        return (
            f"{start} only {least}; with fewer than {FEW_PHASES} the fullest contraction may fall "
            "between two of them, and the heart looks weaker than it is."
        )
    steps = [step for step in map(_step_ms, cines) if step is not None]
    usual = float(np.median(steps)) if steps else 0.0
    if usual <= COARSE_MS:
        return None
    return (
        f"The phases lie about {usual:.0f} ms apart, where {RECOMMENDED_MS:.0f} ms at most is "
        "recommended; the fullest contraction may be missed, and the heart looks a little weaker "
        "than it is."
    )


def missing_phases(study: Study) -> str | None:
    """A hole in the times of the phases.

    A slice with fewer phases than others of its view is left out: readers say that.
    """
    cines = study.cines()
    most = {series.view: 0 for series in cines}
    for series in cines:
        most[series.view] = max(most[series.view], len(series.pixels))
    holes = []
    for steps in _timed([s for s in cines if len(s.pixels) == most[s.view]]):
        usual = float(np.median(steps))
        if usual > 0 and steps.max() > HOLE * usual:
            holes.append((float(steps.max()), usual))
    if not holes:
        return None
    longest, usual = max(holes)
    start = share(len(holes), len(cines), "cine slice", "has", "have")
    return (
        f"{start} a hole in the times of the phases (up to {longest:.0f} ms, where the others "
        f"are {usual:.0f} ms apart); images seem to be missing, and if they are those of the "
        "fullest contraction, the heart looks weaker than it is."
    )


def uneven_phases(study: Study) -> str | None:
    """Phases that are not evenly spread, apart from a hole."""
    uneven = [
        steps
        for steps in _timed(study.cines())
        if steps.std() > UNEVEN * steps.mean() and steps.max() <= HOLE * np.median(steps)
    ]
    if not uneven:
        return None
    worst = max(uneven, key=lambda steps: steps.std() / steps.mean())
    start = share(len(uneven), len(study.cines()), "cine slice", "has", "have")
    return (
        f"{start} phases at uneven times ({worst.min():.0f} to {worst.max():.0f} ms apart); they "
        "are used as if evenly spread, so moments of the beat may be mistaken for others."
    )


def implausible_heartbeat(study: Study) -> str | None:
    """A heartbeat that no adult at rest has."""
    stated = [series.rr_ms for series in study.cines() if series.rr_ms is not None]
    low, high = HEARTBEAT_MS
    wrong = [rr for rr in stated if not low <= rr <= high]
    if not wrong:
        return None
    worst = max(wrong, key=lambda rr: abs(np.log(max(rr, 1.0) / 900.0)))
    start = share(len(wrong), len(study.cines()), "cine slice", "states", "state")
    return (
        f"{start} a heartbeat of {worst:.0f} ms, where {low:.0f} to {high:.0f} ms is plausible; "
        "the times of its phases may be wrong, and with them what is read as contraction."
    )


def changing_rhythm(study: Study) -> str | None:
    """A heartbeat that lasts longer in some slices than in others."""
    low, high = HEARTBEAT_MS
    beats = [s.rr_ms for s in study.cines() if s.rr_ms is not None and low <= s.rr_ms <= high]
    if len(beats) < 2 or max(beats) - min(beats) <= CHANGING * float(np.median(beats)):
        return None
    return (
        f"The heartbeat lasted {min(beats):.0f} to {max(beats):.0f} ms from slice to slice: the "
        "rhythm or its detection changed, so the slices may not show quite the same contraction."
    )


def _timed(cines: list[Series]) -> list[np.ndarray]:
    """The steps between phases of each cine that has times and more than two of them."""
    return [
        np.diff(series.trigger_ms)
        for series in cines
        if series.trigger_ms is not None and len(series.trigger_ms) > 3
    ]


def _step_ms(series: Series) -> float | None:
    if series.trigger_ms is not None and len(series.trigger_ms) > 1:
        return float(np.median(np.diff(series.trigger_ms)))
    return series.rr_ms / len(series.pixels) if series.rr_ms else None
