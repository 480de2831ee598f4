"""The table that holds a library's cases: a LanceDB table in a folder or an object store.

Every change is one commit: a new version of the table is there as a whole or not at all, whenever
the process is killed. An open table is a snapshot; what others write is seen when it is opened
again.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import LibraryError
from .importing import import_lancedb

if TYPE_CHECKING:
    import pyarrow as pa
    from lancedb.db import DBConnection
    from lancedb.table import Table

CASES = "cases"
# Old versions are kept this long, for whoever has them open.
KEPT = timedelta(days=1)
# A missing vector, of a case without an impression, stays missing; `records.check` refuses others.
MISSING = "null"
# Lance's format of files. In 2.2 a column that says the same of every case, as `source` often does,
# is unpacked whole for every case that is looked up: 1.5 ms a column in a million cases.
FILES = "2.1"


def is_remote(path: str | Path) -> bool:
    """Whether it is the address of an object store, such as s3://bucket/library."""
    return "://" in str(path)


def shown_name(path: str | Path) -> str:
    """What an error message calls a library: the last part of its address."""
    return str(path).rstrip("/").rsplit("/", 1)[-1] or "the library"


def open_table(path: str | Path, name: str = CASES) -> Table | None:
    """A table of a library, that of its cases if not named, or None; nothing is created.

    Raises:
        LibraryError: if it cannot be read.
    """
    # Connecting would create the folder.
    if not is_remote(path) and not (Path(path) / f"{name}.lance").is_dir():
        return None
    with reading(path):
        try:
            return _connect(path).open_table(name)
        except ValueError as error:
            # Also a folder that a killed process left before its first commit.
            if "was not found" in str(error):
                return None
            raise


def create_table(
    path: str | Path, rows: pa.Table | pa.RecordBatchReader, name: str = CASES
) -> Table:
    """A new table of these rows, in one commit; of a reader's, a batch in memory at a time.

    Raises:
        LibraryError: if there is one already, or it cannot be written.
    """
    if open_table(path, name) is not None:
        raise LibraryError(f"The folder {shown_name(path)!r} holds a case library already.")
    with writing(path):
        return _connect(path).create_table(
            name,
            rows,
            schema=rows.schema,
            on_bad_vectors=MISSING,
            storage_options={"new_table_data_storage_version": FILES},
        )


def insert(path: str | Path, table: Table, rows: pa.Table, replace: bool = False) -> int:
    """Add rows whose id the table lacks; how many those were.

    Two processes may do so at once, even with the same ids: each row is there once.

    Args:
        replace: put a row in place of the one that has its id.

    Raises:
        LibraryError: if it cannot be written; then nothing was changed.
    """
    with writing(path):
        table.checkout_latest()
        merge = table.merge_insert("id").when_not_matched_insert_all()
        if replace:
            merge = merge.when_matched_update_all()
        return merge.execute(rows, on_bad_vectors=MISSING).num_inserted_rows


def compact(path: str | Path, table: Table) -> None:
    """Join small files, bring the indexes up to date and drop versions older than a day.

    Raises:
        LibraryError: if it cannot be written.
    """
    with writing(path):
        table.checkout_latest()
        table.optimize(cleanup_older_than=KEPT)


def drop_table(path: str | Path, name: str) -> None:
    """Remove a table if it is there.

    Raises:
        LibraryError: if it cannot be removed.
    """
    if open_table(path, name) is not None:
        with writing(path):
            _connect(path).drop_table(name)


@contextmanager
def reading(path: str | Path) -> Iterator[None]:
    """Say what is wrong with a library that cannot be read."""
    try:
        yield
    except (ValueError, OSError, RuntimeError, KeyError) as error:
        if isinstance(error, LibraryError):
            raise
        if denied(error):
            problem = "may not be read by you; ask for the right to"
        elif unreachable(error):
            problem = "cannot be reached; check its address, your network and your keys"
        else:
            problem = "is damaged or unreadable; build it again, or restore it from a copy"
        raise LibraryError(
            f"The case library in {shown_name(path)!r} {problem} ({type(error).__name__})."
        ) from error


@contextmanager
def writing(path: str | Path) -> Iterator[None]:
    """Say why a library cannot be written, and that it is as it was."""
    try:
        yield
    except (ValueError, OSError, RuntimeError, KeyError) as error:
        if isinstance(error, LibraryError):
            raise
        words = str(error).lower()
        if "no space" in words or "os error 28" in words or "quota" in words:
            problem = "the disk is full; make room and run the same again"
        elif "read-only" in words or "os error 30" in words or denied(error):
            problem = "it may not be written by you; choose another folder or ask for the right to"
        elif unreachable(error):
            problem = "it cannot be reached; check its address, your network and your keys"
        else:
            problem = f"the store answered {type(error).__name__}"
        raise LibraryError(
            f"The case library {shown_name(path)!r} was not changed: {problem}."
        ) from error


def denied(error: Exception) -> bool:
    words = str(error).lower()
    return any(
        w in words for w in ("permission denied", "os error 13", "accessdenied", "forbidden")
    )


def unreachable(error: Exception) -> bool:
    words = str(error).lower()
    return any(
        w in words for w in ("connect", "dns", "nosuchbucket", "no such bucket", "timed out")
    )


def _connect(path: str | Path) -> DBConnection:
    return import_lancedb().connect(path)


def columns(table: Table, names: list[str], where: str | None = None) -> Any:
    """Columns of all rows, or of those that fit, as an Arrow table with `_rowid`."""
    query = table.search()
    if where:
        query = query.where(where)
    return query.select(names).with_row_id(True).limit(None).to_arrow()
