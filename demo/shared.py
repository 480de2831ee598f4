"""What the parts of the page share: models, the open study of each session, and its events.

Each part (`opening`, `asking`, ...) has a function `add` that lays it out where it is called and
says what is to happen to it: `clear` empties it while another study is opened, `when_opened` fills
it once one is open, `when_asked` whenever conditions were scored. `app` connects all that at last.
"""

from __future__ import annotations

import inspect
import logging
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gradio as gr
import viewer
from kept import KEEP_SECONDS, KeptStudies
from models import Engines
from sources import Samples

from cmrclip_lite.errors import CmrClipError

log = logging.getLogger(__name__)

# Events of the page; programs have their own (`endpoints`).
PRIVATE = {"api_visibility": "private"}
# What looks at pictures: two at once, whoever asks.
LOOKING = {"concurrency_limit": 2, "concurrency_id": "study", **PRIVATE}
ANSWERING = {"concurrency_limit": 2, "concurrency_id": "answer", **PRIVATE}


@dataclass
class Reaction:
    """What is to follow an event: a function and its components.

    A parameter named `request`, the last one, gets the `gr.Request`.
    """

    function: Callable[..., Any]
    inputs: Sequence[Any]
    outputs: Sequence[Any]

    def __call__(self, values: Mapping[Any, Any], request: gr.Request) -> dict[Any, Any]:
        """What the outputs get, by component, given what the inputs hold."""
        given = [values[component] for component in self.inputs]
        if "request" in inspect.signature(self.function).parameters:
            given.append(request)
        got = self.function(*given)
        if isinstance(got, dict) and set(got) <= set(self.outputs):
            return got
        return dict(zip(self.outputs, got if isinstance(got, tuple) else (got,), strict=True))


@dataclass
class Tour:
    """A button that opens a sample and asks about it."""

    button: gr.Button
    sample: str
    conditions: Sequence[str]


@dataclass
class Shared:
    """What every part may use.

    Attributes:
        engines: the models and their libraries.
        samples: by name.
        kept: the pixels of each session's open study, by the session's hash.
        state: an `Embedded`, or None while no study is open.
        box: the conditions, one a line.
        asked: those of them that were scored last, as a list.
        own_prompts: by condition, sentences that the person asks in place of its own.
        cines, facts: the viewer of the open study, and what was read of it.
        tabs: of the whole page; "study" is the one of the open study.
        tours: buttons elsewhere that open a sample with conditions.
        first_ask: what scores the conditions as soon as a study is open; of its inputs the first
            is `state`, the second `box`.
    """

    engines: Engines
    samples: Samples
    kept: KeptStudies = field(default_factory=KeptStudies)
    cleared: dict[Any, Any] = field(default_factory=dict)
    revealed: dict[Any, Any] = field(default_factory=dict)
    on_open: list[Reaction] = field(default_factory=list)
    on_asked: list[Reaction] = field(default_factory=list)
    tours: list[Tour] = field(default_factory=list)
    first_ask: Reaction | None = None

    def __post_init__(self) -> None:
        self.state = gr.State(None, time_to_live=KEEP_SECONDS)
        self.asked = gr.State([])
        self.own_prompts = gr.State({})
        self.box: gr.Textbox | None = None
        self.tabs: gr.Tabs | None = None
        # Laid out elsewhere than what fills them.
        self.cines = viewer.new()
        self.facts = gr.HTML(elem_id="facts", render=False)

    def clear(self, component: Any, empty: Any) -> None:
        """Give a component this value, or update, as soon as another study is being opened."""
        self.cleared[component] = empty

    def reveal(self, component: Any, shown: Any) -> None:
        """Give a component this value, or update, together with a study that was opened.

        What is filled by a reaction must be on the page before, or Gradio may lose it.
        """
        self.revealed[component] = shown

    def when_opened(
        self, function: Callable[..., Any], inputs: Sequence[Any], outputs: Sequence[Any]
    ) -> None:
        """Run after a study was opened or failed to; `state` may be None."""
        self.on_open.append(Reaction(function, inputs, outputs))

    def when_asked(
        self, function: Callable[..., Any], inputs: Sequence[Any], outputs: Sequence[Any]
    ) -> None:
        """Run after conditions were scored; `asked` holds them, none if no study is open."""
        self.on_asked.append(Reaction(function, inputs, outputs))


def attach(events: Sequence[Any], reactions: Sequence[Reaction]) -> None:
    """Let the reactions follow each event.

    They are one event for the browser, which goes through all of the page for each; and of one that
    yields in quick succession it drops what came before (both seen in Gradio 6.31).
    """
    inputs = list(dict.fromkeys(part for r in reactions for part in r.inputs))
    outputs = list(dict.fromkeys(part for r in reactions for part in r.outputs))

    def react(request: gr.Request, *given: Any) -> dict:
        values = dict(zip(inputs, given, strict=True))
        shown: dict[Any, Any] = {}
        for reaction in reactions:
            shown |= reaction(values, request)
        return shown

    for event in events:
        event.then(react, inputs, outputs, show_progress="hidden", **ANSWERING)


def offer(asked: list[str], current: str | None) -> gr.Dropdown:
    """A dropdown of the conditions that were scored, the one chosen before if it is among them."""
    return gr.Dropdown(asked, value=current if current in asked else next(iter(asked), None))


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
