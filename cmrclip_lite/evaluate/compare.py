"""Is one checkpoint better than another on the same cases?

A difference is always the second less the first. Findings are tested one by one; what many tests
find by chance is held down by Holm's correction.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .intervals import RESAMPLES, Estimate
from .scores import drawn_apart, mean_over_conditions, resampled_aucs, weighted_aucs

_Z = 1.959963984540054  # of a two-sided 95 % interval


@dataclass(frozen=True)
class PairedTest:
    """Two AUCs on the same cases, their difference, and how likely such a one is by chance.

    Attributes:
        p: two-sided; NaN where neither order of any pair differs, so that nothing can be said.
    """

    first: float
    second: float
    difference: Estimate
    p: float


def delong(first: np.ndarray, second: np.ndarray, labels: np.ndarray) -> PairedTest:
    """The test of DeLong, DeLong & Clarke-Pearson (Biometrics 1988) for two correlated AUCs.

    Args:
        first, second: `(N,)` scores of the same cases.
        labels: `(N,)` bool.

    Raises:
        ValueError: if there are fewer than two positives or two negatives.
    """
    labels = np.asarray(labels, bool)
    if labels.sum() < 2 or (~labels).sum() < 2:
        raise ValueError("DeLong's test needs two positives and two negatives.")
    placed = [_placements(np.asarray(scores, float), labels) for scores in (first, second)]
    positives, negatives = (np.stack(part) for part in zip(*placed, strict=True))
    areas = positives.mean(1)
    covariance = np.cov(positives) / positives.shape[1] + np.cov(negatives) / negatives.shape[1]
    error = math.sqrt(max(0.0, covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1]))
    difference = float(areas[1] - areas[0])
    if error < 1e-12:
        p = math.nan if abs(difference) < 1e-12 else 0.0
    else:
        p = math.erfc(abs(difference) / error / math.sqrt(2))
    interval = Estimate(difference, difference - _Z * error, difference + _Z * error)
    return PairedTest(float(areas[0]), float(areas[1]), interval, p)


def paired_bootstrap(
    first: np.ndarray, second: np.ndarray, labels: np.ndarray, seed: int = 0
) -> PairedTest:
    """The same question by drawing cases, the same for both, positives and negatives apart.

    Raises:
        ValueError: if all labels are the same.
    """
    drawn = drawn_apart(labels, seed)
    once = np.ones((1, len(drawn[0])))
    areas = [float(weighted_aucs(scores, labels, once)[0]) for scores in (first, second)]
    resampled = weighted_aucs(second, labels, drawn) - weighted_aucs(first, labels, drawn)
    return _tested(areas[0], areas[1], resampled)


def mean_difference(
    first: Sequence[np.ndarray], second: Sequence[np.ndarray], labels: Sequence[np.ndarray]
) -> PairedTest:
    """The same for the mean AUC over findings, patients drawn for all findings at once.

    Args:
        first, second: of each finding, `(N,)` scores.
        labels: of each finding, `(N,)`: 1, 0, or NaN for a case that is left out.
    """
    values, draws = zip(
        *(resampled_aucs(list(zip(s, labels, strict=True))) for s in (first, second)), strict=True
    )
    resampled = mean_over_conditions(draws[1] - draws[0])
    return _tested(float(values[0].mean()), float(values[1].mean()), resampled)


def holm(p_values: Sequence[float]) -> list[float]:
    """P values corrected for there being several tests (Holm, Scand J Stat 1979); NaN stays NaN."""
    p = np.asarray(p_values, float)
    known = np.flatnonzero(~np.isnan(p))
    order = known[np.argsort(p[known], kind="stable")]
    corrected = np.full(len(p), np.nan)
    factors = np.arange(len(order), 0, -1)
    corrected[order] = np.minimum(1, np.maximum.accumulate(p[order] * factors))
    return corrected.tolist()


def _tested(first: float, second: float, resampled: np.ndarray) -> PairedTest:
    """From the differences of the resamples: twice the share on the rarer side of none."""
    resampled = resampled[~np.isnan(resampled)]
    difference = Estimate.of(second - first, resampled)
    if not np.abs(resampled).max(initial=0) > 1e-12:
        return PairedTest(first, second, difference, math.nan)
    # One is added so that no p is 0: no more can be told from so many resamples.
    rarer = min((resampled <= 0).sum(), (resampled >= 0).sum())
    return PairedTest(first, second, difference, float(min(1, 2 * (rarer + 1) / (RESAMPLES + 1))))


def _placements(scores: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of each positive, the share of negatives below it, and of each negative of positives above.

    Ties count half.
    """
    positive, negative = scores[labels], scores[~labels]
    return _below(positive, negative), 1 - _below(negative, positive)


def _below(values: np.ndarray, others: np.ndarray) -> np.ndarray:
    others = np.sort(others)
    left, right = (np.searchsorted(others, values, side) for side in ("left", "right"))
    return (left + right) / 2 / len(others)
