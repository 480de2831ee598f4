"""The demo: open a cardiac MR study, ask about it in words, see the cases most like it.

`python app.py` serves it, on a Hugging Face Space as anywhere else; `cmrclip demo` calls `serve`.
The environment variable CMRCLIP_MODEL names another checkpoint than the bundled one.
"""

from __future__ import annotations

import logging
import os
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

# The command line and the tests load this file by its path, from anywhere.
sys.path.insert(0, str(Path(__file__).resolve().parent))

# First of all, since it imports `spaces`, which must come before torch.
from engine import Embedded, Engine, ask_lines

# isort: split
import gradio as gr
import page
from cines import pictures, sample_thumbnail
from endpoints import add_endpoints
from layout import APPEND_LINE, lay_out
from uploads import MAX_FILE_MB, own_folder, read_upload, remove

from cmrclip_lite.errors import CmrClipError
from cmrclip_lite.figures import score_bars
from cmrclip_lite.readers import read_study
from cmrclip_lite.study import Study

log = logging.getLogger(__name__)

HERE = Path(__file__).resolve().parent
HEAD = '<meta name="robots" content="noindex">'


def build_demo(model: Any, library: Any, samples: Mapping[str, Path]) -> gr.Blocks:
    """The whole page for one model.

    Args:
        model: a `CMRCLIP`.
        library: its `CaseLibrary`, or None: scores are then not measured against anything.
        samples: name to a study that `read_study` opens.
    """
    engine = Engine(model, library)
    size = len(library) if library is not None else 0
    library_name = library.name if library is not None else None
    similar_caption = (
        f"The most similar of the {size} cases in “{library_name}”. Similarity is the cosine of "
        "two studies' embeddings; 1 would be the same direction."
    )
    found_caption = (
        f"The cases, of {size} in “{library_name}”, whose pictures fit the words best. Similarity "
        "is the mean cosine between a case and the sentences asked; it is not a probability."
    )
    opened_samples: dict[str, tuple[str, Embedded]] = {}

    def sample_cards() -> str:
        return page.samples(
            {name: (_title(name), sample_thumbnail(p)) for name, p in samples.items()}
        )

    def open_upload(files: list[str] | None, conditions: str) -> Iterator[dict]:
        if not files:
            return

        try:
            for shown in show(lambda: read_upload(files), "", conditions):
                yield {at.cards: sample_cards(), **shown}  # none of the samples is open any more
        finally:
            remove([Path(file) for file in files])

    def open_sample(conditions: str, event: gr.EventData) -> Iterator[dict]:
        name = str(event._data.get("sample", "")) if isinstance(event._data, dict) else ""
        if name in samples:
            yield from show(lambda: read_study(samples[name]), name, conditions)

    def show(opened: Callable[[], Study], name: str, conditions: str) -> Iterator[dict]:
        """Read, then picture, then embed, then answer; each is shown as soon as it is there."""
        cleared = {
            at.upload: None,
            at.folder: gr.skip(),
            at.state: None,
            at.study: "",
            at.results: gr.Column(visible=False),
            at.plot: gr.Plot(visible=False),
            at.sentences: "",
            at.problem: "",
            at.status: page.message("Reading the study …", "working"),
        }
        yield cleared
        try:
            if name in opened_samples:
                view, embedded = opened_samples[name]
            else:
                study = opened()
                view = page.viewer(pictures(study)) + page.study_table(study)
                working = page.message("Embedding the study …", "working")
                yield {at.study: view, at.status: working}
                embedded = engine.embed(study)
            if name in samples:
                opened_samples[name] = (view, embedded)
            yield {
                at.study: view + page.notes(embedded.notes),
                at.status: "",
                at.state: embedded,
                at.results: gr.Column(visible=size > 0),
                at.similar: page.cases(engine.similar(embedded), similar_caption) if size else "",
                **answer(embedded, conditions),
            }
        except Exception as error:  # noqa: BLE001 - the page's boundary: say it and go on
            yield {at.status: page.message(explained(error)), at.state: None}

    def ask(embedded: Embedded | None, conditions: str) -> dict:
        if embedded is None:
            return {at.status: page.message("Open a study first: pick a sample or upload one.")}
        return answer(embedded, conditions)

    def ask_if_open(embedded: Embedded | None, conditions: str) -> dict:
        return {at.status: gr.skip()} if embedded is None else answer(embedded, conditions)

    def answer(embedded: Embedded, conditions: str) -> dict:
        try:
            asked, problems = ask_lines(conditions)
            scores = engine.score(embedded, asked)
        except Exception as error:  # noqa: BLE001 - as above
            return {
                at.plot: gr.Plot(visible=False),
                at.sentences: "",
                at.problem: page.message(explained(error)),
            }
        if not scores and not problems:
            problems = ["Type a condition, one a line, or take one of the suggestions."]
        return {
            at.plot: gr.Plot(score_bars(scores), visible=True)
            if scores
            else gr.Plot(visible=False),
            at.sentences: page.score_sentences(scores) if scores else "",
            at.problem: "".join(page.message(text) for text in problems),
        }

    def find_cases(text: str) -> str:
        try:
            return page.cases(engine.search(text), found_caption)
        except Exception as error:  # noqa: BLE001 - as above
            return page.message(explained(error))

    with gr.Blocks(
        title="CMR-CLIP Lite", analytics_enabled=False, delete_cache=(600, 600), fill_width=True
    ) as demo:
        at = lay_out(engine.conditions, page.footer(model.name, library_name, size))
        private = {"api_visibility": "private"}
        opening = {
            "outputs": [
                at.cards, at.upload, at.folder, at.state, at.status, at.study, at.results, at.plot,
                at.sentences, at.problem, at.similar,
            ],
            "concurrency_limit": 2,
            "concurrency_id": "study",
            "show_progress": "hidden",
            **private,
        }  # fmt: skip
        answering = {
            "inputs": [at.state, at.box],
            "outputs": [at.status, at.plot, at.sentences, at.problem],
            "concurrency_limit": 2,
            "show_progress": "minimal",
            **private,
        }
        demo.load(sample_cards, None, at.cards, show_progress="hidden", **private)
        at.upload.upload(open_upload, [at.upload, at.box], **opening)
        at.folder.upload(open_upload, [at.folder, at.box], **opening)
        at.cards.select(open_sample, [at.box], **opening)
        gr.on([at.go.click, at.box.submit], ask, **answering)
        for button in at.suggestions:
            added = button.click(None, [at.box, button], [at.box], js=APPEND_LINE, **private)
            added.then(ask_if_open, **answering)
        searching = {"concurrency_limit": 2, **private}
        gr.on([at.find.click, at.query.submit], find_cases, at.query, at.found, **searching)
        add_endpoints(engine)
    demo.queue(max_size=64, default_concurrency_limit=2)
    return demo


def explained(error: Exception) -> str:
    """A sentence for the person; of an error that is not ours, the log gets its kind and place.

    Its text stays out of the log: it may quote what was uploaded.
    """
    if isinstance(error, CmrClipError):
        return str(error)
    place = traceback.extract_tb(error.__traceback__)[-1]
    log.error("%s at %s:%s", type(error).__name__, Path(place.filename).name, place.lineno)
    return (
        "Something went wrong on the server and was noted, without your data. "
        "Try again; if it fails again, try another study."
    )


def serve(
    host: str | None = None,
    port: int | None = None,
    share: bool = False,
    open_browser: bool = False,
    model: Any = None,
    library: Any = None,
    samples: Mapping[str, Path] | None = None,
) -> None:
    """Load what is not given and serve the page until interrupted.

    Args:
        host, port: where to listen; None leaves it to Gradio and its environment variables.
        share: ask Gradio for a public address.
        open_browser: open the page in a browser.
        model: a `CMRCLIP`; None takes CMRCLIP_MODEL, else the bundled checkpoint.
        library: its case library; None takes the bundled one where it belongs to the model.
        samples: name to study; None takes the bundled samples.
    """
    from cmrclip_lite.bundled import sample_studies
    from cmrclip_lite.hub import load
    from cmrclip_lite.library import default_library

    model = model if model is not None else load(os.environ.get("CMRCLIP_MODEL") or None)
    library = library if library is not None else default_library(model)
    samples = samples if samples is not None else sample_studies()
    with own_folder():
        build_demo(model, library, samples).launch(
            server_name=host,
            server_port=port,
            share=share,
            inbrowser=open_browser,
            max_file_size=MAX_FILE_MB * 2**20,
            theme=_theme(),
            css_paths=HERE / "style.css",
            head=HEAD,
            footer_links=["api", "settings"],
            run_history=False,
            ssr_mode=False,
        )


def main() -> None:
    """What a Space runs."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    serve()


def _theme() -> gr.themes.Base:
    """System fonts only: a page about patients' images fetches nothing from elsewhere."""
    return gr.themes.Soft(
        primary_hue="blue",
        neutral_hue="slate",
        radius_size="md",
        font=("system-ui", "sans-serif"),
        font_mono=("ui-monospace", "monospace"),
    )


def _title(name: str) -> str:
    words = name.replace("_", " ").replace("-", " ")
    return words[:1].upper() + words[1:]


if __name__ == "__main__":
    main()
