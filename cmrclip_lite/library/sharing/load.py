"""A library out of a dataset of the Hub, or out of a folder of the same files."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ...download import HubRepository
from ...errors import LibraryError
from .. import indexing, store
from ..case_library import CaseLibrary
from ..records import plain_rows, schema
from ..verifying import problems_of
from .layout import BATCH, INDEX, Index, digest, new_folder, shared_schema, to_library


def load_library(
    name: str | Path,
    out: str | Path,
    *,
    revision: str | None = None,
    cache_dir: str | Path | None = None,
    token: str | bool | None = None,
    progress: bool = False,
) -> CaseLibrary:
    """Make a library of a shared one, complete or not at all.

    It belongs to the model that embedded it, and has the same name. Every file's digest is
    compared and every case checked before anything can be opened at `out`: in a folder the finished
    library is put in place by one renaming; in an object store the cases are one commit, and the
    index of words a second one, which `CaseLibrary.optimize` makes where a kill left it out.

    Args:
        name: "owner/name" or "owner/name@revision" on the Hub, or a folder that was exported.
        out: a new folder, or an address such as s3://bucket/library.
        revision: branch, tag or commit of a Hub id; None takes the newest.
        cache_dir: where downloads are kept; None takes the Hub cache.
        token: for private or gated datasets; None takes the one you logged in with.
        progress: say on stderr how far it is.

    Raises:
        LibraryError: if there is no such dataset, it holds no library that this version reads, it
            cannot be downloaded, a case is damaged, or `out` is taken or cannot be written.
    """
    if store.is_remote(out):
        if store.open_table(out) is not None:
            raise LibraryError(f"There is a case library at {store.shown_name(out)!r} already.")
        return _write(_find(name, revision, cache_dir, token), out, progress)
    with new_folder(Path(out)) as part:
        _write(_find(name, revision, cache_dir, token), part, progress)
    return CaseLibrary.open(out)


@dataclass(frozen=True)
class _Source:
    """Files on this machine, and how people call the dataset they are of."""

    shown: str
    index: Index
    files: list[Path]


def _find(
    name: str | Path,
    revision: str | None,
    cache_dir: str | Path | None,
    token: str | bool | None,
) -> _Source:
    folder = Path(name).expanduser()
    if not folder.is_dir():
        hub = HubRepository.named(str(name), revision, cache_dir, token, "dataset")
        return _checked(_on_hub(hub))
    shown = f"the folder {folder.resolve().name!r}"
    if revision is not None:
        raise LibraryError(f"A folder has no revisions; leave out {revision!r}.")
    if not (folder / INDEX).is_file():
        raise _no_library(shown)
    index = Index.read(folder / INDEX, shown)
    for file in index.names:
        if not (folder / file).is_file():
            raise LibraryError(f"{Path(file).name} is missing in {shown}; fetch it again.")
    return _checked(_Source(shown, index, [folder / file for file in index.names]))


def _on_hub(hub: HubRepository) -> _Source:
    found = hub.file(INDEX)
    if found is None:
        raise _no_library(hub.repo)
    # All the rest comes from the commit that the index is of: the cache lays files out as
    # snapshots/<commit>/<file>.
    commit = found.parent.name
    hub = hub.at(commit)
    shown = f"{hub.repo}@{commit[:12]}"
    index = Index.read(found, shown)
    files = []
    for name in index.names:
        path = hub.file(name)
        if path is None:
            raise LibraryError(f"{name} is missing in {shown}; tell whoever shares it.")
        files.append(path)
    return _Source(shown, index, files)


def _no_library(shown: str) -> LibraryError:
    return LibraryError(
        f"There is no {INDEX} in {shown}, so it holds no case library that was exported; see "
        "`cmrclip library export`."
    )


def _checked(source: _Source) -> _Source:
    for path, file in zip(source.files, source.index.files, strict=True):
        try:
            same = digest(path) == file.sha256
        except OSError as error:
            raise _damaged(path, source) from error
        if not same:
            raise _damaged(path, source)
    return source


def _damaged(path: Path, source: _Source) -> LibraryError:
    return LibraryError(
        f"{path.name} of {source.shown} is not as it was exported; delete it and fetch it again."
    )


def _write(source: _Source, out: str | Path, progress: bool) -> CaseLibrary:
    """One commit of all cases, then the index of their words."""
    columns = schema(source.index.width, source.index.facts)
    wrong: list[LibraryError] = []
    batches = pa.RecordBatchReader.from_batches(columns, _batches(source, columns, wrong, progress))
    try:
        table = store.create_table(out, batches)
    except LibraryError:
        # The store takes what stops the rows on their way for a fault of its own.
        if wrong:
            raise wrong[0] from None
        raise
    with store.writing(out):
        indexing.index_words(table)
    return CaseLibrary(out, table)


def _batches(
    source: _Source, columns: pa.Schema, wrong: list[LibraryError], progress: bool
) -> Iterator[pa.RecordBatch]:
    """The cases of all files, checked; what is wrong with one goes into `wrong` and ends it."""
    seen: set[str] = set()
    try:
        for path, file in zip(source.files, source.index.files, strict=True):
            before = len(seen)
            for rows in _tables(path, source, columns):
                for row in plain_rows(rows):
                    if problems_of(row, source.index.facts["model_identity"]) or row["id"] in seen:
                        raise LibraryError(
                            f"Case {row['id']!r} of {source.shown} is damaged, there twice, or of "
                            "another model; ask whoever shares it for a new export."
                        )
                    seen.add(row["id"])
                yield from rows.to_batches()
            if len(seen) - before != file.rows:
                raise _damaged(path, source)
            if progress:
                print(f"{path.name}: {len(seen)} of {source.index.cases} cases", file=sys.stderr)
    except LibraryError as error:
        wrong.append(error)
        raise


def _tables(path: Path, source: _Source, columns: pa.Schema) -> Iterator[pa.Table]:
    names = shared_schema(source.index.width).names
    try:
        with pq.ParquetFile(path) as file:
            if file.schema_arrow.names != names:
                raise _damaged(path, source)
            for batch in file.iter_batches(BATCH):
                yield to_library(pa.Table.from_batches([batch]), columns)
    except (OSError, ValueError, pa.ArrowException) as error:
        raise _damaged(path, source) from error
