"""Figures of scores, and their intervals, agree with scikit-learn and with what is worked out."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from cmrclip_lite.evaluate import auc, average_precision, macro_mean, mean_of, median_of


def graded(seed, count=80):
    """Scores with ties, that tell positives from negatives somewhat."""
    rng = np.random.default_rng(seed)
    labels = rng.random(count) < 0.3
    return np.round(labels + rng.normal(0, 1, count), 1), labels


def test_auc_is_that_of_scikit_learn_with_ties():
    scores, labels = graded(0)
    assert auc(scores, labels).value == pytest.approx(roc_auc_score(labels, scores))


def test_interval_holds_the_value_and_shrinks_with_more_patients():
    rng = np.random.default_rng(1)

    def width(n):
        labels = np.arange(n) % 2 == 0
        found = auc(labels + rng.normal(0, 1, n), labels)
        assert found.low <= found.value <= found.high
        return found.high - found.low

    assert width(400) < width(40)


def test_auc_without_both_classes_is_refused():
    with pytest.raises(ValueError, match="positives and negatives"):
        auc(np.arange(3), np.ones(3, bool))


@pytest.mark.parametrize("seed", range(5))
def test_average_precision_is_that_of_scikit_learn_with_ties(seed):
    scores, labels = graded(seed)
    found = average_precision(scores, labels)
    assert found.value == pytest.approx(average_precision_score(labels, scores))
    assert found.low < found.value < found.high


def test_the_interval_of_an_average_precision_is_that_of_drawn_cases():
    scores, labels = graded(7, 200)
    rng = np.random.default_rng(1)
    resampled = []
    for _ in range(1000):
        drawn = np.concatenate([rng.choice(np.flatnonzero(c), c.sum()) for c in (labels, ~labels)])
        resampled.append(average_precision_score(labels[drawn], scores[drawn]))
    found = average_precision(scores, labels)
    assert (found.low, found.high) == pytest.approx(
        np.quantile(resampled, (0.025, 0.975)), abs=0.02
    )


def test_average_precision_without_a_positive_is_refused_and_without_a_negative_is_one():
    with pytest.raises(ValueError, match="at least one positive"):
        average_precision(np.arange(3), np.zeros(3, bool))
    assert average_precision(np.arange(3), np.ones(3, bool)).value == 1


def test_a_mean_has_the_interval_of_its_standard_error():
    values = np.random.default_rng(2).normal(5, 2, 400)
    found = mean_of(values)
    assert found.value == pytest.approx(values.mean())
    half = 1.96 * values.std() / 20
    assert (found.low, found.high) == pytest.approx((5 - half, 5 + half), abs=0.25)
    assert found.high - found.low == pytest.approx(2 * half, rel=0.1)


def test_queries_without_a_value_are_left_out():
    values = np.array([1.0, np.nan, 3.0, 8.0])
    assert mean_of(values).value == 4 and median_of(values).value == 3
    with pytest.raises(ValueError, match="No query"):
        mean_of(np.full(3, np.nan))


def test_every_group_counts_the_same_in_a_macro_mean():
    # 99 queries of one group at 1, a single one of the other at 0.
    values = np.full((100, 2), np.nan)
    values[:99, 0], values[99, 1] = 1, 0
    found = macro_mean(values)
    assert found.value == 0.5
    # Where the single query was not drawn, the other group stands alone.
    assert (found.low, found.high) == (0.5, 1.0)
    with pytest.raises(ValueError, match="Every group"):
        macro_mean(np.full((3, 1), np.nan))


def test_the_macro_mean_of_one_group_is_its_mean():
    values = np.random.default_rng(3).random(300)
    one, many = mean_of(values), macro_mean(values[:, None])
    assert (one.value, one.low, one.high) == pytest.approx(
        (many.value, many.low, many.high), abs=5e-3
    )
