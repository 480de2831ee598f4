"""Plotly figures as SVG files for the docs, drawn by the browser that the tests use too."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

if TYPE_CHECKING:
    from plotly.graph_objects import Figure


def write_svg(figure: Figure, path: Path) -> None:
    """Have Chromium draw a figure, as large as its layout says."""
    from playwright.sync_api import sync_playwright

    size = f"width: {figure.layout.width}, height: {figure.layout.height}"
    script = (
        f"Plotly.toImage(document.querySelector('.plotly-graph-div'), {{format: 'svg', {size}}})"
    )
    with sync_playwright() as browsers:
        browser = browsers.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page()
        page.set_content(figure.to_html(include_plotlyjs=True))
        address = page.evaluate(script)
        browser.close()
    path.write_text(unquote(address.partition(",")[2]), encoding="utf-8")
