"""A folder of exams: what it holds, that other software reads it, and that errors leave nothing."""

from __future__ import annotations

import csv
import shutil
import subprocess
from pathlib import Path

import nibabel
import numpy as np
import pytest

from cmrclip_lite.cli import main
from cmrclip_lite.errors import StudyError
from cmrclip_lite.phantom import make_case, write_dicom
from cmrclip_lite.phantom.make import CohortError, make_cohort, truth_row
from cmrclip_lite.phantom.nifti import write_nifti
from cmrclip_lite.phantom.truth import ALL_IMAGED
from cmrclip_lite.readers import read_study
from cmrclip_lite.study import Study, View

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def case():
    return make_case(8, "infarct", size="small", imaged=ALL_IMAGED)


@pytest.fixture(scope="module")
def nifti(case, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("nifti")
    write_nifti(case.study, folder)
    return folder


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "cases.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("form", ["dicom", "nifti", "npz"])
def test_the_command_makes_exams_that_can_be_read(form: str, tmp_path, capsys) -> None:
    out = tmp_path / "cohort"
    words = ["phantom", "make", "--n", "1", "--out", str(out), "--size", "small", "--seed", "4"]
    assert main([*words, "--format", form, "--diagnosis", "hcm"]) == 0

    captured = capsys.readouterr()
    assert captured.out.startswith("1 exam in ") and "case-0001 (1 of 1)" in captured.err
    (row,) = rows(out)
    assert row["id"] == "case-0001" and row["diagnosis"] == "hcm" and row["impression"]
    assert "hypertrophic_cardiomyopathy" in row["findings"].split(";")
    assert float(row["lvef"]) > 0 and row["wall_mm"].count(";") == 15
    study = read_study(out / "case-0001")
    assert len(study.cines(View.SAX)) == 7
    assert sorted(p.name for p in tmp_path.iterdir()) == ["cohort"]


@pytest.mark.slow
def test_workers_change_nothing(tmp_path) -> None:
    one = make_cohort(2, tmp_path / "one", seed=6, form="npz", size="small")
    two = make_cohort(2, tmp_path / "two", seed=6, form="npz", size="small", workers=2)

    assert rows(one) == rows(two) and len(rows(one)) == 2
    for path in sorted(one.rglob("*.npz")):
        other = two / path.relative_to(one)
        assert np.array_equal(np.load(path)["pixels"], np.load(other)["pixels"])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--n", "0"], "1 to 9999"),
        (["--n", "10000"], "1 to 9999"),
        (["--seed", "-1"], "seed"),
        (["--workers", "0"], "workers"),
        (["--format", "jpeg"], "format"),
        (["--size", "huge"], "size"),
        (["--diagnosis", "flu"], "diagnosis"),
    ],
)
def test_bad_input_is_one_line_and_leaves_nothing(arguments, said, tmp_path, capsys) -> None:
    assert main(["phantom", "make", "--out", str(tmp_path / "new"), *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == "" and captured.err.count("\n") == 1
    assert captured.err.startswith("cmrclip: ") and said in captured.err
    assert not list(tmp_path.iterdir())


def test_a_folder_in_use_is_left_alone(tmp_path, capsys) -> None:
    used = tmp_path / "used"
    used.mkdir()
    (used / "notes.txt").write_text("mine")
    assert main(["phantom", "make", "--out", str(used)]) == 2
    assert "not empty" in capsys.readouterr().err
    assert main(["phantom", "make", "--out", str(used / "notes.txt")]) == 2
    assert "is a file" in capsys.readouterr().err
    assert [p.name for p in used.iterdir()] == ["notes.txt"]
    assert (used / "notes.txt").read_text() == "mine"


def test_what_fails_half_way_leaves_nothing(tmp_path, monkeypatch) -> None:
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("cmrclip_lite.phantom.make.write_nifti", full)
    with pytest.raises(CohortError, match="No space left"):
        make_cohort(1, tmp_path / "new", form="nifti", size="small")
    assert not list(tmp_path.iterdir())


def test_the_table_has_every_measurement(case) -> None:
    row = truth_row(case)

    assert row["impression"] == case.impression
    assert set(row["findings"].split(";")) == case.truth.findings
    assert row["lvef"] == round(case.truth.lvef, 2) and row["territory"] == case.truth.territory
    assert not any(isinstance(value, (list, tuple)) for value in row.values())


def test_nifti_says_where_and_when(case, nifti: Path) -> None:
    names = {f"{k}_{v}.nii.gz" for k in ("cine", "lge") for v in ("sax_stack", "2ch", "3ch", "4ch")}
    assert {p.name for p in nifti.iterdir()} == names
    cine = nibabel.load(nifti / "cine_sax_stack.nii.gz")
    late = nibabel.load(nifti / "lge_sax_stack.nii.gz")
    assert cine.shape == (128, 128, 7, 12) and late.shape == (160, 160, 7)
    assert cine.header.get_xyzt_units() == ("mm", "sec")
    beat = np.mean([s.rr_ms for s in case.study.cines(View.SAX)]) / 1000
    assert cine.header.get_zooms()[3] == pytest.approx(beat / 12, rel=1e-4)
    assert int(cine.header["sform_code"]) == int(cine.header["qform_code"]) == 1
    # The voxel in the middle of a slice lies where DICOM says, mirrored to right and front.
    stack = sorted(case.study.cines(View.SAX), key=lambda s: -s.position_mm[2])
    for z, series in ((0, stack[0]), (6, stack[-1])):
        place = series.position_mm + series.orientation.T @ [
            30 * series.spacing_mm[1],
            50 * series.spacing_mm[0],
        ]
        mine = (cine.affine @ [30, 50, z, 1])[:3]
        assert np.allclose(mine, place * [-1, -1, 1], atol=0.01)
        assert np.array_equal(np.asarray(cine.dataobj)[30, 50, z], series.pixels[:, 50, 30])


def test_nifti_reads_back(case, nifti: Path) -> None:
    study = read_study(nifti)

    for view in (View.SAX, View.TWO_CHAMBER, View.THREE_CHAMBER, View.FOUR_CHAMBER):
        assert len(study.cines(view)) == len(case.study.cines(view)), view
    assert study.cines(View.SAX)[0].rr_ms == pytest.approx(900, abs=400)


def test_a_study_without_geometry_is_refused(tmp_path) -> None:
    study = Study.from_array(np.zeros((1, 2, 4, 4), np.int16), (8, 1, 1))
    study.series[0].position_mm = None
    with pytest.raises(StudyError, match="position"):
        write_nifti(study, tmp_path)


@pytest.mark.skipif(not shutil.which("dcm2niix"), reason="dcm2niix is not installed")
def test_dcm2niix_makes_the_same_volumes_of_the_dicom(case, nifti: Path, tmp_path) -> None:
    write_dicom(case.study, tmp_path / "dicom", seed=8, scout=True)
    made = tmp_path / "made"
    made.mkdir()
    subprocess.run(
        ["dcm2niix", "-z", "y", "-f", "%d", "-o", made, tmp_path / "dicom"],
        check=True,
        capture_output=True,
    )
    for path in sorted(nifti.iterdir()):
        ours = nibabel.as_closest_canonical(nibabel.load(path))
        theirs = nibabel.as_closest_canonical(nibabel.load(made / path.name))
        data = np.asarray(theirs.dataobj)
        assert np.array_equal(np.asarray(ours.dataobj), data), path.name
        # dcm2niix gives single slices a distance of its own.
        axes = slice(0, 4) if min(ours.shape[:3]) > 1 else [3]
        assert np.allclose(ours.affine[:3, axes], theirs.affine[:3, axes], atol=0.01), path.name
