"""Two models on the same cases: DeLong's own example, and what a bootstrap and Holm should give."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import kstest

from cmrclip_lite.evaluate.compare import delong, holm, mean_difference, paired_bootstrap

# 43 patients with ovarian cancer and an intestinal obstruction: albumin, total protein, K-G score
# and whether surgery helped, of DeLong, DeLong & Clarke-Pearson (Biometrics 1988), as printed in
# the documentation of SAS/STAT, PROC LOGISTIC, example "Comparing Receiver Operating
# Characteristic Curves". A low K-G score is good.
PATIENTS = np.array(
    """
    3.0 5.8 10 0  3.2 6.3 5 1  3.9 6.8 3 1  2.8 4.8 6 0  3.2 5.8 3 1  0.9 4.0 5 0  2.5 5.7 8 0
    1.6 5.6 5 1   3.8 5.7 5 1  3.7 6.7 6 1  3.2 5.4 4 1  3.8 6.6 6 1  4.1 6.6 5 1  3.6 5.7 5 1
    4.3 7.0 4 1   3.6 6.7 4 0  2.3 4.4 6 1  4.2 7.6 4 0  4.0 6.6 6 0  3.5 5.8 6 1  3.8 6.8 7 1
    3.0 4.7 8 0   4.5 7.4 5 1  3.7 7.4 5 1  3.1 6.6 6 1  4.1 8.2 6 1  4.3 7.0 5 1  4.3 6.5 4 1
    3.2 5.1 5 1   2.6 4.7 6 1  3.3 6.8 6 0  1.7 4.0 7 0  3.7 6.1 5 1  3.3 6.3 7 1  4.2 7.7 6 1
    3.5 6.2 5 1   2.9 5.7 9 0  2.1 4.8 7 1  2.8 6.2 8 0  4.0 7.0 7 1  3.3 5.7 6 1  3.7 6.9 5 1
    3.6 6.6 5 1
    """.split(),
    float,
).reshape(-1, 4)
ALBUMIN, PROTEIN, KG, HELPED = *PATIENTS[:, :2].T, 10 - PATIENTS[:, 2], PATIENTS[:, 3] == 1


@pytest.mark.parametrize(
    ("marker", "area", "difference", "low", "high", "p"),
    [
        (ALBUMIN, 0.7366, 0.0108, -0.1761, 0.1976, 0.9102),
        (PROTEIN, 0.6478, -0.0780, -0.2830, 0.1271, 0.4561),
    ],
)
def test_delongs_own_example_as_sas_documents_it(marker, area, difference, low, high, p):
    found = delong(KG, marker, HELPED)
    assert (found.first, found.second) == pytest.approx((0.7258, area), abs=5e-5)
    estimate = found.difference
    assert (estimate.value, estimate.low, estimate.high) == pytest.approx(
        (difference, low, high), abs=5e-5
    )
    assert found.p == pytest.approx(p, abs=5e-5)


def test_the_bootstrap_agrees_with_delong_where_there_are_many_cases():
    rng = np.random.default_rng(0)
    labels = rng.random(600) < 0.4
    shared = labels + rng.normal(0, 1, 600)
    first, second = (shared + rng.normal(0, s, 600) for s in (1.2, 0.8))
    exact, drawn = delong(first, second, labels), paired_bootstrap(first, second, labels)
    assert (drawn.first, drawn.second) == pytest.approx((exact.first, exact.second))
    assert (drawn.difference.low, drawn.difference.high) == pytest.approx(
        (exact.difference.low, exact.difference.high), abs=0.01
    )
    assert drawn.p == pytest.approx(exact.p, abs=0.05)


def test_of_two_models_that_are_equally_good_p_is_anything_alike():
    p_values = []
    for seed in range(300):
        rng = np.random.default_rng(seed)
        labels = rng.random(120) < 0.5
        shared = labels + rng.normal(0, 1, 120)
        pair = [shared + rng.normal(0, 1, 120) for _ in range(2)]
        p_values.append(delong(*pair, labels).p)
    assert kstest(p_values, "uniform").pvalue > 0.01


def test_a_model_beside_itself_can_not_be_told():
    scores, labels = np.arange(10.0), np.arange(10) % 3 == 0
    for test in (delong, paired_bootstrap):
        found = test(scores, 2 * scores + 1, labels)
        assert found.difference.value == found.difference.low == found.difference.high == 0
        assert math.isnan(found.p)


def test_the_mean_difference_is_that_of_the_findings_and_tells_a_better_model():
    rng = np.random.default_rng(1)
    labels = [(rng.random(150) < 0.3).astype(float) for _ in range(6)]
    labels[0][:30] = np.nan
    truth = [np.nan_to_num(one) for one in labels]
    first = [one + rng.normal(0, 2, 150) for one in truth]
    second = [one + rng.normal(0, 0.8, 150) for one in truth]
    found = mean_difference(first, second, labels)
    each = [
        delong(a[~np.isnan(of)], b[~np.isnan(of)], of[~np.isnan(of)] == 1).difference.value
        for a, b, of in zip(first, second, labels, strict=True)
    ]
    assert found.difference.value == pytest.approx(np.mean(each))
    assert found.difference.low > 0 and found.p < 0.01
    same = mean_difference(first, [rng.permutation(s) for s in first], labels)
    assert same.second == pytest.approx(0.5, abs=0.08)


def test_holms_correction_as_r_gives_it():
    # p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm")
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    # p.adjust(c(0.5, NA, 0.2), "holm"): what is not known is not counted.
    corrected = holm([0.5, math.nan, 0.2])
    assert corrected[::2] == pytest.approx([0.5, 0.4]) and math.isnan(corrected[1])


def test_too_few_cases_are_refused():
    with pytest.raises(ValueError, match="two positives"):
        delong(np.arange(3.0), np.arange(3.0), np.array([True, False, False]))
