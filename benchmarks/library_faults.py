"""What a kill, a full disk, a read-only disk or a damaged file do to a case library.

A process that builds, adds to, or compacts a library is killed with SIGKILL at a random commit of
its work, or some way from it to the next. Then the library must open and `verify`, hold no case
that it should not and none twice, its readers must be gone, and the same command given again must
complete it.

    python benchmarks/library.py faults [--times 20]
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from cmrclip_lite.errors import LibraryError  # noqa: E402
from cmrclip_lite.hub import load  # noqa: E402
from cmrclip_lite.library import CaseLibrary, CaseRecord, store  # noqa: E402
from cmrclip_lite.library.build import Means, account, build_library, plan_exams  # noqa: E402
from cmrclip_lite.model import CMRCLIP  # noqa: E402

EXAMS = 40
FRAGMENTS = 120  # commits that a compaction joins
# Two readers, and a commit for every second exam, so that most kills fall between commits.
MEANS = Means(workers=2, batch=2, commit=2)


@dataclass
class Kills:
    """What was found after each kill.

    Attributes:
        there: the share of the cases that the library held after each kill.
        ended: how often the work was done before the kill came.
        problems: a sentence for each thing that was not as it should be.
    """

    there: list[float] = field(default_factory=list)
    ended: int = 0
    problems: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        low, middle, high = np.percentile(self.there, [0, 50, 100])
        told = (
            f"{len(self.there)} kills, {self.ended} after the end; of the cases {low:.0%}, "
            f"{middle:.0%}, {high:.0%} were there (least, median, most); "
        )
        return told + (" ".join(self.problems) or "each library whole, each completed, no problem")


def write_exams(folder: Path, count: int, first: int = 0) -> Path:
    """Short-axis stacks in which a disc beats, each its own, with a table of reports."""
    folder.mkdir(parents=True)
    rows, columns = np.mgrid[:64, :64]
    lines = ["id,impression,findings,sex,age"]
    for i in range(first, first + count):
        radius = 10 + i % 9 + 3 * np.cos(np.linspace(0, 2 * np.pi, 8, endpoint=False))
        discs = np.hypot(rows - 32, columns - 32)[None] < radius[:, None, None]
        texture = np.random.default_rng(i).integers(0, 40, (4, 8, 64, 64))
        np.savez(
            folder / f"exam-{i:03d}.npz", pixels=900 * discs + texture, spacing_mm=(10.0, 2.0, 2.0)
        )
        lines.append(f"exam-{i:03d},1. Disc number {i}.,lv_dilation,F,{30 + i % 50}")
    (folder / "reports.csv").write_text("\n".join(lines) + "\n")
    return folder


def build(folder: Path, path: Path, model: CMRCLIP, extend: bool = False) -> None:
    planned = plan_exams(folder, folder / "reports.csv")
    build_library(planned, path, model, extend=extend, means=MEANS)


def compact(folder: Path, path: Path, model: CMRCLIP) -> None:
    CaseLibrary.open(path).optimize()


def add(folder: Path, path: Path, model: CMRCLIP) -> None:
    build(folder, path, model, extend=True)


WORKS: dict[str, Callable[[Path, Path, CMRCLIP], None]] = {
    "build": build,
    "add": add,
    "compact": compact,
}


def kill_often(what: str, times: int, model: str | None = None, seed: int = 0) -> Kills:
    """Kill one kind of work at random moments, and look after each.

    Args:
        model: a folder; None takes the bundled one.
    """
    moments = random.Random(seed)
    kills = Kills()
    loaded = load(model, cache=False)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        exams = write_exams(folder / "exams", EXAMS)
        start, expected = _start(what, folder, loaded)
        path = folder / "library"
        before, after, seconds = _undisturbed(what, exams, path, start, model)
        for _ in range(times):
            _reset(path, start)
            worker, readers = _begin(what, exams, path, model)
            # At a random commit, and a random moment from there to about the next one.
            commit = moments.randint(before, after)
            while worker.poll() is None and _commits(path) < commit:
                time.sleep(0.002)
            time.sleep(moments.uniform(0, seconds / (after - before + 1)))
            readers |= _children(worker.pid)
            kills.ended += worker.poll() == 0
            worker.kill()
            worker.wait()
            kills.problems += _orphans(readers)
            kills.there.append(_look(path, expected, kills.problems))
            WORKS[what](exams, path, loaded)
            if _look(path, expected, kills.problems) < 1:
                kills.problems.append("A case was lost.")
            if account.unfinished(path):
                kills.problems.append("The library is marked unfinished after its end.")
    return kills


def _start(what: str, folder: Path, model: CMRCLIP) -> tuple[Path | None, set[str]]:
    """The library to begin from, if any, and the ids that must be there in the end."""
    ids = {f"exam-{i:03d}" for i in range(EXAMS)}
    if what == "build":
        return None, ids
    start = folder / "start"
    if what == "add":
        records = unlike(model, 10)
        CaseLibrary.create(start, "start", model, records)
        return start, ids | {record.id for record in records}
    records = unlike(model, FRAGMENTS)
    library = CaseLibrary.create(start, "start", model, records[:1])
    for record in records[1:]:
        library.add(model, [record])
    return start, {record.id for record in records}


def unlike(model: CMRCLIP, count: int, picture: int = 5_000) -> list[CaseRecord]:
    """Cases of random vectors, with noise of so many bytes as pictures."""
    rng = np.random.default_rng(count)
    vectors = rng.normal(size=(count, model.config.projection_dim)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return [
        CaseRecord(f"start-{i:04d}", v, f"1. Case {i}.", (), picture=rng.bytes(picture))
        for i, v in enumerate(vectors)
    ]


def _reset(path: Path, start: Path | None) -> None:
    shutil.rmtree(path, ignore_errors=True)
    if start is not None:
        shutil.copytree(start, path)


def _undisturbed(
    what: str, exams: Path, path: Path, start: Path | None, model: str | None
) -> tuple[int, int, float]:
    """Commits before and after the work, and the seconds that it takes."""
    _reset(path, start)
    before = _commits(path)
    worker, _ = _begin(what, exams, path, model)
    began = time.monotonic()
    if worker.wait() != 0:
        raise RuntimeError(f"The work {what!r} fails without a kill.")
    return before, _commits(path), time.monotonic() - began


def _commits(path: Path) -> int:
    """Versions of the table of cases; 0 where there is none yet."""
    return sum(1 for _ in (path / f"{store.CASES}.lance" / "_versions").glob("*.manifest"))


def _begin(what: str, exams: Path, path: Path, model: str | None) -> tuple[subprocess.Popen, set]:
    """A process that is about to begin its work."""
    command = [sys.executable, __file__, "work", what, exams, path, *filter(None, [model])]
    worker = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT)
    worker.stdout.readline()
    return worker, _children(worker.pid)


def _children(pid: int) -> set[int]:
    """Processes below one, as Linux tells it."""
    found: set[int] = set()
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, task.read_text().split()):
            found |= {child} | _children(child)
    return found


def _orphans(readers: set[int]) -> list[str]:
    """A sentence if processes outlive what started them by ten seconds; those are ended."""
    until = time.monotonic() + 10
    while readers and time.monotonic() < until:
        readers = {pid for pid in readers if Path(f"/proc/{pid}").exists()}
        time.sleep(0.05)
    for pid in readers:
        os.kill(pid, signal.SIGKILL)
    return [f"{len(readers)} readers were left behind."] if readers else []


def _look(path: Path, expected: set[str], problems: list[str]) -> float:
    """The share of the expected cases that a library holds; what is wrong goes to `problems`."""
    if store.open_table(path) is None:
        return 0.0
    library = CaseLibrary.open(path)
    verdict = library.verify()
    problems += verdict.problems
    if len(set(library.ids)) < len(library.ids) or not expected.issuperset(library.ids):
        problems.append("A case is there twice, or should not be.")
    return len(library) / len(expected)


# Damage.


def _cut(data: bytes) -> bytes:
    return data[: len(data) // 2]


def _flipped(data: bytes) -> bytes:
    middle = len(data) // 2
    return data[:middle] + bytes(b ^ 0xFF for b in data[middle : middle + 16]) + data[middle + 16 :]


DAMAGES: dict[str, Callable[[bytes], bytes | None]] = {
    "cut to half": _cut,
    "16 bytes turned": _flipped,
    "all zeros": lambda data: bytes(len(data)),
    "gone": lambda data: None,
}


def damage_each(model: str | None = None) -> dict[str, Counter]:
    """Damage every file of a library in turn, in four ways; how each was noticed.

    "told": opening, searching or verifying says so. "harmless": every row is as it was and is
    found. "the version before": the file that makes the last commit is gone, and the library is as
    it was without it. Anything else is a fault of ours, named by what was raised.
    """
    loaded = load(model, cache=False)
    noticed: dict[str, Counter] = {}
    with tempfile.TemporaryDirectory() as temporary:
        start, path = Path(temporary) / "start", Path(temporary) / "library"
        records = unlike(loaded, 40)
        library = CaseLibrary.create(start, "start", loaded, records[:20])
        for i in range(20, 40, 5):
            library.add(loaded, records[i : i + 5])
        names = [file.relative_to(start) for file in start.rglob("*") if file.is_file()]
        for how, damaged in DAMAGES.items():
            noticed[how] = Counter()
            whole = _all_of(start, records)
            for name in names:
                _reset(path, start)
                data = damaged((path / name).read_bytes())
                (path / name).unlink() if data is None else (path / name).write_bytes(data)
                noticed[how][_noticed(path, records, whole)] += 1
    return noticed


def _noticed(path: Path, records: list[CaseRecord], whole: list) -> str:
    try:
        if not CaseLibrary.open(path).verify().ok:
            return "told"
        found = _all_of(path, records)
    except LibraryError:
        return "told"
    except Exception as error:  # what else is raised is what is looked for
        return type(error).__name__
    if found == whole:
        return "harmless"
    return "the version before" if found[0].items() < whole[0].items() else "unnoticed"


def _all_of(path: Path, records: list[CaseRecord]) -> list:
    """Rows, and what is found by images and with words."""
    library = CaseLibrary.open(path)
    rows = {r.id: (r.impression, r.picture) for r in library.get(library.ids)}
    near = [case.id for r in records for case in library.search(r.embedding, 3)]
    words = library.search(records[0].embedding, len(records), words="case", fold=False)
    # All are as good by their words, so their order is chance.
    return [rows, near, {(case.id, case.words) for case in words}]


# A disk of its own needs a namespace of mounts, which Linux gives root, and often everyone.


def own_disk(arguments: list[str]) -> dict[str, str] | None:
    """Run `disk_faults` where it may mount a disk; None where the system does not allow that."""
    for rights in ([], ["--user", "--map-root-user"]):
        mounts = ["unshare", *rights, "--mount"]
        if subprocess.run([*mounts, "true"], capture_output=True).returncode == 0:
            command = [*mounts, sys.executable, __file__, "disk", *arguments]
            done = subprocess.run(command, stdout=subprocess.PIPE, cwd=ROOT, check=True)
            return json.loads(done.stdout)
    return None


def disk_faults(model: str | None = None) -> dict[str, str]:
    """Build on a disk too small, make it larger, make it read-only; a sentence on each."""
    loaded = load(model, cache=False)
    with tempfile.TemporaryDirectory() as temporary:
        exams = write_exams(Path(temporary) / "exams", EXAMS)
        expected = {f"exam-{i:03d}" for i in range(EXAMS)}
        disk = Path(temporary) / "disk"
        disk.mkdir()
        told = {}
        _mount("-t", "tmpfs", "-o", "size=300k", "tmpfs", disk)
        path = disk / "library"
        try:
            build(exams, path, loaded)
        except LibraryError as error:
            told["full disk"] = str(error)
        problems: list[str] = []
        told["cases then"] = f"{_look(path, expected, problems):.0%}"
        _mount("-o", "remount,size=100m", disk)
        build(exams, path, loaded)
        told["cases with more room"] = f"{_look(path, expected, problems):.0%}"
        _mount("-o", "remount,ro", disk)
        more = write_exams(Path(temporary) / "more", 2, first=EXAMS)
        before = _contents(disk)
        try:
            add(more, path, loaded)
        except LibraryError as error:
            told["read-only"] = str(error)
        if _contents(disk) != before:
            problems.append("A read-only disk was written.")
        told["cases read-only"] = f"{_look(path, expected, problems):.0%}"
        told["problems"] = " ".join(problems)
        subprocess.run(["umount", disk], check=True)
        return told


def _mount(*arguments: object) -> None:
    subprocess.run(["mount", *map(str, arguments)], check=True)


def _contents(folder: Path) -> dict[str, int]:
    return {str(f.relative_to(folder)): f.stat().st_size for f in folder.rglob("*") if f.is_file()}


def main() -> None:
    """A process of its own, as the functions above start it."""
    import torch

    torch.set_num_threads(1)
    what, *rest = sys.argv[1:]
    if what == "disk":
        print(json.dumps(disk_faults(*rest)))
        return
    name, exams, path, *model = rest
    loaded = load(*model, cache=False)
    print("ready", flush=True)
    WORKS[name](Path(exams), Path(path), loaded)


if __name__ == "__main__":
    main()
