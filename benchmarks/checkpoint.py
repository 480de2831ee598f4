"""How good a checkpoint is: on held-out phantoms, on real hearts, and on paraphrases.

    python benchmarks/checkpoint.py                       # the bundled checkpoint
    python benchmarks/checkpoint.py --card                # and write the figures into its card
    python benchmarks/checkpoint.py runs/third/checkpoint --rendered runs/third/library

The held-out phantoms are whole exams through the whole path, of seeds that training does not draw
from: the cases of the library, or those in a training run's folder, which may be more
(`python -m cmrclip_lite.training.bundle runs/third --held-out 500 --render-only`). Real studies
are looked for in ../shared/real beside the repository; they are never trained on. Every figure
has a bootstrap 95 % interval over patients.
"""

from __future__ import annotations

import argparse
import csv
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from cmrclip_lite import load, read_study
from cmrclip_lite.bundled import sample_studies
from cmrclip_lite.evaluate import RESAMPLES, Estimate, auc, match_ranks, recall_at
from cmrclip_lite.library import default_library
from cmrclip_lite.model import CMRCLIP
from cmrclip_lite.phantom.truth import Truth
from cmrclip_lite.prompts import CONDITIONS
from cmrclip_lite.study import Study
from cmrclip_lite.training import facts
from cmrclip_lite.training.bundle import embed_rendered, read_rendered

ROOT = Path(__file__).parents[1]
REAL = ROOT.parent / "shared" / "real"
ACDC = {
    "lv_dilation": {"DCM"},
    "dilated_cardiomyopathy": {"DCM"},
    "lv_hypertrophy": {"HCM"},
    "hypertrophic_cardiomyopathy": {"HCM"},
    "lv_systolic_dysfunction": {"DCM", "MINF"},
    "rv_dilation": {"RV"},
    "normal_study": {"NOR"},
    "prior_infarct": {"MINF"},
}
MARKS = "<!-- results: begin -->", "<!-- results: end -->"


@dataclass(frozen=True)
class Cohort:
    """Held-out phantoms: `embeddings` `(N, D)`, and each one's findings and impression.

    `truths` are at hand for rendered cases; a library keeps findings alone.
    """

    embeddings: np.ndarray
    findings: list[tuple[str, ...]]
    impressions: list[str]
    truths: list[Truth] | None = None

    def known(self, key: str) -> np.ndarray:
        """`(N,)`: 1 where a condition holds, 0 where not, NaN where it is too close to call.

        Or where the exam does not hold the view that shows it; findings alone know of neither.
        """
        if self.truths is None:
            return np.array([float(key in found) for found in self.findings])
        answers = (facts.answers(truth)[key] for truth in self.truths)
        return np.array([np.nan if answer is None else float(answer) for answer in answers])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint", nargs="?", help="the bundled one if absent")
    parser.add_argument("--rendered", type=Path, help="folder of rendered cases, for no library")
    parser.add_argument("--card", action="store_true", help="write into the checkpoint's README")
    arguments = parser.parse_args()
    model = load(arguments.checkpoint)
    cohort = held_out(model, arguments.rendered)
    sections = [phantoms(model, cohort), acdc(model), sunnybrook(model, cohort)]
    sections += [paraphrases(model, cohort), speed(model)]
    text = "\n\n".join(section for section in sections if section)
    print(text)
    if arguments.card:
        write_card(Path(arguments.checkpoint or ROOT / "cmrclip_lite" / "bundled"), text)


def held_out(model: CMRCLIP, rendered: Path | None) -> Cohort:
    """The cases of the model's library, or rendered ones embedded now."""
    if rendered is None:
        library = default_library(model)
        if library is None:
            raise SystemExit("Only the bundled model has a library; give --rendered.")
        return Cohort(library.embeddings, library.findings, library.impressions)
    cases = [read_rendered(file) for file in sorted(rendered.glob("*-????.npz"))]
    if not cases:
        raise SystemExit(f"There are no rendered cases in {rendered}.")
    records = [embed_rendered(model, case) for case in cases]
    return Cohort(
        np.stack([record.embedding for record in records]),
        [record.findings for record in records],
        [record.impression for record in records],
        [case.truth for case in cases],
    )


def embed(model: CMRCLIP, studies: Iterable[Study]) -> np.ndarray:
    """`(N, D)`."""
    return np.stack([model.encode_study(study).numpy() for study in studies])


def ask(model: CMRCLIP, embeddings: np.ndarray, prompts: Iterable[str]) -> np.ndarray:
    """`(N,)`: the mean similarity of each study over some prompts."""
    return embeddings @ model.encode_text(list(prompts)).numpy().mean(0)


def phantoms(model: CMRCLIP, cohort: Cohort) -> str:
    """Zero-shot AUC and retrieval on phantoms that training has not seen."""
    table = auc_table(model, cohort.embeddings, model.config.conditions, cohort.known)
    reports = np.concatenate([model.encode_text([text]).numpy() for text in cohort.impressions])
    rows = []
    for name, ranks in (
        ("image to impression", match_ranks(cohort.embeddings, reports)),
        ("impression to image", match_ranks(reports, cohort.embeddings)),
    ):
        recalls = " | ".join(str(recall_at(ranks, k)) for k in (1, 5, 10))
        rows.append(f"| {name} | {recalls} | {np.median(ranks):.0f} |")
    count = len(reports)
    left_out = ""
    if cohort.truths is not None:
        left_out = ", over the exams that show whether a condition holds and are not at its limit"
    return (
        f"**Held-out phantoms** ({count} exams of other seeds), zero-shot AUC{left_out}:\n\n"
        f"{table}\n\n"
        f"Retrieval among the same {count} exams:\n\n"
        "| | R@1 | R@5 | R@10 | median rank |\n| --- | --- | --- | --- | --- |\n" + "\n".join(rows)
    )


def acdc(model: CMRCLIP) -> str:
    """Zero-shot AUC on pairs of an end-diastolic and an end-systolic frame of 40 patients."""
    if not (REAL / "acdc_dev.npz").exists():
        return ""
    volumes = np.load(REAL / "acdc_dev.npz")
    with (REAL / "acdc_dev.csv").open() as file:
        patients = list(csv.DictReader(file))
    studies = []
    for row in patients:
        pair = [volumes[f"{row['patient']}/{phase}"] for phase in ("ed", "es")]
        spacing = tuple(float(row[key]) for key in ("slice_mm", "row_mm", "col_mm"))
        studies.append(Study.from_array(np.stack(pair, axis=1), spacing))
    labels = [row["label"] for row in patients]
    table = auc_table(
        model,
        embed(model, studies),
        ACDC,
        lambda key: np.array([float(label in ACDC[key]) for label in labels]),
    )
    return (
        "**Real hearts: 40 ACDC patients** (8 each of DCM, HCM, MINF, NOR, RV; only the ED and ES "
        f"frames), zero-shot AUC of a class against the rest:\n\n{table}"
    )


def sunnybrook(model: CMRCLIP, cohort: Cohort) -> str:
    """Where three real exams with severely reduced function stand among normal phantoms."""
    exams = sorted((REAL / "sunnybrook").glob("*.zip"))
    if not exams:
        return ""
    asked = ["severe_lv_systolic_dysfunction", "normal_study"]
    embeddings = embed(model, (read_study(exam) for exam in exams))
    normal = cohort.embeddings[cohort.known("normal_study") == 1]
    percentiles = []
    for key in asked:
        prompts = CONDITIONS[key].prompts
        below = ask(model, normal, prompts) < ask(model, embeddings, prompts)[:, None]
        percentiles.append(100 * below.mean(1))
    rows = [
        f"| {exam.stem} | " + " | ".join(f"{p:.0f}" for p in row) + " |"
        for exam, row in zip(exams, np.transpose(percentiles), strict=True)
    ]
    heads = " | ".join(CONDITIONS[key].label for key in asked)
    return (
        "**Three real GE exams** (Sunnybrook; EF 26, 26, 22 % after infarction), percentile among "
        f"the {len(normal)} normal phantoms:\n\n| exam | {heads} |\n"
        "| --- | --- | --- |\n" + "\n".join(rows)
    )


def paraphrases(model: CMRCLIP, cohort: Cohort) -> str:
    """Does a sentence that training never held rank phantoms as its canonical prompt does?"""
    with (ROOT / "benchmarks" / "paraphrases.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["key"] in model.config.conditions]
    gaps, turned = [], []
    for row in rows:
        labels = cohort.known(row["key"])
        if not {0.0, 1.0} <= set(labels):
            continue
        canonical = area(ask(model, cohort.embeddings, CONDITIONS[row["key"]].prompts), labels)
        paraphrase = area(ask(model, cohort.embeddings, [row["text"]]), labels)
        if row["polarity"] == "affirmed":
            gaps.append(canonical - paraphrase)
        else:
            turned.append(paraphrase < 0.5)
    return (
        f"**Language** ({len(gaps)} paraphrases and {len(turned)} negations kept out of "
        f"training, on the same phantoms): a paraphrase's AUC is below its canonical prompt's by "
        f"{np.median(gaps):.3f} at the median and {np.quantile(gaps, 0.9):.3f} at the 90th "
        f"percentile; {100 * np.mean(turned):.0f} % of the negations rank the other way."
    )


def speed(model: CMRCLIP) -> str:
    """Time to embed one sample study that has been read."""
    study = read_study(next(iter(sample_studies().values())))
    model.encode_study(study)
    times = []
    for _ in range(9):
        started = time.perf_counter()
        model.encode_study(study)
        times.append(time.perf_counter() - started)
    parameters = sum(p.numel() for p in model.parameters())
    megabytes = sum(p.numel() * p.element_size() for p in model.parameters()) / 1e6
    return (
        f"**Size and speed**: {parameters / 1e6:.1f} M parameters ({megabytes:.0f} MB); a "
        f"study that has been read is embedded in {np.median(times):.2f} s (median of 9) on "
        f"{torch.get_num_threads()} threads."
    )


def auc_table(
    model: CMRCLIP,
    embeddings: np.ndarray,
    keys: Iterable[str],
    known: Callable[[str], np.ndarray],
) -> str:
    """A Markdown table of the conditions that some of the cases have and some have not."""
    rows, asked = [], []
    for key in keys:
        labels = known(key)
        if not {0.0, 1.0} <= set(labels):
            continue
        scores, judged = ask(model, embeddings, CONDITIONS[key].prompts), ~np.isnan(labels)
        asked.append((scores, labels))
        found = auc(scores[judged], labels[judged] == 1)
        positives = f"{np.nansum(labels):.0f} of {judged.sum()}"
        rows.append(f"| {CONDITIONS[key].label} | {positives} | {found} |")
    rows.append(f"| mean | | {mean_auc(asked)} |")
    return "| condition | positives | AUC (95 % interval) |\n| --- | --- | --- |\n" + "\n".join(
        rows
    )


def mean_auc(asked: list[tuple[np.ndarray, np.ndarray]], seed: int = 0) -> Estimate:
    """The mean AUC over conditions, its interval from patients resampled for all at once.

    Args:
        asked: scores and labels (1, 0 or NaN), both `(N,)`, of each condition.
    """
    patients = len(asked[0][0])
    rng = np.random.default_rng(seed)
    # How often each patient is drawn in each resample.
    drawn = rng.multinomial(patients, np.full(patients, 1 / patients), RESAMPLES).astype(float)
    values, resampled = [], []
    for scores, labels in asked:
        won = wins(scores, labels)
        values.append(won.mean())
        positive, negative = drawn[:, labels == 1], drawn[:, labels == 0]
        pairs = positive.sum(1) * negative.sum(1)
        total = np.einsum("rp,pn,rn->r", positive, won, negative, optimize=True)
        resampled.append(np.where(pairs > 0, total / np.maximum(pairs, 1), np.nan))
    low, high = np.nanquantile(np.nanmean(resampled, axis=0), (0.025, 0.975))
    return Estimate(float(np.mean(values)), float(low), float(high))


def area(scores: np.ndarray, labels: np.ndarray) -> float:
    """The AUC alone, without its interval; labels are 1, 0 or NaN."""
    return float(wins(scores, labels).mean())


def wins(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """`(P, Q)` for each positive and negative: 1 if the positive scores higher, 0.5 for a tie."""
    return np.sign(scores[labels == 1][:, None] - scores[labels == 0][None]) / 2 + 0.5


def write_card(folder: Path, text: str) -> None:
    """Replace what stands between the marks of the model card."""
    card = folder / "README.md"
    before, _, rest = card.read_text().partition(MARKS[0])
    after = rest.partition(MARKS[1])[2]
    card.write_text(f"{before}{MARKS[0]}\n{text}\n{MARKS[1]}{after}")


if __name__ == "__main__":
    main()
