"""Tissue labels of the beating phantom on any set of points.

Every surface of the heart is a radius about the LV axis or about the middle of the RV, tabulated
over angle for rows of equal distance along the axis. A point looks up its row and angle once; each
phase then costs a few table reads per point, on short-axis planes and in any other plane alike.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .anatomy import COS, N_THETA, SIN, Heart
from .body import Body, body_labels
from .motion import (
    atrium_radius,
    contraction,
    lookup,
    lv_surfaces,
    ra_taper,
    rv_centre,
    rv_surfaces,
)
from .tissue import LV_CAVITY, RV_CAVITY, Tissue
from .vessels import WALL_MM

_ABSENT = np.float32(-60.0)
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
    cavity = cavity * ra_taper(heart, rv_s)
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


@dataclass
class Coats:
    """Fat and pericardium around the heart at each point: thickness in mm."""

    inner: np.ndarray
    fluid: np.ndarray
    outer: np.ndarray


def coats(heart: Heart, points: Points) -> Coats:
    """What wraps the heart does not depend on phase."""
    s = points.u_left / heart.length_mm
    inner = lookup(heart.epicardial_fat, s).ravel()[points.left]
    outer = lookup(heart.pericardial_fat, s).ravel()[points.left]
    fluid = inner.copy()
    if heart.effusion_mm:
        fluid += heart.effusion_mm * (0.6 - 0.4 * SIN)[points.left % N_THETA]
    return Coats(inner, fluid, fluid + np.float32(heart.pericardium_mm) + outer)


def paint(heart: Heart, points: Points, coat: Coats, table: Tables) -> np.ndarray:
    """`(N,)` uint8 labels of the points at the phase of the table."""
    label = points.background.copy()
    epi, rv_out = table.epi[points.left], table.rv_out[points.right]
    outside = np.minimum(points.r - epi, points.rr - rv_out)
    line = coat.fluid + np.float32(heart.pericardium_mm)
    near = np.flatnonzero(outside < coat.outer)
    d = outside[near]
    wrap = np.where(d < line[near], Tissue.PERICARDIUM, Tissue.FAT).astype(np.uint8)
    wrap[d < coat.fluid[near]] = Tissue.PERICARDIAL_FLUID
    wrap[d < coat.inner[near]] = Tissue.EPICARDIAL_FAT
    air = label[near] == Tissue.AIR
    label[near] = np.where(air, Tissue.AIR, wrap)
    core = near[d < 0]
    _paint_right(heart, points, table, core, label)
    left = core[points.r[core] < epi[core]]
    _paint_left(points, table, left, label)
    level = points.u_left.ravel()[points.left]
    _paint_valve(points, table, left, level, label)
    _paint_vessels(heart, points, table, level, label)
    _paint_thrombus(heart, points, left, level, label)
    return label


def _paint_right(heart: Heart, p: Points, t: Tables, core: np.ndarray, label: np.ndarray) -> None:
    cell, rr = p.right[core], p.rr[core]
    top = t.rv_atrium[cell]
    value = np.where(top, Tissue.ATRIAL_WALL, Tissue.RV_WALL).astype(np.uint8)
    value[rr < t.rv_in[cell]] = Tissue.RV_TRABECULA
    blood = rr < np.minimum(t.rv_trabecula[cell], t.rv_in[cell])
    value[blood] = np.where(top[blood], Tissue.RA_BLOOD, Tissue.RV_BLOOD)
    _paint_strands(heart, p, t, core, blood & ~top, value)
    label[core] = value


def _paint_strands(
    heart: Heart, p: Points, t: Tables, core: np.ndarray, blood: np.ndarray, value: np.ndarray
) -> None:
    """The moderator band and its like, which move with the wall they span."""
    inside = np.flatnonzero(blood)
    where = core[inside]
    level = p.u_right[p.row[where], 0] / heart.length_mm
    column = (p.right[where] % N_THETA).astype(np.float32) * np.float32(2 * np.pi / N_THETA)
    share = p.rr[where] / np.maximum(t.rv_in[p.right[where]], 1)
    for strand in heart.rv.strands:
        cut = np.flatnonzero(np.abs(level - strand.level) < strand.reach)
        if not len(cut):
            continue
        angle = column[cut] - np.float32(strand.turn)
        across = share[cut] * np.sin(angle) - strand.offset
        along = share[cut] * np.cos(angle)
        radius = np.maximum(t.rv_in[p.right[where[cut]]], 1)
        hit = np.abs(across) * radius < strand.half_mm * (1 + 0.3 * t.c)
        hit &= (along > strand.start) & (along < strand.end)
        value[inside[cut[hit]]] = Tissue.RV_TRABECULA


def _paint_left(p: Points, t: Tables, left: np.ndarray, label: np.ndarray) -> None:
    cell, r = p.left[left], p.r[left]
    top = t.atrium[cell]
    value = np.where(top, Tissue.ATRIAL_WALL, Tissue.LV_MUSCLE).astype(np.uint8)
    cavity = r < t.endo[cell]
    blood = np.where(top, Tissue.LA_BLOOD, Tissue.LV_BLOOD).astype(np.uint8)
    value[cavity] = blood[cavity]
    if t.scar is not None:
        share = (r - t.endo[cell]) / np.maximum(t.epi[cell] - t.endo[cell], 1)
        hit = (share >= t.scar[0][cell]) & (share <= t.scar[1][cell])
        value[hit & ~cavity & ~top] = Tissue.SCAR
    strand = cavity & (r > t.trabecula_in[cell]) & (r < t.trabecula_out[cell])
    value[strand] = Tissue.LV_TRABECULA
    inside = np.flatnonzero(cavity & ~top)
    where = left[inside]
    x, y, row = p.x[where], p.y[where], p.row[where]
    for cx, cy, square, stretch in t.papillaries:
        if not square.any():
            continue
        dx, dy = x - cx[row], y - cy[row]
        # stretched along the radius or along the wall
        along = (dx * cx[row] + dy * cy[row]) / np.sqrt(cx[row] ** 2 + cy[row] ** 2 + 1)
        off = dx * dx + dy * dy + (stretch[row] - 1) * along * along
        value[inside[off < square[row]]] = Tissue.PAPILLARY
    label[left] = value


_LEAFLET_MM = 16.0
_VENTRICLES = (*LV_CAVITY, *RV_CAVITY)


def _paint_valve(
    p: Points, t: Tables, left: np.ndarray, level: np.ndarray, label: np.ndarray
) -> None:
    """The mitral leaflets: a cone into the ventricle while it fills, a sheet while it contracts."""
    below = level[left] - t.base
    near = np.flatnonzero((below > -1.5) & (below < _LEAFLET_MM))
    if not len(near):
        return
    where, below = left[near], below[near]
    share = p.r[where] / np.maximum(t.endo[p.left[where]], 1)
    if t.c > 0.35:  # closed, a little domed
        hit = np.abs(below - 5 * (1 - share * share)) < 0.9
    else:
        hit = np.abs(share - 0.92 + 0.5 * below / _LEAFLET_MM) * 20 < 0.9
        hit &= (below > 0) & (below < 0.8 * _LEAFLET_MM)
    blood = (label[where] == Tissue.LV_BLOOD) | (label[where] == Tissue.LA_BLOOD)
    # Two leaflets; between them, at the commissures, there is nothing to see in a thin cut.
    turn = (p.left[where] % N_THETA) * np.float32(2 * np.pi / N_THETA)
    blood &= np.abs(np.sin(turn - np.float32(0.9))) > 0.35
    label[where[hit & blood]] = Tissue.VALVE


def _paint_vessels(
    heart: Heart, p: Points, t: Tables, level: np.ndarray, label: np.ndarray
) -> None:
    above = np.flatnonzero((level < 16 + t.base) & (label != Tissue.AIR))
    if not len(above):
        return
    at = np.stack([p.x[above], p.y[above], level[above]], -1).astype(np.float32)
    for vessel in heart.vessels:
        depth = vessel.depth(at, t.base)
        here = label[above]
        outside = ~np.isin(here, _VENTRICLES)  # a vessel opens into a ventricle, it takes none
        label[above[(depth > -WALL_MM) & (depth <= 0) & outside]] = Tissue.ATRIAL_WALL
        label[above[(depth > 0) & outside]] = vessel.blood


def _paint_thrombus(
    heart: Heart, p: Points, left: np.ndarray, level: np.ndarray, label: np.ndarray
) -> None:
    if heart.thrombus is None:
        return
    (cx, cy, cu), radius = heart.thrombus
    near = left[level[left] > cu - radius]
    off = (p.x[near] - cx) ** 2 + (p.y[near] - cy) ** 2 + (level[near] - cu) ** 2
    inner = np.isin(label[near], (Tissue.LV_BLOOD, Tissue.LV_TRABECULA))
    label[near[inner & (off < radius * radius)]] = Tissue.THROMBUS
