"""Figures of an evaluation: what is told apart, how surely, and against what.

Every figure reads on a phone: labels stand above their row, not beside it.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .style import BLUE, GREEN, GREY, LINE, ORANGE, plain, small, text_colour, wrapped

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from ..evaluate.diagnosis import Diagnosis
    from ..evaluate.few_shot import FewShot
    from ..evaluate.intervals import Estimate
    from ..evaluate.roc import Roc

_BAND = "rgba(0, 114, 178, 0.18)"  # blue, behind its line
_FAINT = "rgba(138, 143, 152, 0.6)"
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
    _finish(figure, dark, height=92 + _ROW * at, legend=len(names) > 1)
    figure.update_xaxes(title={"text": plain(axis), "font": {"size": 13}})
    figure.update_yaxes(
        range=[at - 0.4, -0.75], showticklabels=False, showgrid=False, zeroline=False
    )
    figure.add_vline(x=line, line={"color": GREY, "width": 1, "dash": "dot"})
    return figure


def roc_curve(roc: Roc, name: str, *, dark: bool = False) -> go.Figure:
    """A ROC curve with its pointwise 95 % band, and the line of chance."""
    import plotly.graph_objects as go

    figure = go.Figure()
    figure.add_scatter(
        x=[0, 1],
        y=[0, 1],
        mode="lines",
        line={"color": GREY, "width": 1, "dash": "dot"},
        hoverinfo="skip",
        showlegend=False,
    )
    rates = list(roc.rates)
    _band(figure, rates, roc.low, roc.high)
    figure.add_scatter(
        x=[0, *rates],
        y=[0, *roc.sensitivities],
        mode="lines",
        line={"color": BLUE, "width": 2.5},
        name=plain(name),
        showlegend=True,
        hovertemplate="sensitivity %{y:.2f}, specificity %{customdata:.2f}<extra></extra>",
        customdata=[1 - rate for rate in (0, *rates)],
    )
    _finish(figure, dark, height=430, legend=True)
    figure.update_xaxes(title={"text": "1 - specificity"}, range=[-0.01, 1.01], dtick=0.25)
    figure.update_yaxes(title={"text": "sensitivity"}, range=[-0.01, 1.02], dtick=0.25)
    figure.update_layout(margin={"l": 58})
    return figure


def few_shot_curve(
    few: Sequence[FewShot],
    zero_shot: float,
    probes: Sequence[tuple[str, float]],
    *,
    dark: bool = False,
) -> go.Figure:
    """The AUC from some examples of each class, beside the zero-shot one and those of probes."""
    shots, values = [one.shots for one in few], [one.auc.value for one in few]
    figure = _shots_figure(shots, dark)
    _band(figure, shots, [one.auc.low for one in few], [one.auc.high for one in few])
    _shots_line(figure, shots, values, "examples of each class")
    _level(figure, shots, zero_shot, "zero-shot, by prompts", ORANGE, "dash")
    for (name, value), dash in zip(probes, ("dot", "dashdot"), strict=False):
        _level(figure, shots, value, name, GREEN, dash)
    return figure


def few_shot_means(
    few: Sequence[Sequence[float]], shots: Sequence[int], zero_shot: float, *, dark: bool = False
) -> go.Figure:
    """The mean over findings of the AUC from examples, above a thin line for each finding.

    Args:
        few: of each finding, the AUC at each number of shots.
        zero_shot: the mean zero-shot AUC of the same findings.
    """
    figure = _shots_figure(shots, dark)
    for values in few:
        figure.add_scatter(
            x=list(shots),
            y=list(values),
            mode="lines",
            line={"color": _FAINT, "width": 1},
            hoverinfo="skip",
            showlegend=False,
        )
    means = [sum(column) / len(column) for column in zip(*few, strict=True)]
    _shots_line(figure, list(shots), means, "examples of each class")
    _level(figure, shots, zero_shot, "zero-shot, by prompts", ORANGE, "dash")
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
    _finish(figure, dark, height=92 + 52 * len(labels), legend=False)
    figure.update_layout(margin={"t": 54, "b": 12})
    figure.update_xaxes(
        title={"text": "taken for"}, side="top", showgrid=False, tickvals=places, ticktext=numbers
    )
    figure.update_yaxes(
        autorange="reversed", showgrid=False, automargin=True, tickvals=places, ticktext=names
    )
    return figure


def _band(
    figure: go.Figure, x: Sequence[float], low: Sequence[float], high: Sequence[float]
) -> None:
    figure.add_scatter(
        x=[*x, *x[::-1]],
        y=[*high, *low[::-1]],
        fill="toself",
        fillcolor=_BAND,
        line={"width": 0},
        hoverinfo="skip",
        showlegend=False,
    )


def _shots_figure(shots: Sequence[int], dark: bool) -> go.Figure:
    import plotly.graph_objects as go

    figure = go.Figure()
    _finish(figure, dark, height=400, legend=True)
    figure.update_xaxes(
        title={"text": "examples of each class"},
        type="log",
        tickvals=list(shots),
        ticktext=[str(k) for k in shots],
    )
    figure.update_yaxes(title={"text": "AUC"})
    figure.update_layout(margin={"l": 58})
    figure.add_hline(y=0.5, line={"color": GREY, "width": 1, "dash": "dot"})
    return figure


def _shots_line(
    figure: go.Figure, shots: Sequence[int], values: Sequence[float], name: str
) -> None:
    figure.add_scatter(
        x=list(shots),
        y=list(values),
        mode="lines+markers",
        line={"color": BLUE, "width": 2.5},
        marker={"size": 8},
        name=name,
        hovertemplate="AUC %{y:.3f} from %{x} of each class<extra></extra>",
    )


def _level(
    figure: go.Figure, shots: Sequence[int], value: float, name: str, colour: str, dash: str
) -> None:
    """A level line, as a trace, so that the legend names it."""
    figure.add_scatter(
        x=[shots[0], shots[-1]] if len(shots) > 1 else [0.9 * shots[0], 1.1 * shots[0]],
        y=[value, value],
        mode="lines",
        line={"color": colour, "width": 2, "dash": dash},
        name=plain(name),
        hovertemplate=f"{plain(name)}: AUC {value:.3f}<extra></extra>",
    )


def _short(text: str) -> str:
    """What fits a phone beside a note."""
    return plain(textwrap.shorten(text, _LABEL, placeholder=" …"))


def _left(figure: go.Figure, y: float, text: str, size: int = 13) -> None:
    figure.add_annotation(
        x=0, xref="paper", y=y, xanchor="left", text=text, showarrow=False, font={"size": size}
    )


def _finish(figure: go.Figure, dark: bool, *, height: float, legend: bool) -> None:
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
