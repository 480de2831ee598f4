"""Does a score tell cases with a condition from cases without?

`(N,)` scores and labels are of the same cases. Where labels may be unknown they are numbers: 1, 0,
or NaN for a case that is left out.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .intervals import RESAMPLES, Estimate

_BLOCK = 4_000_000  # cases of resamples that are weighed at once


def auc(scores: np.ndarray, labels: np.ndarray, seed: int = 0) -> Estimate:
    """Area under the ROC curve of `scores` `(N,)` for bool `labels` `(N,)`.

    The share of pairs of a positive and a negative in which the positive scores higher, ties
    counting half (Hanley & McNeil 1982). Positives and negatives are resampled apart, so that
    every resample holds both.

    Raises:
        ValueError: if all labels are the same.
    """
    once = np.ones((1, len(np.asarray(labels))))
    value = weighted_aucs(scores, labels, once)[0]
    return Estimate.of(value, weighted_aucs(scores, labels, drawn_apart(labels, seed)))


def mean_auc(asked: Sequence[tuple[np.ndarray, np.ndarray]], seed: int = 0) -> Estimate:
    """The mean AUC over conditions, its interval from patients resampled for all at once.

    Args:
        asked: scores and labels (1, 0 or NaN), both `(N,)`, of each condition.
    """
    values, resampled = resampled_aucs(asked, seed)
    return Estimate.of(values.mean(), mean_over_conditions(resampled))


def resampled_aucs(
    asked: Sequence[tuple[np.ndarray, np.ndarray]], seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """The AUC of each of C conditions `(C,)`, and in each resample of the patients `(C, R)`.

    A patient is drawn for all conditions at once. NaN where a resample holds no positive or no
    negative.

    Args:
        asked: scores and labels (1, 0 or NaN), both `(N,)`, of each condition.

    Raises:
        ValueError: if all labels of a condition are the same.
    """
    patients = len(asked[0][0])
    rng = np.random.default_rng(seed)
    # How often each patient is drawn in each resample.
    drawn = rng.multinomial(patients, np.full(patients, 1 / patients), RESAMPLES).astype(float)
    values, resampled = [], []
    for scores, labels in asked:
        judged = ~np.isnan(labels)
        known = labels[judged] == 1
        values.append(weighted_aucs(scores[judged], known, np.ones((1, judged.sum())))[0])
        resampled.append(weighted_aucs(scores[judged], known, drawn[:, judged]))
    return np.array(values), np.array(resampled)


def mean_over_conditions(resampled: np.ndarray) -> np.ndarray:
    """`(R,)` means of `(C, R)`; a condition that is undefined in a resample is left out of it."""
    defined = ~np.isnan(resampled)
    sums, counts = np.where(defined, resampled, 0).sum(0), defined.sum(0)
    return np.divide(sums, counts, out=np.full(len(sums), np.nan), where=counts > 0)


def drawn_apart(labels: np.ndarray, seed: int = 0) -> np.ndarray:
    """`(R, N)`: how often each case is drawn, positives and negatives apart."""
    labels = np.asarray(labels, bool)
    groups = [np.flatnonzero(labels), np.flatnonzero(~labels)]
    rng = np.random.default_rng(seed)
    drawn = np.zeros((RESAMPLES, len(labels)), np.float32)
    for row in drawn:
        for group in groups:
            if len(group):
                picked = rng.integers(len(group), size=len(group))
                row[group] = np.bincount(picked, minlength=len(group))
    return drawn


def weighted_aucs(scores: np.ndarray, labels: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """`(R,)` AUC where each case counts as often as it is drawn `(R, N)`; NaN where undefined.

    Raises:
        ValueError: if all labels are the same.
    """
    scores, labels = np.asarray(scores, float), np.asarray(labels, bool)
    if labels.all() or not labels.any():
        raise ValueError("An AUC needs positives and negatives.")
    order = np.argsort(scores, kind="stable")
    scores, labels, drawn = scores[order], labels[order], drawn[:, order]
    # For each case, where the cases of equal score begin and end.
    first = np.searchsorted(scores, scores, side="left")
    end = np.searchsorted(scores, scores, side="right")
    step = max(1, _BLOCK // len(scores))
    areas = []
    for start in range(0, len(drawn), step):
        part = drawn[start : start + step].astype(float)
        below = np.zeros((len(part), len(scores) + 1))
        np.cumsum(part * ~labels, axis=1, out=below[:, 1:])
        won = (below[:, first[labels]] + below[:, end[labels]]) / 2
        positive = part[:, labels]
        pairs = positive.sum(1) * below[:, -1]
        total = (positive * won).sum(1)
        areas.append(np.divide(total, pairs, out=np.full(len(part), np.nan), where=pairs > 0))
    return np.concatenate(areas)


def average_precision(scores: np.ndarray, labels: np.ndarray, seed: int = 0) -> Estimate:
    """Mean, over the positives, of the precision among all that score at least as high.

    Chance gives about the share of positives. Unlike of retrieval's other figures, the cases that
    are ranked are resampled here, positives and negatives apart: there is one query, and a case
    drawn twice is two patients alike, not a copy to be found.

    Args:
        scores: `(N,)`; cases with equal scores come in together.
        labels: `(N,)` bool.

    Raises:
        ValueError: if there is no positive.
    """
    scores, labels = np.asarray(scores, float), np.asarray(labels, bool)
    if not labels.any():
        raise ValueError("An average precision needs at least one positive.")
    order = np.argsort(-scores, kind="stable")
    scores, labels = scores[order], labels[order]
    # The last place of each block of equal scores, for every place in it.
    last = np.searchsorted(-scores, -scores, side="right") - 1
    rng = np.random.default_rng(seed)
    drawn = np.empty((RESAMPLES + 1, len(scores)))
    drawn[0] = 1  # the cases as they are
    for group in (labels, ~labels):
        if count := group.sum():
            drawn[1:, group] = rng.multinomial(count, np.full(count, 1 / count), RESAMPLES)
    seen, hits = np.cumsum(drawn, axis=1), np.cumsum(drawn * labels, axis=1)
    precision = hits[:, last] / np.maximum(seen[:, last], 1)
    values = (precision * drawn * labels).sum(1) / labels.sum()
    return Estimate.of(values[0], values[1:])
