"""Labels lie on the phantom's pixels exactly, and follow the heart as it beats."""

from __future__ import annotations

import numpy as np
import pytest

from cmrclip_lite.frames import study_to_clip
from cmrclip_lite.model import LayoutConfig, ModelConfig, VideoConfig
from cmrclip_lite.phantom import make_case
from cmrclip_lite.phantom.tissue import LV_WALL, Tissue
from cmrclip_lite.phantom.truth_images import CARRIERS, HEART, truth_clip, truth_image
from cmrclip_lite.prompts import CONDITIONS
from cmrclip_lite.study import View
from cmrclip_lite.views import ordered


@pytest.fixture(scope="module")
def case():
    return make_case(5, "dcm", size="small", imaged=("cine_sax", "lge"))


def middle(case):
    stack = ordered(case.study.cines(View.SAX))
    return stack[len(stack) // 2]


def test_blood_is_bright_and_muscle_dark_under_their_labels(case):
    series = middle(case)
    for phase in (0, 5):
        tissues = truth_image(case.anatomy, series, phase)
        assert tissues.shape == series.pixels.shape[1:] and tissues.dtype == np.uint8
        blood = series.pixels[phase][tissues == Tissue.LV_BLOOD]
        wall = series.pixels[phase][np.isin(tissues, LV_WALL)]
        assert np.quantile(blood, 0.1) > np.quantile(wall, 0.9)


def test_labels_move_with_the_heart(case):
    series = middle(case)
    areas = [
        int((truth_image(case.anatomy, series, phase) == Tissue.LV_BLOOD).sum())
        for phase in range(len(series.pixels))
    ]
    brightness = series.pixels[:, np.ptp(series.pixels, axis=0) > 200].mean(1)
    assert max(areas) > 1.1 * min(areas)
    assert np.corrcoef(areas, brightness)[0, 1] > 0.8


def test_labels_of_a_clip_lie_on_the_clip(case):
    config = ModelConfig(
        video=VideoConfig(image_size=80, num_frames=8),
        layout=LayoutConfig(name="heart", spacing_mm=2.0, phases=4, upright=True),
    )
    clip = study_to_clip(case.study, config)
    tissues = truth_clip(case.anatomy, clip)
    assert tissues.shape == tuple(clip.tensor.shape)
    cine = clip.tensor[:4].numpy()
    for channel in range(3):
        blood = cine[:, channel][tissues[:4, channel] == Tissue.LV_BLOOD]
        wall = cine[:, channel][np.isin(tissues[:4, channel], LV_WALL)]
        assert np.quantile(blood, 0.1) > np.quantile(wall, 0.8)
    assert (tissues[4] == Tissue.LV_BLOOD).any()
    assert (tissues[5:] == Tissue.AIR).all()  # no long axes were imaged


def test_images_of_another_exam_have_no_truth_here(case):
    other = make_case(6, "normal", size="small", imaged=("cine_sax",))
    with pytest.raises(KeyError):
        truth_image(case.anatomy, other.study.series[0], 0)


def test_every_condition_but_a_normal_study_has_a_carrier():
    assert set(CARRIERS) == set(CONDITIONS) - {"normal_study"}
    inside = {t for tissues in CARRIERS.values() for t in tissues} - {Tissue.PLEURAL_FLUID}
    assert inside <= set(HEART)
