"""What the cine viewer on the page is given: each series as one sheet of all its phases.

The browser draws the phases itself (`viewer.js`), so that a person may stop, step, zoom and set the
window of what was sent once. Only plain data goes there; the script writes it as text.
"""

from __future__ import annotations

import io
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
from cines import CLOSE_UP_MM, about, heart_of, spread, title_of
from PIL import Image

from cmrclip_lite.figures import grey_window, heartbeat_ms, picture_data_uri
from cmrclip_lite.heart import find_heart
from cmrclip_lite.places import in_image
from cmrclip_lite.study import Series, Study, View

HERE = Path(__file__).resolve().parent
LONGEST = 256  # pixels of a frame's longer side: what a screen shows of a tile, and no more
QUALITY = 82
# Of the window that a series is first shown in, so much is sent beyond either end, for a window of
# one's own.
HEADROOM = 0.6
HEART_MM = 120.0  # side of the square that sets the window, and whose motion is told
BEAT_MS = 1000.0  # where a cine does not tell


def new() -> gr.HTML:
    """The viewer, empty, to be rendered where it belongs; its value is what `as_value` gives."""
    return gr.HTML(
        None,
        html_template='<div class="cine-viewer" role="group" aria-label="Cine viewer"></div>',
        js_on_load=(HERE / "viewer.js").read_text(encoding="utf-8"),
        elem_id="study",
        padding=False,
        render=False,
    )


def as_value(study: Study) -> str:
    """What `sheets` gives, as the JSON that the viewer reads."""
    return json.dumps(sheets(study))


def sheets(study: Study) -> dict[str, Any]:
    """The series of a study by view and kind, for the viewer.

    Returns:
        `beat_ms`, the length of a heartbeat; `groups`, each with `title`, `note` and `tiles`; a
        tile has its `sheet` (a WebP as a data URI, phases row by row in `columns`), `phases`,
        `width` and `height` of a phase in pixels, `mm` a pixel, `label`, `name` (for who cannot
        see it), `window` (`low` and `high` of 255), `heart` (its square, `left`, `top` and `side`
        as shares of width, height and width; None where none was found), and `motion`, the change
        of each phase against the first one there (None for a still).
    """
    groups: dict[tuple[str, str], list[Series]] = {}
    for series in study.series:
        groups.setdefault((str(series.view), str(series.sequence)), []).append(series)
    heart = heart_of(study.cines(View.SAX))
    shown = [_group(view, kind, stack, heart) for (view, kind), stack in groups.items()]
    return {"beat_ms": _beat_ms(study.series), "groups": shown}


def _group(
    view: str, kind: str, stack: Sequence[Series], heart: np.ndarray | None
) -> dict[str, Any]:
    title, chosen = title_of(view, kind), spread(stack)
    # Only of a short axis does the motion alone tell where the heart is.
    moving = find_heart(stack) if view == View.SAX and stack[0].is_cine else None
    tiles = []
    for i in chosen:
        centre = moving if moving is not None else in_image(stack[i], heart)
        label = f"{i + 1}/{len(stack)}" if len(stack) > 1 else ""
        tiles.append(_tile(stack[i], centre, label, title))
    left_out = len(stack) - len(tiles)
    note = f"{len(tiles)} of {len(stack)} slices shown" if left_out else ""
    return {"title": title, "note": note, "tiles": tiles}


def _tile(
    series: Series, centre: tuple[float, float] | None, label: str, title: str
) -> dict[str, Any]:
    grey, window = _grey(series, centre)
    rows, columns = grey.shape[1:]
    height_mm, width_mm = (n * mm for n, mm in zip((rows, columns), series.spacing_mm, strict=True))
    # As many pixels as there are along the finer direction, square ones, and no more than a screen
    # shows.
    per_mm = min(1 / min(series.spacing_mm), LONGEST / max(height_mm, width_mm))
    size = max(1, round(width_mm * per_mm)), max(1, round(height_mm * per_mm))
    phases = len(grey)
    across = math.ceil(math.sqrt(phases))
    sheet = Image.new("L", (across * size[0], math.ceil(phases / across) * size[1]))
    for phase, frame in enumerate(grey):
        picture = Image.fromarray(frame)
        if picture.size != size:
            picture = picture.resize(size, Image.Resampling.BICUBIC)
        sheet.paste(picture, (phase % across * size[0], phase // across * size[1]))
    out = io.BytesIO()
    sheet.convert("RGB").save(out, "WEBP", quality=QUALITY, method=1)
    heart = None
    if centre is not None:
        top, left = (mm - CLOSE_UP_MM / 2 for mm in centre)
        heart = {
            "left": left / width_mm,
            "top": top / height_mm,
            "side": CLOSE_UP_MM / width_mm,
        }
    place = f"slice {label.replace('/', ' of ')}, " if label else ""
    return {
        "sheet": picture_data_uri(out.getvalue()),
        "phases": phases,
        "columns": across,
        "width": size[0],
        "height": size[1],
        "mm": 1 / per_mm,
        "label": label,
        "name": f"{title}, {place}{f'{phases} phases' if phases > 1 else 'still'}",
        "window": window,
        "heart": heart,
        "motion": _motion(grey, series.spacing_mm, centre) if phases > 1 else None,
    }


def _grey(series: Series, centre: tuple[float, float] | None) -> tuple[np.ndarray, dict[str, int]]:
    """`(T, H, W)` uint8 on one scale for all phases, and the window to show it in at first.

    The window is that of the heart where it is known: a chest's fat is brighter, and would leave
    the heart dark.
    """
    values = np.nan_to_num(np.asarray(series.pixels).astype(np.float32), posinf=0.0, neginf=0.0)
    low, high = grey_window(about(values, series.spacing_mm, centre, HEART_MM))
    room = HEADROOM * (high - low)
    bottom, top = max(float(values.min()), low - room), min(float(values.max()), high + room)
    scale = 255 / max(top - bottom, 1e-6)
    grey = np.clip((values - bottom) * scale, 0, 255).round().astype(np.uint8)
    return grey, {"low": round((low - bottom) * scale), "high": round((high - bottom) * scale)}


def _motion(
    grey: np.ndarray, spacing_mm: tuple[float, float], centre: tuple[float, float] | None
) -> list[float]:
    """Mean absolute difference of each phase from the first, about the heart, in grey levels."""
    part = about(grey, spacing_mm, centre, HEART_MM)
    difference = np.abs(part.astype(np.int16) - part[0].astype(np.int16))
    return [round(float(x), 2) for x in difference.mean(axis=(1, 2))]


def _beat_ms(stack: Sequence[Series]) -> float:
    """The median heartbeat of the cines that tell one, within what hearts do."""
    told = [beat for series in stack if series.is_cine and (beat := heartbeat_ms(series))]
    return float(np.clip(np.median(told), 300, 3000)) if told else BEAT_MS
