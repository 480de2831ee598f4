"""A tar is an archive like any other, packed or not, and as well guarded."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from cmrclip_lite.errors import StudyError
from cmrclip_lite.readers import Limits, read_study
from tests import dicom_maker as maker
from tests.readers.test_dicom import check_stack


@pytest.fixture(scope="module")
def exam(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return maker.save(maker.stack(), tmp_path_factory.mktemp("tar") / "exam")


def tarred(path: Path, folder: Path, mode: str = "w") -> Path:
    with tarfile.open(path, mode) as archive:
        archive.add(folder, folder.name)
    return path


def made(path: Path, *entries: tarfile.TarInfo, data: bytes = b"") -> Path:
    with tarfile.open(path, "w") as archive:
        for entry in entries:
            archive.addfile(entry, io.BytesIO(data.ljust(max(entry.size, 0), b"x")))
    return path


def entry(name: str, size: int = 0, kind: bytes = tarfile.REGTYPE) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size, info.type = size, kind
    return info


@pytest.mark.parametrize("mode", ["w", "w:gz"])
@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_a_tar_reads_like_its_folder(tmp_path: Path, exam: Path, mode: str, form: int) -> None:
    path = tmp_path / "anything"
    with tarfile.open(path, mode, format=form) as archive:
        archive.add(exam, "a" * 150 + "/exam" if form != tarfile.USTAR_FORMAT else "exam")
    check_stack(read_study(path))


def test_archives_inside_archives(tmp_path: Path, exam: Path) -> None:
    inner = {
        mode: tarred(tmp_path / f"inner{i}", exam, mode) for i, mode in enumerate(("w", "w:gz"))
    }
    zipped = maker.zipped(exam, tmp_path / "exam.zip")
    for file in (*inner.values(), zipped):
        for mode in ("w", "w:gz"):
            check_stack(read_study(tarred(tmp_path / "outer", file, mode)))
        with zipfile.ZipFile(tmp_path / "outer.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.write(file, "inner")
        check_stack(read_study(tmp_path / "outer.zip"))


def test_names_links_and_devices_that_do_harm(tmp_path: Path) -> None:
    for name in ("../evil.dcm", "/etc/evil.dcm", "a/../../evil.dcm"):
        with pytest.raises(StudyError, match="points outside the archive"):
            read_study(made(tmp_path / "bad.tar", entry(name, 4)))
    kinds = (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE)
    for kind in kinds:
        with pytest.raises(StudyError, match="bad.tar has an entry that is a link or a device"):
            read_study(made(tmp_path / "bad.tar", entry("innocent.dcm", 0, kind)))
    sparse = made(tmp_path / "bad.tar", entry("innocent.dcm", 4, tarfile.GNUTYPE_SPARSE))
    with pytest.raises(StudyError, match="bad.tar"):
        read_study(sparse)


def test_a_tar_that_is_cut_short_or_garbled(tmp_path: Path, exam: Path) -> None:
    plain = tarred(tmp_path / "exam.tar", exam).read_bytes()
    packed = gzip.compress(plain)
    for whole in (plain, packed):
        path = tmp_path / "cut.tar"
        path.write_bytes(whole[: len(whole) // 2])
        with pytest.raises(StudyError, match="cut.tar is damaged"):
            read_study(path)
    # Stored without compression, a changed pixel is told by the checksum at the end alone.
    for level in (0, 1, 6):
        garbled = bytearray(gzip.compress(plain, level))
        garbled[len(garbled) // 2] ^= 0xFF
        path.write_bytes(garbled)
        with pytest.raises(StudyError, match="cut.tar"):
            read_study(path)


def test_a_negative_size_does_not_lead_in_circles(tmp_path: Path) -> None:
    path = made(tmp_path / "loop.tar", entry("a", 0), entry("b", 512))
    data = bytearray(path.read_bytes())
    # GNU's base-256 numbers may be negative; the second entry points back to the first.
    data[512 + 124 : 512 + 136] = (-1024).to_bytes(12, "big", signed=True)
    checksum = sum(data[512:660]) + 8 * 32 + sum(data[668:1024])
    data[660:668] = b"%06o\0 " % checksum
    path.write_bytes(data)
    with pytest.raises(StudyError, match="loop.tar is damaged"):
        read_study(path, limits=Limits(seconds=5))


@pytest.mark.parametrize(
    ("limits", "named"),
    [
        (Limits(entries=10), "entries = 10 "),
        (Limits(unpacked_bytes=10_000), "unpacked_bytes = 10,000 "),
        (Limits(held_bytes=10_000), "held_bytes = 10,000 "),
        (Limits(file_bytes=200_000), "file_bytes = 200,000 "),
        (Limits(seconds=0), "seconds = 0"),
    ],
    ids=["entries", "unpacked", "held", "file", "seconds"],
)
def test_each_limit_is_named(tmp_path: Path, exam: Path, limits: Limits, named: str) -> None:
    packed = tarred(tmp_path / "exam.tar.gz", exam, "w:gz")
    if limits.file_bytes == 200_000:
        packed = made(tmp_path / "one.tar", entry("big", 200_001))
        packed.write_bytes(gzip.compress(packed.read_bytes()))
    with pytest.raises(StudyError, match=f"goes over the limit {named}"):
        read_study(packed, limits=limits)


def test_a_packed_tar_is_no_bomb(tmp_path: Path) -> None:
    zeros = made(tmp_path / "zeros.tar", entry("zeros", 70 << 20), data=bytes(70 << 20))
    bomb = tmp_path / "bomb.tgz"
    bomb.write_bytes(gzip.compress(zeros.read_bytes()))
    with pytest.raises(StudyError, match="bomb.tgz goes over the limit ratio = 200"):
        read_study(bomb)


def test_archives_of_other_kinds_are_named(tmp_path: Path) -> None:
    path = tmp_path / "exam.7z"
    path.write_bytes(b"7z\xbc\xaf\x27\x1c\0\x04 more")
    with pytest.raises(StudyError, match="archives other than zip, tar and tar.gz; unpack them"):
        read_study(path)


def test_names_that_are_no_names_are_shown_harmless(tmp_path: Path) -> None:
    folder = tmp_path / "odd"
    folder.mkdir()
    odd = (b"\xff\x1b[31mred\n", "\u202egnp.exe".encode(), b"x" * 200)
    for name in odd:
        path = Path(str(folder), name.decode("utf-8", "surrogateescape"))
        path.write_bytes(b"%PDF-1.4")
        with pytest.raises(StudyError) as caught:
            read_study(path)
        assert str(caught.value).isprintable() and len(str(caught.value)) < 300
