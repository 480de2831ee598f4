"""A map shows what a similarity rests on: checked where that is known by construction."""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from cmrclip_lite.errors import ConditionError, StudyError
from cmrclip_lite.explain import (
    GRAIN,
    Explanation,
    dissolve,
    explain,
    integrated_gradients,
    shapley_values,
    similarities,
    smooth,
)
from cmrclip_lite.frames import study_to_clip
from cmrclip_lite.study import Series, Study, View
from cmrclip_lite.tiles import Clip, Tile
from cmrclip_lite.zeroshot import text_query

PLACE = np.s_[2, 1, 8:16, 20:28]  # what the probe looks at: frame, channel, rows, columns


class Probe(nn.Module):
    """Stands in for a model: its embedding is how like a template one patch of a clip is."""

    def __init__(self, power: int = 1) -> None:
        super().__init__()
        self.power, self.device, self.dtype = power, torch.device("cpu"), torch.float32
        rng = np.random.default_rng(1)
        self.template = torch.from_numpy(rng.normal(size=(8, 8)).astype(np.float32))

    def encode_clip(self, clip):
        patch = clip[(slice(None), *PLACE)]
        likeness = (patch * self.template).sum((1, 2)) / 8
        return torch.stack([likeness**self.power, torch.zeros_like(likeness)], dim=1)


def noise_clip(frames=4, size=32, seed=0):
    rng = np.random.default_rng(seed)
    return torch.from_numpy(rng.normal(size=(frames, 3, size, size)).astype(np.float32))


def beating(phases=6, slices=3):
    """A small study: a disc that contracts, in noise."""
    rng = np.random.default_rng(2)
    y, x = np.mgrid[:50, :50]
    radii = 11 - 4 * np.sin(np.pi * np.arange(phases) / phases)
    discs = 300 * (np.hypot(y - 24, x - 26) < radii[:, None, None])
    stack = discs + rng.normal(60, 8, (slices, phases, 50, 50))
    return Study.from_array(stack, (9, 3.0, 3.0))


QUERY = torch.tensor([[1.0, 0.0]])


def test_a_planted_signal_is_found_and_nothing_else():
    clip = noise_clip()
    clip[PLACE] += Probe().template
    (found,) = integrated_gradients(Probe(), clip, QUERY)
    total = found.abs().sum()
    near = torch.zeros_like(found)
    near[2, 1, 5:19, 17:31] = 1  # the patch and the reach of the smoothing
    assert found[PLACE].abs().sum() > 0.75 * total
    assert (found.abs() * near).sum() == pytest.approx(float(total), rel=1e-4)
    assert found.sum() > 0.5  # the template itself is there


@pytest.mark.parametrize("power", [1, 2, 3])
def test_the_map_adds_up_to_what_focus_brings(power):
    clip, probe = noise_clip(seed=3), Probe(power)
    clip[PLACE] += probe.template
    sharp, blurred = similarities(probe, (clip, dissolve(clip)), QUERY)[:, 0].tolist()
    found = integrated_gradients(probe, clip, QUERY, steps=32)
    assert float(found.sum()) == pytest.approx(sharp - blurred, rel=0.02)


@pytest.mark.slow
def test_the_map_of_a_transformer_adds_up_too(tiny_model):
    clip = study_to_clip(beating(), tiny_model.config)
    for found in explain(
        tiny_model, clip, ["dilated left ventricle", "normal"], steps=24, orders=4
    ):
        rise = found.similarity - found.blurred
        assert abs(rise) > 1e-4
        assert found.saliency.sum() == pytest.approx(rise, rel=0.05, abs=1e-4)


def test_smoothing_takes_nothing_away():
    clip = noise_clip()
    for deviation in (0.004, GRAIN, 0.1, 0.5):
        assert torch.allclose(smooth(clip, deviation).sum((2, 3)), clip.sum((2, 3)), atol=1e-2)
    assert smooth(clip, 0.1).std() < 0.2 * clip.std()
    assert torch.equal(smooth(clip, 0), clip)


@pytest.mark.slow
def test_an_explanation_of_a_study_has_its_shape_and_is_empty_where_no_view_is(tiny_model):
    study = beating()
    (found,) = explain(tiny_model, study, ["hypertrophy"], steps=4, orders=4)
    assert found.saliency.shape == tuple(found.clip.tensor.shape)
    assert found.saliency.dtype == np.float32 and np.isfinite(found.saliency).all()
    assert (found.saliency[4:] == 0).all() and (found.saliency[:4] != 0).any()
    score = tiny_model.score(study, ["hypertrophy"])[0].similarity
    assert found.similarity == pytest.approx(score, abs=1e-5)


@pytest.mark.slow
def test_asking_together_is_asking_alone_and_leaves_the_model_as_it_was(tiny_model):
    clip = study_to_clip(beating(), tiny_model.config)
    asked = ["normal", "dilated right ventricle"]
    together = explain(tiny_model, clip, asked, steps=3, orders=4)
    for text, found in zip(asked, together, strict=True):
        (alone,) = explain(tiny_model, clip, [text], steps=3, orders=4)
        assert np.allclose(alone.saliency, found.saliency, atol=1e-6) and found.condition == text
    assert all(p.grad is None for p in tiny_model.parameters())


@pytest.mark.slow
def test_what_images_bring_is_told_by_view_and_moment_and_adds_up(tiny_model):
    (found,) = explain(tiny_model, beating(), ["normal"], steps=3, orders=4)
    brought = found.contributions
    views = [c.view for c in brought]
    assert list(dict.fromkeys(views)) == ["SAX basal", "SAX mid", "SAX apical"]
    assert views == sorted(views, key=["SAX basal", "SAX mid", "SAX apical"].index)
    for view in set(views):
        beats = [c.beat for c in brought if c.view == view]
        assert beats == sorted(set(beats)) and beats[0] == 0
    rise = found.similarity - found.blurred
    assert sum(c.value for c in brought) == pytest.approx(rise, abs=1e-5)


@pytest.mark.slow
def test_several_readings_are_explained_together_and_encoded_where_they_change(tiny_model):
    config = tiny_model.config
    model = copy.copy(tiny_model)
    model.config = replace(config, layout=replace(config.layout, readings=3))
    clip = study_to_clip(beating(slices=9), model.config)
    query = text_query(model, "normal")[None]
    query = torch.from_numpy(query)
    clips = [clip.tensor, dissolve(clip.tensor)]
    for frame in (0, 8, 15, 1):  # of readings of seven frames
        clips.append(clips[-1].clone())
        clips[-1][frame] = 0
    whole = (model.encode_clip(torch.stack(clips)) @ query[0]).detach()
    encoded = []
    model.encode_clip = lambda clip, **how: (
        encoded.append(len(clip)) or type(model).encode_clip(model, clip, **how)
    )
    found = similarities(model, clips, query, clip.readings)[:, 0]
    assert torch.allclose(found, whole, atol=1e-5)
    assert sum(encoded) == 3 + 3 + 4  # two whole clips, then one reading each
    (told,) = explain(model, clip, ["normal"], steps=3, orders=4)
    assert told.similarity == pytest.approx(float(whole[0]), abs=1e-5)
    assert told.saliency.shape == (21, 3, 32, 32)
    rise = told.similarity - told.blurred
    assert sum(c.value for c in told.contributions) == pytest.approx(rise, abs=1e-5)
    assert len(told.contributions) == 7 * 4  # slices 1 to 7 of 9, four moments


@pytest.mark.slow
def test_one_image_that_the_clip_holds_twice_is_told_once(tiny_model):
    """Of a pair, end-diastole fills two frames of the clip."""
    (found,) = explain(tiny_model, beating(phases=2), ["normal"], steps=2, orders=4)
    assert len(found.clip.tiles) == 12
    assert [c.beat for c in found.contributions] == [0, 0.5] * 3


def test_an_image_is_credited_with_what_it_brings_and_no_other():
    """Of a sum of two pictures each has its own; of a product that needs both, each has half."""

    class Pair(Probe):
        def encode_clip(self, clip):
            a, b = (clip[:, frame, 0, 0, 0] > 0.5 for frame in (0, 1))
            both = torch.stack([3.0 * a + 1.0 * b, 4.0 * (a & b)], dim=1)
            return both

    series = Series(np.zeros((3, 32, 32)), (2.0, 2.0), view=View.SAX)
    tensor = torch.zeros(3, 3, 32, 32)
    tensor[:, 0, 0, 0] = 1
    same = np.eye(2), np.zeros(2)
    tiles = tuple(Tile(f, (0,), series, f, None, f / 3, *same) for f in range(3))
    summed, needed = shapley_values(Pair(), Clip(tensor, tiles=tiles), torch.eye(2), orders=4)
    assert [c.value for c in summed] == [3, 1, 0] and [c.error for c in summed] == [0, 0, 0]
    assert [c.value for c in needed] == [2, 2, 0]
    assert [c.beat for c in summed] == [0, pytest.approx(1 / 3), pytest.approx(2 / 3)]


def test_a_map_is_laid_over_the_series_own_pixels():
    series = Series(np.zeros((5, 40, 30)), (2.0, 4.0), view=View.SAX)
    tile = Tile(1, (2,), series, 3, None, 0.6, np.diag([0.5, 1.0]), np.array([2.75, -5.0]))
    saliency = np.zeros((4, 3, 32, 32), np.float32)
    saliency[1, 2, 10, 6] = 2.0  # row 14.5 and column 11 of the image
    clip = Clip(torch.zeros(4, 3, 32, 32), tiles=(tile,))
    over = Explanation("x", 0.5, 0.1, saliency, (), clip).of_series(series)
    assert over.shape == (5, 40, 30) and (over[[0, 1, 2, 4]] == 0).all()
    assert over[3, 14, 11] == over[3, 15, 11] == over.max() == pytest.approx(1.5)
    assert (over[3] > 0).sum() == 4  # rows 13 to 16: a clip's pixel is two rows high


def test_a_map_that_explains_little_says_so():
    clip, saliency = Clip(torch.zeros(4, 3, 32, 32)), np.zeros((4, 3, 32, 32), np.float32)
    assert not Explanation("x", 0.4, 0.1, saliency, (), clip).notes
    for similarity, blurred in ((0.2, 0.15), (-0.3, 0.1)):
        (note,) = Explanation("x", similarity, blurred, saliency, (), clip).notes
        assert "says little" in note


@pytest.mark.slow
def test_what_cannot_be_explained_is_said(tiny_model):
    study = beating()
    for conditions in ([], "normal", ["  "]):
        with pytest.raises(ConditionError):
            explain(tiny_model, study, conditions)
    with pytest.raises(ValueError, match="one step"):
        explain(tiny_model, study, ["normal"], steps=0)
    for orders in (0, 2, 7):
        with pytest.raises(ValueError, match="pairs"):
            explain(tiny_model, study, ["normal"], steps=1, orders=orders)
    with pytest.raises(StudyError, match="short-axis"):
        explain(tiny_model, Study([]), ["normal"])
