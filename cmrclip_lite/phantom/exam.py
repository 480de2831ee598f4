"""A whole exam of one synthetic patient: short-axis stack, four and two chambers, in memory."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..study import Sequence, Series, Study, View
from .anatomy import Heart, draw_heart
from .body import Body, draw_body
from .cohort import draw_truth
from .imaging import (
    Scanner,
    acquire,
    coil_shading,
    dark_bands,
    draw_scanner,
    smooth_field,
    tissue_signals,
)
from .labels import Points, any_points, coats, paint, short_axis_points, tables
from .motion import rv_centre
from .tissue import BLOODS, N_TISSUES, Tissue
from .truth import Truth

_REACH_MM = 105.0  # beyond this from the middle of the heart nothing moves
_SUB_SLICES = 3


@dataclass(frozen=True, eq=False)
class PhantomCase:
    """A synthetic exam, what is true of it, and its report's impression."""

    study: Study
    truth: Truth
    impression: str


@dataclass(frozen=True)
class _Plane:
    """A slice: its middle and the directions along a row and down a column, heart coordinates."""

    middle: np.ndarray
    across: np.ndarray
    down: np.ndarray
    view: View


def make_case(seed: int, diagnosis: str | None = None, size: str = "full") -> PhantomCase:
    """A synthetic exam.

    Args:
        seed: the same seed gives the same exam.
        diagnosis: as in `cohort.draw_truth`.
        size: "full", or "small" with 128 pixels, 7 slices and 12 phases for sample files.

    Raises:
        ValueError: for another size or diagnosis.
    """
    from .report import write_impression

    if size not in ("full", "small"):
        raise ValueError(f"size must be 'full' or 'small', not {size!r}.")
    rng = np.random.default_rng([seed, 11])
    truth = draw_truth(rng, diagnosis)
    study = make_study(truth, rng, size)
    return PhantomCase(study, truth, write_impression(truth, rng))


def make_study(truth: Truth, rng: np.random.Generator, size: str = "full") -> Study:
    """Images of a patient that has this truth."""
    heart = draw_heart(truth, rng)
    body = draw_body(heart, rng)
    scanner = draw_scanner(truth.field_tesla, rng, size)
    signals = tissue_signals(scanner, rng)
    rr_ms = rng.normal(900, 110)
    start = rng.uniform(-0.11, 0.06)
    turn = np.radians(rng.normal(0, 14))
    scale = None
    series = []
    isocentre = rng.normal(0, [15, 20, 25])
    for plane in _planes(heart, scanner, size, turn, rng):
        beat = rr_ms * rng.normal(1, 0.035)
        phase = (start + rng.normal(0, 0.012) + np.arange(scanner.phases) / scanner.phases) % 1.0
        frames = _image(heart, body, scanner, signals, plane, phase, rng)
        if scale is None:  # one scale for the exam, as a scanner's receiver has
            scale = scanner.full_scale / np.percentile(frames, 99)
        series.append(_series(frames * scale, scanner, plane, body, beat, isocentre))
    if rng.random() < 0.3:
        count = sum(s.view is View.SAX for s in series)
        series[:count] = series[:count][::-1]
    return Study(series, notes=["A synthetic exam: no patient was imaged."])


def _planes(
    heart: Heart, scanner: Scanner, size: str, turn: float, rng: np.random.Generator
) -> list[_Plane]:
    rv_x = float(rv_centre(heart, np.array([0.45 * heart.length_mm]))[0][0])
    middle = np.array([0.5 * rv_x, 0.0, 0.0]) + [*rng.normal(0, 8, 2), 0]
    step = scanner.thickness_mm + scanner.gap_mm
    first = rng.uniform(-7, 4)
    cover = heart.length_mm + heart.apex_wall_mm - first
    count = 7 if size == "small" else int(np.clip(np.ceil(cover / step), 8, 13))
    step = max(step, cover / count) if size == "small" else step
    tilt = np.clip(rng.normal(0, 0.05, 2), -0.12, 0.12)
    across = _unit(np.array([np.cos(turn), np.sin(turn), 0]))
    down = np.array([-np.sin(turn), np.cos(turn), 0])
    across, down = (_unit(v + [0, 0, tilt @ v[:2]]) for v in (across, down))
    down = _unit(down - across * (across @ down))
    planes = []
    for i in range(count):
        slip = rng.normal(0, 1.3, 3) if rng.random() < 0.9 else rng.normal(0, 3.5, 3)
        at = middle + [0, 0, first + i * step]
        planes.append((_Plane(at, across, down, View.SAX), slip))
    # Four chambers: from the inferoseptal to the anterolateral wall.
    angle = np.clip(rng.normal(0.42, 0.09), 0.2, 0.65)
    side = np.array([np.cos(angle), -np.sin(angle), 0])
    centre = 0.35 * rv_x * np.cos(angle) * side + [0, 0, 0.3 * heart.length_mm]
    apex_up = np.array([0, 0, -1.0])
    planes.append((_Plane(centre, side, apex_up, View.FOUR_CHAMBER), rng.normal(0, 2, 3)))
    angle = np.clip(rng.normal(0.0, 0.1), -0.25, 0.25)
    side = np.array([-np.sin(angle), np.cos(angle), 0])
    centre = np.array([0.0, 0, 0.35 * heart.length_mm])
    planes.append((_Plane(centre, apex_up, side, View.TWO_CHAMBER), rng.normal(0, 2, 3)))
    # The scanner does not know of the shift that a breath-hold brings: move what is imaged only.
    return [_slipped(plane, slip) for plane, slip in planes]


@dataclass(frozen=True)
class _Slipped(_Plane):
    slip: np.ndarray = None


def _slipped(plane: _Plane, slip: np.ndarray) -> _Slipped:
    return _Slipped(plane.middle, plane.across, plane.down, plane.view, slip)


def _unit(v: np.ndarray) -> np.ndarray:
    return v / np.linalg.norm(v)


def _image(
    heart: Heart,
    body: Body,
    scanner: Scanner,
    signals: np.ndarray,
    plane: _Slipped,
    phases: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """`(T, matrix, matrix)` float32 images of one plane."""
    fine = scanner.matrix * 5 // 4
    extent = scanner.matrix * scanner.pixel_mm
    at = ((np.arange(fine) + 0.5) / fine - 0.5) * extent
    mm = ((np.arange(scanner.matrix) + 0.5) / scanner.matrix - 0.5) * extent
    still, movers = np.zeros(fine * fine, np.float32), []
    normal = np.cross(plane.across, plane.down)
    for k in range(_SUB_SLICES):
        depth = ((k + 0.5) / _SUB_SLICES - 0.5) * scanner.thickness_mm * 1.1
        points = _plane_points(heart, body, plane, at, normal * depth)
        part = signals[points.background]
        moving = np.flatnonzero(points.near)
        part[moving] = 0
        still += part
        inner = _subset(points.points, moving)
        movers.append((moving, inner, coats(heart, inner)))
    texture = (
        1 + 0.05 * smooth_field(rng, (fine, fine), 24) + 0.03 * smooth_field(rng, (fine, fine), 70)
    )
    bands = dark_bands(scanner, (fine, fine), rng)
    shading = coil_shading(scanner, mm, mm, rng)
    blood = np.isin(np.arange(N_TISSUES), [int(b) for b in BLOODS])
    swirl = [smooth_field(rng, (fine, fine), k).ravel() for k in (12, 20, 12, 30)]
    calm = rng.uniform(0.02, 0.1)
    frames = []
    for phase in phases:
        image = still.copy()
        # Blood that moves fast loses signal here and there: most in ejection and filling.
        flow = sum(
            np.cos(2 * np.pi * (phase * (i // 2 + 1) + 0.25 * (i % 2))) * s
            for i, s in enumerate(swirl)
        )
        flow = 1 - calm * np.abs(flow)
        for moving, inner, coat in movers:
            label = paint(heart, inner, coat, tables(heart, inner, np.array([phase]))[0])
            value = signals[label]
            wet = blood[label]
            value[wet] *= flow[moving[wet]]
            image[moving] += value
        image = (image / _SUB_SLICES).reshape(fine, fine) * texture * bands
        frames.append(acquire(image, scanner, rng, shading))
    stack = np.stack(frames)
    if scanner.round_field:
        stack *= mm[:, None] ** 2 + mm[None] ** 2 < (0.5 * extent) ** 2
    return stack


@dataclass
class _PlanePoints:
    points: Points
    background: np.ndarray
    near: np.ndarray


def _plane_points(
    heart: Heart, body: Body, plane: _Slipped, at: np.ndarray, offset: np.ndarray
) -> _PlanePoints:
    start = plane.middle + plane.slip + offset
    i, j = (g.ravel()[:, None] for g in np.meshgrid(at, at))
    p = start + i * plane.across + j * plane.down
    x, y, u = p.T
    if plane.view is View.SAX:
        across, down = plane.across, plane.down
        # u = u0 + a x + b y on this plane
        slopes = np.linalg.solve(np.stack([across[:2], down[:2]]), [across[2], down[2]])
        u0 = start[2] - slopes @ start[:2]
        points = short_axis_points(heart, body, x[None], y[None], np.array([u0]), tuple(slopes))
    else:
        points = any_points(heart, body, x, y, u)
    away = (x - 0.4 * plane.middle[0]) ** 2 + y**2 + (u - 0.3 * heart.length_mm) ** 2
    near = away < (_REACH_MM + 0.2 * heart.length_mm) ** 2
    return _PlanePoints(points, points.background, near)


def _subset(points: Points, keep: np.ndarray) -> Points:
    names = ("left", "r", "right", "rr", "x", "y", "row", "background")
    return replace(points, **{name: getattr(points, name)[keep] for name in names})


def _series(
    frames: np.ndarray,
    scanner: Scanner,
    plane: _Plane,
    body: Body,
    beat_ms: float,
    isocentre: np.ndarray,
) -> Series:
    half = (scanner.matrix - 1) / 2 * scanner.pixel_mm
    corner = plane.middle - half * plane.across - half * plane.down
    count = len(frames)
    return Series(
        pixels=np.clip(np.rint(frames), 0, 4095).astype(np.int16),
        spacing_mm=(scanner.pixel_mm, scanner.pixel_mm),
        thickness_mm=scanner.thickness_mm,
        position_mm=corner @ body.frame + isocentre,
        orientation=np.stack([plane.across @ body.frame, plane.down @ body.frame]),
        trigger_ms=np.round(np.arange(count) * beat_ms / count, 2),
        rr_ms=round(float(beat_ms), 1),
        view=plane.view,
        sequence=Sequence.CINE,
        tags={
            "Manufacturer": scanner.vendor,
            "MagneticFieldStrength": f"{scanner.field_tesla:g}",
            "FlipAngle": f"{scanner.flip_degrees:.0f}",
            "RepetitionTime": f"{scanner.tr_ms:.2f}",
        },
    )


__all__ = ["PhantomCase", "Tissue", "make_case", "make_study"]
