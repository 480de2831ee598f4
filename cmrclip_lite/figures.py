"""What people look at: bars of scores and moving pictures, from plain data.

Nothing here knows of files, models or web pages. The colours are those of Okabe and Ito (Color
Universal Design, 2008), told apart under every common colour blindness and on light and dark.
"""

from __future__ import annotations

import base64
import html
import io
import math
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from .errors import CmrClipError, StudyError

if TYPE_CHECKING:
    import plotly.graph_objects as go
    from PIL.Image import Image

    from .study import Series
    from .zeroshot import Score

BLUE, ORANGE, GREY = "#0072B2", "#E69F00", "#8a8f98"

# Brighter and darker than these share of pixels is clipped: the same few bright vessel pixels
# would otherwise leave the muscle dark.
GREY_PERCENTILES = (1.0, 99.5)
QUALITY = 70
GAP = 2  # pixels between the tiles of a grid


def moving_picture(
    pixels: np.ndarray,
    *,
    spacing_mm: tuple[float, float] = (1.0, 1.0),
    size: int = 192,
    fps: float = 20.0,
) -> bytes:
    """A cine as an animated WebP that loops for ever; a still if it has one frame.

    Args:
        pixels: `(T, H, W)`, any real type.
        spacing_mm: distance between rows, then columns, for the aspect ratio.
        size: length of the longer side in screen pixels.
        fps: frames per second.

    Raises:
        StudyError: if the pixels are not of that shape.
        CmrClipError: if Pillow is not installed.
    """
    return moving_grid([pixels], spacing_mm=[spacing_mm], columns=1, size=size, fps=fps)


def moving_grid(
    cines: Sequence[np.ndarray],
    *,
    spacing_mm: Sequence[tuple[float, float]],
    columns: int = 4,
    size: int = 192,
    fps: float = 20.0,
) -> bytes:
    """Several cines in one animated WebP, row by row, so that all beat in step.

    All tiles share one scale in millimetres. A cine with fewer phases than another is slowed down
    to last as long: both show one heartbeat.

    Args:
        cines: each `(T, H, W)`; T, H and W may differ.
        spacing_mm: one pair (rows, columns) for each.
        columns: tiles in a row.
        size: longer side of a tile in screen pixels.
        fps: frames per second.

    Raises:
        StudyError: if a shape is not usable.
        CmrClipError: if Pillow is not installed.
    """
    return _webp(_grid_frames(cines, spacing_mm, columns, size), max(1, round(1000 / fps)))


def first_frame(picture: bytes) -> bytes:
    """The first phase of a moving picture as a still WebP, for a pause and for calm eyes."""
    return _webp([_pillow().open(io.BytesIO(picture)).convert("RGB")], duration_ms=0)


def first_pixels(picture: bytes) -> np.ndarray:
    """The first phase of a moving picture as `(H, W)` uint8.

    Raises:
        CmrClipError: if it is no picture, or Pillow is not installed.
    """
    image = _pillow()
    try:
        return np.asarray(image.open(io.BytesIO(picture)).convert("L"))
    except (OSError, ValueError, image.DecompressionBombError) as error:
        raise CmrClipError("This moving picture cannot be shown; it is damaged.") from error


def heart_rate_fps(series: Series, phases: int | None = None, slowest: float = 8.0) -> float:
    """Frames per second at which a cine lasts one heartbeat, within what an eye can follow.

    The beat's length is the series' RR interval, else the spread of its trigger times; a cine
    that knows neither beats once a second.
    """
    phases = phases or len(series.pixels)
    beat_ms = series.rr_ms
    if not beat_ms and series.trigger_ms is not None and len(series.trigger_ms) > 1:
        spread = float(np.ptp(series.trigger_ms))
        beat_ms = spread * len(series.trigger_ms) / (len(series.trigger_ms) - 1)
    return float(np.clip(phases * 1000 / (beat_ms or 1000), slowest, 40.0))


def to_grey(pixels: np.ndarray) -> np.ndarray:
    """`(T, H, W)` to uint8 on one scale for all frames: one scale per frame would flicker."""
    pixels = np.asarray(pixels)
    if pixels.ndim != 3 or 0 in pixels.shape:
        raise StudyError(f"A moving picture needs pixels of shape (T, H, W), not {pixels.shape}.")
    pixels = np.nan_to_num(pixels.astype(np.float32), posinf=0.0, neginf=0.0)
    # A fourth of the pixels gives the same percentiles in a fourth of the time.
    sample = pixels[:, ::2, ::2] if min(pixels.shape[1:]) > 64 else pixels
    low, high = np.percentile(sample, GREY_PERCENTILES)
    if high <= low:  # nearly all of one value: show what is brighter than that
        low, high = float(pixels.min()), float(pixels.max())
    scaled = (pixels - low) / max(float(high - low), 1e-6)
    return (np.clip(scaled, 0, 1) * 255).round().astype(np.uint8)


def picture_data_uri(picture: bytes) -> str:
    """A WebP as a data URI, for an `<img src>` without a file or a request."""
    return "data:image/webp;base64," + base64.b64encode(picture).decode("ascii")


def score_bars(scores: Sequence[Score], *, dark: bool = False) -> go.Figure:
    """Horizontal bars, one a condition, each with what it is measured against.

    With a library: the percentile among all its cases as a bar and among its normal cases as a
    diamond; the similarity stands at the bar's end. Without one: bare cosine similarities, and
    the axis says that they are not measured against anything.
    """
    import plotly.graph_objects as go

    text_colour = "#e6e6e6" if dark else "#2b2f36"
    line_colour = "rgba(138, 143, 152, 0.35)"
    measured = any(score.percentile is not None for score in scores)
    values = [_value(score, measured) for score in scores]
    rows = list(range(len(scores)))
    figure = go.Figure(
        go.Bar(
            x=values,
            y=rows,
            orientation="h",
            width=0.36,
            marker={"color": BLUE},
            name="among all cases" if measured else "cosine similarity",
            text=[_bar_text(score, measured) for score in scores],
            textposition="outside",
            cliponaxis=False,
            customdata=[_hover(score) for score in scores],
            hovertemplate="%{customdata}<extra></extra>",
        )
    )
    normal = [(row, s) for row, s in enumerate(scores) if s.percentile_normal is not None]
    if measured and normal:
        figure.add_scatter(
            x=[score.percentile_normal for _, score in normal],
            y=[row for row, _ in normal],
            mode="markers",
            marker={
                "symbol": "diamond",
                "size": 13,
                "color": ORANGE,
                "line": {"color": "#1b1b1b", "width": 1},
            },
            name="among normal cases",
            customdata=[_hover(score) for _, score in normal],
            hovertemplate="%{customdata}<extra></extra>",
        )
    for row, score in zip(rows, scores, strict=True):
        figure.add_annotation(
            x=0 if measured else min(0.0, *values, 0.0),
            y=row - 0.36,
            xanchor="left",
            text=_row_label(score),
            showarrow=False,
        )
    reference = scores[0].reference if scores else ""
    title = (
        f"Percentile<br>{_small(_wrapped(reference))}"
        if measured
        else f"Cosine similarity<br>{_small('not measured against anything: no case library')}"
    )
    extent = [0, 118] if measured else _similarity_extent(values)
    ticks = {"tickvals": [0, 25, 50, 75, 100]} if measured else {}
    figure.update_layout(
        height=136 + 58 * max(1, len(scores)),
        margin={"l": 12, "r": 12, "t": 34, "b": 84},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"color": text_colour, "size": 13},
        legend={"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom"},
        showlegend=measured,
        bargap=0.5,
        hoverlabel={"align": "left"},
        dragmode=False,
        xaxis={
            "title": {"text": title, "font": {"size": 13}},
            "range": extent,
            "gridcolor": line_colour,
            "zerolinecolor": line_colour,
            "fixedrange": True,
            **ticks,
        },
        yaxis={
            "range": [len(scores) - 0.5, -0.7],
            "showticklabels": False,
            "showgrid": False,
            "zeroline": False,
            "fixedrange": True,
        },
    )
    if measured:
        figure.add_vline(x=50, line={"color": GREY, "width": 1, "dash": "dot"})
    return figure


def _value(score: Score, measured: bool) -> float:
    return (score.percentile or 0.0) if measured else score.similarity


def _bar_text(score: Score, measured: bool) -> str:
    if not measured:
        return f"{score.similarity:.3f}"
    if score.percentile is None:
        return f"not measured (similarity {score.similarity:.2f})"
    return f"{score.percentile:.0f}"


def _row_label(score: Score) -> str:
    name = _plain(textwrap.shorten(score.condition, 44, placeholder=" …"))
    return f"<b>{name}</b>  {_small(f'similarity {score.similarity:.2f}')}"


def _small(text: str) -> str:
    return f'<span style="font-size:11px">{text}</span>'


def _hover(score: Score) -> str:
    lines = [f"<b>{_wrapped(score.condition)}</b>", f"cosine similarity {score.similarity:.3f}"]
    if score.percentile is not None:
        lines.append(f"percentile {score.percentile:.0f} among all cases")
    if score.percentile_normal is not None:
        lines.append(f"percentile {score.percentile_normal:.0f} among normal cases")
    lines.append(_wrapped(score.reference))
    return "<br>".join(lines)


def _plain(text: str) -> str:
    """Text that plotly shows as it stands: it reads a few tags and entities as mark-up."""
    return html.escape(text, quote=False)


def _wrapped(text: str, width: int = 58) -> str:
    return "<br>".join(_plain(line) for line in textwrap.wrap(text, width))


def _similarity_extent(values: Sequence[float]) -> list[float]:
    low, high = min([0.0, *values]), max([0.0, *values])
    room = 0.18 * max(high - low, 0.05)
    return [low - (room if low < 0 else 0.0), high + room]


def _grid_frames(
    cines: Sequence[np.ndarray],
    spacing_mm: Sequence[tuple[float, float]],
    columns: int,
    size: int,
) -> list[Image]:
    if not cines:
        raise StudyError("There is no series to make a moving picture of.")
    grey = [to_grey(cine) for cine in cines]
    extents = [
        (g.shape[1] * mm[0], g.shape[2] * mm[1]) for g, mm in zip(grey, spacing_mm, strict=True)
    ]
    tallest, widest = max(e[0] for e in extents), max(e[1] for e in extents)
    per_mm = size / max(tallest, widest)
    tile = (max(1, round(widest * per_mm)), max(1, round(tallest * per_mm)))
    columns = max(1, min(columns, len(grey)))
    sheet = (
        columns * tile[0] + (columns - 1) * GAP,
        math.ceil(len(grey) / columns) * tile[1] + (math.ceil(len(grey) / columns) - 1) * GAP,
    )
    phases = max(len(g) for g in grey)
    image = _pillow()
    frames = []
    for phase in range(phases):
        page = image.new("L", sheet)
        for i, (g, extent) in enumerate(zip(grey, extents, strict=True)):
            picture = image.fromarray(g[phase * len(g) // phases]).resize(
                (max(1, round(extent[1] * per_mm)), max(1, round(extent[0] * per_mm))),
                image.Resampling.BICUBIC,
            )
            left = i % columns * (tile[0] + GAP) + (tile[0] - picture.width) // 2
            top = i // columns * (tile[1] + GAP) + (tile[1] - picture.height) // 2
            page.paste(picture, (left, top))
        frames.append(page.convert("RGB"))
    return frames


def _webp(frames: list[Image], duration_ms: int) -> bytes:
    out = io.BytesIO()
    more = {"save_all": True, "append_images": frames[1:], "duration": duration_ms, "loop": 0}
    # Method 2: on a cine a fifth smaller than the fastest, at little more time.
    frames[0].save(out, "WEBP", quality=QUALITY, method=2, **(more if len(frames) > 1 else {}))
    return out.getvalue()


def _pillow():  # noqa: ANN202 - a module
    try:
        from PIL import Image
    except ImportError as error:
        raise CmrClipError(
            "Moving pictures need Pillow: install cmrclip-lite with the extra 'demo' or "
            "'notebooks'."
        ) from error
    return Image
