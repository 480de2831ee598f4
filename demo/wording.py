"""The sentences that stand for a condition, to see and to change."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import gradio as gr
import page
from engine import ask_lines
from shared import ANSWERING, PRIVATE, Shared, explained

from cmrclip_lite.errors import CmrClipError
from cmrclip_lite.prompts import find_condition, templates
from cmrclip_lite.typed import clean_condition
from cmrclip_lite.zeroshot import MAX_PROMPTS

INTRO = (
    "<p>A condition is asked by a few report sentences, and its similarity is the mean over them. "
    "Change them and see how much the wording matters; the cases of the library are measured with "
    "the same sentences.</p>"
)


def add(shared: Shared) -> Callable[[], list[Any]]:
    """Lay the part out.

    Returns:
        What connects the part: its events after which scores have to be made anew.
    """
    own = shared.own_prompts

    def shown(condition: str | None, known: Mapping[str, Sequence[str]]) -> str:
        return "\n".join(known.get(condition) or usual(condition)) if condition else ""

    def pick(lines: Sequence[str]) -> str | None:
        return lines[0] if lines else None

    first, _ = ask_lines(shared.box.value)  # none, for a model of which no condition is known
    with gr.Accordion("The sentences behind a condition", open=False, elem_id="wording"):
        gr.HTML(INTRO)
        chosen = gr.Dropdown(first, value=pick(first), label="Condition", elem_id="worded")
        sentences = gr.Textbox(
            shown(pick(first), {}),
            label=f"Its sentences, one a line, at most {MAX_PROMPTS}",
            lines=4,
            max_lines=MAX_PROMPTS,
            max_length=10_000,
            elem_id="prompts",
        )
        with gr.Row():
            use = gr.Button("Ask by these", elem_id="use-prompts")
            back = gr.Button("Back to ours", elem_id="reset-prompts")
        problem = gr.HTML(elem_id="wording-problem")

    def offer(text: str, current: str | None, known: Mapping[str, Sequence[str]]) -> dict:
        lines, _ = ask_lines(text)
        if current in lines:  # its sentences may be in the middle of being changed
            return {chosen: gr.Dropdown(lines)}
        picked = pick(lines)
        return {chosen: gr.Dropdown(lines, value=picked), sentences: shown(picked, known)}

    def take(condition: str | None, text: str, known: dict[str, list[str]]) -> dict:
        try:
            if not condition:
                raise CmrClipError("Choose a condition first.")
            lines = [line.strip() for line in text.splitlines() if line.strip()]
            if not 1 <= len(lines) <= MAX_PROMPTS:
                raise CmrClipError(f"Give 1 to {MAX_PROMPTS} sentences, one a line.")
            for line in lines:
                clean_condition(line)
        except Exception as error:  # noqa: BLE001 - the page's boundary: say it and go on
            return {problem: page.message(explained(error))}
        return {own: known | {condition: lines}, problem: ""}

    def forget(condition: str | None, known: dict[str, list[str]]) -> dict:
        left = {key: lines for key, lines in known.items() if key != condition}
        return {own: left, problem: "", sentences: shown(condition, left)}

    def connect() -> list[Any]:
        options = {"show_progress": "hidden", **ANSWERING}
        shared.box.change(
            offer,
            [shared.box, chosen, own],
            [chosen, sentences],
            trigger_mode="always_last",
            **options,
        )
        chosen.input(shown, [chosen, own], sentences, **options)
        return [
            use.click(take, [chosen, sentences, own], [own, problem], **PRIVATE),
            back.click(forget, [chosen, own], [own, problem, sentences], **PRIVATE),
        ]

    return connect


def usual(condition: str) -> tuple[str, ...]:
    """The sentences by which a condition is asked where nobody changed them."""
    known = find_condition(condition)
    return known.prompts if known else templates(condition)
