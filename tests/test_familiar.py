"""A beating heart is let pass; what is still, noisy, sliding, brightening or elsewhere is not.

The hearts here are discs; whole exams and real ones come last.
"""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import foreign, outliers
from benchmarks.cohorts import acdc_patients
from cmrclip_lite import load, read_study
from cmrclip_lite.errors import LibraryError
from cmrclip_lite.familiar import LIMIT, strangeness, unfamiliar
from cmrclip_lite.library import CaseLibrary, CaseRecord, default_library
from cmrclip_lite.model import CMRCLIP
from cmrclip_lite.phantom import make_case
from cmrclip_lite.study import Sequence, Study

ANYWHERE = np.eye(16, dtype=np.float32)[0]


def chest(phases=12, slices=4, side=128):
    """`(Z, T, H, W)`: a grey chest in which a bright disc beats, with a little noise."""
    y, x = np.mgrid[:side, :side] - side / 2
    radii = 11 + 2 * np.cos(2 * np.pi * np.arange(phases) / phases)
    body = 60.0 * (np.hypot(x, 1.3 * y) < 52) + 30.0 * (np.hypot(x - 25, y) < 12)
    beat = np.stack([np.where(np.hypot(x, y) < r, 160.0, body) for r in radii])
    noise = np.random.default_rng(0).normal(0, 2, (slices, *beat.shape))
    return beat[None] + noise


def shelf(tiny_model, folder, count):
    """A library of cases that all point nearly the same way."""
    rng = np.random.default_rng(1)
    vectors = ANYWHERE + 0.1 * rng.normal(size=(count, 16))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    cases = [CaseRecord(f"c{i}", v.astype(np.float32), "", ()) for i, v in enumerate(vectors)]
    return CaseLibrary.create(folder / "library", "shelf", tiny_model, cases)


def said(tiny_model, pixels):
    return unfamiliar(tiny_model, foreign.cine(pixels), ANYWHERE, None)


def test_a_beating_heart_passes(tiny_model):
    assert said(tiny_model, chest()) is None


@pytest.mark.parametrize("phases", [2, 6, 30])
def test_a_beating_heart_passes_at_any_number_of_phases(tiny_model, phases):
    assert said(tiny_model, chest(phases)) is None


def test_a_single_frame_does_not_move(tiny_model):
    frame = chest()[:, :1]
    assert "nothing in it moves" in said(tiny_model, frame)
    assert "nothing in it moves" in said(tiny_model, np.repeat(frame, 8, axis=1))


def test_a_study_without_a_cine_does_not_move(tiny_model):
    study = Study.from_array(chest()[:, :1], (10.0, 2.5, 2.5))
    assert study.series[0].sequence is Sequence.UNKNOWN
    assert "nothing in it moves" in unfamiliar(tiny_model, study, ANYWHERE, None)


def test_a_still_that_is_repeated_or_slid_about_is_no_heart(tiny_model):
    handled = dict(foreign.handled(chest()[0, 0], np.random.default_rng(0)))
    for how in ("repeated", "slid about"):
        assert "not gathered in one place" in (said(tiny_model, handled[how]) or ""), how


def test_a_still_that_only_brightens_does_not_move(tiny_model):
    frame = chest()[0, 0] + 10
    assert "nothing in it moves" in said(tiny_model, np.stack([frame, 2 * frame, 4 * frame]))


def test_a_picture_in_which_next_to_nothing_changes_is_no_heart(tiny_model):
    frames = np.repeat(chest()[:, :1], 6, axis=1)
    frames[..., 60:68, 60:68] += np.arange(6)[:, None, None]
    sentence = said(tiny_model, frames)
    assert "it changes less from phase to phase than a beating heart does" in sentence


def test_noise_and_slices_one_after_the_other_change_too_much(tiny_model):
    rng = np.random.default_rng(0)
    assert "changes more from phase to phase" in said(tiny_model, rng.random((12, 96, 96)))
    slices = np.stack([np.roll(chest()[0, 0] * rng.random(), 9 * z, axis=1) for z in range(8)])
    assert "changes more from phase to phase" in said(tiny_model, slices)


def test_an_embedding_is_measured_against_how_far_cases_lie_from_each_other(tiny_model, tmp_path):
    library, study = shelf(tiny_model, tmp_path, 60), foreign.cine(chest())
    among = [strangeness(tiny_model, study, e, library).embedding for e in library.embeddings[:5]]
    # Each finds itself here, so it lies a little nearer than it did to the others.
    assert -3 < np.mean(among) < 0
    far = strangeness(tiny_model, study, -ANYWHERE, library)
    assert far.embedding > LIMIT and far.distance > LIMIT
    assert "far from all cases of the library 'shelf'" in unfamiliar(
        tiny_model, study, -ANYWHERE, library
    )
    # Of any length, as a score takes it.
    again = strangeness(tiny_model, study, -3 * ANYWHERE, library)
    assert again.embedding == pytest.approx(far.embedding, rel=1e-4)


def test_a_library_of_a_few_cases_says_nothing_of_what_is_usual(tiny_model, tmp_path):
    library = shelf(tiny_model, tmp_path, 20)
    assert strangeness(tiny_model, foreign.cine(chest()), -ANYWHERE, library).embedding == 0


def test_the_library_of_another_model_is_refused(tiny_model, tmp_path):
    library = shelf(tiny_model, tmp_path, 40)
    other = CMRCLIP(tiny_model.config, tiny_model.tokenizer)
    with pytest.raises(LibraryError, match="was embedded by"):
        unfamiliar(other, foreign.cine(chest()), ANYWHERE, library)


def test_a_picture_that_shows_the_heart_alone_is_judged_by_the_rest(tiny_model):
    cut = chest()[..., 40:88, 40:88]  # 120 mm: no place is 75 mm from the heart
    found = strangeness(tiny_model, foreign.cine(cut), ANYWHERE, None)
    assert found.moves and found.spread == 0 and found.distance < LIMIT


@pytest.fixture(scope="module")
def bundled():
    model = load()
    return model, default_library(model)


@pytest.mark.slow
def test_whole_exams_pass_and_their_single_frames_and_perfusion_do_not(bundled):
    model, library = bundled
    exams = [make_case(990_000_000 + i, d, "small").study for i, d in enumerate(("normal", "dcm"))]
    worn = [outliers.worn(study, i) for i, study in enumerate(exams)]
    assert [unfamiliar(model, s, model.encode_study(s), library) for s in exams + worn] == [
        None
    ] * 4
    kinds = [*foreign.single_frames(exams, 0), *foreign.perfusion(exams, 0)]
    for kind, study in kinds:
        assert unfamiliar(model, study, model.encode_study(study), library), kind


@pytest.mark.slow
def test_real_exams_pass_and_their_scouts_do_not(bundled, real_folder):
    model, library = bundled
    exams = [read_study(path) for path in sorted((real_folder / "sunnybrook").glob("*.zip"))]
    assert exams
    for study in exams:
        assert unfamiliar(model, study, model.encode_study(study), library) is None
    scouts = list(foreign.scouts())
    passed = [k for k, s in scouts if not unfamiliar(model, s, model.encode_study(s), library)]
    assert len(scouts) > 20 and passed in ([], ["scouts, slid about"])
    pairs = acdc_patients()[0]
    called = [s for s in pairs if unfamiliar(model, s, model.encode_study(s), library)]
    assert len(called) <= 4
