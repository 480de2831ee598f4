"""Pictures that were made after the facts and constants of the check were settled.

`foreign.py` was at hand while the facts were chosen, so it flatters; nothing was chosen by these.
The last three are cines whose flaw the check is said not to see.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from scipy.ndimage import affine_transform, gaussian_filter

from benchmarks.foreign import PHASES, SIDE, cine, fractal, noisy, short_axis
from cmrclip_lite.study import Sequence as Kind
from cmrclip_lite.study import Study, View

TURN, ZOOM = np.radians(8), 0.1
SHUFFLED, MIRRORED = "limit: phases shuffled", "limit: mirrored"
LONG_AXIS = "limit: a long axis taken for a short one"


def later(exams: Sequence[Study]) -> Iterator[tuple[str, Study]]:
    """Of each synthetic exam, and as many pictures that are made up."""
    rng = np.random.default_rng(6)
    beat = np.sin(2 * np.pi * np.arange(PHASES) / PHASES)
    for exam in exams:
        stack, mm = short_axis(exam)
        frame, photo = stack[len(stack) // 2, 0].astype(float), fractal(rng)
        turned = np.stack([_moved(frame, TURN * b, 1.0) for b in beat])
        yield "a frame turned to and fro", cine(noisy(turned, rng, 0.02), mm)
        for name, picture in (("a frame", frame), ("a photo-like picture", photo)):
            zoomed = np.stack([_moved(picture, 0.0, 1 + ZOOM * b) for b in beat])
            yield f"{name} zoomed in and out", cine(noisy(zoomed, rng, 0.02), mm)
        yield "a ball before a photo-like picture", cine(_ball(photo))
        yield "a vessel that pulses", cine(noisy(_vessel(rng), rng, 0.02))
        late = [s.pixels[0] for s in exam.series if s.sequence is Kind.LGE and s.view is View.SAX]
        if late:
            yield "late enhancement, slice by slice", cine(np.stack(late), mm)


def limits(exams: Sequence[Study]) -> Iterator[tuple[str, Study]]:
    """Cines that are no good and are let pass."""
    rng = np.random.default_rng(7)
    for exam in exams:
        stack, mm = short_axis(exam)
        yield SHUFFLED, cine(stack[:, rng.permutation(stack.shape[1])], mm)
        yield MIRRORED, cine(stack[..., ::-1], mm)
        for series in exam.cines(View.FOUR_CHAMBER):
            yield LONG_AXIS, cine(series.pixels, mm)


def _moved(picture: np.ndarray, turn: float, zoom: float) -> np.ndarray:
    """Turned by radians and zoomed about the middle, continued at the edges."""
    matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]) / zoom
    middle = (np.array(picture.shape) - 1) / 2
    return affine_transform(picture, matrix, middle - matrix @ middle, order=1, mode="nearest")


def _ball(ground: np.ndarray) -> np.ndarray:
    y, x = np.mgrid[:SIDE, :SIDE] - SIDE / 2
    turns = 2 * np.pi * np.arange(PHASES) / PHASES
    return np.stack(
        [np.where(np.hypot(y - 20 * np.sin(t), x - 20 * np.cos(t)) < 8, 1.0, ground) for t in turns]
    )


def _vessel(rng: np.random.Generator) -> np.ndarray:
    y, x = np.mgrid[:SIDE, :SIDE]
    ground = gaussian_filter(rng.normal(size=(SIDE, SIDE)), 3)
    ground = 0.5 * (ground - ground.min()) / np.ptp(ground)
    at = rng.uniform(0.35 * SIDE, 0.65 * SIDE, 2)
    radii = 5 + 0.7 * np.cos(2 * np.pi * np.arange(20) / 20)
    return np.stack([ground + 0.5 * (np.hypot(y - at[0], x - at[1]) < r) for r in radii])
