"""How often what a reading states is true, and what is true is stated.

    python benchmarks/reading_aid.py              # the bundled model and its library

Each case of the library is read by the others. What is true of a case is what its exam shows by
its own ground truth, so a finding counts only where the exam holds the images for it. Intervals
are 95 % bootstraps over patients. The limits of the rule (`reading/evidence.py`) are round numbers
chosen with these figures in view, so that they flatter a little. That nothing above the normal
cases is read as evidence against was decided after the first of the GE exams had been read without
it; the ACDC patients changed nothing of the rule.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.cohorts import ACDC, ROOT, acdc_patients, sunnybrook_exams  # noqa: E402
from cmrclip_lite import load, read_study  # noqa: E402
from cmrclip_lite.evaluate import RESAMPLES, Estimate  # noqa: E402
from cmrclip_lite.library import default_library  # noqa: E402
from cmrclip_lite.model import CMRCLIP  # noqa: E402
from cmrclip_lite.prompts import CONDITIONS  # noqa: E402
from cmrclip_lite.reading import (  # noqa: E402
    Quote,
    Reader,
    Reading,
    Strength,
    can_show,
    parts_of_case,
)

STATED = (Strength.STRONG, Strength.MODERATE)


@dataclass(frozen=True)
class Judged:
    """A reading, and which of its conditions are true: True, False, or None where not known."""

    reading: Reading
    truth: dict[str, bool | None]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint", nargs="?", help="the bundled one if absent")
    print(section(load(parser.parse_args().checkpoint)))


def section(model: CMRCLIP) -> str:
    """All of it as Markdown, for the page of results."""
    library = default_library(model)
    if library is None:
        raise SystemExit("Only the bundled model has a library to read by.")
    reader = Reader(model, library)
    read = library_cases(reader)
    parts = [
        f"Each of the {len(read)} cases of the library, read by the others. Of the findings at "
        "each strength of evidence, how many are true; and of all true findings that the exam "
        f"shows, how many are at that strength:\n\n{by_strength(read)}",
        "The same by condition, for strong and moderate evidence together:\n\n"
        + by_condition(read),
        drafts(reader, read),
        limits(reader),
        real_hearts(reader),
        real_exams(reader),
    ]
    return "\n\n".join(part for part in parts if part)


def library_cases(reader: Reader) -> list[Judged]:
    """Each case of the reader's library, read by the others."""
    reference = reader.library.reference
    judged = []
    for case, embedding in zip(reference.cases, reference.embeddings, strict=True):
        parts = parts_of_case(case.views, case.enhancement)
        reading = reader.read_embedding(embedding, parts, exclude=(case.id, *case.content))
        truth = {
            key: key in case.findings if can_show(key, parts) else None
            for key in reader.yardstick.keys
        }
        judged.append(Judged(reading, truth))
    return judged


def by_strength(read: Sequence[Judged]) -> str:
    """Precision and recall at each strength of evidence."""
    rows = []
    for name, strengths in (
        ("strong", (Strength.STRONG,)),
        ("moderate", (Strength.MODERATE,)),
        ("strong or moderate", STATED),
        ("weak", (Strength.WEAK,)),
        ("undecided", (Strength.UNDECIDED,)),
        ("against", (Strength.AGAINST,)),
        ("not read", (Strength.NOT_READ,)),
    ):
        rows.append(f"| {name} | {_row(read, strengths)} |")
    head = "| evidence | findings | of them true | of the true ones |\n| --- | --- | --- | --- |\n"
    return head + "\n".join(rows)


def by_condition(read: Sequence[Judged], keys: Iterable[str] = tuple(CONDITIONS)) -> str:
    """Precision and recall of what is stated, condition by condition."""
    rows = [f"| {CONDITIONS[key].label} | {_row(read, STATED, (key,))} |" for key in keys]
    head = "| condition | stated | of them true | of the true ones |\n| --- | --- | --- | --- |\n"
    return head + "\n".join(rows)


def _row(
    read: Sequence[Judged],
    strengths: Iterable[Strength],
    keys: Sequence[str] = tuple(CONDITIONS),
) -> str:
    """`stated | precision | recall`, counted per patient."""
    counts = np.zeros((len(read), 3))  # stated; stated and true; true
    for row, one in zip(counts, read, strict=True):
        for findings in one.reading.topics.values():
            for finding in findings:
                truth = one.truth.get(finding.evidence.key)
                if truth is None or finding.evidence.key not in keys:
                    continue
                stated = finding.evidence.strength in strengths
                row += (stated, stated and truth, truth)
    stated, hits, true = counts.T
    return f"{stated.sum():.0f} | {share(hits, stated)} | {share(hits, true)}"


def share(hits: np.ndarray, counts: np.ndarray) -> str:
    """Hits of counts, both `(N,)` per patient, as a share with its interval; "-" for no count."""
    if not counts.sum():
        return "-"
    rng = np.random.default_rng(0)
    patients = len(counts)
    drawn = rng.multinomial(patients, np.full(patients, 1 / patients), RESAMPLES)
    held = drawn @ counts
    resampled = np.divide(drawn @ hits, held, out=np.full(RESAMPLES, np.nan), where=held > 0)
    return str(Estimate.of(hits.sum() / counts.sum(), resampled))


def drafts(reader: Reader, read: Sequence[Judged]) -> str:
    """Whether quoted sentences are true of the case they were drafted for."""
    if reader.limits is None:
        return ""
    counts = np.zeros((len(read), 4))  # sentences; true; also in its own impression; opposite there
    for row, one, impression in zip(counts, read, reader.library.impressions, strict=True):
        own = reader.spoken(impression).vectors
        for quote in one.reading.draft or ():
            cosines = own @ _vector(reader, quote)
            affirmed = all(one.truth[key] is not False for key in quote.affirms)
            denied = all(not one.truth[key] for key in quote.denies)
            alike = (cosines >= reader.limits.alike).any()
            opposite = (cosines <= reader.limits.opposite).any()
            row += (1, affirmed and denied, alike, opposite)
    count, true, alike, opposite = counts.T
    return (
        f"Drafts: {count.sum():.0f} quoted sentences, {count.mean():.1f} a case. What the sentence "
        "was taken to affirm and deny is true of the case: "
        f"{share(true, count)}. The case's own impression says the same in some sentence: "
        f"{share(alike, count)}, and the opposite in some: {share(opposite, count)} (by the text "
        "encoder; an impression does not say everything that is true)."
    )


def limits(reader: Reader) -> str:
    """Whether "alike" and "opposite" mean that, on sentences that training never held."""
    if reader.limits is None:
        return "This model's text encoder does not tell sentences alike from opposite: no draft."
    with (ROOT / "benchmarks" / "paraphrases.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["key"] in reader.yardstick.keys]
    vectors = reader.model.encode_text([row["text"] for row in rows]).numpy()
    keys = np.array([row["key"] for row in rows])
    affirmed = np.array([row["polarity"] == "affirmed" for row in rows])
    first, second = np.triu_indices(len(rows), 1)
    cosines = (vectors @ vectors.T)[first, second]
    same_key = keys[first] == keys[second]
    same_side = affirmed[first] == affirmed[second]
    told = []
    for name, passed, right in (
        ("alike", cosines >= reader.limits.alike, same_key & same_side),
        ("opposite", cosines <= reader.limits.opposite, same_key & ~same_side),
    ):
        told.append(
            f"{name}, {(passed & right).sum() / right.sum():.2f} of the pairs that are, and "
            f"{(passed & same_key & ~right).sum() / (same_key & ~right).sum():.3f} of those of the "
            f"same condition that are not, {(passed & ~same_key).sum() / (~same_key).sum():.3f} of "
            "those of different conditions"
        )
    return (
        f"Pairs of the {len(rows)} sentences kept out of training (`paraphrases.csv`) that are "
        f"told to be {'; '.join(told)}."
    )


def real_hearts(reader: Reader) -> str:
    """The 40 ACDC patients, by their classes; empty where the data are absent."""
    patients = acdc_patients()
    if patients is None:
        return ""
    read = [
        Judged(reader.read(study), {key: label in classes for key, classes in ACDC.items()})
        for study, label in zip(*patients, strict=True)
    ]
    keys = [key for key in ACDC if key in reader.yardstick.keys]
    return (
        f"**Real hearts: {len(read)} ACDC patients**, a class against the rest (a patient of "
        "another class may have the finding, too, and then counts as wrong), strong and moderate "
        f"evidence:\n\n{by_condition(read, keys)}"
    )


def real_exams(reader: Reader) -> str:
    """What is stated of three real exams with severely reduced function; empty without them."""
    rows = []
    for path in sunnybrook_exams():
        reading = reader.read(read_study(path))
        found = {f.evidence.key: f.evidence for fs in reading.topics.values() for f in fs}
        stated = ", ".join(
            f"{finding.evidence.label} ({finding.evidence.strength})" for finding in reading.stated
        )
        asked = " | ".join(
            f"{one.strength}, {one.nearest_with} of {one.nearest}"
            for one in (found["severe_lv_systolic_dysfunction"], found["prior_infarct"])
        )
        rows.append(f"| {path.stem} | {asked} | {stated} |")
    if not rows:
        return ""
    return (
        "**Three real GE exams** (Sunnybrook; EF 26, 26, 22 % after infarction, short-axis cine "
        "alone), with how many of the cases with the nearest scores have it:\n\n"
        "| exam | severe LV systolic dysfunction | previous infarct | all that is stated |\n"
        "| --- | --- | --- | --- |\n" + "\n".join(rows)
    )


def _vector(reader: Reader, quote: Quote) -> np.ndarray:
    """`(D,)` of a quoted sentence."""
    (case,) = reader.library.get([quote.case])
    spoken = reader.spoken(case.impression)
    return spoken.vectors[spoken.texts.index(quote.text)]


if __name__ == "__main__":
    main()
