"""Noise, resolution, breathing and JPEG, measured on pictures whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from cmrclip_lite.robustness import SHIFTS, STRENGTHS, acquired, shifted
from cmrclip_lite.study import Study
from tests.robustness.exams import exam, flat


def amount(key: str, strength: int) -> float:
    return SHIFTS[key].amounts[strength - 1]


@pytest.mark.parametrize("strength", STRENGTHS)
def test_noise_is_as_strong_as_said_in_tissue_and_rayleigh_in_air(strength):
    study = flat(1000.0)
    study.series[0].pixels[:, :32] = 0  # air above, tissue below
    pixels = shifted(study, "noise", strength).series[0].pixels
    deviation = 1000 * amount("noise", strength)
    # At these ratios a Rician deviates as its noise does, within a few per cent.
    assert pixels[:, 32:].std() == pytest.approx(deviation, rel=0.05)
    assert pixels[:, :32].mean() == pytest.approx(deviation * np.sqrt(np.pi / 2), rel=0.03)


def stripes(period_mm: float, across: bool) -> Study:
    """Bars of one grey on another, sinusoidal, 1 mm a pixel."""
    wave = 500 + 400 * np.sin(2 * np.pi * np.arange(240) / period_mm)
    picture = np.tile(wave, (240, 1))
    picture = picture if across else picture.T
    return Study.from_array(picture[None, None], (8, 1, 1))


@pytest.mark.parametrize("strength", STRENGTHS)
@pytest.mark.parametrize("across", [True, False])
def test_bars_finer_than_two_pixels_vanish_and_coarser_ones_stay(strength, across):
    waves = 240 / (2 * amount("resolution", strength))  # of 240 mm, that can just be told apart
    for count, left in ((int(waves + 1), 0.0), (int(waves - 0.5), 1.0)):
        study = stripes(240 / count, across)
        before = study.series[0].pixels.std()
        after = shifted(study, "resolution", strength).series[0].pixels.std()
        assert after == pytest.approx(left * before, abs=0.01 * before)


def test_a_picture_that_is_as_coarse_is_left_as_it_is():
    study = exam()
    study.series[0].spacing_mm = (4.0, 4.0)
    result = shifted(study, "resolution", 3)
    assert result.series[0].pixels is study.series[0].pixels
    assert result.series[1].pixels.dtype == np.float32


def test_breathing_puts_ghosts_in_the_phase_direction_only_and_more_with_depth():
    study = flat(0.0)
    study.series[0].pixels[:, 30, 20] = 1000  # a point
    energy = []
    for strength in STRENGTHS:
        pixels = shifted(study, "breath", strength).series[0].pixels.astype(float)
        assert np.allclose(np.delete(pixels, 20, axis=2), 0)
        assert (pixels**2).sum() == pytest.approx(4e6, rel=1e-3)  # turned, not lost
        assert np.allclose(pixels, pixels[:1])  # all phases are acquired in the same breaths
        energy.append((np.delete(pixels[0, :, 20], 30) ** 2).sum() / 1e6)
    assert np.all(np.diff(energy[:4]) > 0) and energy[0] > 0.05


@pytest.mark.parametrize("strength", STRENGTHS)
def test_the_body_moves_as_far_as_said(strength, monkeypatch):
    """If a breath lasted for ever, the whole picture would stand where the breath began."""
    monkeypatch.setattr(acquired, "LINES_OF_A_BREATH", (1e9, 1e9))
    study = flat(0.0, phases=1)
    y, x = np.mgrid[:64, :64] * 1.5
    study.series[0].pixels[:] = np.exp(-((y - 48) ** 2 + (x - 30) ** 2) / (2 * 6**2))
    moved = []
    for seed in range(60):
        pixels = shifted(study, "breath", strength, seed).series[0].pixels[0]
        moved.append((pixels * y).sum() / pixels.sum() - 48)
        assert (pixels * x).sum() / pixels.sum() == pytest.approx(30, abs=0.1)
    reach = amount("breath", strength)
    assert np.abs(moved).max() == pytest.approx(reach, rel=0.02)
    assert min(moved) < -0.9 * reach and max(moved) > 0.9 * reach


def test_a_lower_quality_loses_more_and_gives_256_greys():
    study = exam()
    errors = []
    first = shifted(study, "jpeg", 1).series[0].pixels.astype(float)
    for strength in STRENGTHS:
        pixels = shifted(study, "jpeg", strength).series[0].pixels
        assert pixels.dtype == np.uint8
        errors.append(np.abs(pixels - first).mean())
    assert errors[0] == 0 and np.all(np.diff(errors) > 0)
