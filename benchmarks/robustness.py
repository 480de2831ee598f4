"""What acquisition shifts and other wordings do to a checkpoint's answers.

    python benchmarks/robustness.py [CHECKPOINT] --cache FOLDER [--exams 96] [--figure OUT.html]

Two cohorts: held-out phantoms, the first of the library's seeds, rendered again as whole studies,
and 40 real ACDC patients where they are at hand (end-diastole and end-systole of the short axis
alone, so that some shifts do not apply). The folder keeps rendered exams and their
embeddings, so that a run that was stopped goes on; embeddings are made anew when the checkpoint or
the code that makes them changes, rendered exams are not.
"""

from __future__ import annotations

import argparse
import csv
import pickle
import sys
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.cohorts import ACDC, ROOT, Cohort, acdc_patients  # noqa: E402
from benchmarks.shifted_exams import embed_cohort, render  # noqa: E402
from cmrclip_lite import load  # noqa: E402
from cmrclip_lite.figures import robustness_lines  # noqa: E402
from cmrclip_lite.model import CMRCLIP  # noqa: E402
from cmrclip_lite.phantom import PhantomCase  # noqa: E402
from cmrclip_lite.phantom.truth import CINE_SAX, LGE  # noqa: E402
from cmrclip_lite.prompts import CONDITIONS  # noqa: E402
from cmrclip_lite.robustness import (  # noqa: E402
    MIDDLE,
    SHIFTS,
    Embedded,
    Response,
    respond,
    wording_spread,
)
from cmrclip_lite.training.facts import answers  # noqa: E402
from cmrclip_lite.zeroshot import text_query  # noqa: E402

EXAMS = 96  # a dozen of each diagnosis
FEWEST = 5  # positives, and negatives, of a condition that is judged
# A pair of frames of the short axis has no phases and no views to lose, and the header of a stack
# alone is not asked where it lies.
PAIRS = tuple(key for key in SHIFTS if key not in ("phases", "views", "turned_unsaid"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint", nargs="?", help="the bundled one if absent")
    parser.add_argument("--cache", type=Path, required=True, help="folder for what is made")
    parser.add_argument("--exams", type=int, default=EXAMS, help=f"phantoms (default {EXAMS})")
    parser.add_argument("--workers", type=int, default=1, help="processes that render")
    parser.add_argument("--render-only", action="store_true", help="stop before embedding")
    parser.add_argument("--figure", type=Path, help="write the phantoms' figure as a page")
    given = parser.parse_args()
    if given.render_only:
        render(given.cache, given.exams, given.workers)
        return
    model = load(given.checkpoint)
    print(section(model, given.cache, given.exams, given.workers, given.figure))


def section(
    model: CMRCLIP,
    cache: Path,
    exams: int = EXAMS,
    workers: int = 1,
    figure: Path | None = None,
) -> str:
    """The results as Markdown.

    Args:
        cache: folder that keeps rendered exams and embeddings.
        exams: how many phantoms.
        workers: processes that render those not there yet.
        figure: where to write the phantoms' figure as a page, or None.
    """
    files = render(cache, exams, workers)
    cases = [pickle.loads(file.read_bytes()) for file in files]
    embedded = embed_cohort(model, "phantom", [case.study for case in cases], tuple(SHIFTS), cache)
    cohort = known_phantoms(cases, embedded)
    keys = judged(cohort.known, model.config.conditions)
    found = response(model, embedded, keys, cohort.known, tuple(SHIFTS))
    if figure:
        robustness_lines(found).write_html(figure, include_plotlyjs=True)
    parts = [
        f"**{len(cases)} held-out phantoms**, rendered again as whole studies, "
        f"{len(keys)} conditions with {FEWEST} positives or more; mean AUC before "
        f"{found.auc_before.mean():.3f}.\n\n{summary(found)}\n\n{table(found, keys)}",
        blind(found, keys, cases),
        real_hearts(model, cache),
        wordings(model, cohort, keys),
    ]
    return "\n\n".join(part for part in parts if part)


def known_phantoms(cases: Sequence[PhantomCase], embedded: Embedded) -> Cohort:
    """The phantoms as other benchmarks judge them."""
    return Cohort(
        embedded.before,
        [tuple(sorted(case.truth.findings)) for case in cases],
        [case.impression for case in cases],
        [case.truth for case in cases],
    )


def real_hearts(model: CMRCLIP, cache: Path) -> str:
    """The same on 40 ACDC patients, where they are at hand."""
    patients = acdc_patients()
    if patients is None:
        return ""
    studies, classes = patients
    embedded = embed_cohort(model, "acdc", studies, PAIRS, cache)
    keys = tuple(key for key in ACDC if key in model.config.conditions)

    def known(key: str) -> np.ndarray:
        return np.array([float(label in ACDC[key]) for label in classes])

    found = response(model, embedded, keys, known, PAIRS)
    return (
        f"**Real hearts: {len(studies)} ACDC patients** (ED and ES frames of the short axis), "
        f"{len(keys)} conditions; mean AUC before {found.auc_before.mean():.3f}. Phases and views "
        "cannot be left out of these pairs, and their headers are not asked where they lie.\n\n"
        f"{summary(found)}\n\n{table(found, keys)}"
    )


def judged(known: Callable[[str], np.ndarray], keys: Sequence[str]) -> tuple[str, ...]:
    """Conditions with positives and negatives enough."""
    counts = {key: [(known(key) == answer).sum() for answer in (0, 1)] for key in keys}
    return tuple(key for key in keys if min(counts[key]) >= FEWEST)


def response(
    model: CMRCLIP,
    embedded: Embedded,
    keys: Sequence[str],
    known: Callable[[str], np.ndarray],
    shifts: tuple[str, ...],
) -> Response:
    queries = np.stack([text_query(model, CONDITIONS[key].label) for key in keys])
    return respond(embedded, queries, np.stack([known(key) for key in keys], axis=1), shifts)


def summary(found: Response) -> str:
    return (
        f"Mean AUC lost at the middle strength over {len(found.shifts)} shifts: "
        f"**{found.summary}**."
    )


def table(found: Response, keys: Sequence[str]) -> str:
    """One row a shift: at the middle strength, and what is lost at the strongest."""
    lines = [
        "| shift | middle strength | AUC lost | at the strongest | cosine: median, lowest | drift: "
        "median, 95th percentile | rank correlation | loses most |",
        "| --- |" + " --- |" * 7,
    ]
    for i, shift in enumerate(found.shifts):
        at = slice(MIDDLE - 1, MIDDLE) if shift.graded else slice(None)
        lost = found.auc_before - found.auc[i, at].mean(0)
        cosine, drift = found.cosine[i, at], np.abs(found.drift[i, at])
        cells = (
            shift.label,
            shift.meanings[MIDDLE - 1] if shift.graded else "mean of five ways",
            str(found.middles[i]),
            f"{found.losses[i][-1].value:.3f}" if shift.graded else "",
            f"{np.median(cosine):.3f}, {cosine.min():.3f}",
            f"{np.median(drift):.2f}, {np.quantile(drift, 0.95):.2f}",
            f"{found.stability[i, at].mean():.2f}",
            f"{CONDITIONS[keys[lost.argmax()]].label} ({lost.max():.2f})",
        )
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def blind(found: Response, keys: Sequence[str], cases: Sequence[PhantomCase]) -> str:
    """What missing views cost in conditions that the views that are left could show."""
    names = [shift.key for shift in found.shifts]
    lost = found.auc_before - found.auc[names.index("views")]  # (5, K)
    rows = []
    for strength, left in ((3, (CINE_SAX, LGE)), (4, (CINE_SAX,))):
        seen = np.array([_seen(key, cases, left) for key in keys])
        meaning = found.shifts[names.index("views")].meanings[strength - 1]
        rows.append(
            f"| {meaning} | {lost[strength - 1, seen].mean():.3f} ({seen.sum()}) | "
            f"{lost[strength - 1, ~seen].mean():.3f} ({(~seen).sum()}) |"
        )
    return (
        "Missing views, by what could still be seen: AUC lost (conditions)\n\n"
        "| missing | conditions that what is left shows | that it does not show |\n"
        "| --- | --- | --- |\n" + "\n".join(rows)
    )


def _seen(key: str, cases: Sequence[PhantomCase], left: tuple[str, ...]) -> bool:
    """Whether any exam that holds these images alone answers a condition."""
    return any(answers(replace(case.truth, imaged=left))[key] is not None for case in cases)


def wordings(model: CMRCLIP, cohort: Cohort, keys: Sequence[str]) -> str:
    """The spread over paraphrases that training never held."""
    sentences = defaultdict(list)
    with (ROOT / "benchmarks" / "paraphrases.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["polarity"] == "affirmed" and row["key"] in keys:
                sentences[row["key"]].append(row["text"])
    asked = {key: texts for key, texts in sentences.items() if len(texts) > 1}
    labels = {key: cohort.known(key) for key in asked}
    found = wording_spread(model, cohort.embeddings, labels, asked)
    rows = [
        f"| {CONDITIONS[one.key].label} | {one.wordings} | {one.spread:.2f} | {one.stability:.2f} "
        f"| {one.auc_own:.3f} | {one.auc_median:.3f} | {one.auc_lowest:.3f} |"
        for one in found
    ]
    means = (
        f"{np.mean([getattr(one, name) for one in found]):.{places}f}"
        for name, places in (
            ("spread", 2), ("stability", 2), ("auc_own", 3), ("auc_median", 3), ("auc_lowest", 3),
        )
    )  # fmt: skip
    rows.append(f"| mean | {sum(one.wordings for one in found)} | " + " | ".join(means) + " |")
    return (
        "**Wording**: affirming paraphrases kept out of training, on the same phantoms. Spread is "
        "the deviation of a patient's scores over the sentences, in units of the spread over "
        "patients (median patient).\n\n| condition | sentences | spread | rank correlation, "
        "median | AUC, own prompts | AUC, median sentence | AUC, worst |\n"
        "| --- | --- | --- | --- | --- | --- | --- |\n" + "\n".join(rows)
    )


if __name__ == "__main__":
    main()
