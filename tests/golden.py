"""Deterministic weights and inputs of the golden files, by the recipe they were made with.

Every key of a state dict has its own stream of random numbers, so that the weights need not be
stored: they are drawn here again, exactly.
"""

from __future__ import annotations

import zlib

import numpy as np
import torch
from numpy.random import PCG64, Generator

SEED = 7
SMALL = ("cls_token", "pos_embed", "temporal_embed", "bias")


def fill(state: dict[str, torch.Tensor], scale: float) -> dict[str, torch.Tensor]:
    """The golden weights for the keys and shapes of `state`; `scale` is the fixture's s."""
    return {key: _draw(key, value.shape, scale) for key, value in state.items()}


def _draw(key: str, shape: torch.Size, scale: float) -> torch.Tensor:
    rng = Generator(PCG64(zlib.crc32(key.encode()) + SEED))
    n = rng.standard_normal(tuple(shape)).astype(np.float32)
    if key.endswith(SMALL):
        n = np.float32(0.02) * n
    elif n.ndim >= 2:
        n = np.float32(scale) * n
    else:
        n = np.float32(1) + np.float32(0.02) * n
    return torch.from_numpy(n)


def video(batch: int, frames: int, size: int) -> torch.Tensor:
    """`(batch, frames, 3, size, size)`."""
    rng = Generator(PCG64(SEED + 1))
    return torch.from_numpy(rng.standard_normal((batch, frames, 3, size, size)).astype(np.float32))


def tokens(low: int, high: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Ids and mask, each (2, 24); the last 8 of the second row are padding."""
    ids = Generator(PCG64(SEED + 2)).integers(low, high, size=(2, 24))
    mask = np.ones((2, 24), dtype=np.int64)
    mask[1, -8:] = 0
    return torch.from_numpy(ids), torch.from_numpy(mask)


def frames(index: int, height: int, width: int) -> np.ndarray:
    """8-bit RGB frames (2, height, width, 3)."""
    rng = Generator(PCG64(SEED + 3 + index))
    return rng.integers(0, 256, size=(2, height, width, 3), dtype=np.uint8)
