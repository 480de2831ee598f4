"""The cases of the library that look most like the open study."""

from __future__ import annotations

import gradio as gr
import page
from engine import Embedded
from shared import Shared, explained


def add(shared: Shared) -> None:
    """Lay the part out and say when it is filled."""
    similar = gr.HTML(elem_id="similar")
    shared.clear(similar, "")

    def find(embedded: Embedded | None) -> str:
        if embedded is None:
            return ""
        try:
            engine = shared.engines.get(embedded.model)
            return page.cases(engine.similar(embedded), caption(engine.library))
        except Exception as error:  # noqa: BLE001 - the page's boundary: say it and go on
            return page.message(explained(error))

    shared.when_opened(find, [shared.state], [similar], show_progress="hidden")


def caption(library) -> str:  # noqa: ANN001
    """What a similarity to cases of a library means."""
    if library is None:
        return "There is no case library for this model."
    return (
        f"The most similar of the {len(library)} cases in “{library.name}”. Similarity is the "
        "cosine of two studies' embeddings; 1 would be the same direction."
    )
