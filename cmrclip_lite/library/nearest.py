"""The cases nearest to a vector: all compared in memory, or asked of the store.

`InMemory` and `InStore` do the same: `nearest` finds rows, and `read` reads what is compared and
shown of them. A request to the store costs a millisecond whatever it asks for, so the store is
asked for both at once; from memory, only the pictures of the cases to be shown are left to ask for.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from .indexing import PROBES, REFINE
from .records import CASE_COLUMNS, plain_rows
from .store import columns

if TYPE_CHECKING:
    import pyarrow as pa
    from lancedb.table import Table

VECTORS = {"image": "embedding", "impression": "impression_embedding"}
_LIGHT = (*CASE_COLUMNS, "content")


@dataclass
class Hit:
    """A row that was found.

    Attributes:
        row: by which the store knows it.
        words: whether its impression holds the words that were searched for.
        similarity: to the vector that was asked, once read; 0 where the case has no vector.
        case: what it says, once read: what a case shows, digests, and the vector of its images.
    """

    row: int
    words: bool = False
    similarity: float = float("nan")
    case: dict[str, Any] = field(default_factory=dict)


@dataclass(eq=False)
class InMemory:
    """Compares a vector with all of a table's, held in memory with all but the pictures."""

    table: Table
    width: int
    _vectors: dict[str, torch.Tensor] = field(default_factory=dict)
    _has: dict[str, np.ndarray] = field(default_factory=dict)

    def nearest(
        self, by: str, vector: np.ndarray, sql: str | None, depth: int, read: bool
    ) -> list[Hit]:
        """The `depth` rows nearest to a vector `(D,)` within a condition, nearest first.

        Args:
            read: read them too.
        """
        similar = torch.mv(self.vectors(by), torch.from_numpy(vector))
        fits = self._present(by)
        if sql is not None:
            fits = fits & np.isin(self._rows, columns(self.table, ["id"], sql)["_rowid"].to_numpy())
        allowed = int(fits.sum())
        if allowed < len(fits):
            similar[torch.from_numpy(~fits)] = -torch.inf
        best = torch.topk(similar, min(depth, allowed)).indices.numpy()
        hits = [Hit(row) for row in self._rows[best].tolist()]
        if read:
            self.read(by, vector, hits)
        return hits

    def read(self, by: str, vector: np.ndarray, hits: list[Hit]) -> None:
        """Fill in what hits say, and their similarity to a vector `(D,)`."""
        wanted = np.array([hit.row for hit in hits], self._rows.dtype)
        places = self._order[np.searchsorted(self._rows, wanted, sorter=self._order)]
        cases = self._light.take(places).to_pylist()
        images = self.vectors("image").numpy()[places]
        similar = (self.vectors(by).numpy()[places] @ vector).tolist()
        for hit, case, image, value in zip(hits, cases, images, similar, strict=True):
            hit.case, hit.similarity = {**case, VECTORS["image"]: image}, value

    def vectors(self, by: str) -> torch.Tensor:
        """`(N, D)` float32; zeros where there is none."""
        if by not in self._vectors:
            self._vectors[by] = torch.from_numpy(read_vectors(self.table, by, self.width))
        return self._vectors[by]

    def _present(self, by: str) -> np.ndarray:
        """`(N,)` bool: which cases have such a vector; one without an impression has none."""
        if by not in self._has:
            self._has[by] = self.vectors(by).any(dim=1).numpy()
        return self._has[by]

    @cached_property
    def _light(self) -> pa.Table:
        return columns(self.table, [*_LIGHT]).combine_chunks()

    @cached_property
    def _rows(self) -> np.ndarray:
        """`(N,)`, by which the store knows its rows."""
        return self._light["_rowid"].to_numpy()

    @cached_property
    def _order(self) -> np.ndarray:
        return np.argsort(self._rows)


@dataclass(eq=False)
class InStore:
    """Asks the store: an index where there is one, or else all of its vectors each time."""

    table: Table
    width: int

    def nearest(
        self, by: str, vector: np.ndarray, sql: str | None, depth: int, read: bool
    ) -> list[Hit]:
        """The `depth` rows nearest to a vector `(D,)` within a condition, nearest first.

        Args:
            read: read them too.
        """
        search = (
            self.table.search(vector, vector_column_name=VECTORS[by])
            .distance_type("dot")
            .nprobes(PROBES)
            .refine_factor(REFINE)
            .select(["_distance", *(_columns(by) if read else ())])
            .with_row_id(True)
            .limit(depth)
        )
        if sql:
            search = search.where(sql, prefilter=True)
        # Not `to_arrow`, which asks for the schema once more.
        found = search.to_batches().read_all()
        hits = [Hit(row) for row in found["_rowid"].to_pylist()]
        if read:
            _fill(by, vector, hits, found)
        return hits

    def read(self, by: str, vector: np.ndarray, hits: list[Hit]) -> None:
        """Fill in what hits say, and their similarity to a vector `(D,)`."""
        rows = self.table.take_row_ids([hit.row for hit in hits])
        _fill(by, vector, hits, rows.select(_columns(by)).with_row_id().to_arrow())


def _columns(by: str) -> list[str]:
    """What is compared and shown of a case."""
    return [*{*_LIGHT, "picture", VECTORS["image"], VECTORS[by]}]


def _fill(by: str, vector: np.ndarray, hits: list[Hit], found: pa.Table) -> None:
    """Fill in hits from rows of the store, in whatever order."""
    cases = {case["_rowid"]: case for case in plain_rows(found)}
    for hit in hits:
        hit.case = cases[hit.row]
        own = hit.case[VECTORS[by]]
        hit.similarity = 0.0 if own is None else float(own @ vector)


def add_pictures(table: Table, hits: list[Hit]) -> None:
    """Read the pictures of hits that lack theirs."""
    lacking = {hit.row: hit for hit in hits if "picture" not in hit.case}
    if lacking:
        found = table.take_row_ids([*lacking]).select(["picture"]).with_row_id().to_arrow()
        for row in found.to_pylist():
            lacking[row["_rowid"]].case["picture"] = row["picture"]


def read_vectors(table: Table, by: str, width: int) -> np.ndarray:
    """All vectors `(N, D)` float32 of a table; zeros where a case has none."""
    name = VECTORS[by]
    column = columns(table, [name])[name].combine_chunks()
    if column.null_count:
        matrix = np.zeros((len(column), width), np.float32)
        present = np.asarray(column.is_valid())
        matrix[present] = column.drop_null().flatten().to_numpy().reshape(-1, width)
        return matrix
    flat = column.flatten().to_numpy(zero_copy_only=False)
    return np.require(flat, requirements="W").reshape(-1, width)
