"""One HTML page that holds everything it shows and asks the network for nothing.

    page = Page("Evaluation", "For research and education, never for diagnosis.")
    page.section("Retrieval", page.paragraph("..."), page.table(["what", "value"], rows))
    Path("results.html").write_text(page.html(), encoding="utf-8")

All text is escaped here; what a method returns is mark-up.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import plotly.graph_objects as go

_HERE = Path(__file__).parent
# Nothing may be fetched, whatever a text smuggles in.
_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:"
)
Draw = Callable[[bool], "go.Figure"]  # a figure, given whether the page is dark


class Page:
    """Collects sections and the figures in them."""

    def __init__(self, title: str, notice: str) -> None:
        self._title, self._notice = title, notice
        self._sections: list[tuple[str, str]] = []
        self._figures: dict[str, list[dict]] = {}

    def section(self, heading: str, *parts: str) -> None:
        """Add a section of mark-up under a heading of text."""
        self._sections.append((heading, "\n".join(part for part in parts if part)))

    def figures(self, figures: Mapping[str, Draw], caption: str, narrow: bool = False) -> str:
        """A figure, or several of which the reader chooses one by its name."""
        name = f"figure-{len(self._figures) + 1}"
        self._figures[name] = [
            {look: draw(look == "dark").to_plotly_json() for look in ("light", "dark")}
            for draw in figures.values()
        ]
        choice = ""
        if len(figures) > 1:
            options = "".join(f"<option>{html.escape(label)}</option>" for label in figures)
            choice = (
                f'<div class="choice"><label for="{name}-choice">Shown</label>'
                f'<select id="{name}-choice" data-figure="{name}" autocomplete="off">{options}'
                "</select></div>"
            )
        kind = ' class="narrow"' if narrow else ""
        return (
            f'<figure{kind}>{choice}<div id="{name}"></div>'
            f"<figcaption>{html.escape(caption)}</figcaption></figure>"
        )

    @staticmethod
    def paragraph(text: str, quiet: bool = False) -> str:
        return f"<p{' class=quiet' if quiet else ''}>{html.escape(text)}</p>"

    @staticmethod
    def points(texts: Sequence[str]) -> str:
        """A list; nothing where there is nothing to say."""
        if not texts:
            return ""
        return "<ul>" + "".join(f"<li>{html.escape(text)}</li>" for text in texts) + "</ul>"

    @staticmethod
    def table(heads: Sequence[str], rows: Sequence[Sequence[str]], kind: str = "") -> str:
        """A table of text; a wide one scrolls by itself, its first column in place."""
        head = "".join(f"<th>{html.escape(text)}</th>" for text in heads)
        body = "".join(
            "<tr>" + "".join(f"<td>{html.escape(text)}</td>" for text in row) + "</tr>"
            for row in rows
        )
        top = f"<thead><tr>{head}</tr></thead>" if heads else ""
        return f'<div class="wide"><table class="{kind}">{top}<tbody>{body}</tbody></table></div>'

    def html(self) -> str:
        """The page."""
        from plotly.offline import get_plotlyjs

        title = html.escape(self._title)
        links, parts = [], []
        for heading, content in self._sections:
            anchor = re.sub(r"[^a-z0-9]+", "-", heading.lower()).strip("-")
            links.append(f'<a href="#{anchor}">{html.escape(heading)}</a>')
            parts.append(f'<h2 id="{anchor}">{html.escape(heading)}</h2>\n{content}')
        return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<title>{title}</title>
<style>
{_text("page.css")}</style>
</head>
<body>
<main>
<p class="notice">{html.escape(self._notice)}</p>
<h1>{title}</h1>
<nav>{" ".join(links)}</nav>
{chr(10).join(parts)}
</main>
<script type="application/json" id="figures">{self._json()}</script>
<script>{get_plotlyjs()}</script>
<script>
{_text("page.js")}</script>
</body>
</html>
"""

    def _json(self) -> str:
        from plotly.utils import PlotlyJSONEncoder

        # "<" could end the script that the data stand in.
        return json.dumps(self._figures, cls=PlotlyJSONEncoder).replace("<", "\\u003c")


def _text(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")
