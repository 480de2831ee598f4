"""NIfTI, NumPy and NRRD files spoiled in their headers."""

from __future__ import annotations

import gzip
import io
import re
import struct
import zipfile
from random import Random

from .seeds_packed import zipped
from .values import FLOATS, TEXTS, WORDS, whole

# Offset, format and count of the fields of a NIfTI-1 and a NIfTI-2 header.
_NIFTI1 = (
    (0, "i", 1), (40, "h", 8), (42, "h", 4), (70, "h", 1), (72, "h", 1), (76, "f", 8),
    (108, "f", 1), (112, "f", 1), (116, "f", 1), (123, "B", 1), (252, "h", 1), (254, "h", 1),
    (256, "f", 3), (268, "f", 3), (280, "f", 12), (344, "B", 4), (348, "B", 4),
)  # fmt: skip
_NIFTI2 = (
    (0, "i", 1), (4, "B", 8), (12, "h", 1), (14, "h", 1), (16, "q", 8), (24, "q", 4),
    (104, "d", 8), (168, "q", 1), (176, "d", 1), (184, "d", 1), (344, "i", 1), (348, "i", 1),
    (352, "d", 6), (400, "d", 12), (500, "i", 1), (540, "B", 4),
)  # fmt: skip

_DTYPES = (
    b"'|O'", b"'<U10'", b"'|S9999999'", b"'|V2'", b"'<f2'", b"'<f8'", b"'<c16'", b"'|b1'",
    b"'<M8[ns]'", b"'>i8'", b"'<f16'", b"[('a', '<i2')]", b"[('a', '|O')]", b"'<V0'", b"''", b"3",
    b"[" * 200 + b"]" * 200,
)  # fmt: skip
_SHAPES = (
    b"()", b"(0,)", b"(640,)", b"(2, 5, 64)", b"(-1, 8, 8)", b"(10, 8, 8)", b"(1, 640, 1, 1)",
    b"(99999999999,)", b"(4294967296, 4294967296)", b"(1,) * 64", b"(0, 5, 8, 8)",
    b"(2, 5, 8, 8, 1)", b"(1.5, 5, 8, 8)", b"(True, 5, 8, 8)", b"(" + b"1, " * 80 + b")",
)  # fmt: skip


def nifti_field(rng: Random, data: bytes) -> bytes:
    packed = data.startswith(b"\x1f\x8b")
    plain = bytearray(gzip.decompress(data) if packed else data)
    two = plain[4:8] in (b"n+2\0", b"ni2\0")
    size = 540 if two else 348
    order = "<" if struct.unpack_from("<i", plain)[0] == size else ">"
    for _ in range(rng.choice((1, 1, 2, 4))):
        at, code, count = rng.choice(_NIFTI2 if two else _NIFTI1)
        width = struct.calcsize(code)
        at += width * rng.randrange(count)
        if code in "fd":
            value = rng.choice(FLOATS)
            if code == "f" and abs(value) > 3.4e38 and value == value:
                value = float("inf")
            plain[at : at + width] = struct.pack(order + code, value)
        else:
            value = whole(rng, 8 * width).to_bytes(width, "little" if order == "<" else "big")
            plain[at : at + width] = value
    return gzip.compress(bytes(plain), mtime=0) if packed else bytes(plain)


def nifti_gzip(rng: Random, data: bytes) -> bytes:
    """Trailing members, a wrong size or checksum, or far more data than the header says."""
    plain = gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data
    choice = rng.randrange(4)
    if choice == 0:
        return gzip.compress(plain + bytes(20 << 20), mtime=0)
    if choice == 1:
        return gzip.compress(plain, mtime=0)[:-8] + rng.randbytes(8)
    if choice == 2:
        return gzip.compress(plain[:400], mtime=0) + gzip.compress(plain[400:], mtime=0)
    return gzip.compress(gzip.compress(plain, mtime=0), mtime=0)


def npy_header(rng: Random, data: bytes) -> bytes:
    length = struct.unpack_from("<H", data, 8)[0]
    header, body = data[10 : 10 + length], data[10 + length :]
    for _ in range(rng.choice((1, 1, 2))):
        choice = rng.randrange(6)
        if choice == 0:
            header = re.sub(rb"'descr': [^(]*?, 'f", b"'descr': %s, 'f" % rng.choice(_DTYPES),
                            header)  # fmt: skip
        elif choice == 1:
            header = re.sub(rb"\([0-9, ]*\)", rng.choice(_SHAPES), header)
        elif choice == 2:
            header = header.replace(b"False", rng.choice((b"True", b"1", b"None", b"[]")))
        elif choice == 3:
            header = rng.choice((b"{}", b"", b"__import__('os')", b"(" * 3000, b"{'a': 1}", header))
        elif choice == 4:
            header = header.replace(b"}", b", 'x': %s}" % repr(rng.choice(WORDS)[:99]).encode())
        else:
            body = body[: rng.randrange(len(body) + 1)]
    stated = len(header) if rng.random() < 0.8 else whole(rng, 16)
    version = rng.choice((b"\x01\0", b"\x01\0", b"\x02\0", b"\x03\0", b"\x09\0"))
    packed = struct.pack("<H" if version == b"\x01\0" else "<I", stated % 65536)
    return data[:6] + version + packed + header + body


def npz_member(rng: Random, data: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    name = rng.choice(list(members))
    choice = rng.randrange(5)
    if choice == 0:
        del members[name]
    elif choice == 1:
        members[rng.choice(("pixels.npy", "view.npy", "spacing_mm.npy"))] = members[name]
    elif choice == 2:
        members["pixels.npy"] = rng.randbytes(200)
    else:
        members[name] = npy_header(rng, members[name])
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for inner, content in members.items():
            archive.writestr(zipfile.ZipInfo(inner), content)
    return stream.getvalue()


def nrrd_field(rng: Random, data: bytes) -> bytes:
    header, _, body = data.partition(b"\n\n")
    lines = header.split(b"\n")
    for _ in range(rng.choice((1, 1, 2))):
        at = rng.randrange(len(lines))
        name = lines[at].partition(b":")[0]
        number = rng.choice((b"%d" % whole(rng, 32), *TEXTS[:20]))
        lines[at] = rng.choice(
            (b"sizes: 5 8 8 99999999", b"sizes: 5 8 8", b"sizes: -5 8 8 2", b"dimension: 9999999",
             b"data file: ../../../etc/passwd", b"data file: LIST", b"data file: x%d.raw 1 9 1",
             b"encoding: hex", b"encoding: bzip2", b"encoding: ascii", b"encoding: raw",
             b"type: block", b"type: double", b"type: " + number, b"line skip: 99999999",
             b"byte skip: -1", b"byte skip: -99999999", b"byte skip: 9999999999", b"endian: big",
             b"space directions: none (nan,0,0) (inf,0,0) (0,0,0)", b"space directions: (((",
             b"space origin: " + number, name + b": " + number, name, b"",
             name + b": " + rng.choice(WORDS)[:9999], lines[at] + b"\n" + lines[at])
        )  # fmt: skip
    return b"\n".join(lines) + b"\n\n" + body


def wrong_name(rng: Random, data: bytes) -> bytes:
    """A zip in which a file has the name of another kind."""
    name = rng.choice(("a.dcm", "b.nii.gz", "c.npz", "d.zip", "e.npy", "f.nrrd", "g.mp4", "h.tar"))
    return zipped({name: data, f"copy-{name}": data})


VOLUMES = {
    "nifti": (nifti_field, nifti_field, nifti_field, nifti_gzip, wrong_name),
    "npy": (npy_header, npy_header, wrong_name),
    "npz": (npz_member, npz_member, wrong_name),
    "nrrd": (nrrd_field, nrrd_field, wrong_name),
    "picture": (wrong_name,),
    "video": (wrong_name,),
}
