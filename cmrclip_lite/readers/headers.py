"""DICOM headers: one record per file, and one per frame in it.

A classic file has one frame, an enhanced or multi-frame one has many; past this module there is
no difference between them. Descriptions, UIDs and patient identity are read for sorting and
telling kinds apart, and never leave the reader.
"""

from __future__ import annotations

import hashlib
import io
import re
import struct
import zlib
from dataclasses import dataclass, field

import pydicom
from pydicom.dataset import Dataset
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian

from .limits import MALFORMED, Limits
from .sources import Source
from .tags import Elements

# Ways to order frames in time, the most trustworthy first. Scanners write ContentTime when an
# image is made, which on GE is not the order of the phases, so it comes late.
TIME_KEYS = (
    "trigger_delay",
    "trigger",
    "temporal_index",
    "temporal_position",
    "acquisition_time",
    "content_time",
    "instance",
    "frame",
)

# The technical facts a Series may carry: name, tag, value representation ("" for text).
TECHNICAL = (
    ("Manufacturer", 0x00080070, ""),
    ("ManufacturerModelName", 0x00081090, ""),
    ("MagneticFieldStrength", 0x00180087, "DS"),
    ("RepetitionTime", 0x00180080, "DS"),
    ("EchoTime", 0x00180081, "DS"),
    ("InversionTime", 0x00180082, "DS"),
    ("FlipAngle", 0x00181314, "DS"),
    ("SliceThickness", 0x00180050, "DS"),
    ("SpacingBetweenSlices", 0x00180088, "DS"),
    ("ScanningSequence", 0x00180020, ""),
    ("SequenceVariant", 0x00180021, ""),
    ("SequenceName", 0x00180024, ""),
)
_TECHNICAL_TEXT = re.compile(r"[A-Za-z0-9*_.,+/() \\-]{1,64}")

# Transfer syntaxes that store pixels as they are, and the byte order of each.
NATIVE = {
    "1.2.840.10008.1.2": "<",
    "1.2.840.10008.1.2.1": "<",
    "1.2.840.10008.1.2.1.99": "<",
    "1.2.840.10008.1.2.2": ">",
}
DEFLATED = DeflatedExplicitVRLittleEndian.encode()
# Element numbers of Pixel Data, Float Pixel Data and Double Float Pixel Data in group 7FE0.
_PIXEL_ELEMENTS = (b"\x10\0", b"\x08\0", b"\x09\0")


@dataclass(slots=True)
class Header:
    """What one DICOM file says of itself."""

    source: Source
    pixel_offset: int | None
    syntax: str
    modality: str
    sop_class: str
    sop_uid: str
    series_uid: str
    study_key: str
    patient_key: str
    series_number: float
    acquisition_number: float
    acquired_ms: float
    rows: int
    columns: int
    frame_count: int
    samples: int
    bits_allocated: int
    bits_stored: int
    high_bit: int
    signed: bool
    photometric: str
    image_type: tuple[str, ...]
    words: str
    scanning: tuple[str, ...]
    sequence_name: str
    tags: dict[str, str]
    frames: list[Frame] = field(default_factory=list)

    @property
    def has_image(self) -> bool:
        return self.pixel_offset is not None and self.rows > 0 and self.columns > 0


@dataclass(slots=True)
class Frame:
    """One image: where it lies, when in the heartbeat, and how its pixels are scaled."""

    header: Header
    index: int
    position: tuple[float, ...] | None
    orientation: tuple[float, ...] | None
    spacing: tuple[float, float] | None
    thickness: float | None
    slope: float
    intercept: float
    times: dict[str, float]
    rr_ms: float | None
    image_type: tuple[str, ...]
    echo_ms: float | None
    inversion_ms: float | None
    inversion: bool
    velocity: bool


def read_header(source: Source, limits: Limits) -> Header | str:
    """Read everything before the pixels, once.

    Returns:
        The header, or words for why the file is set aside.

    Raises:
        StudyError: if the file goes over a limit.
        OSError: if it cannot be read.
    """
    data = source.head()
    try:
        if DEFLATED in data[:1024]:
            source = _inflated(source, limits)
            data = source.head()
        ds, offset = _parse(data)
    except MALFORMED:
        ds, offset = None, None
    try:
        if offset is None and len(data) < source.size:
            # The header is longer than the beginning that was read.
            ds, offset = _parse(source.read())
        if ds is None:
            return "damaged DICOM files"
        return _header(Elements(ds), _syntax(ds), source, offset, limits)
    except MALFORMED:
        return "damaged DICOM files"


def _parse(data: bytes) -> tuple[Dataset, int | None]:
    """The data set before its pixels, and where in the file the pixel element begins."""
    stream = io.BytesIO(data)
    try:
        ds = pydicom.dcmread(stream, stop_before_pixels=True, force=True)
    except pydicom.errors.InvalidDicomError as error:
        raise ValueError("not a readable DICOM file") from error
    at = stream.tell()
    little = data[at : at + 2] == b"\xe0\x7f" and data[at + 2 : at + 4] in _PIXEL_ELEMENTS
    big = data[at : at + 2] == b"\x7f\xe0" and data[at + 2 : at + 4][::-1] in _PIXEL_ELEMENTS
    return ds, at if little or big else None


def _inflated(source: Source, limits: Limits) -> Source:
    """A deflated file as a plain one in memory, its size bounded while it is inflated."""
    data = source.read()
    # The file meta information stays plain; its first element states the length of the rest.
    start = 144 + struct.unpack("<I", data[140:144])[0]
    inflate = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        body = inflate.decompress(data[start:], limits.file_bytes)
    except zlib.error as error:
        raise ValueError("not a deflated data set") from error
    if inflate.unconsumed_tail:
        limits.check("file_bytes", limits.file_bytes + 1, source.name)
    plain = ExplicitVRLittleEndian.encode().ljust(len(DEFLATED), b"\0")
    whole = data[:start].replace(DEFLATED, plain, 1) + body
    return Source(source.name, len(whole), lambda: io.BytesIO(whole))


def _header(
    ds: Elements, syntax: str, source: Source, offset: int | None, limits: Limits
) -> Header | str:
    def whole(tag: int, vr: str, default: int) -> int:
        value = ds.number(tag, vr)
        return default if value is None else int(value)

    sequence_name = ds.text(0x00180024)
    described = " ".join(
        ds.text(tag) for tag in (0x0008103E, 0x00181030, 0x00180024, 0x00189005, 0x00400254)
    )
    frame_count = max(1, whole(0x00280008, "IS", 1))
    header = Header(
        source=source,
        pixel_offset=offset,
        syntax=syntax,
        modality=ds.text(0x00080060).upper(),
        sop_class=ds.text(0x00080016),
        sop_uid=ds.text(0x00080018),
        series_uid=ds.text(0x0020000E),
        study_key=_hidden(ds.text(0x0020000D)),
        patient_key=_hidden(ds.text(0x00100020)),
        series_number=ds.number(0x00200011, "IS") or 0.0,
        acquisition_number=ds.number(0x00200012, "IS") or 0.0,
        acquired_ms=ds.clock_ms(0x00080032) or ds.clock_ms(0x0008002A) or 0.0,
        rows=whole(0x00280010, "US", 0),
        columns=whole(0x00280011, "US", 0),
        frame_count=frame_count,
        samples=whole(0x00280002, "US", 1),
        bits_allocated=whole(0x00280100, "US", 16),
        bits_stored=whole(0x00280101, "US", whole(0x00280100, "US", 16)),
        high_bit=whole(0x00280102, "US", whole(0x00280101, "US", 16) - 1),
        signed=whole(0x00280103, "US", 0) == 1,
        photometric=ds.text(0x00280004).upper(),
        image_type=tuple(part.upper() for part in ds.texts(0x00080008)),
        words=plain_words(described),
        scanning=ds.texts(0x00180020),
        sequence_name=sequence_name,
        tags=_technical(ds),
    )
    limits.check("frame_side", max(header.rows, header.columns), source.name)
    if header.has_image:
        header.frame_count = min(header.frame_count, _room(header))
        if header.frame_count == 0:
            return "DICOM files whose pixels are missing or cut short"
    if header.has_image:
        limits.check("entries", frame_count, f"The number of frames of {source.name}")
        header.frames = _frames(ds, header)
    return header


def _room(header: Header) -> int:
    """How many frames the file has room for, whatever its header promises."""
    room = header.source.size - header.pixel_offset
    if header.syntax in NATIVE:
        bits = header.rows * header.columns * header.samples * header.bits_allocated
        return room // max(1, -(-bits // 8))
    # Even a blank compressed frame comes with an item header and a few marker bytes.
    return room // 16


def _frames(ds: Elements, header: Header) -> list[Frame]:
    """Explode a file into its frames; a value is looked up per frame, then shared, then plain."""
    shared = ds.items(0x52009229)[:1]
    per_frame = ds.items(0x52009230)
    # GE classic files may carry an empty group, which says nothing of its one frame.
    if not shared and not any(len(item) for item in per_frame):
        return _classic_frames(ds, header)
    frames = []
    for index in range(header.frame_count):
        own = per_frame[index : index + 1]
        frames.append(_frame(ds, header, index, _Groups(own + shared, ds)))
    return frames


def _classic_frames(ds: Elements, header: Header) -> list[Frame]:
    first = _frame(ds, header, 0, _Groups([], ds))
    frames = [first]
    # Many frames without geometry of their own are one slice over time; FrameTime or the
    # recommended rate gives the step between them.
    step = ds.number(0x00181063, "DS")
    start = first.times.get("trigger", 0.0)
    for index in range(1, header.frame_count):
        frame = _frame(ds, header, index, _Groups([], ds))
        frame.times = {"frame": float(index)}
        if step and step > 0:
            frame.times["trigger"] = start + index * step
        frames.append(frame)
    if header.frame_count > 1:
        first.times = {"frame": 0.0} | ({"trigger": start} if step and step > 0 else {})
    return frames


class _Groups:
    """Looks a value up in a frame's functional groups, then in the data set itself."""

    def __init__(self, groups: list[Elements], ds: Elements) -> None:
        self._groups, self._ds = groups, ds

    def inside(self, sequence: int) -> Elements:
        for group in self._groups:
            found = group.items(sequence)
            if found:
                return found[0]
        return self._ds


def _frame(ds: Elements, header: Header, index: int, groups: _Groups) -> Frame:
    content = groups.inside(0x00209111)
    cardiac = groups.inside(0x00189118)
    measures = groups.inside(0x00289110)
    scaling = groups.inside(0x00289145)
    modifier = groups.inside(0x00189115)
    kind = groups.inside(0x00189226)
    position = groups.inside(0x00209113).numbers(0x00200032, "DS")
    orientation = groups.inside(0x00209116).numbers(0x00200037, "DS")
    spacing = measures.numbers(0x00280030, "DS") or ds.numbers(0x00181164, "DS")
    candidates = {
        "trigger_delay": cardiac.number(0x00209153, "FD"),
        "trigger": ds.number(0x00181060, "DS"),
        "temporal_index": content.number(0x00209128, "UL"),
        "temporal_position": ds.number(0x00200100, "IS"),
        "acquisition_time": content.clock_ms(0x00189074) or ds.clock_ms(0x00080032),
        "content_time": ds.clock_ms(0x00080033),
        "instance": ds.number(0x00200013, "IS"),
        "frame": float(index),
    }
    nominal = cardiac.number(0x00209251, "FD") or ds.number(0x00181062, "IS")
    rate = ds.number(0x00181088, "IS")
    rr_ms = nominal if nominal and 250 <= nominal <= 3000 else None
    if rr_ms is None and rate and 20 <= rate <= 240:
        rr_ms = 60_000.0 / rate
    image_type = tuple(p.upper() for p in kind.texts(0x00089007)) or header.image_type
    complex_part = kind.text(0x00089208).upper()
    slope = scaling.number(0x00281053, "DS")
    inversion_ms = ds.number(0x00180082, "DS") or modifier.number(0x00189079, "FD")
    return Frame(
        header=header,
        index=index,
        position=position if position and len(position) == 3 else None,
        orientation=orientation if orientation and len(orientation) == 6 else None,
        spacing=(spacing[0], spacing[1]) if spacing and len(spacing) >= 2 else None,
        thickness=measures.number(0x00180050, "DS"),
        slope=slope if slope else 1.0,
        intercept=scaling.number(0x00281052, "DS") or 0.0,
        times={key: value for key, value in candidates.items() if value is not None},
        rr_ms=rr_ms,
        image_type=image_type + ((complex_part,) if complex_part else ()),
        echo_ms=groups.inside(0x00189114).number(0x00189082, "FD") or ds.number(0x00180081, "DS"),
        inversion_ms=inversion_ms if inversion_ms and inversion_ms > 0 else None,
        inversion="IR" in header.scanning or modifier.text(0x00189009).upper() == "YES",
        velocity=_encodes_velocity(ds, groups),
    )


def _encodes_velocity(ds: Elements, groups: _Groups) -> bool:
    venc = groups.inside(0x00189197).numbers(0x00189217, "FD")
    return ds.text(0x00189014).upper() == "YES" or bool(venc and any(v != 0 for v in venc))


def _technical(ds: Elements) -> dict[str, str]:
    """The allow-listed facts; text that does not look like a technical term is dropped."""
    found = {}
    for name, tag, vr in TECHNICAL:
        if vr:
            value = ds.number(tag, vr)
            stated = "" if value is None else f"{value:g}"
        else:
            stated = ds.text(tag)
        if _TECHNICAL_TEXT.fullmatch(stated):
            found[name] = stated
    return found


def _syntax(ds: Dataset) -> str:
    meta = getattr(ds, "file_meta", None)
    stated = Elements(meta).text(0x00020010) if meta is not None else ""
    if stated:
        return stated
    implicit, little = ds.original_encoding
    if implicit:
        return str(pydicom.uid.ImplicitVRLittleEndian)
    return str(pydicom.uid.ExplicitVRLittleEndian if little else pydicom.uid.ExplicitVRBigEndian)


def _hidden(identity: str) -> str:
    """A digest that tells identities apart without keeping them."""
    return hashlib.sha256(identity.encode()).hexdigest()[:16] if identity else ""


def plain_words(described: str) -> str:
    """Lower case, everything but letters and digits a space, a space at either end."""
    return f" {re.sub(r'[^0-9a-zà-ÿ]+', ' ', described.lower()).strip()} "
