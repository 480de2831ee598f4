"""What a similarity says of a patient, measured against a cohort whose truth is known.

A cosine is no probability. With the similarities of a reference cohort in which it is known who has
a condition, it can be turned into one: by Platt scaling, a logistic curve (Platt 1999), or by
isotonic regression, the best rising steps (Zadrozny & Elkan 2002). Either holds for patients drawn
as that cohort was, so every number here carries the cohort's name, size and prevalence.

Where another share of patients has the condition, the likelihood ratio is what carries over: the
odds that the calibration gives, divided by the odds of the cohort (Brummer & du Preez 2006), and
Bayes' rule gives the probability at the other prevalence. That takes for granted that those with
the condition score there as those with it did here, and those without likewise (Saerens et al.
2002).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from ..errors import CmrClipError

if TYPE_CHECKING:
    from types import ModuleType

Method = Literal["platt", "isotonic"]
METHODS: dict[Method, str] = {"platt": "Platt scaling", "isotonic": "isotonic regression"}
FOLDS = 5
# Of cases with a condition, and of cases without, below which nothing is calibrated.
FEWEST = 10

_Curve = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True, eq=False)
class ReferenceCohort:
    """Similarities of one condition in a cohort whose truth is known.

    Attributes:
        name: of the cohort, as a person reads it.
        condition: what was asked.
        similarities: `(N,)`.
        labels: `(N,)` bool, who has the condition.

    Raises:
        CmrClipError: if fewer than `FEWEST` have the condition or lack it, or the arrays do not
            fit each other.
    """

    name: str
    condition: str
    similarities: np.ndarray
    labels: np.ndarray

    def __post_init__(self) -> None:
        similarities = np.asarray(self.similarities, float)
        labels = np.asarray(self.labels, bool)
        if similarities.ndim != 1 or similarities.shape != labels.shape:
            raise CmrClipError(
                f"A cohort needs one similarity and one label per case, not arrays of shapes "
                f"{similarities.shape} and {labels.shape}."
            )
        if not np.isfinite(similarities).all():
            raise CmrClipError(f"A similarity of the cohort '{self.name}' is not a finite number.")
        fewest = min(int(labels.sum()), int((~labels).sum()))
        if fewest < FEWEST:
            raise CmrClipError(
                f"To calibrate '{self.condition}', the cohort '{self.name}' needs {FEWEST} cases "
                f"with it and {FEWEST} without; it has {labels.sum()} with and "
                f"{(~labels).sum()} without. Read the percentile instead."
            )
        object.__setattr__(self, "similarities", similarities)
        object.__setattr__(self, "labels", labels)

    @property
    def prevalence(self) -> float:
        """The share of the cohort that has the condition."""
        return float(self.labels.mean())

    def sentence(self) -> str:
        """What a number is measured against, as the end of a sentence."""
        return (
            f"measured against the {len(self.labels)} cases of '{self.name}', "
            f"{self.labels.sum()} of them with it ({self.prevalence:.0%})"
        )


@dataclass(frozen=True, eq=False)
class Reading:
    """What one similarity says, and what that is measured against.

    Attributes:
        similarity: the cosine that was read.
        likelihood_ratio: how many times as often a case with the condition has such a similarity
            as one without: the calibrated odds over the odds of the cohort.
        probability: that a patient has the condition, where `prevalence` of the patients have it.
        prevalence: the cohort's own, or another that was given.
        cohort: what it was calibrated on.
        method: how.
        beyond: whether the similarity lies outside those of the cohort; then it is read as the
            nearest of them, for a curve knows nothing out there.
    """

    similarity: float
    likelihood_ratio: float
    probability: float
    prevalence: float
    cohort: ReferenceCohort
    method: Method
    beyond: bool

    def sentence(self) -> str:
        """The probability and the likelihood ratio, with what they are measured against."""
        by_bayes = ""
        if self.prevalence != self.cohort.prevalence:
            share = _share(self.prevalence)
            by_bayes = f", carried over by Bayes' rule to patients of whom {share} do"
        how = f"likelihood ratio {_shown(self.likelihood_ratio)}, {METHODS[self.method]}"
        text = (
            f"'{self.cohort.condition}': of patients with such a similarity, "
            f"{_share(self.probability)} have it{by_bayes} ({how}), {self.cohort.sentence()}."
        )
        if self.beyond:
            text += " The similarity lies outside those of all its cases; the nearest was read."
        return text


@dataclass(frozen=True, eq=False)
class Calibration:
    """A curve from similarity to probability, fitted on a cohort."""

    cohort: ReferenceCohort
    method: Method
    curve: _Curve

    def read(self, similarity: float, prevalence: float | None = None) -> Reading:
        """What a similarity says of a patient.

        Args:
            similarity: of the same condition, from the same model as the cohort's.
            prevalence: the share of the patients in question who have the condition, above 0 and
                below 1; the cohort's if None.

        Raises:
            CmrClipError: for another prevalence.
        """
        own = self.cohort.prevalence
        prevalence = own if prevalence is None else prevalence
        if not 0 < prevalence < 1:
            raise CmrClipError(f"A prevalence lies between 0 and 1, not at {prevalence}.")
        probability = float(self.curve(np.array([similarity]))[0])
        ratio = likelihood_ratio(probability, own)
        low, high = self.cohort.similarities.min(), self.cohort.similarities.max()
        return Reading(
            float(similarity),
            ratio,
            at_prevalence(ratio, prevalence),
            prevalence,
            self.cohort,
            self.method,
            beyond=not low <= similarity <= high,
        )


def calibrate(cohort: ReferenceCohort, method: Method = "platt") -> Calibration:
    """Fit a calibration on a whole cohort.

    How good it is must be asked of cases that it was not fitted on: `cross_fitted`.

    Raises:
        CmrClipError: if scikit-learn is not installed, or for another method.
    """
    return Calibration(cohort, method, _fit(cohort.similarities, cohort.labels, method))


def cross_fitted(cohort: ReferenceCohort, method: Method = "platt", seed: int = 0) -> np.ndarray:
    """`(N,)` probabilities of the cohort's cases, each from a curve fitted without it.

    The cohort is dealt into `FOLDS` parts, each with about the same share of the condition; the
    cases of a part are read by the curve of the others.

    Raises:
        CmrClipError: if scikit-learn is not installed, or for another method.
    """
    selection = _sklearn("model_selection")
    folds = selection.StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    probabilities = np.empty(len(cohort.labels))
    for rest, part in folds.split(cohort.similarities, cohort.labels):
        curve = _fit(cohort.similarities[rest], cohort.labels[rest], method)
        probabilities[part] = curve(cohort.similarities[part])
    return probabilities


def likelihood_ratio(probability: float, prevalence: float) -> float:
    """The odds of a probability over those of the prevalence that it was calibrated at."""
    return probability / (1 - probability) * (1 - prevalence) / prevalence


def at_prevalence(ratio: float, prevalence: float) -> float:
    """The probability that a likelihood ratio gives at a prevalence, by Bayes' rule."""
    odds = ratio * prevalence / (1 - prevalence)
    return odds / (1 + odds)


def _share(value: float) -> str:
    """Per cent, with digits where a share is so small that it would read 0%."""
    return f"{value:.0%}" if value >= 0.01 else f"{100 * value:.2g}%"


def _shown(ratio: float) -> str:
    return f"{ratio:.2g}" if ratio < 10 else f"{ratio:,.0f}"


def _fit(similarities: np.ndarray, labels: np.ndarray, method: Method) -> _Curve:
    if method not in METHODS:
        raise CmrClipError(f"A calibration is by {' or '.join(METHODS)}, not by {method!r}.")
    curve = (_platt if method == "platt" else _isotonic)(similarities, labels)
    low, high = similarities.min(), similarities.max()
    return lambda values: curve(np.clip(values, low, high))


def _platt(similarities: np.ndarray, labels: np.ndarray) -> _Curve:
    """A logistic curve, fitted to targets a little inside 0 and 1 as Platt has it.

    So it stays finite where the cohort is told apart without a miss (Platt 1999, section 2.2). A
    fractional target is both outcomes, weighted.
    """
    linear = _sklearn("linear_model")
    middle, width = similarities.mean(), max(similarities.std(), 1e-12)
    positives = labels.sum()
    target = np.where(labels, (positives + 1) / (positives + 2), 1 / ((~labels).sum() + 2))
    scaled = ((similarities - middle) / width)[:, None]
    model = linear.LogisticRegression(C=1e9, tol=1e-8, max_iter=1000)  # as good as no penalty
    model.fit(
        np.concatenate([scaled, scaled]),
        np.repeat([1, 0], len(labels)),
        np.concatenate([target, 1 - target]),
    )
    return lambda values: model.predict_proba(((values - middle) / width)[:, None])[:, 1]


def _isotonic(similarities: np.ndarray, labels: np.ndarray) -> _Curve:
    """Rising steps, with a case of either kind added at both ends.

    As by the rule of succession: without them the ends are 0 and 1, and a likelihood ratio
    infinite, however small the cohort. Between the cases of the cohort the steps are joined by
    lines.
    """
    isotonic = _sklearn("isotonic")
    low, high = similarities.min(), similarities.max()
    model = isotonic.IsotonicRegression(y_min=0, y_max=1)
    model.fit(
        np.concatenate([similarities, [low, low, high, high]]),
        np.concatenate([labels, [0, 1, 0, 1]]).astype(float),
    )
    return model.predict


def _sklearn(part: str) -> ModuleType:
    import importlib

    try:
        return importlib.import_module(f"sklearn.{part}")
    except ImportError as error:
        raise CmrClipError(
            "Calibration needs scikit-learn: install cmrclip-lite with the extra 'eval'."
        ) from error
