"""Views are told by geometry alone, in hearts turned every plausible way."""

from __future__ import annotations

import numpy as np
import pytest

from cmrclip_lite.study import Sequence, Series, Study, View
from cmrclip_lite.views import (
    CROSSING,
    LONG_AXIS,
    assign,
    classify,
    crossing_degrees,
    describe,
    short_axis,
)

LONG_AXIS_VIEWS = [View.FOUR_CHAMBER, View.TWO_CHAMBER, View.THREE_CHAMBER]


def series(normal: np.ndarray, position: np.ndarray, turn: float = 0.0, still: bool = False):
    """A small series of a plane, its image turned in the plane by some angle."""
    normal = normal / np.linalg.norm(normal)
    seed = np.eye(3)[np.argmin(np.abs(normal))]
    row = np.cross(normal, seed)
    row /= np.linalg.norm(row)
    column = np.cross(normal, row)
    axes = np.stack(
        [np.cos(turn) * row + np.sin(turn) * column, np.cos(turn) * column - np.sin(turn) * row]
    )
    return Series(
        pixels=np.zeros((1 if still else 4, 8, 8), np.int16),
        spacing_mm=(1.0, 1.0),
        position_mm=np.asarray(position, float),
        orientation=axes,
        sequence=Sequence.LGE if still else Sequence.CINE,
    )


def plane_through(axis: np.ndarray, degrees: float) -> np.ndarray:
    """The normal of the plane that contains the axis and crosses the short axis at an angle."""
    feet = np.array([0.0, 0.0, -1.0])
    inferior = feet - (feet @ axis) * axis
    inferior /= np.linalg.norm(inferior)
    lateral = np.cross(axis, inferior)
    line = np.cos(np.radians(degrees)) * lateral - np.sin(np.radians(degrees)) * inferior
    return np.cross(axis, line)


def heart(rng: np.random.Generator, tilt: float, error: float) -> tuple[list[Series], list[View]]:
    """A shuffled exam of a heart turned up to `tilt` degrees, planned with some error."""
    turned = LONG_AXIS + np.tan(np.radians(tilt)) * rng.uniform() * unit(rng.normal(size=3))
    axis = unit(turned)
    exam = []
    for z in range(9):
        flip = rng.choice([-1, 1])
        exam.append((series(flip * axis, z * 10 * axis, rng.uniform(0, 6)), View.SAX))
    for view in LONG_AXIS_VIEWS:
        degrees = CROSSING[view] + rng.uniform(-error, error)
        normal = plane_through(axis, degrees) + 0.08 * rng.normal(size=3)
        exam.append((series(normal, 40 * axis, rng.uniform(0, 6)), view))
    exam = [exam[i] for i in rng.permutation(len(exam))]
    return [s for s, _ in exam], [view for _, view in exam]


def unit(vector: np.ndarray) -> np.ndarray:
    return vector / np.linalg.norm(vector)


def test_views_without_descriptions() -> None:
    rng = np.random.default_rng(0)
    for _ in range(200):
        exam, expected = heart(rng, tilt=30, error=20)
        assert classify(exam) == expected


def test_the_stack_is_ordered_from_base_to_apex() -> None:
    rng = np.random.default_rng(1)
    for _ in range(20):
        exam, _ = heart(rng, tilt=30, error=15)
        study = Study(exam)
        assign(study)
        along = [s.position_mm @ LONG_AXIS for s in study.series if s.view is View.SAX]
        assert len(along) == 9 and along == sorted(along)
        assert [s.view for s in study.series[:9]] == [View.SAX] * 9


def test_stills_share_the_short_axis_of_the_cines_and_follow_them() -> None:
    stack = [series(LONG_AXIS, z * 10 * LONG_AXIS, still=z % 2 == 1) for z in range(8)]
    study = Study(stack)
    assign(study)
    assert {s.view for s in study.series} == {View.SAX}
    assert [s.is_cine for s in study.series] == [True] * 4 + [False] * 4


def test_planes_of_the_patient_are_not_views_of_the_heart() -> None:
    axial = [series(np.array([0.02, 0, 1.0]), [0, 0, 8.0 * z]) for z in range(20)]
    coronal = series(np.array([0, 1.0, 0.05]), [0, 0, 0])
    sax = [series(LONG_AXIS, z * 10 * LONG_AXIS) for z in range(8)]
    views = classify([*axial, coronal, *sax])
    assert views == [View.AXIAL] * 20 + [View.UNKNOWN] + [View.SAX] * 8


def test_a_stack_of_long_axis_slices_is_not_taken_for_the_short_axis() -> None:
    normal = plane_through(LONG_AXIS, CROSSING[View.FOUR_CHAMBER])
    stack = [series(normal, z * 6 * unit(normal)) for z in range(12)]
    sax = [series(LONG_AXIS, z * 10 * LONG_AXIS) for z in range(6)]
    assert classify(stack + sax) == [View.FOUR_CHAMBER] * 12 + [View.SAX] * 6
    assert short_axis(stack) is None


def test_the_angle_of_a_plane_is_the_one_it_was_made_with() -> None:
    for degrees in range(0, 180, 15):
        normal = plane_through(LONG_AXIS, degrees)
        assert crossing_degrees(-normal, LONG_AXIS) == pytest.approx(degrees, abs=1e-6)


def test_between_two_planes_the_description_decides() -> None:
    sax = [series(LONG_AXIS, z * 10 * LONG_AXIS) for z in range(6)]
    between = series(plane_through(LONG_AXIS, 58.0), [0, 0, 0])
    for words, view in [(" cine 2ch ", View.TWO_CHAMBER), (" cine 4ch ", View.FOUR_CHAMBER)]:
        assert classify([*sax, between], [" "] * 6 + [words])[-1] is view
    clear = series(plane_through(LONG_AXIS, 90.0), [0, 0, 0])
    assert classify([*sax, clear], [" "] * 6 + [" cine 4ch "])[-1] is View.TWO_CHAMBER


@pytest.mark.parametrize(
    ("words", "view"),
    [
        (" cine sax tf2d15 retro ", View.SAX),
        (" kurzachse ", View.SAX),
        (" short axis base ", View.SAX),
        (" 4ch ssfp bh ", View.FOUR_CHAMBER),
        (" 4 kammerblick ", View.FOUR_CHAMBER),
        (" hla fiesta ", View.FOUR_CHAMBER),
        (" cine vla ", View.TWO_CHAMBER),
        (" la 2ch ", View.TWO_CHAMBER),
        (" 3ch lvot ", View.THREE_CHAMBER),
        (" 3 chamber ", View.THREE_CHAMBER),
        (" rvot cine ", View.RVOT),
        (" axial stack ", View.AXIAL),
        (" b tfe bh ", View.UNKNOWN),
        ("", View.UNKNOWN),
    ],
)
def test_words_of_several_habits(words: str, view: View) -> None:
    assert describe(words) is view


def test_without_geometry_the_words_decide_and_the_order_stays() -> None:
    blind = []
    for z in range(3):
        still = Series(np.full((4, 8, 8), z), (1.0, 1.0), sequence=Sequence.CINE)
        blind.append(still)
    study = Study(blind)
    assign(study, [" sax "] * 3)
    assert [int(s.pixels[0, 0, 0]) for s in study.series] == [0, 1, 2]
    assert "which end of the stack is the base is unknown" in study.notes[0]


def test_a_view_that_is_already_known_is_kept() -> None:
    known = Study.from_array(np.ones((5, 3, 4, 4)), (8, 1, 1))
    assert classify(known.series) == [View.SAX] * 5
