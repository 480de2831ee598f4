"""The case library: embedded studies with impressions, to search and to measure scores against.

Embeddings of two models cannot be compared, so a library belongs to the model that embedded it and
refuses any other.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from .. import bundled
from ..errors import LibraryError
from . import indexing, store
from .choices import Choices, read_choices
from .filters import Filters, id_among, quoted
from .nearest import VECTORS
from .records import FORMAT, Case, CaseRecord, schema, to_record
from .reference import NORMAL, Reference, read_reference
from .rows import to_rows
from .searching import Query, Searcher, excluded, query_vector
from .verifying import Verdict, verify_rows

if TYPE_CHECKING:
    from lancedb.table import Table

    from ..model import CMRCLIP


class CaseLibrary:
    """An open library: a snapshot, until it is opened again or changed through this object.

    `CaseLibrary.open()` gives the bundled one.

    Attributes:
        path: the folder or address it was opened from.
        name: what a person calls it.
        model_identity: the model that embedded its cases.
        model_name: what a person calls that model, with its revision where it has one.
        layout: the layout of the clips that the model saw.
        width: D, the number of values of an embedding.
    """

    def __init__(self, path: str | Path, table: Table) -> None:
        columns = table.schema
        facts = {k.decode(): v.decode() for k, v in (columns.metadata or {}).items()}
        if "model_identity" not in facts:
            raise LibraryError(f"The folder {store.shown_name(path)!r} holds no case library.")
        if facts.get("format") != FORMAT:
            raise LibraryError(
                f"The case library in {store.shown_name(path)!r} was written by another version "
                "of cmrclip-lite; build it again with this one."
            )
        self.path = path
        self.name = facts["name"]
        self.model_identity = facts["model_identity"]
        self.model_name = facts["model_name"]
        self.layout = facts["layout"]
        self.width: int = columns.field("embedding").type.list_size
        self._table = table

    @classmethod
    def open(cls, path: str | Path | None = None) -> CaseLibrary:
        """Open the library in a folder or at an address such as s3://bucket/library.

        None opens the bundled one.

        Raises:
            LibraryError: if there is no library, or it cannot be read.
        """
        path = bundled.library_folder() if path is None else path
        table = store.open_table(path)
        if table is None:
            raise LibraryError(
                f"There is no case library in the folder {store.shown_name(path)!r}; "
                "give the folder that a library was built in."
            )
        return cls(path, table)

    @classmethod
    def create(
        cls, path: str | Path, name: str, model: CMRCLIP, cases: Iterable[CaseRecord]
    ) -> CaseLibrary:
        """Write a new library of cases embedded by `model`, all of them or none.

        Raises:
            LibraryError: if there is a library already, or a case does not fit the model.
        """
        facts = {
            "format": FORMAT,
            "name": name,
            "model_identity": model.identity,
            "model_name": model.name,
            "layout": model.config.layout.name,
        }
        rows = to_rows(list(cases), model, schema(model.config.projection_dim, facts))
        if not len(rows):
            raise LibraryError("A case library needs at least one case.")
        library = cls(path, store.create_table(path, rows))
        library._index_words()
        return library

    def __len__(self) -> int:
        return self._table.count_rows()

    def __contains__(self, case_id: str) -> bool:
        return self._table.count_rows(f"id = {quoted(case_id)}") > 0

    def add(self, model: CMRCLIP, cases: Iterable[CaseRecord], replace: bool = False) -> int:
        """Add cases in one commit; how many were new. Ids that are there already are passed over.

        Several processes may add at once, even the same cases.

        Args:
            replace: put a case in place of the one that has its id.

        Raises:
            LibraryError: if another model embedded this library, a case does not fit, or the
                library cannot be written; then nothing was added.
        """
        self.require(model)
        rows = to_rows(list(cases), model, self._table.schema)
        added = store.insert(self.path, self._table, rows, replace) if len(rows) else 0
        self._refresh()
        return added

    def remove(self, ids: Collection[str]) -> int:
        """Remove cases by id; how many there were.

        Raises:
            LibraryError: if the library cannot be written.
        """
        ids = [ids] if isinstance(ids, str) else list(ids)
        if not ids:
            return 0
        with store.writing(self.path):
            self._table.checkout_latest()
            # Not the change in length: others may add meanwhile.
            present = self._table.count_rows(id_among(ids))
            self._table.delete(id_among(ids))
        self._refresh()
        return present

    def optimize(self) -> None:
        """Join small files, bring indexes up to date, index a large library, drop old versions.

        What was indexed before is not indexed again.

        Raises:
            LibraryError: if the library cannot be written.
        """
        store.compact(self.path, self._table)
        self._index_words()
        if not indexing.fits_memory(self._table, self.width):
            with store.writing(self.path):
                indexing.index_vectors(self._table, list(VECTORS.values()))
        self._refresh()

    @property
    def search_method(self) -> str:
        """A sentence: whether a search compares all cases or asks an index."""
        return self._searcher.method()

    def search(
        self,
        embedding: np.ndarray | torch.Tensor,
        k: int = 5,
        *,
        by: str = "image",
        where: Filters | None = None,
        words: str | None = None,
        exclude: Collection[str] = (),
        fold: bool = True,
    ) -> list[Case]:
        """The `k` cases most similar to an embedding `(D,)` of this library's model, best first.

        Args:
            by: compare with the cases' images ("image") or with their impressions ("impression").
            where: which cases may be found.
            words: words that impressions are searched for beside; the two rankings are fused. A
                phrase in double quotes is searched for as it stands.
            exclude: ids of cases, or digests of `Study.content`, that may not be found: a study's
                own digests leave out the study itself.
            fold: give near-duplicates of one exam once.

        Raises:
            LibraryError: if the embedding has another width, `k` is below 1, or a filter or the
                words cannot be searched for.
        """
        if k < 1:
            raise LibraryError(f"The number of cases to find must be at least 1, not {k}.")
        if by not in VECTORS:
            raise LibraryError(f"Cases are compared by {' or '.join(VECTORS)}, not by {by!r}.")
        if words is not None and not words.strip():
            raise LibraryError("There are no words to search for; give at least one.")
        vector = query_vector(embedding, self.width)
        with store.reading(self.path):
            return self._searcher.find(Query(vector, k, by, where, words, excluded(exclude), fold))

    def search_text(
        self,
        model: CMRCLIP,
        text: str,
        k: int = 5,
        *,
        by: str = "image",
        where: Filters | None = None,
        words: str | None = None,
        exclude: Collection[str] = (),
    ) -> list[Case]:
        """The `k` cases whose images, or impressions, fit a condition or sentence best.

        A known condition is asked by its prompt ensemble: the similarity is the mean over its
        prompts, as in scoring. The other arguments are those of `search`; `words` may be the text
        itself, for a hybrid of meaning and wording.

        Raises:
            ConditionError: if the text cannot be asked.
            LibraryError: if the library belongs to another model.
        """
        from ..zeroshot import text_query

        self.require(model)
        query = text_query(model, text)
        return self.search(query, k, by=by, where=where, words=words, exclude=exclude)

    def get(self, ids: Sequence[str]) -> list[CaseRecord]:
        """Cases by id, in the order asked; ids that are not there are passed over."""
        if not ids:
            return []
        with store.reading(self.path):
            found = self._table.search().where(id_among(ids)).limit(None).to_list()
        by_id = {row["id"]: to_record(row) for row in found}
        return [by_id[i] for i in ids if i in by_id]

    def verify(self) -> Verdict:
        """Read every row and say what is wrong with any."""
        return verify_rows(self)

    def require(self, model: CMRCLIP) -> None:
        """Refuse a model whose embeddings cannot be compared with this library's.

        Raises:
            LibraryError: if another model embedded this library.
        """
        if model.identity != self.model_identity:
            raise LibraryError(
                f"The case library {self.name!r} was embedded by {self.model_name!r}, not by "
                f"{model.name!r}; embed its cases again with this model (CaseLibrary.create), "
                "or use that one."
            )

    @cached_property
    def embeddings(self) -> np.ndarray:
        """`(N, D)` float32, one unit vector per case, in the order of `findings`."""
        return self._searcher.vectors("image")

    @cached_property
    def findings(self) -> list[tuple[str, ...]]:
        """The findings of each case."""
        return [tuple(found) for found in self._column("findings")]

    @cached_property
    def impressions(self) -> list[str]:
        """The impression of each case."""
        return self._column("impression")

    @cached_property
    def ids(self) -> list[str]:
        """The id of each case."""
        return self._column("id")

    @cached_property
    def choices(self) -> Choices:
        """What its cases can be filtered by."""
        with store.reading(self.path):
            return read_choices(self._table)

    def impressions_of(self, ids: Sequence[str]) -> dict[str, str]:
        """Impressions by id; of many cases much faster than `get`, which reads pictures too."""
        if not ids:
            return {}
        with store.reading(self.path):
            found = store.columns(self._table, ["id", "impression"], id_among(ids))
        return dict(zip(found["id"].to_pylist(), found["impression"].to_pylist(), strict=True))

    def similarities(
        self,
        embedding: np.ndarray | torch.Tensor,
        *,
        by: str = "image",
        exclude: Collection[str] = (),
    ) -> np.ndarray:
        """What one case's similarity is measured against: `(n,)`, those of all that have such a
        vector.

        Of a library too large for memory, by images those of its reference cases, and by
        impressions none.

        Args:
            exclude: ids, or digests of `Study.content`, of cases to leave out.

        Raises:
            LibraryError: if the embedding has another width.
        """
        vector = query_vector(embedding, self.width)
        whole = indexing.fits_memory(self._table, self.width)
        if by == "image":
            vectors = self.reference.embeddings
        elif whole:
            with store.reading(self.path):
                vectors = self._searcher.vectors(by)
        else:
            return np.zeros(0, np.float32)
        left_out = excluded(exclude)
        kept = [
            case.id not in left_out and left_out.isdisjoint(case.content)
            for case in self.reference.cases
        ]
        return (vectors @ vector)[np.array(kept) & vectors.any(axis=1)]

    def fingerprints(self) -> dict[str, str]:
        """Of each case by its id, what it was built from; see `CaseRecord`."""
        with store.reading(self.path):
            found = store.columns(self._table, ["id", "fingerprint"])
        return dict(zip(found["id"].to_pylist(), found["fingerprint"].to_pylist(), strict=True))

    @cached_property
    def normal(self) -> np.ndarray:
        """`(N,)` bool: which cases are normal studies."""
        return np.array([NORMAL in found for found in self.findings], dtype=bool)

    @cached_property
    def reference(self) -> Reference:
        """What a score is measured against: all cases, or a fixed sample of a large library."""
        whole = self.embeddings if indexing.fits_memory(self._table, self.width) else None
        with store.reading(self.path):
            return read_reference(self._table, whole)

    @cached_property
    def _searcher(self) -> Searcher:
        return Searcher(self._table, self.width)

    def _column(self, name: str) -> list:
        with store.reading(self.path):
            return store.columns(self._table, [name])[name].to_pylist()

    def _index_words(self) -> None:
        if indexing.words_index(self._table) is None:
            with store.writing(self.path):
                indexing.index_words(self._table)

    def _refresh(self) -> None:
        """Forget what was read of the version before."""
        with store.reading(self.path):
            self._table.checkout_latest()
        cached = ("embeddings", "findings", "impressions", "ids", "normal", "reference", "choices")
        for name in (*cached, "_searcher"):
            self.__dict__.pop(name, None)


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
