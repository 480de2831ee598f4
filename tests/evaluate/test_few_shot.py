"""Prototypes are those of scikit-learn and scipy; shots and queries never come from one half."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import NearestCentroid
from sklearn.preprocessing import normalize

from cmrclip_lite.evaluate.few_shot import few_shot, prototype_scores


def two_classes(count: int = 80, apart: float = 1.0, seed: int = 0) -> tuple:
    """Vectors around two means, their labels, and halves in turn."""
    rng = np.random.default_rng(seed)
    labels = (np.arange(count) % 4 < 2).astype(float)
    vectors = rng.normal(size=(count, 12)) + 3  # off the middle, so that centring matters
    vectors[:, 0] += apart * labels
    return vectors, labels, np.arange(count) % 2 == 0


def test_in_the_2_norm_cases_go_to_the_nearest_centroid_of_scikit_learn():
    vectors, labels, _ = two_classes(apart=2)
    shots, asked = vectors[:20], vectors[20:]
    middle = np.concatenate([shots[labels[:20] == k] for k in (1, 0)]).mean(0)
    expected = NearestCentroid().fit(normalize(shots - middle), labels[:20])
    scores = prototype_scores(shots[labels[:20] == 1], shots[labels[:20] == 0], asked, norm=2)
    np.testing.assert_array_equal(scores > 0.5, expected.predict(normalize(asked - middle)) == 1)


def test_in_the_3_norm_a_score_is_the_share_of_the_distances_of_scipy():
    vectors, labels, _ = two_classes()
    positive, negative, asked = vectors[labels == 1][:5], vectors[labels == 0][:5], vectors[10:]
    middle = np.concatenate([positive, negative]).mean(0)
    prototypes = [normalize(shots - middle).mean(0) for shots in (negative, positive)]
    distances = cdist(normalize(asked - middle), prototypes, "minkowski", p=3)
    expected = distances[:, 0] / distances.sum(1)
    assert prototype_scores(positive, negative, asked) == pytest.approx(expected)


def test_with_all_shots_of_a_half_the_auc_is_that_of_the_other_half():
    vectors, labels, first = two_classes()
    (found,) = few_shot(vectors, labels, first, shots=(20,), episodes=2)
    areas = []
    for drawn, asked in ((first, ~first), (~first, first)):
        shots = [vectors[drawn & (labels == k)] for k in (1, 0)]
        scores = prototype_scores(*shots, vectors[asked])
        areas.append(roc_auc_score(labels[asked], scores))
    assert found.auc.value == pytest.approx(np.mean(areas))
    assert found.spread == pytest.approx(np.std(areas))


def test_more_shots_tell_more_and_depend_less_on_which_they_are():
    found = few_shot(*two_classes(400, apart=2))
    assert [one.shots for one in found] == [1, 2, 4, 8, 16, 32]
    assert [one.auc.value for one in found] == sorted(one.auc.value for one in found)
    assert found[-1].spread < 0.5 * found[0].spread
    assert all(one.auc.low < one.auc.value < one.auc.high for one in found)


def test_classes_that_do_not_differ_are_not_told_apart():
    found = few_shot(*two_classes(400, apart=0))
    assert all(one.auc.value == pytest.approx(0.5, abs=0.05) for one in found)


def test_only_as_many_shots_as_both_halves_hold_are_drawn():
    vectors, labels, first = two_classes()
    labels[(labels == 1) & ~first] = np.nan
    labels[np.flatnonzero(np.isnan(labels))[:3]] = 1.0
    assert [one.shots for one in few_shot(vectors, labels, first)] == [1, 2]
    assert few_shot(vectors, np.zeros(80), first) == []
    assert few_shot(vectors, labels, np.ones(80, bool)) == []


def test_the_same_cohort_gives_the_same_figures():
    assert few_shot(*two_classes(), episodes=4) == few_shot(*two_classes(), episodes=4)
