"""The checks of an explanation tell a right map from a wrong one, where that is known."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from cmrclip_lite.evaluate.explanations import (
    SHARES,
    curves,
    drops,
    likeness,
    mass_on,
    middle_first,
    random_order,
    randomised,
    rank_correlation,
    shown_pictures,
)
from cmrclip_lite.explain import Explanation, dissolve, integrated_gradients, similarities
from cmrclip_lite.study import Series
from cmrclip_lite.tiles import Clip, Tile
from tests.test_explain import PLACE, QUERY, Probe, noise_clip

QUERIES = QUERY.numpy()


def planted():
    """A clip in noise whose probe sees one patch, all pictures shown but the last frame's."""
    tensor = noise_clip()
    tensor[PLACE] += 2 * Probe().template
    tensor[3] = 0
    series = Series(np.zeros((3, 32, 32)), (2.0, 2.0))
    tiles = [
        Tile(frame, (channel,), series, frame, None, 0.0, np.eye(2), np.zeros(2))
        for frame in range(3)
        for channel in range(3)
    ]
    return Clip(tensor, tiles=tuple(tiles))


def test_taking_the_right_places_away_ends_the_similarity_at_once():
    clip, probe = planted(), Probe()
    right = integrated_gradients(probe, clip.tensor, QUERY)[0].numpy()
    found = curves(probe, clip, QUERIES, right)
    ends = similarities(probe, (clip.tensor, dissolve(clip.tensor)), QUERY)[:, 0]
    assert found.deletion.shape == found.insertion.shape == (1, len(SHARES))
    assert found.deletion[0, 0] == pytest.approx(ends[0]) == found.insertion[0, -1]
    assert found.deletion[0, -1] == pytest.approx(ends[1]) == found.insertion[0, 0]
    # The patch is 64 of 9216 pixels: a tenth of the places holds it all.
    assert found.deletion[0, 1] < 0.2 * ends[0] and found.insertion[0, 1] > 0.95 * ends[0]

    other = curves(probe, clip, QUERIES, random_order(clip, 0)).areas[0]
    worst = curves(probe, clip, QUERIES, -right).areas[0]
    assert found.areas[0, 0] < other[0] < worst[0]
    assert found.areas[0, 1] > other[1] > worst[1]


def test_areas_are_over_shares_from_nought_to_one():
    clip, probe = planted(), Probe()
    found = curves(probe, clip, np.repeat(QUERIES, 2, axis=0), middle_first(clip))
    assert found.areas.shape == (2, 2) and (found.areas[0] == found.areas[1]).all()
    steps = np.diff(SHARES)
    middle = (found.deletion[0, 1:] + found.deletion[0, :-1]) / 2
    assert found.areas[0, 0] == pytest.approx(float((steps * middle).sum()))


def test_only_places_with_a_view_are_taken_away():
    clip, probe = planted(), Probe()
    before = clip.tensor.clone()
    importance = np.zeros(tuple(clip.tensor.shape), np.float32)
    importance[3] = 9  # where nothing is
    importance[PLACE] = 1
    found = curves(probe, clip, QUERIES, importance)
    assert found.deletion[0, 1] < 0.2 * found.deletion[0, 0]
    assert torch.equal(clip.tensor, before)


def test_a_grey_picture_of_three_channels_goes_as_a_whole():
    tensor = noise_clip(frames=2)
    tensor[:] = tensor[:, :1]
    series = Series(np.zeros((2, 32, 32)), (2.0, 2.0))
    tiles = [Tile(f, (0, 1, 2), series, f, None, 0.0, np.eye(2), np.zeros(2)) for f in (0, 1)]
    seen = []

    class Watching(Probe):
        def encode_clip(self, clip):
            seen.append(clip)
            return torch.zeros(len(clip), 2)

    clip = Clip(tensor, tiles=tuple(tiles))
    curves(Watching(), clip, QUERIES, random_order(clip, 1))
    for batch in seen:
        assert torch.equal(batch[:, :, 0], batch[:, :, 1])
        assert torch.equal(batch[:, :, 0], batch[:, :, 2])


def test_the_middle_comes_first_in_every_picture():
    order = middle_first(planted())
    assert order.shape == (4, 3, 32, 32) and (order[0] == order[3]).all()
    assert order[0, 0, 15:17, 15:17].min() == order.max() and order[0, 0, 0, 0] == order.min()


def test_a_picture_without_which_nothing_is_lost_says_so():
    clip = planted()
    lost = drops(Probe(), clip, QUERIES)
    assert lost.shape == (1, 9)
    at = [tile.frame == 2 and tile.channels == (1,) for tile in clip.tiles].index(True)
    sharp, gone = similarities(Probe(), (clip.tensor, dissolve(clip.tensor)), QUERY)[:, 0]
    assert lost[0, at] == pytest.approx(float(sharp - gone), rel=1e-5)
    assert np.abs(np.delete(lost[0], at)).max() < 1e-6


def test_layers_are_forgotten_from_the_top_and_the_model_keeps_its_own(tiny_model):
    before = {key: value.clone() for key, value in tiny_model.state_dict().items()}
    names, changed_so_far = [], set()
    for name, changed in randomised(tiny_model):
        now = changed.state_dict()
        new = {key for key in before if not torch.equal(now[key], before[key])}
        assert changed_so_far < new
        names.append(name)
        changed_so_far = new
        if name == "projection":
            assert {key.split(".")[0] for key in new} == {"vid_proj"}
    assert names == ["projection", "block 2", "block 1", "patches"]
    assert not any(key.startswith(("text_model", "txt_proj")) for key in changed_so_far)
    assert all(torch.equal(tiny_model.state_dict()[key], before[key]) for key in before)


def test_a_random_model_is_the_same_each_time_and_disturbs_no_other_chance(tiny_model):
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    first = [changed.vid_proj[1].weight.clone() for _, changed in randomised(tiny_model)][0]
    assert torch.equal(torch.rand(3), expected)
    again = [changed.vid_proj[1].weight.clone() for _, changed in randomised(tiny_model)][0]
    assert torch.equal(first, again)


def test_rank_correlation_is_spearmans():
    stats = pytest.importorskip("scipy.stats")
    rng = np.random.default_rng(0)
    for ties in (False, True):
        a, b = rng.normal(size=(2, 60))
        b = b + a
        if ties:
            a, b = np.round(a), np.round(b)
        assert rank_correlation(a, b) == pytest.approx(stats.spearmanr(a, b).statistic)
    assert rank_correlation(np.arange(5), np.exp(np.arange(5))) == pytest.approx(1)
    assert np.isnan(rank_correlation(np.ones(4), np.arange(4)))


def test_maps_are_alike_where_views_are():
    clip = planted()
    one = random_order(clip, 0)
    other = one.copy()
    other[3] = -9  # no view
    assert likeness(one, other, clip) == pytest.approx(1)
    assert likeness(one, -one, clip) == pytest.approx(-1)
    assert abs(likeness(one, random_order(clip, 1), clip)) < 0.1
    assert shown_pictures(clip).sum() == 9


def test_mass_is_told_from_area():
    saliency = np.zeros((1, 3, 80, 80), np.float32)
    saliency[0, 0, 20:30, 20:30] = 3
    saliency[0, 0, 60:70, 60:70] = 1
    saliency[0, 0, 0:10] = -5  # what lowers the similarity is no mass
    explained = Explanation("x", 1.0, 0.0, saliency, (), Clip(torch.zeros(1, 3, 80, 80)))
    structure = np.zeros(saliency.shape, bool)
    structure[0, 0, 21:29, 21:29] = True  # a pixel within: it is widened by as much
    everywhere = np.ones(saliency.shape, bool)
    mass, area = mass_on(explained, structure, everywhere)
    assert mass == pytest.approx(0.75) and area == pytest.approx(100 / (3 * 80 * 80))

    mass, area = mass_on(explained, structure, structure)
    assert mass == pytest.approx(1) and area == pytest.approx(1)
    nowhere = np.zeros(saliency.shape, bool)
    assert np.isnan(mass_on(explained, nowhere, everywhere)).all()
    dark = Explanation("x", 1.0, 0.0, -np.abs(saliency), (), explained.clip)
    assert np.isnan(mass_on(dark, structure, everywhere)).all()
