"""From the voxels of one file to series: the part that NIfTI, NRRD and arrays share.

The first axis of the voxels becomes the columns and the second the rows of an image. These formats
have no convention for how an image is shown, so images are flipped where the geometry says that
they are not as scanners show a heart, and the geometry with them. The short axis has the lateral
wall on the right and the inferior wall below; the four-chamber view has the apex up and the
lateral wall on the right; the other long-axis views have the apex on the left and the inferior
wall below; any other image runs to the left or the back along a row, and to the back or the feet
down a column.

A geometry that only repeats the voxel size, as in the ACDC files, does not say where the slices
lie: then the order of the file is kept.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..study import Sequence, Series, View
from ..views import LONG_AXIS, classify, ordered, short_axis

LONGEST_CYCLE_MS = 2500.0
SHORTEST_CYCLE_MS = 300.0
# Distances between voxels, and of a voxel from the scanner's middle, that a file can mean.
VOXEL_MM = (0.01, 100.0)
_FARTHEST_MM = 1e5
# An affine is degenerate when its axes span less than this share of a box of their lengths.
_FLAT = 1e-3
# Pixels are as good as square below this ratio, and slices thick above that one.
_SQUARE, _THICK = 1.2, 2.0
# A plane is taken for the one its view names if their normals have this in common.
_IN_PLANE = 0.5
# Along rows and columns, images run to the left, the back and the feet.
_SHOWN = np.array([1.0, 1.0, -1.0])


@dataclass(frozen=True, eq=False)
class Grid:
    """Where the voxels of a file lie.

    Attributes:
        spacing_mm: between columns and between rows, above 0.
        between_mm: between slices, if known.
        affine: `(4, 4)` from column, row and slice to the DICOM patient system in mm (left, back,
            head), or None if the file does not say.
        assumed: whether the file states no usable voxel size, so that 1 mm was taken.
    """

    spacing_mm: tuple[float, float]
    between_mm: float | None
    affine: np.ndarray | None = None
    assumed: bool = False


def grid(affine: np.ndarray | None, zooms: np.ndarray, stacked: bool = True) -> Grid:
    """The grid of a file from what its header says, believed only where it can be true.

    Args:
        affine: `(4, 4)` from voxel to left, back and head in mm, or None.
        zooms: `(3,)` voxel size in mm, used without a usable affine.
        stacked: whether the third axis runs across slices; if it is time, its step is no length.
    """
    if affine is not None and is_possible(affine) and _says_where(affine):
        across, down, between = map(float, np.linalg.norm(affine[:3, :3], axis=0))
        return Grid((across, down), between if stacked else None, affine)
    least, most = VOXEL_MM
    across, down, between = (float(abs(mm)) if least <= abs(mm) <= most else None for mm in zooms)
    assumed = across is None or down is None
    return Grid((across or 1.0, down or 1.0), between if stacked else None, None, assumed)


def of_one_slice(affine: np.ndarray) -> np.ndarray:
    """An affine whose third axis, which was time, now runs across the slice."""
    affine = affine.copy()
    affine[:3, 2] = np.cross(affine[:3, 0], affine[:3, 1])
    return affine


def is_possible(affine: np.ndarray) -> bool:
    """Whether an affine has voxels and a place of a possible size and its axes span a space."""
    axes = affine[:3, :3]
    lengths = np.linalg.norm(axes, axis=0)
    least, most = VOXEL_MM
    if not ((least <= lengths) & (lengths <= most)).all():
        return False
    if not (np.abs(affine[:3, 3]) <= _FARTHEST_MM).all():
        return False
    return bool(abs(np.linalg.det(axes / lengths)) > _FLAT)


def across_slices(shape: tuple[int, ...], zooms: np.ndarray) -> int:
    """Which of three axes runs across the slices: the third, unless another clearly does.

    Files that were turned to the axes of the patient have their slices along any of them. Pixels
    are about square and slices several times further apart, and fewer.

    Args:
        shape: voxels along each axis.
        zooms: `(3,)` voxel size.
    """
    sizes = np.where(np.isfinite(zooms), np.abs(zooms), 0.0)
    if min(sizes) <= 0:
        return 2
    axis = int(np.argmax(sizes))
    others = [size for i, size in enumerate(sizes) if i != axis]
    fewest = shape[axis] < min(n for i, n in enumerate(shape[:3]) if i != axis)
    square = max(others) < _SQUARE * min(others)
    return axis if fewest and square and sizes[axis] > _THICK * max(others) else 2


def series(
    voxels: np.ndarray,
    where: Grid,
    sequence: Sequence,
    view: View = View.UNKNOWN,
    trigger_ms: np.ndarray | None = None,
    rr_ms: float | None = None,
) -> list[Series]:
    """One series per slice of a file, to be `arranged` with the others of the study.

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
    across_mm, down_mm = where.spacing_mm
    orientation = origin = step = None
    if where.affine is not None:
        orientation = np.stack([where.affine[:3, 0] / across_mm, where.affine[:3, 1] / down_mm])
        origin, step = where.affine[:3, 3], where.affine[:3, 2]
    return [
        Series(
            pixels=frames,
            spacing_mm=(down_mm, across_mm),
            thickness_mm=where.between_mm,
            position_mm=None if origin is None else origin + z * step,
            orientation=orientation,
            trigger_ms=trigger_ms,
            rr_ms=rr_ms,
            view=view,
            sequence=sequence,
        )
        for z, frames in enumerate(pixels)
    ]


def arranged(found: list[Series], words: list[str]) -> list[Series]:
    """The series of a study with their views, turned as scanners show them, in stack order.

    Args:
        found: from `series`; changed in place.
        words: one description per series, lower case with spaces at both ends.
    """
    axis = short_axis(found, words)
    for one, view in zip(found, classify(found, words), strict=True):
        one.view = view
        if one.orientation is not None:
            _turn(one, LONG_AXIS if axis is None else axis)
        one.pixels = np.array(one.pixels, order="C")
    return ordered(found)


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


def _turn(one: Series, axis: np.ndarray) -> None:
    """Flip the images of a series that run against the way a scanner shows its view."""
    mirrored, upside_down = _runs_against(one.view, *one.orientation, axis)
    _, height, width = one.pixels.shape
    row, column = one.orientation
    if mirrored:
        one.position_mm = one.position_mm + row * one.spacing_mm[1] * (width - 1)
        one.pixels, row = one.pixels[:, :, ::-1], -row
    if upside_down:
        one.position_mm = one.position_mm + column * one.spacing_mm[0] * (height - 1)
        one.pixels, column = one.pixels[:, ::-1], -column
    one.orientation = np.stack([row, column])


def _runs_against(
    view: View, row: np.ndarray, column: np.ndarray, axis: np.ndarray
) -> tuple[bool, bool]:
    """Whether rows and whether columns run the other way than a scanner's.

    Args:
        view: what the image shows.
        row, column: `(3,)` unit directions.
        axis: `(3,)` unit vector from base to apex.
    """
    shown = _as_shown(view, axis)
    normal = np.cross(row, column)
    side = 0.0 if shown is None else float(normal @ np.cross(*shown))
    if abs(side) < _IN_PLANE:  # no view of the heart, or not the plane that it is called
        return _main_part(row * _SHOWN) < 0, _main_part(column * _SHOWN) < 0
    # An image may be turned any way but is never a mirror image: both flips or none for a plane
    # that is seen from the usual side, one of them otherwise.
    a, b = float(row @ shown[0]), float(column @ shown[1])
    if side > 0:
        return a + b < 0, a + b < 0
    return a < b, a >= b


def _as_shown(view: View, axis: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """Where rows and columns of a view of the heart usually lead, or None for another view."""
    feet = np.array([0.0, 0.0, -1.0])
    inferior = feet - (feet @ axis) * axis
    inferior /= np.linalg.norm(inferior)
    lateral = np.cross(axis, inferior)
    return {
        View.SAX: (lateral, inferior),
        View.FOUR_CHAMBER: (lateral, -axis),
        View.TWO_CHAMBER: (-axis, inferior),
        View.THREE_CHAMBER: (-axis, (inferior + lateral) / np.sqrt(2)),
    }.get(view)


def _main_part(direction: np.ndarray) -> float:
    return direction[np.argmax(np.abs(direction))]


def _says_where(affine: np.ndarray) -> bool:
    """Whether the affine holds a position, not just the voxel size on its diagonal."""
    axes = affine[:3, :3]
    off_diagonal = axes - np.diag(np.diag(axes))
    return bool(np.abs(off_diagonal).max() > 1e-3 * np.abs(axes).max())
