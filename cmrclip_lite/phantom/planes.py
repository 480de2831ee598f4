"""Where an exam's slices lie: the short-axis stack and the three long-axis planes.

A plane has the place that its images claim and, for breath-holds differ, a slip: what is imaged
lies that much off it, and the scanner does not know.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from ..study import View
from .anatomy import Heart
from .body import Body
from .imaging import Scanner
from .labels import Points, any_points, short_axis_points
from .motion import rv_centre

_REACH_MM = 105.0  # beyond this from the middle of the heart nothing moves
_APEX_UP = np.array([0.0, 0.0, -1.0])


@dataclass(frozen=True, eq=False)
class Plane:
    """A slice in heart coordinates, mm.

    Attributes:
        middle: `(3,)` centre of the image.
        across, down: `(3,)` unit directions along a row and down a column.
        view: what it shows.
        slip: `(3,)` how far from there the patient lay when it was imaged.
    """

    middle: np.ndarray
    across: np.ndarray
    down: np.ndarray
    view: View
    slip: np.ndarray = field(default_factory=lambda: np.zeros(3))

    @property
    def normal(self) -> np.ndarray:
        return np.cross(self.across, self.down)

    def turned(self, degrees: float) -> Plane:
        """The same plane, its image turned clockwise."""
        cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
        across = cos * self.across - sin * self.down
        return replace(self, across=across, down=sin * self.across + cos * self.down)


def short_axis(
    heart: Heart, scanner: Scanner, size: str, turn: float, rng: np.random.Generator
) -> list[Plane]:
    """The stack from above the base to below the apex.

    Args:
        size: "small" covers the heart with 7 slices, otherwise 8 to 13 at the scanner's distance.
        turn: of the image about the long axis, in radians.
    """
    pivot = 0.45 * heart.length_mm  # the stack may lean, but about the middle of the heart
    middle = np.array([0.5 * _rv_x(heart), 0.0, pivot]) + [*rng.normal(0, 8, 2), 0]
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
    along = np.cross(across, down)
    return [
        Plane(middle + (first + i * step - pivot) * along, across, down, View.SAX, _breath(rng))
        for i in range(count)
    ]


def long_axes(heart: Heart, rng: np.random.Generator) -> list[Plane]:
    """Four, two and three chambers, one plane each.

    The angles at which they cross the short axis are those of `orientation.CROSSING`: four chambers
    from the inferoseptal to the anterolateral wall, two from the inferior to the anterior, three
    from the inferolateral wall to the aortic root, as scanners are told.
    """
    four = _lateral(np.clip(rng.normal(24, 5), 11, 37))
    shift = 0.35 * _rv_x(heart) * four[0]
    two = -_lateral(np.clip(rng.normal(90, 6), 76, 104))
    three = -_lateral(np.clip(heart.outflow_degrees + rng.normal(0, 4), 131, 160))
    depth = np.array([0, 0, heart.length_mm])
    planes = [
        Plane(shift * four + 0.3 * depth, four, _APEX_UP, View.FOUR_CHAMBER),
        Plane(0.35 * depth, _APEX_UP, two, View.TWO_CHAMBER),
        Plane(0.25 * depth - 8 * three, _APEX_UP, three, View.THREE_CHAMBER),
    ]
    lean = rng.normal([18, -6, 8], [13, 10, 12])
    slips = rng.normal(0, 2, (3, 3))
    return [
        replace(plane.turned(degrees), slip=slip)
        for plane, degrees, slip in zip(planes, lean, slips, strict=True)
    ]


def again(planes: list[Plane], rng: np.random.Generator) -> list[Plane]:
    """The planes copied to a later acquisition: new breath-holds, the patient moved a little."""
    moved = rng.normal(0, 1.2, 3)
    return [replace(plane, slip=moved + _breath(rng)) for plane in planes]


def plane_points(
    heart: Heart, body: Body, plane: Plane, i: np.ndarray, j: np.ndarray, depth: np.ndarray
) -> tuple[Points, np.ndarray]:
    """Points in and near a plane.

    Args:
        i, j: `(N,)` mm from the middle of the plane, along rows and down columns.
        depth: `(K, N)` mm in front of the plane; `(K, 1)` for the short axis.

    Returns:
        The `K * N` points, and `(N,)` whether the heart may come there.
    """
    across, down, normal = plane.across, plane.down, plane.normal
    middle = plane.middle + plane.slip
    flat = middle + i[:, None] * across + j[:, None] * down
    x, y, u = (flat[:, a] + depth * normal[a] for a in range(3))
    if plane.view is View.SAX:
        # u = u0 + a x + b y on this plane
        slopes = np.linalg.solve(np.stack([across[:2], down[:2]]), [across[2], down[2]])
        starts = middle + depth * normal
        u0 = starts[:, 2] - starts[:, :2] @ slopes
        points = short_axis_points(heart, body, x, y, u0, tuple(slopes))
    else:
        points = any_points(heart, body, x.ravel(), y.ravel(), u.ravel())
    off = flat - [0.2 * _rv_x(heart), 0, 0.3 * heart.length_mm]
    near = (off**2).sum(1) < (_REACH_MM + 0.2 * heart.length_mm) ** 2
    return points, near


def _rv_x(heart: Heart) -> float:
    return float(rv_centre(heart, np.array([0.45 * heart.length_mm]))[0][0])


def _lateral(degrees: float) -> np.ndarray:
    """The direction across the long axis at an angle from the lateral to the anterior wall."""
    return np.array([np.cos(np.radians(degrees)), -np.sin(np.radians(degrees)), 0])


def _breath(rng: np.random.Generator) -> np.ndarray:
    return rng.normal(0, 1.3, 3) if rng.random() < 0.9 else rng.normal(0, 3.5, 3)


def _unit(v: np.ndarray) -> np.ndarray:
    return v / np.linalg.norm(v)
