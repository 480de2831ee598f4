"""Plots come sooner: what draws them in the browser is megabytes, fetched before it is needed.

Gradio fetches it with the first plot (seen in 6.31), and a person would wait for it who has just
picked a study. Here the page asks for the same file as soon as the browser is idle.
"""

from __future__ import annotations

from pathlib import Path

import gradio as gr

ASSETS = Path(gr.__file__).parent / "templates" / "frontend" / "assets"


def head() -> str:
    """For the page's head; empty where this Gradio keeps its files otherwise."""
    found = sorted(ASSETS.glob("PlotlyPlot-*.js"))
    if len(found) != 1:
        return ""
    return (
        "<script>(window.requestIdleCallback || setTimeout)("
        f"() => import('./assets/{found[0].name}').catch(() => {{}}));</script>"
    )
