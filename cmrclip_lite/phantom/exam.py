"""A whole exam of one synthetic patient, in memory: cines and late enhancement of every view."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence as SequenceOf
from dataclasses import dataclass, replace

import numpy as np

from ..study import Sequence, Series, Study, View
from .anatomy import Heart, draw_heart
from .body import Body, draw_body
from .cohort import draw_truth
from .enhancement import Enhancement, draw_enhancement, enhancement_scanner
from .imaging import Scanner, draw_scanner, tissue_signals
from .planes import Plane, again, long_axes, short_axis
from .render import render
from .truth import ALL_IMAGED, CINE_LAX, CINE_SAX, LGE, Truth

# What exams hold, and how often.
_IMAGED = (ALL_IMAGED, (CINE_SAX, CINE_LAX), (CINE_SAX,), (CINE_SAX, LGE))
_IMAGED_SHARES = (0.70, 0.15, 0.08, 0.07)


@dataclass(frozen=True, eq=False)
class Shot:
    """How a series was taken: by which scanner, of which plane, when (`(T,)` heartbeats)."""

    scanner: Scanner
    plane: Plane
    phases: np.ndarray


@dataclass(frozen=True, eq=False)
class Anatomy:
    """What lay in the scanner, and how each series was taken (see `truth_images`)."""

    heart: Heart
    body: Body
    shots: Mapping[Series, Shot]


@dataclass(frozen=True, eq=False)
class PhantomCase:
    """A synthetic exam, what is true of it, its report's impression, and what was imaged."""

    study: Study
    truth: Truth
    impression: str
    anatomy: Anatomy


def make_case(
    seed: int,
    diagnosis: str | None = None,
    size: str = "full",
    imaged: SequenceOf[str] | None = None,
) -> PhantomCase:
    """A synthetic exam.

    Args:
        seed: the same seed gives the same exam.
        diagnosis: as in `cohort.draw_truth`.
        size: "full", or "small" with 7 slices, 12 phases and 128 pixels (160 for late
            enhancement) for sample files.
        imaged: which of `truth.ALL_IMAGED` it holds, the short-axis cines always; drawn as real
            exams have them when None: all in most, some without late enhancement or long axes.

    Raises:
        ValueError: for another size, diagnosis or kind of image.
    """
    from .report import write_impression

    if size not in ("full", "small"):
        raise ValueError(f"size must be 'full' or 'small', not {size!r}.")
    if imaged is not None and (CINE_SAX not in imaged or not set(imaged) <= set(ALL_IMAGED)):
        raise ValueError(f"imaged must be of {ALL_IMAGED} with {CINE_SAX!r}, not {imaged!r}.")
    rng = np.random.default_rng([seed, 11])
    truth = draw_truth(rng, diagnosis)
    drawn = _IMAGED[rng.choice(len(_IMAGED), p=_IMAGED_SHARES)]
    kinds = drawn if imaged is None else tuple(k for k in ALL_IMAGED if k in imaged)
    truth = replace(truth, imaged=kinds)
    study, anatomy = make_study(truth, rng, size)
    return PhantomCase(study, truth, write_impression(truth, rng), anatomy)


def make_study(truth: Truth, rng: np.random.Generator, size: str = "full") -> tuple[Study, Anatomy]:
    """Images of a patient that has this truth, of the kinds that `truth.imaged` names."""
    exam = _draw_exam(truth, rng, size)
    turn = np.radians(rng.normal(0, 14))
    stack = short_axis(exam.heart, exam.scanner, size, turn, rng)
    lines = long_axes(exam.heart, rng)
    planes = stack + (lines if CINE_LAX in truth.imaged else [])
    shots = _cines(exam, planes, rng)
    if LGE in truth.imaged:
        shots |= _late(exam, again(planes, rng), size, rng)
    series = list(shots)
    if rng.random() < 0.3:
        series = _stacks_reversed(series)
    study = Study(series, notes=["A synthetic exam: no patient was imaged."])
    return study, Anatomy(exam.heart, exam.body, shots)


@dataclass(frozen=True, eq=False)
class _Exam:
    heart: Heart
    body: Body
    scanner: Scanner
    rr_ms: float
    isocentre: np.ndarray


def _draw_exam(truth: Truth, rng: np.random.Generator, size: str) -> _Exam:
    heart = draw_heart(truth, rng)
    body = draw_body(heart, rng)
    scanner = draw_scanner(truth.field_tesla, rng, size)
    return _Exam(heart, body, scanner, rng.normal(900, 110), rng.normal(0, [15, 20, 25]))


def _cines(exam: _Exam, planes: list[Plane], rng: np.random.Generator) -> dict[Series, Shot]:
    scanner, shots, scale = exam.scanner, {}, None
    signals = tissue_signals(scanner, rng)
    start = rng.uniform(-0.11, 0.06)
    for plane in planes:
        beat = exam.rr_ms * rng.normal(1, 0.035)
        phase = (start + rng.normal(0, 0.012) + np.arange(scanner.phases) / scanner.phases) % 1.0
        frames = render(exam.heart, exam.body, scanner, signals, plane, phase, rng)
        if scale is None:  # one scale for the exam, as a scanner's receiver has
            scale = scanner.full_scale / np.percentile(frames, 99)
        trigger = np.round(np.arange(len(frames)) * beat / len(frames), 2)
        series = _series(exam, scanner, frames * scale, plane, beat, trigger)
        shots[series] = Shot(scanner, plane, phase)
    return shots


def _late(
    exam: _Exam, planes: list[Plane], size: str, rng: np.random.Generator
) -> dict[Series, Shot]:
    """One still per plane in mid-diastole."""
    scanner = enhancement_scanner(exam.scanner, size, rng)
    contrast = draw_enhancement(exam.heart.truth, scanner, exam.rr_ms, rng)
    scale, shots = None, {}
    for plane in planes:
        beat = exam.rr_ms * rng.normal(1, 0.035)
        phase = float(np.clip(rng.normal(0.75, 0.025), 0.66, 0.83))
        frames = render(
            exam.heart,
            exam.body,
            scanner,
            contrast.signals,
            plane,
            np.array([phase]),
            rng,
            contrast.phase_sensitive,
        )
        frames = np.maximum(frames - contrast.floor, 0)
        if scale is None:
            scale = scanner.full_scale / np.percentile(frames, 99)
        trigger = np.round([phase * beat], 2)
        series = _series(exam, scanner, frames * scale, plane, beat, trigger, contrast)
        shots[series] = Shot(scanner, plane, np.array([phase]))
    return shots


def _stacks_reversed(series: list[Series]) -> list[Series]:
    """The same series with each short-axis stack from apex to base."""
    result = list(series)
    for kind in (Sequence.CINE, Sequence.LGE):
        at = [i for i, s in enumerate(series) if s.view is View.SAX and s.sequence is kind]
        for i, j in zip(at, reversed(at), strict=True):
            result[i] = series[j]
    return result


def _series(
    exam: _Exam,
    scanner: Scanner,
    frames: np.ndarray,
    plane: Plane,
    beat_ms: float,
    trigger_ms: np.ndarray,
    contrast: Enhancement | None = None,
) -> Series:
    height, width = frames.shape[1:]
    corner = plane.middle - 0.5 * scanner.pixel_mm * (
        (width - 1) * plane.across + (height - 1) * plane.down
    )
    frame = exam.body.frame
    tags = {
        "Manufacturer": scanner.vendor,
        "MagneticFieldStrength": f"{scanner.field_tesla:g}",
        "FlipAngle": f"{scanner.flip_degrees:.0f}",
        "RepetitionTime": f"{scanner.tr_ms:.2f}",
    }
    if contrast:
        tags["InversionTime"] = f"{contrast.inversion_ms:g}"
    return Series(
        pixels=np.clip(np.rint(frames), 0, 4095).astype(np.int16),
        spacing_mm=(scanner.pixel_mm, scanner.pixel_mm),
        thickness_mm=scanner.thickness_mm,
        position_mm=corner @ frame + exam.isocentre,
        orientation=np.stack([plane.across @ frame, plane.down @ frame]),
        trigger_ms=trigger_ms,
        rr_ms=round(float(beat_ms), 1),
        view=plane.view,
        sequence=Sequence.LGE if contrast else Sequence.CINE,
        tags=tags,
    )


__all__ = ["Anatomy", "PhantomCase", "Shot", "make_case", "make_study"]
