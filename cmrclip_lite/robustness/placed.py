"""What happens to where things lie: breath-holds that differ, a small field of view, turned images.

An image may be turned in two ways. Its **header may say so**: it is the same exam, stored in
another order of rows and columns, and a reader that honours geometry could undo it; what a model
then loses, its layout could win back. Or **the header is wrong**, as after many exports to NIfTI or
PNG: position and orientation stay those of the image as it was, nobody can tell, and what the
model loses it has lost.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from ..places import in_patient
from ..study import Series, Study
from .each import each, with_pixels, with_series


def breath_holds(study: Study, mm: float, rng: np.random.Generator) -> Study:
    """Each series moved aside within its picture: a patient holds no two breaths alike.

    The way is drawn with a root mean square length of `mm`, as much down as across; headers know
    nothing of it. What leaves the picture on one side comes in on the other, as in k-space.
    """

    def change(series: Series) -> Series:
        way = rng.normal(0, mm / np.sqrt(2), 2)
        (height, width), (down, across) = series.pixels.shape[1:], series.spacing_mm
        lines = np.exp(-2j * np.pi * np.fft.fftfreq(height, down) * way[0])
        columns = np.exp(-2j * np.pi * np.fft.fftfreq(width, across) * way[1])
        k = np.fft.fft2(series.pixels.astype(np.float32))
        k = k * (lines[:, None] * columns).astype(np.complex64)
        return with_pixels(series, np.abs(np.fft.ifft2(k)))

    return each(study, change)


def field_of_view(study: Study, mm: float, rng: np.random.Generator) -> Study:
    """The middle of each picture, at most `mm` high and wide; its position is kept right."""

    def change(series: Series) -> Series:
        kept = [
            max(1, min(n, round(mm / step)))
            for n, step in zip(series.pixels.shape[1:], series.spacing_mm, strict=True)
        ]
        top, left = ((n - k) // 2 for n, k in zip(series.pixels.shape[1:], kept, strict=True))
        first = (top * series.spacing_mm[0], left * series.spacing_mm[1])
        return replace(
            series,
            pixels=series.pixels[:, top : top + kept[0], left : left + kept[1]],
            position_mm=_moved(series, first),
        )

    return each(study, change)


def turned(study: Study, way: float, rng: np.random.Generator) -> Study:
    """Every image turned as the `way`-th of `WAYS`, from 1, and its header with it."""
    steps, _ = WAYS[int(way) - 1]

    def change(series: Series) -> Series:
        for step in steps:
            series = step(series)
        return series

    return each(study, change)


def turned_unsaid(study: Study, way: float, rng: np.random.Generator) -> Study:
    """Every image turned as the `way`-th of `WAYS`, while its header says what it said.

    The pixels' spacing alone follows them: it is their place that is lost, not their size.
    """
    series = [
        replace(after, position_mm=before.position_mm, orientation=before.orientation)
        for before, after in zip(study.series, turned(study, way, rng).series, strict=True)
    ]
    return with_series(study, series)


def _mirrored(series: Series) -> Series:
    """Left and right exchanged."""
    last = (0.0, (series.pixels.shape[2] - 1) * series.spacing_mm[1])
    orientation = series.orientation
    return replace(
        series,
        pixels=series.pixels[:, :, ::-1],
        position_mm=_moved(series, last),
        orientation=None if orientation is None else orientation * [[-1], [1]],
    )


def _transposed(series: Series) -> Series:
    """Rows and columns exchanged."""
    return replace(
        series,
        pixels=series.pixels.transpose(0, 2, 1),
        spacing_mm=series.spacing_mm[::-1],
        orientation=None if series.orientation is None else series.orientation[::-1],
    )


def _moved(series: Series, place: tuple[float, float]) -> np.ndarray | None:
    """Where the first pixel lies once it is the one at `place`; what is known stays known."""
    point = in_patient(series, place)
    return series.position_mm if point is None else point


_OVER = (_transposed, _mirrored, _transposed)
WAYS: tuple[tuple[tuple[Callable[[Series], Series], ...], str], ...] = (
    ((_mirrored,), "left and right exchanged"),
    (_OVER, "upside down, as in a mirror"),
    ((_transposed, _mirrored), "a quarter turn"),
    ((_mirrored, *_OVER), "a half turn"),
    ((_transposed,), "rows and columns exchanged"),
)
