"""Lines through scores, drawn on some cases and judged on others, as scikit-learn counts."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score, recall_score, roc_curve

from cmrclip_lite.evaluate.splits import first_half
from cmrclip_lite.evaluate.thresholds import across_halves, from_other, judged, youden


def graded(seed: int, count: int = 200) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    labels = (rng.random(count) < 0.3).astype(float)
    return np.round(labels + rng.normal(0, 1, count), 1), labels


@pytest.mark.parametrize("seed", range(5))
def test_no_point_of_the_roc_curve_is_better_than_the_threshold(seed):
    scores, labels = graded(seed)
    threshold = youden(scores, labels == 1)
    alarms, hits, _ = roc_curve(labels, scores)
    called = scores >= threshold
    found = called[labels == 1].mean() - called[labels == 0].mean()
    assert found == pytest.approx((hits - alarms).max())
    assert threshold not in scores  # between two of them


def test_of_equally_good_thresholds_the_most_sensitive_is_taken():
    # Above 1.5 are both positives and one of two negatives; above 3.5 one positive alone.
    scores = np.array([1.0, 2.0, 3.0, 4.0])
    assert youden(scores, np.array([False, True, False, True])) == 1.5


def test_neighbouring_floats_are_still_told_apart():
    low = np.float64(0.3)
    scores = np.array([low, np.nextafter(low, 1)])
    threshold = youden(scores, np.array([False, True]))
    assert (scores >= threshold).tolist() == [False, True]


def test_figures_at_a_threshold_are_those_of_scikit_learn():
    scores, labels = graded(7)
    called, known = scores >= 0.4, labels == 1
    found = judged(called, known, (0.4,), "nothing")
    assert found.accuracy.value == pytest.approx(accuracy_score(known, called))
    assert found.f1.value == pytest.approx(f1_score(known, called))
    assert found.sensitivity.value == pytest.approx(recall_score(known, called))
    assert found.specificity.value == pytest.approx(recall_score(~known, ~called))


def test_their_intervals_are_those_of_drawn_cases():
    scores, labels = graded(8)
    called, known = scores >= 0.4, labels == 1
    found = judged(called, known, (0.4,), "nothing")
    rng = np.random.default_rng(1)
    groups = [np.flatnonzero(known), np.flatnonzero(~known)]
    drawn = [np.concatenate([rng.choice(g, len(g)) for g in groups]) for _ in range(300)]
    for figure, name in (
        (f1_score, "f1"),
        (accuracy_score, "accuracy"),
        (recall_score, "sensitivity"),
    ):
        low, high = np.quantile([figure(known[d], called[d]) for d in drawn], (0.025, 0.975))
        estimate = getattr(found, name)
        assert (estimate.low, estimate.high) == pytest.approx((low, high), abs=0.03), name


def test_calling_no_positive_gives_an_f1_of_0():
    known = np.array([True, True, False])
    found = judged(np.zeros(3, bool), known, (9.0,), "nothing")
    assert (found.f1.value, found.f1.high, found.specificity.value) == (0, 0, 1)


def test_each_half_is_called_by_the_threshold_of_the_other():
    scores, labels = graded(9)
    labels[:20] = np.nan
    first = np.arange(200) % 2 == 0
    known = ~np.isnan(labels)
    found = across_halves(scores, labels, first)
    called = np.zeros(200, bool)
    for chosen, asked in ((first, ~first), (~first, first)):
        line = youden(scores[chosen & known], labels[chosen & known] == 1)
        assert line in found.thresholds
        called[asked] = scores[asked] >= line
    assert found.accuracy.value == pytest.approx(accuracy_score(labels[known], called[known]))
    assert found.positives + found.negatives == 180
    # A perfect score chosen on the cases themselves would give 1; noise chosen elsewhere does not.
    noise = np.random.default_rng(0).normal(size=200)
    at = across_halves(noise, labels, first)
    assert at.sensitivity.value + at.specificity.value - 1 == pytest.approx(0, abs=0.15)


def test_a_half_without_a_positive_has_no_threshold():
    scores, labels = np.arange(6.0), np.array([1.0, 0, 0, 0, 0, 0])
    assert across_halves(scores, labels, np.arange(6) < 3) is None
    assert from_other((scores, np.zeros(6)), scores, labels, "elsewhere") is None


def test_a_threshold_of_another_cohort_is_applied_as_it_is():
    chosen, (scores, labels) = graded(10), graded(11)
    found = from_other(chosen, scores, labels, "elsewhere")
    line = youden(chosen[0], chosen[1] == 1)
    assert found.thresholds == (line,) and "elsewhere" in found.chosen_on
    assert found.sensitivity.value == pytest.approx(recall_score(labels, scores >= line))


def test_halves_are_about_equal_and_do_not_depend_on_who_else_is_there():
    ids = [f"exam-{i:04d}" for i in range(1000)]
    halves = first_half(ids)
    assert 400 < halves.sum() < 600
    np.testing.assert_array_equal(first_half(ids[::-3]), halves[::-3])
    # Fixed for ever: a change would change what thresholds are judged on.
    assert first_half(["a", "b", "c", "d"]).tolist() == [True, False, True, False]
