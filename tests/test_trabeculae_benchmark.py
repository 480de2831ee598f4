"""How benchmarks/trabeculae.py tells dark muscle from blood within a cavity."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.trabeculae import FEWEST_PIXELS, dark_share, of_levels
from cmrclip_lite.phantom import make_case
from cmrclip_lite.phantom.tissue import LV_CAVITY, LV_WALL
from cmrclip_lite.phantom.truth_images import truth_image
from cmrclip_lite.study import View


def ring(dark: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A bright disc in a dark ring, `dark` pixels of the disc as dark as the ring."""
    down, across = np.indices((40, 40)) - 19.5
    radius = np.hypot(down, across)
    cavity, wall = radius < 10, (radius >= 10) & (radius < 15)
    picture = np.where(cavity, 200.0, np.where(wall, 60.0, 10.0))
    picture[tuple(np.argwhere(cavity)[:dark].T)] = 60
    return picture, cavity, wall


@pytest.mark.parametrize("dark", [0, 30, 120])
def test_the_share_is_that_of_the_dark_pixels(dark):
    picture, cavity, wall = ring(dark)
    assert dark_share(picture, cavity, wall) == dark / cavity.sum()
    assert dark_share(3 * picture + 7, cavity, wall) == dark / cavity.sum()


def test_levels_are_of_the_slices_that_show_the_ventricle():
    empty = (np.zeros((40, 40)), np.zeros((40, 40), bool), np.zeros((40, 40), bool))
    shares = [dark / ring(0)[1].sum() for dark in (0, 40, 80)]
    assert ring(0)[1].sum() > FEWEST_PIXELS
    assert of_levels([empty, ring(0), ring(40), ring(80), empty, empty]) == shares


def test_a_phantom_holds_as_much_dark_muscle_as_it_should():
    case = make_case(910_000_001, "normal", size="small")
    stack = [s for s in case.study.series if s.is_cine and s.view is View.SAX]
    middle = stack[len(stack) // 2]
    truth = truth_image(case.anatomy, middle, 0)
    share = dark_share(middle.pixels[0], np.isin(truth, LV_CAVITY), np.isin(truth, LV_WALL))
    assert 0.11 < share < 0.36  # as in the eight normal ACDC patients
