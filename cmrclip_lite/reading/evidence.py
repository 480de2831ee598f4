"""How strongly a study's score speaks for or against a condition, by the cases of a library.

The rule, for one condition, among the library's cases that could show it and are not the study:

- *not read* if the study lacks what would show it, if the library has fewer than 10 cases with it
  or 30 without, or if the model's score tells those apart with an area under the curve below 0.8;
- *for*, if the score is above 95 % of the normal cases: *strong* if at least 16 of the 20 cases
  with the nearest scores have it, *moderate* from 10, *weak* from 2;
- *against*, if it is not, at most 1 of those 20 has it, and at most 5 % of the cases that have it
  score as low;
- *undecided* otherwise.

95 % is where reference ranges of clinical measurements customarily end. 20 cases are enough for a
share to mean something (a standard error of at most 0.11) and few enough to be alike. What the
rule gives on the library itself, each case read by the others, is measured in
`benchmarks/reading_aid.py`. "Normal study" is read the same way but for the normal cases, which
are those that have it; so its evidence is never weak.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import LibraryError
from ..library import NORMAL
from ..prompts import CONDITIONS
from ..zeroshot import percentile, text_query
from .topics import BETTER_WITH_ENHANCEMENT, NEEDS, Part, can_show, parts_of_case

if TYPE_CHECKING:
    from ..library import CaseLibrary
    from ..model import CMRCLIP

FEWEST_WITH, FEWEST_WITHOUT, FEWEST_NORMAL = 10, 30, 20
LEAST_AUC = 0.8
ABOVE_NORMAL = 95.0  # per cent of the normal cases
NEAREST = 20
STRONG, MODERATE, ALMOST_NONE = 16, 10, 1  # of NEAREST
MISSED = 5.0  # per cent of the cases that have it

RULE = (
    "Among the cases of the library that could show it: strong evidence for a finding is a score "
    f"above {ABOVE_NORMAL:.0f} % of the normal cases and a finding that at least {STRONG} of the "
    f"{NEAREST} cases with the nearest scores have; moderate from {MODERATE}, weak from "
    f"{ALMOST_NONE + 1}. Against it is a score that is not above them, near which at most "
    f"{ALMOST_NONE} of {NEAREST} have it, and as low as at most {MISSED:.0f} % of those who do. "
    "Anything else is undecided. Nothing is read where the study lacks the images, or where the "
    "model tells the library's own cases apart with an area under the curve below "
    f"{LEAST_AUC}."
)


class Strength(StrEnum):
    """What the evidence of one condition amounts to."""

    STRONG = "strong"
    MODERATE = "moderate"
    WEAK = "weak"
    UNDECIDED = "undecided"
    AGAINST = "against"
    NOT_READ = "not read"

    @property
    def is_stated(self) -> bool:
        """Whether a reading states the finding."""
        return self in (Strength.STRONG, Strength.MODERATE)


@dataclass(frozen=True)
class Evidence:
    """What a library's cases say of one condition in one study.

    Attributes:
        key, label: of `prompts.CONDITIONS`.
        strength: by the rule of this module.
        similarity: mean cosine of the study and the condition's prompts; not a probability.
        percentile: share (0 to 100) of `cases` with a lower similarity; None if not read.
        percentile_normal: the same among the normal ones; None for a normal study, too.
        nearest_with: of the `nearest` cases with the nearest similarities, how many have it.
        cases, cases_with: that could show it, and that have it.
        auc: how well the similarity tells these cases apart; None with too few to say.
        reason: why it is not read, or what to beware of; a sentence, or empty.
    """

    key: str
    label: str
    strength: Strength
    similarity: float
    percentile: float | None
    percentile_normal: float | None
    nearest_with: int | None
    nearest: int
    cases: int
    cases_with: int
    auc: float | None
    reason: str = ""

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self) | {"strength": str(self.strength)}


@dataclass(frozen=True, eq=False)
class Yardstick:
    """A library's cases, scored once for every condition; N cases, C conditions.

    Attributes:
        keys: C conditions.
        prompts: `(C, D)` mean prompts; shorter than one in general.
        similarities: `(N, C)`.
        has, shows: `(N, C)` bool: has the condition; could show it.
        normal: `(N,)` bool.
        marks: N sets of an id and digests, by which a case is left out.
        aucs: C, NaN where there are too few cases.
    """

    keys: tuple[str, ...]
    prompts: np.ndarray
    similarities: np.ndarray
    has: np.ndarray
    shows: np.ndarray
    normal: np.ndarray
    marks: tuple[frozenset[str], ...]
    aucs: np.ndarray

    @classmethod
    def of(cls, model: CMRCLIP, library: CaseLibrary) -> Yardstick:
        """Score a library's cases, or the sample of a large one.

        Raises:
            LibraryError: if another model embedded the library, or it has too few normal cases.
        """
        library.require(model)
        reference = library.reference
        if (normals := int(reference.normal.sum())) < FEWEST_NORMAL:
            raise LibraryError(
                f"The library {library.name!r} has {normals} normal cases; a reading needs at "
                f"least {FEWEST_NORMAL}, to tell what is out of the ordinary."
            )
        keys = model.config.conditions or tuple(CONDITIONS)
        prompts = np.stack([text_query(model, key.replace("_", " ")) for key in keys])
        parts = [parts_of_case(case.views, case.enhancement) for case in reference.cases]
        has = np.array([[key in case.findings for key in keys] for case in reference.cases])
        shows = np.array([[can_show(key, held) for key in keys] for held in parts])
        similarities = reference.embeddings.astype(np.float64) @ prompts.astype(np.float64).T
        return cls(
            keys=keys,
            prompts=prompts.astype(np.float64),
            similarities=similarities,
            has=has,
            shows=shows,
            normal=reference.normal,
            marks=tuple(frozenset([case.id, *case.content]) for case in reference.cases),
            aucs=np.array(
                [_auc(*column) for column in zip(similarities.T, has.T, shows.T, strict=True)]
            ),
        )


def weigh(
    yardstick: Yardstick,
    embedding: np.ndarray,
    parts: frozenset[Part],
    exclude: Collection[str] = (),
) -> list[Evidence]:
    """What each condition's score amounts to.

    Args:
        embedding: `(D,)` unit vector of the study.
        parts: what the study holds.
        exclude: ids or digests of cases that are the study itself.
    """
    similarities = yardstick.prompts @ np.asarray(embedding, np.float64)
    others = np.array([marks.isdisjoint(exclude) for marks in yardstick.marks])
    return [
        _weigh_one(yardstick, column, float(similarities[column]), parts, others)
        for column in range(len(yardstick.keys))
    ]


def _weigh_one(
    yardstick: Yardstick,
    column: int,
    similarity: float,
    parts: frozenset[Part],
    others: np.ndarray,
) -> Evidence:
    key = yardstick.keys[column]
    compared = others & yardstick.shows[:, column]
    scores = yardstick.similarities[compared, column]
    has = yardstick.has[compared, column]
    auc = float(yardstick.aucs[column])
    known = {
        "key": key,
        "label": CONDITIONS[key].label,
        "similarity": similarity,
        "nearest": NEAREST,
        "cases": len(has),
        "cases_with": int(has.sum()),
        "auc": None if np.isnan(auc) else auc,
    }
    if reason := _unreadable(key, parts, has, auc):
        none = dict.fromkeys(("percentile", "percentile_normal", "nearest_with"))
        return Evidence(strength=Strength.NOT_READ, reason=reason, **none, **known)
    nearest = int(has[_nearest(scores, similarity)].sum())
    normal = None
    if key != NORMAL:
        normal = percentile(similarity, scores[yardstick.normal[compared]])
    reason = ""
    if key in BETTER_WITH_ENHANCEMENT and Part.ENHANCEMENT not in parts:
        reason = "From the cine alone: there is no late enhancement to confirm it."
    return Evidence(
        strength=_strength(nearest, normal, percentile(similarity, scores[has])),
        percentile=percentile(similarity, scores),
        percentile_normal=normal,
        nearest_with=nearest,
        reason=reason,
        **known,
    )


def _strength(nearest: int, normal: float | None, among_those_with: float) -> Strength:
    """The rule; `normal` is None for a normal study."""
    if nearest <= ALMOST_NONE:
        unusual = normal is not None and normal > ABOVE_NORMAL
        low = among_those_with <= MISSED
        return Strength.AGAINST if low and not unusual else Strength.UNDECIDED
    if normal is not None and normal <= ABOVE_NORMAL:
        return Strength.UNDECIDED
    if nearest >= MODERATE:
        return Strength.STRONG if nearest >= STRONG else Strength.MODERATE
    return Strength.UNDECIDED if normal is None else Strength.WEAK


def _unreadable(key: str, parts: frozenset[Part], has: np.ndarray, auc: float) -> str:
    """Why a condition cannot be read; empty if it can."""
    if not can_show(key, parts):
        return f"The study has no {' or '.join(NEEDS[key])}."
    if np.isnan(auc):
        return (
            f"The library has {int(has.sum())} cases with it and {int((~has).sum())} without; "
            f"at least {FEWEST_WITH} and {FEWEST_WITHOUT} are needed."
        )
    if auc < LEAST_AUC:
        return (
            "The model hardly tells the library's cases with it from those without "
            f"(area under the curve {auc:.2f})."
        )
    return ""


def _nearest(scores: np.ndarray, similarity: float) -> np.ndarray:
    """Indices of the `NEAREST` cases nearest in rank, half on either side but for the ends."""
    order = np.argsort(scores, kind="stable")
    rank = int(np.searchsorted(scores[order], similarity))
    start = min(max(rank - NEAREST // 2, 0), len(scores) - NEAREST)
    return order[start : start + NEAREST]


def _auc(scores: np.ndarray, has: np.ndarray, shows: np.ndarray) -> float:
    """Area under the ROC curve among the cases that could show it; NaN with too few.

    The mean percentile, among those without, of those with: ties count half (Hanley & McNeil 1982).
    """
    positive, negative = scores[has & shows], scores[~has & shows]
    if len(positive) < FEWEST_WITH or len(negative) < FEWEST_WITHOUT:
        return float("nan")
    return float(np.mean([percentile(score, negative) for score in positive])) / 100
