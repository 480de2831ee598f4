"""One change made to every series of a study, which itself stays as it was."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from ..study import Series, Study


def each(study: Study, change: Callable[[Series], Series]) -> Study:
    """A new study of changed series."""
    return with_series(study, [change(series) for series in study.series])


def with_series(study: Study, series: list[Series]) -> Study:
    """A new study of these series; the account of the rest is copied."""
    return Study(series, list(study.set_aside), list(study.notes))


def with_pixels(series: Series, pixels: np.ndarray) -> Series:
    """The series with other pixels of the same shape, as float32 unless they are integers."""
    whole = np.issubdtype(pixels.dtype, np.integer)
    return replace(series, pixels=pixels if whole else pixels.astype(np.float32, copy=False))


def signal(pixels: np.ndarray) -> float:
    """The grey of what is bright, the 99.5th percentile: blood in a cine, scar or fat later.

    Not the brightest pixel, which is a vessel's or an artefact's.
    """
    return float(np.quantile(pixels, 0.995))
