"""Records on their way into the table: checked, their impressions embedded, as Arrow rows."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from .records import CaseRecord, check, to_row

if TYPE_CHECKING:
    import pyarrow as pa

    from ..model import CMRCLIP

_BATCH = 64  # impressions embedded at once


def to_rows(records: list[CaseRecord], model: CMRCLIP, columns: pa.Schema) -> pa.Table:
    """Records that `model` embedded as rows of a table.

    Raises:
        LibraryError: if a record does not fit the model, or two have one id.
    """
    import pyarrow as pa

    check(records, model.config.projection_dim)
    provenance = {
        "model_identity": model.identity,
        "model_name": model.name,
        "layout": model.config.layout.name,
    }
    rows = [to_row(record, provenance) for record in with_impressions(records, model)]
    return pa.Table.from_pylist(rows, schema=columns)


def with_impressions(records: list[CaseRecord], model: CMRCLIP) -> list[CaseRecord]:
    """The records, each impression that lacks an embedding embedded."""
    wanting = [
        i for i, r in enumerate(records) if r.impression.strip() and r.impression_embedding is None
    ]
    records = list(records)
    for start in range(0, len(wanting), _BATCH):
        part = wanting[start : start + _BATCH]
        vectors = model.embed_texts([records[i].impression for i in part])
        for i, vector in zip(part, vectors, strict=True):
            records[i] = replace(records[i], impression_embedding=vector)
    return records
