"""Colours and text that all figures share.

The colours are those of Okabe and Ito (Color Universal Design, 2008), told apart under every common
colour blindness and on light and dark.
"""

from __future__ import annotations

import html
import textwrap

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
