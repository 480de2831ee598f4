"""One cohort beside another: the same cases by another model, or other cases by the same model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from ..errors import LibraryError
from .cohort import Cohort, spoken
from .compare import delong, holm, mean_difference, paired_bootstrap
from .intervals import Estimate
from .results import Compared, Comparison, External, Facts, Outside
from .scores import auc, average_precision, mean_over_conditions, resampled_aucs
from .thresholds import from_other

_FEWEST = 2  # positives and negatives that DeLong's test needs


def facts(cohort: Cohort) -> Facts:
    """Which cohort, by which model."""
    return Facts(
        name=cohort.name,
        cases=len(cohort),
        impressions=int((~np.isnan(cohort.texts[:, 0])).sum()),
        model=cohort.model,
        identity=cohort.identity,
        groups={name: dict(Counter(values)) for name, values in cohort.groups.items()},
    )


def why_not(cohort: Cohort, name: str) -> str:
    """Why a finding cannot be measured."""
    known = set(cohort.labels.get(name, np.zeros(0)))
    return "no case has it" if 1.0 not in known else "no case is known to be without it"


def comparison(cohort: Cohort, against: Cohort, names: Sequence[str]) -> Comparison:
    """Another model beside a cohort's own, on the cases that both have.

    Args:
        names: findings that the cohort can measure.

    Raises:
        LibraryError: if no case is in both, or no finding can be compared.
    """
    there = set(against.ids)
    common = [case_id for case_id in cohort.ids if case_id in there]
    if not common:
        raise LibraryError(
            f"{against.name!r} has no case of {cohort.name!r}: no id is in both, so the two "
            "models cannot be compared case by case."
        )
    first, second = cohort.take(common), against.take(common)
    usable = [
        name
        for name in names
        if name in second.queries
        and min((first.labels[name] == kind).sum() for kind in (0, 1)) >= _FEWEST
    ]
    if not usable:
        raise LibraryError(f"No finding can be compared on the {len(common)} cases of both.")
    tests = []
    for name in usable:
        scores, labels = first.asked(name)
        known = ~np.isnan(labels)
        pair = scores[known], second.scores(name)[known], labels[known] == 1
        tests.append((int(pair[2].sum()), int((~pair[2]).sum()), delong(*pair), pair))
    corrected = holm([test.p for _, _, test, _ in tests])
    return Comparison(
        facts=facts(against),
        cases=len(common),
        findings=tuple(
            Compared(
                name, spoken(name), positives, negatives, test, paired_bootstrap(*pair), p_holm
            )
            for name, (positives, negatives, test, pair), p_holm in zip(
                usable, tests, corrected, strict=True
            )
        ),
        mean=mean_difference(
            [first.scores(name) for name in usable],
            [second.scores(name) for name in usable],
            [first.labels[name] for name in usable],
        ),
        left_out=len(set(cohort.ids) ^ there),
    )


def elsewhere(cohort: Cohort, external: Cohort, names: Sequence[str]) -> External:
    """Another cohort beside one, by the same model.

    Args:
        names: findings that the cohort can measure.

    Raises:
        LibraryError: if the other can measure none of them.
    """
    left_out = {name: why_not(external, name) for name in names if not external.measurable(name)}
    both = [name for name in names if name not in left_out]
    if not both:
        raise LibraryError(
            f"No finding of {cohort.name!r} can be measured in {external.name!r}: none is there "
            "in some cases and absent in others."
        )
    sides = [
        resampled_aucs([one.asked(name) for name in both], seed)
        for seed, one in enumerate((cohort, external))
    ]
    found = []
    for i, name in enumerate(both):
        scores, labels = external.asked(name)
        known = ~np.isnan(labels)
        answers = labels[known] == 1
        (inside, inner), (outside, outer) = ((values[i], drawn[i]) for values, drawn in sides)
        found.append(
            Outside(
                name=name,
                label=spoken(name),
                positives=int(answers.sum()),
                negatives=int((~answers).sum()),
                unknown=int((~known).sum()),
                auc=auc(scores[known], answers),
                average_precision=average_precision(scores[known], answers),
                at_threshold=from_other(cohort.asked(name), scores, labels, cohort.name),
                internal=Estimate.of(inside, inner),
                difference=Estimate.of(outside - inside, outer - inner),
            )
        )
    (inside, inner), (outside, outer) = (
        (values.mean(), mean_over_conditions(drawn)) for values, drawn in sides
    )
    inner_contents = frozenset().union(*cohort.contents)
    return External(
        facts=facts(external),
        findings=tuple(found),
        mean=Estimate.of(outside, outer),
        internal=Estimate.of(inside, inner),
        difference=Estimate.of(outside - inside, outer - inner),
        left_out=left_out,
        shared=sum(not inner_contents.isdisjoint(one) for one in external.contents),
    )
