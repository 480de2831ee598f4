"""Moving pictures in a notebook, with a still for where they cannot move."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import StudyError
from ..figures import heart_rate_fps, moving_grid, picture_data_uri
from ..library import Case
from ..study import Series

_JPEG_QUALITY = 65
_GAP = 4  # pixels between the two phases of a still


@dataclass(frozen=True)
class Shown:
    """What Jupyter displays: a page where it can, else the still picture, else the text."""

    page: str
    text: str
    still: bytes = b""  # JPEG; empty for none

    def _repr_mimebundle_(self, **_kwargs: Any) -> dict[str, str]:
        bundle = {"text/plain": self.text, "text/html": self.page}
        if self.still:
            bundle["image/jpeg"] = base64.b64encode(self.still).decode("ascii")
        return bundle


def watch(*series: Series, columns: int = 4, size: int = 150) -> Shown:
    """Series beside each other, all beating in step, on one scale in millimetres.

    Args:
        series: cines or stills, such as `*study.cines("SAX")`.
        columns: pictures in a row.
        size: longer side of a picture in screen pixels.

    Raises:
        StudyError: if there is no series.
    """
    if not series:
        raise StudyError("There is no series to watch; study.views says which views there are.")
    longest = max(series, key=lambda s: len(s.pixels))
    picture = moving_grid(
        [s.pixels for s in series],
        spacing_mm=[s.spacing_mm for s in series],
        columns=columns,
        size=size,
        fps=heart_rate_fps(longest),
    )
    text = f"Moving pictures: {summary(series)}"
    return Shown(image_element(picture, text), text, still(picture))


def summary(series: Sequence[Series]) -> str:
    """Which views, in words, such as "SAX (12), 4CH (1)"."""
    counts: dict[str, int] = {}
    for one in series:
        name = str(one.view) + ("" if one.sequence != "LGE" else " LGE")
        counts[name] = counts.get(name, 0) + 1
    return ", ".join(f"{name} ({count})" for name, count in counts.items())


def cards(cases: Sequence[Case], *, size: int = 160) -> Shown:
    """Cases that a search found, side by side: picture, similarity, impression."""
    inside = "".join(
        f'<div style="width:{size + 10}px;font-size:12px">'
        + (image_element(case.picture, f"Case {case.id}", size) if case.picture else "")
        + f"<br><b>similarity {case.similarity:.2f}</b><br>{html.escape(case.impression)}</div>"
        for case in cases
    )
    text = "\n".join(f"{case.similarity:.2f}  {case.impression}" for case in cases)
    page = f'<div style="display:flex;gap:12px;flex-wrap:wrap">{inside}</div>'
    return Shown(page, text or "No case was found.")


def image_element(picture: bytes, alt: str, width: int | None = None) -> str:
    """A WebP as an `<img>` that needs no file."""
    width_of = f' width="{width}"' if width else ""
    return f'<img src="{picture_data_uri(picture)}" alt="{html.escape(alt)}"{width_of}>'


def still(picture: bytes) -> bytes:
    """A moving picture as a JPEG: its first phase and the one that differs most from it.

    Of a cine from the R wave these are the end of diastole and about the end of systole.
    """
    from PIL import Image, ImageSequence

    phases = [
        np.asarray(phase.convert("L"))
        for phase in ImageSequence.Iterator(Image.open(io.BytesIO(picture)))
    ]
    pages = [phases[0]]
    if len(phases) > 1:
        change = [np.abs(phase.astype(int) - phases[0]).mean() for phase in phases]
        pages.append(phases[int(np.argmax(change))])
        beside = pages[0].shape[0] > pages[0].shape[1]
        gap = np.full_like(pages[0][:, :_GAP] if beside else pages[0][:_GAP], 255)
        pages = [np.concatenate([pages[0], gap, pages[1]], axis=1 if beside else 0)]
    out = io.BytesIO()
    Image.fromarray(pages[0]).save(out, "JPEG", quality=_JPEG_QUALITY)
    return out.getvalue()
