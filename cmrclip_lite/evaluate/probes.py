"""How well a small classifier trained on the embeddings does: what they hold, prompts aside.

Cross-validated and standardised by scikit-learn (extra `eval`): in each of five folds the scaling
and the classifier come from the other four, and every case is scored once. A linear probe is a
logistic regression; the MLP has the shape of the paper's (two hidden layers of 128, batches of 16,
30 epochs), with a rate of 1e-3 where theirs is 1e-4, since its cohort is smaller than theirs.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING

import numpy as np

from .intervals import Estimate
from .scores import auc
from .thresholds import AtThreshold, judged

if TYPE_CHECKING:
    from sklearn.base import BaseEstimator

FOLDS = 5
LINEAR, MLP = "linear probe", "small MLP"


@dataclass(frozen=True)
class Probe:
    """What a classifier makes of the embeddings, each case scored by one trained without it.

    Attributes:
        name: `LINEAR` or `MLP`.
        called: figures where the classifier itself draws the line: at one half.
    """

    name: str
    auc: Estimate
    called: AtThreshold


def available() -> bool:
    """Whether scikit-learn is installed."""
    return find_spec("sklearn") is not None


def probe(embeddings: np.ndarray, labels: np.ndarray, name: str, seed: int = 0) -> Probe | None:
    """A probe of embeddings `(N, D)` for labels `(N,)`: 1, 0, or NaN for a case left out.

    Returns:
        None if there are too few positives or negatives for the folds.
    """
    known = ~np.isnan(labels)
    answers = labels[known] == 1
    if min(answers.sum(), (~answers).sum()) < FOLDS:
        return None
    scores = _out_of_fold(embeddings[known], answers, _MAKERS[name], seed)
    words = "the classifier's own line, at one half"
    return Probe(name, auc(scores, answers), judged(scores >= 0.5, answers, (0.5,), words))


def _out_of_fold(
    embeddings: np.ndarray, answers: np.ndarray, make: Callable[[], BaseEstimator], seed: int
) -> np.ndarray:
    """`(N,)`: of each case, the output for positive of a classifier that did not see it."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.model_selection import StratifiedKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    classifier = make_pipeline(StandardScaler(), make())
    with warnings.catch_warnings():
        # Thirty epochs are all that the MLP is to have, and a few cases all of a small batch.
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.filterwarnings("ignore", "Got `batch_size`")
        outputs = cross_val_predict(
            classifier, embeddings, answers, cv=folds, method="predict_proba"
        )
    return outputs[:, 1]


def _linear() -> BaseEstimator:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(max_iter=1000)


def _mlp() -> BaseEstimator:
    from sklearn.neural_network import MLPClassifier

    return MLPClassifier((128, 128), batch_size=16, max_iter=30, random_state=0)


_MAKERS: dict[str, Callable[[], BaseEstimator]] = {LINEAR: _linear, MLP: _mlp}
