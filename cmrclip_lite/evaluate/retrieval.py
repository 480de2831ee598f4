"""Is what a search finds what was looked for?

Metrics take `similarity` `(Q, N)` of each query to each case, -inf where a case may not be found
(a query's own), and give one value per query, for `intervals` to sum up. N is the gallery.

Ties are shared fairly: cosines that agree to six decimals (float32 tells no more) come in any order
equally likely, and a metric is its mean over those orders (McSherry & Najork, ECIR 2008). So the
metric of `unranked(similarity)`, in which all is tied, is exactly what chance gives.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from .intervals import Estimate, mean_of, median_of

_TIE = 1e-6
_BLOCK = 4_000_000  # similarities that are sorted at once


@dataclass(frozen=True, eq=False)
class Ranks:
    """Each query's match, `(Q,)`: the first and the last rank, from 1, that it has among its ties.

    They are the same where it ties with nothing.
    """

    first: np.ndarray
    last: np.ndarray

    @property
    def mean(self) -> np.ndarray:
        """`(Q,)` the mean rank over the orders of its ties."""
        return (self.first + self.last) / 2

    def within(self, k: int) -> np.ndarray:
        """`(Q,)` the share of the orders in which the match is among the first `k`."""
        return np.clip((k + 1 - self.first) / (self.last + 1 - self.first), 0, 1)


def match_ranks(queries: np.ndarray, targets: np.ndarray) -> Ranks:
    """For each query `(N, D)` the rank of the target `(N, D)` with the same index."""
    levels = _levels(queries @ targets.T)
    own = np.diag(levels)[:, None]
    return Ranks(1 + (levels > own).sum(1), (levels >= own).sum(1))


def recall_at(ranks: Ranks, k: int, seed: int = 0) -> Estimate:
    """The share of queries whose match is among the first `k`; by chance k / N."""
    return mean_of(ranks.within(k), seed)


def median_rank(ranks: Ranks, seed: int = 0) -> Estimate:
    """The median over the queries of their match's rank; by chance (N + 1) / 2."""
    return median_of(ranks.mean, seed)


def leave_one_out(embeddings: np.ndarray) -> np.ndarray:
    """`(N, N)` similarity of cases `(N, D)` to each other, none of which may find itself."""
    similarity = embeddings @ embeddings.T
    np.fill_diagonal(similarity, -np.inf)
    return similarity


def unranked(similarity: np.ndarray) -> np.ndarray:
    """`(Q, N)` where everything that may be found is tied."""
    return np.where(np.isfinite(similarity), np.float32(0), np.float32(-np.inf))


def shared_findings(
    queries: Sequence[Collection[str]], cases: Sequence[Collection[str]]
) -> np.ndarray:
    """`(Q, N)` gains: findings that both have, of those that either has (Jaccard 1912).

    The number of shared findings alone would favour cases that have everything. Without a finding
    on either side there is nothing shared: 0.
    """
    names = sorted(set().union(*queries, *cases))
    a, b = _incidence(queries, names), _incidence(cases, names)
    both = a @ b.T
    either = a.sum(1)[:, None] + b.sum(1)[None] - both
    return both / np.maximum(either, 1)


def ndcg_at(similarity: np.ndarray, gains: np.ndarray, k: int) -> np.ndarray:
    """`(Q,)` normalised discounted cumulated gain of the first `k` (Jarvelin & Kekalainen 2002).

    Gains `(Q, N)` count as they are, divided by log2(1 + rank); the sum is divided by that of the
    best order of the same cases. NaN for a query to which no case gives any gain: none of its
    findings is there again, or it has none.

    Raises:
        ValueError: if a query may find fewer than `k` cases.
    """
    discount = 1 / np.log2(np.arange(2, k + 2))
    found = _at_ranks(similarity, gains, k) @ discount
    possible = np.where(np.isfinite(similarity), gains, 0)
    best = -np.sort(np.partition(-possible, k - 1, axis=1)[:, :k], axis=1) @ discount
    return np.divide(found, best, out=np.full(len(found), np.nan), where=best > 0)


def precision_at(similarity: np.ndarray, relevant: np.ndarray, k: int) -> np.ndarray:
    """`(Q,)` share of the first `k` that are relevant, of `(Q, N)` bool.

    Raises:
        ValueError: if a query may find fewer than `k` cases.
    """
    return _at_ranks(similarity, relevant, k).mean(1)


def _at_ranks(similarity: np.ndarray, values: np.ndarray, k: int) -> np.ndarray:
    """`(Q, k)`: the value at each of the first ranks, its mean over the orders of ties."""
    if k < 1 or k > np.isfinite(similarity).sum(1).min(initial=similarity.shape[1]):
        raise ValueError(f"Not every query may find {k} cases.")
    step = max(1, _BLOCK // similarity.shape[1])
    blocks = [slice(start, start + step) for start in range(0, len(similarity), step)]
    return np.concatenate([_tie_means(similarity[b], values[b], k) for b in blocks])


def _tie_means(similarity: np.ndarray, values: np.ndarray, k: int) -> np.ndarray:
    levels = _levels(similarity)
    order = np.argsort(-levels, axis=1)
    levels = np.take_along_axis(levels, order, axis=1)
    # As far down as the ties of the k-th place reach.
    reach = int((levels >= levels[:, k - 1 : k]).sum(1).max())
    order, levels = order[:, :reach], levels[:, :reach]
    starts = np.ones(levels.shape, bool)
    starts[:, 1:] = levels[:, 1:] != levels[:, :-1]
    block = (np.cumsum(starts) - 1).reshape(levels.shape)
    ranked = np.take_along_axis(values, order, axis=1)
    means = np.bincount(block.ravel(), ranked.ravel()) / np.bincount(block.ravel())
    return means[block[:, :k]]


def _levels(similarity: np.ndarray) -> np.ndarray:
    """Steps of a millionth: similarities of one step are tied."""
    return np.rint(similarity / _TIE)


def _incidence(cases: Sequence[Collection[str]], names: list[str]) -> np.ndarray:
    """`(N, F)` float32: 1 where a case has a finding."""
    column = {name: i for i, name in enumerate(names)}
    matrix = np.zeros((len(cases), len(names)), np.float32)
    for row, found in enumerate(cases):
        matrix[row, [column[name] for name in found]] = 1
    return matrix
