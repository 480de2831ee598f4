"""One path read in a process of its own, with what it cost."""

from __future__ import annotations

import resource
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from cmrclip_lite.errors import CmrClipError
from cmrclip_lite.readers import read_study

from .judge import open_files, peak, reset_peak
from .pool import watcher

# No honest test comes near these; they keep a failing one from taking the machine down.
ADDRESS_SPACE = 16 << 30
LONGEST = 60.0


@dataclass(frozen=True)
class Cost:
    """What reading gave and took.

    Attributes:
        series: how many the study has; 0 if it was refused.
        said: the error's message, or the reasons for what was set aside.
        seconds: of processor time, which a busy machine does not lengthen.
        peak: bytes of memory above those before.
    """

    series: int
    said: str
    seconds: float
    peak: int


def read_watched(path: Path | list[Path]) -> Cost:
    """Read a path elsewhere.

    Raises:
        AssertionError: if reading raises anything but a `CmrClipError`, dies or does not end.
    """
    ours, theirs = watcher().Pipe()
    process = watcher().Process(target=_read, args=(theirs, path), daemon=True)
    process.start()
    theirs.close()
    try:
        assert ours.poll(LONGEST), f"reading did not end within {LONGEST:.0f} s"
        answer = ours.recv()
    except EOFError:
        process.join()
        raise AssertionError(f"the process ended with {process.exitcode}") from None
    finally:
        process.kill()
        process.join()
        ours.close()
    assert isinstance(answer, Cost), answer
    return answer


def _read(pipe: Connection, path: Path | list[Path]) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    series, files, before = 0, open_files(), reset_peak()
    start = time.process_time()
    try:
        study = read_study(path)
        series, said = len(study.series), "; ".join(item.reason for item in study.set_aside)
    except CmrClipError as error:
        said = str(error)
    except BaseException as error:
        pipe.send(f"raised {type(error).__name__}: {error}")
        return
    cost = Cost(series, said, time.process_time() - start, max(0, peak() - before))
    pipe.send(cost if open_files() <= files else "left files open")
