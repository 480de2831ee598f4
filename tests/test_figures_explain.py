"""The overlay shows where a map is strong and hides nothing; the curve adds up."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from cmrclip_lite import figures
from cmrclip_lite.explain import Contribution, Explanation
from cmrclip_lite.study import Level, Sequence, Series, View
from cmrclip_lite.tiles import Clip, Tile


def explanation(condition="dilated left ventricle"):
    """Two levels at two moments, one still, of 20 pixels; one place that raises, one that lowers"""
    cines = [
        Series(np.zeros((2, 20, 20)), (2.0, 2.0), view=View.SAX, sequence=Sequence.CINE)
        for _ in range(2)
    ]
    late = Series(np.zeros((1, 20, 20)), (2.0, 2.0), view=View.SAX, sequence=Sequence.LGE)
    same = np.eye(2), np.zeros(2)
    tiles = [
        Tile(frame, (channel,), cines[channel], frame, level, frame / 2, *same)
        for frame in (0, 1)
        for channel, level in enumerate((Level.BASAL, Level.MID))
    ]
    tiles.append(Tile(2, (0,), late, 0, Level.BASAL, None, *same))
    saliency = np.zeros((3, 3, 20, 20), np.float32)
    saliency[0, 0, 4:8, 4:8] = 0.01
    saliency[1, 1, 10:14, 10:14] = -0.005
    saliency[2, 0, 1, 1] = 0.02
    clip = torch.from_numpy(np.random.default_rng(0).normal(size=(3, 3, 20, 20))).float()
    in_order = (tiles[i] for i in (0, 2, 1, 3, 4))
    values, errors = (0.16, 0.0, 0.02, -0.1, 0.02), (0.01, 0.0, 0.0, 0.03, 0.04)
    brought = tuple(
        Contribution((tile,), *told) for tile, *told in zip(in_order, values, errors, strict=True)
    )
    return Explanation(condition, 0.4, 0.3, saliency, brought, Clip(clip, tiles=tuple(tiles)))


def grey_same():
    """The published layout: each picture fills all channels."""
    series = Series(np.zeros((12, 20, 20)), (2.0, 2.0), view=View.SAX, sequence=Sequence.CINE)
    tiles = tuple(
        Tile(i, (0, 1, 2), series, i, None, i / 12, np.eye(2), np.zeros(2)) for i in range(12)
    )
    saliency = np.arange(12, dtype=np.float32)[:, None, None, None] * np.ones((1, 3, 20, 20)) / 1e4
    return Explanation("x", 0.4, 0.3, saliency, (), Clip(torch.rand(12, 3, 20, 20), tiles=tiles))


@pytest.mark.parametrize("dark", [False, True])
def test_the_overlay_lies_on_the_pictures_of_the_clip(dark):
    figure = figures.saliency_overlay(explanation(), dark=dark)
    grey, over = figure.data
    assert grey.z.shape == over.z.shape == (43, 66)  # 2 levels and 3 frames, 3 pixels between
    assert np.isnan(grey.z[20:23]).all() and np.isnan(grey.z[23:, 46:]).all()
    assert (over.z[4:8, 4:8] > 40).all()
    assert (over.z[33:37, 33:37] < 0).all()
    assert np.count_nonzero(over.z) == 16 + 16 + 1
    labels = [note.text for note in figure.layout.annotations]
    assert labels == ["SAX basal 0 %", "SAX mid 0 %", "SAX basal 50 %", "SAX mid 50 %",
                      "LGE SAX basal"]  # fmt: skip


def two_readings():
    """Three slices at one moment: the first two are read as base and middle, then the last two."""
    cines = [
        Series(np.zeros((1, 20, 20)), (2.0, 2.0), view=View.SAX, sequence=Sequence.CINE)
        for _ in range(3)
    ]
    tiles = [
        Tile(reading, (channel,), cines[reading + channel], 0, level, 0.0, np.eye(2), np.zeros(2))
        for reading in (0, 1)
        for channel, level in enumerate((Level.BASAL, Level.MID))
    ]
    saliency = np.zeros((2, 3, 20, 20), np.float32)
    saliency[0, 1, 4:8, 4:8] = 0.01  # the slice between, as the middle
    saliency[1, 0, 4:8, 4:8] = 0.03  # and as the base
    brought = tuple(
        Contribution(tuple(t for t in tiles if t.series is cine), value, 0.02)
        for cine, value in zip(cines, (0.1, 0.4, -0.2), strict=True)
    )
    clip = Clip(torch.rand(2, 3, 20, 20), tiles=tuple(tiles), readings=2)
    return Explanation("x", 0.4, 0.1, saliency, brought, clip)


def test_what_two_readings_show_is_one_picture():
    grey, over = figures.saliency_overlay(two_readings()).data
    assert grey.z.shape == (66, 20)  # three slices of one moment
    assert np.count_nonzero(over.z) == 16 and (over.z[27:31, 4:8] == 100).all()


def test_a_level_has_the_sum_of_its_slices_and_half_of_one_that_is_read_twice():
    *lines, bars = figures.contribution_curve(two_readings()).data
    assert dict(zip(bars.y, bars.x, strict=True)) == pytest.approx(
        {"SAX basal": 0.3, "SAX mid": 0.0}
    )
    assert [list(line.y) for line in lines] == [pytest.approx([0.3]), pytest.approx([0.0])]
    assert lines[0].error_y.array == pytest.approx([np.hypot(0.02, 0.01)])


def test_nothing_is_clear_and_strong_is_solid():
    scale = dict(figures.saliency_overlay(explanation()).data[1].colorscale)
    middle = [colour for at, colour in figures.saliency_overlay(explanation()).data[1].colorscale
              if at == 0.5]  # fmt: skip
    assert all(colour.endswith(", 0)") for colour in middle) and len(middle) == 2
    assert scale[0.0] != scale[1.0]


def test_a_map_of_nothing_is_drawn_as_nothing():
    empty = explanation()
    empty.saliency[:] = 0
    assert not figures.saliency_overlay(empty).data[1].z.any()


def test_of_many_pictures_the_strongest_are_shown_in_their_order():
    figure = figures.saliency_overlay(grey_same(), most=10)
    labels = [note.text for note in figure.layout.annotations]
    assert labels[0] == "SAX 17 %" and len(labels) == 10
    assert figure.data[0].z.shape == (43, 8 * 23 - 3)  # two rows


@pytest.mark.parametrize("dark", [False, True])
def test_the_curve_has_a_line_for_each_moving_view_and_a_bar_for_each(dark):
    figure = figures.contribution_curve(explanation(), dark=dark)
    *lines, bars = figure.data
    assert [line.name for line in lines] == ["SAX basal", "SAX mid"]
    assert list(lines[0].x) == [0, 50] and lines[0].y == pytest.approx([0.16, 0])
    assert lines[1].y == pytest.approx([0.02, -0.1])
    assert list(lines[1].error_y.array) == [0, 0.03]
    assert list(bars.y) == ["SAX basal", "SAX mid", "LGE SAX basal"]
    assert bars.x == pytest.approx([0.16, -0.08, 0.02])


def test_the_curve_says_at_which_phase_of_the_cine_its_beat_begins():
    """A cursor that a viewer moves by the phases of the cines must know."""
    whole = explanation()
    assert figures.contribution_curve(whole).layout.meta == {"beat_start": 0}
    first = whole.contributions[0].tiles[0]
    late = replace(first, phase=first.phase + 1, beat=0.0)
    shifted = replace(whole, contributions=(replace(whole.contributions[0], tiles=(late,)),))
    start = figures.contribution_curve(shifted).layout.meta["beat_start"]
    assert start == pytest.approx(late.phase / len(late.series.pixels))


def test_what_was_typed_is_shown_as_typed():
    odd = explanation("<b>wide</b> & <script>")
    for figure in (figures.saliency_overlay(odd), figures.contribution_curve(odd)):
        assert "&lt;script&gt;" in figure.layout.title.text
