"""Members of a tar or tar.gz: of a plain tar read in place, of a packed one held in memory."""

from __future__ import annotations

import gzip
import io
import tarfile
from collections.abc import Iterator
from contextlib import ExitStack
from typing import BinaryIO

from ..errors import StudyError
from .archive import check_name, check_ratio, damaged, held
from .limits import MALFORMED, Limits
from .sources import Source, natural, shown

# EOFError and zlib.error of a gzip cut short are among MALFORMED.
_MALFORMED_TAR = (*MALFORMED, tarfile.TarError)
_REST = 1 << 16  # bytes read at once after the last entry


def members(source: Source, limits: Limits, stack: ExitStack) -> list[Source]:
    """The regular files of a tar, in natural order of their names.

    Args:
        source: the tar, packed by gzip or not.
        limits: `entries`, `unpacked_bytes`, `held_bytes`, `ratio` and `file_bytes` apply.
        stack: closes the tar when the study has been read.

    Raises:
        StudyError: if the tar is empty, damaged, has a link, a device or an entry that points
            outside it, or goes over a limit.
    """
    try:
        stream = stack.enter_context(held(source, limits))
        packed = stream.read(2) == b"\x1f\x8b"
        stream.seek(0)
        found = _unpacked(stream, source, limits) if packed else _in_place(stream, source, limits)
    except _MALFORMED_TAR as error:
        raise damaged(source.name) from error
    if not found:
        raise StudyError(f"{source.name} is empty: it holds no files to read.")
    return [member for _, member in sorted(found, key=lambda pair: natural(pair[0]))]


def _in_place(stream: BinaryIO, source: Source, limits: Limits) -> list[tuple[str, Source]]:
    with tarfile.open(fileobj=stream, mode="r:") as archive:
        entries = [entry for entry in _entries(archive, source, limits) if entry.isreg()]
    # The data of an entry lies whole in the file, or the tar is cut short.
    if any(entry.offset_data + entry.size > source.size for entry in entries):
        raise tarfile.ReadError("cut short")
    if isinstance(stream, io.BytesIO):
        whole = memoryview(stream.getvalue())
        return [
            _held(entry, whole[entry.offset_data : entry.offset_data + entry.size])
            for entry in entries
        ]
    return [
        (
            entry.name,
            Source(
                shown(entry.name),
                entry.size,
                lambda entry=entry: _Part(source.open(), entry.offset_data, entry.size),
            ),
        )
        for entry in entries
    ]


def _unpacked(stream: BinaryIO, source: Source, limits: Limits) -> list[tuple[str, Source]]:
    found = []
    bounded = _Bounded(gzip.GzipFile(fileobj=stream), source, limits)
    with tarfile.open(fileobj=bounded, mode="r|") as archive:
        for entry in _entries(archive, source, limits):
            if entry.isreg():
                data = archive.extractfile(entry).read()
                if len(data) < entry.size:
                    raise tarfile.ReadError("cut short")
                found.append(_held(entry, memoryview(data)))
    # The checksum of the whole comes after its end, which a tar leaves unread.
    while bounded.read(_REST):
        pass
    return found


def _held(entry: tarfile.TarInfo, data: memoryview) -> tuple[str, Source]:
    name = shown(entry.name)
    return entry.name, Source(name, entry.size, lambda: io.BytesIO(data))


def _entries(archive: tarfile.TarFile, source: Source, limits: Limits) -> Iterator[tarfile.TarInfo]:
    """The entries one after another, each checked before the next is looked for."""
    count = unpacked = 0
    before = -1
    while (entry := archive.next()) is not None:
        count += 1
        limits.check("entries", count, source.name)
        limits.check_time(source.name)
        # An entry of negative size leads some versions of tarfile back to where they were.
        if entry.size < 0 or entry.offset <= before:
            raise tarfile.ReadError("entries out of order")
        before = entry.offset
        check_name(entry.name, source.name)
        if entry.issparse() or not (entry.isreg() or entry.isdir()):
            raise StudyError(f"{source.name} has an entry that is a link or a device; refused.")
        limits.check("file_bytes", entry.size, source.name)
        unpacked += entry.size
        limits.check("unpacked_bytes", unpacked, source.name)
        yield entry
        # TarFile remembers every entry; a stream is read once.
        archive.members.clear()


class _Bounded(io.RawIOBase):
    """A stream that refuses to give more than the limits allow, padding and headers included."""

    def __init__(self, stream: BinaryIO, source: Source, limits: Limits) -> None:
        self._stream, self._source, self._limits = stream, source, limits
        self._given = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        most = self._limits.held_bytes - self._given + 1
        data = self._stream.read(most if size < 0 else min(size, most))
        self._given += len(data)
        self._limits.check("held_bytes", self._given, self._source.name)
        check_ratio(self._given, self._source, self._limits)
        return data


class _Part(io.RawIOBase):
    """Some bytes of a file, as a file."""

    def __init__(self, stream: BinaryIO, start: int, size: int) -> None:
        self._stream, self._left = stream, size
        stream.seek(start)

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(self._left if size < 0 else min(size, self._left))
        self._left -= len(data)
        return data

    def close(self) -> None:
        self._stream.close()
        super().close()
