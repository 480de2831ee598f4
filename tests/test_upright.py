"""Long axes are shown with the apex up, however the scanner stored them."""

from __future__ import annotations

import numpy as np
import pytest

from cmrclip_lite.frames import study_to_clip
from cmrclip_lite.orientation import CROSSING, LONG_AXIS, walls
from cmrclip_lite.phantom import make_case
from cmrclip_lite.phantom.tissue import Tissue
from cmrclip_lite.phantom.truth_images import truth_clip
from cmrclip_lite.study import Series, Study, View
from cmrclip_lite.training.settings import bundled_config
from cmrclip_lite.upright import upright
from cmrclip_lite.views import ordered

LATERAL, INFERIOR = walls(LONG_AXIS)


def short_axis(normal=LONG_AXIS):
    lateral = np.cross([0.0, 0, 1], normal)
    across = lateral / np.linalg.norm(lateral)
    orientation = np.stack([across, np.cross(normal, across)])
    return Series(np.zeros((1, 8, 8)), (2.0, 2.0), 8.0, np.zeros(3), orientation, view=View.SAX)


def long_axis(view, degrees, mirrored):
    """A plane where the view crosses the short axis, its image turned or mirrored."""
    at = np.radians(CROSSING[view])
    right = np.cos(at) * LATERAL - np.sin(at) * INFERIOR
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    across, down = cos * right - sin * -LONG_AXIS, sin * right + cos * -LONG_AXIS
    orientation = np.stack([-across if mirrored else across, down])
    return Series(np.zeros((1, 8, 8)), (2.0, 2.0), 8.0, np.zeros(3), orientation, view=view)


@pytest.mark.parametrize("view", list(CROSSING))
@pytest.mark.parametrize("degrees", [0, 35, 90, 180, -120])
@pytest.mark.parametrize("mirrored", [False, True])
def test_the_apex_comes_up_and_the_far_wall_right(view, degrees, mirrored):
    series = long_axis(view, degrees, mirrored)
    turn = upright(series, short_axis())
    down, right = turn.T @ series.orientation[::-1]
    at = np.radians(CROSSING[view])
    np.testing.assert_allclose(down, -LONG_AXIS, atol=1e-9)
    np.testing.assert_allclose(right, np.cos(at) * LATERAL - np.sin(at) * INFERIOR, atol=1e-9)


def test_geometry_that_does_not_tell_leaves_images_as_stored():
    four = long_axis(View.FOUR_CHAMBER, 0, False)
    assert upright(Series(four.pixels, (2.0, 2.0), view=four.view), short_axis()) is None
    assert upright(four, Series(four.pixels, (2.0, 2.0), view=View.SAX)) is None
    usual_in_no_heart = short_axis(np.array([-LONG_AXIS[1], LONG_AXIS[0], 0.1]))
    assert upright(four, usual_in_no_heart) is None
    across = Series(four.pixels, (2.0, 2.0), 8.0, np.zeros(3), short_axis().orientation,
                    view=View.FOUR_CHAMBER)  # fmt: skip
    assert upright(across, short_axis()) is None


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_a_phantoms_long_axes_are_upright_in_the_clip(seed):
    """By their tissues: atria below the ventricle, RV left of it, the aorta right of the atrium."""
    case = make_case(seed, "normal", size="small", imaged=("cine_sax", "cine_lax"))
    study = Study(ordered(case.study.series))
    tissues = truth_clip(case.anatomy, study_to_clip(study, bundled_config(1)))

    def middle(frame, *kinds):
        return np.argwhere(np.isin(tissues[frame, 0], kinds)).mean(0)

    blood, atrium = (Tissue.LV_BLOOD,), (Tissue.LA_BLOOD,)
    for frame in (5, 6, 7):
        assert middle(frame, *atrium)[0] > middle(frame, *blood)[0] + 15
    assert middle(5, Tissue.RV_BLOOD)[1] < middle(5, *blood)[1] - 8
    assert middle(7, Tissue.AORTA)[1] > middle(7, *atrium)[1] + 5
