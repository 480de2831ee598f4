"""Points to label: where each lies in the tables of radii, and what is there without a heart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .anatomy import Heart
from .body import Body, body_labels
from .maps import COS, N_THETA, SIN
from .motion import rv_centre

_ROW_MM = 0.75


@dataclass
class Points:
    """Points to label: their table cells and distances, and what lies there without a heart."""

    u_left: np.ndarray
    u_right: np.ndarray
    centre: tuple[np.ndarray, np.ndarray]
    left: np.ndarray
    r: np.ndarray
    right: np.ndarray
    rr: np.ndarray
    x: np.ndarray
    y: np.ndarray
    row: np.ndarray
    background: np.ndarray


def short_axis_points(
    heart: Heart,
    body: Body,
    x: np.ndarray,
    y: np.ndarray,
    u: np.ndarray,
    tilt: tuple[float, float] = (0.0, 0.0),
) -> Points:
    """Points on planes across the long axis, one table row per plane.

    Args:
        x, y: `(K, N)` mm in heart coordinates.
        u: `(K,)` mm along the axis, where it crosses each plane.
        tilt: slope of the planes against the axis in x and y, small.
    """
    u = np.asarray(u, np.float32)
    cx, cy = rv_centre(heart, u)
    reach = 0.85 * heart.radius_mm
    u_left = u[:, None] + reach * (tilt[0] * COS - tilt[1] * SIN)
    u_right = u[:, None] + tilt[0] * (cx[:, None] + 28 * COS) + tilt[1] * (cy[:, None] - 28 * SIN)
    row = np.broadcast_to(np.arange(len(u))[:, None], x.shape)
    full_u = u[:, None] + tilt[0] * x + tilt[1] * y
    return _points(heart, body, x, y, full_u, row, u_left, u_right, (cx, cy))


def any_points(heart: Heart, body: Body, x: np.ndarray, y: np.ndarray, u: np.ndarray) -> Points:
    """Points anywhere, `(N,)` each, in heart coordinates."""
    low = float(np.clip(u.min(), -110, 0)) - _ROW_MM
    high = float(np.clip(u.max(), 0, heart.length_mm + 40)) + _ROW_MM
    levels = np.arange(low, high, _ROW_MM, dtype=np.float32)
    row = np.clip(np.rint((u - low) / _ROW_MM).astype(np.int64), 0, len(levels) - 1)
    table = np.broadcast_to(levels[:, None], (len(levels), N_THETA))
    return _points(heart, body, x, y, u, row, table, table, rv_centre(heart, levels))


def _points(heart, body, x, y, u, row, u_left, u_right, centre) -> Points:
    flat = [np.ascontiguousarray(a, np.float32).ravel() for a in np.broadcast_arrays(x, y, u)]
    row = row.ravel().astype(np.intp)
    fx, fy, fu = flat
    per = np.float32(N_THETA / (2 * np.pi))
    left = (np.arctan2(-fy, fx) * per).astype(np.intp) % N_THETA + row * N_THETA
    dx, dy = fx - centre[0][row], fy - centre[1][row]
    right = (np.arctan2(-dy, dx) * per).astype(np.intp) % N_THETA + row * N_THETA
    background = body_labels(body, body.to_patient(fx, fy, fu))
    return Points(
        u_left,
        u_right,
        centre,
        left,
        np.sqrt(fx * fx + fy * fy),
        right,
        np.sqrt(dx * dx + dy * dy),
        fx,
        fy,
        row,
        background,
    )
