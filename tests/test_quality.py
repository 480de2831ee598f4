"""Each flaw of an exam is put into a clean synthetic one, and is what the notes then name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.burned_in import glyphs
from cmrclip_lite.phantom import make_case
from cmrclip_lite.phantom.truth import CINE_SAX
from cmrclip_lite.quality import MOST_NOTES, quality_notes
from cmrclip_lite.quality.words import share
from cmrclip_lite.readers import read_study
from cmrclip_lite.study import Sequence, Series, Study, View

PHASES, SLICES = 12, 7


@pytest.fixture(scope="module")
def clean() -> Study:
    """A small synthetic short-axis stack: 7 slices of 12 phases, nothing wrong with it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("cmrclip_lite.phantom.planes._breath", lambda rng: np.zeros(3))
        return make_case(70_001, size="small", imaged=(CINE_SAX,)).study


def with_slices(study: Study, change: Callable[[Series], Series], only: int | None = None) -> Study:
    """The study with all slices changed, or one."""
    return Study(
        [s if only not in (None, z) else change(s) for z, s in enumerate(study.series)],
    )


def with_pixels(study: Study, change: Callable[[np.ndarray], None], only: int = 3) -> Study:
    """The study with the pixels of a copy of one slice changed in place."""

    def changed(series: Series) -> Series:
        pixels = series.pixels.copy()
        change(pixels)
        return replace(series, pixels=pixels)

    return with_slices(study, changed, only)


def with_phases(study: Study, kept: np.ndarray, only: int | None = None) -> Study:
    return with_slices(
        study, lambda s: replace(s, pixels=s.pixels[kept], trigger_ms=s.trigger_ms[kept]), only
    )


def only_note(study: Study) -> str:
    (note,) = quality_notes(study)
    return note


def test_a_clean_exam_is_not_remarked_upon(clean: Study) -> None:
    before = [series.pixels.copy() for series in clean.series]
    assert quality_notes(clean) == []
    for series, pixels in zip(clean.series, before, strict=True):
        np.testing.assert_array_equal(series.pixels, pixels)


def test_real_exams_have_nothing_to_remark_upon(real_folder: Path) -> None:
    # Their heartbeats differ by up to 9 % from slice to slice, as breath-holds make them.
    for path in sorted((real_folder / "sunnybrook").glob("*.zip")):
        assert read_study(path).notes == []


def test_too_few_phases_are_counted(clean: Study) -> None:
    few = only_note(with_phases(clean, np.arange(6) * 2))
    assert few.startswith("All 7 cine slices have only 6 phases") and "weaker" in few
    pair = only_note(with_phases(clean, np.array([0, 4])))
    assert pair.startswith("All 7 cine slices have two phases, which are taken for end-diastole")
    one = only_note(with_phases(clean, np.arange(6) * 2, only=2))
    assert one.startswith("1 of 7 cine slices has only 6 phases")


def test_phases_far_apart_are_noted_with_what_is_recommended(clean: Study) -> None:
    slow = with_slices(clean, lambda s: replace(s, trigger_ms=np.arange(PHASES) * 110.0))
    assert only_note(slow).startswith("The phases lie about 110 ms apart, where 45 ms")


def test_a_phase_left_out_leaves_a_hole_in_the_times(clean: Study) -> None:
    step = max(series.rr_ms for series in clean.series) / PHASES
    kept = np.delete(np.arange(PHASES), 5)
    start = "All 7 cine slices have a hole in the times of the phases"
    note = only_note(with_phases(clean, kept))
    assert note.startswith(f"{start} (up to {2 * step:.0f} ms, where the others are {step:.0f} ms")
    # Where one slice alone is short, reading says so.
    assert quality_notes(with_phases(clean, kept, only=3)) == []


def test_uneven_phases_and_a_changing_rhythm_are_told_apart(clean: Study) -> None:
    steps = np.tile([0.65, 1.0, 1.35], PHASES // 3) * clean.series[0].rr_ms / PHASES
    times = np.cumsum(steps) - steps[0]
    uneven = only_note(with_slices(clean, lambda s: replace(s, trigger_ms=times), only=3))
    assert uneven.startswith("1 of 7 cine slices has phases at uneven times")
    faster = with_slices(clean, lambda s: replace(s, rr_ms=0.6 * s.rr_ms), only=3)
    assert only_note(faster).startswith("The heartbeat lasted ")


def test_a_heartbeat_that_no_one_has(clean: Study) -> None:
    note = only_note(with_slices(clean, lambda s: replace(s, rr_ms=90.0)))
    assert note.startswith("All 7 cine slices state a heartbeat of 90 ms, where 300 to 2000 ms")


def test_a_missing_slice_and_a_short_stack(clean: Study) -> None:
    missing = only_note(Study(clean.series[:3] + clean.series[4:]))
    assert missing.startswith("The short-axis stack has a gap (up to ")
    short = only_note(Study(clean.series[2:5]))
    assert short.startswith("There are only 3 short-axis cine slices, over ")
    (single,) = quality_notes(Study(clean.series[3:4]))
    assert single.startswith("There is only 1 short-axis cine slice; ")


def test_slices_too_far_apart(clean: Study) -> None:
    normal, start = clean.series[0].normal, clean.series[0].position_mm
    apart = [
        replace(series, position_mm=start + 24.0 * z * normal)
        for z, series in enumerate(clean.series)
    ]
    assert only_note(Study(apart)).startswith("The short-axis slices lie 24 mm apart")


@pytest.mark.parametrize("by", ["pixels", "position"])
def test_a_slice_beside_the_line_of_its_neighbours(clean: Study, by: str) -> None:
    series = clean.series[3]
    steps = round(16 / series.spacing_mm[1])
    if by == "pixels":
        columns = np.clip(np.arange(series.pixels.shape[2]) - steps, 0, None)
        moved = replace(series, pixels=series.pixels[:, :, columns])
    else:
        moved = replace(series, position_mm=series.position_mm + 16.0 * series.orientation[0])
    note = only_note(with_slices(clean, lambda _: moved, only=3))
    assert note.startswith("1 of 7 short-axis slices seems to lie ")
    assert abs(int(note.split(" mm off")[0].split()[-1]) - 16) <= 4


def test_a_stack_that_leans_or_is_recentred_is_no_misalignment(clean: Study) -> None:
    def recentred(series: Series) -> Series:
        cut = 8 if series is clean.series[3] else 0
        pixels = np.pad(series.pixels, ((0, 0), (0, 0), (0, cut)), mode="edge")[:, :, cut:]
        corner = series.position_mm + cut * series.spacing_mm[1] * series.orientation[0]
        return replace(series, pixels=pixels, position_mm=corner)

    assert quality_notes(with_slices(clean, recentred)) == []


def test_a_heart_at_the_edge_or_in_a_void_is_cut_off(clean: Study) -> None:
    middle = clean.series[0].pixels.shape[2] // 2
    cropped = with_slices(clean, lambda s: replace(s, pixels=s.pixels[:, :, middle:]))
    assert only_note(cropped).startswith("The heart reaches the edge of what is shown")

    def blacked_out(series: Series) -> Series:
        pixels = series.pixels.copy()
        pixels[:, :, middle:] = 0
        return replace(series, pixels=pixels)

    note = only_note(with_slices(clean, blacked_out))
    assert note.startswith("The heart reaches the edge of what is shown")


def test_impossible_sizes_are_said_once(clean: Study) -> None:
    tiny = with_slices(clean, lambda s: replace(s, spacing_mm=(0.2, 0.2)))
    (note,) = quality_notes(tiny)
    assert note.startswith("All 7 slices state an unlikely size, such as pixels of 0.2 x 0.2 mm")
    thick = with_slices(clean, lambda s: replace(s, thickness_mm=45.0), only=0)
    assert only_note(thick).startswith("1 of 7 slices states an unlikely size, such as a thickness")
    flat = with_slices(clean, lambda s: replace(s, spacing_mm=(1.0, 2.6)), only=0)
    assert "far from square" in quality_notes(flat)[0]
    # Sizes that are usual in themselves, but not of a heart.
    half = with_slices(clean, lambda s: replace(s, spacing_mm=tuple(v / 2 for v in s.spacing_mm)))
    assert only_note(half).startswith("What moves is about ")


def test_text_drawn_into_the_pictures(clean: Study) -> None:
    """Every picture has it, as a screen capture has; it may name a patient."""
    name = glyphs("WINTERGREEN", 12, "outline", smooth=True)

    def drawn(series: Series) -> Series:
        pixels = series.pixels.copy()
        high, wide = name.shape
        corner = pixels[:, 4 : 4 + high, 4 : 4 + wide]
        corner[:] = np.where(name > 0.5, pixels.max(), corner)
        return replace(series, pixels=pixels)

    note = only_note(Study([drawn(series) for series in clean.series]))
    assert note.startswith("Text seems to be drawn into 4 of 4 pictures looked at")


def test_blank_repeated_and_odd_frames(clean: Study) -> None:
    blank = with_pixels(clean, lambda p: p.__setitem__(slice(4, 6), 0))
    assert only_note(blank).startswith("1 of 7 slices holds 2 blank images")
    repeated = with_pixels(clean, lambda p: p.__setitem__(5, p[4]))
    assert only_note(repeated).startswith("1 of 7 cine slices holds the same picture more than")
    # As alike as two frames can be without being the same.
    nearly = with_pixels(clean, lambda p: (p.__setitem__(5, p[4]), p[5].__iadd__(p[5] > 0)))
    assert not any("same picture" in note for note in quality_notes(nearly))
    foreign = with_pixels(clean, lambda p: p.__setitem__(5, clean.series[1].pixels[5]))
    assert "unlike those before and after it (phase 6)" in only_note(foreign)
    dark = with_pixels(clean, lambda p: p.__setitem__(7, p[7] // 2))
    assert "(phase 8)" in only_note(dark)


def test_saturated_pictures(clean: Study) -> None:
    def clipped(series: Series) -> Series:
        return replace(series, pixels=np.minimum(series.pixels, np.quantile(series.pixels, 0.9)))

    assert "at the very maximum" in only_note(with_slices(clean, clipped))


def test_of_many_flaws_the_gravest_are_told(clean: Study) -> None:
    def ruined(series: Series) -> Series:
        pixels = series.pixels[[0, 0, 4, 4, 8]].copy()
        pixels[1] = 0
        top = np.quantile(pixels, 0.8)
        return replace(
            series,
            pixels=np.minimum(pixels, top)[:, :, 60:],
            trigger_ms=np.array([0.0, 10, 20, 90, 100]),
            rr_ms=100.0,
            thickness_mm=50.0,
        )

    notes = quality_notes(with_slices(Study(clean.series[:2] + clean.series[4:]), ruined))
    assert len(notes) == MOST_NOTES and "unlikely size" in notes[0] and "blank" in notes[1]


def test_what_cannot_be_told_is_not_guessed() -> None:
    noise = np.random.default_rng(0).integers(1, 900, (8, 20, 96, 96))
    still = Study.from_array(noise[:, :1], (10.0, 2.0, 2.0))
    assert still.series[0].sequence is Sequence.UNKNOWN and quality_notes(still) == []
    lone = Study([Series(noise[0], (2.0, 2.0), view=View.FOUR_CHAMBER, sequence=Sequence.CINE)])
    assert quality_notes(lone) == []


@pytest.mark.parametrize("spacing", [(1e-6, 1.5), (1e-6, 1e-6), (400.0, 400.0), (1.5, 90.0)])
def test_absurd_sizes_and_values_cost_nothing_and_break_nothing(
    clean: Study, spacing: tuple[float, float]
) -> None:
    absurd = with_slices(clean, lambda s: replace(s, spacing_mm=spacing))
    assert "unlikely size" in only_note(absurd)
    huge = with_slices(clean, lambda s: replace(s, pixels=s.pixels * 1e300))
    assert not any("size" in note for note in quality_notes(huge))


def test_values_about_zero_read_like_others(clean: Study) -> None:
    mean = np.mean([series.pixels for series in clean.series])
    assert quality_notes(with_slices(clean, lambda s: replace(s, pixels=s.pixels - mean))) == []


def test_the_words_agree_in_number() -> None:
    assert share(1, 1, "slice", "has", "have") == "The only slice has"
    assert share(1, 3, "slice", "has", "have") == "1 of 3 slices has"
    assert share(2, 3, "slice", "has", "have") == "2 of 3 slices have"
    assert share(3, 3, "slice", "has", "have") == "All 3 slices have"
