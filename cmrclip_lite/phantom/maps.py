"""Maps over the surface of a ventricle: the grid, AHA segments on it, random fields.

Everything that varies around the long axis is a table over `(s, theta)`, s being the share of the
way from base to apex: a radius, a wall thickness, how much a place contracts. Angles as in
`anatomy`.
"""

from __future__ import annotations

import numpy as np

N_THETA = 192
N_S = 25
THETA = ((np.arange(N_THETA) + 0.5) * (2 * np.pi / N_THETA)).astype(np.float32)
COS, SIN = np.cos(THETA), np.sin(THETA)
S_GRID = np.linspace(0, 1, N_S, dtype=np.float32)

_SIX = np.radians([90, 150, 210, 270, 330, 30])  # centres of segments 1-6 and 7-12
_FOUR = np.radians([90, 180, 270, 0])  # 13-16


def _ring_weights(centres: np.ndarray) -> np.ndarray:
    """`(N_THETA, n)` weights that pass through the value at each centre, eased between them."""
    step = 2 * np.pi / len(centres)
    away = np.abs((THETA[:, None] - centres + np.pi) % (2 * np.pi) - np.pi) / step
    return np.where(away < 1, 0.5 + 0.5 * np.cos(np.pi * np.minimum(away, 1)), 0)


_W6, _W4 = _ring_weights(_SIX), _ring_weights(_FOUR)
_LEVELS = np.stack([np.interp(S_GRID, [1 / 6, 0.5, 5 / 6], np.eye(3)[i]) for i in range(3)], 1)


def segment_map(values: np.ndarray) -> np.ndarray:
    """`(N_S, N_THETA)` map that takes the given values at the centres of AHA segments 1 to 16."""
    values = np.asarray(values, float)
    rings = np.stack([_W6 @ values[:6], _W6 @ values[6:12], _W4 @ values[12:]])
    return (_LEVELS @ rings).astype(np.float32)


def _smooth_basis(modes: int, levels: int) -> np.ndarray:
    rows = []
    for m in range(1, modes + 1):
        for n in range(levels):
            along = np.cos(n * np.pi * S_GRID)[:, None] / ((1 + m) ** 1.4 * (1 + 0.7 * n))
            rows += [along * np.cos(m * THETA), along * np.sin(m * THETA)]
    return np.stack(rows).reshape(len(rows), -1).astype(np.float32)


_SMOOTH = _smooth_basis(6, 4)
_SMOOTH_SD = float(np.sqrt((_SMOOTH**2).sum(0).mean()))


def smooth_map(rng: np.random.Generator, sd: float, modes: int = 6) -> np.ndarray:
    """`(N_S, N_THETA)` smooth random map around 0 of the lowest Fourier modes (at most 6)."""
    basis = _SMOOTH[: modes * 8]
    weights = rng.normal(0, sd / _SMOOTH_SD, len(basis)).astype(np.float32)
    return (weights @ basis).reshape(N_S, N_THETA)


def rough_map(rng: np.random.Generator, width: int) -> np.ndarray:
    """`(N_S, N_THETA)` random map of unit deviation that varies over `width` angles."""
    wide = rng.normal(size=(N_S, N_THETA)).astype(np.float32)
    kernel = np.hanning(width + 2)[1:-1]
    spectrum = np.fft.rfft(wide, axis=1) * np.abs(np.fft.rfft(kernel, N_THETA))
    wide = np.fft.irfft(spectrum, N_THETA, axis=1)
    wide[1:-1] = 0.5 * wide[1:-1] + 0.25 * (wide[2:] + wide[:-2])
    return ((wide - wide.mean()) / wide.std()).astype(np.float32)
