"""A library as a map: each case a dot, the study a star, a line to each of its nearest cases."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .projection import Projection
from .style import BLUE, GREY, LINE, ORANGE, RED, plain, small, text_colour, wrapped

if TYPE_CHECKING:
    import plotly.graph_objects as go

# Shapes beside colours: the map reads in print and under any colour blindness.
WITH = {"color": ORANGE, "symbol": "diamond", "size": 9}
WITHOUT = {"color": BLUE, "symbol": "circle", "size": 8}
UNCERTAIN = {"color": GREY, "symbol": "x", "size": 7}
IMPRESSION = 220  # characters of an impression that a hover shows


@dataclass(frozen=True)
class Dot:
    """A case on the map.

    Attributes:
        id: of the case.
        findings: as people read them.
        impression: the whole of it; a hover shows its beginning.
        has: whether the finding that gives the colour holds; None if nobody can tell.
    """

    id: str
    findings: Sequence[str]
    impression: str
    has: bool | None


def library_map(
    projection: Projection,
    embeddings: np.ndarray,
    dots: Sequence[Dot],
    study: np.ndarray | None,
    nearest: Sequence[str],
    names: tuple[str, str],
    note: str = "",
    *,
    dark: bool = False,
) -> go.Figure:
    """Scatter of a library's cases in two of their embeddings' dimensions.

    Args:
        projection: that places them.
        embeddings: `(N, D)` of the cases.
        dots: N, what is known of each.
        study: `(D,)`, or None for the library alone.
        nearest: ids of the cases most similar to the study by the embeddings themselves; a line
            goes to those that are among the dots.
        names: of the cases that have the finding, and of the others.
        note: a sentence under the map, such as that the dots are a sample.
    """
    import plotly.graph_objects as go

    places = projection.place(embeddings)
    figure = go.Figure()
    if study is not None:
        _lines(figure, projection.place(study), places, dots, nearest)
    looks = ((True, names[0], WITH), (False, names[1], WITHOUT), (None, "not certain", UNCERTAIN))
    for has, name, look in looks:
        chosen = [i for i, dot in enumerate(dots) if dot.has is has]
        if not chosen:
            continue
        figure.add_scatter(
            x=places[chosen, 0],
            y=places[chosen, 1],
            mode="markers",
            marker={**look, "opacity": 0.8, "line": {"width": 0.5, "color": "#ffffff"}},
            name=plain(name),
            customdata=[_hover(dots[i]) for i in chosen],
            hovertemplate="%{customdata}<extra></extra>",
        )
    if study is not None:
        x, y = projection.place(study)
        figure.add_scatter(
            x=[x],
            y=[y],
            mode="markers",
            marker={
                "color": RED,
                "symbol": "star",
                "size": 20,
                "line": {"width": 1.5, "color": "#ffffff"},
            },
            name="the open study",
            hovertemplate="<b>The open study</b><extra></extra>",
        )
    _lay_out(figure, projection, note, dark)
    return figure


def _lines(
    figure: go.Figure,
    start: np.ndarray,
    places: np.ndarray,
    dots: Sequence[Dot],
    nearest: Sequence[str],
) -> None:
    index = {dot.id: i for i, dot in enumerate(dots)}
    ends = [places[index[name]] for name in nearest if name in index]
    if not ends:
        return
    # One trace: None lifts the pen.
    figure.add_scatter(
        x=[value for end in ends for value in (start[0], end[0], None)],
        y=[value for end in ends for value in (start[1], end[1], None)],
        mode="lines",
        line={"color": GREY, "width": 1.5},
        name=f"to the {len(ends)} most similar",
        hoverinfo="skip",
    )


def _hover(dot: Dot) -> str:
    short = textwrap.shorten(dot.impression, IMPRESSION, placeholder=" …")
    lines = [f"<b>{wrapped(dot.id)}</b>", wrapped(", ".join(dot.findings)), wrapped(short)]
    return "<br>".join(line for line in lines if line)


def _lay_out(figure: go.Figure, projection: Projection, note: str, dark: bool) -> None:
    first, second = (f"{100 * share:.0f} % of the variance" for share in projection.shares)
    both = f"{100 * sum(projection.shares):.0f} %"
    warning = (
        f"Both directions together hold {both} of how the cases differ: near on the map is not "
        "near by similarity. The lines go by similarity."
    )
    below = small(wrapped(f"{warning} {note}".strip(), 54))
    axis = {"showticklabels": False, "gridcolor": LINE, "zeroline": False, "fixedrange": True}
    figure.update_layout(
        height=520,
        margin={"l": 36, "r": 12, "t": 56, "b": 112},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"color": text_colour(dark), "size": 13},
        legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
        showlegend=True,
        hoverlabel={
            "align": "left",
            "bgcolor": "#1f2937",
            "bordercolor": GREY,
            "font": {"color": "#ffffff"},
        },
        hovermode="closest",
        dragmode=False,
        xaxis={**axis, "title": {"text": f"First direction, {first}<br>{below}"}},
        yaxis={**axis, "title": {"text": f"Second direction, {second}"}},
    )
