"""Studies from NIfTI files.

Axes. `(X, Y, Z, T)` is a stack over time and `(X, Y, 1, T)` one slice over time; each z is a
series (`volume.py` says how images are turned). A file `(X, Y, Z)` holds no time and is set aside.

Geometry. The affine maps voxels to right, front and head in mm; it is converted to the DICOM
patient system. Where it does not say where the slices lie, the view is guessed from the name and
the number of slices, and a note says so.
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
from .volume import even_times, grid, plain_numbers, series

_MALFORMED_NIFTI = (
    *MALFORMED,
    nibabel.filebasedimages.ImageFileError,
    nibabel.spatialimages.HeaderDataError,
)
# Right, front, head to left, back, head.
_TO_DICOM = np.diag([-1.0, -1.0, 1.0, 1.0])
_TIME_UNITS_MS = {"sec": 1000.0, "msec": 1.0, "usec": 0.001}
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
    stored, replaced = plain_numbers(stored)
    if replaced:
        study.notes.append("Values that are not finite were replaced by 0.")
    where = grid(_affine(image), np.array(image.header.get_zooms()[:3], float))
    view = View.UNKNOWN
    if where.affine is None:
        view = _guess_view(name, stored.shape[2])
        study.notes.append(
            "A NIfTI file does not say where its slices lie: they are in the order of the file, "
            f"taken as {view}, and which end is the base is unknown."
        )
    return series(stored, where, Sequence.CINE, view, *_timing(image, stored.shape[3]))


def _affine(image: nibabel.Nifti1Image) -> np.ndarray | None:
    """`(4, 4)` from voxel to left, back and head in mm, if the header holds one."""
    if not (int(image.header["qform_code"]) or int(image.header["sform_code"])):
        return None
    return _TO_DICOM @ np.asarray(image.affine, float)


def _timing(image: nibabel.Nifti1Image, phases: int) -> tuple[np.ndarray | None, float | None]:
    """Trigger times of evenly spaced phases and the heartbeat they fill, if the header says."""
    zooms = image.header.get_zooms()
    step = float(zooms[3]) if len(zooms) > 3 else 0.0
    unit = image.header.get_xyzt_units()[1]
    for scale in [_TIME_UNITS_MS[unit]] if unit in _TIME_UNITS_MS else [1000.0, 1.0]:
        trigger, rr_ms = even_times(step * scale, phases)
        if trigger is not None:
            return trigger, rr_ms
    return None, None


def _guess_view(name: str, count: int) -> View:
    said = describe(plain_words(_stem(name)))
    if said is View.UNKNOWN and count >= _STACK:
        return View.SAX
    return said


def _stem(name: str) -> str:
    return name.removesuffix(".gz").removesuffix(".nii")
