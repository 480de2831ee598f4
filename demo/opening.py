"""Opening a study: a sample or an upload in, its pictures and what was read of it out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gradio as gr
import page
from engine import Embedded
from shared import LOOKING, PRIVATE, Shared, Tour, attach, explained
from sources import Source
from uploads import read_upload, remove

from cmrclip_lite.errors import StudyError

MAX_TYPED = 20_000  # characters of conditions
PICK_SAMPLE = """
element.addEventListener('click', (event) => {
  const card = event.target.closest('button[data-sample]');
  if (!card) return;
  element.querySelectorAll('button[data-sample]').forEach(
    (other) => other.setAttribute('aria-pressed', String(other === card)));
  trigger('select', {sample: card.dataset.sample});
});
"""


def add(shared: Shared) -> Callable[[], None]:
    """Lay the part out; what is returned connects it, once all other parts are laid out."""
    names = shared.engines.names
    with gr.Row(equal_height=False):
        with gr.Column(scale=8, min_width=290):
            gr.HTML("<h2>1 · Open a study</h2>")
            cards = gr.HTML(js_on_load=PICK_SAMPLE, elem_id="samples")
        with gr.Column(scale=4, min_width=290):
            model = gr.Dropdown(
                list(names), value=names[0], label="Model", visible=len(names) > 1, elem_id="model"
            )
            upload = gr.File(
                file_count="multiple",
                label="Or upload a zip, DICOM, NIfTI, video",
                height=170,
                elem_id="upload",
            )
            folder = gr.UploadButton(
                "… or choose a folder", file_count="directory", size="sm", elem_id="folder"
            )
    status = gr.HTML(page.EMPTY, elem_id="status")
    cines, facts = shared.cines, shared.facts

    # An event that yields nothing at all never ends for the browser.
    unchanged = {status: gr.skip()}

    def sample_cards() -> str:
        return page.samples({name: (s.title, s.thumbnail()) for name, s in shared.samples.items()})

    # Gradio looks at the annotations for what to give, so each takes all of it by name.
    def open_upload(
        files: list[str] | None, model: str, text: str, own: dict, order: str, request: gr.Request
    ) -> Iterator[dict]:
        if not files:
            yield unchanged
            return
        try:
            source = Source(lambda: read_upload(files))
            also = {cards: sample_cards()}  # none of the samples is open any more
            for shown in show(source, model, (text, own, order), request):
                yield shown | also
                also = {}
        finally:
            remove([Path(file) for file in files])

    def open_card(
        model: str, text: str, own: dict, order: str, event: gr.EventData, request: gr.Request
    ) -> Iterator[dict]:
        name = str(event._data.get("sample", "")) if isinstance(event._data, dict) else ""
        if name in shared.samples:
            yield from show(shared.samples[name], model, (text, own, order), request)
        else:
            yield unchanged

    def open_again(
        embedded: Embedded | None,
        model: str,
        text: str,
        own: dict,
        order: str,
        request: gr.Request,
    ) -> Iterator[dict]:
        """The open study, by another model; also where the model before could not be loaded."""
        try:
            study = shared.kept.get(request.session_hash)
        except StudyError as error:
            told = {status: page.message(str(error)), shared.state: None, **shared.cleared}
            yield unchanged if embedded is None else told
            return
        held = Source(lambda: study)
        source = shared.samples.get(embedded.sample, held) if embedded else held
        yield from show(source, model, (text, own, order), request)
        shared.kept.put(request.session_hash, study)

    def open_link(
        model: str, text: str, own: dict, order: str, request: gr.Request
    ) -> Iterator[dict]:
        """The sample and conditions that the page's address names, if it names any."""
        name, asked = request.query_params.get("sample"), request.query_params.getlist("ask")
        text = "\n".join(asked)[:MAX_TYPED] or text
        if name in shared.samples:
            for shown in show(shared.samples[name], model, (text, own, order), request):
                yield {shared.box: text, **shown}
        else:
            told = f"The link names no sample of this page: {name}." if name else ""
            yield {
                shared.box: text if asked else gr.skip(),
                status: page.message(told) if told else gr.skip(),
            }

    def on_tour(tour: Tour) -> Callable[..., Iterator[dict]]:
        text = "\n".join(tour.conditions)

        def open_tour(model: str, own: dict, order: str, request: gr.Request) -> Iterator[dict]:
            for shown in show(shared.samples[tour.sample], model, (text, own, order), request):
                yield {shared.box: text, shared.tabs: gr.Tabs(selected="study"), **shown}

        return open_tour

    def show(
        source: Source, model: str, question: tuple[str, dict, str], request: gr.Request
    ) -> Iterator[dict]:
        """Read, then picture, then embed and ask; each is shown as soon as it is there."""
        shared.kept.begin(request.session_hash)
        shown = {
            upload: None,
            folder: gr.skip(),
            shared.state: None,
            cines: None,
            facts: "",
            **shared.cleared,
        }
        try:
            if not source.ready(model):
                yield shown | {status: page.message("Reading the study …", "working")}
                engine = shared.engines.get(model)  # another model is loaded only now
                shown = {cines: source.sheets(), facts: page.study_table(source.study())}
                yield shown | {status: page.message("Embedding the study …", "working")}
                shown = {}
            else:
                engine = shared.engines.get(model)
                shown[cines] = source.sheets()
            embedded = source.embedded(engine)
            shared.kept.put(request.session_hash, source.study())
            shown |= {
                facts: page.study_table(source.study()) + page.notes(embedded.notes),
                status: "",
                shared.state: embedded,
            }
            yield shown | shared.revealed | shared.first_ask.function(embedded, *question)
        except Exception as error:  # noqa: BLE001 - the page's boundary: say it and go on
            yield shown | {status: page.message(explained(error)), shared.state: None}

    def forget(request: gr.Request) -> None:
        shared.kept.drop(request.session_hash)

    def connect() -> None:
        asking = shared.first_ask
        box, *how = asking.inputs[1:]
        own: list[Any] = [cards, upload, folder, shared.state, status, cines, facts]
        outputs = list(dict.fromkeys([*own, *shared.cleared, *asking.outputs]))
        options = {
            "outputs": outputs,
            "show_progress": "full",
            "show_progress_on": status,
            **LOOKING,
        }
        events = [
            upload.upload(open_upload, [upload, model, box, *how], **options),
            folder.upload(open_upload, [folder, model, box, *how], **options),
            cards.select(open_card, [model, box, *how], **options),
            model.input(open_again, [shared.state, model, box, *how], **options),
        ]
        options["outputs"] = [*outputs, box, shared.tabs]
        blocks = gr.context.Context.root_block
        events.append(blocks.load(open_link, [model, box, *how], **options))
        for tour in shared.tours:
            events.append(tour.button.click(on_tour(tour), [model, *how], **options))
        attach(events, [*shared.on_open, *shared.on_asked])
        blocks.load(sample_cards, None, cards, show_progress="hidden", **PRIVATE)
        blocks.unload(forget)

    return connect
