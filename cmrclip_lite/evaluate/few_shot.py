"""How well a few examples of each class do in place of a prompt.

As in the evaluation of the paper (the published code's comparison/proto.py, after SimpleShot, Wang
et al. 2019): the shots of both classes are centred on their mean and scaled to length one, a
class's prototype is the mean of its shots, and a case is scored by its distances, in the 3-norm, to
the prototypes; all is repeated with other shots. Here shots are drawn from one half of a cohort and
asked of the other, in turn, and no case is drawn twice for one episode (the published code draws
with replacement).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .intervals import RESAMPLES, Estimate

SHOTS = (1, 2, 4, 8, 16, 32)
EPISODES = 100
NORM = 3
MOST_QUERIES = 1000  # of each half; of more, this many are asked


@dataclass(frozen=True)
class FewShot:
    """The AUC from some examples of each class.

    Attributes:
        shots: examples of each class.
        auc: mean over the episodes, with an interval over patients.
        spread: standard deviation of the AUC over the episodes: how much the choice of the
            examples matters.
    """

    shots: int
    auc: Estimate
    spread: float


def few_shot(
    embeddings: np.ndarray,
    labels: np.ndarray,
    first: np.ndarray,
    shots: Sequence[int] = SHOTS,
    episodes: int = EPISODES,
    seed: int = 0,
) -> list[FewShot]:
    """The AUC from each number of shots of which both halves hold enough.

    Args:
        embeddings: `(N, D)`.
        labels: `(N,)`: 1, 0, or NaN for a case that is left out.
        first: `(N,)` bool, the halves, from `splits.first_half`.
    """
    rng = np.random.default_rng(seed)
    halves = [np.flatnonzero(~np.isnan(labels) & half) for half in (first, ~first)]
    fewest = min(int((labels[half] == kind).sum()) for half in halves for kind in (0, 1))
    queries = [
        half
        if len(half) <= MOST_QUERIES
        else np.sort(rng.choice(half, MOST_QUERIES, replace=False))
        for half in halves
    ]
    if any(len(set(labels[asked])) < 2 for asked in queries):
        return []
    return [
        _of_shots(embeddings, labels, halves, queries, k, episodes, rng)
        for k in shots
        if k <= fewest
    ]


def _of_shots(
    embeddings: np.ndarray,
    labels: np.ndarray,
    halves: Sequence[np.ndarray],
    queries: Sequence[np.ndarray],
    shots: int,
    episodes: int,
    rng: np.random.Generator,
) -> FewShot:
    """Of episodes of which every other draws from the second half."""
    # (P, Q) of each half that is asked: the share of its episodes in which a positive wins over a
    # negative. Its mean is the mean AUC, and its rows and columns are patients to draw.
    won = [np.zeros([int((labels[asked] == kind).sum()) for kind in (1, 0)]) for asked in queries]
    areas = []
    for episode in range(episodes):
        drawn, asked = episode % 2, 1 - episode % 2
        pool = halves[drawn]
        examples = [
            embeddings[rng.choice(pool[labels[pool] == kind], shots, replace=False)]
            for kind in (1, 0)
        ]
        scores = prototype_scores(*examples, embeddings[queries[asked]])
        known = labels[queries[asked]] == 1
        wins = np.sign(scores[known][:, None] - scores[~known][None]) / 2 + 0.5
        won[asked] += wins
        areas.append(wins.mean())
    turns = (episodes // 2, episodes - episodes // 2)  # of the first half asked, of the second
    resampled = np.zeros(RESAMPLES)
    for pairs, times in zip(won, turns, strict=True):
        resampled += times / episodes * _resampled_mean(pairs / max(times, 1), rng)
    return FewShot(shots, Estimate.of(np.mean(areas), resampled), float(np.std(areas)))


def prototype_scores(
    positive: np.ndarray, negative: np.ndarray, queries: np.ndarray, norm: float = NORM
) -> np.ndarray:
    """`(Q,)`: the higher, the nearer a query `(Q, D)` is to the positive examples `(K, D)`.

    The distance to the negative prototype as a share of both, from 0 to 1; above one half is
    nearer to the positive one.
    """
    middle = np.concatenate([positive, negative]).mean(0)
    queries = _unit(queries - middle)
    away, near = (
        _length(queries - _unit(examples - middle).mean(0), norm)
        for examples in (negative, positive)
    )
    return away / np.maximum(away + near, 1e-12)


def _resampled_mean(pairs: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """`(R,)` means of `(P, Q)` with its rows and columns drawn apart."""
    rows, columns = (
        rng.multinomial(count, np.full(count, 1 / count), RESAMPLES) / count
        for count in pairs.shape
    )
    return ((rows @ pairs) * columns).sum(1)


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12)


def _length(vectors: np.ndarray, norm: float) -> np.ndarray:
    if norm == 3:  # a power of any other number takes ten times as long
        magnitudes = np.abs(vectors)
        return np.cbrt((magnitudes * magnitudes * magnitudes).sum(-1))
    return np.linalg.norm(vectors, norm, axis=-1)
