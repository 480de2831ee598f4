"""Asking about the open study in words, and how its scores stand among the library's cases."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import gradio as gr
import page
import wording
from engine import Embedded, ask_lines
from opening import MAX_TYPED
from shared import ANSWERING, PRIVATE, Reaction, Shared, attach, explained

from cmrclip_lite.figures import score_bars
from cmrclip_lite.prompts import CONDITIONS
from cmrclip_lite.reading.topics import topics_of
from cmrclip_lite.zeroshot import Score

FIRST_QUESTIONS = 6  # how many known conditions the box starts with
APPEND_LINE = "(text, line) => [(text.trim() ? text.trim() + '\\n' : '') + line]"
ORDERS = ("as asked", "highest percentile first", "by name")
# What a reading calls its topics, where a list to pick from is better served by another name.
TOPIC_NAMES = {"Patterns that similar cases have": "Diseases"}
HOW = (
    "The bar is the study's percentile among all cases of the library. Below it lies the middle "
    "half of the normal cases and of the cases that have the condition: a bar that ends among the "
    "latter and beyond the former is what a positive case looks like to this model."
)


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
        max_length=MAX_TYPED,
        elem_id="conditions",
    )
    go = gr.Button("Score", variant="primary", elem_id="score")
    with gr.Accordion("Pick from the vocabulary", open=False, elem_id="vocabulary"):
        suggestions = []
        for topic, keys in topics_of(c.key for c in suggested).items():
            gr.HTML(f"<h3>{page.escape(TOPIC_NAMES.get(topic, topic))}</h3>")
            with gr.Row(elem_classes="suggestions"):
                labels = (CONDITIONS[key].label for key in keys)
                suggestions += [gr.Button(label, size="sm", min_width=60) for label in labels]
    connect_wording = wording.add(shared)
    problem = gr.HTML(elem_id="problem")
    with gr.Column(visible=False) as answers:
        order = gr.Dropdown(list(ORDERS), value=ORDERS[0], label="Order", elem_id="order")
        plot = gr.Plot(show_label=False, elem_id="plot")
        gr.HTML(f'<p class="caption">{HOW}</p>')
    sentences = gr.HTML(elem_id="sentences")
    none = {answers: gr.Column(visible=False), sentences: "", shared.asked: []}
    for part, empty in ({problem: ""} | none).items():
        shared.clear(part, empty)

    def ask(embedded: Embedded | None, text: str, prompts: dict, order: str) -> dict:
        if embedded is None:
            told = page.message("Open a study first: pick a sample or upload one.")
            return {problem: told} | none
        return answer(embedded, text, prompts, order)

    def ask_if_open(embedded: Embedded | None, text: str, prompts: dict, order: str) -> dict:
        return none if embedded is None else answer(embedded, text, prompts, order)

    def answer(
        embedded: Embedded, text: str, prompts: Mapping[str, Sequence[str]], order: str
    ) -> dict:
        try:
            asked, problems = ask_lines(text)
            scores = shared.engines.get(embedded.model).score(embedded, asked, prompts)
        except Exception as error:  # noqa: BLE001 - the page's boundary: say it and go on
            return {problem: page.message(explained(error))} | none
        if not scores and not problems:
            problems = ["Type a condition, one a line, or take one from the vocabulary."]
        told = "".join(page.message(one) for one in problems)
        if not scores:
            return {problem: told} | none
        shown = in_order(scores, order)
        return {
            answers: gr.Column(visible=True),
            plot: score_bars(shown),
            sentences: page.score_sentences(shown),
            problem: told,
            shared.asked: asked,
        }

    inputs = [shared.state, box, shared.own_prompts, order]
    outputs = [answers, plot, sentences, problem, shared.asked]
    shared.first_ask = Reaction(ask_if_open, inputs, outputs)

    def connect() -> None:
        options = {"inputs": inputs, "outputs": outputs, "show_progress": "minimal", **ANSWERING}
        events = [
            gr.on([go.click, box.submit], ask, **options),
            order.input(ask_if_open, **options),
        ]
        for button in suggestions:
            added = button.click(None, [box, button], [box], js=APPEND_LINE, **PRIVATE)
            events.append(added.then(ask_if_open, **options))
        events += [event.then(ask_if_open, **options) for event in connect_wording()]
        attach(events, shared.on_asked)

    return connect


def in_order(scores: Sequence[Score], order: str) -> list[Score]:
    """Scores in one of `ORDERS`; without percentiles the highest similarity comes first."""
    if order == ORDERS[1]:
        measured = all(score.percentile is not None for score in scores)
        return sorted(scores, key=lambda s: -(s.percentile if measured else s.similarity))
    if order == ORDERS[2]:
        return sorted(scores, key=lambda s: s.condition.casefold())
    return list(scores)
