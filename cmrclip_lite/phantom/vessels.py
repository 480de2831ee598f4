"""The outflow tracts: aortic root with its sinuses and ascending aorta, RV outflow and lung artery.

Tubes along broken lines in heart coordinates (see `anatomy`). They hang on the valve plane, so
their lower ends move with it, and the farther from it the less.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .tissue import Tissue
from .truth import Truth

WALL_MM = 1.6
ROOT = [2, 3]  # nodes of the aorta: its sinuses, and where the tube begins
# Where the head lies in heart coordinates, for a heart of average tilt (see `body`).
_HEAD = np.array([0.0, -0.86, -0.5])
_HANG_MM = 45.0  # above the valve plane by this much, a tube no longer moves


@dataclass
class Vessel:
    """Nodes `(K, 3)` in mm at end-diastole, the radius at each, and what flows inside."""

    nodes: np.ndarray
    radii: np.ndarray
    blood: Tissue

    def depth(self, p: np.ndarray, descent: float) -> np.ndarray:
        """`(N,)` mm inside the vessel's lumen, negative outside, for points `(N, 3)`.

        `descent` is how far the valve plane has moved towards the apex.
        """
        nodes = self.nodes.copy()
        nodes[:, 2] += descent * np.clip(1 + nodes[:, 2] / _HANG_MM, 0, 1)
        best = np.full(len(p), -1e3, np.float32)
        for a, b, ra, rb in zip(
            nodes[:-1], nodes[1:], self.radii[:-1], self.radii[1:], strict=True
        ):
            along = (b - a).astype(np.float32)
            share = np.clip((p - a.astype(np.float32)) @ along / (along @ along), 0, 1)
            off = p - a.astype(np.float32) - share[:, None] * along
            distance = np.sqrt(np.einsum("ij,ij->i", off, off))
            np.maximum(best, ra + (rb - ra) * share - distance, out=best)
        return best


def outflow_angle(rng: np.random.Generator) -> float:
    """Direction of the LV outflow from the long axis: between anterior wall and septum."""
    return float(np.radians(rng.normal(150, 6)))


def draw_aorta(truth: Truth, radius_mm: float, rng: np.random.Generator) -> Vessel:
    """Outflow, sinuses and ascending aorta of a heart; `radius_mm` of the LV cavity's widest."""
    angle = outflow_angle(rng)
    side = np.array([np.cos(angle), -np.sin(angle), 0.0])
    root, tube = truth.aortic_root_mm / 2, truth.ascending_aorta_mm / 2
    annulus = min(root, 12.5) * rng.uniform(0.82, 0.92)
    off = min(0.5 * radius_mm, radius_mm - 0.6 * annulus)
    up = np.array([0.0, 0.0, -1.0])
    lean = _unit(0.72 * up + 0.6 * side + 0.15 * _HEAD + rng.normal(0, 0.06, 3))
    at_annulus = off * side + [0, 0, rng.uniform(-3, 1)]
    sinus = at_annulus + 12 * lean
    junction = at_annulus + (22 + 0.25 * root) * lean
    turn = _unit(lean + 0.7 * _HEAD + rng.normal(0, 0.08, 3))
    middle = junction + 28 * turn
    arch = middle + 40 * _unit(turn + 0.5 * _HEAD)
    nodes = np.stack([off * 0.8 * side + [0, 0, 12], at_annulus, sinus, junction, middle, arch])
    waist = min(tube, root) * 0.96
    return Vessel(nodes, np.array([0.8 * annulus, annulus, root, waist, tube, tube]), Tissue.AORTA)


def draw_pulmonary(
    truth: Truth, radius_mm: float, rv_mm: float, rng: np.random.Generator
) -> Vessel:
    """RV outflow and pulmonary trunk; `rv_mm` is how far the RV reaches from the septum."""
    angle = np.radians(rng.normal(122, 7))
    side = np.array([np.cos(angle), -np.sin(angle), 0.0])
    strained = truth.diagnosis == "rv"
    lumen = rng.uniform(11, 14.5) + (rng.uniform(0, 4) if strained else 0)
    start = (radius_mm + 12 + 0.25 * rv_mm) * side + [0, 0, 14]
    valve = start * [0.9, 0.95, 0] + [0, 0, -10]
    lean = _unit(np.array([0.35, -0.15, -1.0]) + 0.35 * _HEAD + rng.normal(0, 0.07, 3))
    trunk, end = valve + 22 * lean, valve + 48 * lean
    nodes = np.stack([start, valve, trunk, end])
    return Vessel(nodes, np.array([1.1, 0.95, 1.0, 1.0]) * lumen, Tissue.PULMONARY_ARTERY)


def _unit(v: np.ndarray) -> np.ndarray:
    return v / np.linalg.norm(v)
