"""Asking about the open study in words, and how its scores stand among the library's cases."""

from __future__ import annotations

from collections.abc import Callable

import gradio as gr
import page
from engine import Embedded, ask_lines
from shared import ANSWERING, PRIVATE, Shared, attach, explained

from cmrclip_lite.figures import score_bars

FIRST_QUESTIONS = 6  # how many known conditions the box starts with
APPEND_LINE = "(text, line) => [(text.trim() ? text.trim() + '\\n' : '') + line]"


def add(shared: Shared) -> Callable[[], None]:
    """Lay the part out; what is returned connects it, once all other parts are laid out."""
    suggested = shared.engines.first.conditions
    gr.HTML("<h2>2 · Ask about it</h2>")
    box = shared.box = gr.Textbox(
        "\n".join(c.label for c in suggested[:FIRST_QUESTIONS]),
        label="Conditions, one a line",
        info="Findings, diagnoses or whole report sentences, in English.",
        lines=6,
        max_lines=14,
        max_length=20_000,
        elem_id="conditions",
    )
    with gr.Row(elem_classes="suggestions"):
        suggestions = [gr.Button(c.label, size="sm", min_width=60) for c in suggested]
    go = gr.Button("Score", variant="primary", elem_id="score")
    problem = gr.HTML(elem_id="problem")
    plot = gr.Plot(visible=False, show_label=False, elem_id="plot")
    sentences = gr.HTML(elem_id="sentences")
    nothing = gr.Plot(visible=False)
    for part, empty in ((problem, ""), (plot, nothing), (sentences, ""), (shared.asked, [])):
        shared.clear(part, empty)

    def ask(embedded: Embedded | None, text: str) -> dict:
        if embedded is None:
            told = page.message("Open a study first: pick a sample or upload one.")
            return {problem: told, plot: nothing, sentences: "", shared.asked: []}
        return answer(embedded, text)

    def ask_if_open(embedded: Embedded | None, text: str) -> dict:
        return {shared.asked: []} if embedded is None else answer(embedded, text)

    def answer(embedded: Embedded, text: str) -> dict:
        try:
            asked, problems = ask_lines(text)
            scores = shared.engines.get(embedded.model).score(embedded, asked)
        except Exception as error:  # noqa: BLE001 - the page's boundary: say it and go on
            told = page.message(explained(error))
            return {problem: told, plot: nothing, sentences: "", shared.asked: []}
        if not scores and not problems:
            problems = ["Type a condition, one a line, or take one of the suggestions."]
        return {
            plot: gr.Plot(score_bars(scores), visible=True) if scores else nothing,
            sentences: page.score_sentences(scores) if scores else "",
            problem: "".join(page.message(one) for one in problems),
            shared.asked: asked,
        }

    inputs, outputs = [shared.state, box], [plot, sentences, problem, shared.asked]
    shared.when_opened(ask_if_open, inputs, outputs, show_progress="hidden")

    def connect() -> None:
        options = {"inputs": inputs, "outputs": outputs, "show_progress": "minimal", **ANSWERING}
        events = [gr.on([go.click, box.submit], ask, **options)]
        for button in suggestions:
            added = button.click(None, [box, button], [box], js=APPEND_LINE, **PRIVATE)
            events.append(added.then(ask_if_open, **options))
        attach(events, shared.on_asked)

    return connect
