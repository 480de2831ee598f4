"""A folder of synthetic exams with a table of what is true of each."""

from __future__ import annotations

import csv
import os
import shutil
import sys
import uuid
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from ..errors import CmrClipError
from ..study import Study
from .cohort import DIAGNOSES
from .dicom import series_name, write_dicom
from .exam import PhantomCase, make_case
from .nifti import stacks, write_nifti

FORMATS = ("dicom", "nifti", "npz")
SIZES = ("full", "small")
MOST = 9999  # exams of one cohort, so that names keep their length
TABLE = "cases.csv"


class CohortError(CmrClipError):
    """A synthetic cohort cannot be made as asked, or not written there."""


@dataclass(frozen=True)
class _Job:
    name: str
    seed: int
    folder: Path
    form: str
    diagnosis: str | None
    size: str


def make_cohort(
    count: int,
    folder: str | Path,
    seed: int = 1,
    form: str = "dicom",
    diagnosis: str | None = None,
    size: str = "full",
    workers: int = 1,
    progress: bool = False,
) -> Path:
    """Make exams and write them, all or none.

    The folder holds `case-0001/` and so on: for DICOM a folder per series; for NIfTI a file per
    stack or long axis; for NumPy the same as `.npz` (`pixels (Z, T, H, W)`, `spacing_mm`,
    `view`, `sequence`, `affine`). `cases.csv` has a row per exam: what it was drawn from, what
    was measured, its findings and its impression.

    Args:
        count: how many exams, 1 to 9999.
        folder: where to; it must not exist or be empty.
        seed: the same seed and arguments give the same exams, whatever the number of workers.
        form: one of `FORMATS`.
        diagnosis: one of `cohort.DIAGNOSES` for all; a mix when None.
        size: "full", or "small" for few pixels and phases.
        workers: processes that work side by side.
        progress: say on stderr how far it is.

    Returns:
        The folder.

    Raises:
        CohortError: for an argument out of range, or if the folder cannot be written.
    """
    target = Path(folder)
    _check(count, seed, form, diagnosis, size, workers)
    _check_target(target)
    part = target.absolute().parent / f".{target.name}.{uuid.uuid4().hex[:8]}"
    try:
        part.mkdir(parents=True)
        jobs = [
            _Job(f"case-{i:04d}", seed * (MOST + 1) + i, part, form, diagnosis, size)
            for i in range(1, count + 1)
        ]
        rows = []
        for row in _run(jobs, min(workers, count)):
            rows.append(row)
            if progress:
                print(f"{row['id']} ({len(rows)} of {count})", file=sys.stderr)
        _write_table(part / TABLE, rows)
        if target.exists():
            target.rmdir()
        os.replace(part, target)
    except BrokenProcessPool:
        raise CohortError("A worker was stopped, perhaps for want of memory; use fewer.") from None
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise CohortError(f"The folder {target.name!r} cannot be written: {reason}.") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return target


def truth_row(case: PhantomCase) -> dict[str, object]:
    """Everything that is true of a case, one value per column; lists have semicolons between."""
    truth = case.truth
    row: dict[str, object] = {"diagnosis": truth.diagnosis, "findings": sorted(truth.findings)}
    row |= asdict(truth)
    for name in ("lvef", "rvef", "lvedvi", "rvedvi"):
        row[name] = getattr(truth, name)
    row["impression"] = case.impression
    return {name: _plain(value) for name, value in row.items()}


def _plain(value: object) -> object:
    if isinstance(value, (list, tuple)):
        return ";".join(str(_plain(v)) for v in value)
    if isinstance(value, (float, np.floating)):
        return round(float(value), 2)
    return "" if value is None else value


def _check(
    count: int, seed: int, form: str, diagnosis: str | None, size: str, workers: int
) -> None:
    if not 1 <= count <= MOST:
        raise CohortError(f"The number of exams must be 1 to {MOST}, not {count}.")
    if seed < 0:
        raise CohortError(f"The seed must be 0 or more, not {seed}.")
    if workers < 1:
        raise CohortError(f"The number of workers must be 1 or more, not {workers}.")
    for what, value, known in (
        ("format", form, FORMATS),
        ("size", size, SIZES),
        ("diagnosis", diagnosis or DIAGNOSES[0], DIAGNOSES),
    ):
        if value not in known:
            raise CohortError(f"The {what} must be one of {', '.join(known)}, not {value!r}.")


def _check_target(target: Path) -> None:
    if not target.name:
        raise CohortError(f"The folder {str(target)!r} has no name; give a new one.")
    if target.is_dir() and any(target.iterdir()):
        raise CohortError(f"The folder {target.name!r} is not empty; give a new one.")
    if target.exists() and not target.is_dir():
        raise CohortError(f"{target.name!r} is a file, not a folder; give a new one.")


def _run(jobs: list[_Job], workers: int) -> Iterator[dict[str, object]]:
    if workers == 1:
        yield from map(_make, jobs)
        return
    # A fresh interpreter per worker: a forked one may inherit locked threads.
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        try:
            yield from pool.map(_make, jobs)
        finally:
            pool.shutdown(cancel_futures=True)


def _make(job: _Job) -> dict[str, object]:
    case = make_case(job.seed, job.diagnosis, job.size)
    folder = job.folder / job.name
    if job.form == "dicom":
        write_dicom(case.study, folder, job.seed)
    elif job.form == "nifti":
        write_nifti(case.study, folder)
    else:
        write_npz(case.study, folder)
    return {"id": job.name, "seed": job.seed} | truth_row(case)


def write_npz(study: Study, folder: str | Path) -> list[Path]:
    """Write an exam as one `.npz` per stack or long axis, `read_study` reads the cines."""
    from .nifti import affine

    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    written = []
    for stack in stacks(study):
        placed = affine(stack)
        path = target / f"{series_name(stack[0])}.npz"
        np.savez_compressed(
            path,
            pixels=np.stack([s.pixels for s in stack]),
            spacing_mm=np.array([np.linalg.norm(placed[:3, 2]), *stack[0].spacing_mm]),
            view=str(stack[0].view),
            sequence=str(stack[0].sequence),
            affine=placed,
        )
        written.append(path)
    return written


def _write_table(path: Path, rows: list[dict[str, object]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
