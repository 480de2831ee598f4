"""Curves of an evaluation: ROC curves, and what some examples do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .evaluation import lay_out
from .style import BLUE, GREEN, GREY, ORANGE, plain

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from ..evaluate.few_shot import FewShot
    from ..evaluate.roc import Roc

_BAND = "rgba(0, 114, 178, 0.18)"  # blue, behind its line
_FAINT = "rgba(138, 143, 152, 0.6)"


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
    lay_out(figure, dark, height=430, legend=True)
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


def _band(
    figure: go.Figure, x: Sequence[float], low: Sequence[float], high: Sequence[float]
) -> None:
    figure.add_scatter(
        x=[*x, *x[::-1]],
        y=[*high, *low[::-1]],
        mode="lines",
        fill="toself",
        fillcolor=_BAND,
        line={"width": 0},
        hoverinfo="skip",
        showlegend=False,
    )


def _shots_figure(shots: Sequence[int], dark: bool) -> go.Figure:
    import plotly.graph_objects as go

    figure = go.Figure()
    lay_out(figure, dark, height=400, legend=True)
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
