"""A decoder may crash, hang, babble or take all memory: it costs one file and no more."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from pydicom.uid import JPEGLSLossless

from cmrclip_lite.errors import StudyError
from cmrclip_lite.readers import Limits, decoding, read_study
from cmrclip_lite.readers.decoding import Decoders
from cmrclip_lite.readers.sources import Source
from tests import dicom_maker as maker

# The real worker with a decoder that misbehaves on files that ask for it.
WORKER = """
import importlib.util, os, signal, sys, time
import numpy as np
spec = importlib.util.spec_from_file_location("worker", {script!r})
worker = importlib.util.module_from_spec(spec)
spec.loader.exec_module(worker)
honest = worker.dicom

def misbehaving(data, asked):
    if b"DECODER CRASHES" in data:
        os.kill(os.getpid(), signal.SIGSEGV)
    if b"DECODER HANGS" in data:
        time.sleep(600)
    if b"DECODER EATS" in data:
        return np.ones((8 << 30,), np.uint8), 0.0, False
    if b"DECODER BABBLES" in data:
        os.write(1, b"babble" * 1000)
    if b"DECODER LIES" in data:
        return np.zeros((3, 5, 7), np.complex64), 0.0, False
    return honest(data, asked)

worker.dicom = misbehaving
worker.main()
"""


@pytest.fixture
def misbehaving(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "worker.py"
    path.write_text(WORKER.format(script=str(decoding._SCRIPT)), encoding="utf-8")
    monkeypatch.setattr(decoding, "_SCRIPT", path)


def exam(folder: Path, trigger: str) -> Path:
    """A compressed stack in which one file, the third phase of the second slice, asks for it."""
    images = maker.stack(ImageComments="calm")
    images[8].ImageComments = trigger
    return maker.save(images, folder, JPEGLSLossless)


@pytest.mark.parametrize("trigger", ["DECODER CRASHES", "DECODER EATS", "DECODER LIES"])
def test_one_bad_file_costs_one_image(tmp_path: Path, misbehaving: None, trigger: str) -> None:
    folder = exam(tmp_path / "exam", trigger)
    if trigger == "DECODER EATS":
        with pytest.raises(StudyError, match=r"IM\d+ goes over the limit decode_bytes"):
            read_study(folder)
        return
    study = read_study(folder)
    assert sorted(len(series.pixels) for series in study.series) == [5, 6, 6, 6]
    assert study.set_aside[0].reason == "pixels missing, cut short or not decodable"


@pytest.mark.slow
def test_a_decoder_that_hangs_is_stopped(tmp_path: Path, misbehaving: None) -> None:
    start = time.monotonic()
    study = read_study(exam(tmp_path / "exam", "DECODER HANGS"), limits=Limits(decode_seconds=2))
    assert time.monotonic() - start < 20
    assert sorted(len(series.pixels) for series in study.series) == [5, 6, 6, 6]


def test_what_a_decoder_prints_is_not_taken_for_pixels(tmp_path: Path, misbehaving: None) -> None:
    study = read_study(exam(tmp_path / "exam", "DECODER BABBLES"))
    np.testing.assert_array_equal(study.series[1].pixels[2], maker.picture(1, 2))


def test_processes_end_with_the_reading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[subprocess.Popen] = []
    popen = subprocess.Popen

    def remember(*args: object, **kwargs: object) -> subprocess.Popen:
        started.append(popen(*args, **kwargs))
        return started[-1]

    monkeypatch.setattr(decoding.subprocess, "Popen", remember)
    read_study(exam(tmp_path / "exam", "calm"))
    assert started and all(process.poll() is not None for process in started)
    # Files that need no decoder start no process.
    started.clear()
    read_study(maker.save(maker.stack(), tmp_path / "plain"))
    assert started == []


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="the processor limit is a POSIX one")
def test_a_process_whose_reader_was_killed_ends_by_itself(tmp_path: Path) -> None:
    worker = tmp_path / "worker.py"
    spin = WORKER.replace("time.sleep(600)", "exec('while True: pass')")
    worker.write_text(spin.format(script=str(decoding._SCRIPT)), encoding="utf-8")
    path = exam(tmp_path / "exam", "DECODER HANGS")
    code = f"""
import sys
from pathlib import Path
from cmrclip_lite.readers import Limits, decoding, read_study
decoding._SCRIPT = Path({str(worker)!r})
print("reading", flush=True)
read_study({str(path)!r}, limits=Limits(decode_seconds=1))
"""
    reader = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]
    )
    reader.stdout.readline()
    workers: list[int] = []
    end = time.monotonic() + 20
    while not workers and time.monotonic() < end:
        children = Path(f"/proc/{reader.pid}/task/{reader.pid}/children")
        if not children.exists():
            reader.kill()
            pytest.skip("this system does not list a process's children")
        workers = [int(pid) for thread in Path(f"/proc/{reader.pid}/task").iterdir()
                   for pid in (thread / "children").read_text().split()]  # fmt: skip
    reader.kill()
    reader.wait()
    end = time.monotonic() + 20
    while any(Path(f"/proc/{pid}/stat").exists() for pid in workers) and time.monotonic() < end:
        time.sleep(0.1)
    alive = [pid for pid in workers if Path(f"/proc/{pid}/stat").exists()]
    assert workers and not alive


def test_a_source_that_is_no_picture(tmp_path: Path) -> None:
    with Decoders(Limits(), 1) as decoders:
        for kind in ("video", "pictures"):
            for data in (b"", b"GIF89a", os.urandom(2000)):
                source = Source("odd", len(data), lambda data=data: io.BytesIO(data))
                assert decoders.moving(source, kind) is None
