"""NIfTI files and arrays become the same kind of study as DICOM."""

from __future__ import annotations

import gzip
from pathlib import Path

import nibabel
import numpy as np
import pytest

from cmrclip_lite.errors import StudyError
from cmrclip_lite.quality import quality_notes
from cmrclip_lite.readers import Limits, read_study
from cmrclip_lite.study import View
from tests import dicom_maker as maker

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
    assert len(cines) == SLICES and study.notes == quality_notes(study)
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


def test_volumes_without_time_and_label_maps_are_set_aside(tmp_path: Path) -> None:
    voxels = stack().transpose(3, 2, 0, 1)
    save(tmp_path / "patient001_4d.nii.gz", voxels, dicom_affine())
    save(tmp_path / "patient001_frame01.nii.gz", voxels[..., 0], dicom_affine())
    save(tmp_path / "patient001_frame01_gt.nii.gz", voxels[..., 0] % 4, dicom_affine())
    study = read_study(tmp_path)
    assert len(study.series) == SLICES
    assert {item.reason.split()[0] for item in study.set_aside} == {"volumes", "label"}
    with pytest.raises(StudyError, match=r"axes \(x, y, slice, time\)"):
        read_study(tmp_path / "patient001_frame01.nii.gz")


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


def test_numpy_files(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", pixels=stack(), spacing_mm=[8.0, 1.5, 1.25], view="SAX")
    study = read_study(tmp_path / "a.npz")
    assert study.series[2].spacing_mm == (1.5, 1.25) and study.series[2].thickness_mm == 8.0
    np.testing.assert_array_equal(study.series[2].pixels, stack()[2])
    np.save(tmp_path / "b.npy", stack()[0])
    study = read_study(tmp_path / "b.npy")
    assert len(study.series) == 1 and "does not state its spacing" in study.notes[0]
    np.save(tmp_path / "c.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(StudyError, match="c.npy is no NumPy file of plain numbers"):
        read_study(tmp_path / "c.npy")
    with pytest.raises(StudyError, match="limit pixel_bytes"):
        read_study(tmp_path / "a.npz", limits=Limits(pixel_bytes=100))
