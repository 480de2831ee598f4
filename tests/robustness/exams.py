"""A small exam with everything that a shift touches: geometry, phases, views, enhancement."""

from __future__ import annotations

import numpy as np

from cmrclip_lite.study import Sequence, Series, Study, View

SPACING = (2.0, 1.5)
SHORT = np.array([[0.8, 0.6, 0.0], [0.0, 0.0, -1.0]])
LONG = np.array([[0.6, -0.8, 0.0], [0.0, 0.0, -1.0]])


def exam(slices: int = 6, phases: int = 12, rows: int = 40, columns: int = 48) -> Study:
    """A short-axis stack in which a disc beats, three long axes, and a stack of enhancement."""
    normal = np.cross(*SHORT)
    series = [
        _series(np.array([10.0, 20, 30]) + z * 8 * normal, SHORT, View.SAX, phases, rows, columns)
        for z in range(slices)
    ]
    for view in (View.TWO_CHAMBER, View.THREE_CHAMBER, View.FOUR_CHAMBER):
        series.append(_series(np.array([10.0, 20, 30]), LONG, view, phases, rows, columns))
    series += [
        _series(np.array([12.0, 20, 30]) + z * 8 * normal, SHORT, View.SAX, 1, rows + 8, columns)
        for z in range(slices)
    ]
    return Study(series, notes=["A made-up exam."])


def flat(grey: float, series: int = 1, phases: int = 4, side: int = 64) -> Study:
    """Pictures of one grey, 1.5 mm a pixel."""
    return Study.from_array(np.full((series, phases, side, side), grey, np.float32), (8, 1.5, 1.5))


def _series(
    position: np.ndarray, axes: np.ndarray, view: View, phases: int, rows: int, columns: int
) -> Series:
    y, x = np.mgrid[:rows, :columns]
    radii = 9 + 3 * np.cos(2 * np.pi * np.arange(phases) / phases)
    disc = np.stack([np.hypot(y - 17, x - 26) < radius for radius in radii])
    rng = np.random.default_rng(int(abs(position).sum() * 10))
    pixels = 100 + 700 * disc + rng.normal(0, 20, disc.shape)
    return Series(
        pixels=pixels.clip(0).astype(np.int16),
        spacing_mm=SPACING,
        thickness_mm=8.0,
        position_mm=position,
        orientation=axes,
        trigger_ms=np.arange(phases) * 900.0 / phases,
        rr_ms=900.0,
        view=view,
        sequence=Sequence.CINE if phases > 1 else Sequence.LGE,
    )
