"""What scores are measured against: all cases of a library, or a sample of a large one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from . import store

if TYPE_CHECKING:
    import pyarrow as pa
    from lancedb.table import Table

NORMAL = "normal_study"
# A score in a library too large for memory is measured against this many of its cases.
REFERENCE_CASES = 20_000
_COMPARED = ["id", "findings", "views", "enhancement", "content"]


@dataclass(frozen=True)
class ReferenceCase:
    """What is known of a case that scores are measured against; as in `CaseRecord`."""

    id: str
    findings: tuple[str, ...]
    views: tuple[str, ...]
    enhancement: bool
    content: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Reference:
    """The cases that scores are measured against.

    Attributes:
        embeddings: `(N, D)` float32.
        normal: `(N,)` bool, which of them are normal studies.
        total: cases in the library; more than N where these are a sample.
        cases: N, what is known of each.
    """

    embeddings: np.ndarray
    normal: np.ndarray
    total: int
    cases: tuple[ReferenceCase, ...]


def read_reference(table: Table, embeddings: np.ndarray | None) -> Reference:
    """All cases of a table, or a fixed sample of one too large for memory.

    Args:
        embeddings: `(N, D)` of all cases in the order of the table, None for a sample.
    """
    total = table.count_rows()
    if embeddings is None:
        chosen = np.random.default_rng(0).choice(total, REFERENCE_CASES, replace=False)
        found = table.take_offsets(sorted(chosen.tolist())).select(["embedding", *_COMPARED])
        found = found.to_arrow()
        vectors = found["embedding"].combine_chunks().flatten().to_numpy()
        embeddings = vectors.reshape(len(found), -1)
    else:
        found = store.columns(table, _COMPARED)
    cases = _cases(found.select(_COMPARED))
    normal = np.array([NORMAL in case.findings for case in cases], dtype=bool)
    return Reference(embeddings, normal, total, cases)


def _cases(found: pa.Table) -> tuple[ReferenceCase, ...]:
    return tuple(
        ReferenceCase(
            id=row["id"],
            findings=tuple(row["findings"]),
            views=tuple(row["views"]),
            enhancement=row["enhancement"],
            content=tuple(row["content"]),
        )
        for row in found.to_pylist()
    )
