"""A synthetic exam reads like a real one: geometry, timing, and DICOM files."""

from __future__ import annotations

import zipfile

import numpy as np
import pydicom
import pytest

from cmrclip_lite.errors import StudyError
from cmrclip_lite.orientation import CROSSING, crossing_degrees
from cmrclip_lite.phantom import PhantomCase, make_case, write_dicom
from cmrclip_lite.phantom.imaging import bssfp_signal, draw_scanner, noise_gain
from cmrclip_lite.phantom.truth import ALL_IMAGED
from cmrclip_lite.study import Sequence, Series, Study, View
from cmrclip_lite.views import classify, short_axis

pytestmark = pytest.mark.slow

LONG_AXES = (View.FOUR_CHAMBER, View.TWO_CHAMBER, View.THREE_CHAMBER)


@pytest.fixture(scope="module")
def case() -> PhantomCase:
    return make_case(21, "dcm", size="small", imaged=ALL_IMAGED)


def late(study: Study, view: View) -> list[Series]:
    return [s for s in study.series if s.sequence is Sequence.LGE and s.view is view]


def test_an_exam_has_a_stack_and_three_long_axes_of_each_kind_in_one_patient(
    case: PhantomCase,
) -> None:
    stack = case.study.cines(View.SAX)
    assert len(stack) == len(late(case.study, View.SAX)) == 7
    for view in LONG_AXES:
        assert len(case.study.cines(view)) == len(late(case.study, view)) == 1
    assert case.truth.diagnosis == "dcm" and case.impression
    for series in case.study.series:
        shape = (12, 128, 128) if series.is_cine else (1, 160, 160)
        assert series.pixels.dtype == np.int16 and series.pixels.shape == shape
        assert np.allclose(series.orientation @ series.orientation.T, np.eye(2), atol=1e-6)
        assert np.all(np.diff(series.trigger_ms) > 0) and series.trigger_ms[-1] < series.rr_ms
    assert len({s.rr_ms for s in stack}) > 1  # hearts do not beat like clocks


def test_slices_are_evenly_spaced_and_the_heart_points_left_forward_down(
    case: PhantomCase,
) -> None:
    stack = case.study.cines(View.SAX)
    along = [s.normal @ s.position_mm for s in stack]
    steps = np.diff(along)
    assert np.allclose(steps, steps[0], atol=1e-6) and abs(steps[0]) >= 6
    moves = np.diff([s.position_mm for s in stack], axis=0)
    assert np.allclose(moves, steps[:, None] * stack[0].normal, atol=1e-6)  # a stack, not a shear
    apex = stack[0].normal * (-1 if stack[0].normal[0] < 0 else 1)
    assert apex[0] > 0.2 and apex[1] < -0.2 and apex[2] < 0.2
    four = case.study.cines(View.FOUR_CHAMBER)[0]
    assert abs(four.normal @ stack[0].normal) < 0.3


def test_late_slices_lie_where_the_cines_do_in_mid_diastole(case: PhantomCase) -> None:
    for view in (View.SAX, *LONG_AXES):
        for still, cine in zip(late(case.study, view), case.study.cines(view), strict=True):
            assert np.allclose(still.orientation, cine.orientation)
            middle = [
                s.position_mm
                + 0.5 * (s.pixels.shape[1] - 1) * s.spacing_mm[0] * s.orientation.sum(0)
                for s in (still, cine)
            ]
            assert np.allclose(*middle, atol=1e-3)
            assert 0.6 < still.trigger_ms[0] / still.rr_ms < 0.85


def test_the_long_axes_are_told_apart_by_geometry_alone(case: PhantomCase) -> None:
    bare = [
        Series(s.pixels, s.spacing_mm, s.thickness_mm, s.position_mm, s.orientation)
        for s in case.study.series
    ]
    assert classify(bare) == [s.view for s in case.study.series]
    axis = short_axis(case.study.series)
    for view in LONG_AXES:
        crossing = crossing_degrees(case.study.cines(view)[0].normal, axis)
        assert abs((crossing - CROSSING[view] + 90) % 180 - 90) < 25, view


@pytest.mark.parametrize("seed", range(3))
def test_what_an_exam_holds_is_what_its_truth_says(seed: int) -> None:
    kinds = (("cine_sax",), ("cine_sax", "cine_lax"), ("cine_sax", "lge"))[seed]
    case = make_case(seed, "normal", size="small", imaged=kinds)

    assert case.truth.imaged == kinds
    found = {
        "lge" if not s.is_cine else "cine_sax" if s.view is View.SAX else "cine_lax"
        for s in case.study.series
    }
    assert found == set(kinds)
    assert ("late_gadolinium_enhancement" in case.truth.findings) <= ("lge" in kinds)
    with pytest.raises(ValueError, match="imaged"):
        make_case(seed, "normal", size="small", imaged=("lge",))


def test_most_exams_hold_everything(monkeypatch) -> None:
    monkeypatch.setattr("cmrclip_lite.phantom.exam.make_study", lambda *_: (Study([]), None))
    held = [make_case(seed).truth.imaged for seed in range(300)]

    assert 0.6 < held.count(ALL_IMAGED) / 300 < 0.8
    assert 0.7 < sum("lge" in kinds for kinds in held) / 300 < 0.85
    assert all("cine_sax" in kinds for kinds in held)


def test_the_same_seed_gives_the_same_exam(case: PhantomCase) -> None:
    again = make_case(21, "dcm", size="small", imaged=ALL_IMAGED)

    assert again.truth == case.truth and again.impression == case.impression
    for mine, theirs in zip(again.study.series, case.study.series, strict=True):
        assert np.array_equal(mine.pixels, theirs.pixels)
    with pytest.raises(ValueError, match="size"):
        make_case(21, size="huge")


@pytest.mark.parametrize("series_per_slice", [False, True])
def test_dicom_keeps_pixels_geometry_and_timing(
    case: PhantomCase, tmp_path, series_per_slice: bool
) -> None:
    write_dicom(case.study, tmp_path, seed=21, series_per_slice=series_per_slice, scout=True)
    files = [pydicom.dcmread(p) for p in sorted(tmp_path.rglob("*.dcm"))]

    assert len(files) == 3 + sum(len(s.pixels) for s in case.study.series)
    assert len({f.SOPInstanceUID for f in files}) == len(files)
    assert len({f.StudyInstanceUID for f in files}) == 1
    assert len({f.SeriesInstanceUID for f in files}) == (1 + 20 if series_per_slice else 1 + 8)
    assert {str(f.PatientName) for f in files} == {"PHANTOM^000021"}
    series = case.study.series[2]
    mine = [
        f
        for f in files
        if np.allclose(f.ImagePositionPatient, series.position_mm, atol=1e-3)
        and np.allclose(f.ImageOrientationPatient, series.orientation.ravel(), atol=1e-5)
    ]
    mine.sort(key=lambda f: f.TriggerTime)
    assert np.array_equal(np.stack([f.pixel_array for f in mine]), series.pixels)
    assert [float(f.TriggerTime) for f in mine] == pytest.approx(series.trigger_ms.tolist())
    assert float(mine[0].PixelSpacing[0]) == pytest.approx(series.spacing_mm[0])
    assert mine[0].NominalInterval == round(series.rr_ms)


def test_the_package_reads_its_own_exams_back(case: PhantomCase, tmp_path) -> None:
    from cmrclip_lite.readers import read_study

    study = read_study(write_dicom(case.study, tmp_path / "exam.zip", seed=21, scout=True))

    for view in (View.SAX, *LONG_AXES):
        assert len(study.cines(view)) == len(case.study.cines(view)), view
        assert len(late(study, view)) == len(late(case.study, view)), view
    ti = {s.tags.get("InversionTime") for s in study.series if not s.is_cine}
    assert ti == {case.study.series[-1].tags["InversionTime"]}
    assert not any("InversionTime" in s.tags for s in study.series if s.is_cine)
    bases = [s.pixels.sum() for s in study.cines(View.SAX)]
    assert bases in (
        [s.pixels.sum() for s in case.study.cines(View.SAX)],
        [s.pixels.sum() for s in case.study.cines(View.SAX)][::-1],
    )


def test_a_zip_of_the_same_exam_has_the_same_bytes(case: PhantomCase, tmp_path) -> None:
    first = write_dicom(case.study, tmp_path / "a.zip", seed=3).read_bytes()
    second = write_dicom(case.study, tmp_path / "b.zip", seed=3).read_bytes()

    assert first == second
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert archive.testzip() is None and len(archive.namelist()) == 10 * 12 + 10


def test_a_small_exam_is_small_and_holds_no_identity(case: PhantomCase, tmp_path) -> None:
    path = write_dicom(case.study, tmp_path / "exam.zip", seed=21)

    assert path.stat().st_size < 3.6e6
    with zipfile.ZipFile(path) as archive, archive.open(archive.namelist()[0]) as file:
        first = pydicom.dcmread(file)
    assert first.PatientIdentityRemoved == "YES" and first.PatientID == "SYNTHETIC000021"
    assert not first.PatientBirthDate and not first.get("InstitutionName")


def test_a_study_without_geometry_is_refused(tmp_path) -> None:
    study = Study.from_array(np.zeros((1, 2, 4, 4)), (8, 1, 1))
    study.series[0].position_mm = None
    with pytest.raises(StudyError, match="position"):
        write_dicom(study, tmp_path, seed=1)


def test_blood_outshines_muscle_by_the_signal_equation() -> None:
    blood = bssfp_signal(1441, 250, 60, 3.0)
    muscle = bssfp_signal(1030, 44, 60, 3.0)

    assert 2.5 < blood / muscle < 4.5
    # the short-TR limit of the equation (Haacke, eq. 18.36)
    limit = np.sin(np.radians(60)) / (1441 / 250 + 1 - np.cos(np.radians(60)) * (1441 / 250 - 1))
    assert blood == pytest.approx(limit, rel=0.02)


def test_parallel_imaging_raises_noise_most_in_the_middle() -> None:
    rng = np.random.default_rng(0)
    scanners = [draw_scanner(1.5, rng) for _ in range(12)]
    plain = next(s for s in scanners if s.acceleration == 1)
    fast = next(s for s in scanners if s.acceleration == 3)

    assert np.all(noise_gain(plain, rng) == 1)
    gain = noise_gain(fast, rng)
    middle = gain[fast.matrix // 3 : -fast.matrix // 3, fast.matrix // 3 : -fast.matrix // 3]
    assert gain.min() >= 1 and middle.mean() > gain.mean() > 1.02


def test_some_scanners_make_images_that_are_not_square() -> None:
    rng = np.random.default_rng(1)
    scanners = [draw_scanner(1.5, rng) for _ in range(20)]

    assert any(s.rows < s.matrix for s in scanners) and all(s.rows % 2 == 0 for s in scanners)
    assert {s.rows for s in (draw_scanner(1.5, rng, "small") for _ in range(9))} == {128}


@pytest.mark.slow
def test_a_full_exam_covers_the_heart() -> None:
    case = make_case(21, "dcm", imaged=("cine_sax",))

    stack = case.study.cines(View.SAX)
    assert 8 <= len(stack) <= 13 and stack[0].pixels.shape[0] >= 16
