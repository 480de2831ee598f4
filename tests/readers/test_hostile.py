"""Files made to do harm: each is refused, or read, quickly and in little memory.

`test_sources.py` and `test_tar.py` have what is refused by a look at names and sizes; here is
what costs. The bounds leave room for a busy machine; the figures behind them are far lower.
"""

from __future__ import annotations

import io
import os
import struct
import sys
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import JPEGLSLossless, RLELossless

from tests import dicom_maker as maker
from tests.readers.fuzzing.watched import Cost, read_watched

SECONDS = 5.0
BYTES = 512 << 20

linux_only = pytest.mark.skipif(
    sys.platform != "linux", reason="the system does not tell a process its memory"
)


def cheap(path: Path | list[Path], seconds: float = SECONDS, bytes_: int = BYTES) -> Cost:
    """Read a path and check what that took."""
    cost = read_watched(path)
    assert cost.seconds < seconds and cost.peak < bytes_, cost
    return cost


def cine(**tags: object) -> bytes:
    """A cine of six phases in one file."""
    frames = np.stack([maker.picture(0, t, 8) for t in range(6)])
    return maker.encode(maker.image(frames, **{"FrameTime": 50} | tags))


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return stream.getvalue()


# Archives


@pytest.mark.slow
def test_a_bomb_in_many_layers(tmp_path: Path) -> None:
    """As 42.zip: sixteen archives of sixteen archives of ..., each a small file to look at."""
    bomb = zipped({"zeros.dcm": bytes(60 << 20)})
    for _ in range(4):
        bomb = zipped({f"{n:x}.zip": bomb for n in range(16)})
    assert len(bomb) < 100_000  # and 16 ** 4 times 60 MiB in the end
    (tmp_path / "42.zip").write_bytes(bomb)
    assert "limit depth = 2" in cheap(tmp_path / "42.zip").said


@pytest.mark.slow
def test_a_bomb_spread_over_many_archives(tmp_path: Path) -> None:
    """Each archive unpacks to less than what makes its ratio count."""
    inner = zipped({"image.dcm": bytes(60 << 20)})
    data = zipped({f"{n}.zip": inner for n in range(80)}, zipfile.ZIP_STORED)
    (tmp_path / "many.zip").write_bytes(data)
    assert "limit unpacked_bytes" in cheap(tmp_path / "many.zip", bytes_=1 << 30).said
    data = zipped({f"{n}.zip": inner for n in range(20)}, zipfile.ZIP_STORED)
    (tmp_path / "fewer.zip").write_bytes(data)
    cost = read_watched(tmp_path / "fewer.zip")
    assert cost.series == 0 and cost.peak < 2 << 30 and cost.seconds < 30, cost


def directory_entry(name: bytes, packed: int, size: int, crc: int, at: int, method: int) -> bytes:
    fixed = (20, 20, 0, method, 0, 0x21, crc, packed, size, len(name), 0, 0, 0, 0, 0, at)
    return b"PK\x01\x02" + struct.pack("<6H3I5H2I", *fixed) + name


def end_record(count: int, size: int, at: int) -> bytes:
    return b"PK\x05\x06" + struct.pack("<4H2IH", 0, 0, count & 0xFFFF, count & 0xFFFF, size, at, 0)


def local_header(name: bytes, packed: int, size: int, crc: int, method: int) -> bytes:
    fixed = (20, 0, method, 0, 0x21, crc, packed, size, len(name), 0)
    return b"PK\x03\x04" + struct.pack("<5H3I2H", *fixed) + name


def test_entries_that_share_one_kernel(tmp_path: Path) -> None:
    """Every entry of the directory points to the same bytes, which do not even pack well."""
    kernel = np.random.default_rng(1).bytes(100_000)
    body = local_header(b"a", len(kernel), len(kernel), zlib.crc32(kernel), 0) + kernel
    entry = directory_entry(b"a", len(kernel), len(kernel), zlib.crc32(kernel), 0, 0)
    directory = entry * 600
    data = body + directory + end_record(600, len(directory), len(body))
    (tmp_path / "shared.zip").write_bytes(data)
    assert "share their bytes, as in a bomb" in cheap(tmp_path / "shared.zip").said


def test_entries_that_quote_each_other(tmp_path: Path) -> None:
    """Fifield's zbsm (WOOT 2019): each entry quotes the next one's header, then shares its data."""
    content = bytes(100_000)
    deflate = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    packed = deflate.compress(content) + deflate.flush()
    entries, header, body = [], b"", b""
    for number in reversed(range(250)):
        if body:
            # A stored block that holds the next header; then the next entry's data follow.
            packed = struct.pack("<BHH", 0, len(header), len(header) ^ 0xFFFF) + body
            content = header + content
        name, crc = b"%d" % number, zlib.crc32(content)
        header = local_header(name, len(packed), len(content), crc, 8)
        body = header + packed
        entries.append((name, len(packed), len(content), crc, len(body)))
    total = len(body)
    directory = b"".join(
        directory_entry(name, packed, size, crc, total - left, 8)
        for name, packed, size, crc, left in entries
    )
    path = tmp_path / "zbsm.zip"
    path.write_bytes(body + directory + end_record(len(entries), len(directory), total))
    with zipfile.ZipFile(path) as archive:  # it is a bomb that goes off
        assert len(archive.read("249")) == 100_000 < len(archive.read("240"))
    assert "share their bytes, as in a bomb" in cheap(path).said


@pytest.mark.slow
def test_a_million_entries(tmp_path: Path) -> None:
    entry = directory_entry(b"a", 0, 0, 0, 0, 0)
    directory = entry * 1_000_000
    body = local_header(b"a", 0, 0, 0, 0)
    sizes = (1_000_000, 1_000_000, len(directory), len(body))
    end64 = b"PK\x06\x06" + struct.pack("<Q2H2I4Q", 44, 45, 45, 0, 0, *sizes)
    locator = b"PK\x06\x07" + struct.pack("<IQI", 0, len(body) + len(directory), 1)
    end = end_record(0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF)
    path = tmp_path / "million.zip"
    path.write_bytes(body + directory + end64 + locator + end)
    with zipfile.ZipFile(path) as archive:
        assert len(archive.filelist) == 1_000_000
    cost = cheap(path, bytes_=200 << 20)
    assert "limit entries = 50,000" in cost.said
    # The same with a count that lies.
    path.write_bytes(body + directory + end_record(1, len(directory), len(body)))
    assert "limit entries = 50,000" in cheap(path, bytes_=200 << 20).said


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_entries_of_one_name_are_all_read(tmp_path: Path) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for ds in maker.stack(slices=1):
            archive.writestr("IM", maker.encode(ds))
    (tmp_path / "same.zip").write_bytes(stream.getvalue())
    assert cheap(tmp_path / "same.zip").series == 1


def test_names_that_are_no_text(tmp_path: Path) -> None:
    names = (b"\x1b[2J\x07name.zip", b"\xff\xfe\xfd\xfc.zip", b"line\nbreak\r.zip")
    for number, name in enumerate(names):
        for flag in (0, 0x800):  # 0x800: the name is said to be UTF-8
            data = bytearray(zipped({"x" * len(name): b"PK\x03\x04 no zip"}))
            data = data.replace(b"x" * len(name), name)
            central = data.find(b"PK\x01\x02")
            struct.pack_into("<H", data, central + 8, flag)
            struct.pack_into("<H", data, 6, flag)
            path = tmp_path / f"names{number}-{flag}.zip"
            path.write_bytes(bytes(data))
            said = cheap(path).said
            assert said.isprintable() and path.name in said, repr(said)


# Headers that lie


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({"Rows": 65_535, "Columns": 65_535}, "limit frame_side"),
        ({"Rows": 8192, "Columns": 8192}, "missing or cut short"),
        ({"Rows": 0}, "without an image"),
        ({"Rows": 0, "Columns": 0, "NumberOfFrames": 0}, "without an image"),
        ({"NumberOfFrames": 2_000_000_000}, "limit entries"),
        ({"NumberOfFrames": -7}, ""),
        ({"NumberOfFrames": 0}, ""),
        ({"SamplesPerPixel": 65_535}, "cut short"),
        ({"SamplesPerPixel": 0}, ""),
        ({"RescaleSlope": "nan", "RescaleIntercept": "inf"}, None),
        ({"RescaleSlope": "1e308", "RescaleIntercept": "-1e308"}, "not finite"),
        ({"RescaleSlope": "1e-320"}, None),
        ({"PixelSpacing": ["1e308", "1e-308"]}, None),
        ({"PixelSpacing": ["0", "-1"]}, None),
        ({"BitsStored": 31}, None),
        ({"BitsStored": 65_535, "HighBit": 65_535}, None),
        ({"BitsStored": 0, "HighBit": 0}, None),
        ({"BitsAllocated": 0, "BitsStored": 0}, ""),
        ({"BitsAllocated": 1}, None),
        ({"BitsAllocated": 12}, ""),
        ({"BitsAllocated": 24}, ""),
        ({"BitsAllocated": 64}, None),
        ({"BitsAllocated": 65_535}, ""),
        ({"PixelRepresentation": 65_535}, None),
        ({"PhotometricInterpretation": "MONOCHROME1", "BitsStored": 65_535}, None),
        ({"PhotometricInterpretation": "MONOCHROME1", "BitsStored": 0}, None),
        ({"FrameTime": "1e308"}, None),
        ({"FrameTime": "1e-308"}, None),
    ],
    ids=str,
)
@pytest.mark.filterwarnings("ignore")
def test_numbers_that_lie(tmp_path: Path, tags: dict, expected: str | None) -> None:
    """Refused for a reason that `expected` is part of; None where it may also read."""
    path = tmp_path / "cine.dcm"
    path.write_bytes(cine(**tags))
    cost = cheap(path)
    assert cost.series in ((0,) if expected is not None else (0, 1)), cost
    assert (expected or "") in cost.said


@pytest.mark.parametrize("syntax", [RLELossless, JPEGLSLossless], ids=lambda uid: uid.name)
def test_streams_cut_anywhere(tmp_path: Path, syntax: str) -> None:
    whole = maker.encode(
        maker.image(np.stack([maker.picture(0, t, 8) for t in range(6)]), FrameTime=50), syntax
    )
    start = whole.find(b"\xe0\x7f\x10\0")
    for number, keep in enumerate(np.linspace(start, len(whole) - 1, 6).astype(int)):
        (tmp_path / f"{number}.dcm").write_bytes(whole[:keep])
        cheap(tmp_path / f"{number}.dcm")


@pytest.mark.slow
def test_a_header_of_nothing_but_elements(tmp_path: Path) -> None:
    """Zeros parse as empty elements, eight bytes each."""
    whole = cine()
    for name, prefix in {"zeros": whole[:300], "implicit": bytes(128) + b"DICM"}.items():
        (tmp_path / name).write_bytes(prefix + bytes(64 << 20))
        assert "damaged" in cheap(tmp_path / name, seconds=20).said


def test_a_sequence_of_a_million_empty_items(tmp_path: Path) -> None:
    whole = cine()
    at = whole.find(b"\xe0\x7f\x10\0")
    items = b"\xfe\xff\0\xe0\0\0\0\0" * 1_000_000
    for tag in (0x00400275, 0x52009230):
        for length in (0xFFFFFFFF, len(items)):
            head = struct.pack("<HH2sHI", tag >> 16, tag & 0xFFFF, b"SQ", 0, length)
            path = tmp_path / f"{tag:x}-{length:x}"
            path.write_bytes(whole[:at] + head + items + whole[at:])
            cost = cheap(path)
            assert length < 0xFFFFFFFF or "damaged" in cost.said


@pytest.mark.slow
def test_an_item_of_a_million_empty_elements(tmp_path: Path) -> None:
    whole = cine()
    at = whole.find(b"\xe0\x7f\x10\0")
    inside = b"\x08\0\x10\0LO\0\0" * 4_000_000
    item = struct.pack("<2HI", 0xFFFE, 0xE000, len(inside)) + inside
    for vr in (b"SQ", b"UN"):
        head = struct.pack("<HH2sHI", 0x5200, 0x9230, vr, 0, len(item))
        path = tmp_path / vr.decode()
        path.write_bytes(whole[:at] + head + item + whole[at:])
        cheap(path, seconds=20)


def scattered(count: int) -> bytes:
    """An enhanced file in which every frame lies somewhere else and looks somewhere else."""
    rng = np.random.default_rng(0)
    ds = maker.enhanced(slices=1, phases=2)
    maker.set_pixels(ds, np.zeros((count, 1, 1), np.int16))
    frames = []
    for position, matrix in zip(
        rng.normal(0, 100, (count, 3)), rng.normal(size=(count, 3, 3)), strict=True
    ):
        frame, place, turn = Dataset(), Dataset(), Dataset()
        place.ImagePositionPatient = [f"{v:.3f}" for v in position]
        turn.ImageOrientationPatient = [f"{v:.6f}" for v in np.linalg.qr(matrix)[0][:2].ravel()]
        frame.PlanePositionSequence, frame.PlaneOrientationSequence = [place], [turn]
        frames.append(frame)
    ds.PerFrameFunctionalGroupsSequence = frames
    return maker.encode(ds)


@pytest.mark.slow
def test_thousands_of_images_each_somewhere_else(tmp_path: Path) -> None:
    """What puts images in groups must not compare each with each, slowly."""
    (tmp_path / "scattered.dcm").write_bytes(scattered(3000))
    assert "3000 images (single images" in cheap(tmp_path / "scattered.dcm", 10.0).said


# Folders


def test_a_pipe_as_the_path_or_in_a_list(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.dcm")
    for given in (tmp_path / "pipe.dcm", [tmp_path / "pipe.dcm"], tmp_path):
        assert "not regular files" in cheap(given).said
    assert "not regular files" in cheap(Path("/dev/zero")).said


def test_links_in_circles(tmp_path: Path) -> None:
    folder = maker.save(maker.stack(slices=1), tmp_path / "exam")
    (folder / "self").symlink_to("self")
    (folder / "there").symlink_to("back")
    (folder / "back").symlink_to("there")
    (folder / "up").symlink_to("..", target_is_directory=True)
    cost = cheap(folder)
    assert cost.series == 1 and "broken links" in cost.said


def test_a_tree_deeper_than_a_path_can_say(tmp_path: Path) -> None:
    folder = maker.save(maker.stack(slices=1), tmp_path / "exam")
    at = os.open(folder, os.O_RDONLY)
    for _ in range(1000):
        os.mkdir("deeper", dir_fd=at)
        below = os.open("deeper", os.O_RDONLY, dir_fd=at)
        os.close(at)
        at = below
    os.close(at)
    try:
        assert cheap(folder).series == 1
    finally:
        remove_deep(folder / "deeper")


def remove_deep(folder: Path) -> None:
    """Remove a chain of folders that has no usable path, from the top: pull each one up."""
    parent = folder.parent
    while (folder / "deeper").exists():
        (folder / "deeper").rename(parent / "pulled")
        folder.rmdir()
        (parent / "pulled").rename(folder)
    folder.rmdir()


@pytest.mark.slow
def test_fifty_thousand_files(tmp_path: Path) -> None:
    folder = maker.save(maker.stack(slices=1), tmp_path / "exam")
    for number in range(49_990):
        (folder / f"note{number}").write_bytes(b"text")
    cost = cheap(folder, seconds=20)
    assert cost.series == 1 and cost.said == "text files, not images"
    for number in range(10):
        (folder / f"more{number}").write_bytes(b"text")
    assert "limit entries = 50,000" in cheap(folder, seconds=20).said


@pytest.mark.slow
def test_sparse_files_that_claim_to_be_giants(tmp_path: Path) -> None:
    for name, head in {"x.dcm": cine()[:400], "x.nii": b"\x5c\x01\0\0", "x.zip": b"PK\3\4",
                       "x.npy": b"\x93NUMPY\1\0"}.items():  # fmt: skip
        path = tmp_path / name
        path.write_bytes(head)
        os.truncate(path, 1 << 42)
        assert "limit file_bytes" in cheap(path, bytes_=64 << 20).said
        os.truncate(path, 1 << 30)
        cost = read_watched(path)
        assert cost.series == 0 and cost.seconds < 10 and cost.peak < 3 << 30, cost
