"""Which of several diagnoses that exclude each other: by prompts alone.

The level of a similarity differs from prompt to prompt, so similarities to different prompts are
not compared as they are: each is centred on its mean among other cases, those of the cohort's
other half or of a reference library. A case goes to the class with the highest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .intervals import RESAMPLES, Estimate

MORE, NONE = "more than one of the classes", "none of the classes"


@dataclass(frozen=True)
class Diagnosis:
    """Exclusive classes, and how often each is told.

    Attributes:
        classes: names of findings.
        confusion: of the cases of each class (a row), how many were taken for each (a column).
        balanced_accuracy: the mean over the classes of the share that is told.
        chance: the balanced accuracy of any guess that does not look at the case.
        accuracy: the share of all cases that is told.
        largest: the accuracy of always saying the most frequent class.
        centred_on: in words.
        left_out: cases that belong to no class or to several.
    """

    classes: tuple[str, ...]
    confusion: tuple[tuple[int, ...], ...]
    recalls: tuple[Estimate, ...]
    balanced_accuracy: Estimate
    chance: float
    accuracy: Estimate
    largest: float
    centred_on: str
    left_out: dict[str, int]


def diagnose(
    similarities: np.ndarray,
    labels: Mapping[str, np.ndarray],
    classes: Sequence[str],
    levels: np.ndarray,
    centred_on: str,
) -> Diagnosis:
    """Take each case for the class whose prompt it fits best, above its level.

    Args:
        similarities: `(N, C)` of each case to each class's prompts.
        labels: of each class, `(N,)`: 1, 0 or NaN where it is unknown.
        levels: `(N, C)` or `(C,)`, what is taken off; see `levels_of_halves`.
        centred_on: where the levels come from, in words.

    Raises:
        ValueError: if a class has no case of its own.
    """
    has = np.stack([labels[name] == 1 for name in classes], axis=1)
    alone = has.sum(1) == 1
    truth = has[alone].argmax(1)
    counts = np.bincount(truth, minlength=len(classes))
    if not counts.all():
        empty = classes[int(np.argmin(counts))]
        raise ValueError(f"No case has {empty} and none of the other classes.")
    told = (similarities - levels)[alone].argmax(1)
    confusion = np.zeros((len(classes), len(classes)), int)
    np.add.at(confusion, (truth, told), 1)
    hits, balanced, accuracy = _resampled(confusion)
    return Diagnosis(
        classes=tuple(classes),
        confusion=tuple(map(tuple, confusion.tolist())),
        recalls=tuple(Estimate.of(column[0], column[1:]) for column in hits.T),
        balanced_accuracy=Estimate.of(balanced[0], balanced[1:]),
        chance=1 / len(classes),
        accuracy=Estimate.of(accuracy[0], accuracy[1:]),
        largest=float(counts.max() / counts.sum()),
        centred_on=centred_on,
        left_out={MORE: int((has.sum(1) > 1).sum()), NONE: int((has.sum(1) == 0).sum())},
    )


def levels_of_halves(similarities: np.ndarray, first: np.ndarray) -> np.ndarray:
    """`(N, C)`: for each case, the mean similarity of the half it is not in, to each class.

    Args:
        similarities: `(N, C)`.
        first: `(N,)` bool, the halves, from `splits.first_half`.

    Raises:
        ValueError: if a half is empty.
    """
    if first.all() or not first.any():
        raise ValueError("There are too few cases for two halves.")
    others = similarities[~first].mean(0), similarities[first].mean(0)
    return np.where(first[:, None], *others)


def _resampled(confusion: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Shares told of each class `(1 + R, C)`, their mean, and the accuracy, both `(1 + R,)`.

    The first row is of the cases as they are. Cases are drawn class by class, so the number told
    of each is binomial.
    """
    counts = confusion.sum(1)
    told = np.diag(confusion)
    drawn = np.random.default_rng(0).binomial(counts, told / counts, (RESAMPLES, len(counts)))
    hits = np.vstack([told, drawn])
    return hits / counts, (hits / counts).mean(1), hits.sum(1) / counts.sum()
