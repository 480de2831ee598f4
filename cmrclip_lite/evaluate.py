"""How good scores and retrieval are, always with an interval.

Intervals are percentile bootstraps over patients (Efron & Tibshirani 1993), resampling positives
and negatives apart so that every resample holds both.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

RESAMPLES = 1000


@dataclass(frozen=True)
class Estimate:
    """A figure and its 95 % interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f})"


def auc(scores: np.ndarray, labels: np.ndarray, seed: int = 0) -> Estimate:
    """Area under the ROC curve of `scores` `(N,)` for bool `labels` `(N,)`.

    The share of pairs of a positive and a negative in which the positive scores higher, ties
    counting half (Hanley & McNeil 1982).

    Raises:
        ValueError: if all labels are the same.
    """
    scores, labels = np.asarray(scores, float), np.asarray(labels, bool)
    positive, negative = scores[labels], scores[~labels]
    if not len(positive) or not len(negative):
        raise ValueError("An AUC needs positives and negatives.")
    wins = np.sign(positive[:, None] - negative[None]) / 2 + 0.5
    rng = np.random.default_rng(seed)
    resampled = []
    for _ in range(RESAMPLES):
        rows = rng.integers(len(positive), size=len(positive))
        columns = rng.integers(len(negative), size=len(negative))
        resampled.append(wins[rows][:, columns].mean())
    return Estimate(float(wins.mean()), *np.quantile(resampled, (0.025, 0.975)).tolist())


def match_ranks(queries: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """For each query `(N, D)` the rank, from 1, of the target `(N, D)` with the same index."""
    similarity = queries @ targets.T
    return 1 + (similarity > np.diag(similarity)[:, None]).sum(1)


def recall_at(ranks: np.ndarray, k: int, seed: int = 0) -> Estimate:
    """The share of queries whose match is among the first `k`."""
    hit = np.asarray(ranks) <= k
    rng = np.random.default_rng(seed)
    means = rng.choice(hit, (RESAMPLES, len(hit))).mean(1)
    return Estimate(float(hit.mean()), *np.quantile(means, (0.025, 0.975)).tolist())
