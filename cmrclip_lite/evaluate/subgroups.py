"""Does it hold for everyone? Figures by vendor, field strength, sex, age band and centre.

A group is compared with all others whose group is known, over the findings that both can be
measured for. A group's mean over findings is therefore not the cohort's, and two groups' means
may rest on other findings; the difference from the rest never does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .intervals import Estimate
from .scores import mean_over_conditions, resampled_aucs

FEWEST = 5  # positives and negatives, below which an AUC tells nothing


@dataclass(frozen=True)
class GroupFinding:
    """One finding in one group and in the rest.

    Attributes:
        auc, rest: None if there are fewer than `FEWEST` positives or negatives.
        difference: the group's less the rest's; None where either is.
    """

    finding: str
    positives: int
    negatives: int
    auc: Estimate | None
    rest: Estimate | None
    difference: Estimate | None


@dataclass(frozen=True)
class Group:
    """A group and the rest of the cohort.

    Attributes:
        attribute: what groups it, such as "vendor".
        value: such as "GE".
        cases, others: how many are in it, and in other known groups.
        compared: over how many findings the three means are taken.
        mean, rest, difference: None if no finding can be compared: the group is too small.
    """

    attribute: str
    value: str
    cases: int
    others: int
    findings: tuple[GroupFinding, ...]
    compared: int
    mean: Estimate | None
    rest: Estimate | None
    difference: Estimate | None


def by_group(
    asked: Mapping[str, tuple[np.ndarray, np.ndarray]], groups: Mapping[str, Sequence[str]]
) -> list[Group]:
    """Each group of each attribute that has at least two.

    Args:
        asked: of each finding, scores and labels (1, 0 or NaN), both `(N,)`.
        groups: of each attribute, each case's value; empty if unknown.
    """
    found = []
    for attribute, values in groups.items():
        of = np.array(values, dtype=object)
        known = sorted({value for value in values if value})
        if len(known) > 1:
            found += [_group(asked, attribute, value, of == value, of != "") for value in known]
    return found


def _group(
    asked: Mapping[str, tuple[np.ndarray, np.ndarray]],
    attribute: str,
    value: str,
    inside: np.ndarray,
    known: np.ndarray,
) -> Group:
    sides = [inside, known & ~inside]
    drawn = [_aucs(asked, side, seed) for seed, side in enumerate(sides)]
    findings = []
    for name, (_, labels) in asked.items():
        here, rest = (side.get(name) for side in drawn)
        of = labels[inside]
        findings.append(
            GroupFinding(
                name,
                int((of == 1).sum()),
                int((of == 0).sum()),
                here and Estimate.of(*here),
                rest and Estimate.of(*rest),
                _difference(here, rest) if here and rest else None,
            )
        )
    both = [name for name in asked if all(name in side for side in drawn)]
    mean = rest = difference = None
    if both:
        means = [_mean([side[name] for name in both]) for side in drawn]
        mean, rest = (Estimate.of(*one) for one in means)
        difference = _difference(*means)
    return Group(
        attribute,
        value,
        int(sides[0].sum()),
        int(sides[1].sum()),
        tuple(findings),
        len(both),
        mean,
        rest,
        difference,
    )


_Drawn = tuple[float, np.ndarray]  # a figure, and what it is in each resample


def _aucs(
    asked: Mapping[str, tuple[np.ndarray, np.ndarray]], side: np.ndarray, seed: int
) -> dict[str, _Drawn]:
    """Of the findings that can be measured on one side."""
    parts = {name: (scores[side], labels[side]) for name, (scores, labels) in asked.items()}
    usable = {
        name: part
        for name, part in parts.items()
        if min((part[1] == 1).sum(), (part[1] == 0).sum()) >= FEWEST
    }
    if not usable:
        return {}
    values, resampled = resampled_aucs(list(usable.values()), seed)
    return dict(zip(usable, zip(values, resampled, strict=True), strict=True))


def _mean(drawn: Sequence[_Drawn]) -> _Drawn:
    values, resampled = zip(*drawn, strict=True)
    return float(np.mean(values)), mean_over_conditions(np.array(resampled))


def _difference(first: _Drawn, second: _Drawn) -> Estimate:
    """The two sides are different patients, drawn apart."""
    return Estimate.of(first[0] - second[0], first[1] - second[1])
