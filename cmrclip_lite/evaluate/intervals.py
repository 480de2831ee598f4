"""A figure and how sure it is: percentile bootstraps (Efron & Tibshirani 1993).

What is resampled is patients, or the queries that stand for them, never what is searched: drawing
the searched cases with replacement would put copies beside each other, and a query would find its
own. So an interval is about other queries of the same kind to the same gallery. Where all values
are equal it has no width, which says little when they are few.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

RESAMPLES = 1000
_LEVELS = (0.025, 0.975)


@dataclass(frozen=True)
class Estimate:
    """A figure and its 95 % interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f})"

    @classmethod
    def of(cls, value: float, resampled: np.ndarray) -> Estimate:
        """From the figure and what it was in each resample; NaN where it was undefined."""
        return cls(float(value), *np.nanquantile(resampled, _LEVELS).tolist())


def mean_of(values: np.ndarray, seed: int = 0) -> Estimate:
    """The mean of one value per query `(Q,)`; NaN is a query without a value and left out.

    Raises:
        ValueError: if no query has a value.
    """
    return _bootstrap(values, np.mean, seed)


def median_of(values: np.ndarray, seed: int = 0) -> Estimate:
    """The median of one value per query `(Q,)`; NaN is a query without a value and left out.

    Raises:
        ValueError: if no query has a value.
    """
    return _bootstrap(values, np.median, seed)


def macro_mean(values: np.ndarray, seed: int = 0) -> Estimate:
    """The mean over groups of each group's mean: every group counts the same, however large.

    The interval is from queries resampled for all groups at once, since one query may be in
    several.

    Args:
        values: `(Q, G)`, NaN where a query is not in a group.

    Raises:
        ValueError: if a group has no query.
    """
    values = np.asarray(values, float)
    member = ~np.isnan(values)
    if not member.any(axis=0).all():
        raise ValueError("Every group needs at least one query.")
    queries = len(values)
    rng = np.random.default_rng(seed)
    # How often each query is drawn in each resample.
    drawn = rng.multinomial(queries, np.full(queries, 1 / queries), RESAMPLES).astype(float)
    sums, counts = drawn @ np.where(member, values, 0), drawn @ member
    # A group of which no query was drawn is left out of that resample.
    means = np.divide(sums, counts, out=np.full_like(sums, np.nan), where=counts > 0)
    return Estimate.of(np.nanmean(values, axis=0).mean(), np.nanmean(means, axis=1))


def _bootstrap(values: np.ndarray, statistic: Callable[[np.ndarray], float], seed: int) -> Estimate:
    values = np.asarray(values, float)
    values = values[~np.isnan(values)]
    count = len(values)
    if not count:
        raise ValueError("No query has a value.")
    rng = np.random.default_rng(seed)
    resampled = [statistic(values[rng.integers(count, size=count)]) for _ in range(RESAMPLES)]
    return Estimate.of(statistic(values), np.array(resampled))
