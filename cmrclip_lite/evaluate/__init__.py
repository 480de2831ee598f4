"""How good a checkpoint is, always with an interval.

`scores.py` asks whether a score tells cases apart, `thresholds.py` what it says where a line is
drawn, `retrieval.py` whether what is found is what was looked for, `few_shot.py` and `probes.py`
what the embeddings hold, `diagnosis.py` which of several classes a case is of, `subgroups.py` for
whom all that holds, `compare.py` whether another checkpoint is better, `explanations.py` whether a
map shows what a score rests on, `calibration.py` and `conformal.py` what may be said of one case,
and `intervals.py` how sure any of it is. `cohort.py` says who is judged, `evaluation.py` measures
it, and `report.py` and `tables.py` write it down.
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
from .scores import auc, average_precision, mean_auc

__all__ = [
    "RESAMPLES",
    "Estimate",
    "Ranks",
    "auc",
    "average_precision",
    "leave_one_out",
    "macro_mean",
    "match_ranks",
    "mean_auc",
    "mean_of",
    "median_of",
    "median_rank",
    "ndcg_at",
    "precision_at",
    "recall_at",
    "shared_findings",
    "unranked",
]
