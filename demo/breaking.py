"""Trying to break a score: the same study from elsewhere, or the same question in other words."""

from __future__ import annotations

import gradio as gr
import page
from cines import thumbnail
from engine import Embedded
from shared import ANSWERING, LOOKING, Shared, explained, offer

from cmrclip_lite.errors import ConditionError
from cmrclip_lite.figures import picture_data_uri, score_changes
from cmrclip_lite.robustness import MIDDLE, SHIFTS, STRENGTHS, shifted

INTRO = """
<p>How far can a score be trusted? Make the study look as if another scanner, another operator or
a worse day had made it, or ask in other words, and see what moves. A model that reads the heart
should hardly care.</p>
"""
# What people look for by another name.
ALSO = {"noise": "Noise, as at a lower field strength", "field_of_view": "Crop: field of view"}


def add(shared: Shared) -> None:
    """Lay the part out and connect it."""
    gr.HTML(INTRO)
    with gr.Row(equal_height=True):
        kinds = [(ALSO.get(key, shift.label), key) for key, shift in SHIFTS.items()]
        kind = gr.Dropdown(kinds, value="noise", label="What is done", elem_id="shift", scale=2)
        strength = gr.Slider(
            STRENGTHS[0],
            STRENGTHS[-1],
            MIDDLE,
            step=1,
            label="Strength",
            elem_id="strength",
            scale=2,
        )
        go = gr.Button("Do it", variant="primary", elem_id="do-shift", elem_classes="go", scale=1)
    meaning = gr.HTML(says("noise", MIDDLE), elem_id="shift-meaning")
    with gr.Row(equal_height=True):
        condition = gr.Dropdown(
            [], label="A condition that was scored", elem_id="rephrased", scale=2
        )
        words = gr.Textbox(
            label="… asked in other words", max_length=2_000, elem_id="other-words", scale=3
        )
        ask = gr.Button("Ask so", elem_id="ask-otherwise", elem_classes="go", scale=1)
    problem = gr.HTML(elem_id="break-problem")
    with gr.Column(visible=False, elem_id="broken") as shown:
        pictures = gr.HTML(elem_id="before-after")
        figure = gr.Plot(show_label=False, elem_id="changes", elem_classes="figure")
        told = gr.HTML(elem_id="changes-told")
    hidden = {problem: "", shown: gr.Column(visible=False)}
    for part, empty in hidden.items():
        shared.clear(part, empty)

    def shift(
        embedded: Embedded | None,
        asked: list[str],
        key: str,
        strength: float,
        prompts: dict,
        request: gr.Request,
    ) -> dict:
        try:
            if embedded is None or not asked:
                raise ConditionError("Open a study and score a condition first.")
            study = shared.kept.get(request.session_hash)
            engine = shared.engines.get(embedded.model)
            other = shifted(study, key, int(strength))
            before = engine.score(embedded, asked, prompts)
            after = engine.score(engine.embed(other), asked, prompts)
        except Exception as error:  # noqa: BLE001 - the page's boundary: say it and go on
            return hidden | {problem: page.message(explained(error))}
        done = f"{ALSO.get(key, SHIFTS[key].label)}: {SHIFTS[key].meanings[int(strength) - 1]}"
        pairs = list(zip(before, after, strict=True))
        return {
            problem: "",
            shown: gr.Column(visible=True),
            pictures: before_and_after(thumbnail(study, 240), thumbnail(other, 240), done),
            figure: score_changes(pairs, "changed"),
            told: page.changes(pairs, done),
        }

    def rephrase(
        embedded: Embedded | None, condition: str | None, text: str, prompts: dict
    ) -> dict:
        try:
            if embedded is None or not condition:
                raise ConditionError("Open a study and score a condition first.")
            engine = shared.engines.get(embedded.model)
            (before,) = engine.score(embedded, [condition], prompts)
            (after,) = engine.score(embedded, [condition], {condition: [text]})
        except Exception as error:  # noqa: BLE001 - the page's boundary: say it and go on
            return hidden | {problem: page.message(explained(error))}
        return {
            problem: "",
            shown: gr.Column(visible=True),
            pictures: "",
            figure: score_changes([(before, after)], "in other words"),
            told: page.changes([(before, after)], f"asked as “{text.strip()}”"),
        }

    shared.when_asked(offer, [shared.asked, condition], [condition])
    gr.on([kind.input, strength.release], says, [kind, strength], meaning, **ANSWERING)
    outputs = [problem, shown, pictures, figure, told]
    go.click(
        shift, [shared.state, shared.asked, kind, strength, shared.own_prompts], outputs, **LOOKING
    )
    asking = [shared.state, condition, words, shared.own_prompts]
    gr.on([ask.click, words.submit], rephrase, asking, outputs, **ANSWERING)


def says(key: str, strength: float) -> str:
    """What a strength of a shift means, and what its range was set by."""
    shift = SHIFTS[key]
    source = f" Range: {shift.source}." if shift.source else ""
    return (
        f'<p class="caption">{page.escape(shift.meanings[int(strength) - 1])}.'
        f"{page.escape(source)}</p>"
    )


def before_and_after(before: bytes | None, after: bytes | None, done: str) -> str:
    """The middle slice as it is and as it was made."""
    figures = "".join(
        f'<figure><img src="{picture_data_uri(picture)}" alt="middle slice, {page.escape(name)}">'
        f"<figcaption>{page.escape(name)}</figcaption></figure>"
        for name, picture in (("as it is", before), (done, after))
        if picture is not None
    )
    return f'<div class="pair">{figures}</div>'
