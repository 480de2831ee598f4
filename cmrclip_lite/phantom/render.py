"""Images of one plane of a beating heart."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..study import View
from .anatomy import Heart
from .body import Body
from .imaging import Scanner, acquire, coil_shading, dark_bands, noise_gain, smooth_field
from .labels import Points, coats, paint, tables
from .planes import Plane, plane_points
from .tissue import BLOODS, N_TISSUES

# A slice is sampled at this many depths. They differ among neighbouring pixels in squares of four,
# so that surfaces which it cuts at a slant come out blurred, as in a thick slice, and not as that
# many edges; the squares are finer than what k-space keeps.
_DEPTHS = 3
_ORDER = np.array([[0, 2], [3, 1]])
_BLOOD = np.isin(np.arange(N_TISSUES), [int(b) for b in BLOODS])


def render(
    heart: Heart,
    body: Body,
    scanner: Scanner,
    signals: np.ndarray,
    plane: Plane,
    phases: np.ndarray,
    rng: np.random.Generator,
    signed: bool = False,
) -> np.ndarray:
    """What the scanner makes of a plane.

    Args:
        signals: `(N_TISSUES,)` float32.
        phases: `(T,)` in heartbeats after the R wave.
        signed: keep the sign of the signal (phase-sensitive) instead of its magnitude.

    Returns:
        `(T, rows, matrix)` float32.
    """
    fine = scanner.matrix * 5 // 8 * 2
    extent = scanner.matrix * scanner.pixel_mm
    mm = ((np.arange(scanner.matrix) + 0.5) / scanner.matrix - 0.5) * extent
    still = np.zeros(fine * fine, np.float32)
    movers = []
    for pixels, points, near in _bundles(heart, body, scanner, plane, fine):
        part = signals[points.background].reshape(_DEPTHS, -1)
        moving = np.flatnonzero(near)
        part[:, moving] = 0
        still[pixels] = part.sum(0)
        inner = _subset(points, np.flatnonzero(np.tile(near, _DEPTHS)))
        movers.append((pixels[moving], inner, coats(heart, inner)))
    grain = 0.05 * smooth_field(rng, (fine, fine), 24) + 0.03 * smooth_field(rng, (fine, fine), 70)
    static = (1 + grain) * dark_bands(scanner, (fine, fine), rng)
    shading = coil_shading(scanner, mm, mm, rng)
    gain = noise_gain(scanner, rng)
    flow = _Flow(rng, fine)
    frames = []
    for phase in phases:
        image = still.copy()
        spared = flow.spared(phase)
        for moving, inner, coat in movers:
            label = paint(heart, inner, coat, tables(heart, inner, np.array([phase]))[0])
            label = label.reshape(_DEPTHS, -1)
            value = signals[label]
            np.multiply(value, spared[moving], out=value, where=_BLOOD[label])
            image[moving] += value.sum(0)
        image = (image / _DEPTHS).reshape(fine, fine) * static
        frames.append(acquire(image, scanner, rng, shading, gain, signed))
    stack = np.stack(frames)
    if scanner.round_field:
        stack *= mm[:, None] ** 2 + mm[None] ** 2 < (0.5 * extent) ** 2
    margin = (scanner.matrix - scanner.rows) // 2
    return stack[:, margin : margin + scanner.rows]


def _bundles(heart: Heart, body: Body, scanner: Scanner, plane: Plane, fine: int):
    """Pixels of the fine grid, their points at each depth, and whether the heart comes there."""
    at = ((np.arange(fine) + 0.5) / fine - 0.5) * scanner.matrix * scanner.pixel_mm
    i, j = (g.ravel() for g in np.meshgrid(at, at))
    order = np.tile(_ORDER, (fine // 2, fine // 2)).ravel()
    depths = np.arange(_DEPTHS)[:, None] + (np.arange(4) + 0.5) / 4
    depths = (depths / _DEPTHS - 0.5) * scanner.thickness_mm * 1.1
    if plane.view is not View.SAX:
        points = plane_points(heart, body, plane, i, j, depths[:, order])
        yield np.arange(fine * fine), *points
        return
    for k in range(4):  # short-axis points come in planes
        pixels = np.flatnonzero(order == k)
        points = plane_points(heart, body, plane, i[pixels], j[pixels], depths[:, k, None])
        yield pixels, *points


class _Flow:
    """Blood that moves fast loses signal here and there: most in ejection and filling."""

    def __init__(self, rng: np.random.Generator, fine: int) -> None:
        self.fields = [smooth_field(rng, (fine, fine), k).ravel() for k in (12, 20, 12, 30)]
        self.strength = rng.uniform(0.02, 0.1)

    def spared(self, phase: float) -> np.ndarray:
        """`(fine * fine,)` share of the signal that is left."""
        total = sum(
            np.cos(2 * np.pi * (phase * (i // 2 + 1) + 0.25 * (i % 2))) * swirl
            for i, swirl in enumerate(self.fields)
        )
        return 1 - self.strength * np.abs(total)


def _subset(points: Points, keep: np.ndarray) -> Points:
    names = ("left", "r", "right", "rr", "x", "y", "row", "background")
    return replace(points, **{name: getattr(points, name)[keep] for name in names})
