"""How good a checkpoint is: on held-out phantoms, on real hearts, and on paraphrases.

    python benchmarks/checkpoint.py                       # the bundled checkpoint
    python benchmarks/checkpoint.py --card                # and write the figures into its card
    python benchmarks/checkpoint.py runs/fourth/checkpoint --rendered runs/fourth/library

Who is judged is said in `cohorts.py`. Every figure has a bootstrap 95 % interval over patients.
"""

from __future__ import annotations

import argparse
import csv
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.cohorts import (  # noqa: E402
    ACDC,
    ROOT,
    Cohort,
    acdc_patients,
    embed,
    held_out,
    sunnybrook_exams,
    write_results,
)
from cmrclip_lite import load, read_study  # noqa: E402
from cmrclip_lite.bundled import sample_studies  # noqa: E402
from cmrclip_lite.evaluate import (  # noqa: E402
    auc,
    match_ranks,
    mean_auc,
    recall_at,
)
from cmrclip_lite.model import CMRCLIP  # noqa: E402
from cmrclip_lite.prompts import CONDITIONS  # noqa: E402


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint", nargs="?", help="the bundled one if absent")
    parser.add_argument("--rendered", type=Path, help="folder of rendered cases, for no library")
    parser.add_argument("--card", action="store_true", help="write into the checkpoint's README")
    arguments = parser.parse_args()
    model = load(arguments.checkpoint, cache=False)
    cohort = held_out(model, arguments.rendered)
    sections = [phantoms(model, cohort), acdc(model), sunnybrook(model, cohort)]
    folder = Path(arguments.checkpoint or ROOT / "cmrclip_lite" / "bundled")
    sections += [paraphrases(model, cohort), speed(model, folder)]
    text = "\n\n".join(section for section in sections if section)
    print(text)
    if arguments.card:
        write_results(folder / "README.md", text)


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
        rows.append(f"| {name} | {recalls} | {np.median(ranks.mean):.0f} |")
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
    patients = acdc_patients()
    if patients is None:
        return ""
    studies, labels = patients
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
    exams = sunnybrook_exams()
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
    plain = plain_denials(model, cohort)
    return (
        f"**Language** ({len(gaps)} paraphrases and {len(turned)} negations kept out of "
        f"training, on the same phantoms): a paraphrase's AUC is below its canonical prompt's by "
        f"{np.median(gaps):.3f} at the median and {np.quantile(gaps, 0.9):.3f} at the 90th "
        f"percentile; {100 * np.mean(turned):.0f} % of the negations rank the other way. Of plain "
        f'ones, "no evidence of" before each name that a condition is known by (training held '
        f"them), {sum(plain)} of {len(plain)} do."
    )


def plain_denials(model: CMRCLIP, cohort: Cohort) -> list[bool]:
    """Whether each known name, denied, ranks its condition's phantoms below the others."""
    turned = []
    for key in model.config.conditions:
        labels = cohort.known(key)
        if {0.0, 1.0} <= set(labels):
            for name in CONDITIONS[key].aliases:
                scores = ask(model, cohort.embeddings, [f"No evidence of {name}."])
                turned.append(area(scores, labels) < 0.5)
    return turned


def speed(model: CMRCLIP, folder: Path) -> str:
    """Size of the weights in a folder, and time to embed one sample study that has been read."""
    study = read_study(next(iter(sample_studies().values())))
    model.encode_study(study)
    times = []
    for _ in range(9):
        started = time.perf_counter()
        model.encode_study(study)
        times.append(time.perf_counter() - started)
    parameters = sum(p.numel() for p in model.parameters())
    megabytes = sum(file.stat().st_size for file in folder.glob("*.safetensors")) / 1e6
    return (
        f"**Size and speed**: {parameters / 1e6:.1f} M parameters in {megabytes:.0f} MB; a "
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


def area(scores: np.ndarray, labels: np.ndarray) -> float:
    """The AUC alone, without its interval; labels are 1, 0 or NaN."""
    return float(wins(scores, labels).mean())


def wins(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """`(P, Q)` for each positive and negative: 1 if the positive scores higher, 0.5 for a tie."""
    return np.sign(scores[labels == 1][:, None] - scores[labels == 0][None]) / 2 + 0.5


if __name__ == "__main__":
    main()
