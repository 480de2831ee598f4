"""Spoiled exams end in a study or in a clear error: some of those of benchmarks/fuzz.py, and the
smallest form of each that did not.
"""

from __future__ import annotations

import gzip
import io
import logging
import struct
import zipfile
from pathlib import Path

import nibabel
import numpy as np
import pytest

from cmrclip_lite.errors import CmrClipError, StudyError
from cmrclip_lite.readers import read_study
from tests import dicom_maker as maker
from tests.readers.fuzzing.mutants import make
from tests.readers.fuzzing.pool import judged
from tests.readers.fuzzing.seeds import MAKERS, Seed, all_seeds

MUTANTS = 400


@pytest.fixture(scope="module")
def seeds() -> list[Seed]:
    return all_seeds()


def test_every_maker_gives_seeds(seeds: list[Seed]) -> None:
    assert len({make.__name__ for make in MAKERS}) == len(MAKERS)
    assert {seed.form for seed in seeds} >= {"dicom", "nifti", "npy", "npz", "nrrd", "zip", "tar"}
    assert all(seed.files and all(seed.files.values()) for seed in seeds)


@pytest.mark.slow
def test_a_mutant_is_the_same_in_every_run(seeds: list[Seed]) -> None:
    made_again = all_seeds()
    for number in range(200):
        first, again = make(3, number, seeds), make(3, number, made_again)
        assert first.files == again.files and first.kinds == again.kinds


@pytest.mark.slow
def test_spoiled_exams_do_no_harm(seeds: list[Seed]) -> None:
    verdicts = list(judged(1, range(MUTANTS), seeds, workers=1))
    assert sorted(v.number for v in verdicts) == list(range(MUTANTS))
    # Mutants that are all refused, or all read, would test little.
    assert min(sum(v.outcome == what for v in verdicts) for what in ("study", "refused")) > 40
    findings = [f"{v.number} {v.outcome}: {v.detail}" for v in verdicts if not v.fine]
    assert not findings, "\n".join(findings)


# What spoiled exams have found, each in its smallest form.


def refused(path: Path, data: bytes, match: str = ".") -> None:
    path.write_bytes(data)
    with pytest.raises(CmrClipError, match=match):
        read_study(path)


def nifti() -> bytearray:
    header = nibabel.Nifti1Header()
    header.set_data_dtype(np.int16)
    image = nibabel.Nifti1Image(np.zeros((4, 4, 2, 5), np.int16), np.eye(4), header)
    return bytearray(image.to_bytes())


def test_a_packed_nifti_header_that_is_cut_short(tmp_path: Path) -> None:
    """Raised nibabel's WrapStructError."""
    data = gzip.compress(bytes(nifti()[:347]) + b"n")
    refused(tmp_path / "a.nii.gz", data)
    second = nibabel.Nifti2Image(np.zeros((4, 4, 2, 5), np.int16), np.eye(4)).to_bytes()
    refused(tmp_path / "b.nii", second[:500], "damaged")
    refused(tmp_path / "c.nii.gz", gzip.compress(second[:500]), "damaged")


@pytest.mark.parametrize(
    ("at", "code", "value"),
    [(0, "i", 7), (70, "h", 4096), (80, "f", 0.0), (108, "f", -1.0), (108, "f", float("nan")),
     (108, "f", 1.5e18), (252, "h", 8192), (254, "h", -1)],
    ids=["size", "type", "zoom", "offset", "nan-offset", "far-offset", "qform", "sform"],
)  # fmt: skip
def test_doubtful_nifti_headers_are_not_spoken_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, at: int, code: str, value: float
) -> None:
    """nibabel logged what it mended."""
    data = nifti()
    struct.pack_into("<" + code, data, at, value)
    (tmp_path / "a.nii").write_bytes(data)
    with caplog.at_level(logging.DEBUG):
        try:
            read_study(tmp_path / "a.nii")
        except StudyError as error:
            assert "a.nii" in str(error)
    assert caplog.text == ""


def test_a_member_of_an_npz_that_is_no_array(tmp_path: Path) -> None:
    """NumPy hands over its bytes: AttributeError."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("pixels", b"no array")
    refused(tmp_path / "a.npz", stream.getvalue(), "needs an array named pixels")


def test_a_numpy_header_without_an_end(tmp_path: Path) -> None:
    """Raised TokenError of the module tokenize."""
    header = b"(" * 100 + b"\n"
    data = b"\x93NUMPY\x01\0" + struct.pack("<H", len(header)) + header
    refused(tmp_path / "a.npy", data, "no NumPy file")


def test_inverted_grey_of_impossible_depth(tmp_path: Path) -> None:
    """1 << 65535 is no number of pixels: OverflowError."""
    frames = np.stack([maker.picture(0, t, 8) for t in range(6)]).astype(np.uint16)
    tags = {"PhotometricInterpretation": "MONOCHROME1", "BitsStored": 65535, "HighBit": 65534}
    path = tmp_path / "a.dcm"
    path.write_bytes(maker.encode(maker.image(frames, FrameTime=50, **tags)))
    try:
        assert len(read_study(path).series) == 1
    except StudyError as error:
        assert "a.dcm" in str(error)


def test_a_scale_beyond_any_number_is_not_warned_of(
    tmp_path: Path, recwarn: pytest.WarningsRecorder
) -> None:
    """NumPy warned of an overflow."""
    data = nifti()
    data[352:] = np.full((len(data) - 352) // 2, 30_000, "<i2").tobytes()
    struct.pack_into("<ff", data, 112, 3e38, 3e38)
    (tmp_path / "a.nii").write_bytes(data)
    try:
        read_study(tmp_path / "a.nii")
    except StudyError as error:
        assert "a.nii" in str(error)
    assert not recwarn.list
