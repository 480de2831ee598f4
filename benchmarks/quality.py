"""How often each flaw of an exam is noted, by its strength, and how often without a flaw.

    python benchmarks/quality.py [--exams 20]

Flaws of known strength are put into synthetic exams, and `quality_notes` is asked. Each row gives
the share of exams whose notes name the flaw, with its 95 % interval (Wilson). Strength 0 is the
undisturbed exam: what is noted there is a false alarm. The small exams are wider spaced than real
ones and have 12 phases; their breath-holds are made alike, so that a slice lies beside its
neighbours only where it was put there.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import replace
from math import sqrt
from pathlib import Path
from unittest.mock import patch

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from cmrclip_lite.phantom import make_case  # noqa: E402
from cmrclip_lite.phantom.truth import CINE_SAX  # noqa: E402
from cmrclip_lite.quality import quality_notes  # noqa: E402
from cmrclip_lite.study import Series, Study  # noqa: E402

Flaw = Callable[[Study, float, np.random.Generator], Study]


def changed(study: Study, change: Callable[[Series], Series], every: bool = True) -> Study:
    """The study with all its slices changed, or the middle one alone."""
    middle = len(study.series) // 2
    return Study(
        [change(s) if every or i == middle else s for i, s in enumerate(study.series)],
        notes=list(study.notes),
    )


def shifted(study: Study, mm: float, rng: np.random.Generator) -> Study:
    """One inner slice moved within its plane, its picture continued at the edges."""
    chosen = int(rng.integers(1, len(study.series) - 1))
    angle = rng.uniform(0, 2 * np.pi)
    series = study.series[chosen]
    steps = [
        round(mm * f(angle) / s) for f, s in zip((np.sin, np.cos), series.spacing_mm, strict=True)
    ]
    pixels = series.pixels
    rows, columns = (
        np.clip(np.arange(n) - step, 0, n - 1)
        for n, step in zip(pixels.shape[1:], steps, strict=True)
    )
    moved = replace(series, pixels=pixels[:, rows][:, :, columns])
    return Study([moved if i == chosen else s for i, s in enumerate(study.series)])


def fewer(study: Study, phases: float, rng: np.random.Generator) -> Study:
    def change(series: Series) -> Series:
        kept = np.arange(int(phases)) * len(series.pixels) // int(phases)
        return _phases(series, kept)

    return changed(study, change) if phases else study


def without_phases(study: Study, count: float, rng: np.random.Generator) -> Study:
    kept = np.delete(np.arange(12), 4 + np.arange(int(count)))
    return changed(study, lambda series: _phases(series, kept))


def uneven(study: Study, deviation: float, rng: np.random.Generator) -> Study:
    def change(series: Series) -> Series:
        step = series.rr_ms / len(series.pixels)
        steps = np.clip(rng.normal(step, deviation * step, len(series.pixels)), 0.4 * step, None)
        return replace(series, trigger_ms=np.cumsum(steps) - steps[0]) if deviation else series

    return changed(study, change, every=False)


def rhythm(study: Study, change_of_beat: float, rng: np.random.Generator) -> Study:
    return changed(study, lambda s: replace(s, rr_ms=s.rr_ms * (1 + change_of_beat)), every=False)


def without_slices(study: Study, count: float, rng: np.random.Generator) -> Study:
    middle = len(study.series) // 2
    return Study(
        study.series[: middle - int(count) // 2]
        + study.series[middle - int(count) // 2 + int(count) :]
    )


def short(study: Study, slices: float, rng: np.random.Generator) -> Study:
    return Study(study.series[1 : 1 + int(slices)]) if slices else study


def cropped(study: Study, mm: float, rng: np.random.Generator) -> Study:
    """The left edge of the picture moved to this far from the middle of the picture."""

    def change(series: Series) -> Series:
        start = series.pixels.shape[2] // 2 - round(mm / series.spacing_mm[1])
        return replace(series, pixels=series.pixels[:, :, max(0, start) :])

    return changed(study, change) if mm else study


def voided(study: Study, mm: float, rng: np.random.Generator) -> Study:
    """Signal lost to the left of this far from the middle of the picture."""

    def change(series: Series) -> Series:
        pixels = series.pixels.copy()
        pixels[:, :, : max(0, pixels.shape[2] // 2 - round(mm / series.spacing_mm[1]))] = 0
        return replace(series, pixels=pixels)

    return changed(study, change) if mm else study


def wrong_spacing(study: Study, factor: float, rng: np.random.Generator) -> Study:
    return changed(
        study,
        lambda s: replace(s, spacing_mm=tuple(mm * factor for mm in s.spacing_mm)) if factor else s,
    )


def blank(study: Study, count: float, rng: np.random.Generator) -> Study:
    return _pixels(study, lambda p: p.__setitem__(slice(3, 3 + int(count)), 0))


def repeated(study: Study, count: float, rng: np.random.Generator) -> Study:
    return _pixels(study, lambda p: p.__setitem__(slice(4, 4 + int(count)), p[3].copy()))


def exchanged(study: Study, apart: float, rng: np.random.Generator) -> Study:
    """Two frames in each other's place."""
    return _pixels(study, lambda p: p.__setitem__([2, 2 + int(apart)], p[[2 + int(apart), 2]]))


def foreign(study: Study, apart: float, rng: np.random.Generator) -> Study:
    """A frame of the middle slice taken from a slice some places on."""
    middle = len(study.series) // 2
    other = study.series[middle + int(apart)].pixels
    return _pixels(study, lambda p: p.__setitem__(5, other[5]))


def dimmed(study: Study, share: float, rng: np.random.Generator) -> Study:
    return _pixels(study, lambda p: p.__setitem__(5, (p[5] * (1 - share)).astype(p.dtype)))


def saturated(study: Study, share: float, rng: np.random.Generator) -> Study:
    def change(series: Series) -> Series:
        top = np.quantile(series.pixels, 1 - share)
        return replace(series, pixels=np.minimum(series.pixels, top).astype(series.pixels.dtype))

    return changed(study, change) if share else study


# What is done, at which strengths, and words of the note that names it.
FLAWS: dict[str, tuple[Flaw, tuple[float, ...], str]] = {
    "slice moved in its plane, mm": (shifted, (0, 4, 6, 8, 10, 12, 16), "off the line"),
    "phases left (0: all 12)": (fewer, (0, 2, 4, 6, 8), "phases"),
    "phases missing in every slice": (without_phases, (0, 1, 2), "a hole in the times"),
    "uneven steps, deviation": (uneven, (0, 0.1, 0.2, 0.3), "uneven|a hole"),
    "one slice's heartbeat longer by": (rhythm, (0, 0.1, 0.2, 0.3, 0.5), "The heartbeat lasted"),
    "slices missing in the stack": (without_slices, (0, 1, 2), "gap"),
    "slices left (0: all 7)": (short, (0, 3, 4, 5), "short-axis cine slice"),
    "picture cut at mm from middle": (cropped, (0, 70, 60, 50, 40, 30, 20), "reaches the edge"),
    "void from mm beside the middle": (voided, (0, 70, 60, 50, 40, 30, 20), "reaches the edge"),
    "spacing times (0: as it is)": (
        wrong_spacing,
        (0, 0.4, 0.5, 0.6, 0.7, 1.4, 1.6, 2.0),
        "What moves is|unlikely size",
    ),
    "blank frames in one slice": (blank, (0, 1, 2), "blank"),
    "repeated frames in one slice": (repeated, (0, 1, 2), "the same picture"),
    "frames exchanged, apart by": (exchanged, (0, 2, 4, 6), "unlike those before"),
    "frame of another slice, apart by": (foreign, (0, 1, 2, 3), "unlike those before"),
    "one frame darker by": (dimmed, (0, 0.1, 0.2, 0.3, 0.5), "unlike those before"),
    "saturated share": (saturated, (0, 0.01, 0.02, 0.05, 0.1), "very maximum"),
}


def wilson(hits: int, total: int) -> tuple[float, float]:
    """95 % interval of a share (Wilson, J Am Stat Assoc 22:209, 1927)."""
    z, p = 1.96, hits / total
    middle = (p + z * z / (2 * total)) / (1 + z * z / total)
    half = z / (1 + z * z / total) * sqrt(p * (1 - p) / total + z * z / (4 * total * total))
    return max(0.0, middle - half), min(1.0, middle + half)


def exams(count: int) -> list[Study]:
    """Small synthetic short-axis stacks, all slices at one and the same breath-hold."""
    with patch("cmrclip_lite.phantom.planes._breath", lambda rng: np.zeros(3)):
        return [make_case(70_000 + i, size="small", imaged=(CINE_SAX,)).study for i in range(count)]


def _phases(series: Series, kept: np.ndarray) -> Series:
    return replace(series, pixels=series.pixels[kept], trigger_ms=series.trigger_ms[kept])


def _pixels(study: Study, change: Callable[[np.ndarray], None]) -> Study:
    def changed_copy(series: Series) -> Series:
        pixels = series.pixels.copy()
        change(pixels)
        return replace(series, pixels=pixels)

    return changed(study, changed_copy, every=False)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--exams", type=int, default=40)
    given = parser.parse_args()
    studies = exams(given.exams)
    print(f"{'flaw':32} {'strength':>8} {'noted':>6}  95 % interval ({len(studies)} exams)")
    for name, (flaw, strengths, words) in FLAWS.items():
        for strength in strengths:
            hits = 0
            for number, study in enumerate(studies):
                rng = np.random.default_rng([number, round(100 * strength)])
                notes = quality_notes(flaw(study, strength, rng))
                hits += any(word in note for word in words.split("|") for note in notes)
            low, high = wilson(hits, len(studies))
            share = hits / len(studies)
            print(f"{name:32} {strength:8g} {share:6.0%}  {low:.0%} to {high:.0%}")
    silent = sum(not quality_notes(study) for study in studies)
    low, high = wilson(len(studies) - silent, len(studies))
    noted = 1 - silent / len(studies)
    print(f"undisturbed exams with any note: {noted:.0%} ({low:.0%} to {high:.0%})")


if __name__ == "__main__":
    main()
