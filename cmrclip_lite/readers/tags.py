"""Single values out of a DICOM data set that may be damaged.

pydicom converts and validates a value when it is first asked for, and its warnings quote the
value. This reads the stored bytes of the few elements that matter: that is faster, a malformed
value gives None, and nothing a file says reaches a log.
"""

from __future__ import annotations

import math
import re
import struct

from pydicom.charset import default_encoding
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.errors import BytesLengthException, InvalidDicomError
from pydicom.filereader import read_sequence
from pydicom.sequence import Sequence

from .bounded import SMALL_BYTES, BoundedBytes
from .limits import MALFORMED

# pydicom's own two are no kind of ValueError.
MALFORMED_DICOM = (*MALFORMED, BytesLengthException, InvalidDicomError)

_BINARY = {"US": "H", "SS": "h", "UL": "I", "SL": "i", "FL": "f", "FD": "d"}
_PADDING = " \0\t\r\n"


class Elements:
    """The elements of one data set by tag, as they are stored."""

    def __init__(self, ds: Dataset) -> None:
        self._ds = ds
        # Plain integers: looking up pydicom's own tag objects is several times slower.
        self._stored = {int(tag): value for tag, value in zip(ds.keys(), ds.values(), strict=True)}

    def __contains__(self, tag: int) -> bool:
        return tag in self._stored

    def __len__(self) -> int:
        return len(self._stored)

    def texts(self, tag: int) -> tuple[str, ...]:
        """The values of a text element, stripped; empty if absent or unusable."""
        stored = self._stored.get(tag)
        if stored is None or not stored.value:
            return ()
        value = stored.value
        if isinstance(value, bytes):
            try:
                value = value.decode("utf-8")
            except UnicodeDecodeError:
                value = value.decode("latin-1")
        elif not isinstance(value, str | int | float):
            try:
                value = "\\".join(str(part) for part in value)
            except TypeError:
                return ()
        parts = tuple(part.strip(_PADDING) for part in str(value).split("\\"))
        return parts if any(parts) else ()

    def text(self, tag: int) -> str:
        """The values of a text element as one string; empty if absent."""
        return "\\".join(self.texts(tag))

    def numbers(self, tag: int, vr: str) -> tuple[float, ...] | None:
        """The values of a numeric element, or None if absent, malformed or not finite.

        Args:
            tag: the element.
            vr: its value representation in the standard, for files that do not state one.
        """
        stored = self._stored.get(tag)
        if stored is None or stored.value is None:
            return None
        try:
            found = _as_numbers(stored, vr)
        except (TypeError, ValueError, struct.error):
            return None
        return found if found and all(map(math.isfinite, found)) else None

    def number(self, tag: int, vr: str) -> float | None:
        """The first value of a numeric element, or None."""
        found = self.numbers(tag, vr)
        return found[0] if found else None

    def items(self, tag: int) -> list[Elements]:
        """The items of a sequence; empty if absent or malformed."""
        if tag not in self._stored:
            return []
        try:
            value = _large_sequence(self._stored[tag]) or self._ds[tag].value
            return [Elements(item) for item in value] if value else []
        except MALFORMED_DICOM:
            return []

    def alone(self, tag: int) -> Dataset | None:
        """A data set of this element only, for a function of pydicom's; None if absent."""
        if tag not in self._stored:
            return None
        part = Dataset()
        try:
            part[tag] = self._ds[tag]
            part.set_original_encoding(*self._ds.original_encoding)
        except MALFORMED_DICOM:
            return None
        return part

    def clock_ms(self, tag: int) -> float | None:
        """A time of day (TM, or that in a DT) in milliseconds after midnight, or None."""
        stated = self.text(tag).split("+")[0].split("-")[0].replace(":", "")
        stated = stated[8:] if len(stated.split(".")[0]) >= 12 else stated
        if not re.fullmatch(r"[0-9]{4}([0-9]{2}([.][0-9]*)?)?", stated):
            return None
        seconds = float(stated[4:] or 0)
        return 1000.0 * (int(stated[:2]) * 3600 + int(stated[2:4]) * 60 + seconds)


def _large_sequence(stored: RawDataElement | DataElement) -> Sequence | None:
    """A sequence that is not parsed yet and could take long, parsed within bounds."""
    if not isinstance(stored, RawDataElement) or len(stored.value or b"") <= SMALL_BYTES:
        return None
    return read_sequence(
        BoundedBytes(stored.value),
        stored.is_implicit_VR,
        stored.is_little_endian,
        len(stored.value),
        default_encoding,
    )


def _as_numbers(stored: RawDataElement | DataElement, vr: str) -> tuple[float, ...]:
    value = stored.value
    if isinstance(value, bytes):
        stated = vr if stored.VR in (None, "UN") else stored.VR
        code = _BINARY.get(stated)
        if code:
            count = len(value) // struct.calcsize(code)
            order = "<" if stored.is_little_endian else ">"
            return tuple(map(float, struct.unpack_from(f"{order}{count}{code}", value)))
        value = value.decode("ascii", "replace")
    if isinstance(value, str):
        return tuple(float(part.strip(_PADDING)) for part in value.split("\\"))
    if isinstance(value, int | float):
        return (float(value),)
    return tuple(float(part) for part in value)
