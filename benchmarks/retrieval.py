"""How good retrieval is: on held-out phantoms, by words, and on real hearts.

    python benchmarks/retrieval.py                        # the bundled model and library
    python benchmarks/retrieval.py --page                 # and write the figures into docs/
    python benchmarks/retrieval.py runs/third/checkpoint --rendered runs/third/library

Who is judged is said in `cohorts.py`, what the figures mean in docs/retrieval.md. Intervals are
95 % bootstraps over the queries; what is searched stays as it is.
"""

from __future__ import annotations

import argparse
import csv
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import same_exam  # noqa: E402
from benchmarks.cohorts import (  # noqa: E402
    ACDC,
    ROOT,
    acdc_patients,
    embed,
    embed_folder,
    write_results,
)
from cmrclip_lite import load  # noqa: E402
from cmrclip_lite.evaluate import (  # noqa: E402
    average_precision,
    leave_one_out,
    macro_mean,
    match_ranks,
    mean_of,
    median_rank,
    ndcg_at,
    precision_at,
    recall_at,
    shared_findings,
    unranked,
)
from cmrclip_lite.library import CaseLibrary, CaseRecord, default_library  # noqa: E402
from cmrclip_lite.model import CMRCLIP  # noqa: E402
from cmrclip_lite.prompts import CONDITIONS  # noqa: E402
from cmrclip_lite.zeroshot import text_query  # noqa: E402

PAGE = ROOT / "docs" / "retrieval.md"
FIRST, MORE = 5, 10  # cases that a person looks at
# What is typed, and the finding that it asks for or denies.
TYPED = {
    "pericardial effusion": "pericardial_effusion",
    "no pericardial effusion": "pericardial_effusion",
    "LV dilated": "lv_dilation",
    "no LV dilation": "lv_dilation",
    "late gadolinium enhancement": "late_gadolinium_enhancement",
    "no late gadolinium enhancement": "late_gadolinium_enhancement",
}
Find = Callable[[str], Sequence[Sequence[str]]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint", nargs="?", help="the bundled one if absent")
    parser.add_argument("--rendered", type=Path, help="folder of rendered cases, for no library")
    parser.add_argument("--phantoms", type=int, default=16, help="to change, beside the samples")
    parser.add_argument("--page", action="store_true", help="write into docs/retrieval.md")
    arguments = parser.parse_args()
    model = load(arguments.checkpoint)
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        library = open_library(model, arguments.rendered, scratch / "library")
        records = library.get(library.ids)
        sections = [images(records), reports(records), conditions(model, library, records)]
        sections += [wordings(model, library, records), typed(model, library, records)]
    sections += [real(model, records), same_exams(model, records, arguments.phantoms)]
    text = "\n\n".join(sections)
    print(text)
    if arguments.page:
        write_results(PAGE, text)


def open_library(model: CMRCLIP, rendered: Path | None, folder: Path) -> CaseLibrary:
    """The model's own library, or a new one of rendered cases."""
    if rendered is not None:
        return CaseLibrary.create(folder, "held out", model, embed_folder(model, rendered)[0])
    library = default_library(model)
    if library is None:
        raise SystemExit("Only the bundled model has a library; give --rendered.")
    return library


def images(records: Sequence[CaseRecord]) -> str:
    """Image to image, each case searched for among the others."""
    similarity = leave_one_out(stacked(records))
    chance = unranked(similarity)
    findings = [record.findings for record in records]
    gains = shared_findings(findings, findings)
    rows = []
    for k in (FIRST, MORE):
        found, by_chance = ndcg_at(similarity, gains, k), ndcg_at(chance, gains, k)
        rows.append(f"| nDCG@{k} over shared findings | {mean_of(found)} | {mean(by_chance)} |")
    shared, table = findings_table(similarity, findings)
    rows.append(shared)
    for name, values in (
        ("the same sex", [record.sex for record in records]),
        ("the same ten years of age", [record.age_band for record in records]),
        ("the same views", [record.acquisition.views for record in records]),
        ("the same field strength", [record.acquisition.field_strength_t for record in records]),
    ):
        same = np.array([[a == b for b in values] for a in values])
        found = mean_of(precision_at(similarity, same, FIRST))
        by_chance = mean(precision_at(chance, same, FIRST))
        rows.append(f"| of the first {FIRST}, share with {name} | {found} | {by_chance} |")
    undefined = int((gains.sum(1) - np.diag(gains) == 0).sum())
    note = f" ({undefined} share no finding with any other and have no nDCG)" if undefined else ""
    return (
        f"### Image to image\n\n{len(records)} held-out phantoms, each searched for among the "
        f"others{note}:\n\n| | found | by chance |\n| --- | --- | --- |\n"
        + "\n".join(rows)
        + f"\n\nOf the first {FIRST}, the share that has the query's finding:\n\n{table}"
    )


def findings_table(similarity: np.ndarray, findings: Sequence[Sequence[str]]) -> tuple[str, str]:
    """Precision of findings at 5: a row of their mean, and a table of each that is there twice."""
    counts = {key: sum(key in found for found in findings) for key in CONDITIONS}
    keys = [key for key, count in counts.items() if count >= 2]
    columns, chances, rows = [], [], []
    for key in keys:
        has = np.array([key in found for found in findings])
        relevant = np.broadcast_to(has, similarity.shape)
        column = np.full(len(has), np.nan)
        column[has] = precision_at(similarity[has], relevant[has], FIRST)
        chances.append((counts[key] - 1) / (len(has) - 1))
        columns.append(column)
        rows.append(
            f"| {CONDITIONS[key].label} | {counts[key]} | {mean_of(column)} | {chances[-1]:.3f} |"
        )
    mean_row = (
        f"| of the first {FIRST}, share with the query's finding, mean over {len(keys)} findings | "
        f"{macro_mean(np.transpose(columns))} | {np.mean(chances):.3f} |"
    )
    table = f"| finding | cases | precision at {FIRST} | by chance |\n| --- | --- | --- | --- |\n"
    return mean_row, table + "\n".join(rows)


def reports(records: Sequence[CaseRecord]) -> str:
    """Image to impression and back."""
    pairs = stacked(records), np.stack([record.impression_embedding for record in records])
    count = len(records)
    rows = []
    for name, (queries, targets) in (
        ("image to impression", pairs),
        ("impression to image", pairs[::-1]),
    ):
        ranks = match_ranks(queries, targets)
        recalls = " | ".join(str(recall_at(ranks, k)) for k in (1, FIRST, MORE))
        middle = median_rank(ranks)
        rows.append(
            f"| {name} | {recalls} | {middle.value:g} ({middle.low:g} to {middle.high:g}) |"
        )
    by_chance = " | ".join(f"{k / count:.3f}" for k in (1, FIRST, MORE))
    rows.append(f"| by chance | {by_chance} | {(count + 1) / 2:g} |")
    return (
        f"### Image and impression\n\nThe one impression, or image, of {count} that belongs to the "
        "query:\n\n| | R@1 | R@5 | R@10 | median rank |\n| --- | --- | --- | --- | --- |\n"
        + "\n".join(rows)
    )


def searches(
    model: CMRCLIP, library: CaseLibrary, records: Sequence[CaseRecord]
) -> dict[str, Find]:
    """By similarity, by full text and by both: from a text to the findings of the first ten."""
    findings = {record.id: record.findings for record in records}

    def by_similarity(text: str) -> list[Sequence[str]]:
        return [case.findings for case in library.search_text(model, text, MORE)]

    def by_words(text: str) -> list[Sequence[str]]:
        # The library searches words only beside an embedding; this is that half alone.
        searcher = library._searcher
        hits = [hit.row for hit in searcher._holding(text, None, MORE)]
        rows = searcher._rows(hits)
        return [findings[rows[hit]["id"]] for hit in hits]

    def by_both(text: str) -> list[Sequence[str]]:
        return [case.findings for case in library.search_text(model, text, MORE, hybrid=True)]

    return {"similarity": by_similarity, "words": by_words, "both": by_both}


def conditions(model: CMRCLIP, library: CaseLibrary, records: Sequence[CaseRecord]) -> str:
    """Cases for each known condition, asked for by its label."""
    find, embeddings = searches(model, library, records), stacked(records)
    rows, shares, precisions, prevalences = [], {name: [] for name in find}, [], []
    for key in model.config.conditions or CONDITIONS:
        has = np.array([key in record.findings for record in records])
        if not has.any():
            continue
        label = CONDITIONS[key].label
        found = {name: ask(label) for name, ask in find.items()}
        for name, cases in found.items():
            shares[name].append([share(cases, key, k) for k in (FIRST, MORE)])
        precisions.append(average_precision(embeddings @ text_query(model, label), has))
        prevalences.append(has.mean())
        cells = [f"{p:.2f}" for name in find for p in shares[name][-1]]
        rows.append(
            f"| {label} | {has.mean():.3f} | {precisions[-1]} | " + " | ".join(cells) + " |"
        )
    average = mean_of(np.array([estimate.value for estimate in precisions]))
    cells = [f"{np.mean(shares[name], axis=0)[i]:.2f}" for name in find for i in (0, 1)]
    rows.append(f"| mean | {mean(prevalences):.3f} | {average} | " + " | ".join(cells) + " |")
    means = [
        f"| {name} | " + " | ".join(str(mean_of(column)) for column in np.transpose(of_it)) + " |"
        for name, of_it in shares.items()
    ]
    heads = " | ".join(f"{name}: P@{k}" for name in find for k in (FIRST, MORE))
    return (
        f"### Condition to cases\n\nThe label of each of {len(rows) - 1} conditions, typed into a "
        f"search of {len(records)} cases; P@k is the share of the first k that have it, and chance "
        "gives the share of the library that has it:\n\n"
        f"| condition | share of the library | average precision of similarity | {heads} |\n"
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |\n"
        + "\n".join(rows)
        + f"\n\nMeans with intervals over the conditions:\n\n| searched by | P@{FIRST} | P@{MORE} |\n"
        "| --- | --- | --- |\n"
        + "\n".join([*means, f"| chance | {mean(prevalences):.3f} | {mean(prevalences):.3f} |"])
    )


def wordings(model: CMRCLIP, library: CaseLibrary, records: Sequence[CaseRecord]) -> str:
    """Sentences that training never held: those that affirm a condition, and those that deny it."""
    find = searches(model, library, records)
    with (ROOT / "benchmarks" / "paraphrases.csv").open(encoding="utf-8") as file:
        sentences = [row for row in csv.DictReader(file)]
    lines, counts = [], []
    for polarity in ("affirmed", "denied"):
        by_key: dict[str, list[str]] = {}
        for row in sentences:
            if row["polarity"] == polarity and any(row["key"] in r.findings for r in records):
                by_key.setdefault(row["key"], []).append(row["text"])
        counts.append(sum(map(len, by_key.values())))
        prevalence = mean(np.mean([key in r.findings for r in records]) for key in by_key)
        cells = [
            # Wordings of one condition are much alike: each condition is one query.
            str(
                mean_of(
                    np.array(
                        [
                            mean(share(ask(t), key, MORE) for t in texts)
                            for key, texts in by_key.items()
                        ]
                    )
                )
            )
            for ask in find.values()
        ]
        lines.append(f"| {polarity} | " + " | ".join(cells) + f" | {prevalence:.3f} |")
    return (
        f"### Other wordings, and denials\n\n{counts[0]} sentences that affirm a condition and "
        f"{counts[1]} that deny one, none of them held by training: the share of the first {MORE} "
        "that have the condition. For a denial, lower is better. Each condition counts the same; "
        "intervals are over conditions:\n\n"
        f"| | {' | '.join(find)} | chance |\n| --- | --- | --- | --- | --- |\n" + "\n".join(lines)
    )


def typed(model: CMRCLIP, library: CaseLibrary, records: Sequence[CaseRecord]) -> str:
    """A few things as a person types them, beside their denials."""
    find = searches(model, library, records)
    rows = []
    for text, key in TYPED.items():
        prevalence = mean(key in record.findings for record in records)
        cells = [f"{share(ask(text), key, MORE):.1f}" for ask in find.values()]
        label = CONDITIONS[key].label
        rows.append(f"| {text} | {label} | " + " | ".join(cells) + f" | {prevalence:.2f} |")
    return (
        f"The share of the first {MORE} that have a finding, when it is typed and when its denial "
        f"is:\n\n| typed | finding | {' | '.join(find)} | chance |\n"
        "| --- | --- | --- | --- | --- | --- |\n" + "\n".join(rows)
    )


def real(model: CMRCLIP, records: Sequence[CaseRecord]) -> str:
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
        "findings fit the patient's class.\n\n"
        f"{among_phantoms(embeddings, labels, records)}"
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


def same_exams(model: CMRCLIP, records: Sequence[CaseRecord], phantoms: int) -> str:
    """Near-duplicates: one exam in other forms, against distinct patients."""
    groups = {"synthetic": same_exam.changed(model, same_exam.synthetic_exams(phantoms))}
    distinct = {"phantoms": stacked(records)}
    if changed := same_exam.changed(model, same_exam.real_exams()):
        groups["real"] = changed
    patients = acdc_patients()
    if patients is not None:
        distinct["real patients"] = embed(model, patients[0])
    return (
        "### One exam twice\n\nThe cosine to the most similar other patient, where all are "
        f"different:\n\n{same_exam.nearest_table(distinct)}\n\nThe cosine of one exam to itself "
        "after a change; folded as a search does now, by its threshold of "
        f"{same_exam.NEAR_DUPLICATE} or because a series is the same pixel by pixel:\n\n"
        f"{same_exam.changes_table(groups)}\n\nWhat other thresholds would do (the one in use is "
        "bold), over the changes that leave no series as it was:\n\n"
        f"{same_exam.thresholds_table(distinct, groups)}"
    )


def stacked(records: Sequence[CaseRecord]) -> np.ndarray:
    """`(N, D)` embeddings."""
    return np.stack([record.embedding for record in records])


def share(found: Sequence[Sequence[str]], key: str, k: int) -> float:
    """Of the first `k`, those that have a finding; what was not found does not have it."""
    return sum(key in findings for findings in found[:k]) / k


def mean(values: object) -> float:
    """Of anything that can be gone through; chance needs no interval."""
    return float(np.nanmean(np.fromiter(values, float)))


if __name__ == "__main__":
    main()
