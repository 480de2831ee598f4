"""What an exam lacks: phases, slices, views."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..study import Sequence, Series, Study, View
from .each import each, with_series

HALF = 0.5  # of the slices


def phases(study: Study, count: float, rng: np.random.Generator) -> Study:
    """At most `count` phases of each cine, spread evenly from the first; the rest left out."""
    count = int(count)

    def change(series: Series) -> Series:
        length = len(series.pixels)
        if length <= count:
            return series
        kept = np.arange(count) * length // count
        times = None if series.trigger_ms is None else series.trigger_ms[kept]
        return replace(series, pixels=series.pixels[kept], trigger_ms=times)

    return each(study, change)


def slices(study: Study, share: float, rng: np.random.Generator) -> Study:
    """A `share` of each short-axis stack left out, cine and enhancement, evenly; never all."""
    dropped: set[int] = set()
    for cine in (True, False):
        stack = [s for s in study.series if s.view is View.SAX and s.is_cine is cine]
        count = max(1, round(len(stack) * (1 - share)))
        # The middles of `count` equal parts of the stack.
        kept = {int((i + 0.5) * len(stack) / count) for i in range(count)}
        dropped |= {id(s) for i, s in enumerate(stack) if i not in kept}
    return with_series(study, [s for s in study.series if id(s) not in dropped])


def views(study: Study, count: float, rng: np.random.Generator) -> Study:
    """The first `count` of `LEFT_OUT` are missing; what a study never had is missing anyway."""
    missing = LEFT_OUT[: int(count)]
    axes = {view for view in missing if isinstance(view, View)}
    kept = [s for s in study.series if s.view not in axes]
    if Sequence.LGE in missing:
        kept = [s for s in kept if s.sequence is not Sequence.LGE]
    thinned = with_series(study, kept)
    return slices(thinned, HALF, rng) if HALF in missing else thinned


# What short protocols leave out first.
LEFT_OUT = (View.THREE_CHAMBER, View.TWO_CHAMBER, View.FOUR_CHAMBER, Sequence.LGE, HALF)
