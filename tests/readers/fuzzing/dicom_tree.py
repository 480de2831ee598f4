"""A DICOM file as a tree of elements that can be written back wrong.

pydicom reads the good file; nothing here checks what is written, for a fuzzer wants lengths that
lie and sequences without an end.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import pydicom
from pydicom.datadict import dictionary_VR
from pydicom.dataset import Dataset
from pydicom.encaps import generate_fragments
from pydicom.uid import DeflatedExplicitVRLittleEndian

UNDEFINED = 0xFFFFFFFF
PIXELS = 0x7FE00010
_LONG = (b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV")
_BINARY = {b"US": "H", b"SS": "h", b"UL": "I", b"SL": "i", b"FL": "f", b"FD": "d"}


@dataclass
class Element:
    """One element; of `value`, `items` (a sequence) and `fragments` (pixels) one is in use.

    Attributes:
        stated: the length that is written, where that is not the true one.
        undefined: whether the length is written as undefined and a delimiter ends the element.
        delimited: whether the delimiter of an undefined length is written.
    """

    tag: int
    vr: bytes
    value: bytes = b""
    items: list[list[Element]] | None = None
    fragments: list[bytes] | None = None
    stated: int | None = None
    undefined: bool = False
    delimited: bool = True


@dataclass
class File:
    """A whole file. `order` is "<" or ">", that of the body; the meta group is always "<"."""

    meta: list[Element]
    body: list[Element]
    order: str = "<"
    implicit: bool = False
    deflated: bool = False
    prefix: bytes = bytes(128) + b"DICM"
    tail: bytes = b""

    def every(self) -> list[tuple[list[Element], Element]]:
        """All elements of the body at any depth, each with the list that holds it."""
        return list(_walk(self.body))

    def find(self, tag: int) -> Element | None:
        return next((element for _, element in self.every() if element.tag == tag), None)

    def number(self, element: Element, value: float) -> bytes:
        """A number as the element's value representation stores it, wrapped where too large."""
        code = _BINARY.get(element.vr)
        if code is None:
            return f"{value:g}".encode()
        if code in "fd":
            return struct.pack(self.order + code, value)
        size = struct.calcsize(code)
        wrapped = int(value) % (1 << 8 * size)
        return wrapped.to_bytes(size, "little" if self.order == "<" else "big")


def parse(data: bytes) -> File:
    """The tree of a good file."""
    ds = pydicom.dcmread(io.BytesIO(data), force=True)
    implicit, little = ds.original_encoding
    meta = list(_elements(ds.file_meta)) if getattr(ds, "file_meta", None) else []
    syntax = ds.file_meta.get("TransferSyntaxUID") if meta else None
    prefix = data[:132] if data[128:132] == b"DICM" else b""
    return File(
        meta=meta,
        body=list(_elements(ds)),
        order="<" if little else ">",
        implicit=bool(implicit),
        deflated=syntax == DeflatedExplicitVRLittleEndian,
        prefix=prefix,
    )


def write(file: File) -> bytes:
    """The bytes of a tree, right or wrong."""
    meta = b"".join(encode(element, "<", False) for element in file.meta)
    body = b"".join(encode(element, file.order, file.implicit) for element in file.body)
    if file.deflated:
        deflate = zlib.compressobj(wbits=-zlib.MAX_WBITS)
        body = deflate.compress(body) + deflate.flush()
    return file.prefix + meta + body + file.tail


def encode(element: Element, order: str, implicit: bool) -> bytes:
    """The bytes of one element."""
    if element.fragments is not None:
        value = b"".join(_item(part, order) for part in element.fragments)
    elif element.items is not None:
        value = b"".join(
            _item(b"".join(encode(inner, order, implicit) for inner in item), order)
            for item in element.items
        )
    else:
        value = element.value + b"\0" * (len(element.value) % 2)
    length = len(value)
    if element.undefined:
        length = UNDEFINED
        if element.delimited:
            value += struct.pack(order + "HHI", 0xFFFE, 0xE0DD, 0)
    if element.stated is not None:
        length = element.stated
    head = struct.pack(order + "HH", element.tag >> 16 & 0xFFFF, element.tag & 0xFFFF)
    if implicit:
        return head + struct.pack(order + "I", length & UNDEFINED) + value
    vr = element.vr[:2].ljust(2)
    if vr in _LONG:
        return head + vr + b"\0\0" + struct.pack(order + "I", length & UNDEFINED) + value
    return head + vr + struct.pack(order + "H", length & 0xFFFF) + value


def _item(content: bytes, order: str) -> bytes:
    return struct.pack(order + "HHI", 0xFFFE, 0xE000, len(content)) + content


def _walk(elements: list[Element]) -> Iterator[tuple[list[Element], Element]]:
    for element in elements:
        yield elements, element
        for item in element.items or ():
            yield from _walk(item)


def _elements(ds: Dataset) -> Iterator[Element]:
    for tag in ds.keys():
        stored = ds.get_item(tag)
        vr = _representation(int(tag), stored.VR)
        if vr == b"SQ":
            items = [list(_elements(item)) for item in ds[tag].value or []]
            yield Element(int(tag), vr, items=items)
            continue
        value = _stored(stored.value, vr)
        if tag == PIXELS and value[:4] == b"\xfe\xff\x00\xe0":
            fragments = list(generate_fragments(value))
            yield Element(int(tag), vr, fragments=fragments, undefined=True)
        else:
            yield Element(int(tag), vr, value)


def _representation(tag: int, stated: str | None) -> bytes:
    if stated:
        return stated.encode("latin-1", "replace")[:2]
    try:
        return dictionary_VR(tag)[:2].encode()
    except KeyError:
        return b"UN"


def _stored(value: object, vr: bytes) -> bytes:
    """The bytes of a value that pydicom may have converted already."""
    if value is None:
        return b""
    if isinstance(value, bytes):
        return value
    if vr in _BINARY and isinstance(value, int | float):
        return struct.pack("<" + _BINARY[vr], value)
    parts = [value] if isinstance(value, str) or not hasattr(value, "__iter__") else list(value)
    return "\\".join(map(str, parts)).encode("utf-8", "replace")
