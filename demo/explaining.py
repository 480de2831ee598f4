"""Why a score is what it is: which places, views and phases a similarity rests on."""

from __future__ import annotations

import gradio as gr
import page
from engine import Embedded, Why
from shared import LOOKING, Shared, explained, offer

from cmrclip_lite.figures import contribution_curve, saliency_overlay

INTRO = """
<p>Where in the pictures does the similarity to one condition come from, and which views and
moments of the heartbeat bring it? The map credits each place with what it brings while the pictures
come into focus (integrated gradients in scale; Xu et al., CVPR 2020). The curve credits each
picture with what it brings when it joins the others (Shapley values by random orders). Both are
told against the same study with every structure dissolved.</p>
<p class="caption">It says what this model's number rests on, which need not be what is wrong with
the heart. On synthetic exams, where the truth is known, such maps find the heart, and within it
hardly the part that carries the finding (docs/evaluation.md in the repository).</p>
"""


def add(shared: Shared) -> None:
    """Lay the part out and connect it."""
    gr.HTML(INTRO)
    with gr.Row(equal_height=True):
        chosen = gr.Dropdown([], label="Condition", elem_id="explained", scale=3)
        go = gr.Button("Explain", variant="primary", elem_id="explain", elem_classes="go", scale=1)
    status = gr.HTML(elem_id="explain-status")
    with gr.Column(visible=False, elem_id="explanation") as shown:
        overlay = gr.Plot(show_label=False, elem_id="overlay", elem_classes="figure")
        curve = gr.Plot(show_label=False, elem_id="curve", elem_classes="figure timeplot")
        test = gr.HTML(elem_id="deletion")
    hidden = {status: "", shown: gr.Column(visible=False)}
    for part, empty in hidden.items():
        shared.clear(part, empty)

    def explain(
        embedded: Embedded | None, condition: str | None, prompts: dict, request: gr.Request
    ) -> dict:
        if embedded is None or not condition:
            return hidden | {status: page.message("Open a study and score a condition first.")}
        try:
            study = shared.kept.get(request.session_hash)
            why = shared.engines.get(embedded.model).explain(study, condition)
        except Exception as error:  # noqa: BLE001 - the page's boundary: say it and go on
            return hidden | {status: page.message(explained(error))}
        notes = list(why.explanation.notes)
        if condition in prompts:
            notes.append("This explains the condition by its usual sentences, not by yours.")
        return {
            status: "",
            shown: gr.Column(visible=True),
            overlay: saliency_overlay(why.explanation),
            curve: contribution_curve(why.explanation),
            test: deletion_test(why) + page.notes(notes),
        }

    shared.when_asked(offer, [shared.asked, chosen], [chosen])
    outputs = [status, shown, overlay, curve, test]
    go.click(explain, [shared.state, chosen, shared.own_prompts], outputs, **LOOKING)


def deletion_test(why: Why) -> str:
    """Whether the map is true of the model on this very study, as a small table."""
    rows = "".join(
        f"<tr><td>{name}</td><td>{deletion:+.3f}</td><td>{insertion:+.3f}</td></tr>"
        for name, (deletion, insertion) in (("the map", why.map_areas), ("random", why.random))
    )
    better = why.map_areas[0] < why.random[0] and why.map_areas[1] > why.random[1]
    verdict = (
        "Here the map passes: what it names first matters more to the model than places at random."
        if better
        else "<strong>Here the map fails this test: do not read it.</strong>"
    )
    return (
        '<div class="tables"><table><caption>Is the map true of the model? A deletion test on this '
        "study</caption><thead><tr><th>places in the order of</th><th>taken away (less is better)"
        f"</th><th>brought back (more is better)</th></tr></thead><tbody>{rows}</tbody></table>"
        '<p class="caption">Area under the similarity while places are dissolved, or restored, '
        f"one after another (Petsiuk et al., BMVC 2018). {verdict}</p></div>"
    )
