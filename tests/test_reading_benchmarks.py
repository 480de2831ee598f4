"""benchmarks/readings.py, walls.py and readable.py, of studies whose answers are known."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from benchmarks import readable, readings, walls
from benchmarks.checkpoint import ask
from cmrclip_lite.evaluate import auc
from cmrclip_lite.frames import study_to_clip
from cmrclip_lite.phantom.tissue import Tissue
from cmrclip_lite.prompts import CONDITIONS
from cmrclip_lite.study import Study
from cmrclip_lite.training.augment import LEVELS, SEEN

KEYS = ("lv_dilation", "rv_dilation", "lv_thrombus")


def test_each_reading_is_compared_with_the_mean_of_all(tiny_model_read_thrice):
    model = tiny_model_read_thrice
    frames = model.config.layout.reading_frames
    clips = list(torch.randn(30, 3 * frames, 3, 32, 32, generator=torch.Generator().manual_seed(3)))
    labels = {key: np.arange(30) % (2 + i) == 0 for i, key in enumerate(KEYS[:2])}
    labels = {key: known.astype(float) for key, known in labels.items()}
    labels[KEYS[2]] = np.zeros(30)  # nobody has it: nothing to tell apart
    told = readings.compared(model, clips, labels)
    assert list(told) == [
        "at 0.2, 0.4, 0.6 of the stack",
        "at 0.3, 0.5, 0.7 of the stack",
        "at 0.4, 0.6, 0.8 of the stack",
        "mean of all",
        "less the middle one",
    ]
    with torch.inference_mode():
        middle, whole = (
            model.encode_clip(torch.stack(part)).numpy()
            for part in ([clip[frames : 2 * frames] for clip in clips], clips)
        )
    for name, embeddings in (("at 0.3, 0.5, 0.7 of the stack", middle), ("mean of all", whole)):
        expected = [
            auc(ask(model, embeddings, CONDITIONS[key].prompts), labels[key] == 1).value
            for key in KEYS[:2]
        ]
        assert told[name].value == pytest.approx(np.mean(expected))
    gain = told["less the middle one"]
    assert gain.value == pytest.approx(
        told["mean of all"].value - told["at 0.3, 0.5, 0.7 of the stack"].value
    )
    assert gain.low < gain.value < gain.high


def test_an_area_seen_is_compared_with_the_area_drawn(tiny_model):
    pixels = np.random.default_rng(4).uniform(0, 1000, (6, 2, 40, 40)).astype(np.float32)
    study = Study.from_array(pixels, (10.0, 5.0, 5.0))
    contours = np.zeros((6, 2, 40, 40), int)
    contours[:, 0, 14:26, 14:26] = 2  # wall, at end-diastole alone
    assert 144 >= walls.FEWEST_PIXELS
    width, outputs = tiny_model.config.video.width, len(SEEN) * LEVELS
    # A head that sees wall in a quarter of each place, and never anything else.
    share = torch.full((len(SEEN), LEVELS), -30.0)
    share[walls.TISSUES["wall"][0]] = -np.log(3)
    head = {"weight": torch.zeros(outputs, width), "bias": share.flatten()}
    shares = walls.seen_shares(tiny_model, head, study_to_clip(study, tiny_model.config).tensor)
    assert shares.shape == (tiny_model.config.layout.reading_frames, len(SEEN), LEVELS)
    found = list(walls.ratios(tiny_model, head, study, contours))
    assert [(phase, name) for phase, name, _ in found] == [("ED", "wall")] * 3
    assert [ratio for *_, ratio in found] == pytest.approx([32 * 32 / 4 / 144] * 3, rel=1e-3)


def test_widths_and_areas_are_those_of_what_was_drawn():
    down, across = np.indices((60, 60)) - 29.5
    labels = np.where(np.hypot(down, across) < 10, Tissue.AORTA, Tissue.LUNG)
    spacing = readable.SPACING_MM
    assert readable.area(labels, Tissue.AORTA) == pytest.approx(
        np.pi * (10 * spacing) ** 2, rel=0.02
    )
    whole = readable.width(labels, Tissue.AORTA)
    assert whole == pytest.approx(20 * spacing, abs=1.5 * spacing)  # pixels are what they are
    # Half of it beyond the crop: the circle goes on there.
    assert readable.width(labels[30:], Tissue.AORTA) == pytest.approx(whole, abs=spacing)


def test_a_heart_is_read_with_what_is_true_of_it():
    got, known = readable.read(readable.SEED)
    assert set(got) == set(known) == set(readable.READINGS)
    assert all(value >= 0 for value in got.values())
