"""Taking a result away: a report that opens without a network, the data, and how to repeat it."""

from __future__ import annotations

import json
from typing import Any

import gradio as gr
import page
import repeating
from cines import pictures
from engine import Embedded, ask_lines
from report import report_html
from shared import LOOKING, PRIVATE, Shared, explained

from cmrclip_lite import __version__
from cmrclip_lite.cli import study_facts
from cmrclip_lite.errors import ConditionError

INTRO = (
    "<p>The report is one file with pictures, scores and what they are measured against; it opens "
    "in any browser without a network. It is made now and sent to you; the server keeps no copy. "
    "It holds pictures of the study: treat it as you treat those.</p>"
)
# The text of a file becomes a download in the browser, so that it never lies on the server's disk.
SAVE = """
(text, name) => {
  if (!text) return;
  const type = name.endsWith('.json') ? 'application/json' : 'text/html';
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([text], {type: type + ';charset=utf-8'}));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}
"""


def add(shared: Shared) -> None:
    """Lay the part out and connect it."""
    gr.HTML(INTRO)
    with gr.Row(elem_classes="downloads"):
        report = gr.Button("Report (HTML)", variant="primary", elem_id="save-report")
        data = gr.Button("Data (JSON)", elem_id="save-data")
    problem = gr.HTML(elem_id="take-problem")
    text = gr.Textbox(visible="hidden", elem_id="file-text")
    name = gr.Textbox(visible="hidden", elem_id="file-name")
    gr.HTML("<h3>Repeat it</h3>")
    link = gr.HTML(elem_id="share-link")
    # Of no language: the colours for one are too pale to read on white.
    python = gr.Code(label="In Python", interactive=False, elem_id="as-python")
    shell = gr.Code(label="From a shell", interactive=False, elem_id="as-curl")
    for part, empty in ((problem, ""), (link, ""), (python, ""), (shell, ""), (text, "")):
        shared.clear(part, empty)

    def measured(embedded: Embedded | None, asked: list[str], prompts: dict) -> dict[str, Any]:
        if embedded is None or not asked:
            raise ConditionError("Open a study and score a condition first.")
        engine = shared.engines.get(embedded.model)
        return {
            "engine": engine,
            "scores": engine.score(embedded, asked, prompts),
            "similar": engine.similar(embedded),
        }

    def make_report(
        embedded: Embedded | None, asked: list[str], prompts: dict, request: gr.Request
    ) -> dict:
        try:
            found = measured(embedded, asked, prompts)
            study = shared.kept.get(request.session_hash)
            made = report_html(
                title=embedded.sample or "A cardiac MR study",
                model=found["engine"].model,
                pictures=pictures(study),
                facts=page.study_table(study),
                notes=embedded.notes,
                scores=found["scores"],
                similar=found["similar"],
            )
        except Exception as error:  # noqa: BLE001 - the page's boundary: say it and go on
            return {problem: page.message(explained(error)), text: "", name: ""}
        return {problem: "", text: made, name: "cmrclip-report.html"}

    def make_data(
        embedded: Embedded | None, asked: list[str], prompts: dict, request: gr.Request
    ) -> dict:
        try:
            found = measured(embedded, asked, prompts)
            model = found["engine"].model
            told = {
                "made_by": f"cmrclip_lite {__version__}",
                "notice": "For research and education only; not for diagnosis.",
                "model": {"name": model.name, "identity": model.identity},
                "study": study_facts(shared.kept.get(request.session_hash)),
                "embedding": [round(float(x), 7) for x in embedded.embedding],
                "scores": [score.as_dict() for score in found["scores"]],
                "similar": [case.as_dict() for case in found["similar"]],
                "notes": list(embedded.notes),
            }
        except Exception as error:  # noqa: BLE001 - the page's boundary: say it and go on
            return {problem: page.message(explained(error)), text: "", name: ""}
        return {problem: "", text: json.dumps(told, indent=1), name: "cmrclip-result.json"}

    def repeat(embedded: Embedded | None, text: str, prompts: dict, request: gr.Request) -> dict:
        asked, _ = ask_lines(text)
        if embedded is None or not asked:
            return {link: "", python: "", shell: ""}
        own = {line: prompts[line] for line in asked if line in prompts}
        server = server_of(request)
        return {
            link: repeating.link_html(server, embedded.sample, asked, bool(own)),
            python: repeating.as_python(embedded.model, embedded.sample, asked, own),
            shell: repeating.as_shell(server, asked, bool(own)),
        }

    inputs = [shared.state, shared.asked, shared.own_prompts]
    outputs = [problem, text, name]
    for button, make in ((report, make_report), (data, make_data)):
        made = button.click(make, inputs, outputs, **LOOKING)
        made.then(None, [text, name], None, js=SAVE, **PRIVATE).then(
            lambda: "", None, text, show_progress="hidden", **PRIVATE
        )
    told = [shared.state, shared.box, shared.own_prompts]
    shared.when_asked(repeat, told, [link, python, shell])


def server_of(request: gr.Request) -> str:
    """The address that the person's browser knows this server by."""
    origin = request.headers.get("origin")
    return origin or f"http://{request.headers.get('host', '127.0.0.1:7860')}"
