"""Finding cases by a vector, by words, or by both.

Up to `EXACT_BYTES` of vectors a search compares all of them, held in memory. Beyond that it asks
an index where there is one (`indexing.py`), and else reads all vectors from the store each time.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from ..errors import LibraryError
from .filters import Filters
from .indexing import PROBES, REFINE, vector_index, words_index
from .records import Case, plain_rows, to_case
from .store import columns

if TYPE_CHECKING:
    from lancedb.table import Table

EXACT_BYTES = 512 * 2**20
VECTORS = {"image": "embedding", "impression": "impression_embedding"}
# Reciprocal rank fusion, and its constant: Cormack, Clarke & Buettcher, SIGIR 2009.
FUSION = 60
FUSED_DEPTH = 100  # how far down each of the two lists is looked
# Two exports of one exam share the pixels of their series. This catches those whose pixels were
# compressed or scaled: distinct synthetic patients are up to 0.9992 alike (docs/library.md).
NEAR_DUPLICATE = 0.9995
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
    _vectors: dict[str, tuple[np.ndarray, torch.Tensor]] = field(default_factory=dict)

    def method(self, by: str = "image") -> str:
        """A sentence: how this library is searched."""
        count = self.table.count_rows()
        if self._in_memory():
            return f"Exact: all {count} cases are compared."
        kind = vector_index(self.table, VECTORS[by])
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
            rows = self._rows([hit.row for hit in hits])
            cases = _kept(query, hits, rows)
            # Too many may have been folded or left out; then look further down.
            if len(cases) >= wanted or len(hits) < depth or depth >= total:
                return cases[:wanted]
            depth = min(4 * depth, total)

    def vectors(self, by: str) -> tuple[np.ndarray, torch.Tensor]:
        """`(N,)` row ids and `(N, D)` float32 vectors in memory; zeros where there is none."""
        if by not in self._vectors:
            name = VECTORS[by]
            found = columns(self.table, [name])
            column = found[name].combine_chunks()
            if column.null_count:
                matrix = np.zeros((len(column), self.width), np.float32)
                present = np.asarray(column.is_valid())
                matrix[present] = column.drop_null().flatten().to_numpy().reshape(-1, self.width)
            else:
                flat = column.flatten().to_numpy(zero_copy_only=False)
                matrix = np.require(flat, requirements="W").reshape(-1, self.width)
            self._vectors[by] = found["_rowid"].to_numpy(), torch.from_numpy(matrix)
        return self._vectors[by]

    def _in_memory(self) -> bool:
        return self.table.count_rows() * self.width * 4 <= EXACT_BYTES

    def _hits(self, query: Query, depth: int) -> list[_Hit]:
        sql = query.where.sql() if query.where else None
        if query.words is None:
            return self._nearest(query, sql, depth)
        near = self._nearest(query, sql, max(depth, FUSED_DEPTH))
        return _fuse(near, self._holding(query.words, sql, max(depth, FUSED_DEPTH)))[:depth]

    def _nearest(self, query: Query, sql: str | None, depth: int) -> list[_Hit]:
        if not self._in_memory():
            return self._nearest_in_store(query, sql, depth)
        rows, matrix = self.vectors(query.by)
        similar = torch.mv(matrix, torch.from_numpy(query.vector))
        if sql is None:
            allowed = len(rows)
        else:
            fits = np.isin(rows, columns(self.table, ["id"], sql)["_rowid"].to_numpy())
            similar[torch.from_numpy(~fits)] = -torch.inf
            allowed = int(fits.sum())
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
            .select(["id"])
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
                "The words of this library are not indexed yet; run `cmrclip library optimize`."
            )
        search = (
            self.table.search(words, query_type="fts", fts_columns="impression")
            .select(["id", "_score"])
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

    def _rows(self, rows: list[int]) -> dict[int, dict[str, Any]]:
        if not rows:
            return {}
        found = self.table.take_row_ids(rows).with_row_id().to_arrow()
        return {row["_rowid"]: row for row in plain_rows(found)}


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


def _kept(query: Query, hits: list[_Hit], rows: dict[int, dict[str, Any]]) -> list[Case]:
    """Rows as cases, without those excluded, near-duplicates folded into the better one."""
    kept: list[tuple[_Hit, dict[str, Any], list[str]]] = []
    for hit in hits:
        row = rows[hit.row]
        if query.exclude and not query.exclude.isdisjoint([row["id"], *row["content"]]):
            continue
        twin = next((k for k in kept if query.fold and _same_exam(k[1], row)), None)
        if twin is not None:
            twin[2].append(row["id"])
        else:
            kept.append((hit, row, []))
    cases = []
    for hit, row, folded in kept:
        vector = row[VECTORS[query.by]]
        if np.isnan(hit.similarity) and vector is not None:
            hit.similarity = float(np.dot(vector, query.vector))
        cases.append(to_case(row, hit.similarity, hit.words, tuple(folded)))
    return cases


def _same_exam(a: dict[str, Any], b: dict[str, Any]) -> bool:
    if not set(a["content"]).isdisjoint(b["content"]):
        return True
    return float(np.dot(a["embedding"], b["embedding"])) >= NEAR_DUPLICATE


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
