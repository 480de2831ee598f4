"""Probes see what is there, and nothing of the case that they score."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, roc_auc_score

from cmrclip_lite.evaluate.probes import LINEAR, MLP, probe


def ring(count: int = 200) -> tuple[np.ndarray, np.ndarray]:
    """A disc in a ring: no line tells them apart."""
    rng = np.random.default_rng(0)
    labels = (np.arange(count) % 2).astype(float)
    angle, radius = rng.uniform(0, 2 * np.pi, count), 1 + 2 * labels + rng.normal(0, 0.2, count)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1), labels


def test_a_line_is_found_whatever_the_scale_of_its_axis():
    rng = np.random.default_rng(1)
    labels = (np.arange(120) % 3 == 0).astype(float)
    vectors = rng.normal(size=(120, 6)) * 1000
    vectors[:, 2] = 1e-4 * (labels + rng.normal(0, 0.3, 120))
    found = probe(vectors, labels, LINEAR)
    assert found.auc.value > 0.95 and found.called.accuracy.value > 0.85


@pytest.mark.slow
def test_the_network_finds_what_no_line_does():
    assert probe(*ring(), LINEAR).auc.value < 0.65
    assert probe(*ring(), MLP).auc.value > 0.95


@pytest.mark.slow
@pytest.mark.parametrize("name", [LINEAR, MLP])
def test_labels_without_meaning_are_not_learnt_by_heart(name):
    rng = np.random.default_rng(2)
    vectors, labels = rng.normal(size=(120, 40)), (rng.random(120) < 0.5).astype(float)
    assert probe(vectors, labels, name).auc.value == pytest.approx(0.5, abs=0.15)


def test_figures_are_those_of_scikit_learn_on_the_scores_of_the_folds():
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold

    vectors, labels = ring()
    vectors = np.concatenate([vectors, labels[:, None] + np.sin(np.arange(200))[:, None]], axis=1)
    labels[:10] = np.nan
    known = ~np.isnan(labels)
    x, y = vectors[known], labels[known] == 1
    scores = np.empty(len(y))
    for train, test in StratifiedKFold(5, shuffle=True, random_state=0).split(x, y):
        mean, deviation = x[train].mean(0), x[train].std(0)
        fitted = LogisticRegression(max_iter=1000).fit((x[train] - mean) / deviation, y[train])
        scores[test] = fitted.predict_proba((x[test] - mean) / deviation)[:, 1]
    found = probe(vectors, labels, LINEAR)
    assert found.auc.value == pytest.approx(roc_auc_score(y, scores))
    assert found.called.accuracy.value == pytest.approx(accuracy_score(y, scores >= 0.5))


def test_fewer_positives_than_folds_are_not_probed():
    assert probe(np.zeros((30, 2)), np.array([1.0] * 4 + [0.0] * 26), LINEAR) is None
