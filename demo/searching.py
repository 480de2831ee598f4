"""Searching the library by words."""

from __future__ import annotations

import cards
import filtering
import gradio as gr
import page
from finding import HYBRID, IMPRESSIONS, MODES, by_words
from shared import ANSWERING, Shared, explained

from cmrclip_lite.library import CaseLibrary

SEARCH_EXAMPLES = (
    "dilated left ventricle",
    "thick septum",
    "pericardial effusion",
    "scar in the lateral wall",
    "normal study",
)


def add(shared: Shared) -> None:
    """Lay the part out and connect it."""
    engine = shared.engines.first
    gr.HTML("<h2>Find cases by a description</h2>")
    with gr.Row():
        query = gr.Textbox(
            label="What to look for",
            show_label=False,
            placeholder="such as: dilated left ventricle with reduced function",
            max_length=20_000,
            elem_id="query",
            scale=5,
        )
        go = gr.Button("Search", variant="primary", elem_id="find", scale=1)
    gr.Examples(list(SEARCH_EXAMPLES), query, label="Try")
    with gr.Row():
        mode = gr.Radio(list(MODES), value=HYBRID, label="Compare by", elem_id="mode", scale=3)
        count = filtering.count("found")
    row = filtering.add(engine.library, "found")
    found = gr.HTML(elem_id="found")

    def find_cases(text: str, how: str, k: int, *filters) -> str:
        try:
            hits, problem = by_words(engine, text, int(k), how, row.read(filters))
        except Exception as error:  # noqa: BLE001 - the page's boundary: say it and go on
            return page.message(explained(error))
        told = page.message(problem) if problem else ""
        shown = cards.cards(
            hits, caption(engine.library, how), [text], closer="fits better", select=False
        )
        return told + shown

    def search_again(text: str, *others) -> str:
        return find_cases(text, *others) if text.strip() else ""

    inputs = [query, mode, count, *row.components]
    gr.on([go.click, query.submit], find_cases, inputs, found, **ANSWERING)
    changed = [c.change for c in (mode, count, *row.components)]
    gr.on(changed, search_again, inputs, found, **ANSWERING)


def caption(library: CaseLibrary, mode: str) -> str:
    """What was compared with what."""
    start = f"Of the {len(library)} cases in “{library.name}”. "
    if mode == IMPRESSIONS:
        compared = "The meaning of your words was compared with that of each case's impression."
    else:
        compared = "The meaning of your words was compared with each case's pictures."
    if mode == HYBRID:
        compared += (
            " Beside that, the impressions were searched for the words themselves; a case that is "
            "high up in both rankings comes first, so similarities need not fall in order."
        )
    return (
        f"{start}{compared} Similarity is the mean cosine between a case and the sentences asked; "
        "it is not a probability."
    )
