"""Late enhancement: the physics of its contrast, and scars that images show."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cmrclip_lite.phantom.cohort import draw_truth
from cmrclip_lite.phantom.enhancement import (
    Enhancement,
    draw_enhancement,
    enhanced_t1_ms,
    enhancement_scanner,
    inversion_signal,
    null_time_ms,
)
from cmrclip_lite.phantom.imaging import draw_scanner
from cmrclip_lite.phantom.tissue import Tissue


def contrasts(diagnosis: str, field: float = 1.5, count: int = 12) -> list[Enhancement]:
    rng = np.random.default_rng(5)
    found = []
    for _ in range(count):
        truth = replace(draw_truth(rng, diagnosis), field_tesla=field)
        scanner = enhancement_scanner(draw_scanner(field, rng), "full", rng)
        found.append(draw_enhancement(truth, scanner, 900.0, rng))
    return found


@pytest.mark.parametrize("repetition", [900.0, 1800.0])
def test_a_tissue_has_no_signal_at_its_null_time(repetition: float) -> None:
    ti = null_time_ms(450, repetition)

    assert inversion_signal(450, ti, repetition) == pytest.approx(0, abs=1e-9)
    assert inversion_signal(300, ti, repetition) > 0.1 > 0 > inversion_signal(1100, ti, repetition)
    # Long after the last pulse the null is at T1 ln 2.
    assert null_time_ms(450, 1e6) == pytest.approx(450 * np.log(2))


def test_contrast_shortens_t1_by_the_share_outside_cells() -> None:
    rise = 1 / 300 - 1 / 1441
    assert enhanced_t1_ms(1441, 1 - 0.42, rise) == pytest.approx(300)
    assert 410 < enhanced_t1_ms(1030, 0.26, rise) < 490
    assert enhanced_t1_ms(1030, 0.65, rise) < 300
    assert enhanced_t1_ms(1100, 0.0, rise) == pytest.approx(1100)


@pytest.mark.parametrize("field", [1.5, 3.0])
def test_scar_is_bright_normal_muscle_dark_and_thrombus_darker(field: float) -> None:
    for contrast in contrasts("infarct", field):
        signal = contrast.signals
        assert abs(signal[Tissue.LV_MUSCLE]) < 0.4 * signal[Tissue.LV_BLOOD]
        assert signal[Tissue.SCAR] > 0.9 * signal[Tissue.LV_BLOOD] > 0.3
        assert signal[Tissue.FAT] > 0.5
        assert signal[Tissue.THROMBUS] < signal[Tissue.LV_MUSCLE]
        assert signal[Tissue.PERICARDIAL_FLUID] < signal[Tissue.LV_MUSCLE]
        assert 180 < contrast.inversion_ms < 480


def test_amyloid_leaves_blood_as_dark_as_muscle_and_brightens_the_inner_wall() -> None:
    for contrast in contrasts("amyloid"):
        signal = contrast.signals
        ordinary = np.median([c.signals[Tissue.LV_BLOOD] for c in contrasts("infarct", count=5)])
        assert signal[Tissue.LV_BLOOD] < 0.75 * ordinary
        assert signal[Tissue.SCAR] > signal[Tissue.LV_BLOOD]
        assert signal[Tissue.SCAR] > signal[Tissue.LV_MUSCLE] + 0.1


def test_images_are_of_both_kinds_and_fine() -> None:
    kinds = {c.phase_sensitive for c in contrasts("normal")}
    assert kinds == {False, True}
    assert all(c.floor <= 0 and (c.phase_sensitive or c.floor == 0) for c in contrasts("normal"))
    rng = np.random.default_rng(2)
    for _ in range(20):
        scanner = draw_scanner(1.5, rng)
        late = enhancement_scanner(scanner, "full", rng)
        assert 1.1 < late.pixel_mm < 2.05 and late.rows == late.matrix
        assert late.phases == 1 and late.band == 0
