"""Opening a study: a sample or an upload in, its pictures and what was read of it out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gradio as gr
import page
import viewer
from cines import sample_thumbnail
from engine import Embedded
from shared import LOOKING, PRIVATE, Shared, Tour, attach, explained
from uploads import read_upload, remove

from cmrclip_lite.errors import StudyError
from cmrclip_lite.readers import read_study
from cmrclip_lite.study import Study

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
    opened_samples: dict[tuple[str, str], tuple[Study, dict, Embedded]] = {}

    # An event that yields nothing at all never ends for the browser.
    unchanged = {status: gr.skip()}

    def sample_cards() -> str:
        return page.samples(
            {name: (title(name), sample_thumbnail(p)) for name, p in shared.samples.items()}
        )

    def open_upload(files: list[str] | None, model: str, request: gr.Request) -> Iterator[dict]:
        if not files:
            yield unchanged
            return
        try:
            yield {cards: sample_cards()}  # none of the samples is open any more
            yield from show(lambda: read_upload(files), "", model, request)
        finally:
            remove([Path(file) for file in files])

    def open_card(model: str, event: gr.EventData, request: gr.Request) -> Iterator[dict]:
        name = str(event._data.get("sample", "")) if isinstance(event._data, dict) else ""
        if name in shared.samples:
            yield from open_sample(name, model, request)
        else:
            yield unchanged

    def open_sample(name: str, model: str, request: gr.Request) -> Iterator[dict]:
        yield from show(lambda: read_study(shared.samples[name]), name, model, request)

    def open_again(embedded: Embedded | None, model: str, request: gr.Request) -> Iterator[dict]:
        """The open study, by another model; also where the model before could not be loaded."""
        try:
            study = shared.kept.get(request.session_hash)
        except StudyError as error:
            told = {status: page.message(str(error)), shared.state: None, **shared.cleared}
            yield unchanged if embedded is None else told
            return
        sample = embedded.sample if embedded else ""
        yield from show(lambda: study, sample, model, request)
        shared.kept.put(request.session_hash, study)

    def open_link(model: str, request: gr.Request) -> Iterator[dict]:
        """The sample and conditions that the page's address names, if it names any."""
        name, asked = request.query_params.get("sample"), request.query_params.getlist("ask")
        text = "\n".join(asked)[:MAX_TYPED]
        if name in shared.samples:
            for shown in open_sample(name, model, request):
                yield ({shared.box: text} if text else {}) | shown
        else:
            told = f"The link names no sample of this page: {name}." if name else ""
            yield {
                shared.box: text or gr.skip(),
                status: page.message(told) if told else gr.skip(),
            }

    def on_tour(tour: Tour) -> Callable[..., Iterator[dict]]:
        text = "\n".join(tour.conditions)

        # Gradio looks at the annotations for what to give, so a partial will not do.
        def open_tour(model: str, request: gr.Request) -> Iterator[dict]:
            for shown in open_sample(tour.sample, model, request):
                yield {shared.box: text, shared.tabs: gr.Tabs(selected="study"), **shown}

        return open_tour

    def show(
        read: Callable[[], Study], sample: str, model: str, request: gr.Request
    ) -> Iterator[dict]:
        """Read, then picture, then embed; each is shown as soon as it is there."""
        shared.kept.drop(request.session_hash)
        yield {
            upload: None,
            folder: gr.skip(),
            shared.state: None,
            cines: None,
            facts: "",
            status: page.message("Reading the study …", "working"),
            **shared.cleared,
        }
        try:
            engine = shared.engines.get(model)
            if (known := opened_samples.get((engine.name, sample))) is not None:
                study, shown, embedded = known
            else:
                study = read()
                shown = viewer.sheets(study)
                working = page.message("Embedding the study …", "working")
                yield {cines: shown, facts: page.study_table(study), status: working}
                embedded = engine.embed(study, sample)
            if sample:
                opened_samples[engine.name, sample] = study, shown, embedded
            shared.kept.put(request.session_hash, study)
            yield {
                cines: shown if known else gr.skip(),
                facts: page.study_table(study) + page.notes(embedded.notes),
                status: "",
                shared.state: embedded,
            }
        except Exception as error:  # noqa: BLE001 - the page's boundary: say it and go on
            yield {status: page.message(explained(error)), shared.state: None}

    def forget(request: gr.Request) -> None:
        shared.kept.drop(request.session_hash)

    def connect() -> None:
        own: list[Any] = [cards, upload, folder, shared.state, status, cines, facts]
        options = {"outputs": [*own, *shared.cleared], "show_progress": "hidden", **LOOKING}
        events = [
            upload.upload(open_upload, [upload, model], **options),
            folder.upload(open_upload, [folder, model], **options),
            cards.select(open_card, [model], **options),
            model.input(open_again, [shared.state, model], **options),
        ]
        options["outputs"] += [shared.box, shared.tabs]
        events.append(gr.context.Context.root_block.load(open_link, [model], **options))
        for tour in shared.tours:
            events.append(tour.button.click(on_tour(tour), [model], **options))
        attach(events, shared.on_open)
        attach(attach(events, [shared.first_ask]), shared.on_asked)
        blocks = gr.context.Context.root_block
        blocks.load(sample_cards, None, cards, show_progress="hidden", **PRIVATE)
        blocks.unload(forget)

    return connect


def title(name: str) -> str:
    """A sample's name as people read it."""
    words = name.replace("_", " ").replace("-", " ")
    return words[:1].upper() + words[1:]
