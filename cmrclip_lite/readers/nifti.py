"""Studies from NIfTI files.

Axes. `(X, Y, Z, T)` is a stack over time and `(X, Y, 1, T)` one slice over time; each z is a
series. The first axis becomes the columns and the second the rows of an image. NIfTI has no
convention for how an image is shown, so rows and columns are flipped where the affine says that
they run against the one of DICOM (to the left or the back along a row; to the back or the feet
down a column), and the geometry with them. A file `(X, Y, Z)` holds no time and is set aside.

Geometry. The affine maps voxels to right, front and head in mm; it is converted to the DICOM
patient system. Where it only repeats the voxel
size, as in the ACDC files, it does not say where the slices lie: then the order of the file is
kept, the view is guessed from the name and the number of slices, and a note says so.
"""

from __future__ import annotations

import gzip
import io
import zlib

import nibabel
import numpy as np

from ..study import Sequence, Series, SetAside, Study, View
from ..views import assign, describe, ordered
from .headers import plain_words
from .limits import MALFORMED, Limits
from .sources import Source

_MALFORMED_NIFTI = (
    *MALFORMED,
    nibabel.filebasedimages.ImageFileError,
    nibabel.spatialimages.HeaderDataError,
    nibabel.wrapstruct.WrapStructError,
)
# Right, front, head to left, back, head.
_TO_DICOM = np.array([-1.0, -1.0, 1.0])
_TIME_UNITS_MS = {"sec": 1000.0, "msec": 1.0, "usec": 0.001}
_LONGEST_CYCLE_MS = 2500.0
# A stack of at least this many slices without geometry is taken to be the short axis.
_STACK = 4


def read_nifti(sources: list[Source], limits: Limits) -> Study:
    """Read the cines among NIfTI files as one study.

    Raises:
        StudyError: if a file goes over a limit.
    """
    study = Study([])
    words: list[str] = []
    for source in sources:
        try:
            image = _image(source, limits)
        except _MALFORMED_NIFTI:
            study.set_aside.append(SetAside("files", "damaged NIfTI files"))
            continue
        reason = _not_a_cine(image, source.name)
        if reason:
            study.set_aside.append(SetAside("files", reason))
            continue
        shape = image.shape[:4]
        limits.check("pixel_bytes", float(np.prod(shape, dtype=float)) * 4, source.name)
        try:
            found = _series(image, source.name, study)
        except _MALFORMED_NIFTI:
            study.set_aside.append(SetAside("files", "NIfTI files cut short or damaged"))
            continue
        study.series += found
        words += [plain_words(_stem(source.name))] * len(found)
    if all(s.view is not View.UNKNOWN for s in study.series):
        study.series = ordered(study.series)
    else:
        assign(study, words)
    return study


def _image(source: Source, limits: Limits) -> nibabel.Nifti1Image:
    """The image, its size checked against its header before anything large is inflated."""
    head = source.head(1 << 12)
    packed = head.startswith(b"\x1f\x8b")
    if packed:
        head = zlib.decompressobj(wbits=31).decompress(head, 1024)
    kind = nibabel.Nifti2Image if head[4:8] in (b"n+2\0", b"ni2\0") else nibabel.Nifti1Image
    header = kind.header_class.from_fileobj(io.BytesIO(head), check=True)
    values = float(np.prod(header.get_data_shape(), dtype=float))
    size = values * header.get_data_dtype().itemsize + float(header["vox_offset"])
    limits.check("pixel_bytes", size, source.name)
    data = source.read()
    if packed:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as stream:
            data = stream.read(int(size))
    if len(data) < size:
        raise ValueError("the file is shorter than its header says")
    return kind.from_stream(io.BytesIO(data))


def _not_a_cine(image: nibabel.Nifti1Image, name: str) -> str | None:
    shape = image.shape
    words = plain_words(_stem(name))
    if any(word in words for word in (" gt ", " seg ", " label ", " mask ", " segmentation ")):
        return "label maps, not images"
    if min(shape, default=0) < 1 or len(shape) < 3:
        return "NIfTI files without an image"
    if any(extent != 1 for extent in shape[4:]):
        return "NIfTI files with more than four axes"
    if len(shape) < 4 or shape[3] < 2:
        return "volumes without a time course; a cine has the axes (x, y, slice, time)"
    if not np.issubdtype(image.get_data_dtype(), np.number) or np.issubdtype(
        image.get_data_dtype(), np.complexfloating
    ):
        return "NIfTI files of colours or complex numbers"
    return None


def _series(image: nibabel.Nifti1Image, name: str, study: Study) -> list[Series]:
    slope, intercept = image.dataobj.slope, image.dataobj.inter
    stored = image.dataobj.get_unscaled()
    stored = np.asarray(stored).reshape(stored.shape[:4])
    if (slope, intercept) != (1, 0) and np.isfinite([slope, intercept]).all():
        stored = stored.astype(np.float32) * np.float32(slope) + np.float32(intercept)
    # (X, Y, Z, T) to (Z, T, H = Y, W = X), native byte order.
    pixels = np.ascontiguousarray(stored.transpose(2, 3, 1, 0))
    pixels = pixels.astype(pixels.dtype.newbyteorder("="), copy=False)
    if pixels.dtype.kind == "f" and not np.isfinite(pixels).all():
        pixels = np.nan_to_num(pixels, posinf=0.0, neginf=0.0)
        study.notes.append("Values that are not finite were replaced by 0.")
    affine = np.asarray(image.affine, float)
    steps = affine[:3, :3] * _TO_DICOM[:, None]
    lengths = np.linalg.norm(steps, axis=0)
    zooms = np.array(image.header.get_zooms()[:3], float)
    known = _says_where(image, affine, lengths)
    spacing = lengths if known else np.where((zooms > 0) & np.isfinite(zooms), zooms, 1.0)
    trigger, rr_ms = _timing(image, pixels.shape[1])
    view = View.UNKNOWN
    row, column, origin = np.array([1.0, 0, 0]), np.array([0.0, 1, 0]), np.zeros(3)
    across = np.array([0.0, 0, spacing[2]])
    if known:
        row, column, across = steps[:, 0] / lengths[0], steps[:, 1] / lengths[1], steps[:, 2]
        origin = affine[:3, 3] * _TO_DICOM
        pixels, row, origin = _facing(pixels, 3, row, origin, spacing[0])
        pixels, column, origin = _facing(pixels, 2, column, origin, spacing[1])
    else:
        view = _guess_view(name, len(pixels))
        study.notes.append(
            "A NIfTI file does not say where its slices lie: they are in the order of the file, "
            f"taken as {view}, and which end is the base is unknown."
        )
    return [
        Series(
            pixels=frames,
            spacing_mm=(float(spacing[1]), float(spacing[0])),
            thickness_mm=float(spacing[2]),
            position_mm=origin + z * across,
            orientation=np.stack([row, column]) if known else None,
            trigger_ms=trigger,
            rr_ms=rr_ms,
            view=view,
            sequence=Sequence.CINE,
        )
        for z, frames in enumerate(pixels)
    ]


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


def _says_where(image: nibabel.Nifti1Image, affine: np.ndarray, lengths: np.ndarray) -> bool:
    """Whether the affine holds a position, not just the voxel size on its diagonal."""
    if not np.isfinite(affine).all() or lengths.min() <= 0:
        return False
    if not (int(image.header["qform_code"]) or int(image.header["sform_code"])):
        return False
    off_diagonal = affine[:3, :3] - np.diag(np.diag(affine[:3, :3]))
    return bool(np.abs(off_diagonal).max() > 1e-3 * lengths.max())


def _timing(image: nibabel.Nifti1Image, phases: int) -> tuple[np.ndarray | None, float | None]:
    """Trigger times of evenly spaced phases and the heartbeat they fill, if the header says."""
    zooms = image.header.get_zooms()
    step = float(zooms[3]) if len(zooms) > 3 else 0.0
    unit = image.header.get_xyzt_units()[1]
    for scale in [_TIME_UNITS_MS[unit]] if unit in _TIME_UNITS_MS else [1000.0, 1.0]:
        cycle = step * scale * phases
        if 300.0 <= cycle <= _LONGEST_CYCLE_MS:
            return np.arange(phases) * step * scale, cycle
    return None, None


def _guess_view(name: str, count: int) -> View:
    said = describe(plain_words(_stem(name)))
    if said is View.UNKNOWN and count >= _STACK:
        return View.SAX
    return said


def _stem(name: str) -> str:
    return name.removesuffix(".gz").removesuffix(".nii")
