"""The surfaces of the heart at one phase, as radii by row and angle, ready for look-up.

Every surface of the heart is a radius about the LV axis or about the middle of the RV, tabulated
over angle for rows of equal distance along the axis. A point looks up its row and angle once; each
phase then costs a few table reads per point, on short-axis planes and in any other plane alike.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .anatomy import Heart
from .maps import COS, N_THETA
from .motion import (
    atrium_radius,
    contraction,
    lookup,
    lv_surfaces,
    ra_radius,
    rv_surfaces,
)
from .points import Points

_ABSENT = np.float32(-60.0)


@dataclass
class Tables:
    """Radii by row and angle at one phase; flat, ready for look-up."""

    c: float
    base: float
    epi: np.ndarray
    endo: np.ndarray
    trabecula_in: np.ndarray
    trabecula_out: np.ndarray
    atrium: np.ndarray
    rv_out: np.ndarray
    rv_in: np.ndarray
    rv_trabecula: np.ndarray
    rv_atrium: np.ndarray
    papillaries: list[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]]
    scar: tuple[np.ndarray, np.ndarray] | None


def tables(heart: Heart, points: Points, phase: np.ndarray) -> list[Tables]:
    """Surfaces at each phase `(P,)` for the rows of the points."""
    rows, count = len(points.u_left), len(phase)
    u = np.tile(points.u_left, (count, 1))
    at = np.repeat(np.asarray(phase, np.float32), rows)
    c = contraction(heart, at)[:, None]
    left = lv_surfaces(heart, u, at)
    above = left.s < 0
    atrium = atrium_radius(heart, u, c)
    turn = (heart.torsion[0] + (heart.torsion[1] - heart.torsion[0]) * left.s.mean(1)) * c[:, 0]
    turn = turn * (N_THETA / (2 * np.pi))
    depth = lookup(heart.trabeculae, left.s, turn) * (1 + 0.6 * c)
    depth = np.minimum(depth, 0.4 * left.endo)
    gap = lookup(heart.trabecula_gap, left.s, turn) * depth * (1 - 0.7 * c)
    septal = 2.0 + (heart.atrial_wall_mm - 2.0) * np.clip(-1.6 * COS, 0, 1)
    epi = np.where(above, np.where(atrium > 1, atrium + septal, 0), left.epi)
    endo = np.where(above, atrium, left.endo)
    ur = np.tile(points.u_right, (count, 1))
    cavity, rv_s = rv_surfaces(heart, ur, at)
    cavity = np.where(rv_s < 0, ra_radius(heart, ur, c, cavity), cavity)
    rv = heart.rv
    wall = np.where(rv_s < 0, 2.0, rv.wall_mm * (1 + 0.35 * c))
    rv_depth = np.minimum(lookup(rv.trabeculae, rv_s) * (1 + 0.5 * c), 0.45 * cavity)
    rv_depth = np.where(rv_s < 0, 0, rv_depth)
    absent = cavity < 1.0
    heads = _papillary_rows(heart, left.s, endo, c[:, 0])
    scar = [] if heart.scar is None else [lookup(m, left.s, turn) for m in heart.scar]
    result = []
    for i in range(count):
        part = slice(i * rows, (i + 1) * rows)

        def flat(a: np.ndarray, part: slice = part) -> np.ndarray:
            return np.ascontiguousarray(a[part], np.float32).ravel()

        result.append(
            Tables(
                c=float(c[i * rows, 0]),
                base=heart.length_mm * heart.shorten * float(c[i * rows, 0]),
                epi=flat(np.where(epi < 1, _ABSENT, epi)),
                endo=flat(endo),
                trabecula_in=flat(np.where(above, 1e3, endo - depth)),
                trabecula_out=flat(endo - gap),
                atrium=above[part].ravel(),
                rv_out=flat(np.where(absent, _ABSENT, cavity + wall)),
                rv_in=flat(np.where(absent, _ABSENT, cavity)),
                rv_trabecula=flat(cavity - rv_depth),
                rv_atrium=(rv_s[part] < 0).ravel(),
                papillaries=[tuple(a[part] for a in head) for head in heads],
                scar=tuple(flat(m) for m in scar) or None,
            )
        )
    return result


def _papillary_rows(heart: Heart, s: np.ndarray, endo: np.ndarray, c: np.ndarray) -> list:
    """Per head: centre x, y, radius and stretch in every row."""
    heads = []
    middle = s.mean(1)
    for head in heart.papillaries:
        column = int(head.theta * N_THETA / (2 * np.pi)) % N_THETA
        share = np.clip((middle - head.start) / (head.end - head.start), 0, 1)
        there = (middle > head.start) & (middle < head.end)
        # thin cords towards the valve, a belly, then into the wall
        radius = head.radius_mm * np.where(there, np.sin(np.pi * (0.18 + 0.72 * share)), 0)
        radius = radius * (1 + 0.25 * c)
        wall = np.take_along_axis(endo, np.full((len(s), 1), column), 1)[:, 0]
        radius = np.minimum(radius, 0.42 * wall)
        away = wall - radius * (0.6 + head.stand_off * (1 - share**2))
        away = np.maximum(away, 0.2 * wall)
        angle = head.theta
        heads.append(
            (
                (away * np.cos(angle)).astype(np.float32),
                (-away * np.sin(angle)).astype(np.float32),
                (radius * radius).astype(np.float32),
                np.full(len(s), head.stretch, np.float32),
            )
        )
    return heads
