"""The shape of one synthetic heart at end-diastole, and everything random about it.

Heart coordinates, in mm: the LV long axis is x = y = 0; x grows towards the lateral wall, y towards
the inferior wall, u from the mitral plane (u = 0 at end-diastole) to the apex. A short-axis image
seen from the apex, as is usual, has x to the right and y down. Angles run counter-clockwise in that
image from the lateral wall, so the anterior wall is at 90 degrees and the septum at 180 (AHA
segments: Cerqueira et al., Circulation 105:539, 2002).

Everything that varies around the long axis is a table over `(s, theta)`, see `maps`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .maps import N_S, N_THETA, S_GRID, THETA, rough_map, segment_map, smooth_map
from .scar import scar_maps
from .tissue import Tissue
from .truth import Truth
from .vessels import ROOT, Vessel, draw_aorta, draw_pulmonary

# How much of the normal inward motion a segment makes.
SQUEEZE = {"normal": 1.0, "hypokinetic": 0.5, "akinetic": 0.08, "dyskinetic": -0.22}


@dataclass
class Papillary:
    """A papillary muscle head: where it stands, how thick, from where to where along the axis."""

    theta: float
    start: float
    end: float
    radius_mm: float
    stand_off: float
    stretch: float


@dataclass
class Strand:
    """A band of muscle across the RV: direction, distance from its middle, extent, thickness.

    `offset`, `start` and `end` are shares of the RV's radius, `level` of the LV's length.
    """

    turn: float
    offset: float
    start: float
    end: float
    half_mm: float
    level: float
    reach: float


@dataclass
class RightVentricle:
    """The RV as an ellipse around the septal side of the LV, in every short-axis plane."""

    size_mm: float
    aspect: float
    offset: float
    shift_mm: tuple[float, float]
    turn: float
    base_mm: float
    apex_mm: float
    taper: tuple[float, float]
    deviation: np.ndarray
    systolic: np.ndarray
    strands: list[Strand]
    wall_mm: float
    trabeculae: np.ndarray
    shorten: float
    squeeze: float
    height_squeeze: float


@dataclass
class Heart:
    """One heart: its end-diastolic shape and the parameters of its motion (see `motion`).

    Lengths in mm, angles in radians; the maps are `(N_S, N_THETA)`.
    """

    truth: Truth
    length_mm: float
    radius_mm: float
    widest: float
    base_narrowing: float
    bluntness: float
    apex_wall_mm: float
    deviation: np.ndarray
    wall: np.ndarray
    squeeze: np.ndarray
    lag: np.ndarray
    trabeculae: np.ndarray
    trabecula_gap: np.ndarray
    papillaries: list[Papillary]
    flat_at: float
    flat_ed: float
    flat_es: float
    es_time: float
    curve: np.ndarray
    contraction: float
    shorten: float
    torsion: tuple[float, float]
    sway_mm: tuple[float, float]
    rv: RightVentricle
    epicardial_fat: np.ndarray
    pericardial_fat: np.ndarray
    pericardium_mm: float
    effusion_mm: float
    atrial_mm: float
    ra_mm: float
    atrial_wall_mm: float
    vessels: list[Vessel]
    scar: tuple[np.ndarray, np.ndarray] | None
    thrombus: tuple[np.ndarray, float] | None

    @property
    def outflow_degrees(self) -> float:
        """The angle at which a plane through the long axis meets the middle of the aortic root."""
        x, y, _ = next(v for v in self.vessels if v.blood is Tissue.AORTA).nodes[ROOT].mean(0)
        return float(np.degrees(np.arctan2(-y, x)))

    def profile(self, s: np.ndarray) -> np.ndarray:
        """Radius along the long axis as a share of the widest one; 0 at the apex (s = 1)."""
        above = np.clip((self.widest - s) / self.widest, 0, 1)
        below = np.clip((s - self.widest) / (1 - self.widest), 0, 1)
        round_end = np.sqrt(np.maximum(1 - below**self.bluntness, 0))
        return np.where(s < self.widest, 1 - self.base_narrowing * above**2, round_end)


def _lv_length(truth: Truth, rng: np.random.Generator) -> float:
    """Cavity length at end-diastole; a failing ventricle grows rounder as it dilates.

    Length over diameter falls from health to dilation (Di Donato et al., Eur J Cardiothorac Surg
    29:S225, 2006).
    """
    dilation = np.clip((truth.lvedvi - 80) / 90, -0.3, 1)
    failing = np.clip((55 - truth.lvef) / 35, 0, 1)
    sphericity = rng.normal(1.68 - 0.3 * dilation * failing - 0.08 * failing, 0.13)
    if truth.septal_flattening:
        sphericity += 0.1
    sphericity = float(np.clip(sphericity, 1.2, 2.2))
    # V is close to 0.53 L D^2 for this profile.
    return float((truth.lvedv_ml * 1000 * sphericity**2 / 0.53) ** (1 / 3))


def _oval(rng: np.random.Generator) -> np.ndarray:
    """Real short-axis cuts are a little oval, and not equally so from base to apex."""
    size = np.interp(S_GRID, [0, 0.5, 1], rng.normal(0.045, 0.02, 3))[:, None]
    turn = rng.normal(0, 0.6) + rng.normal(0, 0.5) * S_GRID[:, None]
    return (1 + size * np.cos(2 * (THETA - np.pi / 2 - turn))).astype(np.float32)


def _papillaries(truth: Truth, rng: np.random.Generator) -> list[Papillary]:
    thick = np.clip(np.mean(truth.wall_mm) / 9, 0.8, 1.7)
    heads = []
    for centre in (np.radians(rng.normal(42, 9)), np.radians(rng.normal(292, 9))):
        stand_off = rng.uniform(0.0, 1.3)
        for _ in range(rng.integers(1, 4)):
            heads.append(
                Papillary(
                    theta=centre + rng.normal(0, 0.13),
                    start=rng.uniform(0.16, 0.42),
                    end=rng.uniform(0.62, 0.85),
                    radius_mm=rng.uniform(2.6, 6.0) * thick**0.7,
                    stand_off=stand_off * rng.uniform(0.7, 1.3),
                    stretch=rng.uniform(0.7, 1.5),
                )
            )
    return heads


def _strands(rng: np.random.Generator) -> list[Strand]:
    return [
        Strand(
            turn=rng.normal(np.pi, 0.9),
            offset=rng.normal(0, 0.4),
            start=rng.uniform(-0.2, 0.5),
            end=rng.uniform(0.7, 1.0),
            half_mm=rng.uniform(0.6, 2.0),
            level=rng.uniform(0.2, 0.95),
            reach=rng.uniform(0.05, 0.16),
        )
        for _ in range(rng.integers(0, 8))
    ]


def _fat_maps(truth: Truth, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Thickness of fat within the pericardium and outside it; often none, so organs touch."""
    plenty = rng.choice([0.25, 0.5, 0.8, 1.4]) * rng.uniform(0.6, 1.3)
    grooves = np.zeros((N_S, N_THETA), np.float32)
    for centre, width in ((118, 20), (243, 18)):
        near = np.cos(THETA - np.radians(centre + rng.normal(0, 8)))
        grooves += np.exp((near - 1) / np.radians(width) ** 2) * rng.uniform(2, 6)
    av_groove = rng.uniform(2, 8) * np.exp(-((S_GRID / 0.13) ** 2))[:, None]
    front = 1 + np.cos(THETA - np.radians(rng.normal(165, 25)))
    inner = rng.normal(-1.0, 1.1) + rng.uniform(0, 1.6) * front + 1.8 * smooth_map(rng, 1.0)
    inner = plenty * (inner + grooves + av_groove)
    outer = rng.normal(-4.5, 3) + 4.5 * smooth_map(rng, 1.0) + rng.uniform(0, 3.5) * front
    return np.clip(inner, 0, 12).astype(np.float32), np.clip(plenty * outer, 0, 18).astype(
        np.float32
    )


def _atrial_radius(truth: Truth, base_mm: float) -> float:
    """Radius of the LA's dome (see `motion.atrium_radius`) that gives its largest volume.

    The dome is 2.1 radii high and as much more as the base descends; its cross-section is on
    average 0.747 of the widest one.
    """
    target = truth.lavi * truth.bsa_m2 * 1000 / (np.pi * 0.747)
    radius = (target / 2.1) ** (1 / 3)
    for _ in range(6):  # Newton on 2.1 r^3 + b r^2 = target
        value = 2.1 * radius**3 + base_mm * radius**2 - target
        radius -= value / (6.3 * radius**2 + 2 * base_mm * radius)
    return float(radius)


def _thrombus(
    truth: Truth, length: float, rng: np.random.Generator
) -> tuple[np.ndarray, float] | None:
    """Centre and radius of a clot at the inside of the apex."""
    if not truth.thrombus_mm:
        return None
    angle, radius = rng.uniform(0, 2 * np.pi), truth.thrombus_mm / 2
    off = rng.uniform(0, 0.5) * radius
    centre = [off * np.cos(angle), -off * np.sin(angle), length - radius * rng.uniform(0.7, 1.1)]
    return np.array(centre, np.float32), radius


def draw_heart(truth: Truth, rng: np.random.Generator) -> Heart:
    """A random heart that has the volumes, walls and motion that `truth` says."""
    # These need Heart.
    from .fitting import fit_left_ventricle, fit_right_atrium, fit_right_ventricle
    from .motion import volume_curve

    failing = float(np.clip((55 - truth.lvef) / 35, 0, 1))
    length = _lv_length(truth, rng)
    walls = np.array(truth.wall_mm)
    squeeze = np.array([SQUEEZE[m] for m in truth.motion])
    if len(set(truth.motion)) == 1:
        squeeze = np.ones(16)  # contraction is global: its size follows from the volumes
    squeeze = squeeze * rng.normal(1, 0.07 + 0.06 * failing, 16) + 0
    # The apex closes more than the base.
    apical = (1 + (S_GRID - 0.45) * rng.uniform(0.15, 0.75))[:, None]
    es_time = float(rng.uniform(0.29, 0.42))
    delay = rng.uniform(0, 0.09) if truth.diagnosis == "dcm" and rng.random() < 0.4 else 0.0
    # Thickness in mm, so that cavities hold as much dark muscle as real ones do
    # (benchmarks/trabeculae.py): a normal one a quarter of it, and half of it once emptied.
    taper = np.interp(S_GRID, [0, 0.3, 0.8, 1], [0.6, 0.9, 1.0, 0.8])[:, None]
    trabeculated = rng.uniform(1.6, 6.0) * (1 + 0.6 * failing)
    lateral = 1 + rng.uniform(0, 0.6) * np.cos(THETA + rng.normal(0, 0.5))
    epicardial, pericardial = _fat_maps(truth, rng)
    flat = truth.septal_flattening
    overload = rng.random()
    # A large RV takes part in the apex; thick muscle leaves it less room there.
    large = float(np.clip((truth.rvedv_ml / truth.lvedv_ml - 1.2) / 0.8, 0, 1))
    reach = 0.87 + 0.12 * large - 0.08 * (truth.diagnosis == "hcm")
    shorten = float(np.clip(0.125 * truth.lvef / 60 * rng.uniform(0.7, 1.3), 0.01, 0.2))
    if truth.diagnosis == "amyloid":  # the base hardly moves, the apex still does
        shorten *= rng.uniform(0.4, 0.75)
    heart = Heart(
        truth=truth,
        length_mm=length,
        radius_mm=length / 3.6,
        widest=rng.uniform(0.16, 0.34),
        base_narrowing=rng.uniform(0.0, 0.14),
        bluntness=rng.uniform(1.65, 2.3) + 0.3 * failing * rng.random(),
        apex_wall_mm=float(np.clip(walls[12:].mean() * rng.uniform(0.5, 0.9), 2.5, 18)),
        deviation=_oval(rng) + smooth_map(rng, rng.uniform(0.01, 0.035)),
        wall=segment_map(walls) * np.clip(1 + smooth_map(rng, rng.uniform(0.02, 0.05)), 0.8, 1.2),
        squeeze=np.clip(segment_map(squeeze) * apical + smooth_map(rng, 0.08), -0.35, 1.7),
        lag=(delay * np.clip(-np.cos(THETA - 0.3), 0, 1) * -1).astype(np.float32),
        trabeculae=(
            trabeculated
            * np.clip(rough_map(rng, rng.integers(4, 18)) + 0.7, 0, 2.5)
            * taper
            * lateral
        ).astype(np.float32),
        trabecula_gap=np.clip(0.5 * rough_map(rng, 7), 0, 0.8),
        papillaries=_papillaries(truth, rng),
        flat_at=rng.uniform(0.5, 0.75) if flat else rng.uniform(0.72, 0.95),
        flat_ed=(rng.uniform(0.15, 0.85) if flat else rng.uniform(0, 0.35)),
        flat_es=(rng.uniform(0.3, 1.0) * (0.3 + 0.7 * overload) if flat else rng.uniform(0, 0.2)),
        es_time=es_time,
        curve=volume_curve(es_time, failing, rng),
        contraction=0.3,
        shorten=shorten,
        torsion=(-np.radians(rng.uniform(1, 6)), np.radians(rng.uniform(3, 13)) * (1 - failing)),
        sway_mm=(rng.normal(0, 1.3), rng.normal(0, 1.3)),
        rv=RightVentricle(
            size_mm=34.0,
            aspect=float(np.clip(rng.normal(1.16, 0.11), 0.85, 1.5)),
            offset=float(np.clip(rng.normal(0.92, 0.09), 0.7, 1.15)),
            shift_mm=(rng.normal(2, 5), rng.normal(0, 4)),
            turn=rng.normal(0, 0.15),
            base_mm=rng.uniform(-7, 4),
            apex_mm=length * float(np.clip(rng.normal(reach, 0.06), 0.62, 1.1)),
            taper=(rng.uniform(1.3, 2.4) + large, rng.uniform(1.2, 2.3)),
            deviation=1 + smooth_map(rng, rng.uniform(0.03, 0.1), 4),
            systolic=smooth_map(rng, rng.uniform(0.03, 0.1), 5),
            strands=_strands(rng),
            wall_mm=truth.rv_wall_mm,
            trabeculae=np.clip(rough_map(rng, rng.integers(4, 13)) - 0.3, 0, 2.5)
            * rng.uniform(0.8, 5.5)
            * np.interp(S_GRID, [0, 0.3, 1], [0.3, 0.8, 1.4])[:, None].astype(np.float32),
            shorten=float(np.clip(0.17 * truth.rvef / 57 * rng.uniform(0.7, 1.3), 0.02, 0.3)),
            squeeze=0.3,
            height_squeeze=rng.uniform(0.25, 0.7),
        ),
        epicardial_fat=epicardial,
        pericardial_fat=pericardial,
        pericardium_mm=rng.uniform(0.4, 1.6),
        effusion_mm=truth.pericardial_effusion_mm,
        atrial_mm=_atrial_radius(truth, length * shorten),
        ra_mm=28.0,
        atrial_wall_mm=truth.atrial_septum_mm,
        vessels=[],
        scar=scar_maps(truth, rng),
        thrombus=_thrombus(truth, length, rng),
    )
    for name in ("deviation", "wall", "squeeze", "lag", "trabeculae", "trabecula_gap"):
        setattr(heart, name, getattr(heart, name).astype(np.float32))
    heart.rv.deviation = heart.rv.deviation.astype(np.float32)
    heart.rv.systolic = heart.rv.systolic.astype(np.float32)
    heart.rv.trabeculae = heart.rv.trabeculae.astype(np.float32)
    # What is fitted takes the room that what comes before it leaves.
    fit_left_ventricle(heart)
    heart.vessels = [draw_aorta(truth, heart.radius_mm, rng)]
    fit_right_ventricle(heart)
    # Before the aorta, which is painted over it.
    heart.vessels.insert(0, draw_pulmonary(truth, heart.radius_mm, heart.rv.size_mm, rng))
    fit_right_atrium(heart)
    return heart
