"""Sets of diagnoses that hold the true one as often as is asked: split conformal prediction.

Vovk, Gammerman & Shafer 2005; as introduced by Angelopoulos & Bates 2021 (arXiv 2107.07511). From
a cohort with known diagnoses, which the model was not fitted on, a least fit is found that the true
diagnosis reaches in the asked share of cases; a new study's set is every diagnosis that reaches it.

What is promised, without any assumption about the model: over cohorts and new studies drawn alike,
the set holds the true diagnosis at least that often. It is a promise on average: not for one study,
not for each diagnosis (unless class-conditional), and not for studies from elsewhere, or with a
diagnosis that is none of those asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np

from ..errors import CmrClipError
from .intervals import Estimate, mean_of

FOLDS = 5


@dataclass(frozen=True)
class DiagnosisSet:
    """The diagnoses that one study may have, and what that is measured against."""

    diagnoses: tuple[str, ...]
    promise: str

    def sentence(self) -> str:
        """The set and its promise."""
        if not self.diagnoses:
            return f"None of the diagnoses fits as well as most true ones do. {self.promise}"
        return f"{' or '.join(self.diagnoses)}. {self.promise}"


@dataclass(frozen=True, eq=False)
class Conformal:
    """Least fits, found on a cohort, that diagnoses must reach to be in a set.

    Attributes:
        diagnoses: the K classes.
        least: `(K,)` the fit from which on a diagnosis is in the set; -inf where the cohort is too
            small to leave any out.
        coverage: the share of sets that hold the true diagnosis at least.
        cohort: the name of the cohort.
        cases: `(K,)` how many of it have each diagnosis.
        class_conditional: whether the coverage holds for the cases of each diagnosis.
    """

    diagnoses: tuple[str, ...]
    least: np.ndarray
    coverage: float
    cohort: str
    cases: np.ndarray
    class_conditional: bool

    def sets(self, fits: np.ndarray) -> np.ndarray:
        """`(M, K)` fits of studies to `(M, K)` bool: which diagnoses are in each set."""
        return np.asarray(fits) >= self.least

    def set_of(self, fits: np.ndarray) -> DiagnosisSet:
        """The set of one study, from its fits `(K,)`."""
        chosen = self.sets(np.asarray(fits)[None])[0]
        each = ", whichever it is" if self.class_conditional else ""
        promise = (
            f"Sets made so hold the true diagnosis in at least {self.coverage:.0%} of studies like "
            f"the {self.cases.sum()} of '{self.cohort}'{each}."
        )
        names = tuple(name for name, inside in zip(self.diagnoses, chosen, strict=True) if inside)
        return DiagnosisSet(names, promise)


def conformal(
    fits: np.ndarray,
    labels: np.ndarray,
    diagnoses: Sequence[str],
    cohort: str,
    coverage: float = 0.9,
    class_conditional: bool = False,
) -> Conformal:
    """Find the least fits on a cohort.

    Args:
        fits: `(N, K)` how well each case fits each diagnosis, higher is better, on one scale for
            all: such as probabilities.
        labels: `(N,)` int, the index of each case's diagnosis.
        diagnoses: the K names.
        cohort: a name for it.
        coverage: the share of sets that are to hold the true diagnosis, between 0 and 1.
        class_conditional: promise it for the cases of each diagnosis (Vovk 2012); sets are larger,
            most of all for a rare one.

    Raises:
        CmrClipError: if the arrays do not fit each other, or the coverage is out of range.
    """
    fits, labels = _checked(fits, labels, diagnoses, coverage)
    own = fits[np.arange(len(labels)), labels]
    cases = np.bincount(labels, minlength=len(diagnoses))
    if class_conditional:
        least = [_least(own[labels == k], coverage) for k in range(len(diagnoses))]
    else:
        least = [_least(own, coverage)] * len(diagnoses)
    return Conformal(tuple(diagnoses), np.array(least), coverage, cohort, cases, class_conditional)


def cross_sets(
    fits: np.ndarray,
    labels: np.ndarray,
    diagnoses: Sequence[str],
    coverage: float = 0.9,
    class_conditional: bool = False,
    seed: int = 0,
) -> np.ndarray:
    """`(N, K)` bool: the sets of a cohort's own cases, each from least fits found without it.

    The cohort is dealt at random into `FOLDS` parts; each is measured against the others. The
    arguments are those of `conformal`.

    Raises:
        CmrClipError: as `conformal` does.
    """
    fits, labels = _checked(fits, labels, diagnoses, coverage)
    part = np.random.default_rng(seed).permutation(len(labels)) % FOLDS
    sets = np.empty(fits.shape, bool)
    for fold in range(FOLDS):
        rest = part != fold
        found = conformal(fits[rest], labels[rest], diagnoses, "", coverage, class_conditional)
        sets[~rest] = found.sets(fits[~rest])
    return sets


def covered(sets: np.ndarray, labels: np.ndarray, seed: int = 0) -> Estimate:
    """The share of sets `(N, K)` that hold the true diagnosis `(N,)`."""
    return mean_of(sets[np.arange(len(labels)), labels].astype(float), seed)


def set_size(sets: np.ndarray, seed: int = 0) -> Estimate:
    """The mean number of diagnoses in sets `(N, K)`; smaller says more."""
    return mean_of(sets.sum(axis=1).astype(float), seed)


def _least(own: np.ndarray, coverage: float) -> float:
    """The fit that all but the worst of the cases reach.

    With the fit of the true diagnosis as the score: its k-th largest, k being the coverage's share
    of one case more than there are, rounded up (Angelopoulos & Bates 2021, section 1).
    """
    # Rounded first: 0.9 * 10 is a little more than 9 in floating point.
    rank = ceil(round(coverage * (len(own) + 1), 9))
    return float(np.sort(own)[::-1][rank - 1]) if rank <= len(own) else -np.inf


def _checked(
    fits: np.ndarray, labels: np.ndarray, diagnoses: Sequence[str], coverage: float
) -> tuple[np.ndarray, np.ndarray]:
    fits, labels = np.asarray(fits, float), np.asarray(labels)
    if fits.shape != (len(labels), len(diagnoses)) or not len(labels):
        raise CmrClipError(
            f"Conformal sets need a fit of each case to each of the {len(diagnoses)} diagnoses, "
            f"not an array of shape {fits.shape} for {len(labels)} cases."
        )
    if not np.isfinite(fits).all():
        raise CmrClipError("A fit of a case to a diagnosis is not a finite number.")
    if labels.min() < 0 or labels.max() >= len(diagnoses):
        raise CmrClipError(f"A label is none of the {len(diagnoses)} diagnoses.")
    if not 0 < coverage < 1:
        raise CmrClipError(f"The coverage lies between 0 and 1, not at {coverage}.")
    return fits, labels.astype(int)
