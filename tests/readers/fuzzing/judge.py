"""What reading a mutant did: a study or a `CmrClipError`, and nothing else, is fine.

This runs in a worker process, which it changes for good: its standard output goes to a file, its
warnings and logs are kept, its temporary folder is its own.
"""

from __future__ import annotations

import gc
import logging
import os
import resource
import sys
import tempfile
import threading
import time
import traceback
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cmrclip_lite.errors import CmrClipError
from cmrclip_lite.readers import read_study
from cmrclip_lite.study import Series, Study

from .mutants import Mutant

# What reading a mutant may take. The seeds are some kilobytes each.
SECONDS = 5.0
GROWTH_BYTES = 512 << 20
# An address space beyond this would endanger the machine, not only the worker.
CEILING_BYTES = 24 << 30
# A message is one sentence or two, some with a list of reasons.
LONGEST_MESSAGE = 2000


@dataclass
class Verdict:
    """What one mutant did.

    Attributes:
        outcome: "study", "refused" or the kind of a finding.
        detail: where a finding arose.
        peak: bytes of resident memory above those before the read.
        resident: bytes of resident memory after it.
    """

    number: int
    seed: str
    kinds: str
    outcome: str
    detail: str = ""
    seconds: float = 0.0
    peak: int = 0
    resident: int = 0

    @property
    def fine(self) -> bool:
        return self.outcome in ("study", "refused")


class Judge:
    """Reads mutants one after the other in this process, each in an empty folder."""

    def __init__(self, folder: Path) -> None:
        self._input, self._temporary = folder / "input", folder / "temporary"
        self._input.mkdir(parents=True, exist_ok=True)
        self._temporary.mkdir(exist_ok=True)
        os.environ["TMPDIR"] = tempfile.tempdir = str(self._temporary)
        self._said = open(folder / "said", "w+b", buffering=0)  # noqa: SIM115
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        # Decoders in C write to the file descriptors themselves.
        os.dup2(self._said.fileno(), 1)
        os.dup2(self._said.fileno(), 2)
        self._records: list[str] = []
        handler = logging.Handler(logging.DEBUG)
        handler.emit = lambda record: self._records.append(f"{record.name}: {record.getMessage()}")
        logging.getLogger().addHandler(handler)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_AS, (CEILING_BYTES, CEILING_BYTES))

    def read(self, mutant: Mutant) -> Verdict:
        """Read a mutant and say what happened."""
        paths = []
        for name, data in mutant.files.items():
            path = self._input / name
            path.write_bytes(data)
            paths.append(path)
        given = paths if mutant.container == "list" or len(paths) == 1 else self._input
        if len(paths) == 1 and mutant.container != "list":
            given = paths[0]
        verdict = Verdict(mutant.number, mutant.seed.name, "+".join(mutant.kinds), "study")
        self._records.clear()
        open_before, threads_before = open_files(), threading.active_count()
        before = reset_peak()
        shown = ""
        start = time.perf_counter()
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            try:
                study = read_study(given)
            except CmrClipError as error:
                verdict.outcome, shown = "refused", str(error)
                error.__traceback__ = None
            except BaseException as error:  # whatever it is, it should not have come out
                verdict.outcome = f"raises {type(error).__name__}"
                verdict.detail = _where(error)
            else:
                verdict.detail = _unsound(study)
                if verdict.detail:
                    verdict.outcome = "unsound study"
                shown = repr([study.set_aside, study.notes, [s.tags for s in study.series]])
                study = None
        verdict.seconds = time.perf_counter() - start
        verdict.peak = max(0, peak() - before)
        if verdict.fine:
            self._look_around(verdict, mutant, shown, [str(w.message) for w in warned])
        if verdict.fine and (open_files() > open_before or threading.active_count() > 1):
            gc.collect()
            if open_files() > open_before or threading.active_count() > threads_before:
                verdict.outcome = "file or thread left open"
        self._clear()
        verdict.resident = _status("VmRSS")
        return verdict

    def _look_around(self, verdict: Verdict, mutant: Mutant, shown: str, warned: list) -> None:
        printed = self._printed()
        left = [path.name for path in self._temporary.iterdir()]
        everything = "\n".join([shown, printed, *warned, *self._records])
        secret = next((word for word in mutant.seed.secrets if word in everything), None)
        if secret is not None:
            verdict.outcome, verdict.detail = "shows the patient", everything[:500]
        elif str(self._input) in everything:
            verdict.outcome, verdict.detail = "shows a path", everything[:500]
        elif warned or self._records:
            verdict.outcome, verdict.detail = "warns or logs", "\n".join(warned + self._records)
        elif printed:
            verdict.outcome, verdict.detail = "prints", printed[:500]
        elif left:
            verdict.outcome, verdict.detail = "leaves a temporary file", left[0]
        elif verdict.outcome == "refused" and not 0 < len(shown) <= LONGEST_MESSAGE:
            verdict.outcome, verdict.detail = "no usable message", shown[:500]
        elif verdict.seconds > SECONDS:
            verdict.outcome, verdict.detail = "takes long", f"{verdict.seconds:.1f} s"
        elif verdict.peak > GROWTH_BYTES:
            verdict.outcome, verdict.detail = "takes memory", f"{verdict.peak >> 20} MiB"

    def _printed(self) -> str:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        self._said.seek(0)
        printed = self._said.read(2000).decode("utf-8", "replace")
        self._said.truncate(0)
        self._said.seek(0)
        return printed

    def _clear(self) -> None:
        for folder in (self._input, self._temporary):
            for path in folder.iterdir():
                path.unlink()


def _unsound(study: Study) -> str:
    """Why a study would harm what comes after the reader; "" if it would not."""
    if not study.series:
        return "no series"
    for series in study.series:
        found = _unsound_series(series)
        if found:
            return found
    return ""


def _unsound_series(series: Series) -> str:
    pixels = series.pixels
    if pixels.dtype.kind not in "iuf" or not pixels.dtype.isnative:
        return f"pixels of {pixels.dtype}"
    if not np.isfinite(pixels).all():
        return "pixels that are not finite"
    if len(pixels) > 1 and not series.is_cine:
        return "a still of several frames"
    for name in ("position_mm", "orientation", "trigger_ms", "rr_ms", "thickness_mm"):
        value = getattr(series, name)
        if value is not None and not np.isfinite(value).all():
            return f"{name} that is not finite"
    if series.trigger_ms is not None and series.trigger_ms.shape != pixels.shape[:1]:
        return "other trigger times than frames"
    if series.orientation is not None:
        lengths = np.linalg.norm(series.orientation, axis=1)
        if not np.allclose(lengths, 1.0, atol=1e-3):
            return "an orientation of no unit vectors"
    return ""


def _where(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    place = " < ".join(f"{Path(f.filename).name}:{f.lineno}" for f in reversed(frames[-6:]))
    return f"{type(error).__name__}: {str(error)[:200]} at {place}"


def open_files() -> int:
    """How many files this process has open; 0 where the system does not say."""
    try:
        return len(os.listdir("/proc/self/fd"))
    except OSError:
        return 0


def reset_peak() -> int:
    """Forget the highest resident memory so far, where the system can; returns the present."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
    return _status("VmRSS")


def peak() -> int:
    """The highest resident memory in bytes since `reset_peak`."""
    return _status("VmHWM") or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10


def _status(name: str) -> int:
    """Bytes that the system states for this process; 0 where it states none."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) << 10 for line in lines if line.startswith(name)), 0)
