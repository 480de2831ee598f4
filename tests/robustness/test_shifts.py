"""What holds for every shift in the table: the input stays, a seed decides, a note says so."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from cmrclip_lite.errors import CmrClipError
from cmrclip_lite.robustness import SHIFTS, STRENGTHS, shifted
from tests.robustness.exams import exam

EVERY = [pytest.param(key, strength) for key in SHIFTS for strength in STRENGTHS]
DRAWN = ("noise", "breath", "bias", "gamma", "vendor", "breath_holds")


def same(one, other) -> bool:
    return len(one.series) == len(other.series) and all(
        np.array_equal(a.pixels, b.pixels) and np.array_equal(a.position_mm, b.position_mm)
        for a, b in zip(one.series, other.series, strict=True)
    )


@pytest.mark.parametrize(("key", "strength"), EVERY)
def test_a_shift_leaves_the_study_as_it_was_and_follows_its_seed(key, strength):
    study = exam()
    before = pickle.dumps(study)
    once, again = (shifted(study, key, strength, seed=5) for _ in range(2))
    assert pickle.dumps(study) == before
    assert same(once, again)
    assert np.isfinite([s.pixels.astype(float).sum() for s in once.series]).all()


@pytest.mark.parametrize("key", SHIFTS)
def test_a_shift_changes_the_study_and_says_so(key):
    study = exam(rows=120)  # 240 mm
    result = shifted(study, key, 3)
    assert not same(study, result)
    assert study.notes == ["A made-up exam."]
    assert result.notes[0] == study.notes[0]
    assert SHIFTS[key].meanings[2] in result.notes[1] and "strength 3 of 5" in result.notes[1]


@pytest.mark.parametrize("key", SHIFTS)
def test_another_seed_gives_another_study_where_something_is_drawn(key):
    study = exam()
    ones = [shifted(study, key, 3, seed) for seed in range(6)]
    assert any(not same(ones[0], one) for one in ones) == (key in DRAWN)


@pytest.mark.parametrize("shift", SHIFTS.values(), ids=SHIFTS)
def test_the_five_strengths_grow_or_are_five_ways(shift):
    assert len(shift.amounts) == len(shift.meanings) == len(STRENGTHS)
    assert len(set(shift.meanings)) == len(STRENGTHS)
    steps = np.diff(shift.amounts)
    assert (steps > 0).all() or (steps < 0).all()


def test_an_unknown_shift_or_strength_is_refused_with_what_there_is():
    with pytest.raises(CmrClipError, match="There is no shift 'fog'; there are noise"):
        shifted(exam(), "fog", 1)
    for strength in (0, 6):
        with pytest.raises(CmrClipError, match="1 to 5, not"):
            shifted(exam(), "noise", strength)


def test_a_study_that_does_not_say_where_it_lies_can_be_shifted_too():
    study = exam()
    for series in study.series:
        series.position_mm = series.orientation = series.trigger_ms = None
    for key in SHIFTS:
        for series in shifted(study, key, 3).series:
            assert series.position_mm is None and series.orientation is None


@pytest.mark.parametrize("key", SHIFTS)
def test_blank_pictures_do_not_fail(key):
    study = exam()
    for series in study.series:
        series.pixels = np.zeros_like(series.pixels)
    for series in shifted(study, key, 3).series:
        assert np.isfinite(series.pixels).all()
