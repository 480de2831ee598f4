"""ROC curves with bands."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .intervals import RESAMPLES

_GRID = 101
_LEVELS = (0.025, 0.975)


@dataclass(frozen=True)
class Roc:
    """Sensitivity for each of some false positive rates, 0 to 1 in steps of a hundredth.

    Attributes:
        rates: `(G,)` false positive rates.
        sensitivities: at each; straight lines join the corners of the curve.
        low, high: its pointwise 95 % band.
    """

    rates: tuple[float, ...]
    sensitivities: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]


def roc(scores: np.ndarray, labels: np.ndarray, seed: int = 0) -> Roc:
    """The curve of `scores` `(N,)` for bool `labels` `(N,)`, and its band.

    The band is a bootstrap with positives and negatives drawn apart.

    Raises:
        ValueError: if all labels are the same.
    """
    scores, labels = np.asarray(scores, float), np.asarray(labels, bool)
    positive, negative = scores[labels], scores[~labels]
    if not len(positive) or not len(negative):
        raise ValueError("A ROC curve needs positives and negatives.")
    grid = np.linspace(0, 1, _GRID)
    rng = np.random.default_rng(seed)
    drawn = np.empty((RESAMPLES, _GRID))
    for row in drawn:
        row[:] = _curve(rng.choice(positive, len(positive)), rng.choice(negative, len(negative)))
    low, high = np.quantile(drawn, _LEVELS, axis=0)
    lines = (grid, _curve(positive, negative), low, high)
    return Roc(*(tuple(np.round(line, 4).tolist()) for line in lines))


def _curve(positive: np.ndarray, negative: np.ndarray) -> np.ndarray:
    """`(G,)` sensitivities on the grid."""
    cuts = np.unique(np.concatenate([positive, negative]))[::-1]
    positive, negative = np.sort(positive), np.sort(negative)
    hits = 1 - np.searchsorted(positive, cuts) / len(positive)
    alarms = 1 - np.searchsorted(negative, cuts) / len(negative)
    # From the corner where nothing is called. Where the curve goes straight up, the upper end
    # counts: np.interp takes the last of equal places.
    return np.interp(np.linspace(0, 1, _GRID), np.append(0, alarms), np.append(0, hits))
