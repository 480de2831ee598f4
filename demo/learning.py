"""Learning: a guided tour of three samples, and what the words mean."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import gradio as gr
from page import escape
from shared import PRIVATE, Shared, Tour
from sources import Source

from cmrclip_lite.figures import picture_data_uri

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Stop:
    """A stop of the tour: what to look at, then what to make of the scores."""

    sample: str
    title: str
    look: str
    read: str
    conditions: tuple[str, ...]


STOPS = (
    Stop(
        "normal",
        "A normal heart",
        "In the short axis the left ventricle is a ring of even thickness. Play it: the wall "
        "thickens all round, and the cavity shrinks to less than half its area. The right "
        "ventricle is a crescent that leans on it.",
        "“Normal study” should stand high among all cases, among the normal ones somewhere in "
        "the middle. Do not expect every other condition at zero: percentiles of a normal heart "
        "lie anywhere that normal hearts lie, which is what the grey line under each bar shows.",
        ("Normal study", "LV dilated", "LV systolic dysfunction", "LV hypertrophy"),
    ),
    Stop(
        "dilated-cardiomyopathy",
        "A dilated heart",
        "The left ventricle is wide and round, its wall thin, and it hardly changes from one "
        "phase to the next: little blood leaves it. Late enhancement may show a thin bright line "
        "within the wall.",
        "“LV dilated” and “LV systolic dysfunction” should end far beyond the grey lines of the "
        "normal cases. “no LV dilation” should not: many models of this kind are deaf to a “no”, "
        "and score both alike. Try other denials before you rely on one.",
        ("LV dilated", "LV systolic dysfunction", "Normal study", "no LV dilation"),
    ),
    Stop(
        "previous-infarction",
        "A scar",
        "One part of the wall is thinner and moves less than the rest. In the late enhancement "
        "images the same part is bright from the inside outward: a scar in the territory of one "
        "coronary artery.",
        "“Previous infarct” should stand out. Under “Try to break it” take the enhancement away "
        "(Missing views, strength 4) and see what is left when only motion tells of the scar.",
        ("Previous infarct", "Late gadolinium enhancement", "LV dilated", "LV thrombus"),
    ),
)


def add(shared: Shared) -> None:
    """Lay the part out; its buttons are connected where studies are opened."""
    stops = [stop for stop in STOPS if stop.sample in shared.samples]
    if stops:
        gr.HTML(
            "<h2>A tour of three hearts</h2><p>Each button opens a sample and asks about it.</p>"
        )
        cards = []
        with gr.Row(elem_id="tour"):
            for number, stop in enumerate(stops, start=1):
                with gr.Column(min_width=280):
                    cards.append(gr.HTML())
                    button = gr.Button(f"Open: {stop.title.lower()}", elem_id=f"tour-{number}")
                    shared.tours.append(Tour(button, stop.sample, stop.conditions))

        def tour_cards() -> list[str]:
            numbered = enumerate(stops, start=1)
            shown = [_card(number, stop, shared.samples[stop.sample]) for number, stop in numbered]
            return shown if len(shown) > 1 else shown[0]

        blocks = gr.context.Context.root_block
        blocks.load(tour_cards, None, cards, show_progress="hidden", **PRIVATE)
    gr.Markdown((HERE / "glossary.md").read_text(encoding="utf-8"), elem_id="glossary")


def _card(number: int, stop: Stop, sample: Source) -> str:
    picture = sample.thumbnail()
    image = f'<img src="{picture_data_uri(picture)}" alt="">' if picture else ""
    return (
        f'<div class="stop">{image}<div><h3>{number} · {escape(stop.title)}</h3>'
        f"<p><strong>Look.</strong> {escape(stop.look)}</p>"
        f"<p><strong>Read.</strong> {escape(stop.read)}</p></div></div>"
    )
