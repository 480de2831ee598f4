"""Do calibrated probabilities hold: of those said to have 30 %, do 30 % have it?

Everything here is asked of probabilities out of sample, as `calibration.cross_fitted` gives them;
asked of the cases that a curve was fitted on, it would flatter.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np

from .calibration import Method, ReferenceCohort, cross_fitted
from .intervals import RESAMPLES, Estimate, mean_of

BINS = 10


@dataclass(frozen=True)
class Bin:
    """Cases whose probability lies in one tenth of the scale.

    Attributes:
        predicted: their mean probability.
        observed: the share that has the condition, with its interval by Wilson (1927): a
            bootstrap of the one or two cases that a bin may hold has no width.
        cases: how many there are.
    """

    predicted: float
    observed: Estimate
    cases: int


@dataclass(frozen=True, eq=False)
class Reliability:
    """How well a calibration holds on cases that it was not fitted on.

    Attributes:
        cohort: whom it was asked of.
        method: of calibration.
        probabilities: `(N,)`, out of sample.
        bins: the reliability curve; bins without a case are left out.
        calibration_error: the expected calibration error.
        error_by_chance: what it would be on average in as many cases if every probability were
            true; above 0, since a share in a bin scatters.
        brier: the Brier score.
        brier_of_prevalence: that of saying the cohort's prevalence of everyone.
    """

    cohort: ReferenceCohort
    method: Method
    probabilities: np.ndarray
    bins: tuple[Bin, ...]
    calibration_error: Estimate
    error_by_chance: float
    brier: Estimate
    brier_of_prevalence: float


def reliability(cohort: ReferenceCohort, method: Method = "platt", seed: int = 0) -> Reliability:
    """Cross-fit a calibration on a cohort and ask how well it holds.

    Raises:
        CmrClipError: if scikit-learn is not installed, or for another method.
    """
    probabilities = cross_fitted(cohort, method, seed)
    return Reliability(
        cohort,
        method,
        probabilities,
        reliability_curve(probabilities, cohort.labels),
        calibration_error(probabilities, cohort.labels, seed),
        error_by_chance(probabilities, seed),
        brier_score(probabilities, cohort.labels, seed),
        cohort.prevalence * (1 - cohort.prevalence),
    )


def reliability_curve(probabilities: np.ndarray, labels: np.ndarray) -> tuple[Bin, ...]:
    """Predicted against observed shares in `BINS` equal parts of 0 to 1 (Murphy & Winkler 1977).

    Args:
        probabilities: `(N,)`.
        labels: `(N,)` bool.
    """
    part = _parts(probabilities)
    return tuple(
        Bin(
            float(probabilities[part == b].mean()),
            _share(np.asarray(labels, bool)[part == b]),
            int((part == b).sum()),
        )
        for b in np.unique(part)
    )


def calibration_error(probabilities: np.ndarray, labels: np.ndarray, seed: int = 0) -> Estimate:
    """Expected calibration error over `BINS` equal parts (Naeini et al. 2015; Guo et al. 2017).

    The mean, over cases, of the distance between predicted and observed share in their bin. A
    resample scatters beside the scatter of the cohort, so the interval lies rather too high, and
    in a small cohort may leave the value out; read the value beside `error_by_chance`.

    Args:
        probabilities: `(N,)`.
        labels: `(N,)` bool.
    """
    gaps, part = np.asarray(probabilities - labels, float), _parts(probabilities)
    count = len(gaps)
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(count, np.full(count, 1 / count), RESAMPLES)
    return Estimate.of(_error(gaps, part), _errors(drawn * gaps, part))


def error_by_chance(probabilities: np.ndarray, seed: int = 0) -> float:
    """The mean calibration error of outcomes drawn from the probabilities themselves.

    As Brocker & Smith (2007) draw the consistency bars of a reliability diagram.

    Args:
        probabilities: `(N,)`.
    """
    rng = np.random.default_rng(seed)
    outcomes = rng.random((RESAMPLES, len(probabilities))) < probabilities
    return float(_errors(probabilities - outcomes, _parts(probabilities)).mean())


def brier_score(probabilities: np.ndarray, labels: np.ndarray, seed: int = 0) -> Estimate:
    """The mean squared difference of probability and outcome (Brier 1950); 0 is best.

    Args:
        probabilities: `(N,)`.
        labels: `(N,)` bool.
    """
    return mean_of((probabilities - np.asarray(labels, float)) ** 2, seed)


def _share(labels: np.ndarray) -> Estimate:
    """Wilson's 95 % interval of a share (J Am Stat Assoc 22:209)."""
    z, count, share = 1.96, len(labels), float(labels.mean())
    middle = (share + z**2 / (2 * count)) / (1 + z**2 / count)
    half = z / (1 + z**2 / count) * sqrt(share * (1 - share) / count + (z / (2 * count)) ** 2)
    return Estimate(share, max(0.0, middle - half), min(1.0, middle + half))


def _parts(probabilities: np.ndarray) -> np.ndarray:
    """`(N,)` the bin of each case."""
    return np.minimum((np.asarray(probabilities) * BINS).astype(int), BINS - 1)


def _error(gaps: np.ndarray, part: np.ndarray) -> float:
    return float(_errors(gaps[None], part)[0])


def _errors(gaps: np.ndarray, part: np.ndarray) -> np.ndarray:
    """`(R,)` of `(R, N)` differences: in each bin they add up first."""
    member = part[:, None] == np.arange(BINS)
    return np.abs(gaps @ member).sum(axis=1) / gaps.shape[1]
