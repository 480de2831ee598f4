"""Studies become clips as in the published code."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from cmrclip_lite.frames import (
    pad_clip,
    published_order,
    sample_frames,
    study_to_clip,
    transform_clip,
)
from cmrclip_lite.model import LayoutConfig, ModelConfig
from cmrclip_lite.study import Sequence, Series, Study, View
from tests import golden

DATA = Path(__file__).parent / "data"
FACTS = json.loads((DATA / "golden.json").read_text())


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


def test_without_padding_a_short_study_gives_a_short_clip():
    pixels = np.arange(30 * 60 * 70, dtype=np.int16).reshape(30, 60, 70)
    study = Study([Series(pixels, (1.5, 1.5), None, view=View.SAX, sequence=Sequence.CINE)])
    filled, short = (
        study_to_clip(study, ModelConfig(layout=LayoutConfig(skip_padding=skip))).tensor
        for skip in (False, True)
    )
    assert len(filled) == 64 and len(short) == 30
    assert torch.equal(filled[:30], short)
    # What was written before the option was there still means the same, and has the same hash.
    assert "skip_padding" not in ModelConfig().to_dict()["layout"]
    skipping = ModelConfig(layout=LayoutConfig(skip_padding=True))
    assert ModelConfig.from_dict(skipping.to_dict()) == skipping
