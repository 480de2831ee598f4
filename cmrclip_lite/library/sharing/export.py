"""Writing a library as the folder of a Hub dataset."""

from __future__ import annotations

import hashlib
import secrets
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ...errors import LibraryError
from .. import store
from ..case_library import CaseLibrary
from ..records import FORMAT, checksum, plain_rows
from ..verifying import problems_of
from .card import Contents, Terms, card
from .layout import (
    BATCH,
    CARD,
    FACTS,
    DataFile,
    Index,
    digest,
    file_name,
    new_folder,
    shared_schema,
    to_shared,
)
from .review import refuse_personal

ROWS_PER_FILE = 10_000  # some 300 MB with pictures; the Hub likes files below 500 MB


def export_library(
    library: CaseLibrary,
    folder: str | Path,
    *,
    licence: str | None = None,
    source: str = "",
    reviewed: bool = False,
    keep_ids: bool = False,
    rows_per_file: int = ROWS_PER_FILE,
    progress: bool = False,
) -> Path:
    """Write a library as a folder to upload as a dataset of the Hub, all of it or nothing.

    What leaves is the cases' pictures, impressions, findings, acquisition facts, sex, age band and
    vectors. Ids are new and rows in a random order unless `keep_ids`. What each case says of its
    source, and the digest of its files, stay behind. The digests of its pixels, by which whoever
    holds the same exam would know it again, are scrambled with a secret of this one export: cases
    with a series in common still fold into one. But whoever holds the same exam and the same model
    can make the same vectors.

    Texts that seem to hold a detail of a person, and pictures that seem to hold text, stop the
    export unless `reviewed`. That search is an aid and no guarantee: it knows forms
    (`personal.py`), not names. Whoever shares answers for what is shared.

    Args:
        library: as it is open; what others add meanwhile is not exported.
        folder: where to; it must not exist or be empty.
        licence: as the Hub names it, such as "cc-by-4.0"; None states none.
        source: what every exported case says of where it comes from.
        reviewed: a person has looked through the cases and found them fit to share.
        keep_ids: keep the ids and the order of the cases.
        rows_per_file: cases in one Parquet file.
        progress: say on stderr how far it is.

    Returns:
        The folder.

    Raises:
        LibraryError: if a case seems to tell of a person (its id and what kind of detail are
            named, not the detail), a case is damaged, or the folder cannot be written.
        CmrClipError: if pictures cannot be looked at, for want of Pillow.
    """
    target = Path(folder)
    if rows_per_file < 1:
        raise LibraryError(f"A file holds at least 1 case, not {rows_per_file}.")
    total = len(library)
    if not total:
        raise LibraryError(f"The case library {library.name!r} holds no case to export.")
    with new_folder(target) as part:
        if not reviewed:
            refuse_personal(library, source, keep_ids)
        (part / "data").mkdir()
        changes = _Changes(source, secrets.token_bytes(32), None if keep_ids else count(1))
        contents, files = Contents(), []
        order = np.arange(total) if keep_ids else np.random.default_rng().permutation(total)
        for start in range(0, total, rows_per_file):
            wanted = order[start : start + rows_per_file]
            path = part / file_name(len(files), -(-total // rows_per_file))
            _write(path, _shared(library, wanted, changes, contents))
            files.append(DataFile(len(wanted), digest(path)))
            contents.file_bytes += path.stat().st_size
            if progress:
                print(f"{path.name}: {start + len(wanted)} of {total} cases", file=sys.stderr)
        facts = {name: getattr(library, name) for name in FACTS if name != "format"}
        index = Index({"format": FORMAT} | facts, library.width, tuple(files))
        index.write(part)
        text = card(index, contents, Terms(licence, source, reviewed, keep_ids))
        (part / CARD).write_text(text, encoding="utf-8")
    return target


@dataclass(frozen=True)
class _Changes:
    """What is other in a shared case.

    Attributes:
        source: what it says of where it comes from.
        secret: what the digests of its pixels are scrambled with.
        numbers: for new ids, and then rows are shuffled; None keeps ids and order.
    """

    source: str
    secret: bytes
    numbers: Iterator[int] | None

    def apply(self, row: dict[str, Any]) -> None:
        row["source"] = self.source
        row["content"] = [
            hashlib.blake2b(mark.encode(), key=self.secret, digest_size=16).hexdigest()
            for mark in row["content"]
        ]
        row["fingerprint"] = ""
        if self.numbers is not None:
            row["id"] = f"case-{next(self.numbers):06d}"
        row["checksum"] = checksum(row)


def _shared(
    library: CaseLibrary, offsets: np.ndarray, changes: _Changes, contents: Contents
) -> Iterator[pa.Table]:
    """Cases as they are shared, a batch at a time, counted in `contents`."""
    columns = shared_schema(library.width)
    for start in range(0, len(offsets), BATCH):
        table = _read(library, offsets[start : start + BATCH])
        if changes.numbers is not None:
            # The store gives rows in its own order.
            table = table.take(np.random.default_rng().permutation(len(table)))
        rows = plain_rows(table)
        for row in rows:
            problems = problems_of(row, library.model_identity)
            if problems:
                raise LibraryError(f"Nothing was exported: {problems[0]}")
            changes.apply(row)
            contents.findings.update(row["findings"])
            contents.pictures += bool(row["picture"])
        for name in ("id", "source", "content", "checksum"):
            place = table.schema.get_field_index(name)
            values = pa.array([row[name] for row in rows], table.schema.field(name).type)
            table = table.set_column(place, name, values)
        shared = to_shared(table, columns)
        contents.arrow_bytes += shared.nbytes
        yield shared


def _read(library: CaseLibrary, offsets: np.ndarray) -> pa.Table:
    with store.reading(library.path):
        return library._table.take_offsets(offsets.tolist()).to_arrow()


def _write(path: Path, tables: Iterator[pa.Table]) -> None:
    first = next(tables)
    # Vectors and pictures do not repeat, and what does is small.
    with pq.ParquetWriter(path, first.schema, compression="zstd", use_dictionary=False) as file:
        for table in chain([first], tables):
            file.write_table(table)
