"""Phases, slices and views that an exam lacks."""

from __future__ import annotations

import numpy as np
import pytest

from cmrclip_lite.robustness import SHIFTS, STRENGTHS, shifted
from cmrclip_lite.study import Sequence, View
from tests.robustness.exams import exam


@pytest.mark.parametrize("strength", STRENGTHS)
def test_phases_are_left_out_evenly_and_their_times_with_them(strength):
    study = exam(phases=24)
    count = SHIFTS["phases"].amounts[strength - 1]
    for before, after in zip(study.series, shifted(study, "phases", strength).series, strict=True):
        if not before.is_cine:
            assert len(after.pixels) == 1
            continue
        assert len(after.pixels) == len(after.trigger_ms) == count
        assert after.trigger_ms[0] == 0 and after.rr_ms == before.rr_ms
        gaps = np.diff([*after.trigger_ms, before.rr_ms])
        assert np.ptp(gaps) < 1.01 * before.rr_ms / 24
        for pixels, time in zip(after.pixels, after.trigger_ms, strict=True):
            assert np.array_equal(pixels, before.pixels[list(before.trigger_ms).index(time)])


def test_a_cine_with_fewer_phases_keeps_them_all():
    study = exam(phases=5)
    kept = shifted(study, "phases", 4).series
    assert all(a.pixels is b.pixels for a, b in zip(study.series, kept, strict=True))


@pytest.mark.parametrize(("strength", "left"), [(1, 8), (2, 7), (3, 5), (4, 3), (5, 2)])
def test_slices_are_left_out_evenly_of_cine_and_enhancement(strength, left):
    study = exam(slices=10)
    result = shifted(study, "slices", strength)
    for cine in (True, False):
        stack, kept = (
            [s for s in of.series if s.view is View.SAX and s.is_cine is cine]
            for of in (study, result)
        )
        assert len(kept) == left
        at = [next(i for i, s in enumerate(stack) if s is k) for k in kept]
        assert at == sorted(at) and np.ptp(np.diff(at)) <= 1
        assert abs(np.mean(at) - 4.5) <= 0.6  # around the middle of the stack
    assert len([s for s in result.series if s.view is not View.SAX]) == 3


def test_the_last_slice_stays():
    study = exam(slices=1)
    assert len(shifted(study, "slices", 5).cines(View.SAX)) == 1


def test_views_are_left_out_one_after_another():
    study = exam()
    held = []
    for strength in STRENGTHS:
        result = shifted(study, "views", strength)
        late = sum(s.sequence is Sequence.LGE for s in result.series)
        held.append((len(result.cines()) - len(result.cines(View.SAX)), late))
    assert held == [(2, 6), (1, 6), (0, 6), (0, 0), (0, 0)]
    assert len(shifted(study, "views", 4).cines(View.SAX)) == 6
    assert len(shifted(study, "views", 5).cines(View.SAX)) == 3
    assert not shifted(study, "views", 1).cines(View.THREE_CHAMBER)
    assert shifted(study, "views", 2).cines(View.FOUR_CHAMBER)
