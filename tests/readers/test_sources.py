"""Whatever a user points at: each kind of bad input is one clear error, and nothing is left."""

from __future__ import annotations

import io
import os
import stat
import struct
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from cmrclip_lite.errors import StudyError
from cmrclip_lite.readers import Limits, read_study
from cmrclip_lite.readers.sources import natural
from cmrclip_lite.study import View
from tests import dicom_maker as maker


@pytest.fixture(autouse=True)
def empty_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Every test here ends with the temporary folder as it found it: empty."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    assert list(folder.iterdir()) == []


@pytest.fixture
def exam(tmp_path: Path) -> Path:
    return maker.save(maker.stack(), tmp_path / "exam")


def make_zip(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def test_folder_list_zip_and_zip_in_a_zip_give_the_same_study(tmp_path: Path, exam: Path) -> None:
    archive = maker.zipped(exam, tmp_path / "exam.zip")
    nested = make_zip(tmp_path / "outer.zip", {"inner/exam.zip": archive.read_bytes()})
    deep = tmp_path / "deep" / "a" / "b"
    deep.parent.mkdir(parents=True)
    exam.rename(deep)
    files = sorted(deep.iterdir())
    for given in (deep.parents[1], archive, nested, files, [str(f) for f in files], str(archive)):
        study = read_study(given)
        assert len(study.cines(View.SAX)) == 4
        assert study.series[3].pixels[5, 0, 0] == 103
        assert study.series[3].pixels[5, 0, 1] == 205


def test_junk_is_set_aside_with_its_reason(exam: Path) -> None:
    (exam / "._IM0000.dcm").write_bytes(b"\0\x05\x16\x07 mac")
    (exam / "notes.txt").write_text("seen by Dr Wintergreen")
    (exam / "report.dcm").write_bytes(b"%PDF-1.7\n\0binary")
    (exam / "empty").write_bytes(b"")
    (exam / "strange.bin").write_bytes(bytes(range(256)))
    (exam / "dangling").symlink_to(exam / "nowhere")
    os.mkfifo(exam / "pipe")
    (exam / "loop").symlink_to(exam, target_is_directory=True)
    study = read_study(exam)
    assert len(study.series) == 4
    assert {item.reason for item in study.set_aside} == {
        "files of the operating system, not images",
        "text files, not images",
        "PDF documents, not images",
        "empty files",
        "files of an unknown format",
        "broken links",
        "not regular files",
    }


def test_a_missing_path_and_empty_places(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="no file or folder 'gone'"):
        read_study(tmp_path / "gone")
    (tmp_path / "hollow" / "inside").mkdir(parents=True)
    with pytest.raises(StudyError, match="hollow is empty"):
        read_study(tmp_path / "hollow")
    with pytest.raises(StudyError, match="nothing.zip is empty"):
        read_study(make_zip(tmp_path / "nothing.zip", {}))
    with pytest.raises(StudyError, match="list of files is empty"):
        read_study([])
    with pytest.raises(StudyError, match="cannot be read"):
        read_study("name\0with nul")


def test_a_pdf_renamed_to_dcm(tmp_path: Path) -> None:
    path = tmp_path / "scan.dcm"
    path.write_bytes(b"%PDF-1.4 a letter")
    with pytest.raises(StudyError, match=r"scan.dcm holds no .*1 file \(PDF documents"):
        read_study(path)


def test_errors_do_not_show_where_a_file_lies(tmp_path: Path) -> None:
    path = tmp_path / "scan.dcm"
    path.write_text("text")
    with pytest.raises(StudyError) as caught:
        read_study(path)
    assert str(tmp_path) not in str(caught.value)


def test_no_permission_for_a_folder(
    tmp_path: Path, exam: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Permission bits do not stop root, so the refusal is played.
    scandir = os.scandir

    def refuse(path: Path) -> object:
        if Path(path).name == "locked":
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr("cmrclip_lite.readers.sources.os.scandir", refuse)
    (tmp_path / "locked").mkdir()
    with pytest.raises(StudyError, match="folder locked may not be read: permission denied"):
        read_study(tmp_path / "locked")
    (exam / "locked").mkdir()
    assert read_study(exam).set_aside[0].reason == "no permission to read them"


def test_no_permission_for_a_file(exam: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, mode: str) -> io.BufferedReader:
        if path.name == "IM0003":
            raise PermissionError(13, "Permission denied", str(path))
        return open(path, mode)

    monkeypatch.setattr("cmrclip_lite.readers.sources.open", refuse, raising=False)
    with pytest.raises(StudyError, match="IM0003 may not be read: permission denied"):
        read_study(exam / "IM0003")
    study = read_study(exam)
    assert study.set_aside[0].reason == "files without permission to read them"
    assert sum(len(series.pixels) for series in study.series) == 23


@pytest.mark.parametrize(
    "name", ["../evil.dcm", "/etc/evil.dcm", "a/../../evil.dcm", "..\\evil.dcm", "C:\\evil.dcm"]
)
def test_names_that_point_outside_the_archive(tmp_path: Path, name: str) -> None:
    archive = make_zip(tmp_path / "bad.zip", {name: b"x"})
    with pytest.raises(StudyError, match="bad.zip has an entry that points outside"):
        read_study(archive)
    assert not (tmp_path.parent / "evil.dcm").exists()


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFIFO])
def test_links_and_devices_in_an_archive(tmp_path: Path, kind: int) -> None:
    path = tmp_path / "bad.zip"
    with zipfile.ZipFile(path, "w") as archive:
        info = zipfile.ZipInfo("innocent.dcm")
        info.external_attr = (kind | 0o777) << 16
        archive.writestr(info, "/etc/passwd")
    with pytest.raises(StudyError, match="link or a device"):
        read_study(path)


def test_an_encrypted_archive(tmp_path: Path, exam: Path) -> None:
    path = maker.zipped(exam, tmp_path / "locked.zip")
    data = bytearray(path.read_bytes())
    at = data.find(b"PK\x01\x02")
    while at >= 0:
        data[at + 8] |= 1
        at = data.find(b"PK\x01\x02", at + 1)
    path.write_bytes(bytes(data))
    with pytest.raises(StudyError, match="locked.zip is encrypted"):
        read_study(path)


def test_a_damaged_archive(tmp_path: Path, exam: Path) -> None:
    path = maker.zipped(exam, tmp_path / "damaged.zip")
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(StudyError, match="damaged.zip is damaged"):
        read_study(path)
    central = whole.find(b"PK\x01\x02")
    (crc,) = struct.unpack_from("<I", whole, central + 16)
    data = whole.replace(struct.pack("<I", crc), struct.pack("<I", crc ^ 1))
    path.write_bytes(data)
    with pytest.raises(StudyError, match="damaged.zip is damaged"):
        read_study(path)


def test_a_damaged_archive_among_good_files_is_only_set_aside(exam: Path) -> None:
    (exam / "broken.zip").write_bytes(b"PK\x03\x04 but no more")
    study = read_study(exam)
    assert len(study.series) == 4
    assert study.set_aside[0].reason == "damaged or encrypted archives"


@pytest.mark.parametrize(
    ("limits", "named"),
    [
        (Limits(entries=10), "entries = 10 "),
        (Limits(unpacked_bytes=10_000), "unpacked_bytes = 10,000 "),
        (Limits(file_bytes=500), "file_bytes = 500 "),
        (Limits(depth=0), "depth = 0 "),
    ],
    ids=["entries", "unpacked", "file", "depth"],
)
def test_each_limit_is_named(tmp_path: Path, exam: Path, limits: Limits, named: str) -> None:
    archive = maker.zipped(exam, tmp_path / "exam.zip")
    with pytest.raises(StudyError, match=f"goes over the limit {named}"):
        read_study(archive, limits=limits)


def test_bombs_are_not_unpacked(tmp_path: Path) -> None:
    flat = make_zip(tmp_path / "flat.zip", {"zeros": bytes(70 << 20)})
    with pytest.raises(StudyError, match="limit ratio = 200"):
        read_study(flat)
    nested = flat.read_bytes()
    for level in range(3):
        path = make_zip(tmp_path / f"nested{level}.zip", {"next.zip": nested})
        nested = path.read_bytes()
    with pytest.raises(StudyError, match="limit depth = 2"):
        read_study(path)


def test_numbers_in_names_sort_as_numbers() -> None:
    assert sorted(["s10", "s9", "t1", "s"], key=natural) == ["s", "s9", "s10", "t1"]
