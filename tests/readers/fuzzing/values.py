"""Values that parsers trip over."""

from __future__ import annotations

from random import Random

# What a text of a number may hold; the last ones are no ASCII digits but int() takes them.
TEXTS = (
    b"", b"0", b"-1", b"nan", b"inf", b"-inf", b"1e308", b"-1e308", b"1e-320", b"1e400", b"abc",
    b"--1", b"0x10", b"1_000", b"1,5", b"2147483648", b"4294967296", b"-32769", b"1\\", b"\\",
    b"1\\2\\3\\4\\5\\6\\7\\8\\9", b"9" * 400, b"9" * 5000, b"\0\0\0\0", b"0.0000001", b" ",
    "\uff11\uff12".encode(), "\u0661".encode(), b"\xff\xfe\xfd",
)  # fmt: skip

WHOLE = (
    0, 1, 2, 3, 7, 8, 12, 15, 16, 17, 24, 31, 32, 33, 64, 127, 128, 255, 256, 4096, 8191, 8192,
    8193, 32767, 32768, 65534, 65535, 65536, 2**31 - 1, 2**31, 2**32 - 1, 2**63, 2**64 - 1,
)  # fmt: skip

FLOATS = (
    float("nan"), float("inf"), float("-inf"), 0.0, -0.0, -1.0, 5e-324, 1e-30, 1e30, 1.7e308,
    -1.7e308, 3.4e38, 1e300, 0.5, 1e9,
)  # fmt: skip

# Text that could do harm where it is shown, logged or used as a path.
WORDS = (
    b"\x1b[2J\x1b]0;x\x07", b"\r\n\r\n", b"../../../etc/passwd", b"%s%n%d{0}{name}", b"\xc3\x28",
    b"\x1b$B\x25\x44", b"A" * 70_000, b"\0" * 9, b"<script>", b"cine \xe2\x80\xae sax", b"'\"",
)  # fmt: skip


def whole(rng: Random, bits: int) -> int:
    """A doubtful unsigned integer of so many bits."""
    value = rng.choice(WHOLE) if rng.random() < 0.8 else rng.getrandbits(bits)
    return value % (1 << bits)
