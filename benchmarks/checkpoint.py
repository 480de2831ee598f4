"""How good a checkpoint is: on held-out phantoms, on real hearts, and on paraphrases.

    python benchmarks/checkpoint.py                       # the bundled checkpoint
    python benchmarks/checkpoint.py --card                # and write the figures into its card
    python benchmarks/checkpoint.py runs/first/checkpoint --rendered runs/first/library

The held-out phantoms are the cases of the library, whole exams through the whole path; training
draws from other seeds. Real studies are looked for in ../shared/real beside the repository; they
are never trained on. Every figure has a bootstrap 95 % interval over patients.
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
from cmrclip_lite.evaluate import auc, match_ranks, recall_at
from cmrclip_lite.library import default_library
from cmrclip_lite.model import CMRCLIP
from cmrclip_lite.prompts import CONDITIONS
from cmrclip_lite.study import Study
from cmrclip_lite.training.bundle import embed_rendered

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
    """Held-out phantoms: `embeddings` `(N, D)`, and each one's findings and impression."""

    embeddings: np.ndarray
    findings: list[tuple[str, ...]]
    impressions: list[str]

    def has(self, key: str) -> np.ndarray:
        """`(N,)` bool."""
        return np.array([key in found for found in self.findings])


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
    records = [embed_rendered(model, file) for file in sorted(rendered.glob("*-????.npz"))]
    return Cohort(
        np.stack([record.embedding for record in records]),
        [record.findings for record in records],
        [record.impression for record in records],
    )


def embed(model: CMRCLIP, studies: Iterable[Study]) -> np.ndarray:
    """`(N, D)`."""
    return np.stack([model.encode_study(study).numpy() for study in studies])


def ask(model: CMRCLIP, embeddings: np.ndarray, prompts: Iterable[str]) -> np.ndarray:
    """`(N,)`: the mean similarity of each study over some prompts."""
    return embeddings @ model.encode_text(list(prompts)).numpy().mean(0)


def phantoms(model: CMRCLIP, cohort: Cohort) -> str:
    """Zero-shot AUC and retrieval on phantoms that training has not seen."""
    table = auc_table(model, cohort.embeddings, model.config.conditions, cohort.has)
    reports = np.concatenate([model.encode_text([text]).numpy() for text in cohort.impressions])
    rows = []
    for name, ranks in (
        ("image to impression", match_ranks(cohort.embeddings, reports)),
        ("impression to image", match_ranks(reports, cohort.embeddings)),
    ):
        recalls = " | ".join(str(recall_at(ranks, k)) for k in (1, 5, 10))
        rows.append(f"| {name} | {recalls} | {np.median(ranks):.0f} |")
    count = len(reports)
    return (
        f"**Held-out phantoms** ({count} exams of other seeds), zero-shot AUC:\n\n{table}\n\n"
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
        lambda key: np.array([label in ACDC[key] for label in labels]),
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
    normal = cohort.embeddings[cohort.has("normal_study")]
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
        f"the {len(normal)} normal cases of the library:\n\n| exam | {heads} |\n"
        "| --- | --- | --- |\n" + "\n".join(rows)
    )


def paraphrases(model: CMRCLIP, cohort: Cohort) -> str:
    """Does a sentence that training never held rank phantoms as its canonical prompt does?"""
    with (ROOT / "benchmarks" / "paraphrases.csv").open() as file:
        rows = list(csv.DictReader(file))
    gaps, turned = [], []
    for row in rows:
        has = cohort.has(row["key"])
        canonical = area(ask(model, cohort.embeddings, CONDITIONS[row["key"]].prompts), has)
        paraphrase = area(ask(model, cohort.embeddings, [row["text"]]), has)
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
    return (
        f"**Size and speed**: {parameters / 1e6:.1f} M parameters; a study that has been read is "
        f"embedded in {np.median(times):.2f} s (median of 9) on {torch.get_num_threads()} threads."
    )


def auc_table(
    model: CMRCLIP,
    embeddings: np.ndarray,
    keys: Iterable[str],
    has: Callable[[str], np.ndarray],
) -> str:
    """A Markdown table of the conditions that some of the cases have and some have not."""
    rows, values = [], []
    for key in keys:
        labels = has(key)
        if labels.all() or not labels.any():
            continue
        found = auc(ask(model, embeddings, CONDITIONS[key].prompts), labels)
        values.append(found.value)
        rows.append(f"| {CONDITIONS[key].label} | {labels.sum()} | {found} |")
    rows.append(f"| mean | | {np.mean(values):.3f} |")
    return "| condition | positives | AUC (95 % interval) |\n| --- | --- | --- |\n" + "\n".join(
        rows
    )


def area(scores: np.ndarray, labels: np.ndarray) -> float:
    """The AUC alone, without its interval."""
    positive, negative = scores[labels], scores[~labels]
    return float((np.sign(positive[:, None] - negative[None]) / 2 + 0.5).mean())


def write_card(folder: Path, text: str) -> None:
    """Replace what stands between the marks of the model card."""
    card = folder / "README.md"
    before, _, rest = card.read_text().partition(MARKS[0])
    after = rest.partition(MARKS[1])[2]
    card.write_text(f"{before}{MARKS[0]}\n{text}\n{MARKS[1]}{after}")


if __name__ == "__main__":
    main()
