"""Bytes spoiled without knowing what they mean."""

from __future__ import annotations

from random import Random


def flip(rng: Random, data: bytes, other: bytes) -> bytes:
    """Turn over single bits."""
    spoiled = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 8, 32))):
        at = rng.randrange(len(spoiled))
        spoiled[at] ^= 1 << rng.randrange(8)
    return bytes(spoiled)


def insert(rng: Random, data: bytes, other: bytes) -> bytes:
    """Push some bytes in."""
    at = rng.randrange(len(data) + 1)
    return data[:at] + rng.randbytes(rng.choice((1, 2, 3, 4, 16, 300))) + data[at:]


def delete(rng: Random, data: bytes, other: bytes) -> bytes:
    """Take some bytes out."""
    at = rng.randrange(len(data))
    return data[:at] + data[at + rng.choice((1, 2, 3, 4, 16, 300)) :]


def truncate(rng: Random, data: bytes, other: bytes) -> bytes:
    """Keep the beginning: as often a few bytes short as cut anywhere."""
    keep = rng.randrange(len(data))
    if rng.random() < 0.5:
        keep = max(0, len(data) - rng.randrange(1, 20))
    return data[:keep]


def splice(rng: Random, data: bytes, other: bytes) -> bytes:
    """The beginning of one file and the end of another."""
    return data[: rng.randrange(len(data) + 1)] + other[rng.randrange(len(other) + 1) :]


def run(rng: Random, data: bytes, other: bytes) -> bytes:
    """A stretch of zeros or ones."""
    at, length = rng.randrange(len(data)), rng.choice((1, 2, 4, 8, 64, 512))
    return data[:at] + rng.choice((b"\0", b"\xff")) * length + data[at + length :]


def repeat(rng: Random, data: bytes, other: bytes) -> bytes:
    """A stretch twice or many times."""
    at = rng.randrange(len(data))
    part = data[at : at + rng.choice((2, 8, 64, 512))]
    return data[:at] + part * rng.choice((2, 3, 50)) + data[at:]


RAW = (flip, insert, delete, truncate, splice, run, repeat)
