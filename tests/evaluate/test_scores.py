"""Resampled AUCs are those of scikit-learn on the cases that were drawn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from cmrclip_lite.evaluate import auc, mean_auc
from cmrclip_lite.evaluate.scores import drawn_apart, resampled_aucs, weighted_aucs


def graded(seed: int, count: int = 60) -> tuple[np.ndarray, np.ndarray]:
    """Scores with ties, that tell positives from negatives somewhat."""
    rng = np.random.default_rng(seed)
    labels = rng.random(count) < 0.3
    return np.round(labels + rng.normal(0, 1, count), 1), labels


def test_each_resample_has_the_auc_of_its_cases():
    scores, labels = graded(0)
    drawn = drawn_apart(labels)
    assert drawn[:, labels].sum(1).tolist() == [labels.sum()] * len(drawn)
    assert drawn[:, ~labels].sum(1).tolist() == [(~labels).sum()] * len(drawn)
    found = weighted_aucs(scores, labels, drawn[:20])
    expected = [roc_auc_score(labels, scores, sample_weight=weights) for weights in drawn[:20]]
    assert found == pytest.approx(expected)


def test_a_resample_without_a_positive_has_no_auc():
    drawn = np.array([[1, 1, 1], [0, 2, 1]])
    found = weighted_aucs(np.array([0.3, 0.2, 0.1]), np.array([True, False, False]), drawn)
    assert found[0] == 1 and np.isnan(found[1])


def test_cases_of_unknown_label_do_not_count():
    scores, labels = graded(1)
    padded = np.append(scores, 99.0), np.append(labels.astype(float), np.nan)
    values, resampled = resampled_aucs([padded, padded])
    assert values == pytest.approx([roc_auc_score(labels, scores)] * 2)
    np.testing.assert_array_equal(resampled[0], resampled[1])  # the same patients for both


def test_the_interval_of_a_mean_is_narrower_than_of_one_where_conditions_are_independent():
    asked = [
        (s, labels.astype(float)) for s, labels in (graded(seed, 200) for seed in range(2, 10))
    ]
    one, mean = auc(asked[0][0], asked[0][1] == 1), mean_auc(asked)
    expected = np.mean([roc_auc_score(labels, scores) for scores, labels in asked])
    assert mean.value == pytest.approx(expected)
    assert mean.high - mean.low < 0.5 * (one.high - one.low)
