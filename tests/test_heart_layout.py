"""The "heart" layout: the right views and phases, around the heart, at their size in mm."""

from __future__ import annotations

import csv
from dataclasses import replace

import numpy as np
import pytest
import torch

from cmrclip_lite.errors import StudyError
from cmrclip_lite.frames import study_to_clip
from cmrclip_lite.heart import beat_phases, find_extremes, find_heart
from cmrclip_lite.heart_layout import heart_clip, normalise_groups, short_axis_picture
from cmrclip_lite.model import LayoutConfig, ModelConfig, VideoConfig
from cmrclip_lite.phantom import make_case
from cmrclip_lite.readers import read_study
from cmrclip_lite.study import Level, Sequence, Series, Study, View

LAYOUT = LayoutConfig(name="heart", spacing_mm=2.0, phases=4, upright=True)
AS_STORED = replace(LAYOUT, upright=False)
SAX = np.array([[1.0, 0, 0], [0, 1, 0]])
# Of a long axis: rows run along the short axis' normal.
LONG = np.array([[0.0, 0, 1], [0, 1, 0]])


def beating_disc(slices=9, phases=12, centre=(90.0, 120.0), shape=(150, 160), spacing=1.5, es=0.4):
    """A stack with one bright disc, largest at the first phase, smallest at `es` of the beat."""
    down, across = np.meshgrid(*(np.arange(n) * spacing for n in shape), indexing="ij")
    distance = np.hypot(down - centre[0], across - centre[1])
    at = np.arange(phases) / phases
    share = np.where(at < es, at / es, (1 - at) / (1 - es))
    radii = 30 - 8 * share
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 5, (slices, phases, *shape))
    stack = 100 + 300 * (distance[None] < radii[:, None, None])[None] + noise
    return Study.from_array(stack.astype(np.int16), spacing_mm=(8, spacing, spacing))


def still(position, orientation, spot, level=0.0, view=View.SAX, kind=Sequence.LGE, phases=1):
    """A dark picture of 160 mm with one bright square at `spot` (down, across) mm."""
    pixels = np.full((phases, 80, 80), 10 + level, np.float32)
    row, column = (round(mm / 2) for mm in spot)
    pixels[:, row - 6 : row + 7, column - 6 : column + 7] = 400
    return Series(pixels, (2.0, 2.0), 8.0, np.array(position, float), orientation, None,
                  view=view, sequence=kind)  # fmt: skip


def brightest(picture: torch.Tensor) -> tuple[float, float]:
    """Middle of what is bright in a `(H, W)` picture."""
    return tuple(float(v) for v in (picture > 0).nonzero().float().mean(0))


def test_heart_is_found_where_it_moves():
    down, across = find_heart(beating_disc().cines())
    assert abs(down - 90) < 6 and abs(across - 120) < 6


def test_heart_clip_is_on_a_grid_of_millimetres():
    """The disc has the same size in the clip whatever the pixels' spacing."""
    areas = []
    for spacing, shape in ((1.0, (220, 240)), (2.0, (110, 120))):
        clip = heart_clip(beating_disc(shape=shape, spacing=spacing), LAYOUT, 80).tensor
        assert clip.shape == (8, 3, 80, 80)
        areas.append(float((clip[0] > 0).float().sum()) * 2.0**2)
    assert areas[0] == pytest.approx(areas[1], rel=0.05)
    assert areas[0] == pytest.approx(3 * np.pi * 30**2, rel=0.1)


@pytest.mark.parametrize(
    ("slices", "read"),
    [
        (10, [[2, 4, 6], [3, 5, 7], [4, 6, 8]]),
        (9, [[1, 3, 5], [2, 4, 6], [3, 5, 7]]),
        (3, [[0, 1, 1], [0, 1, 2], [1, 1, 2]]),
        (1, [[0, 0, 0]] * 3),
    ],
)
def test_readings_take_levels_beside_each_other(slices, read):
    study = beating_disc(slices=slices)
    clip = heart_clip(study, replace(LAYOUT, readings=3), 80)
    assert clip.tensor.shape == (24, 3, 80, 80) and clip.readings == 3
    assert clip.notes == heart_clip(study, LAYOUT, 80).notes
    stack = study.cines()
    for reading, chosen in enumerate(read):
        tiles = [tile for tile in clip.tiles if tile.frame == 8 * reading]
        assert [stack.index(tile.series) for tile in tiles] == chosen
        assert [tile.level for tile in tiles] == [*Level]


def test_each_reading_is_the_clip_of_its_levels():
    """Long axes too are in each, and intensities are those of the reading alone."""
    study = make_case(7, "normal", "small").study
    clip = heart_clip(study, replace(LAYOUT, readings=3), 40)
    middle = heart_clip(study, LAYOUT, 40)
    assert torch.equal(clip.tensor[8:16], middle.tensor) and clip.notes == middle.notes
    assert torch.equal(clip.tensor[5:8], clip.tensor[21:])
    assert not torch.equal(clip.tensor[:5], clip.tensor[8:13])
    assert len(clip.tiles) == 3 * len(middle.tiles)


@pytest.mark.parametrize("shift", [0, 1, 11, 5, 7])
def test_extremes_are_found_wherever_the_cine_begins(shift):
    study = beating_disc(phases=12, es=4 / 12)
    for series in study.series:
        series.pixels = np.roll(series.pixels, shift, axis=0)
    found = find_extremes(study.cines(), (90, 120))
    assert found == (shift, (4 + shift) % 12)


def test_slices_with_other_numbers_of_phases_are_read_at_the_same_time():
    study = beating_disc(phases=24, es=8 / 24)
    for series in study.series[2:5:2]:
        series.pixels = series.pixels[::2]
    clip = heart_clip(study, LAYOUT, 80).tensor
    area = (clip[:4] > 0).float().sum((2, 3))
    assert area[:, 0] == pytest.approx(area[:, 1], rel=0.05)
    assert (area.argmin(0) == 2).all() and (area.argmax(0) == 0).all()


@pytest.mark.parametrize(
    ("ed", "es", "count", "expected"),
    [
        (0, 0, 1, [0, 0, 0, 0]),
        (0, 1, 2, [0, 0, 1, 1]),
        (1, 0, 2, [1, 1, 0, 0]),
        (0, 1, 3, [0, 0, 1, 2]),
        (0, 3, 8, [0, 1, 3, 5]),
        (7, 3, 8, [7, 1, 3, 5]),
        (0, 10, 25, [0, 5, 10, 17]),
    ],
)
def test_phases_between_the_extremes(ed, es, count, expected):
    assert beat_phases(ed, es, count) == expected
    assert beat_phases(ed, es, count, 2) == [ed, es]


@pytest.mark.slow
def test_phantoms_extremes_are_where_the_volumes_say():
    """Cines begin within a tenth of a beat of the R wave; systole takes 0.29 to 0.42 of it."""
    for seed, diagnosis in ((31, "normal"), (32, "dcm"), (33, "infarct")):
        stack = make_case(seed, diagnosis, size="small").study.cines(View.SAX)
        ed, es = find_extremes(stack, find_heart(stack))
        count = len(stack[0].pixels)
        assert min(ed, count - ed) / count <= 0.17
        assert 0.2 <= (es - ed) % count / count <= 0.52


@pytest.mark.slow
def test_real_pairs_and_cines_have_the_right_extremes(real_folder):
    """ACDC's first frame is end-diastole; the GE exams were looked at."""
    volumes = np.load(real_folder / "acdc_dev.npz")
    with (real_folder / "acdc_dev.csv").open() as file:
        for row in list(csv.DictReader(file))[::3]:
            pair = np.stack([volumes[f"{row['patient']}/{p}"] for p in ("ed", "es")], 1)
            spacing = tuple(float(row[key]) for key in ("slice_mm", "row_mm", "col_mm"))
            stack = Study.from_array(pair, spacing).cines()
            assert find_extremes(stack, find_heart(stack)) == (0, 1), row["patient"]
            stack = Study.from_array(pair[:, ::-1], spacing).cines()
            centre = find_heart(stack)
            assert centre is not None
    for exam in (real_folder / "sunnybrook").glob("*.zip"):
        stack = read_study(exam).cines(View.SAX)
        ed, es = find_extremes(stack, find_heart(stack))
        assert 16 <= ed <= 18 and 6 <= es <= 8


def test_enhancement_is_taken_at_the_cines_level_and_around_the_heart():
    """Stills in a reversed order, moved aside by 20 mm, one of them repeated."""
    study = beating_disc(slices=10)
    stills = [
        still((40, 30, z), SAX, (60.0, 80.0), level=z) for z in (72, 56, 40, 24, 8, 0)
    ]  # the heart lies at (120 - 40, 90 - 30) of these pictures
    repeated = still((40, 30, 24), SAX, (40.0, 80.0))
    study.series += [*stills, repeated]
    clip = heart_clip(study, LAYOUT, 80)
    clip, notes = clip.tensor, clip.notes
    assert not any("enhancement" in note for note in notes)
    middle = brightest(clip[4, 1])
    assert middle == pytest.approx((40, 40), abs=3)
    # The basal level is slice 3 of the cine, at 24 mm, where the last one counts.
    assert brightest(clip[4, 0])[0] == pytest.approx(30, abs=3)


def test_enhancement_without_geometry_is_taken_by_its_place_in_the_stack():
    study = beating_disc()
    spots = np.linspace(30, 130, 9)
    study.series += [
        replace(still((0, 0, 0), SAX, (spot, 80.0)), position_mm=None, orientation=None)
        for spot in spots
    ]
    clip = heart_clip(study, LAYOUT, 80).tensor
    for channel, index in enumerate((2, 4, 6)):
        assert brightest(clip[4, channel])[0] == pytest.approx(spots[index] / 2, abs=1)


def test_long_axes_are_cut_around_the_heart_at_both_extremes():
    study = beating_disc(slices=10)  # the heart's middle at x 120, y 90, z 40
    four = still((120, 20, -10), LONG, (70.0, 50.0), view=View.FOUR_CHAMBER,
                 kind=Sequence.CINE, phases=10)  # fmt: skip
    four.pixels[4] = np.roll(four.pixels[4], 10, axis=0)  # 20 mm down at 0.4 of the beat
    study.series.append(four)
    clip = heart_clip(study, LAYOUT, 80)
    clip, notes = clip.tensor, clip.notes
    # The picture's middle is the basal level, 16 mm from the heart's, so that atria are seen.
    assert brightest(clip[5, 0]) == pytest.approx((40, 48), abs=3)
    assert brightest(clip[5, 1]) == pytest.approx((50, 48), abs=3)
    assert (clip[5, 2] == 0).all() and (clip[6:] == 0).all()
    assert "No long-axis cine of 2CH and 3CH." in notes
    # This stack lies as in no usual heart: its ends do not say which is the apex.
    assert "Where the apex is in 4CH is not known; taken as stored." in notes


def test_without_upright_the_long_axes_share_a_frame_for_each_phase():
    study = beating_disc(slices=10)
    for view, spot in ((View.FOUR_CHAMBER, 70.0), (View.THREE_CHAMBER, 90.0)):
        series = still((120, 20, -10), LONG, (spot, 50.0), view=view, kind=Sequence.CINE, phases=10)
        series.pixels[4] = np.roll(series.pixels[4], 10, axis=0)
        study.series.append(series)
    clip = heart_clip(study, AS_STORED, 80)
    apart = heart_clip(study, LAYOUT, 80)
    assert clip.tensor.shape == (7, 3, 80, 80)
    assert torch.equal(clip.tensor[:5], apart.tensor[:5])
    for view in range(3):  # this stack does not say where the apex is, so nothing is turned
        for phase in range(2):
            assert torch.equal(clip.tensor[5 + phase, view], apart.tensor[5 + view, phase])
    assert not any("taken as stored" in note for note in clip.notes)


def test_what_is_missing_is_zero_and_named():
    clip = heart_clip(beating_disc(), LAYOUT, 80)
    clip, notes = clip.tensor, clip.notes
    assert (clip[4:] == 0).all() and (clip[:4].abs().amax((2, 3)) == 2).all()
    assert len(notes) == 2 and "enhancement" in notes[0] and "atria" in notes[1]


def test_a_study_without_short_axis_cine_is_refused_and_told_what_it_has():
    still_only = Study([still((0, 0, 8 * i), SAX, (60.0, 60.0)) for i in range(5)])
    long_only = beating_disc(slices=1)
    long_only.series[0].view = View.TWO_CHAMBER
    for study, has in ((still_only, "SAX"), (long_only, "2CH")):
        with pytest.raises(StudyError, match=f"short-axis cine.*{has}"):
            heart_clip(study, LAYOUT, 80)


def test_groups_are_normalised_apart_and_missing_channels_stay_zero():
    clips = torch.rand(2, 8, 3, 20, 20)
    clips[:, 4] *= 1000
    clips[1, 7] = 0
    clips[0, 4, 1] = 7
    clips[0, 6, 1] /= 2  # darker at end-systole
    out = normalise_groups(clips, upright=True)
    assert (out[1, 7] == 0).all() and (out[0, 4, 1] == 0).all() and (out[:, 5:, 2] == 0).all()
    assert out[0, 6, 0].max() == 2 and out[0, 6, 1].max() < 0.1
    blank = torch.zeros(2, 4, 3, 20, 20)
    alone = normalise_groups(torch.cat([clips[:, :4], blank], 1), upright=True)
    assert torch.equal(out[:, :4], alone[:, :4]) and (alone[:, 4:] == 0).all()
    assert out[:, 4, 0].std() == pytest.approx(float(out[:, 5, 0].std()), rel=0.1)


def test_a_still_heart_falls_back_to_the_centre_and_says_so():
    study = beating_disc()
    for series in study.series:
        series.pixels = np.repeat(series.pixels[:1], 12, axis=0)
    clip = heart_clip(study, LAYOUT, 80)
    clip, notes = clip.tensor, clip.notes
    assert torch.isfinite(clip).all()
    assert any("centre" in note for note in notes)


def test_few_phases_and_one_slice_still_read():
    clip = heart_clip(beating_disc(slices=1, phases=2), LAYOUT, 80)
    clip, notes = clip.tensor, clip.notes
    assert clip.shape == (8, 3, 80, 80) and "stand for all three levels" in notes[0]
    assert torch.equal(clip[0], clip[1]) and torch.equal(clip[2], clip[3])
    assert (clip[0] > 0).sum() > (clip[2] > 0).sum()


def test_a_study_with_nothing_to_read_says_what_it_has():
    study = beating_disc()
    for series in study.series:
        series.view = View.RVOT
    config = ModelConfig(video=VideoConfig(image_size=80), layout=LAYOUT)
    with pytest.raises(StudyError, match="RVOT"):
        study_to_clip(study, config)


def test_a_picture_for_people_shows_the_whole_beat():
    picture = short_axis_picture(beating_disc(es=0.5), 10, 1.75, 60)
    assert picture.shape == (10, 60, 60) and picture.dtype == np.uint8
    area = (picture > 128).sum((1, 2))
    assert area.argmax() == 0 and area.argmin() in (5, 6)
    with pytest.raises(StudyError, match="short-axis"):
        short_axis_picture(Study([]), 10, 1.75, 60)
