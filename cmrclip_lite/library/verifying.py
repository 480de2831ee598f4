"""Reading a whole library and saying what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .records import checksum, plain_rows

if TYPE_CHECKING:
    from .case_library import CaseLibrary

_BATCH = 1024
_SHOWN = 20  # problems that are told one by one


@dataclass(frozen=True)
class Verdict:
    """What `verify` found: how many cases were read, and a sentence for each problem."""

    cases: int
    problems: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        return not self.problems


def verify_rows(library: CaseLibrary) -> Verdict:
    """Read every row: its checksum, its vectors, its model, and that no id is there twice."""
    problems: list[str] = []
    seen: set[str] = set()
    cases = 0
    try:
        for row in _all_rows(library):
            cases += 1
            problems += problems_of(row, library.model_identity)
            if row["id"] in seen:
                problems.append(f"Case {row['id']!r} is there more than once.")
            seen.add(row["id"])
    except (ValueError, OSError, RuntimeError) as error:
        problems.append(
            f"Only {cases} of {len(library)} cases could be read ({type(error).__name__}); a file "
            "is damaged or missing."
        )
    if cases < len(library) and not problems:
        problems.append(f"Only {cases} of {len(library)} cases were read.")
    if len(problems) > _SHOWN:
        more = len(problems) - _SHOWN
        problems = [*problems[:_SHOWN], f"{more} more problems are not listed."]
    return Verdict(cases, tuple(problems))


def _all_rows(library: CaseLibrary) -> Iterator[dict[str, Any]]:
    import pyarrow as pa

    for batch in library._table.search().limit(None).to_batches(_BATCH):
        yield from plain_rows(pa.Table.from_batches([batch]))


def problems_of(row: dict[str, Any], model_identity: str) -> list[str]:
    """What is wrong with a row of a library of that model, a sentence each."""
    name = f"Case {row['id']!r}"
    if checksum(row) != row["checksum"]:
        return [f"{name} is not as it was written; add it again."]
    problems = []
    for column in ("embedding", "impression_embedding"):
        if row[column] is None:
            if column == "embedding" or row["impression"].strip():
                problems.append(f"{name} has no {column.replace('_', ' ')}.")
        elif not np.isclose(np.linalg.norm(row[column]), 1, atol=1e-3):
            problems.append(f"The {column.replace('_', ' ')} of {name} is no unit vector.")
    if row["model_identity"] != model_identity:
        problems.append(f"{name} was embedded by another model, {row['model_name']!r}.")
    return problems
