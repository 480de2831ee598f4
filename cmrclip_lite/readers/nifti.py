"""Studies from NIfTI files, version 1 and 2.

Axes. `(X, Y, Z, T)` is a stack over time and `(X, Y, 1, T)` one slice over time; each z is a
series (`volume.py` says how images are turned, and when slices lie along another axis than the
third). `(X, Y, Z)` is a volume, which `assemble.py` joins
with other phases, keeps as late enhancement or sets aside. Some converters write one slice over
time as `(X, Y, T)`; `_third_is_time` says when that is believed.

Geometry. The sform maps voxels to right, front and head in mm; without one, or with one that is
not possible, the qform does. It is converted to the DICOM patient system.
"""

from __future__ import annotations

import gzip
import io
import zlib

import nibabel
import numpy as np
from nibabel.filebasedimages import ImageFileError
from nibabel.spatialimages import HeaderDataError

from ..study import Study
from .assemble import Volume, read_volumes
from .limits import MALFORMED, Limits
from .naming import FileName
from .sources import Source
from .volume import across_slices, even_times, grid, is_possible, of_one_slice

_MALFORMED_NIFTI = (*MALFORMED, ImageFileError, HeaderDataError)
# Right, front, head to left, back, head.
_TO_DICOM = np.diag([-1.0, -1.0, 1.0, 1.0])
# Codes of nifti1.h for metres and micrometres, and for s, ms and us.
_LENGTH_UNITS_MM = {1: 1000.0, 3: 0.001}
_TIME_UNITS_MS = {8: 1000.0, 16: 1.0, 24: 0.001}
# Codes of what an sform or qform maps to.
_KNOWN_SPACES = range(1, 6)
# NIFTI_INTENT_TIME_SERIES of nifti1.h.
_TIME_SERIES = 2001
# No slices lie closer than this, and no stack of the heart is longer.
_CLOSEST_MM, _LONGEST_MM = 0.2, 400.0

_THIRD_IS_TIME = "A file has three axes; the third was taken as time, not as slices, because {}."


# A hostile number may overflow; what comes of it is checked.
@np.errstate(all="ignore")
def read_nifti(sources: list[Source], limits: Limits) -> Study:
    """Read the cines and late-enhancement stills among NIfTI files as one study.

    Raises:
        StudyError: if the files go over a limit or are of several patients.
    """
    notes: list[str] = []
    study = read_volumes(
        sources,
        lambda source, name: _volume(source, name, limits, notes),
        _MALFORMED_NIFTI,
        "damaged NIfTI files, or cut short",
        limits,
    )
    study.notes = list(dict.fromkeys(notes + study.notes))
    return study


def _volume(source: Source, name: FileName, limits: Limits, notes: list[str]) -> Volume | str:
    """What the header of a file says, or words for why it is set aside."""
    head = source.head(1 << 12)
    if head.startswith(b"\x1f\x8b"):
        head = zlib.decompressobj(wbits=31).decompress(head, 1024)
    second = head[4:8] in (b"n+2\0", b"ni2\0")
    if head[4:8] == b"ni2\0" or (not second and head[344:348] == b"ni1\0"):
        return "headers of NIfTI pairs (.hdr and .img); convert each pair to one .nii file"
    kind = nibabel.Nifti2Header if second else nibabel.Nifti1Header
    # The header alone: extensions may hold anything, and are not looked at. The library's own check
    # logs what it mends, and gives up on less than is needed here.
    size = kind.template_dtype.itemsize
    if len(head) < size:
        raise ValueError("the file ends within its header")
    header = kind(head[:size], check=False)
    pixdim = header["pixdim"]
    pixdim[1:] = np.abs(pixdim[1:])
    pixdim[0] = -1 if pixdim[0] == -1 else 1
    dtype = header.get_data_dtype()
    if dtype.kind not in "iuf":
        return "NIfTI files of colours or complex numbers"
    shape, why = _axes(header, name)
    if shape is None:
        return why
    if why:
        notes.append(_THIRD_IS_TIME.format(why))
    offset = int(header["vox_offset"])
    if offset < 0:
        raise ValueError("voxels before the start of the file")
    limits.check("pixel_bytes", np.prod(shape, dtype=float) * dtype.itemsize + offset, source.name)
    slope, intercept = header.get_slope_inter()
    zooms = np.asarray(pixdim[1:5], float)
    length = _length_unit(header)
    affine = _affine(header, length, stacked=not why)
    # Columns, rows, slices.
    across = 2 if why else across_slices(shape, zooms[:3])
    order = [*(axis for axis in range(3) if axis != across), across, 3]
    limits.check("frame_side", max(shape[order[0]], shape[order[1]]), source.name)
    return Volume(
        form="NIfTI",
        name=name,
        shape=tuple(shape[axis] for axis in order),
        where=grid(
            None if affine is None else affine[:, order], zooms[order[:3]] * length, stacked=not why
        ),
        load=lambda: _voxels(source, dtype, offset, shape, slope, intercept).transpose(order),
        **_timing(header, zooms[2] if why else zooms[3], shape[3]),
    )


def _axes(
    header: nibabel.Nifti1Header, name: FileName
) -> tuple[tuple[int, int, int, int] | None, str]:
    """`(X, Y, Z, T)`, and why the third axis is time if it is; or None, and why not."""
    shape = tuple(int(extent) for extent in header.get_data_shape())
    if len(shape) < 2 or min(shape) < 1:
        return None, "NIfTI files without an image"
    if any(extent != 1 for extent in shape[4:]):
        return None, "NIfTI files with more than four axes"
    x, y, z, t = (*shape[:4], 1, 1)[:4]
    if t == 1 and z > 1 and (why := _third_is_time(header, name, z)):
        return (x, y, 1, z), why
    return (x, y, z, t), ""


def _third_is_time(header: nibabel.Nifti1Header, name: FileName, count: int) -> str:
    """Why the third of three axes is time, or "".

    A unit of time alone says nothing: dcm2niix and ITK state seconds for every file. What tells is
    an intent, a name that numbers the slice, or a step that makes a heartbeat as a time and
    no stack of slices as a length.
    """
    if int(header["intent_code"]) == _TIME_SERIES:
        return "its header says that it is a time series"
    if name.one_slice:
        return "its name numbers a slice"
    step = float(header["pixdim"][3])
    length = step * _length_unit(header)
    if _CLOSEST_MM <= length and (length * count <= _LONGEST_MM or not _time_unit(header)):
        return ""
    if even_times(step * (_time_unit(header) or 1000.0), count)[0] is None:
        return ""
    return "its step makes a heartbeat and no distance between slices"


def _length_unit(header: nibabel.Nifti1Header) -> float:
    """Millimetres per unit of length."""
    return _LENGTH_UNITS_MM.get(int(header["xyzt_units"]) & 0x07, 1.0)


def _time_unit(header: nibabel.Nifti1Header) -> float | None:
    """Milliseconds per unit of time, if that is stated."""
    return _TIME_UNITS_MS.get(int(header["xyzt_units"]) & 0x38)


def _affine(header: nibabel.Nifti1Header, scale: float, stacked: bool) -> np.ndarray | None:
    """`(4, 4)` from voxel to left, back and head in mm, if the header holds one.

    Args:
        header: of either version.
        scale: mm per unit of length of the header.
        stacked: whether the third axis runs across slices.
    """
    for code, get in (("sform_code", header.get_sform), ("qform_code", header.get_qform)):
        if int(header[code]) not in _KNOWN_SPACES:
            continue
        try:
            affine = np.asarray(get(), float)
        except _MALFORMED_NIFTI:  # a quaternion longer than 1
            continue
        affine[:3] *= scale
        affine = affine if stacked else of_one_slice(affine)
        if is_possible(affine):
            return _TO_DICOM @ affine
    return None


def _timing(header: nibabel.Nifti1Header, step: float, phases: int) -> dict:
    """`trigger_ms` and `rr_ms` of evenly spaced phases, None where the header does not say."""
    unit = _time_unit(header)
    for scale in [unit] if unit else [1000.0, 1.0]:
        trigger, rr_ms = even_times(float(step) * scale, phases)
        if trigger is not None:
            break
    return {"trigger_ms": trigger, "rr_ms": rr_ms}


def _voxels(
    source: Source,
    dtype: np.dtype,
    offset: int,
    shape: tuple[int, int, int, int],
    slope: float | None,
    intercept: float | None,
) -> np.ndarray:
    """`shape` values, scaled; no more is inflated than the header promised."""
    count = int(np.prod(shape))
    needed = count * dtype.itemsize + offset
    data = source.read()
    if data.startswith(b"\x1f\x8b"):
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as stream:
            data = stream.read(needed)
    voxels = np.frombuffer(data, dtype, count, offset).reshape(shape, order="F")
    if slope is None or (slope, intercept) == (1, 0):
        return voxels
    return voxels.astype(np.float32) * np.float32(slope) + np.float32(intercept)
