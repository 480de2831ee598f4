"""What a table of reports says of each exam."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from pathlib import Path

from ...errors import LibraryError
from ..filters import finding_key
from ..records import age_band

# By what names a column is known, in any case, spaces and hyphens as underscores; the first that
# is there counts.
COLUMNS = {
    "id": ("id", "study", "study_id", "case", "case_id", "exam", "exam_id"),
    "path": ("path", "file", "folder"),
    "impression": ("impression", "conclusion", "report", "text"),
    "findings": ("findings", "labels"),
    "sex": ("sex", "gender"),
    "age": ("age", "age_years"),
    "age_band": ("age_band",),
    "source": ("source",),
}
_SEXES = {"f": "female", "female": "female", "m": "male", "male": "male", "o": "other"}
_SEXES["other"] = "other"
_AGE = re.compile(r"0*(\d{1,3}(?:\.\d+)?)y?", re.IGNORECASE)  # 63, 63.5 or DICOM's 063Y
_BAND = re.compile(r"\d0-\d9|90\+")
_LONGEST = 1 << 20  # characters of one report


@dataclass(frozen=True)
class Report:
    """A row of a table of reports; see `prepare.Item`.

    Attributes:
        path: of its exam, from the folder of exams; empty if the id names it.
    """

    id: str
    path: str = ""
    impression: str = ""
    findings: tuple[str, ...] = ()
    sex: str = ""
    age_band: str = ""
    source: str = ""


def read_reports(path: str | Path) -> list[Report]:
    """Rows of a CSV file: UTF-8, with a header, between commas, semicolons or tabs.

    `COLUMNS` says which columns are known; others are passed over. Findings have semicolons or
    bars between; one of which nobody can tell has a question mark ("lv_dilation?"), and keeps it.
    An age becomes a band of ten years.

    Raises:
        LibraryError: if it cannot be read, has no column of ids, or an id is empty or there twice.
    """
    name = Path(path).name
    text = _text(Path(path))
    header = text.partition("\n")[0]
    delimiter = max(",;\t", key=header.count)
    csv.field_size_limit(_LONGEST)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    reports: dict[str, Report] = {}
    try:
        places = _places(next(rows, []), name)
        for row in rows:
            if not any(row):
                continue
            told = {field: row[i].strip() for field, i in places.items() if i < len(row)}
            report = _report(told)
            if not report.id:
                raise LibraryError(f"Line {rows.line_num} of {name} has no id; give each its own.")
            if report.id in reports:
                raise LibraryError(
                    f"Line {rows.line_num} of {name} has the id {report.id!r} of a row before it; "
                    "give each its own."
                )
            reports[report.id] = report
    except csv.Error as error:
        raise LibraryError(f"Line {rows.line_num} of {name} is no CSV: {error}.") from error
    return list(reports.values())


def _text(path: Path) -> str:
    try:
        # "utf-8-sig" takes the mark that spreadsheets put first.
        return path.read_text(encoding="utf-8-sig", errors="strict")
    except UnicodeDecodeError as error:
        raise LibraryError(
            f"{path.name} is not in UTF-8; save it as CSV in UTF-8 (a spreadsheet offers that)."
        ) from error
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise LibraryError(f"The reports in {path.name} cannot be read: {reason}.") from error


def _places(header: list[str], name: str) -> dict[str, int]:
    """Where each known column is."""
    titles = [re.sub(r"[\s-]+", "_", title.strip().lower()) for title in header]
    places = {
        field: next(titles.index(alias) for alias in aliases if alias in titles)
        for field, aliases in COLUMNS.items()
        if set(aliases) & set(titles)
    }
    if "id" not in places:
        raise LibraryError(
            f"{name} has no column of ids; name it id or study, with the name of each exam's "
            "folder or file, and put the reports beside it in a column named impression."
        )
    return places


def _report(told: dict[str, str]) -> Report:
    age = _AGE.fullmatch(told.get("age", ""))
    band = told.get("age_band", "")
    if not _BAND.fullmatch(band):
        band = age_band(float(age[1])) if age else ""
    names = filter(None, (name.strip() for name in re.split("[;|]", told.get("findings", ""))))
    return Report(
        id=told["id"],
        path=told.get("path", ""),
        impression=told.get("impression", ""),
        findings=tuple(sorted(set(map(_finding, names)))),
        sex=_SEXES.get(told.get("sex", "").lower(), ""),
        age_band=band,
        source=told.get("source", ""),
    )


def _finding(name: str) -> str:
    """As the library keeps it; `finding_key` alone would pass over the question mark."""
    return finding_key(name.rstrip("? ")) + "?" * name.endswith("?")
