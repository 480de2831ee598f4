"""Everything there is to measure of a cohort, in one go."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import numpy as np

from .. import __version__
from ..errors import LibraryError
from . import probes
from .beside import comparison, elsewhere, facts, why_not
from .cohort import Cohort, spoken
from .diagnosis import Diagnosis, diagnose, levels_of_halves
from .few_shot import few_shot
from .results import Evaluation, Finding
from .roc import roc
from .scores import auc, average_precision, mean_auc
from .searches import searches
from .subgroups import by_group
from .thresholds import AtThreshold, across_halves, from_other


def evaluate(
    cohort: Cohort,
    *,
    findings: Sequence[str] = (),
    classes: Sequence[str] = (),
    tune_on: Cohort | None = None,
    against: Cohort | None = None,
    external: Cohort | None = None,
    notes: Sequence[str] = (),
    tell: Callable[[str], None] = lambda step: None,
) -> Evaluation:
    """Evaluate a cohort.

    Args:
        findings: those to measure; none for all that some case has and some case has not.
        classes: findings that exclude each other, to be told apart; none for no diagnosis.
        tune_on: another cohort of the same model that thresholds and the levels of the classes are
            chosen on, in place of the halves of the cohort itself.
        against: the same cases as another model sees them.
        external: another cohort of the same model.
        notes: sentences on what was left out before.
        tell: is told each step as it begins.

    Raises:
        LibraryError: if nothing can be measured, or a class has no case of its own.
    """
    asked = list(findings) or list(cohort.labels)
    left_out = {name: why_not(cohort, name) for name in asked if not cohort.measurable(name)}
    names = [name for name in asked if name not in left_out]
    if not names:
        told = "; ".join(f"{spoken(name)}: {why}" for name, why in left_out.items())
        raise LibraryError(f"Nothing can be measured in {cohort.name!r}. {told}.")
    notes = list(notes)
    if not probes.available():
        notes.append("Probes were left out: they need pip install 'cmrclip-lite[eval]'.")
    # Before the long part, so that what cannot go together is told at once.
    diagnosis = _diagnosis(cohort, classes, tune_on) if classes else None
    beside = comparison(cohort, against, names) if against else None
    outside = elsewhere(cohort, external, names) if external else None
    measured = []
    for name in names:
        tell(spoken(name))
        measured.append(_finding(cohort, name, tune_on))
    tell("retrieval and subgroups")
    return Evaluation(
        facts=facts(cohort),
        made=f"{datetime.now(UTC):%Y-%m-%d %H:%M}",
        version=__version__,
        findings=tuple(measured),
        mean_auc=mean_auc([cohort.asked(name) for name in names]),
        retrieval=tuple(searches(cohort)),
        subgroups=tuple(by_group({name: cohort.asked(name) for name in names}, cohort.groups)),
        left_out=left_out,
        notes=tuple(notes),
        diagnosis=diagnosis,
        comparison=beside,
        external=outside,
    )


def _finding(cohort: Cohort, name: str, tune_on: Cohort | None) -> Finding:
    scores, labels = cohort.asked(name)
    known = ~np.isnan(labels)
    answers = labels[known] == 1
    kinds = (probes.LINEAR, probes.MLP) if probes.available() else ()
    made = (probes.probe(cohort.images, labels, kind) for kind in kinds)
    return Finding(
        name=name,
        label=spoken(name),
        positives=int(answers.sum()),
        negatives=int((~answers).sum()),
        unknown=int((~known).sum()),
        auc=auc(scores[known], answers),
        average_precision=average_precision(scores[known], answers),
        roc=roc(scores[known], answers),
        at_threshold=_at_threshold(cohort, name, tune_on),
        few_shot=tuple(few_shot(cohort.images, labels, cohort.first)),
        probes=tuple(one for one in made if one),
    )


def _at_threshold(cohort: Cohort, name: str, tune_on: Cohort | None) -> AtThreshold | None:
    scores, labels = cohort.asked(name)
    if tune_on is None:
        return across_halves(scores, labels, cohort.first)
    if not tune_on.measurable(name):
        return None
    return from_other(tune_on.asked(name), scores, labels, tune_on.name)


def _diagnosis(cohort: Cohort, classes: Sequence[str], tune_on: Cohort | None) -> Diagnosis:
    if len(classes) < 2:
        raise LibraryError("A diagnosis is one of two classes or more; name at least two.")
    for name in classes:
        if name not in cohort.labels:
            raise LibraryError(
                f"No case of {cohort.name!r} has the finding {name!r}, so it is no class."
            )
    similarities = np.stack([cohort.scores(name) for name in classes], axis=1)
    try:
        if tune_on is None:
            levels = levels_of_halves(similarities, cohort.first)
            words = "the other half of the cohort"
        else:
            # Every case of the other cohort, whatever it has, asked the same prompts.
            queries = np.stack([cohort.queries[name] for name in classes], axis=1)
            levels = (tune_on.images @ queries).mean(0)
            words = f"the cohort {tune_on.name}"
        return diagnose(similarities, cohort.labels, classes, levels, words)
    except ValueError as error:
        raise LibraryError(f"These classes cannot be told apart here: {error}") from error
