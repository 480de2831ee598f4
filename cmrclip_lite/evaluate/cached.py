"""Exams that are to be evaluated, embedded once.

The embeddings are kept in a case library in a cache folder of the user, one for each model and
folder of exams. An exam is read again only when its files have changed. What the reports say is
not kept there: other labels need no other embedding, and a report stays where it was.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..cache_folder import VARIABLE, cache_folder
from ..errors import LibraryError
from ..library import CaseLibrary, CaseRecord, store
from ..library.build import Failure, Means, Plan, account, build_library
from ..library.build.prepare import Item

if TYPE_CHECKING:
    from ..model import CMRCLIP


@dataclass(frozen=True)
class Exams:
    """Exams and what the reports say of each, and those that could not be embedded.

    Their images are embedded, their impressions not yet.
    """

    records: list[CaseRecord]
    failed: list[Failure]


def embed_exams(
    plan: Plan, model: CMRCLIP, *, workers: int | None = None, progress: bool = False
) -> Exams:
    """The exams of a plan, embedded now or taken from the cache, where there is one.

    Args:
        workers: processes that read; None takes one per CPU.
        progress: say on stderr how far it is.

    Raises:
        LibraryError: if none can be read, or the cache cannot be written.
    """
    folder = cache_folder()
    if folder is None:
        with tempfile.TemporaryDirectory() as passing:
            return _embedded_in(Path(passing), plan, model, workers, progress)
    try:
        # Embeddings of patients: for nobody else on this machine.
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise LibraryError(
            f"The cache folder {folder.name!r} cannot be made: {error.strerror}; name another in "
            f"the variable {VARIABLE}."
        ) from error
    return _embedded_in(folder, plan, model, workers, progress)


def _embedded_in(
    folder: Path, plan: Plan, model: CMRCLIP, workers: int | None, progress: bool
) -> Exams:
    # Embeddings in 8 bits are near the exact ones, not the same.
    how = "" if model.arithmetic == "float32" else f"-{model.arithmetic}"
    path = folder / f"{model.identity[:16]}{how}-{plan.build}"
    # With nothing of the reports, so that they are not part of what makes an exam another one.
    bare = replace(plan, items=tuple(Item(item.id, item.path) for item in plan.items))
    build_library(
        bare,
        path,
        model,
        extend=store.open_table(path) is not None,
        means=Means(workers=workers, pictures=False),
        replace_changed=True,
        progress=progress,
    )
    wanted = {item.id: item for item in plan.items}
    # An exam that has become unreadable still has its earlier case.
    failed = {i: f for i, f in account.quarantined(path).items() if i in wanted}
    # The folder may have held other exams before.
    kept = CaseLibrary.open(path).get([case_id for case_id in wanted if case_id not in failed])
    records = [_with_report(record, wanted[record.id]) for record in kept]
    return Exams(records, list(failed.values()))


def _with_report(record: CaseRecord, item: Item) -> CaseRecord:
    return replace(
        record,
        impression=item.impression,
        findings=item.findings,
        sex=item.sex,
        age_band=item.age_band,
        source=item.source,
    )
