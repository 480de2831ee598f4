"""What surrounds the heart: chest wall, lungs, diaphragm, organs, spine and great vessels.

Patient coordinates in mm (x left, y back, z head), the origin at the middle of the mitral plane.
Nothing here moves with the heartbeat; the heart is painted over it. What touches the heart decides
whether a model trained here reads real hearts, so gaps, layers and organs vary widely.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .anatomy import Heart
from .tissue import Tissue

_CELLS = 17  # a prime: the random cells repeat after this many


@dataclass
class Ellipsoid:
    centre: np.ndarray
    radii: np.ndarray

    def level(self, p: np.ndarray) -> np.ndarray:
        """`(N,)` squared normalised distance: below 1 inside."""
        q = (p - self.centre.astype(np.float32)) / self.radii.astype(np.float32)
        return np.einsum("ij,ij->i", q, q)


@dataclass
class Body:
    """One torso around one heart; `frame` rows are the heart's x, y and u axes in the patient."""

    frame: np.ndarray
    torso: tuple[float, float, float, float, float]
    fat_mm: float
    breast_mm: float
    muscle_mm: float
    rib: tuple[float, float, float]
    inner_fat_mm: float
    dome: tuple[float, float, float, float, float]
    dome_sheet: tuple[float, float, bool]
    liver_edge: tuple[float, float, float]
    stomach: Ellipsoid
    stomach_wall: float
    spleen: Ellipsoid
    bowel: float
    spine: tuple[float, float, float]
    aorta: tuple[float, float, float, float]
    mediastinum: tuple[float, float, float]
    lung_vessels: float
    great_vessels: list[tuple[float, float, float, float, float, float, int]]
    pleural_mm: float
    waves: np.ndarray
    cell_seeds: np.ndarray

    def to_patient(self, x: np.ndarray, y: np.ndarray, u: np.ndarray) -> np.ndarray:
        """`(N, 3)` patient coordinates of heart coordinates."""
        return np.stack([x, y, u], -1).astype(np.float32) @ self.frame.astype(np.float32)

    def wave(self, which: int, p: np.ndarray) -> np.ndarray:
        """`(N,)` smooth random field of about unit deviation; `which` is 0 to 3."""
        k = self.waves[which]
        return np.sin(p @ k[:3] + k[3]) + 0.7 * np.sin(p @ k[4:7] + k[7])

    def vessels(self, p: np.ndarray, cell_mm: float, share: float, size: float) -> np.ndarray:
        """`(N,)` whether a point is in one of many short vessels scattered through space.

        Space is cut into cells; a share of them holds one short random tube.
        """
        at = p / np.float32(cell_mm)
        cell = np.floor(at).astype(np.int32)
        index = (cell[:, 0] % _CELLS * _CELLS + cell[:, 1] % _CELLS) * _CELLS + cell[:, 2] % _CELLS
        inside = self.cell_seeds[index, 7] < share
        at, cell, seed = at[inside], cell[inside], self.cell_seeds[index[inside]]
        v = (at - cell - seed[:, :3]) * np.float32(cell_mm)
        along = np.clip(np.einsum("ij,ij->i", v, seed[:, 3:6]), -0.28 * cell_mm, 0.28 * cell_mm)
        off = np.einsum("ij,ij->i", v, v) - along * along
        off += (np.einsum("ij,ij->i", v, seed[:, 3:6]) - along) ** 2
        radius = size * seed[:, 6]
        inside[inside] = off < radius * radius
        return inside


def _frame(rng: np.random.Generator) -> np.ndarray:
    """Axes of the heart: from a steep (vertical) to a lying (horizontal) heart."""
    axis = np.array([0.66, -0.58, -0.46]) + rng.normal(0, [0.1, 0.1, 0.16])
    axis /= np.linalg.norm(axis)
    down = np.array([rng.normal(0, 0.15), rng.normal(0.05, 0.15), -1.0])
    y = down - axis * (down @ axis)
    y /= np.linalg.norm(y)
    x = np.cross(axis, y)  # x right, y down and u towards the viewer: a left-handed system
    return np.stack([x, y, axis])


def _great_vessels(rng: np.random.Generator) -> list:
    """Upper caval vein and a branch of the lung artery: leaning tubes above the heart."""
    branch = (*rng.normal([10, 4], 5), rng.normal(0.4, 0.15), rng.normal(0.3, 0.15))
    caval = (*rng.normal([-52, 5], 5), rng.normal(0, 0.08), rng.normal(0, 0.08))
    return [
        (*branch, rng.uniform(7, 11), rng.uniform(25, 40), Tissue.PULMONARY_ARTERY),
        (*caval, rng.uniform(7, 11), rng.uniform(0, 15), Tissue.RA_BLOOD),
    ]


def _surface(heart: Heart) -> np.ndarray:
    """`(K, 3)` points on the outside of the ventricles in heart coordinates."""
    from .maps import COS, SIN
    from .motion import lv_surfaces, rv_centre, rv_surfaces

    levels = np.linspace(0.05, 0.98, 9) * heart.length_mm
    u = np.broadcast_to(levels[:, None], (9, len(COS)))
    left, right = lv_surfaces(heart, u, np.zeros(9)), rv_surfaces(heart, u, np.zeros(9))[0]
    right = right + heart.rv.wall_mm
    cx, cy = rv_centre(heart, levels)
    lv = np.stack([left.epi * COS, -left.epi * SIN, u], -1)
    rv = np.stack([cx[:, None] + right * COS, cy[:, None] - right * SIN, u], -1)
    return np.concatenate([lv[:, ::8].reshape(-1, 3), rv[:, ::8].reshape(-1, 3)])


def draw_body(heart: Heart, rng: np.random.Generator) -> Body:
    """A random torso whose chest wall and diaphragm lie where this heart leaves room."""
    frame = _frame(rng)
    p = _surface(heart) @ frame
    big = float(np.clip((heart.truth.bsa_m2 - 1.85) / 0.35, -1.5, 2))
    female = heart.truth.sex == "F"
    fat = float(np.clip(rng.gamma(2.5, 4.5) + 4 * big + 3 * female, 3, 38))
    muscle = float(np.clip(rng.normal(17 + 2 * big, 4), 9, 28))
    half_width = 150 + 12 * big + fat * 0.8 + rng.normal(0, 8)
    half_depth = 98 + 9 * big + fat * 0.8 + rng.normal(0, 9)
    # The front of the heart lies near the inner chest wall; the middle of the body is to its right.
    gap = rng.uniform(-9, 9)
    middle = float(np.median(p[:, 0]) - rng.uniform(20, 45))
    front_y = p[:, 1].min() - gap
    centre_y = front_y - muscle - fat + half_depth * rng.uniform(0.9, 0.98)
    low = p[p[:, 2] < np.quantile(p[:, 2], 0.06)].mean(0)
    slope = (rng.normal(-0.12, 0.15), rng.normal(-0.1, 0.2))
    height = low[2] + rng.uniform(-5, 6) - slope[0] * low[0] - slope[1] * low[1]
    edge = float(np.quantile(p[:, 0], rng.uniform(0.35, 1.0)) + rng.uniform(-15, 45))
    spine_y = centre_y + half_depth * rng.uniform(0.42, 0.55)
    seeds = rng.random((_CELLS**3, 8)).astype(np.float32)
    seeds[:, :3] = 0.3 + 0.4 * seeds[:, :3]
    direction = rng.normal(size=(_CELLS**3, 3)).astype(np.float32)
    seeds[:, 3:6] = direction / np.linalg.norm(direction, axis=1, keepdims=True)
    seeds[:, 6] = 0.45 + 1.3 * seeds[:, 6] ** 3
    waves = np.empty((4, 8), np.float32)
    for w in waves:
        w[:3], w[4:7] = rng.normal(0, 1 / 45, 3), rng.normal(0, 1 / 22, 3)
        w[3], w[7] = rng.uniform(0, 2 * np.pi, 2)
    left = np.array([edge + rng.uniform(35, 70), low[1] + rng.uniform(10, 60), 0])
    left[2] = height + slope[0] * left[0] + slope[1] * left[1] - rng.uniform(20, 60)
    back = left + np.array([rng.uniform(10, 50), rng.uniform(40, 80), rng.uniform(-20, 15)])
    aorta_r = float(np.clip(rng.normal(11.5, 1.6), 8, 17))
    return Body(
        frame=frame,
        torso=(middle, float(centre_y), half_width, half_depth, rng.uniform(2.1, 2.9)),
        fat_mm=fat,
        breast_mm=rng.uniform(5, 45) if female else rng.uniform(0, 6) * (fat > 15),
        muscle_mm=muscle,
        rib=(rng.uniform(22, 32), rng.uniform(0, 2 * np.pi), rng.uniform(0.2, 0.7)),
        inner_fat_mm=max(rng.normal(1, 2.0), 0),
        dome=(float(height), *slope, rng.uniform(90, 260), rng.uniform(80, 220)),
        dome_sheet=(rng.uniform(0.5, 3.5), rng.uniform(-1, 5), bool(rng.random() < 0.6)),
        liver_edge=(edge, rng.normal(0, 0.4), rng.normal(0, 0.5)),
        stomach=Ellipsoid(left, rng.uniform([30, 30, 25], [70, 75, 60])),
        stomach_wall=rng.uniform(0.55, 0.85),
        spleen=Ellipsoid(back, rng.uniform([25, 30, 35], [40, 50, 60])),
        bowel=rng.uniform(-0.5, 2.2),
        spine=(middle, float(spine_y), rng.uniform(15, 20)),
        aorta=(
            middle + rng.uniform(12, 30),
            float(spine_y - rng.uniform(10, 28)),
            aorta_r,
            rng.normal(0, 0.12),
        ),
        mediastinum=(middle + rng.uniform(-8, 12), rng.uniform(5, 24), rng.normal(0.3, 0.8)),
        lung_vessels=rng.uniform(0.2, 0.85),
        great_vessels=_great_vessels(rng),
        pleural_mm=heart.truth.pleural_effusion_mm,
        waves=waves,
        cell_seeds=seeds,
    )


def body_labels(body: Body, p: np.ndarray) -> np.ndarray:
    """`(N,)` uint8 tissue of points `(N, 3)` in patient coordinates, the heart left out."""
    p = np.asarray(p, np.float32)
    mx, my, wide, deep, power = (np.float32(v) for v in body.torso)
    dx, dy = p[:, 0] - mx, p[:, 1] - my
    q = (np.abs(dx / wide) ** power + np.abs(dy / deep) ** power + 1e-6) ** (1 / power)
    skin = np.sqrt(dx * dx + dy * dy) * (1 / q - 1)  # depth below the skin, along a ray
    w0, w1 = body.wave(0, p), body.wave(1, p)
    front = dy < -0.25 * deep
    breast = body.breast_mm * np.exp(-(((np.abs(dx) - 0.5 * wide) / 45) ** 2)) * front
    fat = np.maximum(body.fat_mm * (1 + 0.22 * w0), 2.0) + breast
    muscle = np.maximum(body.muscle_mm * (1 + 0.16 * w1), 5)
    skin = skin + breast
    depth = skin - fat
    label = np.full(len(p), Tissue.MUSCLE, np.uint8)
    wall = depth <= muscle
    inside = np.flatnonzero(~wall)
    label[inside] = _inner_labels(body, p[inside], (depth - muscle)[inside], w1[inside])
    _ribs(body, p, depth / muscle, dx, wall, label)
    label[skin < fat] = Tissue.FAT
    label[skin < 1.8] = Tissue.SKIN
    label[skin < 0] = Tissue.AIR
    return label


def _inner_labels(body: Body, p: np.ndarray, inner: np.ndarray, w1: np.ndarray) -> np.ndarray:
    """Tissue of points within the chest wall, `inner` mm from it; `w1` is their second wave."""
    label = np.full(len(p), Tissue.LUNG, np.uint8)
    _thorax(body, p, inner, w1, label)
    _abdomen(body, p, w1, label)
    return label


def _thorax(
    body: Body, p: np.ndarray, inner: np.ndarray, w1: np.ndarray, label: np.ndarray
) -> None:
    x0, half, extra = body.mediastinum
    w2 = body.wave(2, p)
    spine_x, spine_y, spine_r = body.spine
    sx, sy = p[:, 0] - spine_x, p[:, 1] - spine_y
    # Behind the heart fat is broad; in front it is a wavy fold between the lungs.
    away = np.abs(p[:, 0] - x0 + 6 * w1)
    behind = p[:, 1] > 12 + 6 * w2
    label[behind & (away < half + 14 + 7 * w2)] = Tissue.FAT
    label[~behind & (away < half * (0.35 + 0.45 * (w2 + extra)))] = Tissue.FAT
    label[inner < body.inner_fat_mm] = Tissue.FAT
    if body.pleural_mm:  # fluid sinks to the back of a person lying down
        back = np.clip((p[:, 1] - body.torso[1]) / (0.45 * body.torso[3]), 0, 1)
        label[(label == Tissue.LUNG) & (inner < body.pleural_mm * back)] = Tissue.PLEURAL_FLUID
    air = label == Tissue.LUNG
    vessel = np.zeros(len(p), bool)
    q = p[air]
    vessel[air] = body.vessels(q, 12.0, body.lung_vessels, 1.7)
    vessel[air] |= body.vessels(q[:, [1, 2, 0]] + 7, 31.0, body.lung_vessels, 2.5)
    label[vessel] = Tissue.LUNG_VESSEL
    for vx, vy, lean_x, lean_y, radius, start, tissue in body.great_vessels:
        rise = p[:, 2] - start
        d2 = (p[:, 0] - vx - lean_x * rise) ** 2 + (p[:, 1] - vy - lean_y * rise) ** 2
        tube = (rise > 0) & (d2 < (radius + 1.5) ** 2)
        label[tube] = Tissue.ATRIAL_WALL
        label[tube & (d2 < radius * radius)] = tissue
    ax, ay, ar, lean = body.aorta
    a2 = (p[:, 0] - ax - lean * p[:, 2]) ** 2 + (p[:, 1] - ay) ** 2
    label[a2 < (ar + 1.8) ** 2] = Tissue.MUSCLE
    label[a2 < ar * ar] = Tissue.AORTA
    gullet = (p[:, 0] - ax + 16) ** 2 + (p[:, 1] - ay + 12) ** 2 < 60
    label[gullet] = Tissue.MUSCLE
    back = (sy > 4) & (np.abs(sx) < 45)
    label[back & (sy > spine_r * 0.8)] = Tissue.MUSCLE
    vertebra = sx * sx + sy * sy
    disc = np.abs((p[:, 2] / 26 + 0.3) % 1 - 0.5) < 0.1
    label[vertebra < (spine_r + 1.5) ** 2] = Tissue.BONE
    label[vertebra < spine_r * spine_r] = Tissue.MARROW
    label[(vertebra < spine_r * spine_r) & disc] = Tissue.MUSCLE


def _abdomen(body: Body, p: np.ndarray, w1: np.ndarray, label: np.ndarray) -> None:
    z0, sx, sy, rx, ry = (np.float32(v) for v in body.dome)
    w3 = body.wave(3, p)
    top = z0 + sx * p[:, 0] + sy * p[:, 1] + 3.5 * w3
    top -= p[:, 0] ** 2 / (2 * rx) * (p[:, 0] > 0) + (p[:, 0] + 90) ** 2 / 600 * (p[:, 0] < -90)
    top -= np.maximum(p[:, 1] - 25, 0) ** 2 / (2 * ry)
    below = top - p[:, 2]
    thickness, fat, dark = body.dome_sheet
    under = below > 0
    spine = (label == Tissue.MARROW) | (label == Tissue.BONE) | (label == Tissue.AORTA)
    under &= ~spine
    if not under.any():
        return
    inner = np.full(int(under.sum()), Tissue.FAT, np.uint8)
    q, depth = p[under], below[under] - thickness
    inner[w3[under] + body.bowel > 1.2] = Tissue.BOWEL
    spleen = body.spleen.level(q)
    inner[spleen < 1] = Tissue.SPLEEN
    stomach = body.stomach.level(q) * (1 + 0.18 * w1[under])
    inner[stomach < 1] = Tissue.STOMACH_WALL
    inner[stomach < body.stomach_wall] = Tissue.STOMACH
    edge, by_y, by_z = body.liver_edge
    liver = q[:, 0] < edge + by_y * q[:, 1] + by_z * (q[:, 2] - z0) + 6 * w3[under]
    inner[liver] = Tissue.LIVER
    full = q[liver]
    tubes = body.vessels(full + 5, 27.0, 0.8, 2.6)
    inner[np.flatnonzero(liver)[tubes]] = Tissue.LIVER_VESSEL
    inner[depth < np.clip(fat + 1.5 * w3[under], 0, None)] = Tissue.FAT
    inner[depth < 0] = Tissue.DIAPHRAGM if dark else Tissue.FAT
    label[under] = inner


def _ribs(
    body: Body,
    p: np.ndarray,
    share: np.ndarray,
    dx: np.ndarray,
    wall: np.ndarray,
    label: np.ndarray,
) -> None:
    """Ribs between layers of muscle and thin fat, and the breastbone."""
    period, start, slope = body.rib
    level = (p[:, 2] + slope * np.abs(dx)) * np.float32(2 * np.pi / period) + start
    ring = np.cos(level)
    middle = np.abs(share - 0.62)
    sternum = (np.abs(dx) < 17) & (p[:, 1] < body.torso[1])
    label[wall & (np.abs(share - 0.2 - 0.06 * ring) < 0.06)] = Tissue.FAT
    label[wall & (share > 0.97)] = Tissue.FAT
    label[wall & (middle < 0.3) & (ring > 0.25)] = Tissue.BONE
    label[wall & (middle < 0.19) & (ring > 0.5)] = Tissue.MARROW
    label[wall & sternum & (middle < 0.36)] = Tissue.BONE
    label[wall & sternum & (middle < 0.24)] = Tissue.MARROW
