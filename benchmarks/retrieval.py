"""How good retrieval is: on held-out phantoms, by words, and on real hearts.

    python benchmarks/retrieval.py                        # the bundled model and library
    python benchmarks/retrieval.py --page                 # and write the figures into docs/
    python benchmarks/retrieval.py runs/fourth/checkpoint --rendered runs/fourth/library

Who is judged is said in `cohorts.py`, what the figures mean in docs/retrieval.md. Intervals are
95 % bootstraps over the queries; what is searched stays as it is.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import real_hearts, same_exam, text_search  # noqa: E402
from benchmarks.cohorts import (  # noqa: E402
    ROOT,
    acdc_patients,
    embed,
    embed_folder,
    imaged,
    stacked,
    write_results,
)
from benchmarks.text_search import FIRST, MORE  # noqa: E402
from cmrclip_lite import load  # noqa: E402
from cmrclip_lite.evaluate import (  # noqa: E402
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
from cmrclip_lite.library import (  # noqa: E402
    CaseLibrary,
    CaseRecord,
    default_library,
)
from cmrclip_lite.model import CMRCLIP  # noqa: E402
from cmrclip_lite.prompts import CONDITIONS  # noqa: E402

PAGE = ROOT / "docs" / "retrieval.md"


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
        sections = [images(records), reports(records)]
        for section in (text_search.conditions, text_search.wordings, text_search.typed):
            sections.append(section(model, library))
    sections += [
        real_hearts.section(model, records),
        same_exams(model, records, arguments.phantoms),
    ]
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
        rows.append(f"| nDCG@{k} over shared findings | {mean_of(found)} | {mean(by_chance):.3f} |")
    shared, table = findings_table(similarity, findings)
    rows.append(shared)
    for name, values in (
        ("the same sex", [record.sex for record in records]),
        ("the same ten years of age", [record.age_band for record in records]),
        ("the same views and enhancement", [imaged(record.acquisition) for record in records]),
        ("the same field strength", [record.acquisition.field_strength_t for record in records]),
    ):
        same = np.array([[a == b for b in values] for a in values])
        found = mean_of(precision_at(similarity, same, FIRST))
        by_chance = mean(precision_at(chance, same, FIRST))
        rows.append(f"| of the first {FIRST}, share with {name} | {found} | {by_chance:.3f} |")
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


def mean(values: Iterable[float]) -> float:
    """Of anything that can be gone through; chance needs no interval."""
    return float(np.nanmean(np.fromiter(values, float)))


if __name__ == "__main__":
    main()
