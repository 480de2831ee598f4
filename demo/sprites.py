"""Moving pictures that the page itself steps through, so that all of them beat as one.

A browser plays an animated WebP by its own clock. As a strip, all frames side by side in one
picture, `beating.js` shows the frame that fits the phase of the heartbeat.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from page import escape
from PIL import Image

from cmrclip_lite.errors import StudyError
from cmrclip_lite.figures import heart_rate_fps, moving_picture, picture_data_uri
from cmrclip_lite.heart_layout import short_axis_picture
from cmrclip_lite.library.thumbnail import MILLIMETRES, PIXELS, has_picture
from cmrclip_lite.study import Study

SCRIPT = (Path(__file__).resolve().parent / "beating.js").read_text(encoding="utf-8")
# Of the page's head: gr.HTML runs no script of its own content.
HEAD = f"<script>{SCRIPT}</script>"
FINER = 2  # how much finer the study's picture is than a library's, over the same millimetres
PHASES, SIZE = 24, 320  # of the study's picture; frames, and pixels on the screen
QUALITY = 75
WIDEST = 16_383  # pixels of a WebP


@dataclass(frozen=True)
class Strip:
    """All frames of a moving picture side by side.

    Attributes:
        webp: the picture, `frames` times as wide as one frame.
        frames: how many.
        ms: for how long one is shown where nothing else sets the pace.
    """

    webp: bytes
    frames: int
    ms: int


@lru_cache(maxsize=256)
def strip(moving: bytes) -> Strip | None:
    """An animated picture as a strip; None for no picture or a damaged one."""
    try:
        with Image.open(io.BytesIO(moving)) as picture:
            frames, durations = [], []
            for index in range(getattr(picture, "n_frames", 1)):
                picture.seek(index)
                frames.append(picture.convert("L"))
                durations.append(picture.info.get("duration", 0) or 1000 / 12)
    except (OSError, ValueError, Image.DecompressionBombError):
        return None  # the card then says that there is none
    total, width = sum(durations), frames[0].width
    # An encoder makes equal neighbours one frame that lasts longer; here all last equally long.
    count = max(1, min(round(total / min(durations)), WIDEST // width))
    ends = np.cumsum(durations)
    middles = (np.arange(count) + 0.5) * total / count
    sheet = Image.new("L", (count * width, frames[0].height))
    for place, index in enumerate(np.searchsorted(ends, middles)):
        sheet.paste(frames[index], (place * width, 0))
    out = io.BytesIO()
    sheet.save(out, "WEBP", quality=QUALITY, method=2)
    return Strip(out.getvalue(), count, round(total / count))


def beating(moving: bytes, alt: str) -> str:
    """A picture that beats with the page, as HTML."""
    shown = strip(moving)
    if shown is None:
        return '<p class="no-picture">No picture</p>'
    return (
        f'<div class="beat" data-frames="{shown.frames}" data-ms="{shown.ms}">'
        f'<img src="{picture_data_uri(shown.webp)}" alt="{escape(alt)}" '
        f'style="width:{100 * shown.frames}%"></div>'
    )


def study_picture(study: Study) -> bytes:
    """The open study as a library would show it, only finer: the same level and field of view.

    Raises:
        StudyError: if it has no short-axis cine.
    """
    if not has_picture(study):
        raise StudyError("The study has no short-axis cine to show beside the case.")
    spacing, pixels = MILLIMETRES / FINER, PIXELS * FINER
    grey = short_axis_picture(study, PHASES, spacing, pixels)
    stack = study.cines()
    fps = heart_rate_fps(stack[len(stack) // 2], PHASES)
    return moving_picture(grey, spacing_mm=(spacing, spacing), size=SIZE, fps=fps)


def hold_button() -> str:
    """Stops and starts all of them; its words change with what it would do."""
    return (
        '<button type="button" class="beat-hold"><span class="when-moving">❚❚ Pause pictures</span>'
        '<span class="when-held">▶ Play pictures</span></button>'
    )
