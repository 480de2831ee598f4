"""The moving pictures of a study, grouped by view."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from page import VIEW_NAMES, Picture

from cmrclip_lite.figures import heart_rate_fps, moving_grid
from cmrclip_lite.heart import find_heart
from cmrclip_lite.places import in_image, in_patient
from cmrclip_lite.study import Series, Study, View

COLUMNS = 4
CLOSE_UP_MM = 190.0  # holds a dilated heart also where the centre found is somewhat off it
MAX_TILES = 24
TILE, SINGLE = 180, 360  # screen pixels of a tile in a grid, and of a picture alone
KIND_NAMES = {"cine": "cine", "LGE": "late enhancement"}


def pictures(study: Study) -> list[Picture]:
    """One picture for each view and kind; the short axis close to the heart."""
    groups: dict[tuple[str, str], list[Series]] = {}
    for series in study.series:
        groups.setdefault((str(series.view), str(series.sequence)), []).append(series)
    heart = heart_of(study.cines(View.SAX))
    shown = []
    for (view, kind), stack in groups.items():
        close = close_up(stack, heart) if view == View.SAX else None
        name = title_of(view, kind)
        if close is None:
            shown.append(_picture(name, stack, [series.pixels for series in stack]))
        else:
            shown.append(_picture(f"{name}, close to the heart", stack, close))
    return shown


def title_of(view: str, kind: str) -> str:
    """What a group of series of one view and kind is called."""
    name = VIEW_NAMES.get(view, view)
    return name if kind == "unknown" else f"{name}, {KIND_NAMES.get(kind, kind)}"


def spread(stack: Sequence[Series]) -> Sequence[int]:
    """Which of a stack are shown: all, or so many spread over it."""
    if len(stack) <= MAX_TILES:
        return range(len(stack))
    return sorted({round(i) for i in np.linspace(0, len(stack) - 1, MAX_TILES)})


def thumbnail(study: Study, size: int = 128) -> bytes | None:
    """A small moving picture of the middle short-axis slice, or of whatever there is."""
    stack = study.cines(View.SAX) or study.cines() or study.series
    if not stack:
        return None
    close = close_up(stack) if stack[0].is_cine else None
    middle = len(stack) // 2
    pixels = (close or [series.pixels for series in stack])[middle]
    return moving_grid(
        [pixels],
        spacing_mm=[stack[middle].spacing_mm],
        columns=1,
        size=size,
        fps=heart_rate_fps(stack[middle]),
    )


def close_up(stack: Sequence[Series], heart: np.ndarray | None = None) -> list[np.ndarray] | None:
    """Each series cut to a square around the heart, or None where no heart is found.

    A cine's own motion shows where it is; for stills, which do not move, `heart` is its place in
    the patient.
    """
    if stack[0].is_cine:
        centres = [find_heart(stack)] * len(stack)
    else:
        centres = [in_image(series, heart) for series in stack]
    if None in centres:
        return None
    return [
        about(series.pixels, series.spacing_mm, centre, CLOSE_UP_MM)
        for series, centre in zip(stack, centres, strict=True)
    ]


def heart_of(stack: Sequence[Series]) -> np.ndarray | None:
    """The heart's middle in the patient, if a cine shows it and says where it lies."""
    centre = find_heart(stack) if stack else None
    return None if centre is None else in_patient(stack[len(stack) // 2], centre)


def about(
    pixels: np.ndarray,
    spacing_mm: tuple[float, float],
    centre: tuple[float, float] | None,
    side_mm: float,
) -> np.ndarray:
    """`(T, H, W)` cut to a square about a place in mm, moved inwards at the rim; all for None."""
    if centre is None:
        return pixels
    spans = []
    for length, middle, mm in zip(pixels.shape[1:], centre, spacing_mm, strict=True):
        half = round(side_mm / 2 / mm)
        start = int(np.clip(round(middle / mm) - half, 0, max(0, length - 2 * half)))
        spans.append(slice(start, min(length, start + 2 * half)))
    return pixels[:, spans[0], spans[1]]


def _picture(title: str, stack: Sequence[Series], pixels: Sequence[np.ndarray]) -> Picture:
    chosen = spread(stack)
    cines = [pixels[i] for i in chosen]
    columns = min(COLUMNS, len(cines))
    longest = max(chosen, key=lambda i: len(pixels[i]))
    phases = len(pixels[longest])
    detail = f"{len(stack)} slice{'s' if len(stack) > 1 else ''}"
    if len(cines) < len(stack):
        detail += f" ({len(cines)} shown)"
    detail += f", {phases} phases" if phases > 1 else ", still"
    moving = moving_grid(
        cines,
        spacing_mm=[stack[i].spacing_mm for i in chosen],
        columns=columns,
        size=TILE if columns > 1 else SINGLE,
        fps=heart_rate_fps(stack[longest]),
    )
    return Picture(title, detail, moving)
