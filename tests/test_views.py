"""Views are told by geometry alone, in hearts turned every plausible way."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

from cmrclip_lite.orientation import CROSSING, LONG_AXIS, crossing_degrees
from cmrclip_lite.readers import read_study
from cmrclip_lite.study import Level, Sequence, Series, Study, View
from cmrclip_lite.views import assign, classify, short_axis

from . import dicom_maker as maker

SCRIPT = Path(__file__).parents[1] / "benchmarks" / "views.py"

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


@pytest.fixture(scope="module")
def benchmark():
    spec = importlib.util.spec_from_file_location("views_benchmark", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, spec.name, module)
        spec.loader.exec_module(module)
        yield module


def test_synthetic_exams_of_every_make_up(benchmark) -> None:
    """Any number of slices and planes, some patients askew, nothing described, all shuffled."""
    judged = benchmark.judge(benchmark.draw_exam(seed) for seed in range(60))
    hits = [
        benchmark.right(truth, found)
        for exam, views in judged
        for truth, found in zip(exam.views, views, strict=True)
    ]
    assert len(hits) > 1000 and np.mean(hits) >= 0.99
    assert {view for exam, _ in judged for view in exam.views} == set(View)


def test_long_axes_without_a_stack_are_told_by_the_line_where_they_meet() -> None:
    rng = np.random.default_rng(3)
    for _ in range(100):
        axis = unit(LONG_AXIS + np.tan(np.radians(30)) * unit(rng.normal(size=3)))
        exam = [series(plane_through(axis, CROSSING[v]), 40 * axis) for v in LONG_AXIS_VIEWS]
        assert classify(exam) == LONG_AXIS_VIEWS
        assert short_axis(exam) is None


def test_a_turned_heart_shifts_all_its_planes_alike() -> None:
    exam = [
        series(plane_through(LONG_AXIS, CROSSING[view] + shift), [0, 0, 0])
        for view, shift in zip(LONG_AXIS_VIEWS, (40, 20, 20), strict=True)
    ]
    assert classify(exam) == LONG_AXIS_VIEWS
    # By itself the first lies nearer to the view of two chambers.
    assert classify(exam[:1]) == [View.TWO_CHAMBER]
    twice = [series(plane_through(LONG_AXIS, degrees), [0, 0, 0]) for degrees in (22, 38)]
    assert classify(twice) == [View.FOUR_CHAMBER] * 2


def test_an_lvot_plane_is_a_3_chamber_view_where_it_lies_as_one() -> None:
    sax = [series(LONG_AXIS, z * 10 * LONG_AXIS) for z in range(6)]
    along = [series(plane_through(LONG_AXIS, degrees), [0, 0, 0]) for degrees in (148.0, 52.0)]
    views = classify([*sax, *along], [""] * 6 + [" cine lvot "] * 2)
    assert views[-2:] == [View.THREE_CHAMBER, View.LVOT]


def test_an_outflow_tract_is_told_by_name_even_close_to_the_short_axis() -> None:
    sax = [series(LONG_AXIS, z * 10 * LONG_AXIS) for z in range(6)]
    tilt = np.radians(16)
    four = unit(plane_through(LONG_AXIS, CROSSING[View.FOUR_CHAMBER]))
    plane = series(np.cos(tilt) * LONG_AXIS + np.sin(tilt) * four, [0, 0, 0])
    assert classify([*sax, plane], [""] * 6 + [" cine rvot "])[-1] is View.RVOT


def test_planes_of_vessels_and_of_the_right_ventricle_are_no_views() -> None:
    sax = [series(LONG_AXIS, z * 10 * LONG_AXIS) for z in range(6)]
    other = series(plane_through(LONG_AXIS, 90.0), [0, 0, 0])
    for words in (" cine aorta ", " rv 2ch "):
        assert classify([*sax, other], [""] * 6 + [words])[-1] is View.UNKNOWN
    # What every series is called says nothing of one.
    everywhere = [" mri heart and aorta "] * 7
    assert classify([*sax, other], everywhere) == [View.SAX] * 6 + [View.TWO_CHAMBER]


def test_what_lies_between_two_long_axes_is_noted_unless_described() -> None:
    sax = [series(LONG_AXIS, z * 10 * LONG_AXIS) for z in range(6)]
    notes = {}
    for words in ("", " cine 4ch "):
        plane = series(plane_through(LONG_AXIS, 3.0), [0, 0, 0])
        study = Study([*sax, plane])
        assign(study, [""] * 6 + [words])
        assert plane.view is View.FOUR_CHAMBER
        notes[words] = study.notes
    assert notes == {"": ["A series lies between 4CH and 3CH; taken as 4CH."], " cine 4ch ": []}


def test_what_lies_between_the_short_axis_and_a_long_one_is_unknown() -> None:
    sax = [series(LONG_AXIS, z * 10 * LONG_AXIS) for z in range(6)]
    four = unit(plane_through(LONG_AXIS, CROSSING[View.FOUR_CHAMBER]))
    found = []
    for tilt in np.radians([10, 45, 80]):
        plane = series(np.cos(tilt) * LONG_AXIS + np.sin(tilt) * four, [0, 0, 0])
        found.append(classify([*sax, plane])[-1])
    assert found == [View.SAX, View.UNKNOWN, View.FOUR_CHAMBER]


def test_levels_are_thirds_of_the_stack_from_the_base() -> None:
    rng = np.random.default_rng(5)
    cines = [series(LONG_AXIS, z * 8 * LONG_AXIS, rng.uniform(0, 6)) for z in range(9)]
    stills = [series(-LONG_AXIS, z * 8 * LONG_AXIS, still=True) for z in (0, 4, 8, 10)]
    four = series(plane_through(LONG_AXIS, 30.0), [0, 0, 0])
    study = Study([*rng.permutation([*cines, *stills]), four])
    assign(study)
    base, mid, apex = Level.BASAL, Level.MID, Level.APICAL
    assert [s.level for s in cines] == [base] * 3 + [mid] * 3 + [apex] * 3
    assert [s.level for s in stills] == [base, mid, apex, apex]
    assert four.level is None


def test_two_slices_or_an_unknown_base_have_no_level() -> None:
    pair = Study([series(LONG_AXIS, z * 10 * LONG_AXIS) for z in range(2)])
    assign(pair)
    assert [(s.view, s.level) for s in pair.series] == [(View.SAX, None)] * 2
    # As if feet first had been entered as head first: left is right and the feet are the head.
    wrong = LONG_AXIS * [-1, 1, -1]
    study = Study([series(wrong, z * 10 * wrong) for z in range(8)])
    assign(study, [" cine sax "] * 8)
    assert {(s.view, s.level) for s in study.series} == {(View.SAX, None)}
    (note,) = study.notes
    assert "position was entered wrongly" in note


@pytest.mark.parametrize("position", ["HFS", "HFP", "HFDL", "FFS", "FFP", "FFDR", "", None])
def test_how_the_patient_was_put_into_the_scanner_changes_nothing(tmp_path, position) -> None:
    """Positions and directions in DICOM are the patient's own (PS3.3 C.7.6.2.1.1)."""
    images = maker.stack(slices=6)
    for image in images:
        if position is not None:
            image.PatientPosition = position
    study = read_study(maker.save(images, tmp_path))
    assert [s.view for s in study.series] == [View.SAX] * 6
    assert [s.level for s in study.series] == [*Level][:1] * 2 + [*Level][1:2] * 2 + [*Level][
        2:
    ] * 2


@pytest.mark.parametrize("name", ["SCD0000101", "SCD0000201", "SCD0000301"])
def test_base_and_apex_of_real_exams(real_folder: Path, name: str) -> None:
    """Their descriptions are empty; more of the image beats at the base than at the apex."""
    cines = read_study(real_folder / "sunnybrook" / f"{name}.zip").cines(View.SAX)
    beating = np.stack([s.pixels[:, 64:192, 64:192].std(axis=0, dtype=np.float32) for s in cines])
    area = (beating > np.percentile(beating, 95)).mean(axis=(1, 2))
    levels = np.array([s.level for s in cines])
    assert list(levels) == sorted(levels, key=list(Level).index)
    mean = {level: area[levels == level].mean() for level in Level}
    assert min(mean[Level.BASAL], mean[Level.MID]) > 1.3 * mean[Level.APICAL]
