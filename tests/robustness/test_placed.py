"""Where things lie: what geometry can undo, and what it cannot."""

from __future__ import annotations

import numpy as np
import pytest

from cmrclip_lite.places import in_patient
from cmrclip_lite.robustness import SHIFTS, STRENGTHS, shifted
from cmrclip_lite.study import Series, Study
from tests.robustness.exams import exam, flat


def places(series: Series) -> dict[float, np.ndarray]:
    """Where each grey of the first phase lies in the patient, in mm."""
    down, across = series.spacing_mm
    return {
        float(grey): in_patient(series, (row * down, column * across))
        for (row, column), grey in np.ndenumerate(series.pixels[0])
    }


def numbered() -> Study:
    """An exam in which every pixel of a picture has a grey of its own."""
    study = exam(slices=1, rows=30, columns=36)
    for series in study.series:
        rows, columns = series.pixels.shape[1:]
        series.pixels = np.tile(np.arange(rows * columns).reshape(1, rows, columns), (2, 1, 1))
    return study


@pytest.mark.parametrize("way", STRENGTHS)
def test_a_reader_that_honours_geometry_could_undo_a_turn(way):
    study = numbered()
    for before, after in zip(study.series, shifted(study, "turned", way).series, strict=True):
        was, lies = places(before), places(after)
        assert was.keys() == lies.keys()
        assert all(np.allclose(was[grey], lies[grey]) for grey in was)
        assert np.allclose(before.centre_mm, after.centre_mm)
        assert abs(before.normal @ after.normal) == pytest.approx(1)


def test_the_five_ways_are_what_they_are_called():
    study = numbered()
    before = study.series[0].pixels
    left_right, up_down, quarter, half, transposed = (
        shifted(study, "turned", way).series[0].pixels for way in STRENGTHS
    )
    assert np.array_equal(left_right, before[:, :, ::-1])
    assert np.array_equal(up_down, before[:, ::-1])
    assert np.array_equal(quarter, np.rot90(before, -1, axes=(1, 2)))
    assert np.array_equal(half, before[:, ::-1, ::-1])
    assert np.array_equal(transposed, before.transpose(0, 2, 1))


@pytest.mark.parametrize("way", STRENGTHS)
def test_a_wrong_header_says_what_it_said_before(way):
    study = numbered()
    right, wrong = (shifted(study, key, way).series for key in ("turned", "turned_unsaid"))
    for before, said, unsaid in zip(study.series, right, wrong, strict=True):
        assert np.array_equal(said.pixels, unsaid.pixels)
        assert said.spacing_mm == unsaid.spacing_mm
        assert np.array_equal(unsaid.position_mm, before.position_mm)
        assert np.array_equal(unsaid.orientation, before.orientation)
        was, lies = places(before), places(unsaid)
        assert not all(np.allclose(was[grey], lies[grey]) for grey in was)


@pytest.mark.parametrize("strength", STRENGTHS)
def test_a_smaller_field_of_view_is_the_middle_and_stays_where_it_was(strength):
    study = numbered()
    for series in study.series:
        series.spacing_mm = (12.0, 10.0)
    most = SHIFTS["field_of_view"].amounts[strength - 1]
    result = shifted(study, "field_of_view", strength)
    for before, after in zip(study.series, result.series, strict=True):
        rows, columns = after.pixels.shape[1:]
        assert abs(rows * 12 - most) <= 6 and abs(columns * 10 - most) <= 5
        was = places(before)
        assert all(np.allclose(was[grey], at) for grey, at in places(after).items())
        assert np.abs(after.centre_mm - before.centre_mm).max() < 12


def test_a_picture_that_is_smaller_anyway_keeps_all():
    study = exam()
    after = shifted(study, "field_of_view", 5)
    assert all(
        np.array_equal(a.pixels, b.pixels) for a, b in zip(study.series, after.series, strict=True)
    )


@pytest.mark.parametrize("strength", STRENGTHS)
def test_slices_move_as_far_as_said_each_its_own_way_all_phases_alike(strength):
    study = flat(0.0, series=120, phases=2)
    y, x = np.mgrid[:64, :64] * 1.5
    for series in study.series:
        series.pixels[:] = np.exp(-((y - 48) ** 2 + (x - 48) ** 2) / (2 * 4**2))
    ways = []
    for series in shifted(study, "breath_holds", strength).series:
        assert np.allclose(series.pixels[0], series.pixels[1], atol=1e-5)
        total = series.pixels[0].sum()
        ways.append([(series.pixels[0] * axis).sum() / total - 48 for axis in (y, x)])
    length = np.sqrt((np.array(ways) ** 2).sum(1).mean())
    assert length == pytest.approx(SHIFTS["breath_holds"].amounts[strength - 1], rel=0.12)
    assert np.abs(np.mean(ways, axis=0)).max() < 0.25 * length
    moved = shifted(exam(), "breath_holds", strength)
    for before, after in zip(exam().series, moved.series, strict=True):
        assert np.array_equal(before.position_mm, after.position_mm)
