"""NumPy files: what a script saves, and what must not be trusted."""

from __future__ import annotations

import io
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest

from cmrclip_lite.errors import StudyError
from cmrclip_lite.phantom import make_case
from cmrclip_lite.phantom.dicom import write_dicom
from cmrclip_lite.phantom.make import write_npz
from cmrclip_lite.readers import Limits, read_study
from cmrclip_lite.study import Sequence, View
from tests import dicom_maker as maker
from tests.readers.notes import own_notes
from tests.readers.test_nifti import SLICES, dicom_affine, reasons, stack

SPACING = [8.0, 1.5, 1.25]


def test_a_stack(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", pixels=stack(), spacing_mm=SPACING, view="SAX", rr_ms=900)
    study = read_study(tmp_path / "a.npz")
    assert len(study.cines(View.SAX)) == SLICES and own_notes(study) == []
    for z, series in enumerate(study.series):
        np.testing.assert_array_equal(series.pixels, stack()[z])
        assert series.spacing_mm == (1.5, 1.25) and series.thickness_mm == 8.0
        assert series.orientation is None and series.rr_ms == 900


def test_pixels_alone(tmp_path: Path) -> None:
    np.save(tmp_path / "wintergreen_la_4ch.npy", stack()[0])
    study = read_study(tmp_path / "wintergreen_la_4ch.npy")
    (series,) = study.series
    assert series.view is View.FOUR_CHAMBER and series.spacing_mm == (1.5, 1.5)
    (note,) = own_notes(study)
    assert "does not state its spacing" in note and "wintergreen" not in note


def test_several_views_in_one_file(tmp_path: Path) -> None:
    np.savez(
        tmp_path / "exam.npz",
        pixels_SAX=stack(),
        spacing_mm_SAX=SPACING,
        trigger_ms_SAX=np.arange(6) * 130,
        pixels_4CH=stack()[0],
        spacing_mm_4CH=[6, 1, 1],
        pixels_SAX_LGE=stack()[:3, 0],
        spacing_mm_SAX_LGE=SPACING,
    )
    study = read_study(tmp_path / "exam.npz")
    found = [(s.view, s.sequence, s.pixels.shape[0]) for s in study.series]
    assert found == [
        *[(View.SAX, Sequence.CINE, 6)] * SLICES,
        *[(View.SAX, Sequence.LGE, 1)] * 3,
        (View.FOUR_CHAMBER, Sequence.CINE, 6),
    ]
    np.testing.assert_array_equal(study.series[0].trigger_ms, np.arange(6) * 130)


def test_a_stack_that_says_where_it_lies(tmp_path: Path) -> None:
    # Stored from the apex.
    affine = dicom_affine()
    affine[:3, 3] += affine[:3, 2] * (SLICES - 1)
    affine[:3, 2] *= -1
    np.savez(tmp_path / "a.npz", pixels=stack()[::-1], affine=affine, view="unknown")
    study = read_study(tmp_path / "a.npz")
    for z, series in enumerate(study.cines(View.SAX)):
        np.testing.assert_array_equal(series.pixels, stack()[z])
        np.testing.assert_allclose(series.position_mm, maker.BASE_MM + z * 10 * maker.APEX)
        np.testing.assert_allclose(series.spacing_mm, (1.5, 1.25), rtol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [3, 13])
def test_synthetic_exams_read_as_their_dicom(tmp_path: Path, seed: int) -> None:
    case = make_case(seed, size="small")
    write_npz(case.study, tmp_path / "npz")
    write_dicom(case.study, tmp_path / "dicom", seed)
    ours, theirs = read_study(tmp_path / "npz"), read_study(tmp_path / "dicom")
    assert own_notes(ours) == [] and len(ours.series) == len(theirs.series)
    for one, other in zip(ours.series, theirs.series, strict=True):
        assert (one.view, one.sequence) == (other.view, other.sequence)
        np.testing.assert_array_equal(one.pixels, other.pixels)
        np.testing.assert_allclose(one.spacing_mm, other.spacing_mm, rtol=1e-4)
        np.testing.assert_allclose(one.position_mm, other.position_mm, atol=0.05)


@pytest.mark.parametrize("dtype", [">i2", "<u4", "i8", "f2", "f4", ">f8", "u1"])
def test_types_of_numbers_and_orders(tmp_path: Path, dtype: str) -> None:
    pixels = (stack() % 200).astype(dtype)
    np.save(tmp_path / "a.npy", np.asfortranarray(pixels))
    series = read_study(tmp_path / "a.npy").series[2]
    np.testing.assert_array_equal(series.pixels, stack()[2] % 200)
    assert series.pixels.dtype.isnative and series.pixels.flags["C_CONTIGUOUS"]
    floats = np.dtype(dtype).kind == "f"
    assert series.pixels.dtype == (np.float32 if floats else np.dtype(dtype).newbyteorder("="))


@pytest.mark.parametrize(
    ("pixels", "reason"),
    [
        (np.array([{"a": 1}], dtype=object), "objects and records are not read"),
        (np.zeros((2, 2, 2, 2), [("a", "i2")]), "objects and records are not read"),
        (np.zeros((2, 2, 2, 2), bool), "must be real numbers, not bool"),
        (np.zeros((2, 2, 2, 2), np.complex64), "must be real numbers, not complex64"),
        (np.zeros((2, 2, 2, 2), "M8[s]"), "must be real numbers, not datetime64"),
        (np.array("text"), "must be real numbers"),
        (np.zeros((2, 0, 2, 2)), r"must be \(Z, T, H, W\) or \(T, H, W\), not \(2, 0, 2, 2\)"),
        (np.zeros((2, 2)), r"must be \(Z, T, H, W\) or \(T, H, W\), not \(2, 2\)"),
        (np.full((2, 2, 2, 2), np.nan), "NaN or infinite"),
        (np.full((2, 2, 2, 2), 1e300), "NaN or infinite"),
        (np.zeros((2, 1, 2, 2)), "no time course; of stills, say sequence LGE"),
    ],
)
def test_pixels_that_are_none(tmp_path: Path, pixels: np.ndarray, reason: str) -> None:
    np.save(tmp_path / "a.npy", pixels, allow_pickle=True)
    np.savez(tmp_path / "b.npz", pixels=pixels, spacing_mm=SPACING, allow_pickle=True)
    for name in ("a.npy", "b.npz"):
        with pytest.raises(StudyError, match=f"{name}.*{reason}"):
            read_study(tmp_path / name)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"spacing_mm": [8, 0, 1]}, "spacing_mm must be from 0.01 to 100"),
        ({"spacing_mm": [8, 1]}, r"spacing_mm must be finite numbers of shape \(3,\)"),
        ({"spacing_mm": ["8", "1", "1"]}, "spacing_mm must be finite numbers"),
        ({"affine": np.eye(3)}, "affine must be finite numbers"),
        ({"affine": np.full((4, 4), np.nan)}, "affine must be finite numbers"),
        ({"affine": np.zeros((4, 4))}, "spacing_mm must be from 0.01 to 100"),
        ({"trigger_ms": [0, 1]}, r"trigger_ms must be finite numbers of shape \(6,\)"),
        ({"view": "five-chamber"}, "the view must be one of SAX, 2CH"),
        ({"sequence": "T1"}, "the sequence must be one of cine, LGE"),
        ({"pixels_5CH": stack()}, "the view must be one of SAX, 2CH"),
        ({"sequence": "LGE"}, "late enhancement with several images of one place"),
    ],
)
def test_facts_that_are_none(tmp_path: Path, fields: dict, reason: str) -> None:
    np.savez(tmp_path / "a.npz", pixels=stack(), **fields)
    with pytest.raises(StudyError, match=f"a.npz.*{reason}"):
        read_study(tmp_path / "a.npz")


def test_a_file_without_pixels(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", images=stack())
    with pytest.raises(StudyError, match="a.npz: it needs an array named pixels"):
        read_study(tmp_path / "a.npz")


def lying(shape: str, dtype: str = "<i2") -> bytes:
    """An `.npy` of a few bytes whose header promises more."""
    header = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}, }}"
    header = header.ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode() + bytes(64)


@pytest.mark.parametrize(
    "data",
    [
        lying("(100000, 100000, 100, 100)"),
        lying("(4611686018427387904, 4, 2, 2)"),
        lying("(-2, -2, 2, 2)"),
        lying("(True, 2, 2, 2)", "no type"),
        lying("(__import__('os'), 2)"),
        lying("((2, 2, 2, 2)"),
        lying("(2, 2, 2, 2) \0"),
        lying("(2, 2, 2, 2)")[:-50],
        lying("(2, 2, 2, 2)")[:20],
        b"\x93NUMPY\x09\x00" + bytes(100),
        b"\x93NUMPY",
    ],
)
def test_headers_that_lie(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.npy").write_bytes(data)
    with zipfile.ZipFile(tmp_path / "b.npz", "w") as archive:
        archive.writestr("pixels.npy", data)
    tracemalloc.start()
    for name in ("a.npy", "b.npz"):
        with pytest.raises(StudyError, match=f"{name} is no NumPy file of plain numbers"):
            read_study(tmp_path / name)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 << 20


def test_bombs_and_limits(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "bomb.npz", pixels=np.zeros((4, 10, 1024, 1024), np.uint16))
    with pytest.raises(StudyError, match="bomb.npz goes over the limit ratio"):
        read_study(tmp_path / "bomb.npz")
    np.savez_compressed(tmp_path / "a.npz", pixels=stack(), spacing_mm=SPACING)
    with pytest.raises(StudyError, match="limit pixel_bytes"):
        read_study(tmp_path / "a.npz", limits=Limits(pixel_bytes=100))


def test_a_damaged_member(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", pixels=stack(), spacing_mm=SPACING)
    data = bytearray((tmp_path / "a.npz").read_bytes())
    data[3000:3010] = bytes(10)
    (tmp_path / "a.npz").write_bytes(data)
    with pytest.raises(StudyError, match="a.npz is no NumPy file of plain numbers, or is damaged"):
        read_study(tmp_path / "a.npz")


def test_arrays_among_other_files(tmp_path: Path) -> None:
    for z in range(2):
        pixels = io.BytesIO()
        np.savez(pixels, pixels=stack()[z], spacing_mm=SPACING)
        (tmp_path / f"slice{z}.npz").write_bytes(pixels.getvalue())
    np.savez(tmp_path / "still.npz", pixels=stack()[:, :1], spacing_mm=SPACING)
    (tmp_path / "readme.txt").write_text("arrays")
    study = read_study(tmp_path)
    assert [s.pixels[0, 0, 0] for s in study.series] == list(stack()[:2, 0, 0, 0])
    assert reasons(study) == [
        "1 no time course; of stills, say sequence LGE",
        "1 text files, not images",
    ]
