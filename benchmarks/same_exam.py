"""Exams in another form: how alike is one exam to itself, changed, and how alike are two patients?

A search folds cases that are as alike as `searching.NEAR_DUPLICATE`, or that share a picture pixel
by pixel (`Study.content`). The changes here are what copies of an exam go through on their way:
saved by another program, compressed, scaled, cut. `benchmarks/retrieval.py` prints the tables.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch.nn.functional import interpolate

from benchmarks.cohorts import acdc_patients, sunnybrook_exams
from cmrclip_lite import read_study
from cmrclip_lite.bundled import sample_studies
from cmrclip_lite.evaluate import leave_one_out
from cmrclip_lite.library.searching import NEAR_DUPLICATE
from cmrclip_lite.model import CMRCLIP
from cmrclip_lite.phantom import make_case
from cmrclip_lite.phantom.cohort import DIAGNOSES
from cmrclip_lite.robustness.acquired import jpeg
from cmrclip_lite.robustness.each import each
from cmrclip_lite.robustness.greys import in_256_greys, offset
from cmrclip_lite.study import Series, Study, View
from cmrclip_lite.views import ordered

PHANTOM_SEED = 950_000_000  # beyond training's, the samples' and the library's
THRESHOLDS = (0.99, 0.995, 0.998, 0.999, 0.9995, 0.9998, 0.9999)
FEWEST_PHASES = 4  # of a cine whose phases can be halved
NOT_DRAWN = np.random.default_rng(0)  # these shifts draw nothing


@dataclass(frozen=True)
class Changed:
    """One exam after one change.

    Attributes:
        cosine: of its embedding to that of the exam as it was.
        shares: whether a series is left as it was, pixel by pixel.
    """

    change: str
    cosine: float
    shares: bool


def scaled(study: Study) -> Study:
    """All pixels times 0.6, as another rescale slope gives."""
    return each(study, lambda s: replace(s, pixels=s.pixels.astype(np.float32) * 0.6))


def raised(study: Study) -> Study:
    """All pixels of a series raised by a tenth of its 99.5th percentile: another intercept."""
    return offset(study, 0.1, NOT_DRAWN)


def eight_bit(study: Study) -> Study:
    """Each series windowed from its 0.5th to its 99.5th percentile into 256 greys."""
    return each(study, lambda s: replace(s, pixels=in_256_greys(s.pixels)))


def compressed(quality: int) -> Callable[[Study], Study]:
    """Each frame in 256 greys, through a lossy JPEG of this quality."""
    return lambda study: jpeg(study, quality, NOT_DRAWN)


def matrix(factor: float) -> Callable[[Study], Study]:
    """The same field of view with `factor` times as many rows and columns."""

    def change(series: Series) -> Series:
        pixels = torch.from_numpy(series.pixels.astype(np.float32))[:, None]
        size = [round(n * factor) for n in pixels.shape[2:]]
        scaled = interpolate(pixels, size, mode="bilinear", antialias=True)[:, 0].numpy()
        spacing = tuple(
            mm * old / new
            for mm, old, new in zip(series.spacing_mm, pixels.shape[2:], size, strict=True)
        )
        position = series.position_mm
        if position is not None and series.orientation is not None:
            # The corner of the picture stays where it is, so the first pixel's centre moves.
            rows, columns = np.subtract(spacing, series.spacing_mm) / 2
            position = position + np.array([columns, rows]) @ series.orientation
        return replace(series, pixels=scaled, spacing_mm=spacing, position_mm=position)

    return lambda study: each(study, change)


def half_the_phases(study: Study) -> Study | None:
    """Every other phase of each cine; None if that leaves too few."""
    if any(len(s.pixels) < FEWEST_PHASES for s in study.cines()):
        return None

    def change(series: Series) -> Series:
        if not series.is_cine:
            return series
        times = None if series.trigger_ms is None else series.trigger_ms[::2]
        return replace(series, pixels=series.pixels[::2], trigger_ms=times)

    return each(study, change)


def without_the_last_slice(study: Study) -> Study:
    """The short-axis cine at the end of the stack left out."""
    return _without(study, study.cines(View.SAX)[-1])


def without_the_middle_slice(study: Study) -> Study:
    """The short-axis cine in the middle of the stack left out."""
    stack = study.cines(View.SAX)
    return _without(study, stack[len(stack) // 2])


def without_enhancement(study: Study) -> Study | None:
    """Late enhancement left out; None if there is none."""
    kept = [s for s in study.series if s.sequence != "LGE"]
    return Study(kept) if len(kept) < len(study.series) else None


CHANGES: dict[str, Callable[[Study], Study | None]] = {
    "intensities x 0.6": scaled,
    "intensities raised by a tenth": raised,
    "16 to 8 bit": eight_bit,
    "JPEG, quality 90": compressed(90),
    "JPEG, quality 50": compressed(50),
    "matrix x 1.5": matrix(1.5),
    "matrix x 0.75": matrix(0.75),
    "half the phases": half_the_phases,
    "last slice missing": without_the_last_slice,
    "middle slice missing": without_the_middle_slice,
    "late enhancement missing": without_enhancement,
}


def synthetic_exams(phantoms: int) -> Iterator[Study]:
    """The sample exams, and phantoms that are neither in them nor in the library."""
    for path in sample_studies().values():
        yield read_study(path)
    for i in range(phantoms):
        study = make_case(PHANTOM_SEED + i, DIAGNOSES[i % len(DIAGNOSES)], size="small").study
        yield Study(ordered(study.series))


def real_exams() -> Iterator[Study]:
    """40 ACDC patients and three Sunnybrook exams, where they are at hand."""
    patients = acdc_patients()
    if patients is not None:
        yield from patients[0]
    yield from map(read_study, sunnybrook_exams())


def changed(model: CMRCLIP, exams: Iterator[Study]) -> list[Changed]:
    """Every change of every exam to which it can be done."""
    found = []
    for study in exams:
        before, content = model.encode_study(study).numpy(), set(study.content)
        for name, change in CHANGES.items():
            after = change(study)
            if after is not None:
                cosine = float(before @ model.encode_study(after).numpy())
                found.append(Changed(name, cosine, not content.isdisjoint(after.content)))
    return found


def changes_table(groups: dict[str, list[Changed]]) -> str:
    """How alike an exam is to itself after each change, and whether a search folds it."""
    heads = " | ".join(f"{name}: median cosine | lowest | folded" for name in groups)
    lines = [f"| change | {heads} |", "| --- |" + " --- |" * 3 * len(groups)]
    for name in CHANGES:
        cells = []
        for group in groups.values():
            of_it = [one for one in group if one.change == name]
            if not of_it:
                cells += ["", "", ""]
                continue
            cosines = [one.cosine for one in of_it]
            folded = sum(one.shares or one.cosine >= NEAR_DUPLICATE for one in of_it)
            mark = " by pixels" if all(one.shares for one in of_it) else ""
            cells += [_number(float(np.median(cosines))), _number(min(cosines))]
            cells.append(f"{folded} of {len(of_it)}{mark}")
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def thresholds_table(distinct: dict[str, np.ndarray], groups: dict[str, list[Changed]]) -> str:
    """For each threshold: distinct patients folded wrongly, changed exams folded rightly.

    Args:
        distinct: embeddings `(N, D)` of patients who are all different.
        groups: changed exams; those that share pixels are folded whatever the threshold, and left
            out here.
    """
    heads = [f"{name}: pairs as alike | patients with such another" for name in distinct]
    heads += [f"changed {name} folded" for name in groups]
    lines = ["| threshold | " + " | ".join(heads) + " |"]
    lines.append("| --- |" + " --- |" * (2 * len(distinct) + len(groups)))
    alike = {name: leave_one_out(embeddings) for name, embeddings in distinct.items()}
    for threshold in THRESHOLDS:
        cells = []
        for similarity in alike.values():
            over = similarity >= threshold
            pairs = len(over) * (len(over) - 1) // 2
            cells.append(f"{over.sum() // 2} of {pairs}")
            cells.append(f"{over.any(1).sum()} of {len(over)}")
        for group in groups.values():
            judged = [one.cosine for one in group if not one.shares]
            cells.append(f"{np.mean(np.array(judged) >= threshold):.0%}")
        shown = f"**{threshold}**" if threshold == NEAR_DUPLICATE else f"{threshold}"
        lines.append(f"| {shown} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def nearest_table(distinct: dict[str, np.ndarray]) -> str:
    """How alike the most similar other patient is."""
    lines = ["| patients | median | 95th percentile | highest |", "| --- | --- | --- | --- |"]
    for name, embeddings in distinct.items():
        nearest = leave_one_out(embeddings).max(1)
        cells = (np.median(nearest), np.quantile(nearest, 0.95), nearest.max())
        row = " | ".join(_number(float(cell)) for cell in cells)
        lines.append(f"| {len(embeddings)} {name} | {row} |")
    return "\n".join(lines)


def _without(study: Study, left_out: Series) -> Study:
    return Study([s for s in study.series if s is not left_out])


def _number(cosine: float) -> str:
    """With as many places as tell it from one."""
    return f"{cosine:.5f}"
