"""Figures of an evaluation: what is told apart, how surely, and against what; see also `curves`.

Every figure reads on a phone: labels stand above their row, not beside it.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .style import BLUE, GREY, LINE, ORANGE, plain, small, text_colour, wrapped

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from ..evaluate.diagnosis import Diagnosis
    from ..evaluate.intervals import Estimate

_LABEL = 34  # characters of a label
_ROW = 46  # screen pixels of a row with its label
_SYMBOLS = ("circle", "diamond-open")
_COLOURS = (BLUE, ORANGE)


@dataclass(frozen=True)
class Row:
    """A row of a forest: one or two figures with their intervals.

    Attributes:
        label: what it is of.
        note: what stands behind the label, such as counts.
        values: one for each of the forest's series; None is not drawn.
        heading: opens a block of rows, above this one.
    """

    label: str
    note: str
    values: tuple[Estimate | None, ...]
    heading: str = ""


def forest(
    rows: Sequence[Row], names: Sequence[str], axis: str, line: float, *, dark: bool = False
) -> go.Figure:
    """Figures with their intervals, one a row, beside a line that says what no effect is.

    Args:
        names: of the series; the first is a blue disc, the second an open orange diamond.
        axis: what is drawn.
        line: of an AUC the one of chance, of a difference none.
    """
    import plotly.graph_objects as go

    places, headings, at = [], [], 0.0
    for row in rows:
        if row.heading:
            headings.append((at - 0.25, row.heading))
            at += 0.75
        places.append(at)
        at += 1
    figure = go.Figure()
    for i, name in enumerate(names):
        drawn = [(p, r, r.values[i]) for p, r in zip(places, rows, strict=True) if r.values[i]]
        shift = 0.0 if len(names) == 1 else (-0.09, 0.13)[i]
        figure.add_scatter(
            x=[value.value for _, _, value in drawn],
            y=[place + shift for place, _, _ in drawn],
            error_x={
                "type": "data",
                "symmetric": False,
                "array": [max(0.0, value.high - value.value) for _, _, value in drawn],
                "arrayminus": [max(0.0, value.value - value.low) for _, _, value in drawn],
                "color": _COLOURS[i],
                "thickness": 2,
                "width": 4,
            },
            mode="markers",
            marker={"color": _COLOURS[i], "size": 9, "symbol": _SYMBOLS[i]},
            name=_short(name),
            customdata=[f"<b>{wrapped(r.label)}</b><br>{_short(name)} {v}" for _, r, v in drawn],
            hovertemplate="%{customdata}<extra></extra>",
        )
    for place, heading in headings:
        _left(figure, place, f"<b>{_short(heading)}</b>", size=14)
    for place, row in zip(places, rows, strict=True):
        missing = "" if any(row.values) else ", too few to measure"
        _left(figure, place - 0.36, f"{_short(row.label)}  {small(plain(row.note + missing))}")
    lay_out(figure, dark, height=92 + _ROW * at, legend=len(names) > 1)
    figure.update_xaxes(title={"text": plain(axis), "font": {"size": 13}})
    figure.update_yaxes(
        range=[at - 0.4, -0.75], showticklabels=False, showgrid=False, zeroline=False
    )
    figure.add_vline(x=line, line={"color": GREY, "width": 1, "dash": "dot"})
    return figure


def confusion(diagnosis: Diagnosis, labels: Sequence[str], *, dark: bool = False) -> go.Figure:
    """Which class the cases of each class were taken for: shares as colour, counts as text.

    Classes are numbered, so that the columns need no room for their names.
    """
    import plotly.graph_objects as go

    numbers = [str(i + 1) for i in range(len(labels))]
    names = [wrapped(f"{i}. {label}", 18) for i, label in zip(numbers, labels, strict=True)]
    shares = [[count / sum(row) for count in row] for row in diagnosis.confusion]
    places = list(range(len(labels)))
    figure = go.Figure(
        go.Heatmap(
            z=shares,
            x=places,
            y=places,
            zmin=0,
            zmax=1,
            colorscale=[[0, "rgba(0, 114, 178, 0.06)"], [1, BLUE]],
            showscale=False,
            xgap=2,
            ygap=2,
            customdata=[
                [
                    f"{_short(labels[y])}, taken for<br>{_short(labels[x])}: {count}"
                    for x, count in enumerate(row)
                ]
                for y, row in enumerate(diagnosis.confusion)
            ],
            hovertemplate="%{customdata}<extra></extra>",
        )
    )
    for y, row in enumerate(diagnosis.confusion):
        for x, count in enumerate(row):
            colour = "#ffffff" if shares[y][x] > 0.55 else text_colour(dark)
            figure.add_annotation(
                x=x, y=y, text=str(count), showarrow=False, font={"color": colour, "size": 14}
            )
    lay_out(figure, dark, height=92 + 52 * len(labels), legend=False)
    figure.update_layout(margin={"t": 54, "b": 12})
    figure.update_xaxes(
        title={"text": "taken for"}, side="top", showgrid=False, tickvals=places, ticktext=numbers
    )
    figure.update_yaxes(
        autorange="reversed", showgrid=False, automargin=True, tickvals=places, ticktext=names
    )
    return figure


def lay_out(figure: go.Figure, dark: bool, *, height: float, legend: bool) -> None:
    """The look that these figures share; the background is that of the page."""
    axis: dict[str, Any] = {"gridcolor": LINE, "zeroline": False, "fixedrange": True}
    figure.update_layout(
        height=height,
        margin={"l": 12, "r": 16, "t": 34 if legend else 14, "b": 54},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"color": text_colour(dark), "size": 13},
        legend={"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom"},
        showlegend=legend,
        hoverlabel={"align": "left"},
        dragmode=False,
        xaxis=axis,
        yaxis=axis,
    )


def _short(text: str) -> str:
    """What fits a phone beside a note."""
    return plain(textwrap.shorten(text, _LABEL, placeholder=" …"))


def _left(figure: go.Figure, y: float, text: str, size: int = 13) -> None:
    figure.add_annotation(
        x=0, xref="paper", y=y, xanchor="left", text=text, showarrow=False, font={"size": size}
    )
