"""How a heart beats: the radius of every surface at any phase.

The base moves towards the apex, which stays; each place of the cavity surface draws in by its share
of the contraction; the wall keeps its volume, so it thickens where it shortens and where the
cavity surface moves in, and does neither where the muscle is dead. The RV free wall moves to the
septum and its base to the apex.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .anatomy import Heart
from .maps import COS, N_S, N_THETA, SIN, THETA

# The atria lie beside the axes of their ventricles, away from the aortic root.
LA_TURN, RA_TURN = np.radians(-30), np.radians(208)
RA_HEIGHT = 1.8  # of the RA in its largest radii
_COLUMN = np.arange(N_THETA, dtype=np.int32)


def volume_curve(es_time: float, failing: float, rng: np.random.Generator) -> np.ndarray:
    """`(65,)` share of the full contraction over a heartbeat from R wave to R wave.

    Isovolumic contraction, ejection to `es_time`, rapid filling, diastasis, atrial kick; a failing
    heart relaxes more slowly.
    """
    kick = rng.uniform(0.1, 0.4)
    fill = es_time + rng.uniform(0.16, 0.26) + 0.06 * failing
    atrial = rng.uniform(max(fill + 0.02, 0.78), 0.92)
    start = rng.uniform(0.02, 0.06)
    rest = es_time + rng.uniform(0.02, 0.06)
    at = np.array([0, start, es_time, rest, fill, atrial, 0.985, 1.0])
    value = np.array([0, 0.02, 1.0, 0.97, kick, kick * rng.uniform(0.75, 1.0), 0.0, 0.0])
    t = np.linspace(0, 1, 65)
    piece = np.clip(np.searchsorted(at, t, side="right") - 1, 0, len(at) - 2)
    share = (t - at[piece]) / (at[piece + 1] - at[piece])
    eased = (1 - np.cos(np.pi * share)) / 2
    blend = np.where(piece == 1, 0.5 * share + 0.5 * eased, eased)
    return (value[piece] + (value[piece + 1] - value[piece]) * blend).astype(np.float32)


def contraction(heart: Heart, phase: np.ndarray) -> np.ndarray:
    """Share of the full contraction at each phase (0 at end-diastole, 1 at end-systole)."""
    at = np.asarray(phase, np.float32) % 1.0 * 64
    low = np.minimum(at.astype(np.int32), 63)
    share = (at - low).astype(np.float32)
    return heart.curve[low] + (heart.curve[low + 1] - heart.curve[low]) * share


def lookup(table: np.ndarray, s: np.ndarray, turn: np.ndarray | None = None) -> np.ndarray:
    """Values of a `(N_S, N_THETA)` map at `s (R, N_THETA)`, linear along the axis.

    `turn (R,)` rotates the map by a number of columns (torsion).
    """
    at = np.clip(s, 0, 1) * (N_S - 1)
    low = np.minimum(at.astype(np.int32), N_S - 2)
    share = (at - low).astype(np.float32)  # float32 minus int32 would go on as float64
    column = _COLUMN if turn is None else (_COLUMN - turn[:, None].astype(np.int32)) % N_THETA
    flat = table.ravel()
    index = low * N_THETA + column
    first = flat[index]
    return first + (flat[index + N_THETA] - first) * share


@dataclass
class LeftTables:
    """LV surfaces in rows of constant (nearly) u: radii `(R, N_THETA)` about the long axis."""

    s: np.ndarray
    endo: np.ndarray
    epi: np.ndarray


def lv_surfaces(heart: Heart, u: np.ndarray, phase: np.ndarray) -> LeftTables:
    """Cavity and outer radius of the LV.

    Args:
        u: `(R, N_THETA)` mm from the end-diastolic mitral plane.
        phase: `(R,)` in heartbeats.

    Returns:
        Radii in mm; cavity 0 beyond the apex, outer 0 beyond the apex's wall. Above the mitral
        plane (s < 0) the radii go on as at the plane.
    """
    u = u.astype(np.float32, copy=False)
    c = contraction(heart, phase)[:, None]
    base = heart.length_mm * heart.shorten * c
    length = heart.length_mm - base
    s = (u - base) / length
    inside = np.clip(s, 0, 1)
    rest = heart.radius_mm * heart.profile(inside) * lookup(heart.deviation, s)
    pull = lookup(heart.squeeze, s)
    if heart.lag.any():
        local = contraction(heart, phase[:, None] + heart.lag)
    else:
        local = c
    endo = rest * np.maximum(1 - heart.contraction * pull * local, 0.12)
    # Towards the tip a plane cuts the wall at a slant.
    wall = lookup(heart.wall, s)
    wall = wall + np.minimum(0.9 * wall, 5.0) * np.clip((inside - 0.85) / 0.15, 0, 1) ** 2
    area = wall * (2 * rest + wall) * (1 + base / length * np.clip(pull, 0, 1))
    epi = np.sqrt(endo * endo + area)
    beyond = np.clip((s - 1) * length / heart.apex_wall_mm, 0, 1)
    epi = epi * np.sqrt(1 - beyond * beyond)
    flat = heart.flat_ed + (heart.flat_es - heart.flat_ed) * c
    chord = heart.flat_at * epi.mean(1, keepdims=True) / np.maximum(-COS, 0.2)
    dent = flat * np.maximum(epi - chord, 0) * (COS < -0.05) * (1 - inside**4)
    epi = epi - dent
    endo = np.maximum(endo - dent, np.minimum(0.15 * endo, endo))
    sway = c * (heart.sway_mm[0] * COS - heart.sway_mm[1] * SIN)
    epi = np.maximum(epi + sway * (epi > 4), 0)
    endo = np.where(s >= 1, 0, np.maximum(endo + sway * (endo > 4), 0))
    return LeftTables(s, endo.astype(np.float32), epi.astype(np.float32))


def atrium_radius(heart: Heart, u: np.ndarray, c: np.ndarray) -> np.ndarray:
    """LA as a dome on the mitral plane whose roof stays while the plane moves.

    It lies behind the axis, for the aortic root lies before it, and its appendage bulges towards
    the anterolateral side.
    """
    wide = heart.atrial_mm
    base = heart.length_mm * heart.shorten * c
    share = np.clip((base - u) / (2.1 * wide + base), 0, 1)
    radius = _off_axis(wide * _dome(share), LA_TURN, 0.5 * np.clip(share / 0.3, 0, 1))
    ear = np.exp((np.cos(THETA - 1.0) - 1) / 0.08) * np.exp(-(((share - 0.22) / 0.14) ** 2))
    return radius * (1 + 0.4 * ear)


def _dome(share: np.ndarray) -> np.ndarray:
    """Radius of an atrium as a share of its widest, from the valve (0.8) to the roof (0)."""
    return np.sqrt(np.clip(1 - ((2 * share - 0.75) / 1.25) ** 2, 0, 1))


def _off_axis(wide: np.ndarray, turn: float, off: np.ndarray) -> np.ndarray:
    """Radius about the axis of a circle of radius `wide` whose middle lies `off * wide` aside."""
    angle = THETA - turn
    return wide * (off * np.cos(angle) + np.sqrt(1 - (off * np.sin(angle)) ** 2))


def rv_centre(heart: Heart, u: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """`(R,)` x and y of the point that RV radii are taken about; it does not move in time."""
    s = np.clip(u / heart.length_mm, 0, 1)
    septum = (
        heart.radius_mm * heart.profile(s)
        + np.mean(heart.wall[:, 70:120], 1)[np.clip((s * (N_S - 1)).astype(int), 0, N_S - 1)]
    )
    septum = septum * np.clip(1 - 0.15 * heart.flat_ed * (heart.flat_at < 0.75), 0.5, 1)
    # The smaller the RV, the more it lies around the LV instead of beside it.
    grown = 0.5 * (heart.rv.size_mm - 36) * (1 - 0.7 * s)
    x = np.minimum(-heart.rv.offset * np.maximum(septum, 10) - grown, -5)
    return x.astype(np.float32), (heart.rv.shift_mm[0] * (1 - s) + heart.rv.shift_mm[1] * s)


def rv_surfaces(heart: Heart, u: np.ndarray, phase: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Cavity radius of the RV about `rv_centre`, and s along the RV (0 tricuspid plane, 1 apex).

    Args:
        u: `(R, N_THETA)`; phase: `(R,)`.

    Returns:
        Two `(R, N_THETA)` arrays. Above the tricuspid plane (s < 0) the radii go on as at it.
    """
    rv = heart.rv
    u = u.astype(np.float32, copy=False)
    c = contraction(heart, phase - 0.02)[:, None]
    base = rv.base_mm + heart.length_mm * rv.shorten * c
    s = (u - base) / (rv.apex_mm - base)
    inside = np.clip(s, 0, 1)
    # A ventricle that dilates grows outwards more than along the septum.
    wide = (18 + 0.5 * rv.size_mm) * (1 - inside ** rv.taper[0]) ** 0.7 * (1 - rv.squeeze * c)
    septum = heart.radius_mm + float(heart.wall[8, 70:120].mean())
    tall = rv.aspect * (0.65 * septum + 0.35 * rv.size_mm) * (1 - inside ** rv.taper[1]) ** 0.55
    tall = tall * (1 - rv.height_squeeze * rv.squeeze * c)
    # The ellipse drifts with the septum; seen from the fixed centre that is an offset.
    drift = 0.35 * rv.squeeze * wide * c
    cos, sin = np.cos(THETA - rv.turn), np.sin(THETA - rv.turn)
    wide, tall = np.maximum(wide, 0.3), np.maximum(tall, 0.3)
    a = (cos / wide) ** 2 + (sin / tall) ** 2
    b = drift * cos / wide**2
    k = (drift / wide) ** 2 - 1
    radius = (b + np.sqrt(np.maximum(b * b - a * k, 0))) / a
    uneven = lookup(rv.deviation, s) + c * lookup(rv.systolic, s)
    radius = radius * uneven * (inside < 1) * (k < 0)
    return np.maximum(radius, 0).astype(np.float32), s


def ra_radius(heart: Heart, u: np.ndarray, c: np.ndarray, rv_radius: np.ndarray) -> np.ndarray:
    """The RA about `rv_centre`: a dome like the left one's, wide as the RV where it begins.

    It lies to the right and behind, and its roof stays while the tricuspid plane moves.

    Args:
        u, rv_radius: `(R, N_THETA)` as for `rv_surfaces`; c: `(R, 1)` share of the contraction.
    """
    rv = heart.rv
    descent = heart.length_mm * rv.shorten * c
    share = np.clip((rv.base_mm + descent - u) / (RA_HEIGHT * heart.ra_mm + descent), 0, 1)
    uneven = lookup(rv.deviation, np.zeros_like(share))
    dome = _off_axis(heart.ra_mm * _dome(share), RA_TURN, 0.4) * uneven
    begun = np.clip(share / 0.25, 0, 1)
    return (dome + (rv_radius - dome) * (1 - begun) ** 2).astype(np.float32)
