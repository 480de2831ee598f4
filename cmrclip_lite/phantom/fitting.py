"""The parameters of a heart fitted to the volumes that its truth says."""

from __future__ import annotations

from functools import partial

import numpy as np

from .anatomy import Heart
from .maps import COS, N_THETA, SIN
from .motion import (
    RA_HEIGHT,
    atrium_radius,
    contraction,
    lv_surfaces,
    ra_radius,
    rv_centre,
    rv_surfaces,
)
from .vessels import WALL_MM

_FIT_S = ((np.arange(24) + 0.5) / 24).astype(np.float32)


def lv_volume_ml(heart: Heart, phase: float) -> float:
    """Volume of the LV cavity, papillary muscles and trabeculae included."""
    base = heart.length_mm * heart.shorten * float(contraction(heart, np.float32(phase)))
    length = heart.length_mm - base
    u = np.broadcast_to((base + _FIT_S * length)[:, None], (24, N_THETA))
    endo = lv_surfaces(heart, u, np.full(24, phase)).endo
    return float((endo**2).sum() * (np.pi / N_THETA) * (length / 24) / 1000)


def _rv_levels(heart: Heart, phase: float) -> tuple[np.ndarray, np.ndarray, float]:
    """Levels of the RV for its volume, the LV's outer radius there, and their distance."""
    c = float(contraction(heart, np.float32(phase - 0.02)))
    base = heart.rv.base_mm + heart.length_mm * heart.rv.shorten * c
    step = (heart.rv.apex_mm - base) / 12
    u = np.broadcast_to((base + (np.arange(12) + 0.5) * step)[:, None], (12, N_THETA))
    left = lv_surfaces(heart, u, np.full(12, phase))
    # Above the mitral plane it is the left atrium that takes room.
    above = atrium_radius(heart, u, np.float32(c)) + 2
    return u, np.where(left.s < 0, above, left.epi), step


def _rv_volume(heart: Heart, phase: float, u: np.ndarray, left: np.ndarray, step: float) -> float:
    radius = rv_surfaces(heart, u, np.full(12, phase))[0]
    c = float(contraction(heart, np.float32(phase - 0.02)))
    return _volume_beside(heart, radius, u, left, step, c)


def _volume_beside(
    heart: Heart, radius: np.ndarray, u: np.ndarray, left: np.ndarray, step: float, c: float
) -> float:
    """Volume, ml, within a radius about `rv_centre` and outside the left side and the vessels.

    Args:
        radius, u, left: `(R, N_THETA)` mm: the radius, the level, and the outer radius of the left
            side about the long axis.
        step: mm from row to row.
        c: share of the contraction.
    """
    rays, shares = slice(2, None, 4), (np.arange(10, dtype=np.float32) + 0.5) / 10
    radius = radius[:, rays]
    cx, cy = rv_centre(heart, u[:, 0])
    reach = radius[:, :, None] * shares
    x = cx[:, None, None] + reach * COS[rays, None]
    y = cy[:, None, None] - reach * SIN[rays, None]
    angle = (np.arctan2(-y, x) * (N_THETA / (2 * np.pi))).astype(np.int32) % N_THETA
    limit = np.take_along_axis(left, angle.reshape(len(u), -1), 1).reshape(x.shape)
    free = x * x + y * y > limit * limit
    if heart.vessels:
        at = np.stack([x, y, np.broadcast_to(u[:, :1, None], x.shape)], -1)
        for vessel in heart.vessels:
            free[free] = vessel.depth(at[free], heart.length_mm * heart.shorten * c) < -WALL_MM
    cell = radius[:, :, None] ** 2 * shares / 10 * (2 * np.pi / radius.shape[1])
    return float((cell * free).sum() * step / 1000)


def ra_volume_ml(heart: Heart) -> float:
    """Volume of the right atrium at its largest, at end-systole, beside the left and the aorta."""
    phase, c = np.full(16, heart.es_time + 0.02), np.ones((16, 1), np.float32)
    descent = heart.length_mm * heart.rv.shorten
    height = RA_HEIGHT * heart.ra_mm + descent
    u = heart.rv.base_mm + descent - (np.arange(16) + 0.5) / 16 * height
    rows = np.broadcast_to(u[:, None], (16, N_THETA))
    radius = ra_radius(heart, rows, c, rv_surfaces(heart, rows, phase)[0])
    left = lv_surfaces(heart, rows, phase)
    atrium = atrium_radius(heart, rows, c) + heart.atrial_wall_mm
    left = np.where(left.s < 0, atrium, left.epi)
    return _volume_beside(heart, radius, rows, left, height / 16, 1.0)


def fit_left_ventricle(heart: Heart) -> None:
    """Set size and contraction so that the volumes are those of the truth."""
    truth = heart.truth
    for _ in range(4):
        heart.radius_mm *= float(np.sqrt(truth.lvedv_ml / lv_volume_ml(heart, 0.0)))
    es = heart.es_time
    _solve(heart, "contraction", lambda: lv_volume_ml(heart, es), truth.lvesv_ml, -0.1, 0.6)


def fit_right_ventricle(heart: Heart) -> None:
    """The same for the RV, once the left side and the aorta beside it are there."""
    truth, rv, es = heart.truth, heart.rv, heart.es_time
    for name, phase, target, low, high in (
        ("size_mm", 0.0, truth.rvedv_ml, 4.0, 100.0),
        ("squeeze", es + 0.02, truth.rvesv_ml, -0.1, 0.7),
    ):
        rest = _rv_levels(heart, phase)
        volume = partial(_rv_volume, heart, phase, *rest)
        _solve(rv, name, volume, target, low, high)


def fit_right_atrium(heart: Heart) -> None:
    """Set the size of the right atrium, once the vessels beside it are there."""
    target = heart.truth.ravi * heart.truth.bsa_m2
    _solve(heart, "ra_mm", lambda: ra_volume_ml(heart), target, 12.0, 70.0)


def _solve(owner, name: str, volume, target: float, low: float, high: float) -> None:
    """Bisect-and-secant (regula falsi, Illinois) for the parameter that gives the volume."""
    values = []
    for end in (low, high):
        setattr(owner, name, end)
        values.append(volume() - target)
    f_low, f_high = values
    if f_low * f_high > 0:  # out of reach: keep the nearer end
        setattr(owner, name, low if abs(f_low) < abs(f_high) else high)
        return
    side = 0
    for _ in range(12):
        middle = (low * f_high - high * f_low) / (f_high - f_low)
        setattr(owner, name, float(middle))
        f_middle = volume() - target
        if abs(f_middle) < 0.005 * target:
            return
        if f_middle * f_low < 0:
            high, f_high = middle, f_middle
            f_low = f_low / 2 if side == -1 else f_low
            side = -1
        else:
            low, f_low = middle, f_middle
            f_high = f_high / 2 if side == 1 else f_high
            side = 1
