"""Where muscle enhances late after gadolinium: the pattern of each disease, segment by segment.

Patterns and their diseases: Mahrholdt et al., Eur Heart J 26:1461 (2005). How often each disease
enhances: dilated cardiomyopathy about a third (Gulati et al., JAMA 309:896, 2013), hypertrophic
cardiomyopathy about two thirds (Chan et al., Circulation 130:484, 2014); infarcts, amyloidosis and
the myocarditis drawn here nearly always.
"""

from __future__ import annotations

import numpy as np

from .maps import rough_map, segment_map, smooth_map
from .truth import Truth

_SEPTUM = (2, 3, 8, 9)
_INFEROLATERAL = (5, 11, 6, 12)
_REACH = {"akinetic": (0.55, 1.0), "dyskinetic": (0.75, 1.0), "hypokinetic": (0.22, 0.6)}
TRANSMURAL = 0.75


def infarct_scar(
    motion: tuple[str, ...], segments: tuple[int, ...], rng: np.random.Generator
) -> tuple[str, tuple[float, ...]]:
    """Pattern and share of the wall, by AHA segment, of an infarct of some segments.

    From the cavity outwards; muscle that does not move is scarred through most of its wall.
    """
    lge = np.zeros(16)
    for segment in segments:
        lge[segment - 1] = rng.uniform(*_REACH.get(motion[segment - 1], (0.2, 0.5)))
    pattern = "transmural" if lge.max() >= TRANSMURAL else "subendocardial"
    return pattern, _rounded(lge)


def draw_scar(
    diagnosis: str, walls: tuple[float, ...], rng: np.random.Generator
) -> tuple[str | None, tuple[float, ...]]:
    """Pattern and share of the wall, by AHA segment, of a disease that is no infarct.

    Args:
        diagnosis: as in `Truth.diagnosis`.
        walls: thickness by segment; hypertrophic muscle scars where it is thickest.
    """
    lge = np.zeros(16)
    if diagnosis == "hcm" and rng.random() < 0.62:
        thickest = np.argsort(walls)[::-1][: rng.integers(1, 5)]
        lge[thickest] = rng.uniform(0.25, 0.65, len(thickest))
        return "patchy", _rounded(lge)
    if diagnosis == "dcm" and rng.random() < 0.35:
        return "mid-wall", _band(lge, _SEPTUM, rng)
    if diagnosis == "amyloid":
        share = rng.uniform(0.35, 0.9)
        return "diffuse", _rounded(share * np.clip(rng.normal(1, 0.12, 16), 0.6, 1.1))
    if diagnosis == "myocarditis":
        if rng.random() < 0.7:
            return "epicardial", _band(lge, _INFEROLATERAL, rng)
        return "mid-wall", _band(lge, _SEPTUM, rng)
    return None, ()


def scar_maps(truth: Truth, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray] | None:
    """From where to where in the wall muscle is scarred: shares of the way outwards, as maps."""
    if truth.lge_pattern is None:
        return None
    share = segment_map(truth.lge) * np.clip(1 + smooth_map(rng, 0.15), 0.5, 1.5)
    if truth.lge_pattern in ("subendocardial", "transmural"):
        # An infarct has a border: it does not thin out towards healthy segments.
        edge = 0.5 * np.median([s for s in truth.lge if s > 0])
        near = 1 / (1 + np.exp(-(share - edge) / (0.12 * edge)))
        start, end = np.zeros_like(share), near * np.maximum(share, edge)
    elif truth.lge_pattern == "diffuse":
        start, end = np.zeros_like(share), share * np.clip(1 + 0.25 * rough_map(rng, 9), 0.3, 1.6)
    elif truth.lge_pattern == "epicardial":
        start, end = 1 - share, np.where(share > 0.12, 1.0, 0.0)
    else:
        middle = rng.uniform(0.42, 0.6)
        if truth.lge_pattern == "patchy":
            share = share * (rough_map(rng, 8) > -0.3)
        start, end = middle - share / 2, middle + np.where(share > 0.12, share / 2, -1)
    return start.astype(np.float32), np.minimum(end, 1.02).astype(np.float32)


def _band(lge: np.ndarray, segments: tuple[int, ...], rng: np.random.Generator) -> tuple:
    chosen = rng.permutation(segments)[: rng.integers(2, len(segments) + 1)]
    lge[chosen - 1] = rng.uniform(0.28, 0.55, len(chosen))
    return _rounded(lge)


def _rounded(lge: np.ndarray) -> tuple[float, ...]:
    return tuple(round(float(share), 2) for share in lge)
