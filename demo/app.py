"""The demo: open a cardiac MR study, ask about it in words, see the cases most like it.

`python app.py` serves it, on a Hugging Face Space as anywhere else; `cmrclip demo` calls `serve`.
The environment variable CMRCLIP_MODEL names another checkpoint than the bundled one, and
CMRCLIP_MORE_MODELS others to choose from, with commas between.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

# The command line and the tests load this file by its path, from anywhere.
sys.path.insert(0, str(Path(__file__).resolve().parent))

# First of all, since it imports `spaces`, which must come before torch.
from engine import Engine

# isort: split
import asking
import breaking
import comparing
import explaining
import gradio as gr
import learning
import opening
import page
import plots
import screening
import searching
import sprites
import taking
import tools
from endpoints import add_endpoints
from leaving import take_along
from models import Engines
from shared import Shared
from sources import Samples
from starlette.middleware import Middleware
from uploads import MAX_FILE_MB, NoDownloads, keep_apart, own_folder

from cmrclip_lite.bundled import NAME as BUNDLED
from cmrclip_lite.bundled import checkpoint_folder
from cmrclip_lite.errors import CmrClipError, LibraryError

log = logging.getLogger(__name__)

HERE = Path(__file__).resolve().parent
STYLES = ("style.css", "viewer.css", "comparing.css")
# A rule about what lies around the page has its place in the head: Gradio narrows those of a sheet.
HEAD = (
    '<meta name="robots" content="noindex"><style>@media (max-width: 640px) '
    "{ .gradio-container .main.fillable.app { padding: 8px 4px !important; } }</style>"
)


def build_demo(engines: Engines, samples: Samples, trouble: str = "") -> gr.Blocks:
    """The whole page; without a case library its scores are not measured against anything.

    Args:
        trouble: a sentence to everybody about what this server lacks.
    """
    engine = engines.first
    model, library = engine.model, engine.library
    size = len(library) if library is not None else 0
    with gr.Blocks(
        title="CMR-CLIP Lite", analytics_enabled=False, delete_cache=(60, 300), fill_width=True
    ) as demo:
        shared = Shared(engines, samples)
        gr.HTML(page.NOTICE, elem_id="notice")
        gr.HTML(page.HEADER)
        if trouble:
            gr.HTML(page.message(trouble), elem_id="trouble")
        with gr.Tabs(elem_id="parts") as shared.tabs:
            with gr.Tab("A study", id="study"):
                connect_opening = opening.add(shared)
                with gr.Row(equal_height=False):
                    with gr.Column(scale=7, min_width=290, elem_id="watching"):
                        shared.cines.render()
                        shared.facts.render()
                    with gr.Column(scale=5, min_width=290, elem_id="asking"):
                        connect_asking = asking.add(shared)
                below = gr.Column(visible=False, elem_id="below")
                shared.clear(below, gr.Column(visible=False))
                shared.reveal(below, gr.Column(visible=True))
                with below, gr.Tabs(elem_id="about-study"):
                    with gr.Tab("Cases that look like it", id="compare"):
                        comparing.add(shared)
                    with gr.Tab("See why", id="why"):
                        explaining.add(shared)
                    with gr.Tab("Try to break it", id="break"):
                        breaking.add(shared)
                    with gr.Tab("Take it away", id="take"):
                        taking.add(shared)
            with gr.Tab("Search by words", id="search"):
                searching.add(shared)
            with gr.Tab("Screen several", id="screen"):
                screening.add(shared)
            with gr.Tab("Learn", id="learn"):
                learning.add(shared)
            with gr.Tab("Model and limits", id="about"):
                gr.Markdown((HERE / "about.md").read_text(encoding="utf-8"), elem_id="about")
                if model.name == BUNDLED:
                    gr.Markdown(model_card(), elem_id="card")
        gr.HTML(page.footer(model.name, library.name if library is not None else None, size))
        connect_opening()
        connect_asking()
        add_endpoints(engine)
    keep_apart()
    take_along()
    if tools.available():
        tools.take_lists_of_files()
    demo.queue(max_size=64, default_concurrency_limit=2)
    return demo


def model_card() -> str:
    """The bundled checkpoint's card, without what the Hub reads of it."""
    text = (checkpoint_folder() / "README.md").read_text(encoding="utf-8")
    return text.split("---\n", 2)[-1] if text.startswith("---\n") else text


def serve(
    host: str | None = None,
    port: int | None = None,
    share: bool = False,
    open_browser: bool = False,
    model: Any = None,
    library: Any = None,
    samples: Mapping[str, Path] | None = None,
    others: Sequence[str] | None = None,
) -> None:
    """Load what is not given and serve the page until interrupted.

    Args:
        host, port: where to listen; None leaves it to Gradio and its environment variables.
        share: ask Gradio for a public address.
        open_browser: open the page in a browser.
        model: a `CMRCLIP`; None takes CMRCLIP_MODEL, else the bundled checkpoint.
        library: its case library; None takes the bundled one where it belongs to the model.
        samples: name to study; None takes the bundled samples.
        others: checkpoints to choose from beside the model; None takes CMRCLIP_MORE_MODELS.
    """
    from cmrclip_lite.bundled import sample_studies
    from cmrclip_lite.hub import load
    from cmrclip_lite.library import default_library

    if model is None:
        model = load(os.environ.get("CMRCLIP_MODEL") or None, cache=False)
    trouble = ""
    if library is None:
        try:
            library = default_library(model)
        except LibraryError as error:  # the rest of the page is of use without it
            trouble = f"There are no cases to compare with and no percentiles: {error}"
            log.error("%s", trouble)
    samples = samples if samples is not None else sample_studies()
    if others is None:
        more = os.environ.get("CMRCLIP_MORE_MODELS", "").split(",")
        others = [name.strip() for name in more if name.strip()]
    engines, samples = Engines(Engine(model, library), others), Samples(samples)
    with own_folder():
        demo = build_demo(engines, samples, trouble)
        demo.launch(
            server_name=host,
            server_port=port,
            share=share,
            inbrowser=open_browser,
            prevent_thread_lock=True,
            **options(),
        )
        samples.prepare(engines.first)
        demo.block_thread()


def options() -> dict[str, Any]:
    """How the page is served, wherever it is; of `gr.Blocks.launch`."""
    return {
        "max_file_size": MAX_FILE_MB * 2**20,
        "app_kwargs": {"middleware": [Middleware(NoDownloads)]},
        "theme": _theme(),
        "css_paths": [HERE / name for name in STYLES],
        "head": HEAD + sprites.HEAD + plots.head(),
        "footer_links": ["api", "settings"],
        "run_history": False,
        "ssr_mode": False,
        "mcp_server": tools.available(),
    }


def main() -> None:
    """What a Space runs; what cannot be served is said in one line, with exit code 2."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    try:
        serve()
    except CmrClipError as error:
        print(f"cmrclip: {error}", file=sys.stderr)
        raise SystemExit(2) from None


def _theme() -> gr.themes.Base:
    """System fonts only: a page about patients' images fetches nothing from elsewhere.

    Colours are the theme's, but dark enough on light for every eye (WCAG 2, level AA).
    """
    return gr.themes.Soft(
        primary_hue="blue",
        neutral_hue="slate",
        radius_size="md",
        font=("system-ui", "sans-serif"),
        font_mono=("ui-monospace", "monospace"),
    ).set(
        body_text_color_subdued="*neutral_600",
        body_text_color_subdued_dark="*neutral_300",  # a list's text while its choices change
        block_info_text_color="*neutral_600",
        block_label_text_color="*primary_800",
        block_title_text_color="*primary_800",
        button_primary_background_fill="*primary_700",
        button_primary_background_fill_hover="*primary_800",
        checkbox_label_background_fill_selected="*primary_700",
        color_accent="*primary_700",  # in the dark: style.css
        link_text_color="*primary_700",
        link_text_color_dark="*primary_400",
    )


if __name__ == "__main__":
    main()
