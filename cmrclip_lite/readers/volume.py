"""From the voxels of one file to series: the part that NIfTI, NRRD and arrays share.

The first axis of the voxels becomes the columns and the second the rows of an image. These formats
have no convention for how an image is shown, so rows and columns are flipped where the geometry
says that they run against those of DICOM (to the left or the back along a row; to the back or the
feet down a column), and the geometry with them.

A geometry that only repeats the voxel size, as in the ACDC files, does not say where the slices
lie: then the order of the file is kept.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..study import Sequence, Series, View

LONGEST_CYCLE_MS = 2500.0
SHORTEST_CYCLE_MS = 300.0
# An affine is degenerate when its axes span less than this share of a box of their lengths.
_FLAT = 1e-3


@dataclass(frozen=True, eq=False)
class Grid:
    """Where the voxels of a file lie.

    Attributes:
        spacing_mm: between voxels along the columns, the rows and the slices; all above 0.
        affine: `(4, 4)` from column, row and slice to the DICOM patient system in mm (left, back,
            head), or None if the file does not say.
    """

    spacing_mm: tuple[float, float, float]
    affine: np.ndarray | None = None


def grid(affine: np.ndarray | None, zooms: np.ndarray) -> Grid:
    """The grid of a file from what its header says, believed only where it can be true.

    Args:
        affine: `(4, 4)` from voxel to left, back and head in mm, or None.
        zooms: `(3,)` voxel size in mm, used without a usable affine; 1 where it is no length.
    """
    if affine is not None and _says_where(affine):
        return Grid(tuple(map(float, np.linalg.norm(affine[:3, :3], axis=0))), affine)
    zooms = np.abs(np.asarray(zooms, float))
    usable = np.isfinite(zooms) & (zooms > 0)
    return Grid(tuple(map(float, np.where(usable, zooms, 1.0))))


def series(
    voxels: np.ndarray,
    where: Grid,
    sequence: Sequence,
    view: View = View.UNKNOWN,
    trigger_ms: np.ndarray | None = None,
    rr_ms: float | None = None,
) -> list[Series]:
    """One series per slice of a file.

    Args:
        voxels: `(X, Y, Z, T)` real numbers, finite; T is 1 for stills.
        where: the grid they lie on.
        sequence: what kind of acquisition it is.
        view: what it shows, if that is known without looking at other series.
        trigger_ms: `(T,)` delays of the phases after the R wave, if known.
        rr_ms: duration of a heartbeat, if known.
    """
    # (X, Y, Z, T) to (Z, T, H = Y, W = X)
    pixels = voxels.transpose(2, 3, 1, 0)
    across_mm, down_mm, between_mm = where.spacing_mm
    orientation = origin = step = None
    if where.affine is not None:
        row, column, _ = (where.affine[:3, :3] / where.spacing_mm).T
        origin, step = where.affine[:3, 3], where.affine[:3, 2]
        pixels, row, origin = _facing(pixels, 3, row, origin, across_mm)
        pixels, column, origin = _facing(pixels, 2, column, origin, down_mm)
        orientation = np.stack([row, column])
    pixels = np.ascontiguousarray(pixels)
    return [
        Series(
            pixels=frames,
            spacing_mm=(down_mm, across_mm),
            thickness_mm=between_mm,
            position_mm=None if origin is None else origin + z * step,
            orientation=orientation,
            trigger_ms=trigger_ms,
            rr_ms=rr_ms,
            view=view,
            sequence=sequence,
        )
        for z, frames in enumerate(pixels)
    ]


def plain_numbers(voxels: np.ndarray) -> tuple[np.ndarray, bool]:
    """Native byte order, floats as float32, and whether values that are not finite became 0."""
    kind = np.dtype(np.float32) if voxels.dtype.kind == "f" else voxels.dtype.newbyteorder("=")
    with np.errstate(over="ignore", invalid="ignore"):
        voxels = voxels.astype(kind, copy=False)
    if kind.kind != "f" or np.isfinite(voxels).all():
        return voxels, False
    return np.nan_to_num(voxels, nan=0.0, posinf=0.0, neginf=0.0), True


def even_times(step_ms: float, phases: int) -> tuple[np.ndarray | None, float | None]:
    """Trigger times of evenly spaced phases and the heartbeat they fill, if that can be one.

    Two phases are end-diastole and end-systole, which no step between phases places in time.
    """
    cycle = step_ms * phases
    if phases > 2 and SHORTEST_CYCLE_MS <= cycle <= LONGEST_CYCLE_MS:
        return np.arange(phases) * step_ms, cycle
    return None, None


def _facing(
    pixels: np.ndarray,
    axis: int,
    direction: np.ndarray,
    origin: np.ndarray,
    step: float,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Flip an image axis that runs against the way DICOM shows images."""
    # Images are shown with the left and the back on the right, the back and the feet below.
    wanted = direction * np.array([1.0, 1.0, -1.0])
    main = max(range(3), key=lambda i: abs(wanted[i]))
    if wanted[main] >= 0:
        return pixels, direction, origin
    origin = origin + direction * step * (pixels.shape[axis] - 1)
    return np.flip(pixels, axis), -direction, origin


def _says_where(affine: np.ndarray) -> bool:
    """Whether the affine holds a position, not just the voxel size on its diagonal."""
    if not np.isfinite(affine).all():
        return False
    axes = affine[:3, :3]
    lengths = np.linalg.norm(axes, axis=0)
    if not (np.isfinite(lengths).all() and lengths.min() > 0):
        return False
    if abs(np.linalg.det(axes / lengths)) < _FLAT:
        return False
    off_diagonal = axes - np.diag(np.diag(axes))
    return bool(np.abs(off_diagonal).max() > 1e-3 * lengths.max())
