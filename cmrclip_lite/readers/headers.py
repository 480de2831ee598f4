"""DICOM headers, each file's read once: identity hidden, technical facts by an allow-list."""

from __future__ import annotations

import hashlib
import io
import re
import struct
import zlib

import pydicom
from pydicom.dataset import Dataset
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian

from .bounded import BoundedBytes
from .explode import explode
from .limits import Limits
from .records import NATIVE, Header
from .sources import HEAD_BYTES, Source
from .tags import MALFORMED_DICOM, Elements

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
)
# What the text among them may say. A vendor goes by one name, which also lets studies be grouped
# by it; the terms are those of PS3.3 C.8.3.1; no model's name holds four digits in a row, but many
# a patient's number does.
_VENDORS = {
    "siemens": "SIEMENS",
    "ge": "GE",
    "general electric": "GE",
    "philips": "Philips",
    "canon": "Canon",
    "toshiba": "TOSHIBA",
    "united imaging": "United Imaging",
    "uih": "United Imaging",
    "hitachi": "Hitachi",
    "fujifilm": "Fujifilm",
    "bruker": "Bruker",
    "synthetic": "SYNTHETIC",
}
_TERMS = re.compile(r"SE|IR|GR|EP|RM|SK|MTC|SS|TRSS|SP|MP|OSP|NONE")
_MODEL = re.compile(r"(?!.*[0-9]{4})[A-Za-z][A-Za-z0-9 ._/+()-]{0,31}")

# The longest header that is looked for: an enhanced file takes some 2 kB a frame.
HEADER_BYTES = 64 << 20

DEFLATED = DeflatedExplicitVRLittleEndian.encode()
# Element numbers of Pixel Data, Float Pixel Data and Double Float Pixel Data in group 7FE0.
_PIXEL_ELEMENTS = (b"\x10\0", b"\x08\0", b"\x09\0")


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
    except MALFORMED_DICOM:
        ds, offset = None, None
    try:
        if offset is None and len(data) < source.size:
            # The header is longer than the beginning that was read.
            ds, offset = _parse(source.head(HEADER_BYTES))
        if ds is None:
            return "damaged DICOM files"
        return _header(Elements(ds), _syntax(ds), source, offset, limits)
    except MALFORMED_DICOM:
        return "damaged DICOM files"


def _parse(data: bytes) -> tuple[Dataset, int | None]:
    """The data set before its pixels, and where in the file the pixel element begins."""
    # Counting reads costs a little, which the many files with short headers need not pay.
    stream = io.BytesIO(data) if len(data) <= HEAD_BYTES else BoundedBytes(data)
    ds = pydicom.dcmread(stream, stop_before_pixels=True, force=True)
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
        body_part=plain_words(ds.text(0x00180015)),
        scanning=ds.texts(0x00180020),
        sequence_name=sequence_name,
        tags=_technical(ds),
        modality_lut=ds.alone(0x00283000),
    )
    limits.check("frame_side", max(header.rows, header.columns), source.name)
    if header.has_image:
        header.frame_count = min(header.frame_count, _room(header))
        if header.frame_count == 0:
            return "DICOM files whose pixels are missing or cut short"
    if header.has_image:
        limits.check("entries", frame_count, f"The number of frames of {source.name}")
        header.frames = explode(ds, header)
    return header


def _room(header: Header) -> int:
    """How many frames the file has room for, whatever its header promises."""
    room = header.source.size - header.pixel_offset
    if header.syntax in NATIVE:
        bits = header.rows * header.columns * header.samples * header.bits_allocated
        return room // max(1, -(-bits // 8))
    # Even a blank compressed frame comes with an item header and a few marker bytes.
    return room // 16


def _technical(ds: Elements) -> dict[str, str]:
    """The allow-listed facts; text that is no technical term is dropped."""
    found = {}
    for name, tag, vr in TECHNICAL:
        if vr:
            value = ds.number(tag, vr)
            stated = "" if value is None else f"{value:g}"
        else:
            stated = _term(name, ds.text(tag))
        if stated:
            found[name] = stated
    return found


def _term(name: str, stated: str) -> str:
    """What a technical text says, in known terms; empty if it is none."""
    if name == "Manufacturer":
        words = plain_words(stated)
        return next((vendor for word, vendor in _VENDORS.items() if f" {word} " in words), "")
    if name == "ManufacturerModelName":
        return stated if _MODEL.fullmatch(stated) else ""
    return stated if stated and all(_TERMS.fullmatch(term) for term in stated.split("\\")) else ""


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
