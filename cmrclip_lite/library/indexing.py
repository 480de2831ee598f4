"""The indexes of a library: of the words of its impressions, and of the vectors of a large one."""

from __future__ import annotations

from math import isqrt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lancedb.table import Table

# Vectors of a library up to this size are compared in memory; a larger one is indexed.
EXACT_BYTES = 512 * 2**20
WORDS = "impression"
# Measured by benchmarks/library.py. Half as many partitions take as long, and after some trainings
# of the index miss up to 7 of 100.
PROBES = 64
# Candidates compared exactly, as a multiple of those asked for. Among 20,000 cases 4 missed some
# after most trainings, up to 23 of 1,000; 8 missed none after seven, in 1.1 times the time.
REFINE = 8
# Columns that filters ask for; scanning them is quick enough in a small library.
_SCALARS = {"findings": "LABEL_LIST", "views": "LABEL_LIST", "vendor": "BITMAP", "id": "BTREE"}


def fits_memory(table: Table, width: int) -> bool:
    """Whether all vectors of `width` float32 values are to be compared in memory."""
    return table.count_rows() * width * 4 <= EXACT_BYTES


def words_index(table: Table) -> str | None:
    """The kind of the full-text index, or None."""
    return _kind(table, WORDS)


def vector_index(table: Table, column: str) -> str | None:
    """The kind of the index of a column of vectors, or None."""
    return _kind(table, column)


def index_words(table: Table) -> None:
    """Index the impressions by stem, with positions for phrases.

    Stop words stay: "no" and "not" matter in a report.
    """
    from lancedb.index import FTS

    table.create_index(WORDS, config=FTS(with_position=True, remove_stop_words=False))


def index_vectors(table: Table, columns: list[str]) -> None:
    """Index columns of vectors, and what filters ask for, where that has not been done.

    `Table.optimize` takes new rows into an index that is there. The index is IVF_RQ: partitions of
    neighbours, one bit per value (RaBitQ, Gao & Long, SIGMOD 2024), and the best candidates
    compared with their full vectors.
    """
    from lancedb.index import Bitmap, BTree, IvfRq, LabelList

    scalar = {"LABEL_LIST": LabelList, "BITMAP": Bitmap, "BTREE": BTree}
    for name, kind in _SCALARS.items():
        if _kind(table, name) is None:
            table.create_index(name, config=scalar[kind]())
    for name in columns:
        count = table.count_rows(f"{name} IS NOT NULL")
        if count and vector_index(table, name) is None:
            partitions = max(1, isqrt(count))
            config = IvfRq(distance_type="dot", num_partitions=partitions)
            table.create_index(name, config=config)


def _kind(table: Table, column: str) -> str | None:
    kinds = (i.index_type for i in table.list_indices() if list(i.columns) == [column])
    return next((str(kind) for kind in kinds), None)
