"""Retrieval figures agree with scikit-learn and with examples worked out by hand."""

from __future__ import annotations

import itertools
from math import log2

import numpy as np
import pytest
from sklearn.metrics import ndcg_score

from cmrclip_lite.evaluate import (
    leave_one_out,
    match_ranks,
    median_rank,
    ndcg_at,
    precision_at,
    recall_at,
    shared_findings,
    unranked,
)


def test_ranks_and_recall_by_hand():
    targets = np.eye(3)
    queries = np.array([[1, 0, 0], [0.9, 0.5, 0], [0.9, 0.8, 0.5]])
    ranks = match_ranks(queries, targets)
    assert ranks.mean.tolist() == [1, 2, 3]
    assert recall_at(ranks, 1).value == pytest.approx(1 / 3)
    assert recall_at(ranks, 2).value == pytest.approx(2 / 3)
    assert median_rank(ranks).value == 2


def test_a_model_that_sees_nothing_gets_what_chance_gives():
    same = np.ones((10, 4), np.float32) / 2
    ranks = match_ranks(same, same)
    assert recall_at(ranks, 1).value == pytest.approx(1 / 10)
    assert recall_at(ranks, 5).value == pytest.approx(5 / 10)
    assert median_rank(ranks).value == 5.5


def test_a_match_that_ties_with_one_other_is_first_half_of_the_time():
    report = np.array([1.0, 0, 0])
    targets = np.stack([report, report, [0, 1.0, 0]])
    ranks = match_ranks(targets, targets)
    assert ranks.first.tolist() == [1, 1, 1] and ranks.last.tolist() == [2, 2, 1]
    assert ranks.within(1).tolist() == [0.5, 0.5, 1]
    assert ranks.within(2).tolist() == [1, 1, 1]


def test_rounding_is_no_rank():
    targets = np.array([[1, 0], [1 - 3e-8, 0], [0, 1]], np.float32)
    ranks = match_ranks(np.array([[1, 0], [1, 0], [0, 1]], np.float32), targets)
    assert ranks.mean.tolist() == [1.5, 1.5, 1]


def test_ndcg_by_hand():
    similarity = np.array([[0.9, 0.8, 0.7]])
    gains = np.array([[0.5, 0.0, 1.0]])
    expected = (0.5 + 1 / log2(4)) / (1 + 0.5 / log2(3))
    assert ndcg_at(similarity, gains, 3) == pytest.approx([expected])
    # The best order of two holds the third case, which was not among the first two.
    assert ndcg_at(similarity, gains, 2) == pytest.approx([0.5 / (1 + 0.5 / log2(3))])


@pytest.mark.parametrize("k", [1, 5, 10, 30])
@pytest.mark.parametrize("decimals", [9, 1])
def test_ndcg_is_that_of_scikit_learn_with_and_without_ties(k, decimals):
    rng = np.random.default_rng(k)
    similarity = rng.normal(size=(25, 30)).round(decimals)
    gains = rng.random((25, 30)) * (rng.random((25, 30)) < 0.4)
    each = [ndcg_score(g[None], s[None], k=k) for g, s in zip(gains, similarity, strict=True)]
    assert ndcg_at(similarity, gains, k) == pytest.approx(each)


def test_ndcg_of_many_queries_at_once_is_that_of_each(monkeypatch):
    rng = np.random.default_rng(0)
    similarity, gains = rng.normal(size=(40, 30)).round(1), rng.random((40, 30))
    whole = ndcg_at(similarity, gains, 5)
    monkeypatch.setattr("cmrclip_lite.evaluate.retrieval._BLOCK", 100)
    assert ndcg_at(similarity, gains, 5) == pytest.approx(whole)


def test_what_may_not_be_found_counts_neither_as_found_nor_as_possible():
    similarity = np.array([[-np.inf, 0.8, 0.7, 0.6]])
    gains = np.array([[9.0, 0.0, 1.0, 0.0]])
    assert ndcg_at(similarity, gains, 2) == pytest.approx([1 / log2(3)])
    with pytest.raises(ValueError, match="find 4 cases"):
        ndcg_at(similarity, gains, 4)
    with pytest.raises(ValueError, match="find 0 cases"):
        precision_at(similarity, gains > 0, 0)


def test_a_query_to_which_nothing_can_be_found_has_no_ndcg():
    similarity = np.array([[0.3, 0.2], [0.3, 0.2]])
    assert np.isnan(ndcg_at(similarity, np.array([[0.0, 0], [0, 1]]), 2)).tolist() == [True, False]


def test_precision_by_hand_and_its_ties_over_every_order():
    similarity = np.array([[0.9, 0.5, 0.5, 0.5, 0.1]])
    relevant = np.array([[True, True, False, False, True]])
    orders = [[0, *middle] for middle in itertools.permutations((1, 2, 3))]
    for k in (1, 2, 3, 4):
        expected = np.mean([relevant[0][order[:k]].mean() for order in orders])
        assert precision_at(similarity, relevant, k) == pytest.approx([expected])
    assert precision_at(similarity, relevant, 5) == pytest.approx([3 / 5])


def test_chance_of_the_same_class_leaves_the_query_out():
    classes = np.repeat(np.arange(5), 8)
    same = classes[:, None] == classes[None]
    similarity = leave_one_out(np.random.default_rng(0).normal(size=(40, 6)))
    assert precision_at(unranked(similarity), same, 5) == pytest.approx(np.full(40, 7 / 39))
    # A class of its own is never found again.
    classes[0] = 99
    alone = precision_at(unranked(similarity), classes[:, None] == classes[None], 5)
    assert alone[:2] == pytest.approx([0, 6 / 39])


def test_classes_apart_are_found_whole():
    classes = np.repeat(np.arange(3), 4)
    similarity = leave_one_out(np.eye(3)[classes] + 0.01 * np.random.default_rng(0).random((12, 3)))
    same = classes[:, None] == classes[None]
    assert precision_at(similarity, same, 3) == pytest.approx(np.ones(12))


def test_shared_findings_by_hand():
    queries = [("a", "b"), ("c",), ()]
    cases = [("a",), ("a", "b", "c"), ("d",), ()]
    assert shared_findings(queries, cases) == pytest.approx(
        np.array([[1 / 2, 2 / 3, 0, 0], [0, 1 / 3, 0, 0], [0, 0, 0, 0]])
    )
