"""One exam in every kind of archive."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from collections.abc import Iterator


def packed(files: dict[str, bytes]) -> Iterator[tuple[str, str, bytes]]:
    """Name (its last word is that of the file), form and bytes of each archive."""
    flat = zipped(files)
    tar = tarred(files)
    yield "exam.zip", "zip", flat
    yield "stored.zip", "zip", zipped(files, zipfile.ZIP_STORED)
    yield "nested.zip", "zip", zipped({"inner/exam.zip": flat, "again.tar": tar})
    yield "exam.tar", "tar", tar
    yield "exam.tar.gz", "tar", gzip.compress(tar, mtime=0)
    yield "exam.tgz", "tar", gzip.compress(tarred({"inner.zip": flat}), mtime=0)
    yield "exam.tar.bz2", "raw", bz2.compress(tar)
    yield "exam.tar.xz", "raw", lzma.compress(tar)
    yield "one.dcm.gz", "raw", gzip.compress(next(iter(files.values())), mtime=0)


def zipped(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip that is the same in every run."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, data in files.items():
            entry = zipfile.ZipInfo(f"exam/{name}", (2020, 1, 1, 0, 0, 0))
            entry.compress_type = method
            archive.writestr(entry, data)
    return stream.getvalue()


def tarred(files: dict[str, bytes]) -> bytes:
    """A tar that is the same in every run."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, data in files.items():
            entry = tarfile.TarInfo(f"exam/{name}")
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return stream.getvalue()
