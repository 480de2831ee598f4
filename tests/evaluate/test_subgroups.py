"""A group beside the rest: a planted gap is found, and none where there is none."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from cmrclip_lite.evaluate.subgroups import by_group


def cohort(count: int = 600, noise: float = 0.6) -> tuple[dict, tuple[str, ...]]:
    """Two findings that are told less well on one of three scanners."""
    rng = np.random.default_rng(0)
    vendors = np.array(["GE", "Philips", "SIEMENS"])[np.arange(count) % 3]
    asked = {}
    for name in ("lv_dilation", "own finding"):
        labels = (rng.random(count) < 0.4).astype(float)
        scale = np.where(vendors == "GE", 8 * noise, noise)
        asked[name] = labels + rng.normal(0, 1, count) * scale, labels
    return asked, tuple(vendors)


def test_the_scanner_on_which_it_fails_is_found():
    asked, vendors = cohort()
    ge, philips, siemens = by_group(asked, {"vendor": vendors})
    assert [g.value for g in (ge, philips, siemens)] == ["GE", "Philips", "SIEMENS"]
    assert ge.difference.high < -0.1 and philips.difference.low > 0
    assert (ge.cases, ge.others, ge.compared) == (200, 400, 2)


def test_figures_are_those_of_scikit_learn_in_each_part():
    asked, vendors = cohort()
    inside = np.array(vendors) == "Philips"
    (_, philips, _) = by_group(asked, {"vendor": vendors})
    areas = []
    for one, (scores, labels) in zip(philips.findings, asked.values(), strict=True):
        here, rest = (roc_auc_score(labels[side], scores[side]) for side in (inside, ~inside))
        areas.append((here, rest))
        assert (one.auc.value, one.rest.value) == pytest.approx((here, rest))
        assert one.difference.value == pytest.approx(here - rest)
    assert (philips.mean.value, philips.rest.value) == pytest.approx(tuple(np.mean(areas, axis=0)))


def test_a_group_that_is_too_small_is_told_and_not_measured():
    asked, vendors = cohort(60)
    sexes = ("female",) * 3 + ("male",) * 57
    female, male = by_group(asked, {"sex": sexes})
    for group in (female, male):  # nor can the others be compared with it
        assert group.difference is None and group.compared == 0
        assert all(one.difference is None for one in group.findings)
    assert female.findings[0].auc is None and male.findings[0].auc is not None
    assert (female.cases, female.findings[0].positives + female.findings[0].negatives) == (3, 3)


def test_cases_of_unknown_group_or_label_do_not_count():
    asked, vendors = cohort()
    unknown = ("",) * 100 + vendors[100:]
    scores, labels = asked["lv_dilation"]
    labels = np.where(np.arange(600) % 5 == 0, np.nan, labels)
    ge, *_ = by_group({"lv_dilation": (scores, labels)}, {"vendor": unknown})
    of = np.array(unknown) == "GE"
    judged = ~np.isnan(labels)
    assert (ge.cases, ge.others) == (of.sum(), 500 - of.sum())
    here, rest = of & judged, ~of & judged & (np.arange(600) >= 100)
    assert ge.findings[0].auc.value == pytest.approx(roc_auc_score(labels[here], scores[here]))
    assert ge.findings[0].rest.value == pytest.approx(roc_auc_score(labels[rest], scores[rest]))


def test_an_attribute_with_one_value_has_no_groups():
    asked, vendors = cohort(60)
    assert by_group(asked, {"source": ("a ward",) * 60, "sex": ("",) * 60}) == []
