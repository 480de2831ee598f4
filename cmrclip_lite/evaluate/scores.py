"""Does a score tell cases with a condition from cases without?"""

from __future__ import annotations

import numpy as np

from .intervals import RESAMPLES, Estimate


def auc(scores: np.ndarray, labels: np.ndarray, seed: int = 0) -> Estimate:
    """Area under the ROC curve of `scores` `(N,)` for bool `labels` `(N,)`.

    The share of pairs of a positive and a negative in which the positive scores higher, ties
    counting half (Hanley & McNeil 1982). Positives and negatives are resampled apart, so that
    every resample holds both.

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
    return Estimate.of(wins.mean(), np.array(resampled))


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
