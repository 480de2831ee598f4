"""Which exams a folder holds, and which report belongs to which."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ...errors import LibraryError
from .prepare import Item
from .reports import Report, read_reports

# A file of these may hold a whole exam. A loose DICOM file is a part of one, unless a row of the
# reports names it.
EXAM_FILES = (
    (".zip", ".tar", ".tar.gz", ".tgz", ".nii", ".nii.gz", ".nrrd", ".npz", ".npy")
    + (".mp4", ".avi", ".mov", ".gif", ".webp")
)  # fmt: skip
SHOWN = 3  # ids that a sentence gives as examples


@dataclass(frozen=True)
class Plan:
    """What to build from.

    Attributes:
        items: the exams, by id.
        build: by which the plan is known when it is made again.
        notes: sentences on exams without a report and reports without an exam.
    """

    items: tuple[Item, ...]
    build: str
    notes: tuple[str, ...] = ()


def plan_exams(
    folder: str | Path, reports: str | Path | None = None, prefix: str = "", source: str = ""
) -> Plan:
    """Exams in a folder: each folder, archive or file of an image format in it is one.

    An id is the name of the folder or file, without its ending. Where the reports have a column of
    paths, their rows alone are the exams; else those whose id is the name of an exam.

    Args:
        reports: a CSV file; see `reports.read_reports`.
        prefix: put before every id.
        source: where the cases come from, in words, where the reports do not say.

    Raises:
        LibraryError: if there is no such folder, no exam in it, or the reports do not fit it.
    """
    folder = Path(folder)
    rows = read_reports(reports) if reports is not None else []
    if reports is not None and not rows:
        raise LibraryError(f"{Path(reports).name} has no reports; below its header are no rows.")
    notes: list[str] = []
    if any(row.path for row in rows):
        pairs = [(row, folder / (row.path or row.id)) for row in rows]
    else:
        exams = _exams(folder)
        pairs = [(row, exams[row.id]) for row in rows if row.id in exams]
        if rows:
            _compare(Path(reports).name, [row.id for row in rows], exams, notes)
        reported = {row.id for row, _ in pairs}
        pairs += [(Report(name), exams[name]) for name in exams if name not in reported]
    if not pairs:
        raise LibraryError(_nothing(folder))
    items = (
        Item(
            id=prefix + row.id,
            path=path,
            impression=row.impression,
            findings=row.findings,
            sex=row.sex,
            age_band=row.age_band,
            source=row.source or source,
        )
        for row, path in pairs
    )
    in_order = tuple(sorted(items, key=lambda item: item.id))
    return Plan(in_order, build_id(folder, prefix), tuple(notes))


def _exams(folder: Path) -> dict[str, Path]:
    """The exams of a folder by their ids."""
    try:
        entries = sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise LibraryError(f"The folder {folder.name!r} cannot be read: {reason}.") from error
    entries = [e for e in entries if e.is_dir() or e.name.lower().endswith(EXAM_FILES)]
    ids = [_without_ending(entry) for entry in entries]
    # Where a folder and its archive lie side by side, both keep their whole names.
    return {
        entry.name if ids.count(name) > 1 else name: entry
        for name, entry in zip(ids, entries, strict=True)
    }


def _without_ending(entry: Path) -> str:
    if entry.is_dir():
        return entry.name
    endings = [e for e in EXAM_FILES if entry.name.lower().endswith(e)]
    return entry.name[: -len(max(endings, key=len))] or entry.name


def _compare(name: str, ids: list[str], exams: dict[str, Path], notes: list[str]) -> None:
    """Tell which reports have no exam, and which exams no report."""
    lonely = [i for i in ids if i not in exams]
    silent = sorted(exams.keys() - set(ids))
    if len(lonely) == len(ids) and exams:
        raise LibraryError(
            f"No id in {name} is the name of an exam: ids are such as {examples(ids)}, exams such "
            f"as {examples(list(exams))}. Make them the same, or add a column named path."
        )
    if lonely:
        notes.append(f"Reports without an exam: {len(lonely)} ({examples(lonely)}).")
    if silent:
        notes.append(f"Exams without a report: {len(silent)} ({examples(silent)}).")


def examples(names: Sequence[str]) -> str:
    """The first few, quoted."""
    return ", ".join(map(repr, names[:SHOWN])) + (", ..." if len(names) > SHOWN else "")


def build_id(folder: Path, prefix: str) -> str:
    """A digest of where the exams lie; the place cannot be read off it."""
    whole = f"{folder.resolve()}\0{prefix}"
    return hashlib.blake2b(whole.encode(errors="replace"), digest_size=8).hexdigest()


def _nothing(folder: Path) -> str:
    if any(folder.iterdir()):
        return (
            f"The folder {folder.name!r} holds no exams: each is to be a folder or an archive of "
            "its own in it."
        )
    return f"The folder {folder.name!r} is empty; give the folder that holds the exams."
