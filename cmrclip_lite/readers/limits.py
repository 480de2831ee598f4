"""What a file may cost before it is refused, so that a hostile one costs no more than this."""

from __future__ import annotations

import math
import struct
import time
import zlib
from dataclasses import dataclass, field, replace
from typing import NoReturn

from ..errors import StudyError

GIB = 1 << 30

# What a parser written for well-formed files may raise on a malformed one. pydicom and nibabel
# promise no closed list, so this is the union of what fuzzing them has shown; each place that
# catches it turns the file into a reason or a `StudyError`.
MALFORMED = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    BufferError,
    EOFError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    StopIteration,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)


@dataclass(frozen=True)
class Limits:
    """The most a study may hold.

    Attributes:
        entries: files in a folder, list or archive, all nesting levels together.
        unpacked_bytes: bytes that all archive members together unpack to.
        held_bytes: of those, what one archive may hold in memory: a tar.gz, or one inside another.
        ratio: unpacked over packed size of one archive, once it unpacks to over 64 MiB.
        depth: archives within archives; 1 reads an archive, 2 also an archive inside it.
        file_bytes: size of one file.
        frame_side: rows or columns of one image.
        series: slice locations and stills that are kept.
        pixel_bytes: decoded pixels of all kept series together.
        seconds: how long reading a study may take.
        decode_seconds: how long decoding one compressed file or video may take.
        decode_bytes: memory that decoding one compressed file or video may take.
    """

    entries: int = 50_000
    unpacked_bytes: int = 4 * GIB
    held_bytes: int = 2 * GIB
    ratio: float = 200.0
    depth: int = 2
    file_bytes: int = 2 * GIB
    frame_side: int = 8192
    series: int = 2000
    pixel_bytes: int = 4 * GIB
    seconds: float = 600.0
    decode_seconds: float = 60.0
    decode_bytes: int = 2 * GIB
    _ends: float = field(default=math.inf, repr=False, compare=False)

    def started(self) -> Limits:
        """The same limits with the clock of `seconds` running, unless it runs already."""
        if self._ends < math.inf:
            return self
        return replace(self, _ends=time.monotonic() + self.seconds)

    def seconds_left(self) -> float:
        """Until `seconds` are over; 0 when they are."""
        return max(0.0, self._ends - time.monotonic())

    def check_time(self, where: str) -> None:
        """Refuse to go on when `seconds` are over.

        Raises:
            StudyError: naming the limit.
        """
        if time.monotonic() > self._ends:
            self.refuse("seconds", where)

    def check(self, name: str, value: float, where: str) -> None:
        """Refuse `value` above the limit called `name`.

        Raises:
            StudyError: naming the limit and how to raise it.
        """
        if value > getattr(self, name):
            self.refuse(name, where, f" ({value:,.0f})")

    def refuse(self, name: str, where: str, value: str = "") -> NoReturn:
        """Say that `where` goes over the limit called `name`.

        Raises:
            StudyError: always.
        """
        raise StudyError(
            f"{where} goes over the limit {name} = {getattr(self, name):,}{value}; "
            f"pass read_study(..., limits=Limits({name}=...)) if the file is trusted."
        )
