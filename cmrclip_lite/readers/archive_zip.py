"""Members of a zip, read in place: nothing is unpacked to disk."""

from __future__ import annotations

import io
import stat
import struct
import zipfile
from contextlib import ExitStack
from typing import BinaryIO

from ..errors import StudyError
from .archive import UnreadableArchive, check_name, check_ratio, damaged, held
from .limits import MALFORMED, Limits
from .sources import Source, natural, shown

_ENCRYPTED = 0x1

# The records at the end of a zip (APPNOTE 6.3.10, 4.3.14 to 4.3.16).
_END, _END_SIZE = b"PK\x05\x06", 22
_END64, _END64_SIZE = b"PK\x06\x06", 56
_LOCATOR, _LOCATOR_SIZE = b"PK\x06\x07", 20
_ENTRY = b"PK\x01\x02"
# The directory of an honest archive spends no more on an entry than this, names included.
_ENTRY_BYTES = 1024


def members(source: Source, limits: Limits, stack: ExitStack) -> list[Source]:
    """The regular files of a zip, in natural order of their names.

    Every entry's name, size and kind is checked before any is read.

    Args:
        source: the zip.
        limits: `entries`, `unpacked_bytes`, `ratio` and `file_bytes` apply.
        stack: closes the zip when the study has been read.

    Raises:
        StudyError: if the zip is empty, damaged, encrypted, has an entry that points outside
            it, or goes over a limit.
    """
    try:
        stream = stack.enter_context(held(source, limits))
        # Before zipfile makes an object of each entry.
        limits.check("entries", _count_entries(stream, limits), source.name)
        archive = stack.enter_context(zipfile.ZipFile(stream))
        entries = archive.infolist()
    except (zipfile.BadZipFile, *MALFORMED) as error:
        raise damaged(source.name) from error
    for entry in entries:
        _check_entry(entry, source.name)
        limits.check("file_bytes", entry.file_size, source.name)
    files = [entry for entry in entries if not entry.is_dir()]
    unpacked = sum(entry.file_size for entry in files)
    limits.check("unpacked_bytes", unpacked, source.name)
    check_ratio(unpacked, source, limits)
    if sum(entry.compress_size for entry in files) > source.size:
        raise StudyError(
            f"{source.name} has entries that share their bytes, as in a bomb; refused."
        )
    if not files:
        raise StudyError(f"{source.name} is empty: it holds no files to read.")
    files.sort(key=lambda entry: natural(entry.filename))
    return [
        Source(
            shown(entry.filename.replace("\\", "/")),
            entry.file_size,
            lambda entry=entry: _Member(archive, entry, source.name),
            packed=entry.compress_type != zipfile.ZIP_STORED,
        )
        for entry in files
    ]


def _check_entry(entry: zipfile.ZipInfo, archive: str) -> None:
    """Refuse what no honest exam contains.

    Nothing is written to disk, so such names could do no harm here; they are refused because an
    archive that carries them was made to do harm.
    """
    if entry.flag_bits & _ENCRYPTED:
        raise UnreadableArchive(f"{archive} is encrypted; unpack it with its password first.")
    # `orig_filename` is what the file says; `filename` has been cut at a NUL.
    check_name(entry.orig_filename, archive)
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise UnreadableArchive(f"{archive} is packed by another method than deflate; zip it anew.")
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise StudyError(f"{archive} has an entry that is a link or a device; refused.")


def _count_entries(stream: BinaryIO, limits: Limits) -> int:
    """At most how many entries the directory of a zip lists, whatever its end record claims.

    Raises:
        zipfile.BadZipFile: if there is no end record.
    """
    size = stream.seek(0, io.SEEK_END)
    tail_at = max(0, size - _END_SIZE - 0xFFFF - _END64_SIZE - _LOCATOR_SIZE)
    stream.seek(tail_at)
    tail = stream.read()
    end = tail.rfind(_END)
    if end < 0 or len(tail) - end < _END_SIZE:
        raise zipfile.BadZipFile("no end record")
    directory = struct.unpack_from("<I", tail, end + 12)[0]
    locator = end - _LOCATOR_SIZE
    if locator >= _END64_SIZE and tail[locator : locator + 4] == _LOCATOR:
        end = locator - _END64_SIZE
        if tail[end : end + 4] != _END64:
            raise zipfile.BadZipFile("no end record")
        directory = struct.unpack_from("<Q", tail, end + 40)[0]
    start = tail_at + end - directory
    if start < 0:
        raise zipfile.BadZipFile("the directory lies outside the file")
    if directory > limits.entries * _ENTRY_BYTES:
        return limits.entries + 1
    stream.seek(start)
    count = stream.read(directory).count(_ENTRY)
    stream.seek(0)
    return count


class _Member(io.RawIOBase):
    """An open zip entry whose failures are a `StudyError` that names the archive."""

    def __init__(self, archive: zipfile.ZipFile, entry: zipfile.ZipInfo, name: str) -> None:
        self._archive = name
        try:
            self._stream: BinaryIO = archive.open(entry)
        except (zipfile.BadZipFile, *MALFORMED) as error:
            raise damaged(name) from error

    def read(self, size: int = -1) -> bytes:
        try:
            return self._stream.read(size)
        except (zipfile.BadZipFile, *MALFORMED) as error:
            raise damaged(self._archive) from error

    def close(self) -> None:
        self._stream.close()
        super().close()
