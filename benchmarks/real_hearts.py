"""Real patients searched for among each other, and among the phantoms of a library.

`benchmarks/retrieval.py` prints the tables.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks.cohorts import ACDC, acdc_patients, embed, imaged, stacked
from benchmarks.text_search import FIRST
from cmrclip_lite.evaluate import leave_one_out, mean_of, precision_at, unranked
from cmrclip_lite.library import Acquisition, CaseRecord
from cmrclip_lite.model import CMRCLIP
from cmrclip_lite.prompts import CONDITIONS
from cmrclip_lite.study import Study


def section(model: CMRCLIP, records: Sequence[CaseRecord]) -> str:
    """Real patients among each other, and among the phantoms."""
    patients = acdc_patients()
    if patients is None:
        return "### Real hearts\n\nNot measured: the real studies are not at hand."
    studies, labels = patients
    embeddings = embed(model, studies)
    return (
        f"### Real hearts\n\n{len(studies)} ACDC patients (only the ED and ES frames of the short "
        f"axis), each searched for among the others: the share of the first {FIRST} that are of "
        f"its class.\n\n{same_class(embeddings, labels)}\n\nThe same patients, searched for in the "
        f"library of {len(records)} phantoms: the share of the first {FIRST} phantoms whose "
        "findings fit the patient's class (all that hold in it).\n\n"
        f"{among_phantoms(embeddings, labels, records)}\n\n"
        f"What they have:\n\n{most_found(embeddings, labels, records)}\n\n"
        f"{alike_imaged(embeddings, studies, records)}"
    )


def same_class(embeddings: np.ndarray, labels: Sequence[str]) -> str:
    """Same-class precision at 5, leave one out, in all and of each class."""
    classes = np.array(labels)
    same = classes[:, None] == classes[None]
    similarity = leave_one_out(embeddings)
    found = precision_at(similarity, same, FIRST)
    return by_class(classes, found, precision_at(unranked(similarity), same, FIRST))


def among_phantoms(
    embeddings: np.ndarray, labels: Sequence[str], records: Sequence[CaseRecord]
) -> str:
    """Precision at 5 of phantoms that have every finding which holds in a patient's class."""
    fits = np.array(
        [
            [
                all(key in r.findings for key, where in ACDC.items() if label in where)
                for r in records
            ]
            for label in labels
        ]
    )
    similarity = embeddings @ stacked(records).T
    found = precision_at(similarity, fits, FIRST)
    return by_class(np.array(labels), found, precision_at(unranked(similarity), fits, FIRST))


def most_found(embeddings: np.ndarray, labels: Sequence[str], records: Sequence[CaseRecord]) -> str:
    """The commonest findings among the first 5 phantoms of the patients of each class."""
    similarity, classes = embeddings @ stacked(records).T, np.array(labels)
    keys = list(CONDITIONS)
    # (patients, findings): the share of each patient's first phantoms.
    shares = np.transpose(
        [
            precision_at(similarity, np.broadcast_to(has, similarity.shape), FIRST)
            for has in ([key in record.findings for record in records] for key in keys)
        ]
    )
    lines = ["| class | commonest findings of the phantoms found |", "| --- | --- |"]
    for name in sorted(set(labels)):
        means = shares[classes == name].mean(0)
        top = np.argsort(-means, kind="stable")[:3]
        found = (f"{CONDITIONS[keys[i]].label} {means[i]:.0%}" for i in top if means[i] > 0)
        lines.append(f"| {name} | {', '.join(found)} |")
    return "\n".join(lines)


def alike_imaged(
    embeddings: np.ndarray, studies: Sequence[Study], records: Sequence[CaseRecord]
) -> str:
    """Whether real patients find phantoms for what was imaged rather than for what they have."""
    asked = [imaged(Acquisition.of(study)) for study in studies]
    same = np.array([[imaged(r.acquisition) == one for r in records] for one in asked])
    similarity = embeddings @ stacked(records).T
    found = mean_of(precision_at(similarity, same, FIRST))
    by_chance = precision_at(unranked(similarity), same, FIRST).mean()
    return (
        f"Of these first {FIRST} phantoms, the share with the same views and enhancement as the "
        f"patient is {found}, by chance {by_chance:.3f}."
    )


def by_class(classes: np.ndarray, found: np.ndarray, chance: np.ndarray) -> str:
    """A table of a value per patient `(N,)`, beside what chance gives."""
    lines = [
        f"| class | patients | precision at {FIRST} | by chance |",
        "| --- | --- | --- | --- |",
    ]
    for name in sorted(set(classes)):
        of_it = classes == name
        lines.append(
            f"| {name} | {of_it.sum()} | {mean_of(found[of_it])} | {chance[of_it].mean():.3f} |"
        )
    lines.append(f"| all | {len(classes)} | {mean_of(found)} | {chance.mean():.3f} |")
    return "\n".join(lines)
