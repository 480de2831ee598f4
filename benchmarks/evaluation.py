"""How good the bundled checkpoint is, as `cmrclip evaluate` measures it, beside the paper.

    python benchmarks/evaluation.py                       # the bundled checkpoint

Two cohorts: the held-out phantoms of the bundled library, and 40 real patients (`cohorts.py` says
who they are; their part is left out where the data are absent). Beside them stand the figures that
the paper gives for its own model on its own patients: another cohort, to be read as an order of
magnitude and not as a comparison.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.cohorts import ACDC, acdc_patients  # noqa: E402
from cmrclip_lite import load  # noqa: E402
from cmrclip_lite.evaluate.cohort import Cohort, of_library, spoken  # noqa: E402
from cmrclip_lite.evaluate.evaluation import evaluate  # noqa: E402
from cmrclip_lite.evaluate.few_shot import SHOTS  # noqa: E402
from cmrclip_lite.evaluate.probes import LINEAR, MLP  # noqa: E402
from cmrclip_lite.evaluate.results import Evaluation, Finding  # noqa: E402
from cmrclip_lite.evaluate.words import found as in_words  # noqa: E402
from cmrclip_lite.evaluate.words import signed  # noqa: E402
from cmrclip_lite.library import (  # noqa: E402
    Acquisition,
    CaseLibrary,
    CaseRecord,
    default_library,
)
from cmrclip_lite.model import CMRCLIP  # noqa: E402

# Zero-shot AUC of the paper (Nakashima et al., Nature Communications 17, 2026): on its internal
# test set, and on its external cohort.
PUBLISHED_ZERO_SHOT = {
    "lv_systolic_dysfunction": (0.735, 0.768),
    "rv_systolic_dysfunction": (0.783, 0.792),
    "lv_dilation": (0.831, 0.835),
    "rv_dilation": (0.838, 0.728),
    "lv_hypertrophy": (0.881, 0.879),
    "late_gadolinium_enhancement": (0.705, 0.621),
    "aortic_dilation": (0.625, 0.486),
}
# Few-shot AUC of the paper's model on its internal test set, for the numbers of `SHOTS`: its
# repository Makiya11/CMRCLIP, comparison/results/finding_cmrclip_fewshot.csv.
PUBLISHED_FEW_SHOT = {
    "lv_systolic_dysfunction": (0.668, 0.768, 0.829, 0.871, 0.904, 0.918),
    "rv_systolic_dysfunction": (0.575, 0.602, 0.637, 0.669, 0.702, 0.717),
    "lv_dilation": (0.665, 0.734, 0.816, 0.840, 0.869, 0.882),
    "rv_dilation": (0.605, 0.635, 0.672, 0.702, 0.735, 0.742),
    "lv_hypertrophy": (0.707, 0.765, 0.840, 0.864, 0.898, 0.906),
    "late_gadolinium_enhancement": (0.547, 0.561, 0.584, 0.608, 0.651, 0.676),
    "aortic_dilation": (0.537, 0.546, 0.579, 0.598, 0.624, 0.638),
}
# Accuracy of a supervised classifier on the paper's embeddings of ACDC, by the finding that stands
# for the class here.
PUBLISHED_ACDC = {
    "dilated_cardiomyopathy": 0.95,
    "hypertrophic_cardiomyopathy": 0.95,
    "prior_infarct": 0.925,
    "normal_study": 0.95,
    "rv_dilation": 0.95,
}
PHANTOM_CLASSES = (
    "normal_study",
    "dilated_cardiomyopathy",
    "hypertrophic_cardiomyopathy",
    "prior_infarct",
    "cardiac_amyloidosis",
    "myocarditis",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint", nargs="?", help="the bundled one if absent")
    print(section(load(parser.parse_args().checkpoint)))


def section(model: CMRCLIP) -> str:
    """Both cohorts, as Markdown."""
    parts = []
    library = default_library(model)
    if library is not None:
        phantoms = evaluate(of_library(library, model), classes=PHANTOM_CLASSES, tell=tell)
        parts += [
            f"### Held-out phantoms\n\n{phantoms.facts.cases} synthetic exams of other seeds than "
            "the training's. A finding that an exam does not show, for want of a view or of "
            f"enhancement, counts as absent from it. {mean(phantoms)}",
            zero_shot(phantoms),
            few_shot(phantoms),
            diagnosis(phantoms),
            retrieval(phantoms),
            subgroups(phantoms),
        ]
    patients = real_patients(model)
    if patients is None:
        parts.append("### Real patients\n\nNot measured: the real studies are not at hand.")
        return "\n\n".join(parts)
    real = evaluate(patients, classes=tuple(PUBLISHED_ACDC), tell=tell)
    parts += [
        f"### Real patients\n\n{real.facts.cases} patients of ACDC, 8 of each of five classes, "
        "only their ED and ES frames. Earlier checkpoints were looked at on them, so they are a "
        f"development set and flatter. {mean(real)}",
        zero_shot(real),
        few_shot(real),
        supervised(real),
        diagnosis(real),
    ]
    return "\n\n".join(parts)


def real_patients(model: CMRCLIP) -> Cohort | None:
    """The 40 patients as a cohort, with the findings of their class; None where data are absent."""
    patients = acdc_patients()
    if patients is None:
        return None
    records = [
        CaseRecord(
            id=f"patient-{i:02d}",
            embedding=model.encode_study(study).numpy(),
            impression="",
            findings=tuple(key for key, classes in ACDC.items() if label in classes),
            source="ACDC",
            acquisition=Acquisition.of(study),
        )
        for i, (study, label) in enumerate(zip(*patients, strict=True))
    ]
    with tempfile.TemporaryDirectory() as folder:
        library = CaseLibrary.create(Path(folder) / "acdc", "40 ACDC patients", model, records)
        return of_library(library, model)


def mean(found: Evaluation) -> str:
    return f"Mean zero-shot AUC over {len(found.findings)} findings: {found.mean_auc}."


def zero_shot(found: Evaluation) -> str:
    """By prompts, and at a threshold that was chosen without the cases."""
    rows = []
    for one in found.findings:
        at = one.at_threshold
        called = [at.sensitivity, at.specificity, at.accuracy, at.f1] if at else [None] * 4
        published = PUBLISHED_ZERO_SHOT.get(one.name, ("", ""))
        rows.append(
            [
                one.label,
                f"{one.positives} of {one.positives + one.negatives}",
                one.auc,
                one.average_precision,
                *(value or "not measured" for value in called),
                *published,
            ]
        )
    heads = ["finding", "cases", "AUC", "average precision", "sensitivity", "specificity"]
    heads += ["accuracy", "F1", "paper, internal", "paper, external"]
    return (
        "Zero-shot. The threshold is Youden's, chosen on one half and judged on the other, both "
        "ways; halves are by a hash of the id. The last two columns are the AUC of the paper's "
        f"model on its own patients, another cohort.\n\n{table(heads, rows)}"
    )


def few_shot(found: Evaluation) -> str:
    """From examples, and what probes make of the embeddings."""
    rows = []
    for one in found.findings:
        by_shots = {few.shots: few for few in one.few_shot}
        cells = [
            f"{by_shots[k].auc} ± {by_shots[k].spread:.3f}" if k in by_shots else "too few"
            for k in SHOTS
        ]
        probes = [probe_of(one, name) for name in (LINEAR, MLP)]
        rows.append([one.label, f"{one.auc.value:.3f}", *cells, *probes])
        if one.name in PUBLISHED_FEW_SHOT:
            published = (f"*{value:.3f}*" for value in PUBLISHED_FEW_SHOT[one.name])
            internal = PUBLISHED_ZERO_SHOT[one.name][0]
            rows.append([f"*{one.label}, paper*", f"*{internal:.3f}*", *published, "", ""])
    heads = ["finding", "zero-shot", *(f"{k} of each" for k in SHOTS), LINEAR, MLP]
    return (
        "AUC from examples: mean over 100 draws with its interval over the cases, and the standard "
        "deviation over the draws. Probes are cross-validated in five folds. In italics the "
        f"paper's model on its own patients, another cohort.\n\n{table(heads, rows)}"
    )


def supervised(found: Evaluation) -> str:
    """The accuracy of a probe beside that of the paper's, class by class."""
    findings = {one.name: one for one in found.findings}
    rows = []
    for name, published in PUBLISHED_ACDC.items():
        one = findings[name]
        probes = {probe.name: probe.called for probe in one.probes}
        always = one.negatives / (one.positives + one.negatives)
        cells = [probes[kind].accuracy if kind in probes else "too few" for kind in (LINEAR, MLP)]
        rows.append([one.label, *cells, f"{always:.3f}", f"{published:.3f}"])
    heads = ["class", LINEAR, MLP, "always saying no", "paper"]
    return (
        "Supervised, one class against the rest: accuracy, cross-validated. The last column is "
        "the paper's model on its own split of ACDC, with more patients to learn from.\n\n"
        + table(heads, rows)
    )


def diagnosis(found: Evaluation) -> str:
    """Exclusive classes by prompts alone."""
    told = found.diagnosis
    labels = [spoken(name) for name in told.classes]
    rows = [
        [label, *counts, recall]
        for label, counts, recall in zip(labels, told.confusion, told.recalls, strict=True)
    ]
    left = ", ".join(f"{count} with {what}" for what, count in told.left_out.items() if count)
    return (
        f"One of {len(labels)} diagnoses, zero-shot, each prompt centred on {told.centred_on}: "
        f"balanced accuracy {told.balanced_accuracy}, by chance {told.chance:.3f}; accuracy "
        f"{told.accuracy}, always saying the most frequent {told.largest:.3f}. "
        + (f"Left out: {left}. " if left else "")
        + "Rows are what the cases are, columns what they were taken for.\n\n"
        + table(["", *labels, "told"], rows)
    )


def retrieval(found: Evaluation) -> str:
    rows = [[one.what, *in_words(one)] for one in found.retrieval]
    return "Retrieval among the same cases.\n\n" + table(["", "found", "by chance"], rows)


def subgroups(found: Evaluation) -> str:
    """The mean AUC of each group beside the rest."""
    rows = [
        [
            f"{group.attribute}: {group.value}",
            group.cases,
            group.compared,
            group.mean or "too few",
            group.rest or "",
            signed(group.difference) if group.difference else "",
        ]
        for group in found.subgroups
    ]
    heads = ["group", "cases", "findings", "mean AUC", "in the rest", "difference"]
    return (
        "Subgroups: the mean AUC in a group and in the rest, over the findings with at least five "
        f"cases with and five without in both.\n\n{table(heads, rows)}"
    )


def probe_of(one: Finding, name: str) -> str:
    return next((str(p.auc) for p in one.probes if p.name == name), "too few")


def table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Markdown."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def tell(step: str) -> None:
    print(f"{step} ...", file=sys.stderr)


if __name__ == "__main__":
    main()
