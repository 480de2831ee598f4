"""Lines of what is lost under shifts, one a shift, each with its name at its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .style import BLUE, GREEN, GREY, LINE, ORANGE, PURPLE, plain, small, text_colour

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from ..robustness import Response, Shift

_COLOURS = (BLUE, ORANGE, GREEN, PURPLE)
_GROUPS = {
    "image": "Image quality",
    "grey values": "Grey values",
    "place": "Where things lie",
    "coverage": "What is missing",
}
LIMIT = 0.05  # of what is hardly lost
_APART = 0.062  # of a panel's height, between two names


def robustness_lines(response: Response, *, dark: bool = False) -> go.Figure:
    """Mean AUC loss against strength, in a panel for each group of shifts.

    Lines begin at 0, the exams as they were. Shifts that are not graded are points without a line.
    What a strength means, the interval and the cosine stand in the hover text.
    """
    from plotly.subplots import make_subplots

    groups = [group for group in _GROUPS if any(s.group == group for s in response.shifts)]
    columns = min(2, len(groups))
    rows = -(-len(groups) // columns)
    figure = make_subplots(
        rows=rows,
        cols=columns,
        shared_yaxes="all",
        subplot_titles=[f"<b>{_GROUPS[group]}</b>" for group in groups],
        horizontal_spacing=0.2,  # room for the names
        vertical_spacing=0.13,
    )
    low, high = _extent(response)
    for panel, group in enumerate(groups):
        place = {"row": panel // columns + 1, "col": panel % columns + 1}
        members = [i for i, shift in enumerate(response.shifts) if shift.group == group]
        ends = []
        for colour, i in zip(_COLOURS, members, strict=False):
            shift = response.shifts[i]
            losses = [0.0, *(estimate.value for estimate in response.losses[i])]
            first = 0 if shift.graded else 1
            figure.add_scatter(
                x=[at + _aside(shift) for at in range(first, len(losses))],
                y=losses[first:],
                mode="lines+markers" if shift.graded else "markers",
                line={"color": colour, "width": 2.5},
                marker={"size": 6 if shift.graded else 9, "symbol": _symbol(shift)},
                name=shift.label,
                customdata=["as it was", *_hover(response, i)][first:],
                hovertemplate="%{customdata}<extra></extra>",
                **place,
            )
            ends.append((losses[-1], colour, shift.label))
        _name_ends(figure, ends, high - low, place)
        figure.add_hline(y=LIMIT, line={"color": GREY, "width": 1, "dash": "dot"}, **place)
    _lay_out(figure, response, rows, (low, high), dark)
    return figure


def _name_ends(
    figure: go.Figure, ends: list[tuple[float, str, str]], span: float, place: dict[str, int]
) -> None:
    """Each name beside the last point, moved up where it would lie on another."""
    below = -np.inf
    for value, colour, label in sorted(ends):
        at = max(value, below + _APART * span)
        below = at
        figure.add_annotation(
            x=5.22,
            y=at,
            text=plain(label),
            xanchor="left",
            showarrow=False,
            font={"color": colour, "size": 13},
            **place,
        )


def _hover(response: Response, i: int) -> list[str]:
    shift = response.shifts[i]
    return [
        f"<b>{plain(shift.label)}</b>, strength {strength}: {plain(meaning)}<br>AUC lost "
        f"{response.losses[i][strength - 1]}<br>median cosine to the exam as it was "
        f"{np.median(response.cosine[i, strength - 1]):.3f}"
        for strength, meaning in enumerate(shift.meanings, 1)
    ]


def _extent(response: Response) -> tuple[float, float]:
    """From the least to the most that is lost, with some room."""
    values = [estimate.value for row in response.losses for estimate in row]
    low, high = min(0.0, *values), max(2 * LIMIT, *values)
    return low - 0.04 * (high - low), high + 0.08 * (high - low)


def _symbol(shift: Shift) -> str:
    if shift.graded:
        return "circle"
    return "x" if shift.key == "turned_unsaid" else "diamond"


def _aside(shift: Shift) -> float:
    """Points without a line would lie on each other."""
    if shift.graded:
        return 0.0
    return 0.08 if shift.key == "turned_unsaid" else -0.08


def _lay_out(
    figure: go.Figure, response: Response, rows: int, extent: tuple[float, float], dark: bool
) -> None:
    summary, conditions = response.summary, len(response.auc_before)
    figure.update_layout(
        height=130 + 300 * rows,
        margin={"l": 70, "r": 150, "t": 104, "b": 70},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"color": text_colour(dark), "size": 13},
        showlegend=False,
        hoverlabel={"align": "left"},
        dragmode=False,
        title={
            "text": f"AUC lost at the middle strength: {summary} on the mean of "
            f"{len(response.shifts)} shifts<br>"
            + small(
                f"Mean over {conditions} conditions; {response.cosine.shape[2]} exams, each before "
                f"and after. Dotted: {LIMIT}. Points without a line are five ways of one kind."
            ),
            "font": {"size": 16},
            "x": 0,
            "xref": "paper",
        },
    )
    figure.update_xaxes(
        range=[-0.15, 5.25],
        tickvals=list(range(6)),
        ticktext=["as it was", "1", "2", "3", "4", "5"],
        gridcolor=LINE,
        zeroline=False,
        fixedrange=True,
    )
    figure.update_xaxes(title={"text": "strength", "font": {"size": 13}}, row=rows)
    figure.update_yaxes(
        range=list(extent), gridcolor=LINE, zerolinecolor=GREY, fixedrange=True, tickformat=".2f"
    )
    figure.update_yaxes(title={"text": "AUC lost", "font": {"size": 13}}, col=1)
