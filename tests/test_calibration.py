"""Calibration agrees with scikit-learn and with worked examples, and never speaks without a cohort.

The truth is at hand where it is drawn: two normal distributions of scores have a logistic curve
whose slope and likelihood ratio are known.
"""

from __future__ import annotations

import sys
from math import comb

import numpy as np
import pytest
from scipy.stats import beta, norm
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV, calibration_curve
from sklearn.frozen import FrozenEstimator
from sklearn.isotonic import IsotonicRegression
from sklearn.metrics import brier_score_loss

from cmrclip_lite.errors import CmrClipError
from cmrclip_lite.evaluate.calibration import (
    METHODS,
    ReferenceCohort,
    at_prevalence,
    calibrate,
    cross_fitted,
    likelihood_ratio,
)
from cmrclip_lite.evaluate.conformal import conformal, covered, cross_sets, set_size
from cmrclip_lite.evaluate.reliability import (
    brier_score,
    calibration_error,
    error_by_chance,
    reliability,
    reliability_curve,
)
from cmrclip_lite.figures.calibration import reliability_diagram

APART = 1.5  # deviations between the means of those with and without


def cohort(count=400, share=0.25, seed=0):
    """Similarities of two normal distributions, 0.1 wide."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) < share * count
    return ReferenceCohort(
        "made-up hearts", "LV dilated", 0.1 * (APART * labels + rng.normal(size=count)), labels
    )


class Identity(ClassifierMixin, BaseEstimator):
    """A classifier of scikit-learn whose decision is the similarity itself."""

    def fit(self, x, y):
        self.classes_ = np.array([0, 1])
        return self

    def predict(self, x):
        return x[:, 0] > 0

    def decision_function(self, x):
        return x[:, 0]


def test_platt_scaling_is_that_of_scikit_learn():
    known = cohort()
    x = known.similarities[:, None]
    frozen = FrozenEstimator(Identity().fit(x, known.labels))
    theirs = CalibratedClassifierCV(frozen, method="sigmoid", ensemble=False)
    theirs.fit(x, known.labels.astype(int))
    at = np.quantile(known.similarities, (0, 0.1, 0.5, 0.9, 1))
    ours = [calibrate(known, "platt").read(value).probability for value in at]
    assert ours == pytest.approx(theirs.predict_proba(at[:, None])[:, 1], abs=2e-3)


def test_isotonic_regression_is_that_of_scikit_learn_but_for_its_ends():
    known = cohort()
    theirs = IsotonicRegression().fit(known.similarities, known.labels.astype(float))
    at = np.quantile(known.similarities, (0.3, 0.5, 0.7))
    ours = calibrate(known, "isotonic")
    assert [ours.read(v).probability for v in at] == pytest.approx(theirs.predict(at), abs=1e-9)
    # scikit-learn's ends are 0 and 1: certain for ever, from 400 cases.
    assert theirs.predict(known.similarities).min() == 0
    ends = [ours.read(v) for v in (known.similarities.min(), known.similarities.max())]
    assert all(0 < end.probability < 1 and 0 < end.likelihood_ratio < np.inf for end in ends)


@pytest.mark.parametrize("method", METHODS)
def test_likelihood_ratios_are_those_of_the_distributions_that_were_drawn_from(method):
    known = cohort(20_000)
    curve = calibrate(known, method)
    for z in (-0.5, 0.0, 0.75, 1.5, 2.0):
        truth = norm.pdf(z, APART) / norm.pdf(z)
        assert curve.read(0.1 * z).likelihood_ratio == pytest.approx(truth, rel=0.25)


def test_bayes_rule_carries_a_probability_to_another_prevalence():
    # Eddy 1982: sensitivity 79.2 %, false alarms 9.6 %, prevalence 1 %: 7.7 % have it.
    assert at_prevalence(0.792 / 0.096, 0.01) == pytest.approx(0.077, abs=5e-4)
    assert at_prevalence(likelihood_ratio(0.3, 0.2), 0.2) == pytest.approx(0.3)


def test_a_curve_carried_over_is_the_curve_of_a_cohort_with_that_prevalence():
    common, rare = cohort(20_000, 0.5), cohort(20_000, 0.05, seed=1)
    carried = calibrate(common).read(0.15, prevalence=0.05).probability
    assert carried == pytest.approx(calibrate(rare).read(0.15).probability, abs=0.02)


def test_a_reading_says_what_it_is_measured_against():
    curve = calibrate(cohort(), "platt")
    sentence = curve.read(0.1).sentence()
    for part in ("LV dilated", "400 cases of 'made-up hearts'", "100 of them with it (25%)"):
        assert part in sentence
    assert "likelihood ratio" in sentence and "Bayes" not in sentence
    carried = curve.read(0.1, prevalence=0.02).sentence()
    assert "Bayes' rule to patients of whom 2% do" in carried and "made-up hearts" in carried
    rare = curve.read(0.1, prevalence=0.002).sentence()
    assert "of whom 0.2% do" in rare and " 0% have it" not in rare


@pytest.mark.parametrize("method", METHODS)
def test_beyond_the_cohort_the_nearest_similarity_is_read_and_that_is_said(method):
    known = cohort()
    curve = calibrate(known, method)
    far, top = curve.read(0.99), curve.read(known.similarities.max())
    assert far.probability == top.probability < 1
    assert far.beyond and "outside those of all its cases" in far.sentence()
    assert not top.beyond and "outside" not in top.sentence()


@pytest.mark.parametrize("method", METHODS)
def test_a_cohort_told_apart_without_a_miss_gives_no_certainty(method):
    labels = np.arange(40) < 20
    known = ReferenceCohort(
        "few", "x", np.where(labels, 1.0, 0.0) + np.linspace(0, 0.1, 40), labels
    )
    assert 0.9 < calibrate(known, method).read(1.0).probability < 0.99


@pytest.mark.parametrize("method", METHODS)
def test_no_case_is_read_by_a_curve_that_knew_it(method):
    # Noise is learned by heart by isotonic steps; out of sample it says the prevalence.
    rng = np.random.default_rng(0)
    labels = rng.random(200) < 0.5
    noise = ReferenceCohort("noise", "x", rng.normal(size=200), labels)
    known = np.array([calibrate(noise, method).read(s).probability for s in noise.similarities])
    unknown = cross_fitted(noise, method)
    assert brier_score(unknown, labels).value > brier_score(known, labels).value
    assert brier_score(unknown, labels).value == pytest.approx(0.25, abs=0.03)


@pytest.mark.parametrize(
    ("similarities", "labels", "said"),
    [
        (np.arange(30.0), np.arange(30) < 9, "9 with and 21 without"),
        (np.arange(30.0), np.ones(29, bool), "one similarity and one label"),
        (np.full(30, np.nan), np.arange(30) < 15, "not a finite number"),
    ],
)
def test_a_cohort_that_cannot_calibrate_is_refused(similarities, labels, said):
    with pytest.raises(CmrClipError, match=said):
        ReferenceCohort("few", "LV dilated", similarities, labels)


def test_what_is_asked_wrongly_is_refused():
    with pytest.raises(CmrClipError, match="platt or isotonic"):
        calibrate(cohort(), "beta")
    with pytest.raises(CmrClipError, match="between 0 and 1"):
        calibrate(cohort()).read(0.1, prevalence=0)


def test_without_scikit_learn_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.linear_model", None)
    with pytest.raises(CmrClipError, match="extra 'eval'"):
        calibrate(cohort())


def test_the_reliability_curve_is_that_of_scikit_learn():
    known = cohort()
    probabilities = cross_fitted(known)
    observed, predicted = calibration_curve(known.labels, probabilities, n_bins=10)
    bins = reliability_curve(probabilities, known.labels)
    assert [b.observed.value for b in bins] == pytest.approx(observed)
    assert [b.predicted for b in bins] == pytest.approx(predicted)
    assert sum(b.cases for b in bins) == 400


def test_the_brier_score_is_that_of_scikit_learn():
    known = cohort()
    probabilities = cross_fitted(known)
    found = brier_score(probabilities, known.labels)
    assert found.value == pytest.approx(brier_score_loss(known.labels, probabilities))
    assert found.low < found.value < found.high


def test_the_calibration_error_is_as_worked_out_by_hand():
    # Bins 0.1 to 0.2 and 0.8 to 0.9: |0.15 - 1/4| of four cases, |0.85 - 1/2| of two.
    probabilities = np.array([0.12, 0.14, 0.16, 0.18, 0.83, 0.87])
    labels = np.array([0, 1, 0, 0, 1, 0], bool)
    found = calibration_error(probabilities, labels)
    assert found.value == pytest.approx((4 * 0.10 + 2 * 0.35) / 6)
    assert calibration_error(np.array([0.0, 1.0]), np.array([False, True])).value == 0


def test_true_probabilities_have_the_error_of_chance_and_wrong_ones_more():
    rng = np.random.default_rng(3)
    truth = rng.random(2000)
    labels = rng.random(2000) < truth
    chance = error_by_chance(truth)
    assert calibration_error(truth, labels).value == pytest.approx(chance, abs=0.01)
    assert calibration_error(truth**3, labels).low > 5 * chance


def test_chance_alone_errs_by_as_much_as_a_binomial_does():
    # All in one bin: the error is |hits / n - p|, whose mean is a sum over the binomial.
    n, p = 25, 0.5
    expected = sum(comb(n, k) * p**n * abs(k / n - p) for k in range(n + 1))
    assert error_by_chance(np.full(n, p)) == pytest.approx(expected, rel=0.1)


@pytest.mark.parametrize("method", METHODS)
def test_a_calibrated_cohort_is_reliable_and_better_than_its_prevalence(method):
    found = reliability(cohort(1000), method)
    assert found.calibration_error.value < 0.08
    assert found.brier.high < found.brier_of_prevalence == pytest.approx(0.25 * 0.75)


# Conformal sets.


def drawn(rng, count, classes=3):
    """Fits that know something of the true diagnosis, and the diagnoses."""
    labels = rng.choice(classes, size=count, p=(0.6, 0.3, 0.1))
    fits = rng.normal(size=(count, classes)) + 1.5 * np.eye(classes)[labels]
    return np.exp(fits) / np.exp(fits).sum(axis=1, keepdims=True), labels


NAMES = ("normal", "dilated", "amyloid")


def test_sets_hold_the_truth_as_often_as_theory_says():
    # Over cohorts the coverage is Beta(n + 1 - l, l) with l = floor((n + 1) alpha) (Vovk 2012;
    # Angelopoulos & Bates 2021, section 3.2).
    rng = np.random.default_rng(0)
    coverages = []
    for _ in range(300):
        fits, labels = drawn(rng, 50)
        new, truth = drawn(rng, 2000)
        found = conformal(fits, labels, NAMES, "drawn", coverage=0.8)
        coverages.append(found.sets(new)[np.arange(2000), truth].mean())
    theory = beta(51 - 10, 10)
    assert np.mean(coverages) == pytest.approx(theory.mean(), abs=0.01)
    assert np.quantile(coverages, (0.1, 0.9)) == pytest.approx(theory.ppf((0.1, 0.9)), abs=0.025)


def test_class_conditional_sets_keep_the_promise_for_the_rare_diagnosis_too():
    rng = np.random.default_rng(1)
    fits, labels = drawn(rng, 4000)
    # The rare diagnosis is the one that the model knows least of.
    fits[labels == 2] = fits[labels == 2][:, [2, 1, 0]]
    rare = labels == 2
    plain = cross_sets(fits, labels, NAMES)
    conditional = cross_sets(fits, labels, NAMES, class_conditional=True)
    assert covered(plain, labels).value == pytest.approx(0.9, abs=0.02)
    assert covered(plain[rare], labels[rare]).high < 0.85
    assert covered(conditional[rare], labels[rare]).value == pytest.approx(0.9, abs=0.04)
    assert set_size(conditional).value > set_size(plain).value


def test_nothing_is_left_out_where_the_cohort_is_too_small_to_promise():
    # Nine cases promise 90 %, eight do not: one of nine new ones may be worse than all of them.
    fits, labels = drawn(np.random.default_rng(2), 9)
    assert np.isfinite(conformal(fits, labels, NAMES, "few").least).all()
    eight = conformal(fits[:8], labels[:8], NAMES, "few")
    assert eight.sets(fits).all()


def test_the_least_fit_is_that_of_a_worked_example():
    # Ten true fits and 80 %: the ninth largest (0.8 * 11 = 8.8, rounded up) is 0.2.
    own = np.arange(1, 11) / 10
    fits = np.stack([own, 1 - own], axis=1)
    found = conformal(fits, np.zeros(10, int), ("a", "b"), "ten", coverage=0.8)
    assert found.least == pytest.approx([0.2, 0.2])
    assert found.set_of([0.9, 0.1]).diagnoses == ("a",)


def test_a_set_says_its_promise_and_an_empty_one_that_nothing_fits():
    fits, labels = drawn(np.random.default_rng(4), 200)
    found = conformal(fits, labels, NAMES, "made-up hearts", class_conditional=True)
    said = found.set_of(np.full(3, 0.9)).sentence()
    assert said.startswith("normal or dilated or amyloid.")
    assert "at least 90% of studies like the 200 of 'made-up hearts', whichever it is" in said
    assert "None of the diagnoses" in found.set_of(np.zeros(3)).sentence()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"fits": np.zeros((3, 2))}, "fit of each case to each"),
        ({"fits": np.full((4, 3), np.nan)}, "not a finite number"),
        ({"labels": np.array([0, 1, 2, 3])}, "none of the 3"),
        ({"coverage": 1.0}, "between 0 and 1"),
    ],
)
def test_sets_that_cannot_be_made_are_refused(change, said):
    good = {"fits": np.zeros((4, 3)), "labels": np.array([0, 1, 2, 0]), "coverage": 0.9}
    with pytest.raises(CmrClipError, match=said):
        conformal(diagnoses=NAMES, cohort="x", **(good | change))


def test_a_reliability_diagram_says_of_whom_and_how_many():
    found = reliability(cohort(), "isotonic")
    for dark in (False, True):
        figure = reliability_diagram(found, dark=dark)
        (said,) = (a.text.replace("<br>", " ") for a in figure.layout.annotations)
        assert "LV dilated" in said and "400 cases of 'made-up hearts'" in said
        assert "isotonic regression, out of sample" in said and "chance alone" in said
        points, bars = figure.data[2:]
        assert list(points.y) == [b.observed.value for b in found.bins]
        assert list(points.x) == list(bars.x) == [b.predicted for b in found.bins]
        assert sum(bars.y) == 400 and list(bars.text) == [str(b.cases) for b in found.bins]
        tops = np.add(points.y, points.error_y.array)
        assert tops == pytest.approx([b.observed.high for b in found.bins])


def test_a_bin_of_one_case_has_a_wide_interval():
    # Wilson 1927: none of one, 0 to 0.793; Newcombe 1998, table I: 81 of 263, 0.2553 to 0.3662.
    (one,) = reliability_curve(np.array([0.5]), np.array([False]))
    assert (one.observed.low, one.observed.high) == pytest.approx((0, 0.793), abs=1e-3)
    (many,) = reliability_curve(np.full(263, 0.3), np.arange(263) < 81)
    assert (many.observed.low, many.observed.high) == pytest.approx((0.2553, 0.3662), abs=2e-4)
