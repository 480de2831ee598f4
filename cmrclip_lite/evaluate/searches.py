"""Whether a cohort's images find their impressions, the reverse, and cases that are alike."""

from __future__ import annotations

import numpy as np

from .cohort import Cohort
from .intervals import mean_of
from .results import Found
from .retrieval import (
    leave_one_out,
    match_ranks,
    median_rank,
    ndcg_at,
    recall_at,
    shared_findings,
    unranked,
)

FIRST = (1, 5, 10)
_AMONG = 5  # cases of which the findings are looked at
MOST = 5000  # cases that are compared with each other; of more, this many are


def searches(cohort: Cohort) -> list[Found]:
    """Retrieval among the cases of a cohort, or a fixed part of a large one.

    Images and impressions that belong together among those with an impression; cases that share
    findings among all.
    """
    rows = np.arange(len(cohort))
    if len(rows) > MOST:
        rows = np.sort(np.random.default_rng(0).choice(rows, MOST, replace=False))
    paired = rows[~np.isnan(cohort.texts[rows, 0])]
    found = []
    if len(paired) > 1:
        images, texts = cohort.images[paired], cohort.texts[paired]
        found += _pairs("image to impression", images, texts)
        found += _pairs("impression to image", texts, images)
    return found + _alike(cohort, rows)


def _pairs(what: str, queries: np.ndarray, targets: np.ndarray) -> list[Found]:
    ranks, count = match_ranks(queries, targets), len(queries)
    found = [
        Found(f"{what}, recall at {k}", recall_at(ranks, k), k / count) for k in FIRST if k < count
    ]
    return [*found, Found(f"{what}, median rank", median_rank(ranks), (count + 1) / 2)]


def _alike(cohort: Cohort, rows: np.ndarray) -> list[Found]:
    if len(rows) <= _AMONG:
        return []
    names = list(cohort.labels)
    has = np.stack([cohort.labels[name][rows] == 1 for name in names], axis=1)
    findings = [[name for name, one in zip(names, row, strict=True) if one] for row in has]
    similarity = leave_one_out(cohort.images[rows])
    gains = shared_findings(findings, findings)
    found, chance = (ndcg_at(s, gains, _AMONG) for s in (similarity, unranked(similarity)))
    if np.isnan(found).all():
        return []
    what = f"image to image, nDCG at {_AMONG} over shared findings"
    return [Found(what, mean_of(found), float(np.nanmean(chance)))]
