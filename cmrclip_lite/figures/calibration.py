"""Reliability diagrams: what was said against what was so, and of how many cases."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..evaluate.calibration import METHODS
from .style import BLUE, GREY, LINE, ORANGE, plain, small, text_colour, wrapped

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from ..evaluate.reliability import Bin, Reliability


def reliability_diagram(found: Reliability, *, dark: bool = False) -> go.Figure:
    """Predicted against observed shares with 95 % intervals, over the number of cases behind each.

    The dotted diagonal is where every probability is true, the dashed line the cohort's share;
    whom it is measured on, out of sample, stands above, with calibration error and Brier score
    beside what chance and the share alone would give.
    """
    from plotly.subplots import make_subplots

    figure = make_subplots(
        rows=2, cols=1, shared_xaxes=True, row_heights=[0.76, 0.24], vertical_spacing=0.05
    )
    figure.add_scatter(
        x=[0, 1],
        y=[0, 1],
        mode="lines",
        line={"color": GREY, "width": 1, "dash": "dot"},
        name="every probability true",
        hoverinfo="skip",
    )
    share = found.cohort.prevalence
    figure.add_scatter(
        x=[0, 1],
        y=[share, share],
        mode="lines",
        line={"color": ORANGE, "width": 1, "dash": "dash"},
        name=f"share of the cohort, {share:.0%}",
        hoverinfo="skip",
    )
    hovers = [_hover(b) for b in found.bins]
    observed = [b.observed.value for b in found.bins]
    figure.add_scatter(
        x=[b.predicted for b in found.bins],
        y=observed,
        mode="markers",
        marker={"size": 9, "color": BLUE},
        error_y={
            "array": [b.observed.high - b.observed.value for b in found.bins],
            "arrayminus": [b.observed.value - b.observed.low for b in found.bins],
            "color": BLUE,
            "thickness": 1.2,
            "width": 4,
        },
        name="observed, with 95 % interval",
        customdata=hovers,
        hovertemplate="%{customdata}<extra></extra>",
    )
    figure.add_bar(
        x=[b.predicted for b in found.bins],
        y=[b.cases for b in found.bins],
        width=0.03,
        marker={"color": BLUE},
        text=[str(b.cases) for b in found.bins],
        textposition="outside",
        textfont={"size": 11},
        constraintext="none",
        cliponaxis=False,
        showlegend=False,
        customdata=hovers,
        hovertemplate="%{customdata}<extra></extra>",
        row=2,
        col=1,
    )
    figure.add_annotation(
        text=_title(found),
        xref="paper",
        yref="paper",
        x=0,
        y=1,
        yshift=8,
        xanchor="left",
        yanchor="bottom",
        align="left",
        showarrow=False,
    )
    axis = {"gridcolor": LINE, "zerolinecolor": LINE, "fixedrange": True}
    figure.update_layout(
        height=600,
        margin={"l": 12, "r": 12, "t": 128, "b": 96},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"color": text_colour(dark), "size": 13},
        legend={"orientation": "h", "x": 0, "y": -0.14, "yanchor": "top", "font": {"size": 11}},
        hoverlabel={"align": "left"},
        dragmode=False,
    )
    figure.update_xaxes(range=[-0.03, 1.03], tickformat=".0%", **axis)
    figure.update_xaxes(title_text="predicted probability", row=2, col=1)
    figure.update_yaxes(title_text="have it", range=[-0.03, 1.03], tickformat=".0%", row=1, **axis)
    most = max((b.cases for b in found.bins), default=1)
    figure.update_yaxes(title_text="cases", range=[0, 1.35 * most], nticks=3, row=2, **axis)
    return figure


def _title(found: Reliability) -> str:
    """Condition, cohort and the figures, each beside what it is to be read against."""
    against = f"{METHODS[found.method]}, out of sample, {found.cohort.sentence()}"
    figures = (
        f"calibration error {found.calibration_error} (chance alone {found.error_by_chance:.3f}), "
        f"Brier score {found.brier} (share alone {found.brier_of_prevalence:.3f})"
    )
    return "<br>".join(
        [
            f"<b>{plain(found.cohort.condition)}</b>",
            small(wrapped(against, 78)),
            small(wrapped(figures, 78)),
        ]
    )


def _hover(shown: Bin) -> str:
    return (
        f"predicted {shown.predicted:.0%}<br>observed {shown.observed.value:.0%} "
        f"({shown.observed.low:.0%} to {shown.observed.high:.0%})<br>{shown.cases} cases"
    )
