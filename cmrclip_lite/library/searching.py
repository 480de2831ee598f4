"""Finding cases by a vector, by words, or by both.

A search compares all vectors, held in memory. In a library too large for that it asks an index
where there is one (`indexing.py`), and else reads all vectors from the store each time.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from ..errors import LibraryError
from .filters import Filters
from .indexing import PROBES, REFINE, fits_memory, vector_index, words_index
from .records import CASE_COLUMNS, Case, to_case
from .store import columns

if TYPE_CHECKING:
    import pyarrow as pa
    from lancedb.table import Table

VECTORS = {"image": "embedding", "impression": "impression_embedding"}
# Reciprocal rank fusion, and its constant: Cormack, Clarke & Buettcher, SIGIR 2009.
FUSION = 60
FUSED_DEPTH = 100  # how far down each of the two lists is looked
# Two exports of one exam share the pixels of their series. This catches those whose pixels were
# compressed or scaled: distinct synthetic patients are up to 0.9992 alike (docs/retrieval.md).
NEAR_DUPLICATE = 0.9995
_IDENTITY = ("id", "content")
_SPARE = 8  # candidates beyond those asked for, to be folded or left out


@dataclass(frozen=True)
class Query:
    """What to find. See `CaseLibrary.search`."""

    vector: np.ndarray
    k: int
    by: str
    where: Filters | None
    words: str | None
    exclude: frozenset[str]
    fold: bool


@dataclass
class _Hit:
    """A row that was found, its similarity, and whether it holds the words."""

    row: int
    similarity: float = float("nan")
    words: bool = False


@dataclass(eq=False)
class Searcher:
    """Searches one snapshot of a table."""

    table: Table
    width: int
    _vectors: dict[str, torch.Tensor] = field(default_factory=dict)
    _has: dict[str, np.ndarray] = field(default_factory=dict)

    def method(self) -> str:
        """A sentence: how this library is searched."""
        count = self.table.count_rows()
        if self._in_memory:
            return f"Exact: all {count} cases are compared."
        kind = vector_index(self.table, VECTORS["image"])
        if kind is None:
            return f"Exact, read from the store each time: all {count} cases are compared."
        return (
            f"Approximate: an index ({kind}) over {count} cases; a close case may be missed now "
            "and then."
        )

    def find(self, query: Query) -> list[Case]:
        """The cases of a query, best first."""
        total = self.table.count_rows()
        wanted = min(query.k, total)
        depth = min(wanted + _SPARE + len(query.exclude), total)
        while True:
            hits = self._hits(query, depth)
            cases = self._cases(query, hits)
            # Too many may have been folded or left out; then look further down.
            if len(cases) >= wanted or len(hits) < depth or depth >= total:
                return cases
            depth = min(4 * depth, total)

    def vectors(self, by: str) -> torch.Tensor:
        """`(N, D)` float32 in memory, in the order of `row_ids`; zeros where there is none."""
        if by not in self._vectors:
            name = VECTORS[by]
            column = columns(self.table, [name])[name].combine_chunks()
            if column.null_count:
                matrix = np.zeros((len(column), self.width), np.float32)
                present = np.asarray(column.is_valid())
                matrix[present] = column.drop_null().flatten().to_numpy().reshape(-1, self.width)
            else:
                flat = column.flatten().to_numpy(zero_copy_only=False)
                matrix = np.require(flat, requirements="W").reshape(-1, self.width)
            self._vectors[by] = torch.from_numpy(matrix)
        return self._vectors[by]

    def _present(self, by: str) -> np.ndarray:
        """`(N,)` bool: which cases have such a vector; one without an impression has none."""
        if by not in self._has:
            self._has[by] = self.vectors(by).any(dim=1).numpy()
        return self._has[by]

    @cached_property
    def row_ids(self) -> np.ndarray:
        """`(N,)`, by which the store knows its rows."""
        return self._light["_rowid"].to_numpy()

    @cached_property
    def _light(self) -> pa.Table:
        """What is shown or compared of all cases, but for vectors and pictures, in memory."""
        return columns(self.table, [*{*CASE_COLUMNS, *_IDENTITY}]).combine_chunks()

    @cached_property
    def _in_memory(self) -> bool:
        return fits_memory(self.table, self.width)

    def _hits(self, query: Query, depth: int) -> list[_Hit]:
        sql = query.where.sql() if query.where else None
        if query.words is None:
            return self._nearest(query, sql, depth)
        near = self._nearest(query, sql, max(depth, FUSED_DEPTH))
        return _fuse(near, self._holding(query.words, sql, max(depth, FUSED_DEPTH)))[:depth]

    def _nearest(self, query: Query, sql: str | None, depth: int) -> list[_Hit]:
        if not self._in_memory:
            return self._nearest_in_store(query, sql, depth)
        rows = self.row_ids
        similar = torch.mv(self.vectors(query.by), torch.from_numpy(query.vector))
        fits = self._present(query.by)
        if sql is not None:
            fits = fits & np.isin(rows, columns(self.table, ["id"], sql)["_rowid"].to_numpy())
        allowed = int(fits.sum())
        if allowed < len(rows):
            similar[torch.from_numpy(~fits)] = -torch.inf
        best = torch.topk(similar, min(depth, allowed))
        return [
            _Hit(int(rows[i]), float(s))
            for i, s in zip(best.indices.tolist(), best.values.tolist(), strict=True)
        ]

    def _nearest_in_store(self, query: Query, sql: str | None, depth: int) -> list[_Hit]:
        search = (
            self.table.search(query.vector, vector_column_name=VECTORS[query.by])
            .distance_type("dot")
            .nprobes(PROBES)
            .refine_factor(REFINE)
            .select(["_distance"])
            .with_row_id(True)
            .limit(depth)
        )
        if sql:
            search = search.where(sql, prefilter=True)
        # LanceDB gives one minus the dot product.
        return [_Hit(row["_rowid"], 1 - row["_distance"]) for row in search.to_list()]

    def _holding(self, words: str, sql: str | None, depth: int) -> list[_Hit]:
        """Cases whose impression holds the words, best first by BM25."""
        if words_index(self.table) is None:
            raise LibraryError(
                "The words of this library are not indexed yet; call its optimize()."
            )
        search = (
            self.table.search(words, query_type="fts", fts_columns="impression")
            .select(["_score"])
            .with_row_id(True)
            .limit(depth)
        )
        if sql:
            search = search.where(sql, prefilter=True)
        try:
            return [_Hit(row["_rowid"], words=True) for row in search.to_list()]
        except (ValueError, RuntimeError) as error:
            raise LibraryError(
                f"The words {words!r} cannot be searched for; give plain words, or a phrase in "
                "double quotes."
            ) from error

    def _cases(self, query: Query, hits: list[_Hit]) -> list[Case]:
        """Hits as cases, without those excluded, near-duplicates folded into the better one."""
        if not hits:
            return []
        rows, images = self._to_compare(hits)
        kept: list[tuple[int, list[str]]] = []
        for i, hit in enumerate(hits):
            row = rows[hit.row]
            if not query.exclude.isdisjoint([row["id"], *row["content"]]):
                continue
            for j, folded in kept if query.fold else ():
                if _same_exam(rows[hits[j].row], row, float(images[i] @ images[j])):
                    folded.append(row["id"])
                    break
            else:
                kept.append((i, []))
        del kept[query.k :]
        if not kept:
            return []
        found = [hits[i] for i, _ in kept]
        self._fill_similarities(query, found)
        rows = self._to_show(found)
        return [
            to_case(rows[hit.row], hit.similarity, hit.words, tuple(folded))
            for hit, (_, folded) in zip(found, kept, strict=True)
        ]

    def _fill_similarities(self, query: Query, hits: list[_Hit]) -> None:
        """Of cases that only the words found."""
        missing = [hit for hit in hits if np.isnan(hit.similarity)]
        if missing:
            similar = self._vectors_of(missing, query.by) @ query.vector
            for hit, value in zip(missing, similar.tolist(), strict=True):
                hit.similarity = value

    def _to_compare(self, hits: list[_Hit]) -> tuple[dict[int, dict[str, Any]], np.ndarray]:
        """Ids and content by row, and the embeddings `(len(hits), D)` of the images."""
        if self._in_memory:
            found = self._light.select([*_IDENTITY, "_rowid"]).take(self._places(hits))
            return _by_row(found), self._vectors_of(hits, "image")
        found = self._take(hits, [*_IDENTITY, VECTORS["image"]])
        rows = _by_row(found)
        return rows, np.array([rows[hit.row][VECTORS["image"]] for hit in hits], np.float32)

    def _to_show(self, hits: list[_Hit]) -> dict[int, dict[str, Any]]:
        """What is shown of cases, by row."""
        if not self._in_memory:
            return _by_row(self._take(hits, [*CASE_COLUMNS, "picture"]))
        rows = _by_row(self._light.select([*CASE_COLUMNS, "_rowid"]).take(self._places(hits)))
        for row, picture in _by_row(self._take(hits, ["picture"])).items():
            rows[row] |= picture
        return rows

    def _vectors_of(self, hits: list[_Hit], by: str) -> np.ndarray:
        """`(len(hits), D)`; zeros where there is none."""
        if self._in_memory:
            return self.vectors(by).numpy()[self._places(hits)]
        rows = _by_row(self._take(hits, [VECTORS[by]]))
        none = [0.0] * self.width
        return np.array([rows[hit.row][VECTORS[by]] or none for hit in hits], np.float32)

    def _take(self, hits: list[_Hit], names: list[str]) -> pa.Table:
        """Columns of some rows from the store, with `_rowid`, in whatever order."""
        rows = [hit.row for hit in hits]
        return self.table.take_row_ids(rows).select(names).with_row_id().to_arrow()

    def _places(self, hits: list[_Hit]) -> np.ndarray:
        """Where rows lie in `row_ids`."""
        wanted = np.array([hit.row for hit in hits], self.row_ids.dtype)
        return self._order[np.searchsorted(self.row_ids, wanted, sorter=self._order)]

    @cached_property
    def _order(self) -> np.ndarray:
        return np.argsort(self.row_ids)


def _fuse(near: list[_Hit], holding: list[_Hit]) -> list[_Hit]:
    """Two ranked lists as one, by the sum of each hit's reciprocal ranks."""
    merged: dict[int, _Hit] = {}
    points: dict[int, float] = {}
    for hits in (near, holding):
        for rank, hit in enumerate(hits, 1):
            known = merged.setdefault(hit.row, hit)
            known.words = known.words or hit.words
            points[hit.row] = points.get(hit.row, 0) + 1 / (FUSION + rank)
    return sorted(merged.values(), key=lambda hit: -points[hit.row])


def _by_row(found: pa.Table) -> dict[int, dict[str, Any]]:
    return {row["_rowid"]: row for row in found.to_pylist()}


def _same_exam(a: dict[str, Any], b: dict[str, Any], similarity: float) -> bool:
    return similarity >= NEAR_DUPLICATE or not set(a["content"]).isdisjoint(b["content"])


def query_vector(embedding: np.ndarray | torch.Tensor, width: int) -> np.ndarray:
    """An embedding of whatever type as `(D,)` float32.

    Raises:
        LibraryError: if it has another width.
    """
    if isinstance(embedding, torch.Tensor):
        embedding = embedding.detach().float().cpu().numpy()
    vector = np.array(embedding, dtype=np.float32)
    if vector.shape != (width,):
        raise LibraryError(f"This library holds vectors of {width} values, not {vector.shape}.")
    return vector


def excluded(exclude: Collection[str]) -> frozenset[str]:
    """Ids and content digests to leave out."""
    return frozenset([exclude] if isinstance(exclude, str) else exclude)
