"""From a folder of exams to a case library, however often it is interrupted.

Cases are stored some at a time, each time in one commit, so a library that a killed build left is
whole as far as it goes, and the same command goes on from there. What cannot be read is quarantined
with its reason and not tried again until its files or its report change.
"""

from __future__ import annotations

import importlib.util
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from tqdm import tqdm

from ...errors import LibraryError
from .. import store
from ..case_library import CaseLibrary
from ..records import CaseRecord
from . import account, local
from .plan import SHOWN, Plan, examples
from .prepare import Failure, Item, Passed, Result, fingerprint_of

if TYPE_CHECKING:
    from ...model import CMRCLIP

# What is stored at once is what this time brought, if not more than `Means.commit`.
COMMIT_SECONDS = 30.0
# Commits leave small files, which slow the next ones down.
COMMITS_TO_OPTIMIZE = 64


@dataclass(frozen=True)
class Means:
    """What a build may use.

    Attributes:
        workers: processes that read; None takes one per CPU.
        ray: address of a Ray cluster, as in `ray_cluster.cluster`; None works without Ray.
        batch: exams embedded at once.
        pictures: whether cases get a moving thumbnail.
        commit: exams stored at once, at most; what a kill costs.
    """

    workers: int | None = None
    ray: str | None = None
    batch: int = 8
    pictures: bool = True
    commit: int = 256

    def run(self, items: Sequence[Item], model: CMRCLIP) -> Iterator[Result]:
        """A result for each item, in any order, but for those whose process died."""
        options = {"batch": self.batch, "pictures": self.pictures}
        if self.ray is not None:
            from . import on_ray

            return on_ray.run(
                items, model, address=self.ray, workers=self.workers, **options
            )
        return local.run(items, model, workers=self.workers or local.usable_cpus(), **options)

    def one_by_one(self) -> Means:
        """So that a process that dies takes no other exam with it."""
        return replace(self, workers=1, batch=1)


@dataclass
class Outcome:
    """What a build did.

    Attributes:
        added: cases that are new, or took the place of an earlier one.
        known: exams passed over because the library has them as they are, or quarantined them.
        changed: ids whose files or reports are others than the library's; the case stays as it was.
        failed: what was quarantined, and why.
    """

    added: int = 0
    known: int = 0
    changed: list[str] = field(default_factory=list)
    failed: list[Failure] = field(default_factory=list)


def build_library(
    plan: Plan,
    path: str | Path,
    model: CMRCLIP,
    *,
    extend: bool = False,
    name: str | None = None,
    means: Means | None = None,
    replace_changed: bool = False,
    retry: bool = False,
    progress: bool = False,
) -> Outcome:
    """Make a library of a plan's exams, or go on with one that was interrupted.

    Args:
        extend: add to a library that is there, whatever it was made of.
        name: of a new library; None takes the last part of its path.
        replace_changed: an exam whose files or report are others than those that the library knows
            by its id takes the place of that case.
        retry: try once more what was quarantined.
        progress: say on stderr how far it is.

    Raises:
        LibraryError: if there is no library to extend, or without `extend` one that was made of
            something else; if another model embedded it, none of the exams can be read, or it
            cannot be written. What was stored until then stays.
    """
    means = means or Means()
    if means.pictures and importlib.util.find_spec("PIL") is None:
        raise LibraryError(
            "Moving thumbnails need Pillow: pip install pillow, or do without (--no-pictures)."
        )
    library = None
    if extend or store.open_table(path) is not None:
        library = CaseLibrary.open(path)
        library.require(model)
    items = _with_known(plan.items, path, library, replace_changed, retry)
    if library and not extend and not account.is_unfinished(path, plan.build):
        _refuse_others([item.id for item in items if item.known is None], path)
    shelf = _Shelf(
        path, model, library, name or store.shown_name(path), replace_changed, means.commit
    )
    account.begin(path, plan.build, len(items))
    with tqdm(total=len(items), unit="exam", disable=not progress, **_pace()) as bar:
        for result in _results(items, model, means, bar):
            shelf.take(result)
            bar.set_postfix(quarantined=len(shelf.outcome.failed), refresh=False)
            bar.update()
        shelf.commit()
    if shelf.library is None:
        account.forget(path)
        raise LibraryError(_none_read(shelf.outcome.failed))
    shelf.library.optimize()
    account.end(path, plan.build)
    return shelf.outcome


class _Shelf:
    """Takes results and stores them, some at a time.

    Attributes:
        library: None until the first case is stored.
    """

    def __init__(
        self,
        path: str | Path,
        model: CMRCLIP,
        library: CaseLibrary | None,
        name: str,
        replace_changed: bool,
        most: int,
    ) -> None:
        self.library = library
        self.outcome = Outcome()
        self._path, self._model, self._name = path, model, name
        self._replace, self._most = replace_changed, most
        self._cases: list[CaseRecord] = []
        self._failures: list[Failure] = []
        self._commits, self._last = 0, time.monotonic()

    def take(self, result: Result) -> None:
        if isinstance(result, Passed):
            if result.changed:
                self.outcome.changed.append(result.id)
            else:
                self.outcome.known += 1
        elif isinstance(result, Failure):
            self._failures.append(result)
            self.outcome.failed.append(result)
        else:
            self._cases.append(result)
        full = len(self._cases) + len(self._failures) >= self._most
        if full or time.monotonic() - self._last > COMMIT_SECONDS:
            self.commit()

    def commit(self) -> None:
        """Store what was taken since the last time."""
        if self._cases:
            if self.library is None:
                self.library = CaseLibrary.create(self._path, self._name, self._model, self._cases)
            else:
                self.library.add(self._model, self._cases, self._replace)
            self.outcome.added += len(self._cases)
            account.release(self._path, [case.id for case in self._cases])
            self._commits += 1
            if self._commits % COMMITS_TO_OPTIMIZE == 0:
                self.library.optimize()
        account.quarantine(self._path, self._failures)
        self._cases, self._failures = [], []
        self._last = time.monotonic()


def _with_known(
    items: Iterable[Item],
    path: str | Path,
    library: CaseLibrary | None,
    replace_changed: bool,
    retry: bool,
) -> list[Item]:
    """Items with what the library knows of each."""
    cases = library.fingerprints() if library else {}
    quarantined = account.quarantined(path)
    # A kill between two commits leaves an id in both.
    account.release(path, cases.keys() & quarantined.keys())
    annotated = []
    for item in items:
        if item.id in cases:
            item = replace(item, known=cases[item.id], replace=replace_changed)
        elif item.id in quarantined and not retry:
            item = replace(item, known=quarantined[item.id].fingerprint, replace=True)
        annotated.append(item)
    return annotated


def _results(items: list[Item], model: CMRCLIP, means: Means, bar: tqdm) -> Iterator[Result]:
    """One result for each item. Those whose process died are tried once more, one at a time."""
    left = {item.id: item for item in items}
    for again in (False, True):
        if again and left:
            bar.write(f"A process died; {len(left)} exams are read once more, one at a time.")
        for result in (means.one_by_one() if again else means).run(list(left.values()), model):
            if left.pop(result.id, None):
                yield result
    for item in left.values():
        reason = "The process that read it died each time, perhaps for want of memory."
        yield Failure(item.id, reason, _fingerprint(item))


def _fingerprint(item: Item) -> str:
    """Of an exam that may have gone; nothing has the empty one, so it is looked at again."""
    try:
        return fingerprint_of(item)
    except OSError:
        return ""


def _refuse_others(new: list[str], path: str | Path) -> None:
    if new:
        raise LibraryError(
            f"{store.shown_name(path)!r} holds a case library already, without {examples(new)}. "
            "To add to it use `cmrclip library add`; for a new library give another folder."
        )


def _none_read(failed: list[Failure]) -> str:
    reasons = Counter(failure.reason for failure in failed)
    told = " ".join(f"{count} x: {reason}" for reason, count in reasons.most_common(SHOWN))
    return f"None of the {len(failed)} exams could be added. {told}"


def _pace() -> dict[str, float]:
    """A terminal is told at once, a log every ten seconds."""
    return {} if sys.stderr.isatty() else {"mininterval": 10, "maxinterval": 10}
