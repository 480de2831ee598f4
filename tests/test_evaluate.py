"""Figures agree with scikit-learn, and with what can be worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from cmrclip_lite.evaluate import auc, match_ranks, recall_at


def test_auc_is_that_of_scikit_learn_with_ties():
    rng = np.random.default_rng(0)
    labels = rng.random(80) < 0.3
    scores = np.round(labels + rng.normal(0, 1, 80), 1)
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


def test_ranks_and_recall_by_hand():
    targets = np.eye(3)
    queries = np.array([[1, 0, 0], [0.9, 0.5, 0], [0.9, 0.8, 0.5]])
    ranks = match_ranks(queries, targets)
    assert ranks.tolist() == [1, 2, 3]
    assert recall_at(ranks, 1).value == pytest.approx(1 / 3)
    assert recall_at(ranks, 2).value == pytest.approx(2 / 3)
