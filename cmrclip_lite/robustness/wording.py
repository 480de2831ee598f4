"""What another wording does to a model's answers: the same question, put by someone else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..prompts import CONDITIONS
from .measure import areas, rank_correlation

if TYPE_CHECKING:
    from ..model import CMRCLIP


@dataclass(frozen=True)
class WordingSpread:
    """One condition asked in several wordings of a cohort whose findings are known.

    Attributes:
        key: of the condition.
        wordings: how many sentences stand beside the condition's own prompts.
        spread: how far a patient's scores lie apart over the sentences: their deviation, each
            sentence measured in deviations of its own scores over the cohort; the median patient.
            0 is the same answer however one asks, 1 is as far apart as patients are.
        stability: rank correlation of the patients' order with that by the condition's own
            prompts: the median sentence.
        auc_own: by the condition's own prompts.
        auc_lowest, auc_median: over the sentences.
    """

    key: str
    wordings: int
    spread: float
    stability: float
    auc_own: float
    auc_lowest: float
    auc_median: float


def wording_spread(
    model: CMRCLIP,
    embeddings: np.ndarray,
    labels: Mapping[str, np.ndarray],
    sentences: Mapping[str, Sequence[str]],
) -> list[WordingSpread]:
    """How much it matters how one asks.

    Args:
        embeddings: `(N, D)` of the cohort.
        labels: by condition key `(N,)`: 1 where it holds, 0 where not, NaN where not judged.
        sentences: by condition key, sentences that affirm it; two or more.

    Raises:
        ValueError: if a condition has no positive or no negative.
        CmrClipError: if scipy is not installed.
    """
    return [_one(model, embeddings, labels[key], key, texts) for key, texts in sentences.items()]


def _one(
    model: CMRCLIP, embeddings: np.ndarray, labels: np.ndarray, key: str, texts: Sequence[str]
) -> WordingSpread:
    own = embeddings @ model.encode_text(CONDITIONS[key].prompts).float().cpu().numpy().mean(0)
    asked = model.encode_text(texts).float().cpu().numpy() @ embeddings.T  # (M, N)
    standard = (asked - asked.mean(1, keepdims=True)) / asked.std(1, keepdims=True)
    auc_own, *aucs = areas(np.concatenate([own[None], asked]), labels)
    return WordingSpread(
        key=key,
        wordings=len(texts),
        spread=float(np.median(standard.std(0))),
        stability=float(np.median(rank_correlation(own[:, None], asked[..., None]))),
        auc_own=float(auc_own),
        auc_lowest=float(min(aucs)),
        auc_median=float(np.median(aucs)),
    )
