"""Searching the library by words."""

from __future__ import annotations

import gradio as gr
import page
from shared import ANSWERING, Shared, explained

SEARCH_EXAMPLES = ("dilated left ventricle", "thick septum", "normal study")


def add(shared: Shared) -> None:
    """Lay the part out and connect it."""
    engine = shared.engines.first
    gr.HTML(
        "<h2>Find cases by a description</h2><p>The words are compared with every case's pictures, "
        "not with its report.</p>"
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

    def find_cases(text: str) -> str:
        try:
            cases = engine.search(text)
        except Exception as error:  # noqa: BLE001 - the page's boundary: say it and go on
            return page.message(explained(error))
        return page.cases(
            cases,
            f"The cases, of {len(engine.library)} in “{engine.library.name}”, whose pictures fit "
            "the words best. Similarity is the mean cosine between a case and the sentences "
            "asked; it is not a probability.",
        )

    gr.on([find.click, query.submit], find_cases, query, found, **ANSWERING)
