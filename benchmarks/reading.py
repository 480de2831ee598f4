"""How long reading an exam takes, as a multiple of plain pydicom over the same files.

    python benchmarks/reading.py [EXAM.zip ...]

Plain pydicom is `dcmread` and `pixel_array` of every file, one after the other in one process,
from the same zip. Without arguments, exams of 30 to 3,000 made-up files are timed, to see how the
cost grows, and two whose pixels are compressed; pass zips of real exams to time those.
`taskset -c 0` in front shows the cost on one core. Each figure is the best of several runs in turn,
so that a busy machine does not favour either side.
"""

from __future__ import annotations

import argparse
import io
import sys
import tempfile
import time
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
from pydicom.uid import UID, ExplicitVRLittleEndian, JPEG2000Lossless, RLELossless

sys.path.insert(0, str(Path(__file__).parents[1]))

from cmrclip_lite.readers import read_study  # noqa: E402
from tests import dicom_maker as maker  # noqa: E402


def plain(path: Path) -> int:
    """Read every DICOM file of a zip with pydicom alone; returns how many pixels it gave."""
    count = 0
    with zipfile.ZipFile(path) as archive:
        for entry in archive.infolist():
            if not entry.is_dir():
                ds = pydicom.dcmread(io.BytesIO(archive.read(entry)))
                count += ds.pixel_array.size
    return count


def seconds(function: Callable[[Path], object], path: Path) -> float:
    start = time.perf_counter()
    function(path)
    return time.perf_counter() - start


def compare(path: Path, runs: int) -> tuple[float, float]:
    """Best times of plain pydicom and of `read_study`, in seconds, taken in turn."""
    pairs = [(seconds(plain, path), seconds(read_study, path)) for _ in range(runs)]
    return min(p for p, _ in pairs), min(r for _, r in pairs)


def made_up(folder: Path, files: int, syntax: str = ExplicitVRLittleEndian) -> Path:
    """A zip of 256 x 256 cine images, 30 phases a slice, in a transfer syntax."""
    images = maker.stack(slices=max(1, files // 30), phases=30)
    # Patches with a little noise: pure noise is like no picture, and costs what looks at pictures.
    rng = np.random.default_rng(0)
    picture = np.kron(rng.integers(0, 900, (16, 16)), np.ones((16, 16)))
    picture = (picture + rng.integers(0, 40, (256, 256))).astype(np.int16)
    path = folder / f"{files} {UID(syntax).name.split()[0]}.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for number, ds in enumerate(images):
            maker.set_pixels(ds, picture)
            archive.writestr(f"IM{number:05d}", maker.encode(ds, syntax))
    return path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("exams", nargs="*", type=Path, help="zips of DICOM")
    parser.add_argument("--runs", type=int, default=5)
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as folder:
        exams = given.exams or [
            *(made_up(Path(folder), n) for n in (30, 300, 3000)),
            made_up(Path(folder), 300, RLELossless),
            made_up(Path(folder), 300, JPEG2000Lossless),
        ]
        print(f"{'exam':20} {'plain':>9} {'read_study':>11} {'ratio':>6}")
        for path in exams:
            base, ours = compare(path, given.runs)
            print(f"{path.stem:20} {base:8.3f}s {ours:10.3f}s {ours / base:6.2f}")


if __name__ == "__main__":
    main()
