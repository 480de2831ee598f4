"""How good scores and retrieval are, always with an interval.

`scores.py` asks whether a score tells cases apart, `retrieval.py` whether what is found is what was
looked for, `explanations.py` whether a map shows what a score rests on, and `intervals.py` how sure
each is.
"""

from .intervals import RESAMPLES, Estimate, macro_mean, mean_of, median_of
from .retrieval import (
    Ranks,
    leave_one_out,
    match_ranks,
    median_rank,
    ndcg_at,
    precision_at,
    recall_at,
    shared_findings,
    unranked,
)
from .scores import auc, average_precision

__all__ = [
    "RESAMPLES",
    "Estimate",
    "Ranks",
    "auc",
    "average_precision",
    "leave_one_out",
    "macro_mean",
    "match_ranks",
    "mean_of",
    "median_of",
    "median_rank",
    "ndcg_at",
    "precision_at",
    "recall_at",
    "shared_findings",
    "unranked",
]
