"""The cases of the library most like the open study, and its place among all of them."""

from __future__ import annotations

import beside
import cards
import filtering
import gradio as gr
import page
from engine import Embedded, ask_lines
from finding import BY, IMPRESSIONS, PICTURES, like_study
from mapping import study_map
from shared import ANSWERING, LOOKING, Shared, explained

from cmrclip_lite.errors import StudyError
from cmrclip_lite.library import NORMAL, CaseLibrary


def add(shared: Shared) -> None:
    """Lay the part out and say when it is filled."""
    library = shared.engines.first.library
    with gr.Row():
        count = filtering.count("similar")
        by = gr.Radio(
            list(BY), value=PICTURES, label="Compare the study's pictures with", elem_id="by"
        )
    row = filtering.add(library, "similar")
    chosen = gr.State("")
    pair = gr.HTML(elem_id="beside", js_on_load=beside.PICK_CASE)
    similar = gr.HTML(elem_id="similar", js_on_load=beside.PICK_CASE)
    box = [shared.state, shared.asked, shared.box]

    def find(
        embedded: Embedded | None, asked: list[str], text: str, k: int, how: str, *filters
    ) -> str:
        if embedded is None:
            return ""
        try:
            engine = shared.engines.get(embedded.model)
            if engine.library is None:
                return page.message("There is no case library for this model.")
            found = like_study(engine, embedded, int(k), how, row.read(filters))
            return cards.cards(found, caption(engine.library, how), conditions(asked, text))
        except Exception as error:  # noqa: BLE001 - the page's boundary: say it and go on
            return page.message(explained(error))

    def show_pair(
        embedded: Embedded | None,
        asked: list[str],
        text: str,
        case: str,
        prompts: dict,
        request: gr.Request,
    ) -> str:
        if embedded is None or not case:
            return ""
        try:
            study = _kept(shared, request)
            engine = shared.engines.get(embedded.model)
            shown = conditions(asked, text)
            return beside.beside(engine, embedded, study, case, shown, prompts)
        except Exception as error:  # noqa: BLE001 - the page's boundary: say it and go on
            return page.message(explained(error))

    def pick(event: gr.EventData) -> str:
        data = event._data if isinstance(event._data, dict) else {}
        return str(data.get("case", ""))[:500]

    inputs = [*box, count, by, *row.components]
    for part in (similar, pair, chosen):
        shared.clear(part, "")
    paired = [*box, chosen, shared.own_prompts]
    # Conditions are asked as soon as a study is open, so this fills it then, too.
    shared.when_asked(find, inputs, [similar])
    shared.when_asked(show_pair, paired, [pair])
    gr.on(
        [c.change for c in (count, by, *row.components)],
        find,
        inputs,
        similar,
        show_progress="minimal",
        **ANSWERING,
    )
    similar.select(pick, None, chosen, show_progress="hidden", **ANSWERING).then(
        show_pair, paired, pair, show_progress="minimal", **LOOKING
    ).then(None, js=beside.LOOK, api_visibility="private")
    pair.select(
        lambda: ("", ""),
        None,
        [chosen, pair],
        js=beside.GO_BACK,
        show_progress="hidden",
        **ANSWERING,
    )
    if library is not None:
        _add_map(shared, library)


def _add_map(shared: Shared, library: CaseLibrary) -> None:
    findings = library.choices.findings
    if not findings:
        return
    with gr.Row(elem_id="map-head"):
        gr.HTML("<h3>Where the study lies in the library</h3>")
        colour = gr.Dropdown(
            [(page.finding_label(key), key) for key in findings],
            value=NORMAL if NORMAL in findings else findings[0],
            label="Colour by",
            min_width=260,
            elem_id="map-colour",
        )
    problem = gr.HTML(elem_id="map-problem")
    plot = gr.Plot(visible=False, show_label=False, elem_id="map")
    nothing = gr.Plot(visible=False)
    shared.clear(plot, nothing)
    shared.clear(problem, "")

    def draw(embedded: Embedded | None, key: str) -> tuple:
        if embedded is None:
            return nothing, ""
        try:
            own = shared.engines.get(embedded.model).library
            if own is None:
                return nothing, page.message("There is no case library for this model.")
            return gr.Plot(study_map(own, embedded, key), visible=True), ""
        except Exception as error:  # noqa: BLE001 - the page's boundary: say it and go on
            return nothing, page.message(explained(error))

    inputs, outputs = [shared.state, colour], [plot, problem]
    shared.when_opened(draw, inputs, outputs)
    colour.change(draw, inputs, outputs, show_progress="minimal", **ANSWERING)


def conditions(asked: list[str], text: str) -> list[str]:
    """What was scored last; before the first scores are there, what the box holds."""
    return asked or ask_lines(text)[0]


def caption(library: CaseLibrary, by: str) -> str:
    """What a similarity to cases of a library means."""
    other = "impression" if by == IMPRESSIONS else "pictures"
    return (
        f"Of the {len(library)} cases in “{library.name}”. Similarity is the cosine of the "
        f"embeddings of the study's pictures and of a case's {other}; 1 would be the same "
        "direction. Beside it stands how many of the other cases, filters aside, are less similar."
    )


def _kept(shared: Shared, request: gr.Request):  # noqa: ANN202 - a Study, or why there is none
    try:
        return shared.kept.get(request.session_hash)
    except StudyError as error:
        return error
