"""NIfTI files become the same kind of study as DICOM."""

from __future__ import annotations

import csv
import gzip
import shutil
import subprocess
import tracemalloc
from pathlib import Path

import nibabel
import numpy as np
import pytest

from cmrclip_lite.errors import StudyError
from cmrclip_lite.phantom import make_case
from cmrclip_lite.phantom.dicom import write_dicom
from cmrclip_lite.phantom.nifti import write_nifti
from cmrclip_lite.readers import read_study
from cmrclip_lite.study import Sequence, Study, View
from tests import dicom_maker as maker
from tests.readers.notes import own_notes

PHASES, SLICES, ROWS, COLUMNS = 6, 5, 12, 10


def stack() -> np.ndarray:
    """`(Z, T, H, W)`, every value different."""
    return np.arange(SLICES * PHASES * ROWS * COLUMNS, dtype=np.int16).reshape(
        SLICES, PHASES, ROWS, COLUMNS
    )


def dicom_affine() -> np.ndarray:
    """Voxel (column, row, slice) to right, front, head, for the maker's short axis."""
    affine = np.eye(4)
    axes = np.stack([maker.SAX_AXES[0] * 1.25, maker.SAX_AXES[1] * 1.5, maker.APEX * 10.0], axis=1)
    affine[:3, :3] = axes
    affine[:3, 3] = maker.BASE_MM
    return np.diag([-1.0, -1, 1, 1]) @ affine


def save(path: Path, voxels: np.ndarray, affine: np.ndarray, step: float | None = None) -> Path:
    image = nibabel.Nifti1Image(voxels, affine)
    if step is not None:
        image.header.set_zooms((*image.header.get_zooms()[:3], step))
        image.header.set_xyzt_units("mm", "sec")
    image.to_filename(path)
    return path


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
def test_a_stack_over_time(tmp_path: Path, suffix: str) -> None:
    # NIfTI axes are (x, y, z, t); ours are (slice, phase, row, column).
    path = save(tmp_path / f"sax{suffix}", stack().transpose(3, 2, 0, 1), dicom_affine(), 0.13)
    study = read_study(path)
    cines = study.cines(View.SAX)
    assert len(cines) == SLICES and own_notes(study) == []
    for z, series in enumerate(cines):
        np.testing.assert_array_equal(series.pixels, stack()[z])
        assert series.pixels.dtype == np.int16 and series.pixels.dtype.isnative
        np.testing.assert_allclose(series.spacing_mm, (1.5, 1.25), rtol=1e-5)
        np.testing.assert_allclose(series.orientation, maker.SAX_AXES, atol=1e-5)
        expected = maker.BASE_MM + z * 10 * maker.APEX
        np.testing.assert_allclose(series.position_mm, expected, atol=1e-3)
    np.testing.assert_allclose(cines[0].trigger_ms, np.arange(PHASES) * 130, rtol=1e-5)
    assert cines[0].rr_ms == pytest.approx(780)


def test_a_file_stored_the_other_way_round_reads_alike(tmp_path: Path) -> None:
    # As dcm2niix writes it: rows from below, and here also slices from the apex.
    affine = dicom_affine()
    affine[:3, 3] += affine[:3, 1] * (ROWS - 1) + affine[:3, 2] * (SLICES - 1)
    affine[:3, 1] *= -1
    affine[:3, 2] *= -1
    voxels = stack().transpose(3, 2, 0, 1)[:, ::-1, ::-1]
    study = read_study(save(tmp_path / "image.nii.gz", voxels, affine))
    for z, series in enumerate(study.cines(View.SAX)):
        np.testing.assert_array_equal(series.pixels, stack()[z])
        expected = maker.BASE_MM + z * 10 * maker.APEX
        np.testing.assert_allclose(series.position_mm, expected, atol=1e-3)


def test_one_slice_over_time(tmp_path: Path) -> None:
    voxels = stack()[:1].transpose(3, 2, 0, 1)
    (series,) = read_study(save(tmp_path / "la_4ch.nii", voxels, np.eye(4))).series
    assert series.view is View.FOUR_CHAMBER
    np.testing.assert_array_equal(series.pixels, stack()[0])


def test_an_affine_that_says_nothing_keeps_the_order_of_the_file(tmp_path: Path) -> None:
    voxels = stack().transpose(3, 2, 0, 1)
    path = save(tmp_path / "patient001_4d.nii.gz", voxels, np.diag([1.25, 1.5, 10.0, 1.0]))
    study = read_study(path)
    assert [s.pixels[0, 0, 0] for s in study.cines(View.SAX)] == list(stack()[:, 0, 0, 0])
    assert study.series[0].spacing_mm == (1.5, 1.25)
    assert study.series[0].thickness_mm == 10.0 and study.series[0].orientation is None
    assert any("which end is the base is unknown" in note for note in study.notes)


def test_scaled_and_big_endian_values(tmp_path: Path) -> None:
    header = nibabel.Nifti1Header(endianness=">")
    header.set_data_dtype(np.int16)
    image = nibabel.Nifti1Image(stack().transpose(3, 2, 0, 1), dicom_affine(), header)
    image.header.set_slope_inter(2.0, -5.0)
    image.to_filename(tmp_path / "scaled.nii")
    series = read_study(tmp_path / "scaled.nii").series[1]
    np.testing.assert_allclose(series.pixels, stack()[1] * 2.0 - 5.0)


def one_cine(z: int = SLICES) -> np.ndarray:
    """`(X, Y, z, T)`, as NIfTI has it."""
    return stack().transpose(3, 2, 0, 1)[:, :, :z]


def reasons(study: Study) -> list[str]:
    return sorted(f"{item.count} {item.reason}" for item in study.set_aside)


def test_a_whole_cine_stands_before_its_phases(tmp_path: Path) -> None:
    voxels = one_cine()
    for name, image in {
        "patient001_4d": voxels,
        "patient001_frame01": voxels[..., 0],
        "patient001_frame04": voxels[..., 3],
        "patient001_frame01_gt": voxels[..., 0] % 4,
        "patient001_frame04_gt": voxels[..., 3] % 4,
    }.items():
        save(tmp_path / f"{name}.nii.gz", image, dicom_affine())
    study = read_study(tmp_path)
    assert {s.pixels.shape for s in study.cines(View.SAX)} == {(PHASES, ROWS, COLUMNS)}
    assert len(study.series) == SLICES and own_notes(study) == []
    assert reasons(study) == [
        "2 label maps, not images",
        "2 phases of a cine that is there whole",
    ]


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        ("patient001_frame01", "patient001_frame12", "in the order of their numbers"),
        ("001_SA_ED", "001_SA_ES", "end-diastole first"),
        ("sa_ED", "sa_ES", "end-diastole first"),
    ],
)
def test_two_phases_make_a_cine(tmp_path: Path, first: str, second: str, said: str) -> None:
    voxels = one_cine()
    # Written the other way round, so that the order is that of the names.
    for name, image in ((second, voxels[..., 3]), (first, voxels[..., 0])):
        save(tmp_path / f"{name}.nii.gz", image, dicom_affine())
        save(tmp_path / f"{name}_gt.nii.gz", image % 4, dicom_affine())
    study = read_study(tmp_path)
    assert len(study.series) == len(study.cines(View.SAX)) == SLICES
    for z, series in enumerate(study.series):
        np.testing.assert_array_equal(series.pixels, stack()[z, [0, 3]])
        assert series.trigger_ms is None and series.rr_ms is None
    assert own_notes(study) == [f"A cine has two phases only, {said}; their times are unknown."]


def test_two_views_of_two_phases(tmp_path: Path) -> None:
    for view, z in (("SA", SLICES), ("LA", 1)):
        for t, phase in enumerate(("ED", "ES")):
            image = one_cine(z)[..., t]
            save(tmp_path / f"001_{view}_{phase}.nii.gz", image, np.eye(4))
    study = read_study(tmp_path)
    assert [s.view for s in study.series] == [View.SAX] * SLICES + [View.FOUR_CHAMBER]
    assert {len(s.pixels) for s in study.series} == {2}
    # The short axis is there whole now; the long axis still is not.
    save(tmp_path / "001_SA_CINE.nii.gz", one_cine(), np.eye(4))
    study = read_study(tmp_path)
    assert [len(s.pixels) for s in study.series] == [PHASES] * SLICES + [2]


def test_phases_stand_in_for_a_cine_that_is_damaged(tmp_path: Path) -> None:
    path = save(tmp_path / "sa.nii", one_cine(), dicom_affine())
    path.write_bytes(path.read_bytes()[:-50])
    for t, phase in enumerate(("ED", "ES")):
        save(tmp_path / f"sa_{phase}.nii", one_cine()[..., t], dicom_affine())
    study = read_study(tmp_path)
    assert [len(s.pixels) for s in study.series] == [2] * SLICES
    assert reasons(study) == ["1 damaged NIfTI files, or cut short"]


def test_phases_that_do_not_make_a_cine(tmp_path: Path) -> None:
    save(tmp_path / "sa_ED.nii.gz", one_cine()[..., 0], dicom_affine())
    with pytest.raises(StudyError, match="one phase of a cine without another; add"):
        read_study(tmp_path)
    save(tmp_path / "sa_ES.nii.gz", one_cine(3)[..., 1], dicom_affine())
    with pytest.raises(StudyError, match="2 files .phases of a cine that differ in shape or place"):
        read_study(tmp_path)
    save(tmp_path / "sa_end_systole.nii", one_cine()[..., 1], dicom_affine())
    with pytest.raises(StudyError, match="3 files .several volumes named for one phase"):
        read_study(tmp_path)


@pytest.mark.parametrize(
    "name", ["Case_P001", "lge_sax", "patient6_LGE", "myops_training_101_DE", "psir"]
)
def test_late_enhancement_is_told_by_name(tmp_path: Path, name: str) -> None:
    # EMIDEC keeps contours under the name of their image, in a folder beside it.
    for folder, image in (
        ("Images", one_cine()[..., 0]),
        ("Contours", one_cine()[..., 0] % 5),
    ):
        (tmp_path / folder).mkdir()
        save(tmp_path / folder / f"{name}.nii.gz", image, dicom_affine())
    study = read_study(tmp_path)
    assert {(s.view, s.sequence) for s in study.series} == {(View.SAX, Sequence.LGE)}
    assert [s.pixels.shape for s in study.series] == [(1, ROWS, COLUMNS)] * SLICES
    np.testing.assert_array_equal(study.series[2].pixels[0], stack()[2, 0])
    assert reasons(study) == ["1 label maps by their values (at most 8 whole numbers), not images"]


def test_other_volumes_are_set_aside_with_advice(tmp_path: Path) -> None:
    voxels = one_cine()
    for name, image in {
        "heart": voxels[..., 0],
        "t1map": voxels[..., 0],
        "lge_repeats": voxels,
        "blank_4d": voxels * 0,
        "scores": (voxels % 2).astype(np.float32),
    }.items():
        save(tmp_path / f"{name}.nii", image, dicom_affine())
    with pytest.raises(StudyError) as caught:
        read_study(tmp_path)
    for reason in (
        r"axes (x, y, slice, time) or is a pair of volumes named ED and ES",
        "mapping, perfusion, flow or tagging by name",
        "late enhancement with several images of one place",
        "blank, one value throughout",
        "label maps by their values",
    ):
        assert reason in str(caught.value)


def test_a_small_range_of_grey_is_no_label_map(tmp_path: Path) -> None:
    voxels = (one_cine() % 9).astype(np.uint8)
    assert len(read_study(save(tmp_path / "sa.nii", voxels, np.eye(4))).series) == SLICES
    halves = (one_cine() % 4).astype(np.float32) / 2
    assert len(read_study(save(tmp_path / "sax.nii", halves, np.eye(4))).series) == SLICES


def test_several_patients_are_refused_without_their_names(tmp_path: Path) -> None:
    for name in ("patient001_4d", "patient002_4d", "patient003_frame01"):
        save(tmp_path / f"{name}.nii.gz", one_cine(), dicom_affine())
    with pytest.raises(StudyError, match="3 different patients; pass the files") as caught:
        read_study(tmp_path)
    assert "patient00" not in str(caught.value)


def test_one_name_in_two_folders(tmp_path: Path) -> None:
    for folder in "ab":
        (tmp_path / folder).mkdir()
        save(tmp_path / folder / "sa.nii.gz", one_cine(), dicom_affine())
    study = read_study(tmp_path)
    assert len(study.series) == SLICES and reasons(study) == ["1 copies of another file"]
    save(tmp_path / "b" / "sa.nii.gz", one_cine() + 1, dicom_affine())
    with pytest.raises(StudyError, match="2 files that differ have one name"):
        read_study(tmp_path)


def three_axes(path: Path, step: float, unit: str = "sec", intent: int = 0) -> Path:
    """One slice over time as `(X, Y, T)`."""
    image = nibabel.Nifti1Image(np.tile(stack()[0], (4, 1, 1)).transpose(2, 1, 0), dicom_affine())
    image.header["pixdim"][3] = step
    image.header["intent_code"] = intent
    image.header.set_xyzt_units("mm", unit)
    image.to_filename(path)
    return path


@pytest.mark.parametrize(
    ("name", "header", "why"),
    [
        ("la_4ch", {"step": 0.035}, "its step makes a heartbeat"),
        ("la_4ch", {"step": 35.0, "unit": "msec"}, "its step makes a heartbeat"),
        ("la_4ch", {"step": 8.0, "intent": 2001}, "its header says that it is a time series"),
        ("sa_slice03", {"step": 8.0}, "its name numbers a slice"),
    ],
)
def test_three_axes_of_which_the_third_is_time(
    tmp_path: Path, name: str, header: dict, why: str
) -> None:
    (series,) = (study := read_study(three_axes(tmp_path / f"{name}.nii", **header))).series
    np.testing.assert_array_equal(series.pixels, np.tile(stack()[0], (4, 1, 1)))
    assert [why in note for note in own_notes(study)] == [True]
    np.testing.assert_allclose(series.position_mm, maker.BASE_MM, atol=1e-3)
    np.testing.assert_allclose(series.normal, np.cross(*maker.SAX_AXES), atol=1e-5)
    assert series.thickness_mm is None
    assert (series.rr_ms == pytest.approx(840)) == ("heartbeat" in why)


@pytest.mark.parametrize("header", [{"step": 8.0}, {"step": 35.0}, {"step": 1.0, "unit": "msec"}])
def test_three_axes_of_which_the_third_is_space(tmp_path: Path, header: dict) -> None:
    # Seconds are stated by most converters for every file, so that a unit tells nothing.
    with pytest.raises(StudyError, match="volumes without a time course"):
        read_study(three_axes(tmp_path / "la_4ch.nii", **header))


def test_a_fourth_axis_of_one_changes_nothing(tmp_path: Path) -> None:
    # ITK writes one slice over time so.
    path = save(tmp_path / "la_4ch.nii", stack()[0].transpose(2, 1, 0)[..., None], np.eye(4))
    with pytest.raises(StudyError, match="volumes without a time course"):
        read_study(path)
    (series,) = read_study(rewritten(path, pixdim=[1, 1, 1, 0.13, 1, 1, 1, 1])).series
    np.testing.assert_array_equal(series.pixels, stack()[0])


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (2, 0, 1, 3), (0, 2, 1, 3)])
def test_slices_along_another_axis(tmp_path: Path, order: tuple[int, ...]) -> None:
    # As after turning a file to the axes of the patient.
    affine = dicom_affine()[:, order]
    study = read_study(save(tmp_path / "sax.nii", one_cine().transpose(order), affine))
    assert len(study.cines(View.SAX)) == SLICES
    for z, series in enumerate(study.series):
        np.testing.assert_array_equal(series.pixels, stack()[z])
        np.testing.assert_allclose(
            series.position_mm, maker.BASE_MM + z * 10 * maker.APEX, atol=1e-3
        )


@pytest.mark.slow
def test_images_are_shown_alike_however_they_are_stored(tmp_path: Path) -> None:
    case = make_case(13, size="small")
    write_nifti(case.study, tmp_path / "as_is")
    (tmp_path / "turned").mkdir()
    for path in (tmp_path / "as_is").iterdir():
        # Rows from below, as dcm2niix writes them, columns from the right, slices from the end.
        turned = nibabel.load(path).as_reoriented(np.array([[0, -1], [1, -1], [2, -1]]))
        turned.to_filename(tmp_path / "turned" / path.name)
    ours, theirs = read_study(tmp_path / "turned"), read_study(tmp_path / "as_is")
    for one, other in zip(ours.series, theirs.series, strict=True):
        np.testing.assert_array_equal(one.pixels, other.pixels)
        np.testing.assert_allclose(one.position_mm, other.position_mm, atol=0.01)


def test_a_file_per_slice(tmp_path: Path) -> None:
    for z in range(SLICES):
        affine = dicom_affine()
        affine[:3, 3] += z * affine[:3, 2]
        # Named from apex to base: the geometry knows better.
        name = f"sa_slice{SLICES - z:02}.nii.gz"
        save(tmp_path / name, one_cine()[:, :, z : z + 1], affine)
    study = read_study(tmp_path)
    assert [int(s.pixels[0, 0, 0]) for s in study.cines(View.SAX)] == list(stack()[:, 0, 0, 0])


def test_a_file_per_slice_without_geometry_goes_by_number(tmp_path: Path) -> None:
    paths = [
        save(tmp_path / f"sax_{z}.nii", one_cine()[:, :, z : z + 1], np.eye(4))
        for z in range(SLICES)
    ]
    study = read_study(paths[::-1])
    assert [int(s.pixels[0, 0, 0]) for s in study.cines(View.SAX)] == list(stack()[:, 0, 0, 0])
    assert len(own_notes(study)) == 1 and "which end is the base is unknown" in own_notes(study)[0]


def header_of(path: Path) -> nibabel.Nifti1Header:
    with path.open("rb") as stream:
        return nibabel.Nifti1Header.from_fileobj(stream, check=False)


def rewritten(path: Path, **fields: object) -> Path:
    """The file with fields of its header set, whatever they are."""
    header = header_of(path)
    for field, value in fields.items():
        header[field] = value
    path.write_bytes(header.binaryblock + path.read_bytes()[348:])
    return path


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    return save(tmp_path / "sax.nii", one_cine(), dicom_affine())


def test_only_the_quaternion_says_where(plain: Path) -> None:
    image = nibabel.Nifti1Image(one_cine(), dicom_affine())
    image.set_qform(dicom_affine(), 1)
    image.set_sform(None, 0)
    image.to_filename(plain)
    assert header_of(plain)["sform_code"] == 0
    # The maker's stack runs from base to apex against its normal, so the volume is left-handed.
    assert header_of(plain)["pixdim"][0] == -1
    np.testing.assert_allclose(
        [s.position_mm for s in read_study(plain).series],
        [maker.BASE_MM + z * 10 * maker.APEX for z in range(SLICES)],
        atol=1e-3,
    )


def test_the_sform_is_preferred_where_it_is_possible(plain: Path) -> None:
    moved = dicom_affine()
    moved[:3, 3] += [10, 20, 30]
    image = nibabel.Nifti1Image(one_cine(), dicom_affine())
    image.set_qform(moved, 1)
    image.set_sform(dicom_affine(), 1)
    image.to_filename(plain)
    first = read_study(plain).series[0]
    np.testing.assert_allclose(first.position_mm, maker.BASE_MM, atol=1e-3)
    rewritten(plain, srow_x=[np.nan] * 4)
    first = read_study(plain).series[0]
    np.testing.assert_allclose(first.position_mm, maker.BASE_MM + [-10, -20, 30], atol=1e-3)
    rewritten(plain, quatern_b=3.0)  # no rotation either
    assert read_study(plain).series[0].orientation is None


@pytest.mark.parametrize(
    ("pixdim", "spacing", "between", "assumed"),
    [
        ([-1.25, 1.5, 10], (1.5, 1.25), 10.0, False),
        ([1.25, 1.5, 0], (1.5, 1.25), None, False),
        ([0, np.nan, np.inf], (1.0, 1.0), None, True),
    ],
)
def test_voxel_sizes_that_are_no_lengths(
    plain: Path, pixdim: list[float], spacing: tuple, between: float | None, assumed: bool
) -> None:
    rewritten(plain, pixdim=[1, *pixdim, 1, 1, 1, 1], sform_code=0, qform_code=0)
    study = read_study(plain)
    assert study.series[0].spacing_mm == spacing and study.series[0].thickness_mm == between
    assert ("A file states no pixel spacing; 1 mm was assumed." in study.notes) == assumed


def test_units_other_than_millimetres(plain: Path) -> None:
    image = nibabel.Nifti1Image(one_cine(), dicom_affine())
    metres = dicom_affine()
    metres[:3] /= 1000
    image.set_sform(metres, 1)
    image.header.set_xyzt_units("meter", "sec")
    image.to_filename(plain)
    series = read_study(plain).series[1]
    np.testing.assert_allclose(series.spacing_mm, (1.5, 1.25), rtol=1e-4)
    np.testing.assert_allclose(series.position_mm, maker.BASE_MM + 10 * maker.APEX, atol=1e-2)


@pytest.mark.parametrize(("slope", "intercept"), [(0.0, 5.0), (np.nan, np.nan), (1.0, 0.0)])
def test_a_slope_that_is_none_leaves_the_values(
    plain: Path, slope: float, intercept: float
) -> None:
    study = read_study(rewritten(plain, scl_slope=slope, scl_inter=intercept))
    np.testing.assert_array_equal(study.series[1].pixels, stack()[1])


@pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.uint16, np.int64, np.float32, np.float64])
def test_types_of_numbers_and_both_versions(tmp_path: Path, dtype: type) -> None:
    voxels = (one_cine() % 200).astype(dtype)
    for kind in (nibabel.Nifti1Image, nibabel.Nifti2Image):
        kind(voxels, dicom_affine(), dtype=dtype).to_filename(tmp_path / "sax.nii.gz")
        series = read_study(tmp_path / "sax.nii.gz").series[3]
        np.testing.assert_array_equal(series.pixels, stack()[3] % 200)
        assert series.pixels.dtype == (np.float32 if np.dtype(dtype).kind == "f" else dtype)


def test_values_that_are_not_finite(tmp_path: Path) -> None:
    voxels = one_cine().astype(np.float64)
    voxels[0, 0, 0, :3] = np.nan, np.inf, 1e300
    study = read_study(save(tmp_path / "sax.nii", voxels, dicom_affine()))
    assert own_notes(study) == ["Values that are not finite were replaced by 0."]
    assert sum(int((s.pixels == 0).sum()) for s in study.series) == 3
    assert all(np.isfinite(s.pixels).all() for s in study.series)


def test_colours_and_complex_numbers(tmp_path: Path) -> None:
    save(tmp_path / "complex.nii", one_cine().astype(np.complex64), np.eye(4))
    colours = np.zeros(one_cine().shape, [("R", "u1"), ("G", "u1"), ("B", "u1")])
    nibabel.Nifti1Image(colours, np.eye(4)).to_filename(tmp_path / "rgb.nii")
    with pytest.raises(StudyError, match="2 files .NIfTI files of colours or complex numbers"):
        read_study(tmp_path)


def test_a_pair_of_header_and_image(tmp_path: Path) -> None:
    nibabel.Nifti1Pair(one_cine(), np.eye(4)).to_filename(tmp_path / "sax.hdr")
    with pytest.raises(StudyError, match="convert each pair to one .nii file"):
        read_study(tmp_path)


@pytest.mark.parametrize(
    "dim",
    [
        [4, -10, 12, 5, 6, 1, 1, 1],
        [4, 0, 12, 5, 6, 1, 1, 1],
        [0, 10, 12, 5, 6, 1, 1, 1],
        [1, 10, 12, 5, 6, 1, 1, 1],
        [5, 10, 12, 5, 1, 6, 1, 1],
        [7, 10, 12, 5, 6, 2, 1, 1],
        [9, 10, 12, 5, 6, 1, 1, 1],
        [4, 32767, 32767, 32767, 32767, 1, 1, 1],
        [4, 9000, 1, 1, 2, 1, 1, 1],
    ],
)
def test_impossible_dimensions(plain: Path, dim: list[int]) -> None:
    with pytest.raises(StudyError, match="sax.nii|limit"):
        read_study(rewritten(plain, dim=dim))


def test_sizes_that_no_heart_has(plain: Path) -> None:
    rewritten(plain, srow_x=[1e30, 0, 1e30, 0], pixdim=[1, 1e30, 1.5, 1e30, 1, 1, 1, 1])
    study = read_study(plain)
    assert study.series[0].spacing_mm == (1.5, 1.0) and study.series[0].thickness_mm is None
    assert "A file states no pixel spacing; 1 mm was assumed." in study.notes


def test_a_file_that_ends_within_its_header(tmp_path: Path) -> None:
    nibabel.Nifti2Image(one_cine(), np.eye(4)).to_filename(tmp_path / "sax.nii")
    (tmp_path / "sax.nii").write_bytes((tmp_path / "sax.nii").read_bytes()[:400])
    with pytest.raises(StudyError, match="damaged NIfTI"):
        read_study(tmp_path / "sax.nii")


@pytest.mark.parametrize("offset", [-400.0, np.nan, np.inf, 1e7])
def test_voxels_that_begin_nowhere(plain: Path, offset: float) -> None:
    with pytest.raises(StudyError, match="damaged NIfTI"):
        read_study(rewritten(plain, vox_offset=offset))


def test_ways_to_pack(tmp_path: Path, plain: Path) -> None:
    whole = plain.read_bytes()
    path = tmp_path / "packed" / "sax.nii.gz"
    path.parent.mkdir()
    for data in (
        gzip.compress(whole) + b"trailing garbage",
        gzip.compress(whole[:5000]) + gzip.compress(whole[5000:]),
        gzip.compress(whole + bytes(1 << 20)),
    ):
        path.write_bytes(data)
        assert len(read_study(path).series) == SLICES


def test_a_bomb_is_not_inflated(tmp_path: Path, plain: Path) -> None:
    path = tmp_path / "bomb.nii.gz"
    path.write_bytes(gzip.compress(plain.read_bytes() + bytes(300 << 20), 1))
    tracemalloc.start()
    study = read_study(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(study.series) == SLICES and peak < 16 << 20


def test_nothing_of_a_header_is_logged(plain: Path, caplog, capfd) -> None:
    rewritten(plain, pixdim=[7, -1, -1, -1, 1, 1, 1, 1], descrip=b"Wintergreen", sform_code=77)
    read_study(plain)
    assert caplog.text == "" and capfd.readouterr() == ("", "")


@pytest.mark.slow
def test_synthetic_exams_read_as_their_dicom(tmp_path: Path) -> None:
    case = make_case(3, size="small")
    write_nifti(case.study, tmp_path / "nifti")
    write_dicom(case.study, tmp_path / "dicom", 3)
    ours, theirs = read_study(tmp_path / "nifti"), read_study(tmp_path / "dicom")
    assert own_notes(ours) == [] and len(ours.series) == len(theirs.series)
    for one, other in zip(ours.series, theirs.series, strict=True):
        assert (one.view, one.sequence) == (other.view, other.sequence)
        np.testing.assert_array_equal(one.pixels, other.pixels)
        np.testing.assert_allclose(one.spacing_mm, other.spacing_mm, rtol=1e-4)
        np.testing.assert_allclose(one.position_mm, other.position_mm, atol=0.05)
        np.testing.assert_allclose(one.orientation, other.orientation, atol=1e-3)


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("dcm2niix"), reason="dcm2niix is not installed")
def test_dcm2niix_makes_the_same_study_of_the_dicom(tmp_path: Path) -> None:
    write_dicom(make_case(3, size="small").study, tmp_path / "dicom", 3, scout=True)
    (made := tmp_path / "nifti").mkdir()
    command = ["dcm2niix", "-z", "y", "-f", "%d", "-o", made, tmp_path / "dicom"]
    subprocess.run(command, check=True, capture_output=True)
    ours, theirs = read_study(made), read_study(tmp_path / "dicom")
    for one, other in zip(ours.series, theirs.series, strict=True):
        assert (one.view, one.sequence) == (other.view, other.sequence)
        np.testing.assert_array_equal(one.pixels, other.pixels)
        np.testing.assert_allclose(one.position_mm, other.position_mm, atol=0.05)


def test_real_pairs_of_phases(real_folder: Path, tmp_path: Path) -> None:
    """ACDC as it is published, but for the whole cines: two phases and their labels."""
    data = np.load(real_folder / "acdc_dev.npz")
    table = csv.DictReader((real_folder / "acdc_dev.csv").open())
    for row in list(table)[::10]:
        patient, folder = row["patient"], tmp_path / row["patient"]
        folder.mkdir()
        sizes = [float(row[f"{axis}_mm"]) for axis in ("col", "row", "slice")]
        for frame, phase in (("01", "ed"), ("12", "es")):
            for part, suffix in ((phase, ""), (f"{phase}_seg", "_gt")):
                voxels = data[f"{patient}/{part}"].transpose(2, 1, 0)
                name = f"{patient}_frame{frame}{suffix}.nii.gz"
                save(folder / name, voxels, np.diag([*sizes, 1]))
        study = read_study(folder)
        expected = np.stack([data[f"{patient}/ed"], data[f"{patient}/es"]], axis=1)
        np.testing.assert_array_equal([s.pixels for s in study.cines(View.SAX)], expected)
        np.testing.assert_allclose(study.series[0].spacing_mm, sizes[1::-1], rtol=1e-6)
        assert reasons(study) == ["2 label maps, not images"] and len(own_notes(study)) == 2
    with pytest.raises(StudyError, match="4 different patients"):
        read_study(tmp_path)


def test_damaged_and_lying_files(tmp_path: Path) -> None:
    path = save(tmp_path / "sax.nii.gz", stack().transpose(3, 2, 0, 1), dicom_affine())
    whole = gzip.decompress(path.read_bytes())
    (tmp_path / "short.nii").write_bytes(whole[:-50])
    with pytest.raises(StudyError, match="damaged NIfTI"):
        read_study(tmp_path / "short.nii")
    path.write_bytes(path.read_bytes()[:400])
    with pytest.raises(StudyError, match="damaged NIfTI"):
        read_study(path)
    lying = bytearray(whole)
    lying[42:50] = np.array([30_000] * 4, "<i2").tobytes()
    (tmp_path / "lying.nii.gz").write_bytes(gzip.compress(bytes(lying)))
    with pytest.raises(StudyError, match="limit pixel_bytes"):
        read_study(tmp_path / "lying.nii.gz")
