"""What a score says when a line is drawn: accuracy, F1, sensitivity and specificity.

The line is Youden's (Cancer 1950), drawn on other cases than those it is judged on. Scores at it
or above count as positive.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .intervals import RESAMPLES, Estimate


@dataclass(frozen=True)
class AtThreshold:
    """How cases are called at a threshold that was chosen without them.

    Attributes:
        thresholds: one, or that of each half, which was applied to the other.
        chosen_on: in words.
        positives, negatives: cases that were called.
    """

    thresholds: tuple[float, ...]
    chosen_on: str
    positives: int
    negatives: int
    accuracy: Estimate
    f1: Estimate
    sensitivity: Estimate
    specificity: Estimate


def youden(scores: np.ndarray, labels: np.ndarray) -> float:
    """The threshold with the highest sensitivity + specificity - 1.

    It lies halfway between two neighbouring scores, so that it favours neither of them on other
    cases. Of several that are as good, the lowest: the most sensitive.

    Args:
        scores: `(N,)`.
        labels: `(N,)` bool.

    Raises:
        ValueError: if all labels are the same.
    """
    scores, labels = np.asarray(scores, float), np.asarray(labels, bool)
    if labels.all() or not labels.any():
        raise ValueError("A threshold needs positives and negatives.")
    levels = np.unique(scores)
    middles = np.concatenate([[levels[0]], (levels[1:] + levels[:-1]) / 2])
    # A middle of two neighbouring floats may round down to the lower one.
    middles[1:] = np.where(middles[1:] > levels[:-1], middles[1:], levels[1:])
    positive, negative = np.sort(scores[labels]), np.sort(scores[~labels])
    sensitivity = 1 - np.searchsorted(positive, middles) / len(positive)
    specificity = np.searchsorted(negative, middles) / len(negative)
    # Rounded, so that equally good ones are equal.
    return float(middles[np.argmax(np.round(sensitivity + specificity, 12))])


def judged(
    called: np.ndarray,
    labels: np.ndarray,
    thresholds: tuple[float, ...],
    chosen_on: str,
    seed: int = 0,
) -> AtThreshold:
    """Figures of cases called positive or not, `(N,)` bool, whose labels `(N,)` bool are known.

    Intervals are bootstraps with positives and negatives drawn apart, as of an AUC: how many of
    P drawn positives are called is binomial, so the counts are drawn rather than the cases.

    Raises:
        ValueError: if all labels are the same.
    """
    positives, negatives = int(labels.sum()), int((~labels).sum())
    if not positives or not negatives:
        raise ValueError("Figures at a threshold need positives and negatives.")
    hit, passed = int((called & labels).sum()), int((~called & ~labels).sum())
    rng = np.random.default_rng(seed)
    hits = np.append(hit, rng.binomial(positives, hit / positives, RESAMPLES))
    passes = np.append(passed, rng.binomial(negatives, passed / negatives, RESAMPLES))
    # F1 is 2 TP / (2 TP + FP + FN); without a true positive it is 0.
    wrong = positives - hits + negatives - passes
    f1 = np.divide(2 * hits, 2 * hits + wrong, out=np.zeros(len(hits)), where=hits > 0)
    accuracy = (hits + passes) / (positives + negatives)
    parts = (accuracy, f1, hits / positives, passes / negatives)
    estimates = (Estimate.of(values[0], values[1:]) for values in parts)
    return AtThreshold(thresholds, chosen_on, positives, negatives, *estimates)


def across_halves(scores: np.ndarray, labels: np.ndarray, first: np.ndarray) -> AtThreshold | None:
    """Each half called by the threshold chosen on the other.

    Args:
        scores: `(N,)`.
        labels: `(N,)`, 1, 0, or NaN for a case that is left out.
        first: `(N,)` bool, from `splits.first_half`.

    Returns:
        None if a half lacks positives or negatives.
    """
    known = ~np.isnan(labels)
    halves = [known & first, known & ~first]
    if any(len(set(labels[half])) < 2 for half in halves):
        return None
    called = np.zeros(len(scores), bool)
    thresholds = []
    for chosen, asked in (halves, halves[::-1]):
        threshold = youden(scores[chosen], labels[chosen] == 1)
        called[asked] = scores[asked] >= threshold
        thresholds.append(threshold)
    words = "each half of the cohort, judged on the other"
    return judged(called[known], labels[known] == 1, tuple(thresholds), words)


def from_other(
    chosen: tuple[np.ndarray, np.ndarray], scores: np.ndarray, labels: np.ndarray, name: str
) -> AtThreshold | None:
    """All cases called by a threshold chosen on other cases.

    Args:
        chosen: scores and labels of the cases it is chosen on, as the next two.
        scores: `(N,)`.
        labels: `(N,)`, 1, 0, or NaN for a case that is left out.
        name: of the cohort it is chosen on.

    Returns:
        None if either cohort lacks positives or negatives.
    """
    other, known = ~np.isnan(chosen[1]), ~np.isnan(labels)
    if len(set(chosen[1][other])) < 2 or len(set(labels[known])) < 2:
        return None
    threshold = youden(chosen[0][other], chosen[1][other] == 1)
    called = scores[known] >= threshold
    return judged(called, labels[known] == 1, (threshold,), f"the cohort {name}")
