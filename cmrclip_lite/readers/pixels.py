"""Pixels of the frames that are kept: decoded, on one scale, in native byte order."""

from __future__ import annotations

import io
import struct
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pydicom
from pydicom.pixels import apply_modality_lut, get_decoder
from pydicom.uid import UID

from ..errors import StudyError
from .decoding import Decoders
from .grouping import Slice
from .limits import Limits
from .records import NATIVE, Frame, Header
from .sources import THREADS
from .tags import MALFORMED_DICOM

RLE = "1.2.840.10008.1.2.5"
# Float Pixel Data and Double Float Pixel Data: the element number and the bytes of a pixel.
FLOATS = {0x0008: 4, 0x0009: 8}


def fill(found: list[Slice], limits: Limits) -> tuple[list[np.ndarray | None], int]:
    """Read the pixels of all slices, each file once.

    A frame whose pixels are missing, cut short or cannot be decoded is removed from its slice.

    Args:
        found: slices; their `frames` lose those that cannot be read.
        limits: `pixel_bytes` bounds what is decoded.

    Returns:
        `(T, H, W)` pixels per slice (None where no frame could be read), and the number of
        frames removed.

    Raises:
        StudyError: if the files need a decoder that is not installed, or go over a limit.
    """
    wanted: dict[int, tuple[Header, list[int]]] = {}
    for frame in (frame for s in found for frame in s.frames):
        wanted.setdefault(id(frame.header), (frame.header, []))[1].append(frame.index)
    headers = [header for header, _ in wanted.values()]
    limits.check(
        "pixel_bytes",
        sum(h.rows * h.columns * len(indices) * 2 for h, indices in wanted.values()),
        "The study",
    )
    for header in headers:
        require_decoder(header)
    # Python code only gets into its own way in several threads.
    threads = 1 if any(header.syntax == RLE for header in headers) else THREADS
    with Decoders(limits, THREADS) as decoders, ThreadPoolExecutor(threads) as pool:
        decoded = pool.map(lambda item: read_frames(*item, decoders), wanted.values())
        stored = {id(header): images for header, images in zip(headers, decoded, strict=True)}
        lost = 0
        images_of: list[list[np.ndarray]] = []
        for place in found:
            frames = place.frames
            place.frames = [f for f in frames if f.index in stored[id(f.header)]]
            lost += len(frames) - len(place.frames)
            images_of.append([stored[id(f.header)][f.index] for f in place.frames])
        arrays = list(pool.map(_scaled, images_of, [place.frames for place in found]))
    return arrays, lost


def require_decoder(header: Header) -> None:
    """Check that a compressed file can be decoded here.

    Raises:
        StudyError: naming the extra to install.
    """
    if header.syntax in NATIVE or header.syntax == RLE:
        return
    uid = UID(header.syntax)
    try:
        available = get_decoder(uid).is_available
    except NotImplementedError:
        available = False
    if not available:
        raise StudyError(
            f"{header.source.name} is compressed as {uid.name}, which needs a decoder that is not "
            "installed: run pip install 'cmrclip-lite[codecs]'."
        )


def read_frames(header: Header, indices: list[int], decoders: Decoders) -> dict[int, np.ndarray]:
    """Some frames of one file, `(H, W)` each; unreadable ones are left out.

    Values as stored, or through the file's modality LUT. Windows and VOI LUTs are for a screen
    and change nothing here: intensities are set from the whole series later.

    Raises:
        StudyError: if a limit is passed.
    """
    decoders.limits.check_time("The study")
    try:
        images = _stored(header, indices, decoders)
        if header.modality_lut is None:
            return images
        return {i: apply_modality_lut(image, header.modality_lut) for i, image in images.items()}
    except MALFORMED_DICOM:
        return {}
    finally:
        header.source.release()


def _stored(header: Header, indices: list[int], decoders: Decoders) -> dict[int, np.ndarray]:
    if header.syntax == RLE:
        return _run_lengths(header, indices)
    if header.syntax not in NATIVE:
        array = decoders.dicom(header)
        return {} if array is None else _chosen(array, header, indices)
    if header.bits_allocated in (8, 16, 32, 64) and header.samples == 1:
        return _native(header, indices)
    return _by_pydicom(header, indices)


def _native(header: Header, indices: list[int]) -> dict[int, np.ndarray]:
    """Uncompressed frames straight from the file: several times faster than a general decoder."""
    data = header.source.read()
    order = NATIVE[header.syntax]
    at = header.pixel_offset
    if header.syntax == "1.2.840.10008.1.2":
        length = struct.unpack_from("<I", data, at + 4)[0]
        start = at + 8
    else:
        length = struct.unpack_from(order + "I", data, at + 8)[0]
        start = at + 12
    if data[at + 4 : at + 6] == b"OW" and header.bits_allocated == 8 and order == ">":
        return _by_pydicom(header, indices)
    end = min(len(data), start + length)
    element = struct.unpack_from(order + "H", data, at + 2)[0]
    kind = "f" if element in FLOATS else "i" if header.signed else "u"
    dtype = np.dtype(f"{order}{kind}{FLOATS.get(element, header.bits_allocated // 8)}")
    pixels = header.rows * header.columns
    size = pixels * dtype.itemsize
    images = {}
    for index in indices:
        begin = start + index * size
        # A header may promise more pixels than the file holds.
        if begin + size > end:
            continue
        image = np.frombuffer(data, dtype, pixels, begin).reshape(header.rows, header.columns)
        images[index] = _clean(image.astype(dtype.newbyteorder("="), copy=False), header)
    return images


def _run_lengths(header: Header, indices: list[int]) -> dict[int, np.ndarray]:
    """RLE frames, which pydicom unpacks in Python and NumPy: no process of their own is needed."""
    # The pixel element is tag, VR, two reserved bytes and an undefined length.
    encapsulated = header.source.read()[header.pixel_offset + 12 :]
    array, _ = get_decoder(UID(RLE)).as_array(
        encapsulated,
        raw=True,
        decoding_plugin="pydicom",
        pixel_keyword="PixelData",
        rows=header.rows,
        columns=header.columns,
        number_of_frames=header.frame_count,
        samples_per_pixel=header.samples,
        planar_configuration=0,
        photometric_interpretation=header.photometric,
        bits_allocated=header.bits_allocated,
        bits_stored=header.bits_stored,
        pixel_representation=int(header.signed),
    )
    return _chosen(array, header, indices)


def _by_pydicom(header: Header, indices: list[int]) -> dict[int, np.ndarray]:
    """Uncompressed frames of an unusual packing."""
    ds = pydicom.dcmread(io.BytesIO(header.source.read()), force=True)
    ds.file_meta.TransferSyntaxUID = UID(header.syntax)
    return _chosen(ds.pixel_array, header, indices)


def _chosen(array: np.ndarray, header: Header, indices: list[int]) -> dict[int, np.ndarray]:
    """The frames asked for, as far as there are so many; of colours, their mean."""
    if header.samples > 1:
        array = array.reshape(-1, header.rows, header.columns, header.samples).mean(axis=-1)
    array = array.reshape(-1, *array.shape[-2:])
    if array.shape[1:] != (header.rows, header.columns):
        return {}
    return {i: _clean(array[i], header) for i in indices if i < len(array)}


def _clean(image: np.ndarray, header: Header) -> np.ndarray:
    """Drop unused high bits, where old files keep overlays, and restore the sign."""
    used, allocated = header.bits_stored, image.dtype.itemsize * 8
    if image.dtype.kind not in "iu" or not 0 < used < allocated:
        return image
    shift = max(0, header.high_bit + 1 - used) if header.high_bit < allocated else 0
    left = allocated - used - shift
    return (image << left) >> (left + shift) if left >= 0 else image


def _scaled(images: list[np.ndarray], frames: list[Frame]) -> np.ndarray | None:
    """Stack `(T, H, W)` with MONOCHROME1 inverted and the rescale applied, or None if empty."""
    if not images:
        return None
    stack = np.stack(images)
    header = frames[0].header
    if header.photometric == "MONOCHROME1":
        # Mirrored within the range of stored values, so that it stays within its type.
        if stack.dtype.kind == "f":
            stack = -stack
        else:
            most = stack.dtype.itemsize * 8
            bits = header.bits_stored if 0 < header.bits_stored < most else most
            top = (1 << min(bits, 62)) - 1 if stack.dtype.kind == "u" else -1
            stack = (top - stack.astype(np.int64)).astype(stack.dtype)
    if header.modality_lut is not None:
        return stack  # a file has a LUT or a slope, never both
    scales = np.array([(frame.slope, frame.intercept) for frame in frames], np.float32)
    if (scales == (1, 0)).all():
        if stack.dtype == np.uint16 and stack.max() < 1 << 15:
            return stack.view(np.int16)
        return stack
    return stack * scales[:, 0, None, None] + scales[:, 1, None, None]
