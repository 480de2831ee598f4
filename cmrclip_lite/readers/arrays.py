"""Studies from NumPy files.

`.npy` is one stack of pixels, `(Z, T, H, W)`: slices in order along the stack (base first for the
short axis), phases in order of time; `(T, H, W)` is one slice. The view is the one that the file's
name says, else the short axis; the spacing is assumed, and a note says so.

`.npz` says more, and is what `cmrclip phantom make --format npz` writes:

    pixels         (Z, T, H, W) or (T, H, W); of late enhancement (Z, 1, H, W) or (Z, H, W)
    spacing_mm     (3,) distance between slices, rows and columns
    view           one of SAX, 2CH, 3CH, 4CH, LVOT, RVOT, axial; SAX if absent
    sequence       cine or LGE; cine if absent
    affine         (4, 4) from column, row and slice to right, front and head in mm, as in NIfTI;
                   images are then turned and slices put in order as those of a NIfTI file are
    trigger_ms     (T,) delays of the phases after the R wave
    rr_ms          duration of a heartbeat

All but `pixels` may be left out. Several stacks lie in one file under names that end alike:
`pixels_4CH`, `spacing_mm_4CH`, `affine_4CH`. The ending is the view, and `_LGE` behind it (or
alone, for the short axis) the sequence: `pixels_SAX`, `pixels_SAX_LGE`.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from tokenize import TokenError
from typing import BinaryIO

import numpy as np
from numpy.lib import format as npy

from ..errors import StudyError
from ..study import Sequence, Series, SetAside, Study, View
from ..views import describe
from .limits import MALFORMED, Limits
from .naming import parse
from .sources import Source
from .volume import VOXEL_MM, arranged, grid, series

# NumPy reads its headers as Python.
_MALFORMED_NUMPY = (*MALFORMED, zipfile.BadZipFile, SyntaxError, TokenError)
# Usual for short-axis cines; only for files that cannot say.
ASSUMED_SPACING_MM = (10.0, 1.5, 1.5)
# Right, front, head to left, back, head.
_TO_DICOM = np.diag([-1.0, -1.0, 1.0, 1.0])
_HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}

Field = Callable[[str], np.ndarray | None]


class _NotPlain(ValueError):
    """Something other than plain numbers or text, in words."""


# A hostile number may overflow; what comes of it is checked.
@np.errstate(all="ignore")
def read_arrays(sources: list[Source], limits: Limits) -> Study:
    """Read stacks from NumPy files as one study.

    Raises:
        StudyError: if a file goes over a limit or its contents are no stack.
    """
    study = Study([])
    for source in sources:
        limits.check_time("The study")
        limits.check("pixel_bytes", source.size, source.name)
        try:
            if source.name.lower().endswith(".npz"):
                found = _archive(source, limits, study)
            else:
                found = _single(source, study)
        except _NotPlain as error:
            raise StudyError(f"{source.name}: {error}.") from None
        except _MALFORMED_NUMPY as error:
            raise StudyError(
                f"{source.name} is no NumPy file of plain numbers, or is damaged."
            ) from error
        study.series += found
    # Every series has its view, so that no words are needed.
    study.series = arranged(study.series, [""] * len(study.series))
    study.notes = list(dict.fromkeys(study.notes))
    return study


def _single(source: Source, study: Study) -> list[Series]:
    """The stack of an `.npy` file."""
    data = source.read()
    pixels = _array(io.BytesIO(data), len(data))
    view = describe(parse(source.name).words)
    view = View.SAX if view is View.UNKNOWN else view
    return _stack({"pixels": pixels}.get, view, Sequence.CINE, study)


def _archive(source: Source, limits: Limits, study: Study) -> list[Series]:
    """The stacks of an `.npz` file."""
    found: list[Series] = []
    with zipfile.ZipFile(io.BytesIO(source.read())) as archive:
        members = {
            info.filename.removesuffix(".npy"): info
            for info in archive.infolist()
            if info.filename.endswith(".npy")
        }
        limits.check("pixel_bytes", sum(m.file_size for m in members.values()), source.name)

        def field(name: str) -> np.ndarray | None:
            if name not in members:
                return None
            with archive.open(members[name]) as stream:
                return _array(stream, members[name].file_size)

        endings = [name[6:] for name in members if name == "pixels" or name.startswith("pixels_")]
        if not endings:
            raise _NotPlain("it needs an array named pixels of (Z, T, H, W)")
        for ending in endings:
            view, sequence = _named(ending)
            of_ending = lambda name, ending=ending: field(name + ending)  # noqa: E731
            found += _stack(of_ending, view, sequence, study)
    return found


def _named(ending: str) -> tuple[View, Sequence]:
    """View and sequence of the arrays whose names end so, "" or "_4CH" or "_SAX_LGE"."""
    sequence = Sequence.LGE if ending.endswith("_LGE") else Sequence.CINE
    view = ending.removesuffix("_LGE").removeprefix("_")
    return _one_of(View, view or "SAX", "view"), sequence


def _one_of(kind: type, stated: object, what: str) -> View | Sequence:
    known = [str(one) for one in kind if one is not Sequence.UNKNOWN]
    if stated not in known:
        raise _NotPlain(f"the {what} must be one of {', '.join(known)}")
    return kind(stated)


def _array(stream: BinaryIO, size: int) -> np.ndarray:
    """One array, its promised size checked against that of the file before it is read.

    Args:
        stream: at the start of an `.npy`.
        size: bytes of that.
    """
    version = npy.read_magic(stream)
    if version not in _HEADERS:
        raise ValueError("a version that plain numbers do not need")
    shape, fortran, dtype = _HEADERS[version](stream)
    if dtype.hasobject or dtype.names is not None or dtype.subdtype is not None:
        raise _NotPlain("objects and records are not read; save plain numbers")
    if any(extent < 0 for extent in shape):
        raise ValueError("an extent below 0")
    count = 1
    for extent in shape:  # Python's own integers do not overflow
        count *= int(extent)
    if count * dtype.itemsize > size:
        raise ValueError("the file is shorter than its header says")
    if count == 0:
        return np.empty(shape, dtype)
    data = stream.read(count * dtype.itemsize)
    return np.frombuffer(data, dtype, count).reshape(shape, order="F" if fortran else "C")


def _stack(field: Field, view: View, sequence: Sequence, study: Study) -> list[Series]:
    """The series of one stack; none, with a reason, if it is a cine without a time course."""
    if (stated := field("view")) is not None:
        view = _one_of(View, str(stated), "view")
    if (stated := field("sequence")) is not None:
        sequence = _one_of(Sequence, str(stated), "sequence")
    pixels = _pixels(field("pixels"), sequence)
    phases = pixels.shape[1]
    if sequence is Sequence.LGE and phases > 1:
        reason = "late enhancement with several images of one place"
        study.set_aside.append(SetAside("arrays", reason))
        return []
    if sequence is Sequence.CINE and phases < 2:
        study.set_aside.append(SetAside("arrays", "no time course; of stills, say sequence LGE"))
        return []
    zooms = _numbers(field("spacing_mm"), (3,), "spacing_mm")
    affine = _numbers(field("affine"), (4, 4), "affine")
    trigger_ms = _numbers(field("trigger_ms"), (phases,), "trigger_ms")
    rr_ms = _numbers(field("rr_ms"), (), "rr_ms")
    if zooms is None and affine is None:
        zooms = np.array(ASSUMED_SPACING_MM)
        study.notes.append(
            f"An array does not state its spacing; {ASSUMED_SPACING_MM} mm between slices, rows "
            "and columns was assumed."
        )
    if zooms is None:
        zooms = np.linalg.norm(affine[:3, [2, 1, 0]], axis=0)
    least, most = VOXEL_MM
    if not ((least <= zooms) & (zooms <= most)).all():
        raise _NotPlain(f"spacing_mm must be from {least:g} to {most:g}")
    # (Z, T, H, W) to (X, Y, Z, T)
    voxels = pixels.transpose(3, 2, 0, 1)
    where = grid(None if affine is None else _TO_DICOM @ affine, zooms[::-1])
    rr = None if rr_ms is None else float(rr_ms)
    return series(voxels, where, sequence, view, trigger_ms, rr)


def _pixels(pixels: np.ndarray, sequence: Sequence) -> np.ndarray:
    """`(Z, T, H, W)` finite numbers in native byte order."""
    if pixels.dtype.kind not in "iuf":
        raise _NotPlain(f"pixels must be real numbers, not {pixels.dtype.name}")
    if pixels.ndim == 3:
        pixels = pixels[:, None] if sequence is Sequence.LGE else pixels[None]
    if pixels.ndim != 4 or 0 in pixels.shape:
        raise _NotPlain(f"pixels must be (Z, T, H, W) or (T, H, W), not {pixels.shape}")
    kind = np.dtype(np.float32) if pixels.dtype.kind == "f" else pixels.dtype.newbyteorder("=")
    pixels = pixels.astype(kind, copy=False)
    if not np.isfinite(pixels).all():
        raise _NotPlain("the pixels hold NaN or infinite values; replace them first")
    return pixels


def _numbers(values: np.ndarray | None, shape: tuple[int, ...], what: str) -> np.ndarray | None:
    if values is None:
        return None
    if values.dtype.kind not in "iuf" or values.shape != shape or not np.isfinite(values).all():
        raise _NotPlain(f"{what} must be finite numbers of shape {shape}")
    return values.astype(float)
