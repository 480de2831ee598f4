"""Who is judged, and what a model makes of them: the cases of a library, as arrays.

A cohort is a case library, or a folder of exams that is embedded into one (`cached.py`). Its
findings are the labels: a case without a finding is a negative of it, unless it has the same name
with a question mark ("lv_dilation?"), which says that nobody can tell.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from ..errors import LibraryError
from ..prompts import CONDITIONS
from .splits import first_half

if TYPE_CHECKING:
    from ..library import CaseLibrary, CaseRecord
    from ..model import CMRCLIP

UNKNOWN = "?"  # after the name of a finding of which nobody can tell
_BATCH = 1000
_NOMINAL_TESLA = (1.5, 3.0)


@dataclass(frozen=True, eq=False)
class Cohort:
    """N cases as one model sees them.

    Attributes:
        name: what a person calls it.
        model, identity: who embedded the cases: its name, and the hash of its content.
        ids: of the cases.
        images: `(N, D)` unit vectors.
        texts: `(N, D)` unit vectors of their impressions; NaN where there is none.
        labels: of each finding that any case has, `(N,)`: 1, 0, or NaN where it is unknown.
        queries: of each of those findings, `(D,)`: the mean of its prompts' vectors.
        groups: by attribute, each case's value in words; empty where it is unknown.
        contents: of each case, the digests of its series, by which the same exam is known again.
    """

    name: str
    model: str
    identity: str
    ids: tuple[str, ...]
    images: np.ndarray
    texts: np.ndarray
    labels: dict[str, np.ndarray]
    queries: dict[str, np.ndarray]
    groups: dict[str, tuple[str, ...]]
    contents: tuple[frozenset[str], ...]

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def first(self) -> np.ndarray:
        """`(N,)` bool: the first of two halves that never change."""
        return first_half(self.ids)

    def scores(self, finding: str) -> np.ndarray:
        """`(N,)`: the mean similarity to the prompts of a finding."""
        return self.images @ self.queries[finding]

    def asked(self, finding: str) -> tuple[np.ndarray, np.ndarray]:
        """Scores and labels of a finding, both `(N,)`."""
        return self.scores(finding), self.labels[finding]

    def measurable(self, finding: str) -> bool:
        """Whether some cases have a finding and some have not."""
        return finding in self.labels and {0.0, 1.0} <= set(self.labels[finding])

    def take(self, ids: Sequence[str]) -> Cohort:
        """The cases of these ids, in their order."""
        place = {case_id: i for i, case_id in enumerate(self.ids)}
        rows = [place[case_id] for case_id in ids]
        return replace(
            self,
            ids=tuple(ids),
            images=self.images[rows],
            texts=self.texts[rows],
            labels={name: values[rows] for name, values in self.labels.items()},
            groups={name: tuple(values[i] for i in rows) for name, values in self.groups.items()},
            contents=tuple(self.contents[i] for i in rows),
        )


def of_library(library: CaseLibrary, model: CMRCLIP) -> Cohort:
    """The cases of a library that the model embedded.

    Raises:
        LibraryError: if another model did, or it cannot be read.
    """
    library.require(model)
    records: list[CaseRecord] = []
    for start in range(0, len(library.ids), _BATCH):
        part = library.get(library.ids[start : start + _BATCH])
        records += [replace(record, picture=b"") for record in part]
    return of_records(library.name, records, model)


def of_records(name: str, records: Sequence[CaseRecord], model: CMRCLIP) -> Cohort:
    """Cases whose images the model embedded, in the order of their ids.

    Impressions that are not embedded yet are embedded now.

    Raises:
        LibraryError: if there is none, or no finding among them.
    """
    from ..library.rows import with_impressions
    from ..zeroshot import text_query

    records = with_impressions(sorted(records, key=lambda record: record.id), model)
    labels = _labels([record.findings for record in records])
    if not labels:
        raise LibraryError(
            f"No case of {name!r} has a finding, so there is nothing to measure against; name "
            "them in a column findings of the reports."
        )
    images = np.stack([record.embedding for record in records])
    missing = np.full(images.shape[1], np.nan, np.float32)
    vectors = [record.impression_embedding for record in records]
    return Cohort(
        name=name,
        model=model.name,
        identity=model.identity,
        ids=tuple(record.id for record in records),
        images=images,
        texts=np.stack([missing if vector is None else vector for vector in vectors]),
        labels=labels,
        queries={key: text_query(model, spoken(key)) for key in labels},
        groups={
            "vendor": tuple(record.acquisition.vendor for record in records),
            "field strength": tuple(_tesla(r.acquisition.field_strength_t) for r in records),
            "sex": tuple(record.sex for record in records),
            "age band": tuple(record.age_band for record in records),
            "source": tuple(record.source for record in records),
        },
        contents=tuple(frozenset(record.content) for record in records),
    )


def spoken(finding: str) -> str:
    """What a finding is called: the label of a known condition, or its own name in words."""
    return CONDITIONS[finding].label if finding in CONDITIONS else finding.replace("_", " ")


def _labels(findings: Sequence[Sequence[str]]) -> dict[str, np.ndarray]:
    names = {name.removesuffix(UNKNOWN) for found in findings for name in found}
    in_order = [key for key in CONDITIONS if key in names] + sorted(names - CONDITIONS.keys())
    return {
        name: np.array(
            [1.0 if name in of else np.nan if name + UNKNOWN in of else 0.0 for of in findings]
        )
        for name in in_order
    }


def _tesla(value: float | None) -> str:
    """A field strength in words, such as 1.494 T under the name it goes by."""
    from ..library.filters import NEAR_TESLA

    if value is None:
        return ""
    nominal = next((t for t in _NOMINAL_TESLA if abs(t - value) <= NEAR_TESLA), value)
    return f"{nominal:g} T"
