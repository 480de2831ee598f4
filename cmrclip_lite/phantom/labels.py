"""Tissue labels of the beating phantom on any set of points.

Points (`points`) look up the surfaces of a phase (`tables`) and are painted from the outside in:
what wraps the heart, the right side, the left, then valves, vessels and clots.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .anatomy import Heart
from .maps import N_THETA, SIN
from .motion import lookup
from .points import Points, any_points, short_axis_points
from .tables import Tables, tables
from .tissue import LV_CAVITY, RV_CAVITY, Tissue
from .vessels import WALL_MM

__all__ = [
    "Coats",
    "Points",
    "Tables",
    "any_points",
    "coats",
    "paint",
    "short_axis_points",
    "tables",
]

_LEAFLET_MM = 16.0
_VENTRICLES = (*LV_CAVITY, *RV_CAVITY)


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
        # A vessel opens into its ventricle and takes none of it; the aorta displaces the RV.
        own = LV_CAVITY if vessel.blood is Tissue.AORTA else _VENTRICLES
        outside = ~np.isin(here, own)
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
