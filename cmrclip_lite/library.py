"""The case library: embedded studies with impressions, to search and to measure scores against.

A library is a folder that LanceDB reads and writes. Embeddings of two models cannot be compared,
so a library belongs to the model that embedded it and refuses any other.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from . import bundled
from .errors import LibraryError

if TYPE_CHECKING:
    from lancedb.table import Table

    from .model import CMRCLIP

TABLE = "cases"
NORMAL = "normal_study"


@dataclass(frozen=True)
class CaseRecord:
    """What is stored of a case.

    Attributes:
        id: unique in its library.
        embedding: `(D,)` unit vector.
        impression: the summary section of its report.
        findings: keys of `prompts.CONDITIONS` that hold for it.
        picture: a small moving picture, as an animated WebP; empty for none.
        source: where the case comes from, in words.
    """

    id: str
    embedding: np.ndarray
    impression: str
    findings: tuple[str, ...]
    picture: bytes = b""
    source: str = ""


@dataclass(frozen=True)
class Case:
    """A case that a search found, with its similarity to what was asked."""

    id: str
    similarity: float
    impression: str
    findings: tuple[str, ...]
    picture: bytes
    source: str

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready, without the picture."""
        return {k: v for k, v in asdict(self).items() if k != "picture"}


class CaseLibrary:
    """An open library. `CaseLibrary.open()` gives the bundled one.

    Attributes:
        name: what a person calls it.
        model_identity: the model that embedded its cases.
        model_name: what a person calls that model.
    """

    def __init__(self, table: Table) -> None:
        facts = {k.decode(): v.decode() for k, v in (table.schema.metadata or {}).items()}
        if missing := {"name", "model_identity", "model_name"} - set(facts):
            raise LibraryError(
                f"This folder is not a case library: its table lacks {', '.join(sorted(missing))}."
            )
        self._table = table
        self.name = facts["name"]
        self.model_identity = facts["model_identity"]
        self.model_name = facts["model_name"]

    @classmethod
    def open(cls, path: str | Path | None = None) -> CaseLibrary:
        """Open the library in a folder, or the bundled one.

        Raises:
            LibraryError: if there is no library, or it cannot be read.
        """
        import lancedb

        folder = Path(path) if path is not None else bundled.library_folder()
        # Connecting would create the folder.
        if not (folder / f"{TABLE}.lance").is_dir():
            raise LibraryError(
                f"There is no case library in the folder {folder.name!r}; "
                "give the folder that a library was built in."
            )
        try:
            return cls(lancedb.connect(folder).open_table(TABLE))
        except (ValueError, OSError, RuntimeError) as error:
            raise LibraryError(
                f"The case library in {folder.name!r} is damaged or unreadable; build it again "
                f"({type(error).__name__})."
            ) from error

    @classmethod
    def create(
        cls, path: str | Path, name: str, model: CMRCLIP, cases: Iterable[CaseRecord]
    ) -> CaseLibrary:
        """Write a new library of cases embedded by `model`.

        Raises:
            LibraryError: if the folder holds a library already, or a case does not fit the model.
        """
        import lancedb
        import pyarrow as pa

        if (Path(path) / f"{TABLE}.lance").exists():
            raise LibraryError(f"The folder {Path(path).name!r} holds a case library already.")
        width = model.config.projection_dim
        facts = {"name": name, "model_identity": model.identity, "model_name": model.name}
        schema = pa.schema(
            [
                pa.field("id", pa.string()),
                pa.field("embedding", pa.list_(pa.float32(), width)),
                pa.field("impression", pa.string()),
                pa.field("findings", pa.list_(pa.string())),
                pa.field("picture", pa.binary()),
                pa.field("source", pa.string()),
            ]
        ).with_metadata(facts)
        rows = [asdict(case) for case in cases]
        _check(rows, width)
        table = lancedb.connect(path).create_table(
            TABLE, pa.Table.from_pylist(rows, schema=schema), schema=schema
        )
        return cls(table)

    def __len__(self) -> int:
        return self._table.count_rows()

    @cached_property
    def embeddings(self) -> np.ndarray:
        """`(N, D)` float32, one unit vector per case, in the order of `findings`."""
        column = self._columns["embedding"].combine_chunks()
        return column.flatten().to_numpy(zero_copy_only=False).reshape(len(column), -1)

    @cached_property
    def findings(self) -> list[tuple[str, ...]]:
        """The findings of each case."""
        return [tuple(found) for found in self._columns["findings"].to_pylist()]

    @cached_property
    def impressions(self) -> list[str]:
        """The impression of each case."""
        return self._columns["impression"].to_pylist()

    @cached_property
    def normal(self) -> np.ndarray:
        """`(N,)` bool: which cases are normal studies."""
        return np.array([NORMAL in found for found in self.findings], dtype=bool)

    def search(self, embedding: np.ndarray | torch.Tensor, k: int = 5) -> list[Case]:
        """The `k` cases most similar to an embedding `(D,)` of this library's model, best first.

        Raises:
            LibraryError: if the embedding has another width or `k` is below 1.
        """
        if isinstance(embedding, torch.Tensor):
            embedding = embedding.detach().float().cpu().numpy()  # whatever its device and type
        query = np.asarray(embedding, dtype=np.float32)
        if query.shape != (width := self.embeddings.shape[1],):
            raise LibraryError(f"This library holds vectors of {width} values, not {query.shape}.")
        if k < 1:
            raise LibraryError(f"The number of cases to find must be at least 1, not {k}.")
        # For unit vectors the dot product is the cosine; LanceDB gives 1 minus it.
        found = (
            self._table.search(query, vector_column_name="embedding")
            .distance_type("dot")
            .limit(min(k, len(self)))
            .to_list()
        )
        return [
            Case(
                id=row["id"],
                similarity=1 - row["_distance"],
                impression=row["impression"],
                findings=tuple(row["findings"]),
                picture=row["picture"],
                source=row["source"],
            )
            for row in found
        ]

    def search_text(self, model: CMRCLIP, text: str, k: int = 5) -> list[Case]:
        """The `k` cases whose images fit a condition or sentence best.

        A known condition is asked by its prompt ensemble: the similarity is the mean over its
        prompts, as in scoring.

        Raises:
            ConditionError: if the text cannot be asked.
            LibraryError: if the library belongs to another model.
        """
        from .zeroshot import text_query

        self.require(model)
        return self.search(text_query(model, text), k)

    def require(self, model: CMRCLIP) -> None:
        """Refuse a model whose embeddings cannot be compared with this library's.

        Raises:
            LibraryError: if another model embedded this library.
        """
        if model.identity != self.model_identity:
            raise LibraryError(
                f"The case library {self.name!r} was embedded by {self.model_name!r}, not by "
                f"{model.name!r}; embed its cases again with this model, or use that one."
            )

    @cached_property
    def _columns(self) -> Any:
        wanted = ["embedding", "findings", "impression"]
        return self._table.search().select(wanted).limit(None).to_arrow()


@cache
def _bundled() -> CaseLibrary:
    return CaseLibrary.open()


def default_library(model: CMRCLIP) -> CaseLibrary | None:
    """The bundled library where it belongs to this model, else None.

    Raises:
        LibraryError: if the bundled model's own library is missing or damaged.
    """
    if model.name != bundled.NAME:
        return None
    library = _bundled()
    library.require(model)
    return library


def _check(rows: list[dict[str, Any]], width: int) -> None:
    if not rows:
        raise LibraryError("A case library needs at least one case.")
    if len({row["id"] for row in rows}) < len(rows):
        raise LibraryError("Two cases have the same id; give each its own.")
    for row in rows:
        vector = np.asarray(row["embedding"])
        if vector.shape != (width,) or not np.isclose(np.linalg.norm(vector), 1, atol=1e-3):
            raise LibraryError(
                f"Case {row['id']!r} needs a unit vector of {width} values as its embedding."
            )
