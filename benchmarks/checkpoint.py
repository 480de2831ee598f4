"""How good a checkpoint is: on held-out phantoms, on real hearts, and on paraphrases.

    python benchmarks/checkpoint.py                       # the bundled checkpoint
    python benchmarks/checkpoint.py runs/first/checkpoint --phantoms 200
    python benchmarks/checkpoint.py --card                # and write the figures into its card

Real studies are looked for in ../shared/real beside the repository; they are never trained on and
no checkpoint is chosen on them. Every figure has a bootstrap 95 % interval over patients.
"""

from __future__ import annotations

import argparse
import csv
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import torch

from cmrclip_lite import load, read_study
from cmrclip_lite.evaluate import auc, match_ranks, recall_at
from cmrclip_lite.library import default_library
from cmrclip_lite.model import CMRCLIP
from cmrclip_lite.phantom import make_case
from cmrclip_lite.prompts import CONDITIONS
from cmrclip_lite.study import Study

ROOT = Path(__file__).parents[1]
REAL = ROOT.parent / "shared" / "real"
HELD_OUT_SEED = 900_000_000  # training draws from seeds far below
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint", nargs="?", help="the bundled one if absent")
    parser.add_argument("--phantoms", type=int, default=500)
    parser.add_argument("--card", action="store_true", help="write into the checkpoint's README")
    arguments = parser.parse_args()
    model = load(arguments.checkpoint)
    text = "\n\n".join(
        section
        for section in (
            phantoms(model, arguments.phantoms),
            acdc(model),
            sunnybrook(model),
            paraphrases(model, min(arguments.phantoms, 200)),
            speed(model),
        )
        if section
    )
    print(text)
    if arguments.card:
        write_card(Path(arguments.checkpoint or ROOT / "cmrclip_lite" / "bundled"), text)


def embed(model: CMRCLIP, studies: Iterable[Study]) -> np.ndarray:
    """`(N, D)`."""
    return np.stack([model.encode_study(study).numpy() for study in studies])


def ask(model: CMRCLIP, embeddings: np.ndarray, prompts: Iterable[str]) -> np.ndarray:
    """`(N,)`: the mean similarity of each study over some prompts."""
    return embeddings @ model.encode_text(list(prompts)).numpy().mean(0)


def phantoms(model: CMRCLIP, count: int) -> str:
    """Zero-shot AUC and retrieval on whole exams through the whole path, none seen in training."""
    cases = [make_case(HELD_OUT_SEED + i) for i in range(count)]
    embeddings = embed(model, (case.study for case in cases))
    findings = [case.truth.findings for case in cases]

    def has(key: str) -> np.ndarray:
        return np.array([key in found for found in findings])

    table = auc_table(model, embeddings, model.config.conditions, has)
    reports = np.concatenate([model.encode_text([c.impression]).numpy() for c in cases])
    rows = []
    for name, ranks in (
        ("image to impression", match_ranks(embeddings, reports)),
        ("impression to image", match_ranks(reports, embeddings)),
    ):
        recalls = " | ".join(str(recall_at(ranks, k)) for k in (1, 5, 10))
        rows.append(f"| {name} | {recalls} | {np.median(ranks):.0f} |")
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


def sunnybrook(model: CMRCLIP) -> str:
    """Where three real exams with severely reduced function stand in the case library."""
    library = default_library(model)
    exams = sorted((REAL / "sunnybrook").glob("*.zip"))
    if library is None or not exams:
        return ""
    asked = ["severe_lv_systolic_dysfunction", "normal_study"]
    rows = []
    for exam in exams:
        scores = model.score(read_study(exam), [CONDITIONS[key].label for key in asked], library)
        cells = " | ".join(f"{score.percentile_normal:.0f}" for score in scores)
        rows.append(f"| {exam.stem} | {cells} |")
    heads = " | ".join(CONDITIONS[key].label for key in asked)
    return (
        "**Three real GE exams** (Sunnybrook; EF 26, 26, 22 % after infarction), percentile among "
        f"the normal cases of the library:\n\n| exam | {heads} |\n| --- | --- | --- |\n"
        + "\n".join(rows)
    )


def paraphrases(model: CMRCLIP, count: int) -> str:
    """Does a sentence that training never held rank phantoms as its canonical prompt does?"""
    with (ROOT / "benchmarks" / "paraphrases.csv").open() as file:
        rows = list(csv.DictReader(file))
    cases = [make_case(HELD_OUT_SEED + i) for i in range(count)]
    embeddings = embed(model, (case.study for case in cases))
    gaps, reversed_ = [], []
    for row in rows:
        has = np.array([row["key"] in case.truth.findings for case in cases])
        if row["key"] not in model.config.conditions or has.all() or not has.any():
            continue
        canonical = area(ask(model, embeddings, CONDITIONS[row["key"]].prompts), has)
        paraphrase = area(ask(model, embeddings, [row["text"]]), has)
        if row["polarity"] in ("1", "True", "true", "positive", "affirmed"):
            gaps.append(canonical - paraphrase)
        else:
            reversed_.append(paraphrase < 0.5)
    return (
        f"**Language** ({len(gaps)} paraphrases and {len(reversed_)} negations kept out of "
        f"training, on {count} of the phantoms): AUC below the canonical prompt's by "
        f"{np.median(gaps):.3f} at the median and {np.quantile(gaps, 0.9):.3f} at the 90th "
        f"percentile; {100 * np.mean(reversed_):.0f} % of the negations rank the other way."
    )


def speed(model: CMRCLIP) -> str:
    study = make_case(HELD_OUT_SEED).study
    model.encode_study(study)
    started = time.perf_counter()
    for _ in range(5):
        model.encode_study(study)
    seconds = (time.perf_counter() - started) / 5
    parameters = sum(p.numel() for p in model.parameters())
    return (
        f"**Size and speed**: {parameters / 1e6:.1f} M parameters; one study embedded in "
        f"{seconds:.2f} s on {torch.get_num_threads()} threads."
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
