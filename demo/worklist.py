"""Several studies in the order in which somebody might want to look at them.

A study's place is that of the urgent condition which fits it best: the highest percentile among all
cases of the library, ties by that among the normal ones. Without a library nothing can be compared
between conditions, so there is no order then.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cmrclip_lite.zeroshot import Score

# A spreadsheet takes a cell that begins so for a formula, and runs it.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
COLUMNS = (
    "rank", "study", "urgent_condition", "percentile", "percentile_normal", "similarity", "reason",
    "notes", "problem",
)  # fmt: skip


@dataclass(frozen=True)
class Entry:
    """One study of a worklist.

    Attributes:
        name: as uploaded.
        scores: of the urgent conditions; empty for one that could not be read.
        notes: sentences on the study.
        problem: why it could not be read; empty otherwise.
    """

    name: str
    scores: tuple[Score, ...] = ()
    notes: tuple[str, ...] = ()
    problem: str = ""

    @property
    def most_urgent(self) -> Score | None:
        """The score that the study's place rests on; None where nothing is measured."""
        measured = [score for score in self.scores if score.percentile is not None]
        return max(measured, key=_urgency, default=None)

    @property
    def reason(self) -> str:
        """Why the study stands where it does, as a sentence."""
        if self.problem:
            return self.problem
        top = self.most_urgent
        return top.sentence() if top else "Nothing to measure it against: no case library."


def ranked(entries: Sequence[Entry]) -> list[Entry]:
    """The most urgent first; what could not be measured, and then not be read, comes last."""

    def place(entry: Entry) -> tuple:
        top = entry.most_urgent
        if top is None:
            return (2 if entry.problem else 1,)
        return 0, *(-value for value in _urgency(top))

    return sorted(entries, key=place)


def as_rows(entries: Sequence[Entry]) -> list[dict[str, Any]]:
    """JSON-ready rows of `ranked` entries by `COLUMNS`; only what was measured has a rank."""
    rows = []
    for number, entry in enumerate(ranked(entries), start=1):
        top = entry.most_urgent
        rows.append(
            {
                "rank": number if top else None,
                "study": entry.name,
                "urgent_condition": top.condition if top else None,
                "percentile": top.percentile if top else None,
                "percentile_normal": top.percentile_normal if top else None,
                "similarity": top.similarity if top else None,
                "reason": entry.reason,
                "notes": list(entry.notes),
                "problem": entry.problem or None,
            }
        )
    return rows


def as_csv(entries: Sequence[Entry]) -> str:
    """The rows as CSV (RFC 4180), no cell of which a spreadsheet takes for a formula."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for row in as_rows(entries):
        cells = (row[name] for name in COLUMNS)
        writer.writerow([_cell(cell) for cell in cells])
    return out.getvalue()


def _urgency(score: Score) -> tuple[float, float]:
    return score.percentile or 0.0, score.percentile_normal or 0.0


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4g}"
    text = " ".join(value) if isinstance(value, list) else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text
