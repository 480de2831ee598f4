"""NRRD files, as 3D Slicer, ITK and the left atrium challenge write them."""

from __future__ import annotations

import builtins
import gzip
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from cmrclip_lite.errors import StudyError
from cmrclip_lite.readers import Limits, read_study
from cmrclip_lite.study import Sequence, View
from tests import dicom_maker as maker
from tests.readers.notes import own_notes
from tests.readers.test_nifti import PHASES, SLICES, one_cine, stack

nrrd = pytest.importorskip("nrrd", reason="pynrrd is not installed")

# Steps of one column, row and slice in left, back and head, as rows.
STEPS = np.stack([maker.SAX_AXES[0] * 1.25, maker.SAX_AXES[1] * 1.5, maker.APEX * 10.0])
NONE = [np.nan] * 3
TIMES = np.arange(PHASES) * 130


def header(**fields: object) -> dict:
    """A header of `(X, Y, Z, T)` as Slicer writes it, with some of its fields changed."""
    named = {
        "space": "left-posterior-superior",
        "space directions": np.array([*STEPS, NONE]),
        "space origin": maker.BASE_MM,
        "kinds": ["domain", "domain", "domain", "list"],
        "axis 3 index values": " ".join(map(str, TIMES)),
        "axis 3 index type": "numeric",
    }
    named |= {field.replace("_", " "): value for field, value in fields.items()}
    return {field: value for field, value in named.items() if value is not None}


def save(path: Path, voxels: np.ndarray, **fields: object) -> Path:
    nrrd.write(str(path), voxels, header(**fields))
    return path


def check(path: Path) -> None:
    """The file holds the maker's short axis."""
    study = read_study(path)
    assert len(study.cines(View.SAX)) == SLICES and own_notes(study) == []
    for z, series in enumerate(study.series):
        np.testing.assert_array_equal(series.pixels, stack()[z])
        assert series.pixels.dtype.isnative and series.pixels.flags["C_CONTIGUOUS"]
        np.testing.assert_allclose(series.spacing_mm, (1.5, 1.25), rtol=1e-6)
        np.testing.assert_allclose(series.orientation, maker.SAX_AXES, atol=1e-5)
        np.testing.assert_allclose(series.position_mm, maker.BASE_MM + z * 10 * maker.APEX)
        np.testing.assert_allclose(series.trigger_ms, TIMES)
        assert series.rr_ms == pytest.approx(780)


@pytest.mark.parametrize("encoding", ["raw", "gzip"])
@pytest.mark.parametrize("endian", ["little", "big"])
def test_a_sequence_of_slicer(tmp_path: Path, encoding: str, endian: str) -> None:
    voxels = one_cine().astype(one_cine().dtype.newbyteorder("<" if endian == "little" else ">"))
    check(save(tmp_path / "heart.seq.nrrd", voxels, encoding=encoding, endian=endian))


def test_a_sequence_whose_list_comes_first(tmp_path: Path) -> None:
    fields = {
        "space_directions": np.array([NONE, *STEPS]),
        "kinds": ["list", "domain", "domain", "domain"],
        "axis_3_index_values": None,
        "axis 0 index values": " ".join(map(str, TIMES)),
    }
    check(save(tmp_path / "heart.seq.nrrd", one_cine().transpose(3, 0, 1, 2), **fields))


@pytest.mark.parametrize(
    ("space", "signs"),
    [
        ("right-anterior-superior", [-1, -1, 1]),
        ("RAS", [-1, -1, 1]),
        ("left-anterior-superior", [1, -1, 1]),
        ("LPS", [1, 1, 1]),
    ],
)
def test_patient_systems(tmp_path: Path, space: str, signs: list[int]) -> None:
    directions = np.array([*STEPS * signs, NONE])
    origin = maker.BASE_MM * signs
    path = tmp_path / "a.nrrd"
    check(save(path, one_cine(), space=space, space_directions=directions, space_origin=origin))


def test_times_of_a_multivolume_and_of_an_axis(tmp_path: Path) -> None:
    labels = {"axis_3_index_values": None, "MultiVolume.FrameLabels": ",".join(map(str, TIMES))}
    check(save(tmp_path / "a.nrrd", one_cine(), **labels))
    seconds = {
        "axis_3_index_values": None,
        "spacings": [np.nan, np.nan, np.nan, 0.13],
        "units": ["mm", "mm", "mm", "s"],
        "kinds": ["domain", "domain", "domain", "time"],
    }
    check(save(tmp_path / "b.nrrd", one_cine(), **seconds))


def test_indices_are_no_times(tmp_path: Path) -> None:
    path = save(tmp_path / "a.nrrd", one_cine(), axis_3_index_values="0 1 2 3 4 5")
    assert read_study(path).series[0].trigger_ms is None


def test_one_slice_over_time(tmp_path: Path) -> None:
    voxels = one_cine()[:, :, 0]
    fields = {
        "space_directions": np.array([*STEPS[:2], NONE]),
        "kinds": ["domain", "domain", "list"],
    }
    (series,) = read_study(save(tmp_path / "sax.nrrd", voxels, **fields)).series
    np.testing.assert_array_equal(series.pixels, stack()[0])
    np.testing.assert_allclose(series.position_mm, maker.BASE_MM)
    assert series.thickness_mm is None


def test_four_axes_that_say_nothing(tmp_path: Path) -> None:
    path = tmp_path / "sa.nrrd"
    nrrd.write(str(path), one_cine(), {"spacings": [1.25, 1.5, 10, 1]})
    study = read_study(path)
    assert [s.pixels[0, 0, 0] for s in study.cines(View.SAX)] == list(stack()[:, 0, 0, 0])
    assert study.series[0].spacing_mm == (1.5, 1.25) and study.series[0].thickness_mm == 10
    assert study.series[0].orientation is None and "which end is the base" in own_notes(study)[0]


def test_the_left_atrium_challenge(tmp_path: Path) -> None:
    volume = {
        "space_directions": np.diag([0.625, 0.625, 1.25]),
        "kinds": ["domain"] * 3,
        "encoding": "gzip",
    }
    save(tmp_path / "lgemri.nrrd", one_cine()[..., 0].astype(np.uint8), **volume)
    save(tmp_path / "laendo.nrrd", (one_cine()[..., 0] % 2 * 255).astype(np.uint8), **volume)
    study = read_study(tmp_path)
    assert {(s.view, s.sequence) for s in study.series} == {(View.AXIAL, Sequence.LGE)}
    assert len(study.series) == SLICES and study.set_aside[0].reason == "label maps, not images"


def test_phases_in_files_of_their_own(tmp_path: Path) -> None:
    volume = {"space_directions": STEPS, "kinds": ["domain"] * 3}
    save(tmp_path / "sa_ES.nrrd", one_cine()[..., 3], **volume)
    save(tmp_path / "sa_ED.nrrd", one_cine()[..., 0], **volume)
    study = read_study(tmp_path)
    np.testing.assert_array_equal(study.series[1].pixels, stack()[1, [0, 3]])


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ((b"encoding: raw", b"encoding: bzip2"), "another encoding"),
        ((b"encoding: raw", b"encoding: raw\nbyte skip: 10"), "skip a part"),
        ((b"encoding: raw", b"encoding: raw\nline skip: 1000000000000"), "skip a part"),
        ((b"domain domain domain", b"RGB-color domain domain"), "colours or vectors"),
        ((b"sizes: 10 12 5 6", b"sizes: 10 12 5 7"), "damaged NRRD files, or cut short"),
        ((b"sizes: 10 12 5 6", b"sizes: 10 12 5"), "damaged"),
        ((b"sizes: 10 12 5 6", b"sizes: 10 12 5 nan"), "without an image"),
        ((b"sizes: 10 12 5 6", b"sizes: 10 12 5 -6"), "without an image"),
        ((b"sizes: 10 12 5 6", b"sizes: 10 12 99999 99999"), "limit pixel_bytes"),
        ((b"sizes: 10 12 5 6", b"sizes: 1e300 12 5 6"), "without an image|limit|damaged"),
        ((b"type: int16", b"type: block"), "damaged"),
        ((b"type: int16", b"type: complex"), "damaged"),
        ((b"NRRD0005", b"NRRD0009"), "damaged"),
        ((b"dimension: 4", b"dimension: four"), "damaged"),
        ((b"dimension: 4", b"no colon here"), "damaged"),
        ((b"space directions: ", b"space directions: ("), "damaged"),
    ],
)
def test_hostile_headers(tmp_path: Path, change: tuple[bytes, bytes], reason: str) -> None:
    path = save(tmp_path / "sax.nrrd", one_cine(), encoding="raw")
    data = path.read_bytes()
    assert change[0] in data
    path.write_bytes(data.replace(*change, 1))
    with pytest.raises(StudyError, match=reason):
        read_study(path)


@pytest.mark.parametrize(
    "bad",
    [b"(nan,0,0) (0,nan,0) (0,0,nan)", b"(0,0,0) (0,0,0) (0,0,0)", b"(1,0,0) (1,0,0) (1,0,0)"],
)
def test_directions_that_span_no_space(tmp_path: Path, bad: bytes) -> None:
    path = save(tmp_path / "sax.nrrd", one_cine(), encoding="raw")
    lines = path.read_bytes().split(b"\n", 20)
    lines = [
        b"space directions: " + bad + b" none" if line.startswith(b"space dir") else line
        for line in lines
    ]
    path.write_bytes(b"\n".join(lines))
    assert read_study(path).series[0].orientation is None


@pytest.mark.parametrize("field", [b"data file", b"datafile", b"Data File"])
def test_no_other_file_is_opened(tmp_path: Path, field: bytes, monkeypatch) -> None:
    secret = tmp_path / "secret.raw"
    secret.write_bytes(one_cine().tobytes("F"))
    path = save(tmp_path / "sax.nrrd", one_cine(), encoding="raw")
    head = path.read_bytes().split(b"\n\n")[0]
    opened = []
    real_open = builtins.open
    monkeypatch.setattr(
        builtins, "open", lambda name, *a, **k: opened.append(name) or real_open(name, *a, **k)
    )
    for target in (bytes(secret), b"../secret.raw", b"LIST", b"/etc/passwd"):
        path.write_bytes(head + b"\n" + field + b": " + target + b"\n")
        with pytest.raises(StudyError, match="detached NRRD files .* save each with its data"):
            read_study(path)
    assert {Path(name).name for name in opened if not isinstance(name, int)} == {"sax.nrrd"}


def test_a_bomb_is_not_inflated(tmp_path: Path) -> None:
    path = save(tmp_path / "sax.nrrd", one_cine(), encoding="raw")
    head, data = path.read_bytes().split(b"\n\n", 1)
    packed = gzip.compress(data + bytes(300 << 20), 1)
    path.write_bytes(head.replace(b"encoding: raw", b"encoding: gzip") + b"\n\n" + packed)
    tracemalloc.start()
    check(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 16 << 20
    with pytest.raises(StudyError, match="limit pixel_bytes = 100 "):
        read_study(path, limits=Limits(pixel_bytes=100))


def test_a_file_cut_short(tmp_path: Path) -> None:
    path = save(tmp_path / "sax.nrrd", one_cine(), encoding="gzip")
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(StudyError, match="damaged NRRD files, or cut short"):
        read_study(path)
    path.write_bytes(b"NRRD0005\n")
    with pytest.raises(StudyError, match="damaged NRRD"):
        read_study(path)


def test_without_the_library(tmp_path: Path, monkeypatch) -> None:
    path = save(tmp_path / "sax.nrrd", one_cine())
    monkeypatch.setitem(sys.modules, "nrrd", None)
    with pytest.raises(StudyError, match=r"sax.nrrd is an NRRD file; .*cmrclip-lite\[formats\]"):
        read_study(path)
