"""Labels for training: three short-axis levels of one random heart, without making an exam."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .anatomy import Heart, draw_heart
from .body import draw_body
from .cohort import draw_truth
from .labels import coats, paint, short_axis_points, tables
from .motion import rv_centre
from .truth import Truth

SIZE = 96
SPACING_MM = 2.0
PHASES = 8


@dataclass(frozen=True)
class TrainingLabels:
    """One synthetic heart on the grid of the "heart" layout.

    Attributes:
        labels: `(P, 3, 96, 96)` uint8 tissues on a 2 mm grid around the heart; the levels are
            base, middle, apex.
        phases: `(P,)` in heartbeats after end-diastole, evenly spread from a random start.
        ed, es: which of the phases are end-diastole and end-systole, exactly.
        truth: what is true of it.
    """

    labels: np.ndarray
    phases: np.ndarray
    ed: int
    es: int
    truth: Truth


def training_labels(seed: int, diagnosis: str | None = None) -> TrainingLabels:
    """A random heart in three short-axis levels at 8 phases, as real stacks would show it.

    The levels stay fixed in space while the heart moves through them. Their heights, the tilt of
    the planes, the turn of the image, mirroring (as in some data sets) and shifts between the
    levels (breath-holds) are random.

    Args:
        seed: the same seed gives the same labels.
        diagnosis: as in `cohort.draw_truth`.
    """
    rng = np.random.default_rng([seed, 7])
    truth = draw_truth(rng, diagnosis)
    heart = draw_heart(truth, rng)
    body = draw_body(heart, rng)
    phases, ed, es = _phases(heart, rng)
    u = heart.length_mm * (np.array([0.28, 0.5, 0.73]) + rng.uniform(-0.11, 0.11, 3))
    x, y = _grid(heart, rng)
    slip = 1.8 if rng.random() < 0.8 else 4.5
    x = x + rng.normal(0, slip, (3, 1))
    y = y + rng.normal(0, slip, (3, 1))
    tilt = tuple(np.clip(rng.normal(0, 0.06, 2), -0.15, 0.15))
    points = short_axis_points(heart, body, x, y, u, tilt)
    coat = coats(heart, points)
    stack = np.stack([paint(heart, points, coat, t) for t in tables(heart, points, phases)])
    labels = stack.reshape(PHASES, 3, SIZE, SIZE)
    return TrainingLabels(labels, phases, ed, es, truth)


def _phases(heart: Heart, rng: np.random.Generator) -> tuple[np.ndarray, int, int]:
    phases = (rng.random() + np.arange(PHASES) / PHASES) % 1.0
    ed = int(np.argmin(np.minimum(phases, 1 - phases)))
    away = np.abs(phases - heart.es_time)
    away[ed] = 1.0
    es = int(np.argmin(away))
    phases[ed], phases[es] = 0.0, heart.es_time
    return phases.astype(np.float32), ed, es


def _grid(heart: Heart, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """`(1, N)` heart coordinates of the pixels: turned, sometimes mirrored, around the heart."""
    steps = (np.arange(SIZE, dtype=np.float32) - (SIZE - 1) / 2) * SPACING_MM
    gx, gy = (g.ravel()[None] for g in np.meshgrid(steps, steps))
    if rng.random() < 0.2:
        kind = rng.integers(4)
        gx, gy = ((-gx, gy), (gx, -gy), (gy, gx), (-gy, -gx))[kind]
    turn = np.radians(rng.uniform(-40, 40) if rng.random() < 0.9 else rng.uniform(-180, 180))
    cos, sin = np.float32(np.cos(turn)), np.float32(np.sin(turn))
    rv_x = rv_centre(heart, np.array([0.45 * heart.length_mm]))[0][0]
    middle = 0.5 * rv_x + rng.normal(0, 4), rng.normal(0, 4)
    return middle[0] + cos * gx - sin * gy, middle[1] + sin * gx + cos * gy
