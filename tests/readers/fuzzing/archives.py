"""Archives whose directories lie."""

from __future__ import annotations

import gzip
import re
import struct
from random import Random

from .values import WORDS, whole

# Offset and format of the fields of a local header, a central entry and the end record of a zip.
_LOCAL = ((4, "H"), (6, "H"), (8, "H"), (14, "I"), (18, "I"), (22, "I"), (26, "H"), (28, "H"))
_CENTRAL = (
    (4, "H"), (6, "H"), (8, "H"), (10, "H"), (16, "I"), (20, "I"), (24, "I"), (28, "H"), (30, "H"),
    (32, "H"), (34, "H"), (36, "H"), (38, "I"), (42, "I"),
)  # fmt: skip
_END = ((4, "H"), (6, "H"), (8, "H"), (10, "H"), (12, "I"), (16, "I"), (20, "H"))
_RECORDS = ((b"PK\x03\x04", _LOCAL), (b"PK\x01\x02", _CENTRAL), (b"PK\x05\x06", _END))

# Offset and width of the fields of a tar header.
_TAR = ((0, 100), (100, 8), (124, 12), (136, 12), (156, 1), (157, 100), (257, 8), (345, 155))


def zip_field(rng: Random, data: bytes) -> bytes:
    spoiled = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 3))):
        mark, fields = rng.choice(_RECORDS)
        places = [found.start() for found in re.finditer(re.escape(mark), spoiled)]
        at, code = rng.choice(fields)
        if not places:
            continue
        at += rng.choice(places)
        width = struct.calcsize(code)
        if at + width > len(spoiled):
            continue
        (before,) = struct.unpack_from("<" + code, spoiled, at)
        value = rng.choice((whole(rng, 8 * width), before + 1, before - 1, before ^ 1, 0))
        struct.pack_into("<" + code, spoiled, at, value % (1 << 8 * width))
    return bytes(spoiled)


def zip_name(rng: Random, data: bytes) -> bytes:
    """Another name of the same length, in the local header, the directory or both."""
    names = [m.group() for m in re.finditer(rb"exam/[A-Za-z0-9./]+", data)]
    if not names:
        return data
    name = rng.choice(names)
    new = rng.choice((*WORDS, b"/", b"..", b"C:\\", b"\xff\xfe", b"a/../b", b"con", b"exam/IM1"))
    return data.replace(name, new.ljust(len(name), b"x")[: len(name)], rng.choice((1, 2, -1)))


def zip_comment(rng: Random, data: bytes) -> bytes:
    """Something before or after the archive, which a tolerant reader skips."""
    junk = rng.choice((bytes(70_000), b"MZ" * 40, b"PK\x05\x06" * 9, b"PK\x06\x07" * 9, data))
    return junk + data if rng.random() < 0.5 else data + junk


def tar_field(rng: Random, data: bytes) -> bytes:
    packed = data.startswith(b"\x1f\x8b")
    spoiled = bytearray(gzip.decompress(data) if packed else data)
    heads = [m.start() - 257 for m in re.finditer(rb"ustar", spoiled)]
    for _ in range(rng.choice((1, 1, 2))):
        head = rng.choice(heads)
        at, width = rng.choice(_TAR)
        if at == 156:
            value = bytes([rng.choice(b"0123456DKLMNSVXgx\0\xff")])
        elif at in (100, 124, 136):
            value = rng.choice(
                (
                    b"0",
                    b"7" * (width - 1),
                    b"-1",
                    b"abc",
                    b"\x80" + b"\xff" * 11,
                    b"\xff" * 12,
                    b"\x80" + bytes(10) + b"\x09",
                    b"00000000010",
                )
            )
        else:
            value = rng.choice((*WORDS, b"../../x", b"/etc/passwd", b"", b"exam/IM1", b"\xff\xfe"))
        spoiled[head + at : head + at + width] = value[:width].ljust(width, b"\0")
        if rng.random() < 0.9:
            _checksum(spoiled, head)
    return gzip.compress(bytes(spoiled), mtime=0) if packed else bytes(spoiled)


def tar_gzip(rng: Random, data: bytes) -> bytes:
    """A bomb behind the archive, a cut stream, or a wrong checksum."""
    plain = gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data
    packed = gzip.compress(plain, mtime=0)
    choice = rng.randrange(3)
    if choice == 0:
        return gzip.compress(plain + bytes(20 << 20), mtime=0)
    if choice == 1:
        return packed[: rng.randrange(len(packed))]
    return packed[:-8] + rng.randbytes(8)


def _checksum(data: bytearray, head: int) -> None:
    data[head + 148 : head + 156] = b" " * 8
    total = sum(data[head : head + 512])
    data[head + 148 : head + 156] = f"{total:06o}\0 ".encode()


ARCHIVES = {
    "zip": (zip_field, zip_field, zip_field, zip_name, zip_comment),
    "tar": (tar_field, tar_field, tar_gzip),
    "raw": (),
}
