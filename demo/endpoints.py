"""Named endpoints for programs: /read, /score, /retrieve, /search.

They take uploads as the page does, so Gradio checks that a file was really uploaded, and answer
with JSON. Errors arrive as the sentence that the page would show.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import gradio as gr
from engine import Engine, ask_lines
from page import escape
from uploads import read_upload

from cmrclip_lite.cli import study_facts
from cmrclip_lite.errors import CmrClipError

MAX_CASES = 50


def add_endpoints(engine: Engine) -> None:
    """Add the endpoints to the Blocks being built, with nothing to see on the page."""

    def read(files: list[str]) -> dict[str, Any]:
        """What a study holds: the series that were read, and what was set aside and why."""
        return study_facts(read_upload(files))

    def score(files: list[str], conditions: str) -> dict[str, Any]:
        """Scores of a study for conditions, one a line; research and education only."""
        asked, problems = ask_lines(conditions)
        embedded = engine.embed(read_upload(files))
        scores = engine.score(embedded, asked)
        return {
            "model": engine.model.name,
            "scores": [one.as_dict() for one in scores],
            "notes": [*embedded.notes, *problems],
        }

    def retrieve(files: list[str], k: float) -> dict[str, Any]:
        """The k library cases most similar to a study, best first."""
        embedded = engine.embed(read_upload(files))
        found = engine.similar(embedded, _count(k))
        return {"cases": [case.as_dict() for case in found], "notes": list(embedded.notes)}

    def search(text: str, k: float) -> dict[str, Any]:
        """The k library cases whose pictures fit a description, best first."""
        return {"cases": [case.as_dict() for case in engine.search(text, _count(k))]}

    with gr.Column(visible=False):
        files = gr.File(file_count="multiple", label="files")
        text = gr.Textbox(label="text")
        count = gr.Number(5, label="k", precision=0)
        answer = gr.JSON(label="answer")
        for function, inputs in (
            (read, [files]),
            (score, [files, text]),
            (retrieve, [files, count]),
            (search, [text, count]),
        ):
            gr.Button().click(
                _told(function),
                inputs,
                answer,
                api_name=function.__name__,
                api_description=function.__doc__,
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
