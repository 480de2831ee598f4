"""A row of filters over a library's cases; it offers what occurs there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr
from page import VIEW_NAMES, finding_label

from cmrclip_lite.library import CaseLibrary, Choices, Filters

COUNTS = (5, 10, 20)


@dataclass(frozen=True)
class FilterRow:
    """Filters laid out on the page.

    Attributes:
        names: which field of `Filters` each component sets.
        components: in that order; inputs of whoever reads them.
    """

    names: tuple[str, ...]
    components: tuple[Any, ...]

    def read(self, values: Sequence[Sequence[Any] | None]) -> Filters | None:
        """What the components say, given their values in order; None if nothing is chosen."""
        chosen = {n: tuple(v) for n, v in zip(self.names, values, strict=True) if v}
        return Filters(**chosen) if chosen else None


def add(library: CaseLibrary | None, name: str) -> FilterRow:
    """Lay the filters out, folded away. A field that no case has a value for is not offered."""
    offered = _offered(library.choices if library is not None else Choices())
    if not offered:
        return FilterRow((), ())
    with gr.Accordion("Filter the cases", open=False, elem_id=f"{name}-filters"):
        with gr.Row(elem_classes="filters"):
            boxes = [
                gr.Dropdown(
                    list(choices),
                    label=label,
                    info=info,
                    multiselect=True,
                    min_width=150,
                    elem_id=f"{name}-{field}",
                )
                for field, label, info, choices in offered
            ]
    return FilterRow(tuple(field for field, *_ in offered), tuple(boxes))


def count(name: str) -> gr.Radio:
    """How many cases to show."""
    return gr.Radio(
        list(COUNTS), value=COUNTS[0], label="Cases", min_width=150, elem_id=f"{name}-count"
    )


def _offered(choices: Choices) -> list[tuple[str, str, str, list[tuple[str, Any]]]]:
    findings = [(finding_label(key), key) for key in choices.findings]
    views = [(VIEW_NAMES.get(view, view), view) for view in choices.views]
    strengths = [(f"{tesla:g} T", tesla) for tesla in choices.field_strengths_t]

    def same(values: Sequence[str]) -> list[tuple[str, str]]:
        return [(value, value) for value in values]

    rows = [
        ("findings", "Findings present", "all of these", findings),
        ("without", "Findings absent", "none of these", findings),
        ("views", "Views", "all of these", views),
        ("vendors", "Scanner", "any of these", same(choices.vendors)),
        ("field_strengths_t", "Field strength", "any of these", strengths),
        ("sexes", "Sex", "any of these", same(choices.sexes)),
        ("age_bands", "Age in years", "any of these", same(choices.age_bands)),
    ]
    return [row for row in rows if row[3]]
