"""Colours and text that all figures share.

The colours are those of Okabe and Ito (Color Universal Design, 2008), told apart under every common
colour blindness and on light and dark.
"""

from __future__ import annotations

import html
import textwrap
from collections.abc import Sequence
from typing import Any

BLUE, ORANGE, GREY = "#0072B2", "#E69F00", "#8a8f98"
GREEN, RED, PURPLE, SKY = "#009E73", "#D55E00", "#CC79A7", "#56B4E9"
LINE = "rgba(138, 143, 152, 0.35)"  # of grids and axes


def text_colour(dark: bool) -> str:
    return "#e6e6e6" if dark else "#2b2f36"


def plain(text: str) -> str:
    """Text that plotly shows as it stands: it reads a few tags and entities as mark-up."""
    return html.escape(text, quote=False)


def wrapped(text: str, width: int = 58) -> str:
    return "<br>".join(plain(line) for line in textwrap.wrap(text, width))


def small(text: str) -> str:
    return f'<span style="font-size:11px">{text}</span>'


def rows_layout(count: int, row: int, dark: bool) -> dict[str, Any]:
    """The layout of a figure with one row a condition, names above what is drawn.

    Args:
        count: rows, from 0 at the top.
        row: pixels of one.
    """
    return {
        "height": 145 + row * max(1, count),
        "margin": {"l": 12, "r": 12, "t": 34, "b": 84},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"color": text_colour(dark), "size": 13},
        "legend": {"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom"},
        "hoverlabel": {"align": "left"},
        "dragmode": False,
        "yaxis": {
            "range": [count - 0.45, -0.7],
            "showticklabels": False,
            "showgrid": False,
            "zeroline": False,
            "fixedrange": True,
        },
    }


def standing_axis(reference: str, measured: bool, extent: Sequence[float] | None) -> dict[str, Any]:
    """The axis of percentiles, or of bare similarities, which says what they are measured against.

    Args:
        reference: a sentence, as in a score.
        extent: of the axis; None leaves it to plotly.
    """
    name = "Percentile" if measured else "Cosine similarity"
    below = wrapped(reference) if measured else "not measured against anything: no case library"
    axis = {
        "title": {"text": f"{name}<br>{small(below)}", "font": {"size": 13}},
        "gridcolor": LINE,
        "zerolinecolor": LINE,
        "fixedrange": True,
    }
    if measured:
        axis["tickvals"] = [0, 25, 50, 75, 100]
    return axis if extent is None else axis | {"range": list(extent)}
