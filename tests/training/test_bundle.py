"""What is shipped: samples that show what they are for, and cases that training has not seen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from cmrclip_lite.library import CaseLibrary
from cmrclip_lite.phantom.cohort import DIAGNOSES, draw_truth
from cmrclip_lite.prompts import CONDITIONS
from cmrclip_lite.training import bundle
from cmrclip_lite.training.settings import Settings, bundled_config

pytestmark = pytest.mark.slow


def test_shipped_seeds_are_not_those_of_training():
    """Nor are the samples in the library."""
    trained = range(Settings().seed * 1_000_000, Settings().seed * 1_000_000 + Settings().cases)
    seeds = {name: bundle.sample_seed(name) for name in bundle.SAMPLES}
    library = range(bundle.LIBRARY_SEED, bundle.LIBRARY_SEED + 10_000)
    assert len(set(seeds.values())) == len(seeds) == 8
    assert not any(seed in trained or seed in library for seed in seeds.values())
    assert trained.stop <= bundle.SAMPLE_SEED < library.start
    assert seeds == {name: bundle.sample_seed(name) for name in bundle.SAMPLES}


@pytest.mark.parametrize("name", bundle.SAMPLES)
def test_samples_show_what_they_are_for(name):
    sample = bundle.SAMPLES[name]
    truth = draw_truth(np.random.default_rng([bundle.sample_seed(name), 11]), sample.diagnosis)
    assert set(sample.shows) <= truth.findings <= set(CONDITIONS)


@pytest.fixture(scope="module")
def rendered(tmp_path_factory):
    """One case of the library, as the run's folder keeps it."""
    folder = tmp_path_factory.mktemp("run")
    return folder, bundle.render(folder, 1, workers=1)


def test_rendering_goes_on_where_it_was(rendered):
    folder, files = rendered
    before = files[0].stat().st_mtime_ns
    assert bundle.render(folder, 1, workers=1) == files
    assert files[0].stat().st_mtime_ns == before
    assert [file.name for file in folder.iterdir()] == ["synthetic-0000.npz"]


def test_a_rendered_case_holds_the_clip_of_the_layout(rendered):
    case = bundle.read_rendered(rendered[1][0])
    config = bundled_config(vocab_size=1)
    size = config.video.image_size
    assert case.clip.shape == (config.layout.readings * config.layout.reading_frames, 3, size, size)
    assert case.clip.abs().max() == 2
    assert case.truth.diagnosis == DIAGNOSES[0] and case.truth.imaged
    assert case.impression and case.picture[:4] == b"RIFF"


def test_the_library_is_made_of_rendered_cases(
    rendered, tiny_model_read_thrice, tmp_path, monkeypatch
):
    case = bundle.read_rendered(rendered[1][0])
    small = replace(case, clip=torch.nn.functional.avg_pool2d(case.clip, 2)[..., :32, :32])
    monkeypatch.setattr(bundle, "read_rendered", lambda file: small)
    bundle.make_library(tmp_path / "library", tiny_model_read_thrice, rendered[1])
    library = CaseLibrary.open(tmp_path / "library")
    assert library.impressions == [case.impression]
    assert set(library.findings[0]) == case.truth.findings


def test_the_datasheet_says_what_was_made(tmp_path):
    readme = tmp_path / "README.md"
    readme.write_text("# Before\n\n<!-- made: begin -->\nold\n<!-- made: end -->\n\nAfter\n")
    truth = draw_truth(np.random.default_rng(0), "normal")
    for cases in (16, 15):
        bundle.write_datasheet(readme, {"normal": truth}, cases)
        text = readme.read_text()
        assert "| `normal` | Normal study |" in text and f"{cases} cases" in text
    assert text.startswith("# Before") and text.endswith("After\n") and "old" not in text
