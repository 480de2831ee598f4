"""What a similarity rests on: the map over the pictures, and what each view and phase brings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from .moving import to_grey
from .style import (
    BLUE,
    GREEN,
    GREY,
    LINE,
    ORANGE,
    PURPLE,
    RED,
    SKY,
    plain,
    small,
    text_colour,
    wrapped,
)

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from ..explain import Contribution, Explanation
    from ..study import Series
    from ..tiles import Clip, Tile

# What raises the similarity is orange, what lowers it blue; weak is clear, strong is solid.
_RAISES, _LOWERS = "230, 159, 0", "86, 180, 233"
OPAQUE = 0.85
STRONGEST = 99.5  # percentile of a map's strength that is shown solid: a few pixels stand out
_GAP = 3  # clip pixels between pictures
_WRAP = 8  # pictures in a row where the clip's channels all show the same
_COLOURS = (BLUE, ORANGE, GREEN, RED, PURPLE, SKY)


def saliency_overlay(explanation: Explanation, *, dark: bool = False, most: int = 24) -> go.Figure:
    """The pictures of a clip in grey, over each what raises (orange) and lowers (blue) it.

    One scale for all pictures. In the bundled layout a column is a moment, as in the clip, and a
    row a slice from base to apex; what several readings show is one picture.

    Args:
        dark: for a dark page.
        most: pictures of a clip whose channels are alike; those that bring or take most are shown.
    """
    import plotly.graph_objects as go

    shown, places = _arranged(explanation, most)
    tiles = [alike[0] for alike in shown]
    size = explanation.saliency.shape[-1]
    step = size + _GAP
    rows, columns = (max(place[i] for place in places) + 1 for i in (0, 1))
    shape = rows * step - _GAP, columns * step - _GAP
    grey, over = np.full(shape, np.nan, np.float32), np.zeros(shape, np.float32)
    shades = _shades(explanation, tiles)
    for alike, (row, column) in zip(shown, places, strict=True):
        window = np.s_[row * step : row * step + size, column * step : column * step + size]
        grey[window] = shades[alike[0]]
        over[window] = sum(explanation.of_tile(tile) for tile in alike)
    limit = max(float(np.percentile(np.abs(over), STRONGEST)), 1e-12)
    per_cent = np.rint(np.clip(100 * over / limit, -100, 100)).astype(np.int8)  # a small page
    figure = go.Figure(
        [
            go.Heatmap(
                z=grey, zmin=0, zmax=255, colorscale="gray", showscale=False, hoverinfo="skip"
            ),
            go.Heatmap(
                z=per_cent,
                zmin=-100,
                zmax=100,
                colorscale=_clear_to_solid(),
                colorbar=_colour_bar(dark),
                hoverinfo="skip",
            ),
        ]
    )
    for tile, (row, column) in zip(tiles, places, strict=True):
        figure.add_annotation(
            x=column * step + 1,
            y=row * step + 1,
            xanchor="left",
            yanchor="top",
            showarrow=False,
            text=_label(tile),
            font={"size": 10, "color": "#ffffff"},
            bgcolor="rgba(0, 0, 0, 0.45)",
            borderpad=1,
        )
    hidden = {"visible": False, "fixedrange": True, "constrain": "domain"}
    figure.update_layout(
        title={"text": _title(explanation), "font": {"size": 14}, "x": 0, "xanchor": "left"},
        height=96 + round(118 * rows),
        margin={"l": 4, "r": 4, "t": 64, "b": 8},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"color": text_colour(dark), "size": 12},
        dragmode=False,
        xaxis=hidden,
        yaxis=hidden | {"autorange": "reversed", "scaleanchor": "x"},
    )
    return figure


def contribution_curve(explanation: Explanation, *, dark: bool = False) -> go.Figure:
    """What each view brings at each moment of the heartbeat, and each view in all.

    A level is all slices that are read there. Whiskers are standard errors.
    """
    from plotly.subplots import make_subplots

    brought = explanation.contributions
    points = _by_view(brought)
    views = list(points)
    totals = [sum(value for value, _ in of_view.values()) for of_view in points.values()]
    moving = [view for view in views if any(beat is not None for beat in points[view])]
    colours = {view: _COLOURS[i % len(_COLOURS)] for i, view in enumerate(moving)}
    figure = make_subplots(1, 2, column_widths=[0.62, 0.38], horizontal_spacing=0.16)
    for view in moving:
        _add_line(figure, view, points[view], colours[view])
    figure.add_bar(
        x=totals,
        y=views,
        orientation="h",
        width=0.6,
        showlegend=False,
        row=1,
        col=2,
        marker={"color": [colours.get(view, GREY) for view in views], "line": {"width": 0}},
        hovertemplate="%{y}: %{x:+.3f}<extra></extra>",
    )
    axis = {"gridcolor": LINE, "zerolinecolor": GREY, "fixedrange": True}
    figure.update_xaxes(axis)
    figure.update_yaxes(axis)
    figure.update_xaxes(title="heartbeat, %", range=[-3, 103], row=1, col=1)
    figure.update_yaxes(title="brings to the similarity", row=1, col=1)
    figure.update_xaxes(title="in all", row=1, col=2)
    figure.update_yaxes(autorange="reversed", showgrid=False, row=1, col=2)
    figure.update_layout(
        title={"text": _title(explanation), "font": {"size": 14}, "x": 0, "xanchor": "left"},
        height=340 + 12 * max(0, len(views) - 9),
        margin={"l": 12, "r": 12, "t": 64, "b": 84},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"color": text_colour(dark), "size": 12},
        legend={"orientation": "h", "x": 0, "y": -0.24, "yanchor": "top"},
        dragmode=False,
        hoverlabel={"align": "left"},
        meta={"beat_start": _beat_start(brought)},  # for who draws the moment that a cine shows
    )
    return figure


def _beat_start(brought: Sequence[Contribution]) -> float:
    """Where in the beat, counted from the first phase of the cines, the curve's 0 lies."""
    for tile, beat in ((c.tiles[0], c.beat) for c in brought):
        if beat is not None:
            return (tile.phase / len(tile.series.pixels) - beat) % 1.0
    return 0.0


def _by_view(
    brought: Sequence[Contribution],
) -> dict[str, dict[float | None, tuple[float, float]]]:
    """Of each view, at each moment in order, what its images bring together, and the error of that.

    An image that stands for several levels counts with each of them as often as it is read there.
    """
    values: dict[str, dict[float | None, list[tuple[float, float]]]] = {}
    for one in brought:
        for tile in one.tiles:
            part = one.value / len(one.tiles), one.error / len(one.tiles)
            values.setdefault(tile.view, {}).setdefault(one.beat, []).append(part)
    return {
        view: {
            beat: (sum(v for v, _ in parts), float(np.hypot.reduce([e for _, e in parts])))
            for beat, parts in sorted(moments.items(), key=lambda item: item[0] or 0.0)
        }
        for view, moments in values.items()
    }


def _arranged(
    explanation: Explanation, most: int
) -> tuple[list[list[Tile]], list[tuple[int, int]]]:
    """The pictures to show, each with all tiles that are alike, and the row and column of each."""
    tiles = explanation.clip.tiles
    if all(len(tile.channels) == 1 for tile in tiles):
        return _sheet(explanation.clip)
    strength = {tile: float(np.abs(explanation.of_tile(tile)).sum()) for tile in tiles}
    strongest = set(sorted(tiles, key=strength.__getitem__, reverse=True)[:most])
    kept = [[tile] for tile in tiles if tile in strongest]
    return kept, [divmod(i, _WRAP) for i in range(len(kept))]


def _sheet(clip: Clip) -> tuple[list[list[Tile]], list[tuple[int, int]]]:
    """One column for each frame of a reading, its levels below each other, none shown twice."""
    each = len(clip.tensor) // clip.readings
    columns: dict[int, dict[tuple[Series, int], list[Tile]]] = {}
    for tile in sorted(clip.tiles, key=lambda t: (t.frame % each, t.channels[0], t.frame)):
        column = columns.setdefault(tile.frame % each, {})
        column.setdefault((tile.series, tile.phase), []).append(tile)
    places = [(row, frame) for frame, column in columns.items() for row in range(len(column))]
    return [alike for column in columns.values() for alike in column.values()], places


def _shades(explanation: Explanation, tiles: Sequence[Tile]) -> dict[Tile, np.ndarray]:
    """Each picture in grey, one scale for all of a view, so that nothing flickers."""
    by_view: dict[str, list[Tile]] = {}
    for tile in tiles:
        by_view.setdefault(tile.view, []).append(tile)
    shades = {}
    for members in by_view.values():
        clip = explanation.clip.tensor
        pictures = to_grey(np.stack([clip[t.frame, t.channels[0]].numpy() for t in members]))
        shades |= dict(zip(members, pictures, strict=True))
    return shades


def _add_line(
    figure: go.Figure,
    view: str,
    points: dict[float | None, tuple[float, float]],
    colour: str,
) -> None:
    known = [(beat, *point) for beat, point in points.items() if beat is not None]
    moments, values, errors = zip(*known, strict=True)
    figure.add_scatter(
        x=[100 * moment for moment in moments],
        y=values,
        error_y={"array": errors, "thickness": 1, "width": 2},
        mode="lines+markers",
        name=view,
        row=1,
        col=1,
        line={"color": colour, "width": 2},
        marker={"size": 7},
        hovertemplate=plain(view) + " at %{x:.0f} % of the beat: %{y:+.3f}<extra></extra>",
    )


def _clear_to_solid() -> list[tuple[float, str]]:
    return [
        (0.0, f"rgba({_LOWERS}, {OPAQUE})"),
        (0.5, f"rgba({_LOWERS}, 0)"),
        (0.5, f"rgba({_RAISES}, 0)"),
        (1.0, f"rgba({_RAISES}, {OPAQUE})"),
    ]


def _colour_bar(dark: bool) -> dict[str, object]:
    return {
        "tickvals": [-100, 0, 100],
        "ticktext": ["lowers", "neither", "raises"],
        "thickness": 10,
        "len": 0.8,
        "tickfont": {"color": text_colour(dark), "size": 11},
    }


def _label(tile: Tile) -> str:
    moment = "" if tile.beat is None else f" {100 * tile.beat:.0f} %"
    return plain(f"{tile.view}{moment}")


def _title(explanation: Explanation) -> str:
    below = (
        f"similarity {explanation.similarity:.2f}; with every structure dissolved "
        f"{explanation.blurred:.2f}"
    )
    return f"<b>{wrapped(explanation.condition)}</b><br>{small(below)}"
