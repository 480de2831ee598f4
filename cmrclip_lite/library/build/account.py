"""What a library knows of exams that are not in it: those quarantined, and builds not finished.

Two small tables beside that of the cases, in the same folder or store.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .. import store
from ..filters import id_among
from ..records import id_field
from .prepare import Failure

QUARANTINE, UNFINISHED = "quarantine", "unfinished"


@dataclass(frozen=True)
class Unfinished:
    """A build that was begun and has not come to its end.

    Attributes:
        exams: how many it was to look at.
        began: UTC, to the minute.
    """

    exams: int
    began: str


def quarantined(path: str | Path) -> dict[str, Failure]:
    """What could not be added, by id."""
    return {row["id"]: Failure(**row) for row in _rows(path, QUARANTINE)}


def quarantine(path: str | Path, failures: Iterable[Failure]) -> None:
    """Keep what could not be added; a later reason replaces an earlier one."""
    columns = {"reason": "string", "fingerprint": "string"}
    _put(path, QUARANTINE, [vars(failure) for failure in failures], columns)


def release(path: str | Path, ids: Collection[str]) -> None:
    """Forget that these were quarantined."""
    _drop(path, QUARANTINE, ids)


def unfinished(path: str | Path) -> list[Unfinished]:
    """Builds that were begun and neither ended nor repeated to their end."""
    rows = sorted(_rows(path, UNFINISHED), key=lambda row: row["began"])
    return [Unfinished(row["exams"], row["began"]) for row in rows]


def is_unfinished(path: str | Path, build: str) -> bool:
    """Whether this build was begun and has not ended."""
    return any(row["id"] == build for row in _rows(path, UNFINISHED))


def begin(path: str | Path, build: str, exams: int) -> None:
    """Mark a build as begun.

    Raises:
        LibraryError: if nothing can be written there.
    """
    row = {"id": build, "exams": exams, "began": f"{datetime.now(UTC):%Y-%m-%d %H:%M}"}
    _put(path, UNFINISHED, [row], {"exams": "int64", "began": "string"})


def end(path: str | Path, build: str) -> None:
    """Mark a build as ended, and keep both tables small."""
    _drop(path, UNFINISHED, [build])
    for name in (QUARANTINE, UNFINISHED):
        if table := store.open_table(path, name):
            store.compact(path, table)


def forget(path: str | Path) -> None:
    """Remove both tables, and the folder if nothing else is in it."""
    for name in (QUARANTINE, UNFINISHED):
        store.drop_table(path, name)
    if not store.is_remote(path) and not any(Path(path).iterdir()):
        Path(path).rmdir()


def _rows(path: str | Path, name: str) -> list[dict[str, Any]]:
    table = store.open_table(path, name)
    if table is None:
        return []
    with store.reading(path):
        return table.search().limit(None).to_list()


def _put(path: str | Path, name: str, rows: list[dict], columns: dict[str, str]) -> None:
    import pyarrow as pa

    if not rows:
        return
    fields = [pa.field(column, pa.type_for_alias(kind)) for column, kind in columns.items()]
    new = pa.Table.from_pylist(rows, schema=pa.schema([id_field(), *fields]))
    table = store.open_table(path, name)
    if table is None:
        store.create_table(path, new, name)
    else:
        store.insert(path, table, new, replace=True)


def _drop(path: str | Path, name: str, ids: Collection[str]) -> None:
    table = store.open_table(path, name) if ids else None
    if table is not None:
        with store.writing(path):
            table.delete(id_among(ids))
