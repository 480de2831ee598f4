"""Studies from NRRD files, whose header pynrrd reads.

Axes. `kinds` says which axis is time ("time", or "list" as in the `.seq.nrrd` files of 3D Slicer,
first or last); without it, the one without `space directions` is, or the fourth. Three axes in
space are x, y and slice; two are one slice.

Geometry. `space directions` and `space origin`, in the patient system that `space` names, are
converted to the DICOM one. Without a known `space` only the spacing is used.

The library is not given the file: it would inflate without bound, and open what `data file` names.
"""

from __future__ import annotations

import io
import re
import zlib
from typing import Any

import numpy as np

from ..errors import StudyError
from ..study import Study
from .assemble import Volume, read_volumes
from .limits import MALFORMED, Limits
from .naming import FileName
from .sources import Source
from .volume import Grid, even_times, grid, of_one_slice

Header = dict[str, Any]

# Slicer writes some lines for every phase of a sequence.
_HEADER_BYTES = 1 << 20
_DETACHED = re.compile(rb"^data ?file *:", re.IGNORECASE | re.MULTILINE)
_TIME_KINDS = ("time", "list")
_SPACE_KINDS = ("domain", "space", "???", "none")
# The axes of each space in left, back and head.
_SPACES = {
    "left-posterior-superior": (1, 1, 1),
    "right-anterior-superior": (-1, -1, 1),
    "left-anterior-superior": (1, -1, 1),
    "lps": (1, 1, 1),
    "ras": (-1, -1, 1),
    "las": (1, -1, 1),
}
_LENGTH_UNITS_MM = {"m": 1000.0, "cm": 10.0, "um": 0.001}
_TIME_UNITS_MS = {"s": 1000.0, "sec": 1000.0, "ms": 1.0, "msec": 1.0}


# A hostile number may overflow; what comes of it is checked.
@np.errstate(all="ignore")
def read_nrrd(sources: list[Source], limits: Limits) -> Study:
    """Read the cines and late-enhancement stills among NRRD files as one study.

    Raises:
        StudyError: if pynrrd is not installed, or the files go over a limit or are of several
            patients.
    """
    try:
        import nrrd
    except ImportError:
        raise StudyError(
            f"{sources[0].name} is an NRRD file; to read it, pip install 'cmrclip-lite[formats]'."
        ) from None
    return read_volumes(
        sources,
        lambda source, name: _volume(source, name, limits),
        (*MALFORMED, nrrd.reader.NRRDError),
        "damaged NRRD files, or cut short",
        limits,
    )


def _volume(source: Source, name: FileName, limits: Limits) -> Volume | str:
    """What the header of a file says, or words for why it is set aside."""
    import nrrd

    head = source.head(_HEADER_BYTES)
    stream = io.BytesIO(head)
    # What follows a blank line is data.
    if _DETACHED.search(re.split(rb"\r?\n\r?\n", head, maxsplit=1)[0]):
        return "headers of detached NRRD files (.nhdr); save each with its data as one .nrrd file"
    header = nrrd.read_header(stream)
    start = stream.tell()
    if header["encoding"] not in ("raw", "gzip", "gz"):
        return "NRRD files in another encoding than raw or gzip"
    if any(int(header.get(skip, 0)) for skip in ("lineskip", "line skip", "byteskip", "byte skip")):
        return "NRRD files that skip a part of their data"
    sizes = [int(size) for size in header["sizes"]]
    if not 2 <= len(sizes) <= 4 or min(sizes) < 1:
        return "NRRD files without an image, or with more than four axes"
    kinds = [kind.lower() for kind in header.get("kinds", [])]
    if any(kind not in _SPACE_KINDS + _TIME_KINDS for kind in kinds):
        return "NRRD files of colours or vectors"
    # The library tells the type of a value only by reading one.
    one = {**header, "sizes": np.ones(len(sizes), int), "encoding": "raw"}
    itemsize = nrrd.read_data(one, io.BytesIO(bytes(16))).dtype.itemsize
    count = float(np.prod(sizes, dtype=float))
    limits.check("pixel_bytes", count * itemsize, source.name)
    time = _time_axis(header, kinds, name)
    space = [axis for axis in range(len(sizes)) if axis != time]
    if len(space) > 3:
        return "NRRD files without an image, or with more than four axes"
    x, y, z = (*(sizes[axis] for axis in space), 1, 1)[:3]
    limits.check("frame_side", max(x, y), source.name)
    phases = 1 if time is None else sizes[time]
    shape = (x, y, z, phases)
    trigger_ms, rr_ms = _timing(header, time, phases)
    return Volume(
        form="NRRD",
        name=name,
        shape=shape,
        where=_grid(header, space),
        load=lambda: _voxels(source, header, start, int(count) * itemsize, time).reshape(shape),
        trigger_ms=trigger_ms,
        rr_ms=rr_ms,
    )


def _time_axis(header: Header, kinds: list[str], name: FileName) -> int | None:
    count = len(header["sizes"])
    times = [axis for axis, kind in enumerate(kinds) if kind in _TIME_KINDS]
    directions = header.get("space directions")
    if not times and directions is not None:
        times = [axis for axis, row in enumerate(directions) if not np.isfinite(row).any()]
    if len(times) == 1:
        return times[0]
    # The name of one slice leaves only time for a third axis.
    return count - 1 if count == 4 or (count == 3 and name.one_slice) else None


def _grid(header: Header, space: list[int]) -> Grid:
    """The grid of the axes in space."""
    units = header.get("space units", [])
    scale = _LENGTH_UNITS_MM.get(units[0], 1.0) if units else 1.0
    directions, origin = header.get("space directions"), header.get("space origin")
    if directions is None:
        spacings = np.asarray(header.get("spacings", [np.nan] * 4), float)
        return grid(None, np.resize(_of_three(spacings[space]), 3), len(space) == 3)
    steps = np.asarray(directions, float)[space] * scale
    stacked = len(space) == 3
    zooms = _of_three(np.linalg.norm(steps, axis=1))
    signs = _SPACES.get(header.get("space", "").lower().removesuffix("-time").removesuffix("t"))
    if signs is None or origin is None or steps.shape[1] < 3:
        return grid(None, zooms, stacked)
    affine = np.eye(4)
    affine[:3, : len(space)] = steps[:, :3].T
    affine[:3, 3] = np.asarray(origin, float)[:3] * scale
    affine[:3] *= np.array(signs)[:, None]
    return grid(affine if stacked else of_one_slice(affine), zooms, stacked)


def _of_three(zooms: np.ndarray) -> np.ndarray:
    return np.concatenate([zooms, [np.nan] * (3 - len(zooms))])


def _timing(
    header: Header, time: int | None, phases: int
) -> tuple[np.ndarray | None, float | None]:
    """Trigger times and the heartbeat, where the header gives times that can be of one."""
    if time is None:
        return None, None
    stated = header.get(f"axis {time} index values") or header.get("MultiVolume.FrameLabels", "")
    try:
        times = np.array([float(value) for value in re.split(r"[ ,]+", stated.strip()) if value])
    except ValueError:
        times = np.array([])
    if len(times) == phases > 2 and (np.diff(times) > 0).all():
        for scale in (1.0, 1000.0):  # milliseconds, as Slicer has them, or seconds
            _, rr_ms = even_times(float(times[-1] - times[0]) / (phases - 1) * scale, phases)
            if rr_ms is not None:
                return times * scale, rr_ms
    spacings, units = header.get("spacings"), header.get("units", [])
    if spacings is None or len(units) <= time or units[time] not in _TIME_UNITS_MS:
        return None, None
    return even_times(float(spacings[time]) * _TIME_UNITS_MS[units[time]], phases)


def _voxels(
    source: Source, header: Header, start: int, needed: int, time: int | None
) -> np.ndarray:
    """All values, time last; no more is inflated than the header promised."""
    import nrrd

    data = source.read()[start:]
    if header["encoding"] != "raw":
        data = zlib.decompressobj(wbits=31).decompress(data, needed)
    if len(data) < needed:
        raise ValueError("the file is shorter than its header says")
    voxels = nrrd.read_data({**header, "encoding": "raw"}, io.BytesIO(data))
    return voxels if time is None else np.moveaxis(voxels, time, -1)
