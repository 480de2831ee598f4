"""A clip knows, to a fraction of a pixel, which image fills which part of it."""

from __future__ import annotations

import numpy as np
import pytest

from cmrclip_lite.frames import IMAGENET_MEAN, IMAGENET_STD, study_to_clip, transform_clip
from cmrclip_lite.model import LayoutConfig, ModelConfig, VideoConfig
from cmrclip_lite.places import crop, crop_geometry
from cmrclip_lite.study import Level, Sequence, Series, Study, View
from cmrclip_lite.tiles import Tile


def ramps(shape):
    """Two pictures: each pixel's row, and each pixel's column."""
    return np.stack(np.meshgrid(*(np.arange(n) for n in shape), indexing="ij")).astype(np.int16)


def one_tile(series, matrix, offset, channels=(0,)):
    return Tile(0, channels, series, 0, None, 0.0, matrix, offset)


def interior(at, shape, reach=3):
    """Where resampling does not meet the rim of the image."""
    last = np.reshape(shape, (2, 1, 1)) - 1
    return ((at > reach) & (at < last - reach)).all(0)


def turned(degrees, mirrored=False):
    """Steps (down, across) of a turned picture to those of the stored one."""
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.array([[cos, -sin], [sin, cos]]) * ([1, -1] if mirrored else [1, 1])


TURNS = (turned(0), turned(90), turned(180, mirrored=True), turned(37), turned(-70, mirrored=True))


@pytest.mark.parametrize("turn", TURNS)
@pytest.mark.parametrize("spacing", [(1.0, 1.0), (2.6, 2.6), (1.37, 1.9)])
@pytest.mark.parametrize("centre", [(70.0, 90.0), (20.5, 140.2)])
def test_the_heart_layout_says_where_each_pixel_goes(spacing, centre, turn):
    pixels = ramps((100, 120))
    series = Series(pixels, spacing)
    clip = crop(series, pixels, centre, 2.0, 80, turn).numpy()
    places = one_tile(series, *crop_geometry(series, centre, 2.0, 80, turn)).places(80)
    inside = interior(places, (100, 120))
    assert inside.sum() > 500
    assert np.abs(clip - places)[:, inside].max() < 0.15


def test_a_crop_that_is_not_turned_is_not_blurred():
    pixels = np.random.default_rng(0).random((2, 60, 60)).astype(np.float32)
    series = Series(pixels, (2.0, 2.0))
    whole = crop(series, pixels, (61.3, 58.9), 2.0, 80).numpy()
    top, left = np.round(crop_geometry(series, (61.3, 58.9), 2.0, 80)[1]).astype(int)
    np.testing.assert_array_equal(whole[:, top : top + 60, left : left + 60], pixels)
    assert whole.sum() == pytest.approx(pixels.sum())  # and nothing is around it


@pytest.mark.parametrize("shape", [(120, 160), (200, 140), (180, 180)])
def test_the_published_layout_says_where_each_pixel_goes(shape):
    pixels = ramps(shape).astype(np.uint8)
    grey = transform_clip(np.repeat(pixels[..., None], 3, axis=3))[:, 0].numpy()
    grey = (grey * IMAGENET_STD[0] + IMAGENET_MEAN[0]) * 255
    study = Study([Series(pixels, (1.5, 1.5), view=View.SAX, sequence=Sequence.CINE)])
    tile = study_to_clip(study, ModelConfig()).tiles[0]
    places = tile.places(224)
    assert np.abs(grey[:2] - places)[:, interior(places, shape)].max() < 0.15
    assert tile.channels == (0, 1, 2) and tile.series is study.series[0]


@pytest.mark.parametrize("turn", TURNS)
def test_a_place_found_on_the_clip_is_found_on_the_image(turn):
    """A bright pixel of the image, its brightest place in the clip, and back."""
    for row, column in ((31, 40), (58, 77), (64, 52)):
        pixels = np.zeros((1, 100, 110), np.float32)
        pixels[0, row, column] = 1
        series = Series(pixels, (1.8, 1.7))
        centre = (90.0, 100.0)
        clip = crop(series, pixels, centre, 2.0, 80, turn)[0].numpy()
        tile = one_tile(series, *crop_geometry(series, centre, 2.0, 80, turn))
        back = tile.lay_over_image(clip)
        assert back.shape == (100, 110)
        assert np.unravel_index(back.argmax(), back.shape) == (row, column)


def test_beyond_the_clip_an_image_has_no_map_and_beyond_the_image_the_clip_has_no_label():
    series = Series(np.zeros((1, 60, 60)), (2.0, 2.0))
    tile = one_tile(series, *crop_geometry(series, (20.0, 60.0), 2.0, 40))
    over = tile.lay_over_image(np.ones((40, 40)))
    assert (over[:30, 10:50] == 1).all() and over.sum() == 30 * 40
    labels = tile.lay_over_clip(np.full((60, 60), 7, np.uint8), 40, outside=3)
    assert (labels[:10] == 3).all() and (labels[10:] == 7).all() and labels.dtype == np.uint8


def test_the_tiles_of_a_heart_clip_name_view_level_and_moment():
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:60, :60]
    radii = 12 - 4 * np.sin(np.pi * np.arange(10) / 10)
    beating = 300 * (np.hypot(y - 30, x - 30) < radii[:, None, None])
    stack = beating + rng.normal(50, 5, (5, 10, 60, 60))
    study = Study.from_array(stack, (8, 2.0, 2.0))
    four = Series(stack[2], (2.0, 2.0), view=View.FOUR_CHAMBER, sequence=Sequence.CINE)
    late = Series(stack[2, :1], (2.0, 2.0), view=View.SAX, sequence=Sequence.LGE)
    study.series += [four, late]
    config = ModelConfig(
        video=VideoConfig(image_size=32, num_frames=8),
        layout=LayoutConfig(name="heart", spacing_mm=4.0, phases=4, upright=True),
    )
    clip = study_to_clip(study, config)

    assert len({(tile.frame, tile.channels) for tile in clip.tiles}) == len(clip.tiles) == 17
    views = {(tile.frame, tile.channels[0]): tile.view for tile in clip.tiles}
    assert [views[0, c] for c in range(3)] == ["SAX basal", "SAX mid", "SAX apical"]
    assert views[4, 0] == "LGE SAX basal" and views[5, 0] == views[5, 1] == "4CH"
    basal = [tile for tile in clip.tiles if tile.level is Level.BASAL and tile.frame < 4]
    assert [tile.beat for tile in basal] == sorted(tile.beat for tile in basal)
    assert basal[0].beat == 0 and 0.3 < basal[2].beat < 0.7
    assert {tile.beat for tile in clip.tiles if tile.frame == 4} == {None}
    ends = [tile for tile in clip.tiles if tile.series is four]
    assert [tile.beat for tile in ends] == [0, basal[2].beat]
    for tile in clip.tiles:
        assert clip.tensor[tile.frame, list(tile.channels)].std() > 0
