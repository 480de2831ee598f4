"""Named endpoints for programs: /read, /score, /retrieve, /search, /screen.

They take uploads as the page does, so Gradio checks that a file was really uploaded, and answer
with JSON. Errors arrive as the sentence that the page would show. Where the package `mcp` is
installed they are tools of the Model Context Protocol as well, described by their docstrings.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import gradio as gr
from engine import Engine, ask_lines
from page import escape
from screening import default_urgent, screened
from tools import with_plain_schema
from uploads import read_upload
from worklist import as_rows

from cmrclip_lite.cli import study_facts
from cmrclip_lite.errors import CmrClipError

MAX_CASES = 50


def add_endpoints(engine: Engine) -> None:
    """Add the endpoints to the Blocks being built, with nothing to see on the page."""

    def read(files: list[str]) -> dict[str, Any]:
        """What a cardiac MR study holds: the series that were read, and what was set aside.

        For research and education only.

        Args:
            files: one zip, tar, NIfTI, NRRD or video, or the DICOM files of one study.

        Returns:
            "series", a list of objects with "view", "sequence", "phases", "rows", "columns",
            "spacing_mm" and more; "set_aside", a list with "what", "count" and "reason"; "notes",
            sentences.
        """
        return study_facts(read_upload(files))

    def score(files: list[str], conditions: str) -> dict[str, Any]:
        """How well conditions, in words, fit a cardiac MR study, against a library of cases.

        For research and education only, never for diagnosis.

        Args:
            files: one zip, tar, NIfTI, NRRD or video, or the DICOM files of one study.
            conditions: findings, diagnoses or report sentences in English, one a line, at most 20.

        Returns:
            "model", its name; "scores", a list of objects with "condition", "similarity" (a mean
            cosine, -1 to 1, no probability), "percentile" (0 to 100, among all cases of the
            library), "percentile_normal" (among its normal cases), "reference" (what that is
            measured against) and "notes"; "notes", sentences on the study.
        """
        asked, problems = ask_lines(conditions)
        embedded = engine.embed(read_upload(files))
        scores = engine.score(embedded, asked)
        return {
            "model": engine.model.name,
            "scores": [one.as_dict() for one in scores],
            "notes": [*embedded.notes, *problems],
        }

    def retrieve(files: list[str], k: float) -> dict[str, Any]:
        """The cases of the library most similar to a cardiac MR study, best first.

        Args:
            files: one zip, tar, NIfTI, NRRD or video, or the DICOM files of one study.
            k: how many cases, 1 to 50.

        Returns:
            "cases", a list of objects with "id", "similarity" (cosine, -1 to 1), "impression" and
            "findings"; "notes", sentences on the study.
        """
        embedded = engine.embed(read_upload(files))
        found = engine.similar(embedded, _count(k))
        return {"cases": [case.as_dict() for case in found], "notes": list(embedded.notes)}

    def search(text: str, k: float) -> dict[str, Any]:
        """The cases of the library whose pictures fit a description, best first.

        Args:
            text: a finding, diagnosis or report sentence in English.
            k: how many cases, 1 to 50.

        Returns:
            "cases", a list of objects with "id", "similarity" (mean cosine, no probability),
            "impression" and "findings".
        """
        return {"cases": [case.as_dict() for case in engine.search(text, _count(k))]}

    def screen(files: list[str], conditions: str) -> dict[str, Any]:
        """Several studies in the order of the urgent condition that fits each best.

        An order to look in, never a reason not to look; not for use in the care of patients.

        Args:
            files: one file a study (zip, tar, NIfTI, NRRD or video), at most 50; loose DICOM files
                are taken for one study.
            conditions: the urgent ones, one a line; empty for a usual few.

        Returns:
            "model", its name; "worklist", a list of objects with "rank" (null where nothing could
            be measured), "study" (the file's name), "urgent_condition", "percentile" (0 to 100,
            among all cases of the library), "percentile_normal", "similarity", "reason" (a
            sentence), "notes" and "problem" (why a study was not read, or null).
        """
        asked = conditions.splitlines() if (conditions or "").strip() else default_urgent()
        found = [entry for _, _, entry in screened(engine, files, asked) if entry is not None]
        return {"model": engine.model.name, "worklist": as_rows(found)}

    with gr.Column(visible=False):
        files = with_plain_schema(gr.File(file_count="multiple", label="files"))
        text = gr.Textbox(label="text")
        count = gr.Number(5, label="k", precision=0)
        answer = gr.JSON(label="answer")
        for function, inputs in (
            (read, [files]),
            (score, [files, text]),
            (retrieve, [files, count]),
            (search, [text, count]),
            (screen, [files, text]),
        ):
            gr.Button().click(
                _told(function),
                inputs,
                answer,
                api_name=function.__name__,
                concurrency_limit=2,
                concurrency_id="study",
            )


def _count(k: float) -> int:
    return min(max(int(k or 5), 1), MAX_CASES)


def _told(function: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    """The package's errors as `gr.Error`, whose text reaches the caller."""

    @wraps(function)
    def inner(*args: Any) -> dict[str, Any]:
        try:
            return function(*args)
        except CmrClipError as error:
            raise gr.Error(escape(error), print_exception=False) from None

    return inner
