"""Scores before and after something was done to a study or to the words."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .style import BLUE, GREY, ORANGE, plain, rows_layout, standing_axis, wrapped

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from ..zeroshot import Score


def score_changes(
    pairs: Sequence[tuple[Score, Score]], after: str = "after", *, dark: bool = False
) -> go.Figure:
    """A row a condition: a ring for the score before, a dot for the one after, a line between.

    With a library both are percentiles among its cases, without one cosine similarities.

    Args:
        pairs: (before, after).
        after: what the second score is called.
    """
    import plotly.graph_objects as go

    measured = all(s.percentile is not None for pair in pairs for s in pair)
    values = [[(s.percentile if measured else s.similarity) for s in pair] for pair in pairs]
    rows = list(range(len(pairs)))
    figure = go.Figure()
    figure.add_scatter(
        x=[x for one, other in values for x in (one, other, None)],
        y=[y for row in rows for y in (row, row, None)],
        mode="lines",
        line={"color": GREY, "width": 3},
        hoverinfo="skip",
        showlegend=False,
    )
    for column, name, symbol, colour, size in (
        (0, "as it is", "circle-open", BLUE, 16),
        (1, after, "circle", ORANGE, 11),
    ):
        figure.add_scatter(
            x=[pair[column] for pair in values],
            y=rows,
            mode="markers",
            name=plain(name),
            marker={
                "symbol": symbol,
                "color": colour,
                "size": size,
                "line": {"width": 3 * (1 - column)},
            },
            customdata=[_hover(pair[column]) for pair in pairs],
            hovertemplate="%{customdata}<extra></extra>",
        )
    for row, (before, _) in enumerate(pairs):
        figure.add_annotation(
            x=0,
            xref="paper",
            y=row - 0.3,
            xanchor="left",
            text=f"<b>{plain(textwrap.shorten(before.condition, 44, placeholder=' …'))}</b>",
            showarrow=False,
        )
    reference = pairs[0][0].reference if pairs else ""
    figure.update_layout(
        **rows_layout(len(pairs), 48, dark),
        xaxis=standing_axis(reference, measured, [-3, 103] if measured else None),
    )
    return figure


def _hover(score: Score) -> str:
    lines = [f"<b>{wrapped(score.condition)}</b>", f"cosine similarity {score.similarity:.3f}"]
    if score.percentile is not None:
        lines.append(f"percentile {score.percentile:.0f} among all cases")
    return "<br>".join(lines)
