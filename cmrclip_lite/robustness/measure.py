"""What a shift does to a model's answers, over a cohort whose findings are known.

Four things are asked of every shift at every strength: how far embeddings move (cosine), how far
scores move (drift, in deviations of the same condition's scores among the exams as they were), how
much worse scores tell cases apart (AUC lost), and whether patients keep their order (Spearman).

**The summary is the mean AUC loss at the middle strength:** AUC before less AUC after, averaged
over conditions, then over shifts; a shift that is not graded counts with the mean of its five ways.
Its interval is a percentile bootstrap over patients, the same drawn before and after.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..errors import CmrClipError
from ..evaluate import RESAMPLES, Estimate
from ..study import Study
from .shifts import MIDDLE, SHIFTS, STRENGTHS, Shift, shifted

if TYPE_CHECKING:
    from ..model import CMRCLIP


@dataclass(frozen=True, eq=False)
class Embedded:
    """Embeddings of N studies: `before` `(N, D)`, and `after` `(N, S, 5, D)` for S shifts."""

    before: np.ndarray
    after: np.ndarray


@dataclass(frozen=True, eq=False)
class Response:
    """How a model answers S shifts at five strengths, for N patients and K conditions.

    Attributes:
        shifts: the S shifts.
        cosine: `(S, 5, N)` of each patient's embedding before and after.
        drift: `(S, 5, N, K)` score after less score before, in deviations of the scores before.
        stability: `(S, 5, K)` rank correlation of the patients' scores before and after.
        auc_before: `(K,)`.
        auc: `(S, 5, K)`.
        losses: `[S][5]` AUC before less after, its mean over conditions, with its interval.
        middles: `[S]` the same at the middle strength, or over five ways.
        summary: the mean of `middles` over the shifts.
    """

    shifts: tuple[Shift, ...]
    cosine: np.ndarray
    drift: np.ndarray
    stability: np.ndarray
    auc_before: np.ndarray
    auc: np.ndarray
    losses: list[list[Estimate]]
    middles: list[Estimate]
    summary: Estimate


def embed_shifted(
    model: CMRCLIP, study: Study, keys: Sequence[str] = tuple(SHIFTS), seed: int = 0
) -> Embedded:
    """One study before and after every shift at every strength.

    Args:
        keys: of the shifts.
        seed: give each study of a cohort its own, or all are shifted in the same way.

    Raises:
        StudyError: if the study lacks what the model's layout needs.
    """
    after = [
        [model.encode_study(shifted(study, key, strength, seed)) for strength in STRENGTHS]
        for key in keys
    ]
    stacked = np.stack([[e.float().cpu().numpy() for e in row] for row in after])
    return Embedded(model.encode_study(study).float().cpu().numpy()[None], stacked[None])


def join(parts: Sequence[Embedded]) -> Embedded:
    """Several patients' embeddings as one cohort's."""
    return Embedded(
        np.concatenate([part.before for part in parts]),
        np.concatenate([part.after for part in parts]),
    )


def respond(
    embedded: Embedded,
    queries: np.ndarray,
    labels: np.ndarray,
    keys: Sequence[str] = tuple(SHIFTS),
    seed: int = 0,
) -> Response:
    """Scores before and after, compared.

    Args:
        queries: `(K, D)` conditions as `zeroshot.text_query` gives them.
        labels: `(N, K)`: 1 where a condition holds, 0 where not, NaN where it is not judged.
        keys: of the shifts that were embedded.
        seed: of the bootstrap.

    Raises:
        ValueError: if a condition has no positive or no negative.
        CmrClipError: if scipy is not installed.
    """
    before = embedded.before @ queries.T  # (N, K)
    after = np.moveaxis(embedded.after @ queries.T, 0, 2)  # (S, 5, N, K)
    patients, conditions = before.shape
    rng = np.random.default_rng(seed)
    # How often each patient is drawn in each resample.
    drawn = rng.multinomial(patients, np.full(patients, 1 / patients), RESAMPLES).astype(float)
    shape = after.shape[:2]
    both = np.concatenate([before[None], after.reshape(-1, patients, conditions)])
    areas = [_areas(both[..., k], labels[:, k], drawn) for k in range(conditions)]
    auc = np.stack([value for value, _ in areas], axis=-1)  # (1 + S * 5, K)
    resampled = np.stack([values for _, values in areas], axis=-1)  # (1 + S * 5, R, K)
    loss = (auc[0] - auc[1:]).mean(-1).reshape(shape)
    losses = _known_mean(resampled[0] - resampled[1:]).reshape(*shape, RESAMPLES)
    middle = [slice(MIDDLE - 1, MIDDLE) if SHIFTS[key].graded else slice(None) for key in keys]
    at_middle = np.array([row[m].mean() for row, m in zip(loss, middle, strict=True)])
    resampled_middle = np.array([row[m].mean(0) for row, m in zip(losses, middle, strict=True)])
    return Response(
        shifts=tuple(SHIFTS[key] for key in keys),
        cosine=np.moveaxis(np.einsum("nd,nstd->nst", embedded.before, embedded.after), 0, 2),
        drift=(after - before) / before.std(0),
        stability=rank_correlation(before, after),
        auc_before=auc[0],
        auc=auc[1:].reshape(*shape, conditions),
        losses=[
            [Estimate.of(*pair) for pair in zip(*row, strict=True)]
            for row in zip(loss, losses, strict=True)
        ],
        middles=[Estimate.of(*p) for p in zip(at_middle, resampled_middle, strict=True)],
        summary=Estimate.of(at_middle.mean(), resampled_middle.mean(0)),
    )


def areas(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """AUCs `(M,)` of scores `(M, N)` for labels `(N,)` of 1, 0 or NaN, without their intervals.

    Raises:
        ValueError: if there is no positive or no negative.
    """
    return np.array([won.mean() for won in _wins(scores, labels)])


def rank_correlation(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Spearman's, over patients, of scores `(N, K)` and `(..., N, K)`: `(..., K)`.

    NaN where all scores are the same.

    Raises:
        CmrClipError: if scipy is not installed.
    """
    try:
        from scipy.stats import rankdata
    except ImportError as error:
        raise CmrClipError(
            "Rank correlations need scipy: install cmrclip-lite with the extra 'eval'."
        ) from error
    # By the rounding of float32 alone nobody could tell two patients apart.
    first, second = (rankdata(s.round(6), axis=-2) for s in (before, after))
    first, second = (r - r.mean(-2, keepdims=True) for r in (first, second))
    spread = np.sqrt((first**2).sum(-2) * (second**2).sum(-2))
    together = (first * second).sum(-2)
    return np.divide(together, spread, out=np.full_like(together, np.nan), where=spread > 0)


def _areas(
    scores: np.ndarray, labels: np.ndarray, drawn: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """AUCs of scores `(M, N)` for labels `(N,)`: `(M,)`, and resampled by `drawn`: `(M, R)`.

    As `evaluate.auc`, but with the same patients drawn for all M, so that differences are paired.

    Args:
        drawn: `(R, N)` how often each patient is drawn.
    """
    positive, negative = drawn[:, labels == 1], drawn[:, labels == 0]
    pairs = positive.sum(1) * negative.sum(1)
    values, resampled = [], []
    for won in _wins(scores, labels):
        total = ((positive @ won) * negative).sum(1)
        values.append(won.mean())
        # Where no positive or no negative was drawn there is no AUC.
        resampled.append(np.where(pairs > 0, total / np.maximum(pairs, 1), np.nan))
    return np.array(values), np.array(resampled)


def _known_mean(values: np.ndarray) -> np.ndarray:
    """The mean over the last axis of what is not NaN; NaN where all is."""
    known = ~np.isnan(values)
    sums, counts = np.where(known, values, 0).sum(-1), known.sum(-1)
    return np.divide(sums, counts, out=np.full(sums.shape, np.nan), where=counts > 0)


def _wins(scores: np.ndarray, labels: np.ndarray) -> Iterator[np.ndarray]:
    """`(P, Q)` for each row of scores: 1 where a positive scores higher, 0.5 for a tie."""
    positive, negative = labels == 1, labels == 0
    if not positive.any() or not negative.any():
        raise ValueError("An AUC needs positives and negatives.")
    for row in scores:
        yield np.sign(row[positive][:, None] - row[negative]) / 2 + 0.5
