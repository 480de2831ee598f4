"""Real exams, and every file that pydicom itself is tested with."""

from __future__ import annotations

import re
import tarfile
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pydicom
import pydicom.data
import pytest

from cmrclip_lite.errors import CmrClipError
from cmrclip_lite.readers import Limits, read_study
from cmrclip_lite.readers.decoding import Decoders
from cmrclip_lite.readers.headers import read_header
from cmrclip_lite.readers.pixels import read_frames
from cmrclip_lite.readers.records import Header
from cmrclip_lite.readers.sources import Source
from cmrclip_lite.study import View

BUNDLED = Path(pydicom.data.__file__).parent / "test_files"


@pytest.mark.parametrize(
    ("name", "slices"), [("SCD0000101", 12), ("SCD0000201", 13), ("SCD0000301", 10)]
)
def test_real_exams(real_folder: Path, name: str, slices: int) -> None:
    study = read_study(real_folder / "sunnybrook" / f"{name}.zip")
    cines = study.cines(View.SAX)
    assert len(cines) == len(study.series) == slices
    assert {s.pixels.shape for s in cines} == {(20, 256, 256)}
    assert {s.pixels.dtype for s in cines} == {np.dtype(np.int16)}
    (scouts,) = study.set_aside
    assert scouts.count == 15 and scouts.reason.startswith("scouts")
    # Base first: each slice lies further to the left, the front and the feet than the last.
    steps = np.diff([s.position_mm for s in cines], axis=0)
    assert (steps * [1, -1, -1] > 0).all()
    for series in cines:
        assert (np.diff(series.trigger_ms) > 0).all()
        assert series.trigger_ms[-1] < series.rr_ms
        # In order of time a heart moves little from frame to frame, and the last frame leads
        # back to the first: neighbours are more alike than frames half a beat apart.
        frames = series.pixels.astype(np.float32)
        near = np.abs(frames - np.roll(frames, 1, axis=0)).mean()
        far = np.abs(frames - np.roll(frames, 10, axis=0)).mean()
        assert near < far


def bundled_files() -> list[Path]:
    files = [f for f in sorted(BUNDLED.rglob("*")) if f.is_file()]
    return [f for f in files if f.suffix not in (".py", ".pyc")]


def larger_files() -> list[Path]:
    """The files that pydicom keeps in a package of their own."""
    data_store = pytest.importorskip("data_store", reason="pydicom-data is not installed")
    return sorted((Path(data_store.__file__).parent / "data").iterdir())


def outcome(given: Path | list[Path]) -> str:
    """ "read", or the reason why not, without what is the file's own."""
    try:
        read_study(given)
    except CmrClipError as error:
        assert len(str(error)) < 2000
        found = re.search(r"images: [0-9]+ \w+ \((.*)\)[.]", str(error))
        return found.group(1) if found else str(error)
    return "read"


def test_files_of_pydicom_read_or_fail_clearly() -> None:
    files = bundled_files()
    assert len(files) > 100
    outcomes = Counter(outcome(file) for file in files)
    assert sum(outcomes.values()) == len(files)
    # Nearly all are CT, ultrasound or no image; what else there is must not grow unnoticed.
    assert outcomes["damaged DICOM files"] <= 2, outcomes


@pytest.mark.slow
def test_larger_files_of_pydicom_read_or_fail_clearly() -> None:
    outcomes = Counter(outcome(file) for file in larger_files())
    # None is of a heart; six are dynamic images of a brain, which must not pass for one.
    assert sum(outcomes.values()) >= 60 and outcomes["read"] == 0
    assert outcomes["images of another part of the body"] >= 6
    assert outcomes["damaged DICOM files"] == 0, outcomes


@pytest.mark.slow
def test_files_of_pydicom_under_wrong_names(tmp_path: Path) -> None:
    """What a file is is told by its content: a name changes nothing."""
    endings = (".nii.gz", ".zip", ".npz", ".mp4", ".txt", "")
    for number, file in enumerate(bundled_files() + larger_files()):
        # A text has no content to tell; the standard itself gives DICOMDIR its name.
        if b"\0" not in file.read_bytes()[:1024] or file.name.startswith("DICOMDIR"):
            continue
        wrong = tmp_path / f"wrong{number}{endings[number % len(endings)]}"
        wrong.symlink_to(file)
        before, after = outcome(file), outcome(wrong)
        assert before.replace(file.name, "") == after.replace(wrong.name, ""), file.name


@pytest.mark.slow
def test_everything_of_pydicom_in_one_archive(tmp_path: Path) -> None:
    """One patient's exam among it all is refused, for there are many patients."""
    files = bundled_files() + larger_files()
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for number, file in enumerate(files):
            archive.write(file, f"{number % 7}/{number}-{file.name}")
    with tarfile.open(tmp_path / "all.tar.gz", "w:gz") as archive:
        for number, file in enumerate(files):
            archive.add(file, f"{number % 7}/{number}-{file.name}")
    for name in ("all.zip", "all.tar.gz"):
        with pytest.raises(CmrClipError, match=r"[0-9]+ different patients"):
            read_study(tmp_path / name)


@pytest.fixture(scope="module")
def decoders() -> Iterator[Decoders]:
    with Decoders(Limits(), 1) as working:
        yield working


@pytest.mark.filterwarnings("ignore")
def test_pixels_are_those_that_pydicom_decodes(decoders: Decoders) -> None:
    """The fast way to uncompressed pixels, and the way through another process, change nothing."""
    compared = 0
    for file in bundled_files():
        if file.suffix != ".dcm":
            continue
        source = Source(file.name, file.stat().st_size, lambda file=file: open(file, "rb"))
        header = read_header(source, Limits())
        if not isinstance(header, Header) or not header.has_image or header.samples != 1:
            continue
        try:
            ds = pydicom.dcmread(file, force=True)
            expected = ds.pixel_array.reshape(-1, header.rows, header.columns)
        except (AttributeError, RuntimeError, ValueError, NotImplementedError):
            continue  # what pydicom cannot decode is no reference
        ours = read_frames(header, list(range(len(expected))), decoders)
        assert sorted(ours) == list(range(len(expected))), file.name
        for index, frame in enumerate(expected):
            np.testing.assert_array_equal(ours[index], frame, err_msg=file.name)
        compared += 1
    assert compared >= 20
