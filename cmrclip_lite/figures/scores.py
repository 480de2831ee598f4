"""Bars of scores, each with what it is measured against."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .style import BLUE, GREY, ORANGE, plain, rows_layout, small, standing_axis, wrapped

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from ..zeroshot import Score


def score_bars(scores: Sequence[Score], *, dark: bool = False) -> go.Figure:
    """Horizontal bars, one a condition, each with what it is measured against.

    With a library: the study's percentile among all its cases as a bar, and below it where the
    middle half of the normal cases and of the cases that have the condition lie, their medians
    marked. Without one: bare cosine similarities, and the axis says that they are not measured
    against anything.
    """
    import plotly.graph_objects as go

    measured = any(score.percentile is not None for score in scores)
    values = [_value(score, measured) for score in scores]
    rows = list(range(len(scores)))
    figure = go.Figure(
        go.Bar(
            x=values,
            y=rows,
            orientation="h",
            width=0.3,
            marker={"color": BLUE},
            name="this study, among all cases" if measured else "cosine similarity",
            text=[_bar_text(score, measured) for score in scores],
            textposition="outside",
            cliponaxis=False,
            customdata=[_hover(score) for score in scores],
            hovertemplate="%{customdata}<extra></extra>",
        )
    )
    if measured:
        normal, positive = "middle half of the normal cases", "middle half of the cases with it"
        _add_ranges(figure, scores, [s.normal_quartiles for s in scores], 0.23, GREY, normal)
        _add_ranges(figure, scores, [_positive(s) for s in scores], 0.35, ORANGE, positive)
    for row, score in zip(rows, scores, strict=True):
        figure.add_annotation(
            x=0 if measured else min(0.0, *values, 0.0),
            y=row - 0.33,
            xanchor="left",
            text=_row_label(score),
            showarrow=False,
        )
    reference = scores[0].reference if scores else ""
    extent = [0, 118] if measured else _similarity_extent(values)
    figure.update_layout(
        **rows_layout(len(scores), 62, dark),
        showlegend=measured,
        bargap=0.5,
        xaxis=standing_axis(reference, measured, extent),
    )
    if measured:
        figure.add_vline(x=50, line={"color": GREY, "width": 1, "dash": "dot"})
    return figure


def _add_ranges(
    figure: go.Figure,
    scores: Sequence[Score],
    quartiles: Sequence[tuple[float, ...] | None],
    below: float,
    colour: str,
    name: str,
) -> None:
    """A line from the first to the third quartile a row, a dot at the median."""
    drawn = [(row, q) for row, q in enumerate(quartiles) if q is not None]
    if not drawn:
        return
    hover = [_hover(scores[row]) for row, _ in drawn]
    figure.add_scatter(
        x=[x for _, (low, _, high) in drawn for x in (low, high, None)],
        y=[y for row, _ in drawn for y in (row + below, row + below, None)],
        mode="lines",
        line={"color": colour, "width": 5},
        name=name,
        legendgroup=name,
        hoverinfo="skip",
    )
    figure.add_scatter(
        x=[median for _, (_, median, _) in drawn],
        y=[row + below for row, _ in drawn],
        mode="markers",
        marker={"color": colour, "size": 10, "line": {"color": "#ffffff", "width": 1}},
        name=name,
        legendgroup=name,
        showlegend=False,
        customdata=hover,
        hovertemplate="%{customdata}<extra></extra>",
    )


def _positive(score: Score) -> tuple[float, ...] | None:
    """Not drawn a second time where the condition is being normal."""
    return None if score.key == "normal_study" else score.positive_quartiles


def _value(score: Score, measured: bool) -> float:
    return (score.percentile or 0.0) if measured else score.similarity


def _bar_text(score: Score, measured: bool) -> str:
    if not measured:
        return f"{score.similarity:.3f}"
    if score.percentile is None:
        return f"not measured (similarity {score.similarity:.2f})"
    return f"{score.percentile:.0f}"


def _row_label(score: Score) -> str:
    name = plain(textwrap.shorten(score.condition, 44, placeholder=" …"))
    return f"<b>{name}</b>  {small(f'similarity {score.similarity:.2f}')}"


def _hover(score: Score) -> str:
    lines = [f"<b>{wrapped(score.condition)}</b>", f"cosine similarity {score.similarity:.3f}"]
    if score.percentile is not None:
        lines.append(f"percentile {score.percentile:.0f} among all cases")
    if score.percentile_normal is not None:
        lines.append(f"percentile {score.percentile_normal:.0f} among normal cases")
    if (normal := score.normal_quartiles) is not None:
        lines.append(f"middle half of the normal cases: {normal[0]:.0f} to {normal[2]:.0f}")
    if (positive := _positive(score)) is not None:
        lines.append(
            f"middle half of the {score.positive_cases} cases with it: "
            f"{positive[0]:.0f} to {positive[2]:.0f}"
        )
    lines.append(wrapped(score.reference))
    return "<br>".join(lines)


def _similarity_extent(values: Sequence[float]) -> list[float]:
    low, high = min([0.0, *values]), max([0.0, *values])
    room = 0.18 * max(high - low, 0.05)
    return [low - (room if low < 0 else 0.0), high + room]
