"""ROC curves are those of scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import auc as area_under
from sklearn.metrics import roc_auc_score, roc_curve

from cmrclip_lite.evaluate.roc import roc


@pytest.mark.parametrize("seed", range(3))
def test_the_curve_is_that_of_scikit_learn_with_ties(seed):
    rng = np.random.default_rng(seed)
    labels = rng.random(80) < 0.3
    scores = np.round(labels + rng.normal(0, 1, 80), 1)
    found = roc(scores, labels)
    alarms, hits, _ = roc_curve(labels, scores, drop_intermediate=False)
    # Off the corners, where both go straight up.
    grid = np.array(found.rates)
    off = ~np.isin(np.round(grid, 6), np.round(alarms, 6))
    assert np.array(found.sensitivities)[off] == pytest.approx(
        np.interp(grid[off], alarms, hits), abs=1e-4
    )
    area = area_under((0, *found.rates), (0, *found.sensitivities))
    assert area == pytest.approx(roc_auc_score(labels, scores), abs=0.02)
    low, high = np.array(found.low), np.array(found.high)
    assert (low <= high).all() and (low[1:-1] < np.array(found.sensitivities)[1:-1] + 1e-9).all()


def test_a_perfect_score_has_a_curve_without_a_band():
    found = roc(np.arange(10.0), np.arange(10) > 4)
    assert set(found.sensitivities) == set(found.low) == set(found.high) == {1.0}
    with pytest.raises(ValueError, match="positives and negatives"):
        roc(np.arange(3.0), np.ones(3, bool))
