"""Shading, contrast, offset and vendors' habits, measured."""

from __future__ import annotations

import numpy as np
import pytest

from cmrclip_lite.robustness import SHIFTS, STRENGTHS, shifted
from cmrclip_lite.study import Study
from tests.robustness.exams import exam, flat


def amount(key: str, strength: int) -> float:
    return SHIFTS[key].amounts[strength - 1]


@pytest.mark.parametrize("strength", STRENGTHS)
def test_shading_is_as_strong_as_said_and_the_same_on_every_slice(strength):
    study = flat(300.0, series=2)
    study.series += flat(300.0, side=32).series  # the same field of view, half the matrix
    one, two, coarse = (s.pixels[0] for s in shifted(study, "bias", strength).series)
    assert one.max() / one.min() == pytest.approx(amount("bias", strength), rel=1e-3)
    assert np.array_equal(one, two)
    halved = one.reshape(32, 2, 32, 2).mean((1, 3))
    assert np.corrcoef(halved.ravel(), coarse.ravel())[0, 1] > 0.999
    # Smooth: neighbours differ by little of what the whole picture does.
    assert np.abs(np.diff(np.log(one), axis=0)).max() < 0.15 * np.log(one.max() / one.min())


@pytest.mark.parametrize("strength", STRENGTHS)
def test_contrast_follows_the_power_or_its_inverse(strength):
    ramp = np.linspace(50, 450, 40 * 40, dtype=np.float32).reshape(1, 1, 40, 40)
    study = Study.from_array(ramp, (8, 1, 1))
    powers = set()
    for seed in range(8):
        after = shifted(study, "gamma", strength, seed).series[0].pixels.ravel()
        share = (ramp.ravel() - 50) / (np.quantile(ramp, 0.995) - 50)
        shown = (after - 50) / (np.quantile(ramp, 0.995) - 50)
        inside = slice(100, 1500)
        powers.add(round(float(np.polyfit(np.log(share[inside]), np.log(shown[inside]), 1)[0]), 3))
    power = amount("gamma", strength)
    assert sorted(powers) == pytest.approx([1 / power, power], abs=2e-3)


@pytest.mark.parametrize("strength", STRENGTHS)
def test_an_offset_is_a_share_of_what_is_bright(strength):
    study = exam()
    after = shifted(study, "offset", strength)
    for a, b in zip(study.series, after.series, strict=True):
        added = b.pixels - a.pixels
        assert np.ptp(added) < 1e-3
        bright = np.quantile(a.pixels, 0.995)
        assert added.mean() / bright == pytest.approx(amount("offset", strength), rel=1e-3)


def test_each_strength_adds_a_habit():
    study = exam()
    before = [s.pixels.astype(float) for s in study.series]
    one, two, three, four, five = (
        [s.pixels for s in shifted(study, "vendor", strength).series] for strength in STRENGTHS
    )
    gains = [a.max() / b.max() for a, b in zip(one, before, strict=True)]
    assert all(np.allclose(a, b * g) for a, b, g in zip(one, before, gains, strict=True))
    assert 0.5 <= min(gains) < 0.8 and 1.3 < max(gains) <= 2
    assert all(p.dtype == np.uint8 and p.min() == 0 and p.max() == 255 for p in two)
    for whole, round_ in zip(two, three, strict=True):
        rows, columns = whole.shape[1:]
        assert not round_[:, [0, 0, -1, -1], [0, -1, 0, -1]].any()
        middle = np.s_[:, rows // 2 - 9 : rows // 2 + 9, columns // 2 - 9 : columns // 2 + 9]
        assert np.array_equal(round_[middle], whole[middle])
        assert 0.5 < (round_ > 0).mean() < np.pi / 4
    ratios = np.array([f.mean() / t.mean() for f, t in zip(four[0], three[0], strict=True)])
    assert 0.03 < ratios.std() < 0.3
    for saturated, free in zip(five, four, strict=True):
        assert (saturated == saturated.max()).mean() >= 0.03
        assert np.array_equal(saturated, np.minimum(free, saturated.max()))
