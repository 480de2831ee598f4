"""Members of a zip, read in place: nothing is unpacked to disk."""

from __future__ import annotations

import io
import stat
import zipfile
from contextlib import ExitStack
from pathlib import PurePosixPath
from typing import BinaryIO

from ..errors import StudyError
from .limits import MALFORMED, Limits
from .sources import Source, natural

# Below this an archive's compression ratio is no danger: blank images pack very well.
RATIO_MATTERS = 64 << 20

_ENCRYPTED = 0x1


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
        # An archive inside another is held whole: a seek in a compressed member starts over.
        stream = source.open()
        if isinstance(stream, _Member):
            stream.close()
            stream = io.BytesIO(source.read())
            source.release()
        archive = stack.enter_context(zipfile.ZipFile(stack.enter_context(stream)))
        entries = archive.infolist()
    except (zipfile.BadZipFile, *MALFORMED) as error:
        raise _damaged(source.name) from error
    limits.check("entries", len(entries), source.name)
    for entry in entries:
        _check_entry(entry, source.name)
        limits.check("file_bytes", entry.file_size, source.name)
    files = [entry for entry in entries if not entry.is_dir()]
    unpacked = sum(entry.file_size for entry in files)
    limits.check("unpacked_bytes", unpacked, source.name)
    if unpacked > RATIO_MATTERS:
        limits.check("ratio", unpacked / max(source.size, 1), source.name)
    if not files:
        raise StudyError(f"{source.name} is empty: it holds no files to read.")
    files.sort(key=lambda entry: natural(entry.filename))
    return [
        Source(
            PurePosixPath(entry.filename).name,
            entry.file_size,
            lambda entry=entry: _Member(archive, entry, source.name),
        )
        for entry in files
    ]


def _check_entry(entry: zipfile.ZipInfo, archive: str) -> None:
    """Refuse what no honest exam contains.

    Nothing is written to disk, so such names could do no harm here; they are refused because an
    archive that carries them was made to do harm.
    """
    # `orig_filename` is what the file says; `filename` has been cut at a NUL.
    name = entry.orig_filename.replace("\\", "/")
    if entry.flag_bits & _ENCRYPTED:
        raise UnreadableArchive(f"{archive} is encrypted; unpack it with its password first.")
    if name.startswith("/") or name[1:3] == ":/" or ".." in name.split("/"):
        raise StudyError(f"{archive} has an entry that points outside the archive; refused.")
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise StudyError(f"{archive} is packed by another method than deflate; zip it anew.")
    if not name or "\0" in name:
        raise StudyError(f"{archive} has an entry with an impossible name; refused.")
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise StudyError(f"{archive} has an entry that is a link or a device; refused.")


class UnreadableArchive(StudyError):
    """An archive that is damaged or locked, but does no harm."""


def _damaged(archive: str) -> UnreadableArchive:
    return UnreadableArchive(f"{archive} is damaged and cannot be unpacked whole; get it anew.")


class _Member(io.RawIOBase):
    """An open zip entry whose failures are a `StudyError` that names the archive."""

    def __init__(self, archive: zipfile.ZipFile, entry: zipfile.ZipInfo, name: str) -> None:
        self._archive = name
        try:
            self._stream: BinaryIO = archive.open(entry)
        except (zipfile.BadZipFile, *MALFORMED) as error:
            raise _damaged(name) from error

    def read(self, size: int = -1) -> bytes:
        try:
            return self._stream.read(size)
        except (zipfile.BadZipFile, *MALFORMED) as error:
            raise _damaged(self._archive) from error

    def close(self) -> None:
        self._stream.close()
        super().close()
