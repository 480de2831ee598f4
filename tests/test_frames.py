"""Studies become clips as in the published code, and as the bundled checkpoint wants them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from cmrclip_lite.errors import StudyError
from cmrclip_lite.frames import (
    pad_clip,
    published_order,
    sample_frames,
    study_to_clip,
    transform_clip,
)
from cmrclip_lite.heart import find_heart, heart_clip
from cmrclip_lite.model import LayoutConfig, ModelConfig, VideoConfig
from cmrclip_lite.study import Sequence, Series, Study, View
from tests import golden

DATA = Path(__file__).parent / "data"
FACTS = json.loads((DATA / "golden.json").read_text())
LAYOUT = LayoutConfig(name="heart", spacing_mm=2.0, phases=6)


def beating_disc(slices=9, phases=12, centre=(90.0, 120.0), shape=(150, 160), spacing=1.5):
    """A stack with one bright disc whose radius shrinks and grows; centre in mm."""
    down, across = np.meshgrid(*(np.arange(n) * spacing for n in shape), indexing="ij")
    distance = np.hypot(down - centre[0], across - centre[1])
    radii = 30 - 8 * np.sin(np.pi * np.arange(phases) / phases)
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 5, (slices, phases, *shape))
    stack = 100 + 300 * (distance[None] < radii[:, None, None])[None] + noise
    return Study.from_array(stack.astype(np.int16), spacing_mm=(8, spacing, spacing))


@pytest.mark.parametrize("num_frames", ["64", "16"])
def test_sampling_is_the_published_one(num_frames):
    for length, expected in FACTS["sampling"][num_frames].items():
        assert sample_frames(int(length), int(num_frames)) == expected


@pytest.mark.parametrize(("index", "shape"), [(0, (224, 224)), (1, (200, 260))])
def test_transform_is_the_published_one(index, shape):
    expected = np.load(DATA / "golden.npz")[f"transform_{shape[0]}x{shape[1]}"]
    out = transform_clip(golden.frames(index, *shape)).numpy()[:, :, ::13, ::13]
    assert np.abs(out - expected).max() <= 1e-4


def test_a_short_video_is_padded_with_zeros():
    padded = pad_clip(torch.ones(2, 3, 4, 4), 64)
    assert padded.shape == (64, 3, 4, 4)
    assert (padded[:2] == 1).all() and (padded[2:] == 0).all()


def test_order_of_views_is_the_published_one():
    for name, expected in FACTS["layout"].items():
        depths = {part.split(" depth ")[0]: int(part.split(" ")[-1]) for part in name.split(", ")}
        order = published_order(depths | {"lge_lax": 1, "lge_2ch": 1, "lge_3ch": 1})
        sampled = [order[i] for i in sample_frames(len(order), 64)]
        assert [[p.view, p.slice, p.time] for p in sampled] == expected


def test_a_full_study_in_the_published_layout():
    def series(view, sequence, count, phases, level):
        return [
            Series(
                np.full((phases, 60, 70), level, np.int16) + z,
                (1.5, 1.5),
                None,
                view=view,
                sequence=sequence,
            )
            for z in range(count)
        ]

    study = Study(
        series(View.FOUR_CHAMBER, Sequence.CINE, 1, 30, 10)
        + series(View.SAX, Sequence.CINE, 9, 30, 20)
        + series(View.SAX, Sequence.LGE, 12, 1, 30)
        + [
            s
            for view in (View.FOUR_CHAMBER, View.TWO_CHAMBER, View.THREE_CHAMBER)
            for s in series(view, Sequence.LGE, 1, 1, 40)
        ]
    )
    clip = study_to_clip(study, ModelConfig())
    assert clip.tensor.shape == (64, 3, 224, 224) and not clip.notes
    study.series = study.cines(View.SAX)
    clip = study_to_clip(study, ModelConfig())
    assert "long-axis cine" in clip.notes[0]
    assert (clip.tensor[30:] == 0).all() and (clip.tensor[:30] != 0).any()


def test_heart_is_found_where_it_moves():
    study = beating_disc()
    down, across = find_heart(study.cines())
    assert abs(down - 90) < 6 and abs(across - 120) < 6


def test_heart_clip_is_on_a_grid_of_millimetres():
    """The disc has the same size in the clip whatever the pixels' spacing."""
    areas = []
    for spacing, shape in ((1.0, (220, 240)), (2.0, (110, 120))):
        clip, notes = heart_clip(beating_disc(shape=shape, spacing=spacing), LAYOUT, 80)
        assert clip.shape == (6, 3, 80, 80) and not notes
        areas.append(float((clip[0] > 0).float().sum()) * 2.0**2)
    assert areas[0] == pytest.approx(areas[1], rel=0.05)
    assert areas[0] == pytest.approx(3 * np.pi * 30**2, rel=0.1)


def test_a_still_heart_falls_back_to_the_centre_and_says_so():
    study = beating_disc()
    for series in study.series:
        series.pixels = np.repeat(series.pixels[:1], 12, axis=0)
    clip, notes = heart_clip(study, LAYOUT, 80)
    assert torch.isfinite(clip).all()
    assert any("centre" in note for note in notes)


def test_few_phases_and_one_slice_still_read():
    study = beating_disc(slices=1, phases=2)
    clip, notes = heart_clip(study, LAYOUT, 80)
    assert clip.shape == (2, 3, 80, 80) and len(notes) == 2


def test_a_study_without_short_axis_says_what_it_has():
    study = beating_disc()
    for series in study.series:
        series.view = View.FOUR_CHAMBER
    config = ModelConfig(video=VideoConfig(image_size=80), layout=LAYOUT)
    with pytest.raises(StudyError, match="4CH"):
        study_to_clip(study, config)
