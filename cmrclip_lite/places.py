"""Places in an image, and pictures resampled and cut out around them.

A place is in mm from an image's first pixel, (down, across).
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import grid_sample, interpolate

from .study import Series

Place = tuple[float, float]
AS_STORED = np.eye(2)  # of a crop that is not turned


def in_patient(series: Series, place: Place) -> np.ndarray | None:
    """`(3,)` mm: a place in an image in patient coordinates, if the series' geometry is known."""
    if series.position_mm is None or series.orientation is None:
        return None
    return series.position_mm + place[1] * series.orientation[0] + place[0] * series.orientation[1]


def in_image(series: Series, point: np.ndarray | None) -> Place | None:
    """The place nearest to a point of the patient, or None if unknown or outside the picture."""
    if point is None or series.position_mm is None or series.orientation is None:
        return None
    across, down = (float(v) for v in series.orientation @ (point - series.position_mm))
    height, width = extent(series)
    return (down, across) if 0 <= down <= height and 0 <= across <= width else None


def extent(series: Series) -> Place:
    """Height and width of the picture in mm."""
    (height, width), (down, across) = series.pixels.shape[1:], series.spacing_mm
    return height * down, width * across


def image_centre(series: Series) -> Place:
    """The middle of the picture."""
    height, width = extent(series)
    return height / 2, width / 2


def crop(
    series: Series,
    pixels: np.ndarray,
    centre: Place,
    spacing: float,
    size: int,
    turn: np.ndarray = AS_STORED,
) -> Tensor:
    """`(F, H, W)` pixels to `(F, size, size)` at `spacing` mm, zeros outside the picture.

    Args:
        turn: `(2, 2)` orthogonal, steps (down, across) in the result to steps in the picture.
    """
    grid = resample(pixels, series, spacing)
    step = torch.arange(size, dtype=torch.float64) - (size - 1) / 2
    steps = torch.stack(torch.meshgrid(step, step, indexing="ij"), dim=-1)
    middle = torch.from_numpy(_middle(centre, spacing, size))
    places = steps @ torch.from_numpy(turn).T + middle  # (size, size, 2) rows and columns of grid
    # In double precision, or pixels that lie on the grid would be blurred by rounding.
    return sample(grid.double(), places).float()


def crop_geometry(
    series: Series, centre: Place, spacing: float, size: int, turn: np.ndarray = AS_STORED
) -> tuple[np.ndarray, np.ndarray]:
    """Where `crop` puts a series' pixels: the matrix and offset of a `tiles.Tile`."""
    scale = np.divide(_grid_shape(series, spacing), series.pixels.shape[1:])
    first = scale / 2 - 0.5 - _middle(centre, spacing, size)  # from the middle of the clip
    return turn.T * scale, turn.T @ first + (size - 1) / 2


def sample(pictures: Tensor, places: Tensor) -> Tensor:
    """Pictures `(F, H, W)` between their pixels, bilinear; zeros around them.

    Args:
        places: `(h, w, 2)` rows and columns.

    Returns:
        `(F, h, w)`.
    """
    shape = torch.tensor(pictures.shape[1:], dtype=places.dtype)
    relative = ((2 * places + 1) / shape - 1).flip(-1)  # as grid_sample wants them, across first
    return grid_sample(pictures[None], relative[None], mode="bilinear", align_corners=False)[0]


def resample(pixels: np.ndarray, series: Series, spacing: float) -> Tensor:
    """`(F, H, W)` pixels of a series as float32 on a grid of `spacing` mm."""
    video = torch.from_numpy(pixels.astype(np.float32))[:, None]
    shape = _grid_shape(series, spacing)
    return interpolate(video, size=shape, mode="bilinear", antialias=True)[:, 0]


def _grid_shape(series: Series, spacing: float) -> tuple[int, int]:
    """Rows and columns of a series on a grid of `spacing` mm."""
    (height, width), (down, across) = series.pixels.shape[1:], series.spacing_mm
    return max(1, round(height * down / spacing)), max(1, round(width * across / spacing))


def _middle(centre: Place, spacing: float, size: int) -> np.ndarray:
    """`(2,)` row and column of that grid in the middle of what is cut out.

    Rounded so that what is not turned lies on the grid.
    """
    return np.round(np.divide(centre, spacing) - size / 2) + (size - 1) / 2
