"""A synthetic exam reads like a real one: geometry, timing, and DICOM files."""

from __future__ import annotations

import zipfile

import numpy as np
import pydicom
import pytest

from cmrclip_lite.errors import StudyError
from cmrclip_lite.phantom import PhantomCase, make_case, write_dicom
from cmrclip_lite.phantom.imaging import bssfp_signal
from cmrclip_lite.study import Study, View


@pytest.fixture(scope="module")
def case() -> PhantomCase:
    return make_case(21, "dcm", size="small")


def test_an_exam_has_a_stack_and_two_long_axes_in_one_patient(case: PhantomCase) -> None:
    stack = case.study.cines(View.SAX)
    assert len(stack) == 7
    assert len(case.study.cines(View.FOUR_CHAMBER)) == len(case.study.cines(View.TWO_CHAMBER)) == 1
    assert case.truth.diagnosis == "dcm" and case.impression
    for series in case.study.series:
        assert series.pixels.dtype == np.int16 and series.pixels.shape == (12, 128, 128)
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
    apex = stack[0].normal * (-1 if stack[0].normal[0] < 0 else 1)
    assert apex[0] > 0.2 and apex[1] < -0.2 and apex[2] < 0.2
    four = case.study.cines(View.FOUR_CHAMBER)[0]
    assert abs(four.normal @ stack[0].normal) < 0.3


def test_the_same_seed_gives_the_same_exam(case: PhantomCase) -> None:
    again = make_case(21, "dcm", size="small")

    assert again.truth == case.truth and again.impression == case.impression
    assert np.array_equal(again.study.series[0].pixels, case.study.series[0].pixels)
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
    assert len({f.SeriesInstanceUID for f in files}) == (1 + 9 if series_per_slice else 1 + 3)
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

    for view in (View.SAX, View.FOUR_CHAMBER, View.TWO_CHAMBER):
        assert len(study.cines(view)) == len(case.study.cines(view)), view
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
        assert archive.testzip() is None and len(archive.namelist()) == 9 * 12


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
