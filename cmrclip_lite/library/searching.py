"""Finding cases by a vector, by words, or by both.

A search compares all vectors, held in memory. In a library too large for that it asks an index
where there is one (`indexing.py`), and else reads all vectors from the store each time.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import torch

from ..errors import LibraryError
from .filters import Filters
from .indexing import fits_memory, vector_index, words_index
from .nearest import VECTORS, Hit, InMemory, InStore, add_pictures, read_vectors
from .records import Case, to_case

if TYPE_CHECKING:
    from lancedb.table import Table

# Reciprocal rank fusion, and its constant: Cormack, Clarke & Buettcher, SIGIR 2009.
FUSION = 60
FUSED_DEPTH = 100  # how far down each of the two lists is looked
# Two exports of one exam share the pixels of their series. This catches those whose pixels were
# compressed or scaled: distinct synthetic patients are up to 0.988 alike (docs/retrieval.md).
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


@dataclass(eq=False)
class Searcher:
    """Searches one snapshot of a table."""

    table: Table
    width: int

    def method(self) -> str:
        """A sentence: how this library is searched."""
        if isinstance(self._place, InMemory):
            return f"Exact: all {self._total} cases are compared."
        kind = vector_index(self.table, VECTORS["image"])
        if kind is None:
            return f"Exact, read from the store each time: all {self._total} cases are compared."
        return (
            f"Approximate: an index ({kind}) over {self._total} cases; a close case may be missed "
            "now and then."
        )

    def find(self, query: Query) -> list[Case]:
        """The cases of a query, best first."""
        wanted = min(query.k, self._total)
        depth = min(wanted + _SPARE + len(query.exclude), self._total)
        while True:
            hits = self._hits(query, depth)
            cases = self._cases(query, hits)
            # Too many may have been folded or left out; then look further down.
            if len(cases) >= wanted or len(hits) < depth or depth >= self._total:
                return cases
            depth = min(4 * depth, self._total)

    def vectors(self, by: str) -> np.ndarray:
        """`(N, D)` float32; zeros where there is none."""
        if isinstance(self._place, InMemory):
            return self._place.vectors(by).numpy()
        return read_vectors(self.table, by, self.width)

    @cached_property
    def _total(self) -> int:
        return self.table.count_rows()

    @cached_property
    def _place(self) -> InMemory | InStore:
        place = InMemory if fits_memory(self.table, self.width) else InStore
        return place(self.table, self.width)

    def _hits(self, query: Query, depth: int) -> list[Hit]:
        """Rows that fit a query, best first, read."""
        sql = query.where.sql() if query.where else None
        if query.words is None:
            return self._place.nearest(query.by, query.vector, sql, depth, read=True)
        deep = max(depth, FUSED_DEPTH)
        near = self._place.nearest(query.by, query.vector, sql, deep, read=False)
        hits = _fuse(near, self._holding(query.words, sql, deep))[:depth]
        self._place.read(query.by, query.vector, hits)
        return hits

    def _holding(self, words: str, sql: str | None, depth: int) -> list[Hit]:
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
            return [Hit(row["_rowid"], words=True) for row in search.to_list()]
        except (ValueError, RuntimeError) as error:
            raise LibraryError(
                f"The words {words!r} cannot be searched for; give plain words, or a phrase in "
                "double quotes."
            ) from error

    def _cases(self, query: Query, hits: list[Hit]) -> list[Case]:
        """Hits as cases, without those excluded, near-duplicates folded into the better one."""
        kept: list[tuple[int, list[str]]] = []
        images = np.array([hit.case[VECTORS["image"]] for hit in hits])
        content = [frozenset(hit.case["content"]) for hit in hits]
        for i, hit in enumerate(hits):
            if hit.case["id"] in query.exclude or not content[i].isdisjoint(query.exclude):
                continue
            alike = images[:i] @ images[i]
            for j, folded in kept if query.fold else ():
                if alike[j] >= NEAR_DUPLICATE or not content[i].isdisjoint(content[j]):
                    folded.append(hit.case["id"])
                    break
            else:
                kept.append((i, []))
        del kept[query.k :]
        add_pictures(self.table, [hits[i] for i, _ in kept])
        return [
            to_case(hits[i].case, hits[i].similarity, hits[i].words, tuple(folded))
            for i, folded in kept
        ]


def _fuse(near: list[Hit], holding: list[Hit]) -> list[Hit]:
    """Two ranked lists as one, by the sum of each hit's reciprocal ranks."""
    merged: dict[int, Hit] = {}
    points: dict[int, float] = {}
    for hits in (near, holding):
        for rank, hit in enumerate(hits, 1):
            known = merged.setdefault(hit.row, hit)
            known.words = known.words or hit.words
            points[hit.row] = points.get(hit.row, 0) + 1 / (FUSION + rank)
    return sorted(merged.values(), key=lambda hit: -points[hit.row])


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
