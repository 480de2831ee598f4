"""Labels for training: the planes of the "heart" layout of one random heart, without an exam."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .anatomy import Heart, draw_heart
from .body import Body, draw_body
from .cohort import draw_truth
from .labels import Points, any_points, coats, paint, short_axis_points, tables
from .motion import rv_centre
from .truth import Truth

SIZE = 96
SPACING_MM = 2.0
# Frames of a case: four phases of the beat, the late phase in which enhancement is imaged, and
# the long axes at end-diastole and at end-systole.
ED, MID_SYSTOLE, ES, MID_DIASTOLE, LATE, LONG_ED, LONG_ES = range(FRAMES := 7)
# How far from the base the middle of the long axes lies: the atria are to be seen as well.
LONG_AXIS_MIDDLE = 0.22
# Where these long axes cut the ventricle, in degrees from the lateral wall, which is to the right,
# towards the anterior one; the aortic root is to the right of three chambers (see `upright`).
_FOUR_CUT, _TWO_CUT = 24.0, 90.0
_LIES = (0.0, 90.0, 90.0)  # how images of the three usually lie as they are stored (see `planes`)
# How often a long axis is upright: the layout turns the apex up where the geometry is known.
_UPRIGHT = 0.85


@dataclass(frozen=True)
class TrainingLabels:
    """One synthetic heart on the grid of the "heart" layout.

    Attributes:
        labels: `(7, 3, 96, 96)` uint8 tissues on a 2 mm grid around the heart, unless asked
            otherwise. The first five frames are short-axis levels (base, middle, apex) at
            end-diastole, halfway to end-systole, end-systole, halfway back, and late in diastole;
            the last two hold the four-, two- and three-chamber planes at end-diastole and at
            end-systole.
        truth: what is true of it.
    """

    labels: np.ndarray
    truth: Truth


def training_labels(
    seed: int,
    diagnosis: str | None = None,
    *,
    size: int = SIZE,
    spacing_mm: float = SPACING_MM,
    long_axes: bool = True,
) -> TrainingLabels:
    """A random heart in the planes of the layout, as real exams would show it.

    The planes stay fixed in space while the heart moves through them. Their heights, tilts, the
    turn of the image, mirroring (as in some data sets), shifts between planes (breath-holds) and
    how exactly the phases are met are random.

    Args:
        seed: the same seed gives the same labels.
        diagnosis: as in `cohort.draw_truth`.
        size: rows and columns of a plane.
        spacing_mm: from one to the next.
        long_axes: False leaves them out, and with them most of the time.
    """
    rng = np.random.default_rng([seed, 7])
    truth = draw_truth(rng, diagnosis)
    heart = draw_heart(truth, rng)
    body = draw_body(heart, rng)
    steps = (np.arange(size, dtype=np.float32) - (size - 1) / 2) * spacing_mm
    frames = _short_axes(heart, body, steps, rng)
    if long_axes:
        cuts = _FOUR_CUT, _TWO_CUT, heart.outflow_degrees
        planes = zip(cuts, _LIES, strict=True)
        long = [_long_axis(heart, body, cut, lie, steps, rng) for cut, lie in planes]
        frames = np.concatenate([frames, np.stack(long, axis=1)])
    return TrainingLabels(frames, truth)


def _short_axes(
    heart: Heart, body: Body, steps: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    u = heart.length_mm * (np.array([0.28, 0.5, 0.73]) + rng.uniform(-0.11, 0.11, 3))
    gx, gy = _grid(steps, rng)
    turn = np.radians(rng.uniform(-40, 40) if rng.random() < 0.9 else rng.uniform(-180, 180))
    gx, gy = _turned(gx, gy, turn)
    middle = _middle(heart) + rng.normal(0, 4, 2)
    slip = 1.8 if rng.random() < 0.8 else 4.5
    x = middle[0] + gx + rng.normal(0, slip, (3, 1))
    y = middle[1] + gy + rng.normal(0, slip, (3, 1))
    tilt = tuple(np.clip(rng.normal(0, 0.06, 2), -0.15, 0.15))
    points = short_axis_points(heart, body, x, y, u, tilt)
    return _painted(heart, points, _phases(heart, rng)).reshape(5, 3, len(steps), len(steps))


def _phases(heart: Heart, rng: np.random.Generator) -> np.ndarray:
    """`(5,)` in heartbeats; a scanner's frames rarely fall on the extremes themselves."""
    loose = 0.0 if rng.random() < 0.4 else 1.0
    ed = loose * rng.normal(0, 0.02)
    es = heart.es_time + loose * rng.normal(0, 0.025)
    between = (ed + es) / 2, (es + 1 + ed) / 2
    between = between + rng.normal(0, 0.025, 2)
    late = rng.uniform(0.66, 0.86)
    return (np.array([ed, between[0], es, between[1], late]) % 1.0).astype(np.float32)


def _long_axis(
    heart: Heart,
    body: Body,
    cut: float,
    lie: float,
    steps: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """`(2, N, N)` labels of one long-axis plane at end-diastole and end-systole.

    Its middle lies beside that of the short-axis stack. `cut` and `lie` are in degrees: where it
    usually cuts the ventricle, and how its image usually lies where it could not be set upright.
    """
    angle = np.radians(cut + rng.normal(0, 5.5))
    side = np.array([np.cos(angle), -np.sin(angle), rng.normal(0, 0.05)])
    up = np.array([rng.normal(0, 0.05), rng.normal(0, 0.05), -1.0])
    if rng.random() < _UPRIGHT:
        gx, gy = _plain_grid(steps)
        turn = rng.normal(0, 5)
    else:
        gx, gy = _grid(steps, rng)
        turn = lie + rng.normal(0, 28)
    gx, gy = _turned(gx, gy, np.radians(turn))
    middle = np.array([*_middle(heart), LONG_AXIS_MIDDLE * heart.length_mm])
    off = np.array([*(middle[:2] @ side[:2] * side[:2]), middle[2]])
    off = off + rng.normal(0, 3, 3)
    p = off + gx.ravel()[:, None] * side + gy.ravel()[:, None] * up
    x, y, u = p.T.astype(np.float32)
    phases = (np.array([0, heart.es_time]) + rng.normal(0, 0.015, 2)).astype(np.float32) % 1
    return _painted(heart, any_points(heart, body, x, y, u), phases).reshape(
        2, len(steps), len(steps)
    )


def _painted(heart: Heart, points: Points, phases: np.ndarray) -> np.ndarray:
    coat = coats(heart, points)
    return np.stack([paint(heart, points, coat, t) for t in tables(heart, points, phases)])


def _middle(heart: Heart) -> np.ndarray:
    """Between the ventricles in the short axis: where the search from motion ends up."""
    return np.array([0.5 * rv_centre(heart, np.array([0.45 * heart.length_mm]))[0][0], 0.0])


def _plain_grid(steps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """`(1, N x N)` mm from the middle of the image, across and down."""
    gx, gy = (g.ravel()[None] for g in np.meshgrid(steps, steps))
    return gx, gy


def _grid(steps: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """The same, sometimes mirrored."""
    gx, gy = _plain_grid(steps)
    if rng.random() < 0.15:
        kind = rng.integers(4)
        gx, gy = ((-gx, gy), (gx, -gy), (gy, gx), (-gy, -gx))[kind]
    return gx, gy


def _turned(gx: np.ndarray, gy: np.ndarray, turn: float) -> tuple[np.ndarray, np.ndarray]:
    cos, sin = np.float32(np.cos(turn)), np.float32(np.sin(turn))
    return cos * gx - sin * gy, sin * gx + cos * gy
