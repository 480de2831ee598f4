"""What lies where on the page, and the two lines of script it needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import gradio as gr
import page

from cmrclip_lite.prompts import Condition

HERE = Path(__file__).resolve().parent
FIRST_QUESTIONS = 6  # how many known conditions the box starts with
SEARCH_EXAMPLES = ("dilated left ventricle", "thick septum", "normal study")
KEEP_SECONDS = 3600  # an idle session's embedding; files never live this long

APPEND_LINE = "(text, line) => [(text.trim() ? text.trim() + '\\n' : '') + line]"
PICK_SAMPLE = """
element.addEventListener('click', (event) => {
  const card = event.target.closest('button[data-sample]');
  if (!card) return;
  element.querySelectorAll('button[data-sample]').forEach(
    (other) => other.setAttribute('aria-pressed', String(other === card)));
  trigger('select', {sample: card.dataset.sample});
});
"""


@dataclass(frozen=True)
class Layout:
    """The components that events read and write."""

    state: gr.State
    cards: gr.HTML
    upload: gr.File
    folder: gr.UploadButton
    status: gr.HTML
    study: gr.HTML
    box: gr.Textbox
    suggestions: list[gr.Button]
    go: gr.Button
    problem: gr.HTML
    plot: gr.Plot
    sentences: gr.HTML
    results: gr.Column
    similar: gr.HTML
    query: gr.Textbox
    find: gr.Button
    found: gr.HTML


def lay_out(suggested: Sequence[Condition], footer: str) -> Layout:
    """Fill the Blocks being built; `suggested` are the conditions to offer as buttons."""
    gr.HTML(page.NOTICE, elem_id="notice")
    gr.HTML(page.HEADER)
    state = gr.State(None, time_to_live=KEEP_SECONDS)
    with gr.Tabs():
        with gr.Tab("A study"):
            with gr.Row(equal_height=False):
                with gr.Column(scale=6, min_width=290):
                    gr.HTML("<h2>1 · Open a study</h2>")
                    cards = gr.HTML(js_on_load=PICK_SAMPLE, elem_id="samples")
                    upload = gr.File(
                        file_count="multiple",
                        label="Or upload a zip, DICOM, NIfTI, video",
                        height=170,
                        elem_id="upload",
                    )
                    folder = gr.UploadButton(
                        "… or choose a folder",
                        file_count="directory",
                        size="sm",
                        elem_id="folder",
                    )
                    status = gr.HTML(page.EMPTY, elem_id="status")
                    study = gr.HTML(elem_id="study")
                with gr.Column(scale=5, min_width=290):
                    gr.HTML("<h2>2 · Ask about it</h2>")
                    box = gr.Textbox(
                        "\n".join(c.label for c in suggested[:FIRST_QUESTIONS]),
                        label="Conditions, one a line",
                        info="Findings, diagnoses or whole report sentences, in English.",
                        lines=6,
                        max_lines=14,
                        max_length=20_000,
                        elem_id="conditions",
                    )
                    with gr.Row(elem_classes="suggestions"):
                        suggestions = [
                            gr.Button(c.label, size="sm", min_width=60) for c in suggested
                        ]
                    go = gr.Button("Score", variant="primary", elem_id="score")
                    problem = gr.HTML(elem_id="problem")
                    plot = gr.Plot(visible=False, show_label=False, elem_id="plot")
                    sentences = gr.HTML(elem_id="sentences")
            with gr.Column(visible=False, elem_id="results") as results:
                gr.HTML("<h2>3 · Cases that look like it</h2>")
                similar = gr.HTML(elem_id="similar")
        with gr.Tab("Search by words"):
            gr.HTML(
                "<h2>Find cases by a description</h2><p>The words are compared with every "
                "case's pictures, not with its report.</p>"
            )
            with gr.Row():
                query = gr.Textbox(
                    show_label=False,
                    placeholder="such as: dilated left ventricle with reduced function",
                    max_length=20_000,
                    elem_id="query",
                    scale=5,
                )
                find = gr.Button("Search", variant="primary", elem_id="find", scale=1)
            gr.Examples(list(SEARCH_EXAMPLES), query, label="Try")
            found = gr.HTML(elem_id="found")
        with gr.Tab("About"):
            gr.Markdown((HERE / "about.md").read_text(encoding="utf-8"), elem_id="about")
    gr.HTML(footer)
    return Layout(
        state=state,
        cards=cards,
        upload=upload,
        folder=folder,
        status=status,
        study=study,
        box=box,
        suggestions=suggestions,
        go=go,
        problem=problem,
        plot=plot,
        sentences=sentences,
        results=results,
        similar=similar,
        query=query,
        find=find,
        found=found,
    )
