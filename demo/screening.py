"""Screening several studies: a worklist by the conditions that are chosen as urgent."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from pathlib import Path

import gradio as gr
import page
from engine import Engine, ask_lines
from shared import LOOKING, Shared, explained
from uploads import read_upload, remove
from worklist import Entry, as_csv, as_rows

from cmrclip_lite.errors import ConditionError, StudyError
from cmrclip_lite.prompts import CONDITIONS

MAX_STUDIES = 50
# Findings that a reader would want to see today, of those in the vocabulary.
URGENT = (
    "severe_lv_systolic_dysfunction",
    "lv_thrombus",
    "pericardial_effusion",
    "aortic_dilation",
)
# What is a study by itself; all other files of an upload, as loose DICOM, are one together.
WHOLE = (
    ".zip", ".tar", ".tar.gz", ".tgz", ".nii", ".nii.gz", ".nrrd", ".nhdr", ".npz", ".npy", ".mp4",
    ".avi", ".mov", ".gif", ".webp",
)  # fmt: skip
INTRO = f"""
<h2>Which of these studies should somebody look at first?</h2>
<p>Upload several studies, each as one zip, tar, NIfTI or video (at most {MAX_STUDIES}); loose files
are taken for one study. Each is placed by the urgent condition that fits it best: by its
percentile among all cases of the library.</p>
<p class="caption">An order to look in, never a reason not to look: every study has some condition
it fits best, and a low place clears nobody. Not for use in the care of patients.</p>
"""


def add(shared: Shared) -> None:
    """Lay the part out and connect it."""
    engine = shared.engines.first
    known = {c.key: c.label for c in engine.conditions}
    chosen = [known[key] for key in URGENT if key in known] or list(known.values())[:3]
    gr.HTML(INTRO)
    with gr.Row(equal_height=False):
        with gr.Column(scale=5, min_width=290):
            files = gr.File(
                file_count="multiple", label="Studies", height=170, elem_id="screen-files"
            )
        with gr.Column(scale=6, min_width=290):
            urgent = gr.Dropdown(
                list(known.values()),
                value=chosen,
                multiselect=True,
                allow_custom_value=True,
                label="Urgent conditions, from the vocabulary or typed",
                elem_id="urgent",
            )
            go = gr.Button("Screen", variant="primary", elem_id="screen")
    status = gr.HTML(elem_id="screen-status")
    table = gr.HTML(elem_id="worklist")

    def fill_worklist(paths: list[str] | None, conditions: list[str]) -> Iterator[dict]:
        yield {status: page.message("Reading …", "working"), table: ""}
        try:
            entries: list[Entry] = []
            for number, total, entry in screened(engine, paths, conditions):
                if entry is not None:
                    entries.append(entry)
                told = f"{number} of {total} studies read …"
                yield {status: page.message(told, "working"), table: worklist_html(entries)}
            yield {status: "", table: worklist_html(entries, done=True), files: None}
        except Exception as error:  # noqa: BLE001 - the page's boundary: say it and go on
            yield {status: page.message(explained(error)), table: "", files: None}

    go.click(
        fill_worklist, [files, urgent], [status, table, files], show_progress="hidden", **LOOKING
    )


def screened(
    engine: Engine, paths: Sequence[str] | None, conditions: Sequence[str]
) -> Iterator[tuple[int, int, Entry | None]]:
    """Read uploaded studies one after another; the files are gone afterwards, however it ends.

    Yields:
        How many of how many were read, and the last one's entry (None before the first).

    Raises:
        ConditionError: if no condition can be asked.
        StudyError: if there is no study, or too many.
    """
    files = [Path(path) for path in paths or []]
    try:
        studies = studies_of(files)
        asked, problems = ask_lines("\n".join(conditions))
        if problems or not asked:
            told = problems[0] if problems else "Choose at least one urgent condition."
            raise ConditionError(told)
        if not 1 <= len(studies) <= MAX_STUDIES:
            raise StudyError(f"Upload 1 to {MAX_STUDIES} studies, not {len(studies)}.")
        yield 0, len(studies), None
        for number, (name, members) in enumerate(studies.items(), start=1):
            yield number, len(studies), _entry(engine, name, members, asked)
    finally:
        remove(files)


def _entry(engine: Engine, name: str, files: Sequence[Path], asked: Sequence[str]) -> Entry:
    try:
        embedded = engine.embed(read_upload(files))
        return Entry(name, tuple(engine.score(embedded, asked)), embedded.notes)
    except Exception as error:  # noqa: BLE001 - one bad study does not end the list
        return Entry(name, problem=explained(error))


def studies_of(files: Sequence[Path]) -> dict[str, list[Path]]:
    """Uploaded files by the study that each belongs to, by a name that tells them apart."""
    studies: dict[str, list[Path]] = {}
    loose = [file for file in files if not file.name.lower().endswith(WHOLE)]
    for file in files:
        if file in loose:
            continue
        name, count = file.name, 2
        while name in studies:
            name, count = f"{file.name} ({count})", count + 1
        studies[name] = [file]
    if loose:
        studies[loose[0].name if len(loose) == 1 else f"{len(loose)} loose files"] = loose
    return studies


def worklist_html(entries: Sequence[Entry], done: bool = False) -> str:
    """The worklist as a table; a link to its CSV when all is read."""
    if not entries:
        return ""
    rows = "".join(_row(row) for row in as_rows(entries))
    references = dict.fromkeys(score.reference for entry in entries for score in entry.scores)
    told = " ".join(page.escape(reference) for reference in references)
    link = ""
    if done:
        data = base64.b64encode(as_csv(entries).encode("utf-8")).decode("ascii")
        link = (
            f'<p><a download="worklist.csv" href="data:text/csv;charset=utf-8;base64,{data}">'
            "Save as CSV</a> (made in this page; the server keeps none)</p>"
        )
    return (
        '<div class="tables scroll" tabindex="0">'
        "<table><caption>Worklist</caption><thead><tr><th>Rank</th>"
        "<th>Study</th><th>Urgent condition that fits best</th><th>Percentile</th><th>Why</th></tr>"
        f"</thead><tbody>{rows}</tbody></table></div><p class='caption'>{told}</p>{link}"
    )


def _row(row: dict) -> str:
    rank = row["rank"] or "–"
    condition = page.escape(row["urgent_condition"] or "")
    if row["problem"]:
        condition = "<strong>not read</strong>"
    percentile = "" if row["percentile"] is None else f"{row['percentile']:.0f}"
    notes = "".join(f'<br><small class="note">{page.escape(n)}</small>' for n in row["notes"])
    return (
        f"<tr><td>{rank}</td><td>{page.escape(row['study'])}</td><td>{condition}</td>"
        f"<td>{percentile}</td><td>{page.escape(row['reason'])}{notes}</td></tr>"
    )


def default_urgent() -> list[str]:
    """The labels of the conditions that are urgent unless others are chosen."""
    return [CONDITIONS[key].label for key in URGENT]
