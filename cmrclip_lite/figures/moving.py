"""Moving pictures of cines."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..errors import CmrClipError, StudyError

if TYPE_CHECKING:
    from PIL.Image import Image

    from ..study import Series

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
    return float(np.clip(phases * 1000 / (heartbeat_ms(series) or 1000), slowest, 40.0))


def heartbeat_ms(series: Series) -> float | None:
    """The length of a cine's heartbeat: its RR interval, else by its trigger times; or None."""
    if series.rr_ms:
        return float(series.rr_ms)
    if series.trigger_ms is None or len(series.trigger_ms) < 2:
        return None
    spread = float(np.ptp(series.trigger_ms))
    return spread * len(series.trigger_ms) / (len(series.trigger_ms) - 1) or None


def to_grey(pixels: np.ndarray, window: tuple[float, float] | None = None) -> np.ndarray:
    """`(T, H, W)` to uint8 on one scale for all frames: one scale per frame would flicker.

    Args:
        window: what is black and what white; None takes `grey_window` of these pixels.
    """
    pixels = np.asarray(pixels)
    if pixels.ndim != 3 or 0 in pixels.shape:
        raise StudyError(f"A moving picture needs pixels of shape (T, H, W), not {pixels.shape}.")
    pixels = np.nan_to_num(pixels.astype(np.float32), posinf=0.0, neginf=0.0)
    low, high = window or grey_window(pixels)
    scaled = (pixels - low) / max(high - low, 1e-6)
    return (np.clip(scaled, 0, 1) * 255).round().astype(np.uint8)


def grey_window(pixels: np.ndarray) -> tuple[float, float]:
    """What of finite pixels `(T, H, W)` is shown black, and what white."""
    # A fourth of the pixels gives the same percentiles in a fourth of the time.
    sample = pixels[:, ::2, ::2] if min(pixels.shape[1:]) > 64 else pixels
    low, high = (float(value) for value in np.percentile(sample, GREY_PERCENTILES))
    if high <= low:  # nearly all of one value: show what is brighter than that
        low, high = float(pixels.min()), float(pixels.max())
    return low, high


def picture_data_uri(picture: bytes) -> str:
    """A WebP as a data URI, for an `<img src>` without a file or a request."""
    return "data:image/webp;base64," + base64.b64encode(picture).decode("ascii")


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
