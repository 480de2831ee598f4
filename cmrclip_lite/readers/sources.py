"""The files of a study, wherever they lie: a folder, a list, an archive, or one file.

Nothing is written to disk: a member of an archive is read from it when it is needed, and only its
beginning while headers are read.
"""

from __future__ import annotations

import os
import re
import stat
import zlib
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from ..errors import StudyError
from ..study import SetAside
from .limits import Limits

PathLike = str | os.PathLike[str]

# Files read or decoded side by side.
THREADS = min(4, os.cpu_count() or 1)
# Enough for the header of almost any DICOM file, vendor-private parts included.
HEAD_BYTES = 1 << 16
# Members of archives kept in memory between reading headers and reading pixels.
KEPT_BYTES = 512 << 20


@dataclass
class Source:
    """One file's bytes.

    Attributes:
        name: a base name, never a path.
        size: bytes.
        open: gives a new stream of them.
        packed: whether it must be inflated, which a thread can do while others work.
        keep: whether the first look at the file may keep all of it, because to look again costs
            as much as to read it, as in an archive.
    """

    name: str
    size: int
    open: Callable[[], BinaryIO] = field(repr=False)
    packed: bool = False
    keep: bool = False
    _kept: bytes | None = field(default=None, init=False, repr=False)

    def head(self, count: int = HEAD_BYTES) -> bytes:
        if self.keep and self._kept is None:
            self._kept = self.read()
        if self._kept is not None:
            return self._kept[:count]
        with self.open() as stream:
            return stream.read(count)

    def read(self) -> bytes:
        if self._kept is not None:
            return self._kept
        with self.open() as stream:
            return stream.read()

    def release(self) -> None:
        """Forget what was kept; the file can still be read."""
        self.keep, self._kept = False, None


@dataclass
class Found:
    """What a path holds: files by format, and an account of what is none of them."""

    dicom: list[Source] = field(default_factory=list)
    nifti: list[Source] = field(default_factory=list)
    nrrd: list[Source] = field(default_factory=list)
    arrays: list[Source] = field(default_factory=list)
    videos: list[tuple[Source, str]] = field(default_factory=list)
    set_aside: list[SetAside] = field(default_factory=list)


def find(path: PathLike | Iterable[PathLike], limits: Limits, stack: ExitStack) -> Found:
    """List the files below `path`, looking into archives, and sort them by content.

    Args:
        path: a folder, a file, or several of either.
        limits: what is refused.
        stack: keeps archives open until the study is read.

    Raises:
        StudyError: if the path is missing, may not be read, or goes over a limit.
    """
    from . import archive_tar, archive_zip
    from .archive import UnreadableArchive

    archives = {"zip": archive_zip, "tar": archive_tar}
    found = Found()
    given = [path] if isinstance(path, str | os.PathLike) else list(path)
    pending = [(source, 0) for source in _listed(given, limits, found)]
    entries, unpacked, kept = len(pending), 0, 0
    while pending:
        source, depth = pending.pop(0)
        limits.check_time("The study")
        try:
            kind = sniff(source)
        except PermissionError:
            if entries == 1:
                raise StudyError(
                    f"{source.name} may not be read: permission denied. Change its permissions."
                ) from None
            kind = "files without permission to read them"
        except OSError as error:
            kind = f"files that could not be read ({error.strerror or 'input error'})"
        if kind in archives:
            limits.check("depth", depth + 1, source.name)
            try:
                inner = archives[kind].members(source, limits, stack)
            except UnreadableArchive:
                if entries == 1:
                    raise
                found.set_aside.append(SetAside("files", "damaged or encrypted archives"))
                continue
            entries += len(inner)
            limits.check("entries", entries, source.name)
            unpacked += sum(member.size for member in inner)
            limits.check("unpacked_bytes", unpacked, source.name)
            if kind == "zip":  # a tar is read in place, or in memory already
                for member in inner:
                    kept += member.size
                    member.keep = kept <= KEPT_BYTES
                _look_ahead(inner)
            if source.name.lower().endswith(".npz"):
                found.arrays.append(source)
            else:
                pending[:0] = [(member, depth + 1) for member in inner]
        elif kind in ("video", "pictures"):
            found.videos.append((source, kind))
        elif kind in ("dicom", "nifti", "nrrd", "arrays"):
            getattr(found, kind).append(source)
        else:
            source.release()
            found.set_aside.append(SetAside("files", kind))
    return found


def _look_ahead(members: list[Source]) -> None:
    """Inflate the members that are kept, side by side."""

    def look(member: Source) -> None:
        try:
            member.head(1)
        except (OSError, StudyError):
            return  # met again, and told, when the member's turn comes

    with ThreadPoolExecutor(THREADS) as pool:
        for _ in pool.map(look, [m for m in members if m.keep and m.packed]):
            pass


def sniff(source: Source) -> str:
    """The format of a file, from its content.

    Returns:
        "dicom", "nifti", "nrrd", "arrays", "zip", "tar", "video" or "pictures" (a moving GIF, WebP
        or PNG); for anything else, words that say what it is.

    Raises:
        OSError: if the file cannot be opened.
    """
    name = source.name.lower()
    if name.startswith("._") or name in (".ds_store", "thumbs.db", "desktop.ini"):
        return "files of the operating system, not images"
    if source.size == 0:
        return "empty files"
    head = source.head(1024)
    if head[128:132] == b"DICM":
        return "dicom"
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return "zip"
    if kind := _moving(head):
        return kind
    if head.startswith(b"%PDF"):
        return "PDF documents, not images"
    if head.startswith(b"NRRD000"):
        return "nrrd"
    if head.startswith(b"\x93NUMPY"):
        return "arrays"
    if head.startswith(b"\x1f\x8b"):
        # Only a header is inflated here, so a bomb cannot go off.
        try:
            head = zlib.decompressobj(wbits=31).decompress(head, 540)
        except zlib.error:
            return "damaged gzip files"
        if _is_tar(head):
            return "tar"
        return "nifti" if _is_nifti(head) else "gzip files that hold no NIfTI image and no tar"
    if _is_tar(head):
        return "tar"
    if head.startswith(
        (b"7z\xbc\xaf\x27\x1c", b"Rar!", b"BZh", b"\xfd7zXZ\0", b"\x28\xb5\x2f\xfd")
    ):
        return "archives other than zip, tar and tar.gz; unpack them first"
    if _is_nifti(head):
        return "nifti"
    if _starts_like_dicom(head):
        return "dicom"
    if b"\0" not in head:
        return "text files, not images"
    return "files of an unknown format"


def _moving(head: bytes) -> str:
    """Which decoder a picture or video needs, or "" if it is neither."""
    if head[:4] == b"GIF8" or (head[:4] == b"RIFF" and head[8:12] == b"WEBP"):
        return "pictures"
    if head.startswith(b"\x89PNG"):
        return "pictures" if b"acTL" in head else "pictures that do not move"
    if head.startswith((b"\xff\xd8\xff", b"BM", b"II*\0", b"MM\0*")):
        return "pictures that do not move"
    riff = head[:4] == b"RIFF" and head[8:12] == b"AVI "
    return "video" if riff or head[4:8] == b"ftyp" or head[:4] == b"\x1a\x45\xdf\xa3" else ""


def _is_tar(head: bytes) -> bool:
    return head[257:262] == b"ustar"


def _is_nifti(head: bytes) -> bool:
    return head[344:348] in (b"n+1\0", b"ni1\0") or head[4:8] in (b"n+2\0", b"ni2\0")


def _starts_like_dicom(head: bytes) -> bool:
    """Whether this is a data set without the 128-byte preamble: it then begins with a low tag."""
    little = head[:2] in (b"\x02\0", b"\x08\0") and head[3:4] == b"\0"
    big = head[:2] in (b"\0\x02", b"\0\x08") and head[2:3] == b"\0"
    return len(head) > 8 and (little or big)


def _listed(given: list[PathLike], limits: Limits, found: Found) -> list[Source]:
    sources: list[Source] = []
    for item in given:
        path = Path(item)
        try:
            mode = path.stat().st_mode
        except FileNotFoundError:
            name = shown(path.name)
            raise StudyError(f"There is no file or folder {name!r}; check the path.") from None
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "not a usable path"
            raise StudyError(f"{shown(path.name)} cannot be read: {reason.lower()}.") from None
        if stat.S_ISDIR(mode):
            try:
                sources += _walk(path, limits, found)
            except PermissionError:
                raise StudyError(
                    f"The folder {shown(path.name)} may not be read: permission denied. "
                    "Change its permissions or run as its owner."
                ) from None
        else:
            sources += _file(path, limits, found)
        limits.check("entries", len(sources), shown(path.name))
    if not sources and not found.set_aside:
        name = Path(given[0]).name if len(given) == 1 else "The list of files"
        raise StudyError(f"{name} is empty: it holds no files to read.")
    return sources


def _walk(folder: Path, limits: Limits, found: Found) -> list[Source]:
    """All files below a folder in natural order, each real folder visited once."""
    sources: list[Source] = []
    visited: set[tuple[int, int]] = set()
    pending = [folder]
    while pending:
        current = pending.pop()
        limits.check_time(shown(folder.name))
        try:
            info = current.stat()
            if (info.st_dev, info.st_ino) in visited:
                continue
            visited.add((info.st_dev, info.st_ino))
            with os.scandir(current) as listing:
                entries = sorted(listing, key=lambda entry: natural(entry.name))
        except PermissionError:
            if current == folder:
                raise
            found.set_aside.append(SetAside("folders", "no permission to read them"))
            continue
        except OSError as error:
            # A path longer than the system takes, a folder that went away, a failing disk.
            reason = f"could not be read ({(error.strerror or 'input error').lower()})"
            found.set_aside.append(SetAside("folders", reason))
            continue
        folders = [entry for entry in entries if _leads_to_folder(entry)]
        pending += [Path(entry.path) for entry in reversed(folders)]
        inside = {entry.name for entry in folders}
        for entry in entries:
            if entry.name not in inside:
                sources += _file(Path(entry.path), limits, found)
        limits.check("entries", len(sources) + len(visited), shown(folder.name))
    return sources


def _leads_to_folder(entry: os.DirEntry) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # links in a circle; as a file it is told to be broken
        return False


def _file(path: Path, limits: Limits, found: Found) -> list[Source]:
    try:
        info = path.stat()
    except OSError:
        found.set_aside.append(SetAside("files", "broken links"))
        return []
    if not stat.S_ISREG(info.st_mode):
        found.set_aside.append(SetAside("files", "not regular files"))
        return []
    limits.check("file_bytes", info.st_size, shown(path.name))
    return [Source(shown(path.name), info.st_size, lambda: open(path, "rb"))]


def shown(path: str) -> str:
    """The last part of a path, fit for a message: no control characters, not without end."""
    name = path.rstrip("/").rsplit("/", 1)[-1]
    printable = "".join(c if c.isprintable() else "?" for c in name)
    return printable if len(printable) <= 100 else f"{printable[:60]}...{printable[-30:]}"


def natural(name: str) -> list[tuple[int, str]]:
    """A sort key under which `slice2` comes before `slice10`."""
    return [
        (int(part), "") if part.isdecimal() and part.isascii() and len(part) < 19 else (0, part)
        for part in re.split(r"([0-9]+)", name)
    ]
