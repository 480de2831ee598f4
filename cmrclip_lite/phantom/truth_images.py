"""What a synthetic exam's pixels show: the tissue in the middle of each, as nobody could see it."""

from __future__ import annotations

import numpy as np

from ..study import Series
from .exam import Anatomy
from .labels import coats, paint, tables
from .planes import plane_points


def truth_image(anatomy: Anatomy, series: Series, phase: int) -> np.ndarray:
    """`(H, W)` uint8, the `Tissue` in the middle of each pixel, and of the slice's thickness.

    Breath-holds count: it is where the heart was, not where the image's header says.

    Args:
        anatomy: of a `PhantomCase`.
        series: one of the case's own.
        phase: index of the image, from 0.

    Raises:
        KeyError: if the series is not of that case.
    """
    shot = anatomy.shots[series]
    heart, scanner = anatomy.heart, shot.scanner
    at = (np.arange(scanner.matrix) - (scanner.matrix - 1) / 2) * scanner.pixel_mm
    i, j = (grid.ravel() for grid in np.meshgrid(at, at))
    points, _ = plane_points(heart, anatomy.body, shot.plane, i, j, np.zeros((1, 1)))
    (table,) = tables(heart, points, shot.phases[[phase]])
    square = paint(heart, points, coats(heart, points), table)
    margin = (scanner.matrix - scanner.rows) // 2
    return square.reshape(scanner.matrix, -1)[margin : margin + scanner.rows]
