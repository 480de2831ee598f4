"""What all archives have in common: what is refused in them, and how one is held open."""

from __future__ import annotations

import io
from typing import BinaryIO

from ..errors import StudyError
from .limits import Limits
from .sources import Source

# Below this an archive's compression ratio is no danger: blank images pack very well.
RATIO_MATTERS = 64 << 20


class UnreadableArchive(StudyError):
    """An archive that is damaged, locked or of an unusual kind, but does no harm."""


def damaged(archive: str) -> UnreadableArchive:
    """The error of an archive that cannot be read to its end."""
    return UnreadableArchive(f"{archive} is damaged and cannot be unpacked whole; get it anew.")


def held(source: Source, limits: Limits) -> BinaryIO:
    """A stream of an archive in which seeking is cheap.

    An archive inside another is held in memory: a seek in a compressed member starts over.

    Raises:
        StudyError: if that takes more than `held_bytes`.
    """
    stream = source.open()
    if stream.seekable():
        return stream
    stream.close()
    limits.check("held_bytes", source.size, source.name)
    held = io.BytesIO(source.read())
    source.release()
    return held


def check_name(name: str, archive: str) -> None:
    """Refuse a name that no honest exam contains.

    Nothing is written to disk, so such names could do no harm here; they are refused because an
    archive that carries them was made to do harm.

    Raises:
        StudyError: if the name points outside the archive or is impossible.
    """
    name = name.replace("\\", "/")
    if name.startswith("/") or name[1:3] == ":/" or ".." in name.split("/"):
        raise StudyError(f"{archive} has an entry that points outside the archive; refused.")
    if not name or "\0" in name:
        raise StudyError(f"{archive} has an entry with an impossible name; refused.")


def check_ratio(unpacked: int, source: Source, limits: Limits) -> None:
    """Refuse an archive that unpacks to too many times its size.

    Raises:
        StudyError: naming the limit.
    """
    if unpacked > RATIO_MATTERS:
        limits.check("ratio", unpacked / max(source.size, 1), source.name)
