"""Text drawn into the pixels of an image, found without reading it.

Scanners and viewers draw names, dates and counters as anatomy never looks: strokes of one to four
pixels, at one grey level, with hard edges, in pieces of one height that stand on one line. Each
of these is measured for every row of pieces, and their weighted sum says whether it is text.
`benchmarks/burned_in.py` measures how often that is right.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from .strokes import Runs, connected, rise, runs_of

# How far strokes rise above their surroundings, as shares of the range of grey levels. The low
# one finds text on bright ground; the high one keeps apart glyphs whose smoothed edges touch.
RISES = (0.25, 0.45)
# Heights of letters and digits in fonts of 8 to 32 pixels.
HEIGHTS = (5, 28)
# With more pieces than this an image is noise, and the table of pairs too large to be quick.
MOST_PIECES = 400
# The least width of a row, in letters.
FEWEST_LETTERS = 2.2
# A letter is about as wide as this share of its height.
LETTER_WIDTH = 0.75
# Values of one grey level differ by no more than this share of the range.
SAME_GREY = 0.03
# Gaps between letters are below this many heights, and between words below that.
BETWEEN_LETTERS, BETWEEN_WORDS = 0.9, 1.5
# Pixels added around what was found, for smoothed edges and outlines.
MARGIN = 3

# Logistic regression on rows of pieces in drawn text and in clean images, real and synthetic, its
# threshold moved so that one in a thousand clean images has such a row. Above 0 is text.
WEIGHTS = {
    "pieces": 0.34,
    "letters": -0.5,
    "length": 2.55,
    "strokes": 3.0,
    "flat": 2.41,
    "hard": 15.43,
    "contrast": 9.3,
}
BIAS = -27.0
# Beyond these a row is no more surely text.
_MOST = {"pieces": 8.0, "letters": 10.0, "length": 8.0, "strokes": 3.0}


class Box(NamedTuple):
    """A rectangle of pixels; `bottom` and `right` are the first row and column past it."""

    top: int
    left: int
    bottom: int
    right: int


class Row(NamedTuple):
    """A row of pieces, and what tells text from anatomy.

    Attributes:
        box: around all pieces.
        height: of the middle piece, in pixels.
        grey: mean of the pieces' brightest values.
        pieces: how many stand apart.
        letters: how many letters would be as wide.
        length: width over height of the box.
        strokes: strokes over columns.
        flat: share of pixels at the one grey level.
        hard: the steepest step at the softer edge of a stroke, over the contrast, at most 1.
        contrast: between strokes and what lies beside them, as a share of the range.
    """

    box: Box
    height: float
    grey: float
    pieces: float
    letters: float
    length: float
    strokes: float
    flat: float
    hard: float
    contrast: float


def find_burned_in(pixels: np.ndarray) -> list[Box]:
    """Find letters and digits drawn into an image, or into any image of a cine.

    Looks for upright rows of three or more characters of 8 pixels and up, brighter or darker than
    what surrounds them.

    Args:
        pixels: `(H, W)` or `(T, H, W)`, integer or floating. Each image is looked at by itself, so
            text that changes from phase to phase is found too.

    Returns:
        Boxes around the text and a margin, none overlapping, from the top down.

    Raises:
        ValueError: for another number of dimensions.
    """
    pixels = np.asarray(pixels)
    if pixels.ndim not in (2, 3):
        raise ValueError(f"pixels must be (H, W) or (T, H, W), not {pixels.shape}.")
    found: set[Box] = set()
    for image in pixels.reshape(-1, *pixels.shape[-2:]):
        for row, mask, bright in candidates(image):
            if score(row) > 0:
                found.add(_whole(row, mask, bright))
    return joined(found)


def joined(boxes: set[Box]) -> list[Box]:
    """Boxes around those that overlap, from the top down."""
    apart: list[Box] = []
    pending = sorted(boxes)
    while pending:
        box = pending.pop()
        near = [b for b in apart if _overlap(b, box)]
        if near:
            apart = [b for b in apart if b not in near]
            tops, lefts, bottoms, rights = zip(box, *near, strict=True)
            pending.append(Box(min(tops), min(lefts), max(bottoms), max(rights)))
        else:
            apart.append(box)
    return sorted(apart)


def score(row: Row) -> float:
    """How much a row looks like text; above 0 it is taken for text."""
    values = {name: getattr(row, name) for name in WEIGHTS}
    return BIAS + sum(WEIGHTS[n] * min(v, _MOST.get(n, v)) for n, v in values.items())


def candidates(image: np.ndarray) -> Iterator[tuple[Row, np.ndarray, np.ndarray]]:
    """Every row of pieces in `(H, W)`, of bright and of dark strokes.

    Yields:
        The row; the `(H, W)` mask of strokes it lies in; and the image scaled to 0..1, turned
        so that the strokes are bright.
    """
    if min(image.shape) < HEIGHTS[0]:
        return
    image = np.nan_to_num(image.astype(np.float32))
    low, high = float(image.min()), float(image.max())
    if high <= low:
        return
    image = (image - low) / (high - low)
    for bright in (image, 1.0 - image):
        above = rise(bright)
        for least in RISES:
            mask = above > least
            for row in _rows(bright, mask):
                yield row, mask, bright


def _rows(bright: np.ndarray, mask: np.ndarray) -> Iterator[Row]:
    runs = runs_of(mask)
    box = runs.boxes()
    height, width = box[:, 2] - box[:, 0], box[:, 3] - box[:, 1]
    area = np.bincount(runs.piece, runs.length)
    least, most = HEIGHTS
    fits = (height >= least) & (height <= most) & (width <= 5 * height)
    fits = np.flatnonzero(fits & (area >= 0.12 * height * width))
    if not 0 < len(fits) <= MOST_PIECES:
        return
    values = bright[mask]
    piece = np.repeat(runs.piece, runs.length)
    grey = np.zeros(len(box), np.float32)
    np.maximum.at(grey, piece, values)
    group = np.full(len(box), -1)
    group[fits] = connected(len(fits), *_neighbours(box[fits], grey[fits]))
    beside, step = _edges(bright, runs)
    for number in range(group.max() + 1):
        members = np.flatnonzero(group == number)
        middle = float(np.median(height[members]))
        letters = float(np.maximum(1.0, width[members] / (LETTER_WIDTH * middle)).sum())
        if letters < FEWEST_LETTERS:
            continue
        own = group[runs.piece] == number
        level = float(grey[members].mean())
        contrast = np.maximum(level - beside[own], 1e-3)
        around = Box(*box[members, :2].min(0).tolist(), *box[members, 2:].max(0).tolist())
        yield Row(
            box=around,
            height=middle,
            grey=level,
            pieces=len(members),
            letters=letters,
            length=(around.right - around.left) / (around.bottom - around.top),
            strokes=int(own.sum()) / (around.right - around.left),
            flat=float((values[group[piece] == number] > level - SAME_GREY).mean()),
            hard=float(np.median(np.minimum(step[own] / contrast, 1.0))),
            contrast=float(np.median(contrast)),
        )


def _neighbours(box: np.ndarray, grey: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of pieces that may be neighbours in a row: one height, one line, one grey."""
    top, left, bottom, right = box.T
    height = bottom - top
    taller = np.maximum.outer(height, height)
    gap = left - right[:, None]
    off = np.maximum(1.0, np.round(0.12 * taller))
    # Letters without descenders share a bottom; with them, a top.
    level = (np.abs(np.subtract.outer(bottom, bottom)) <= off) | (
        np.abs(np.subtract.outer(top, top)) <= off
    )
    near = (gap >= -2) & (gap <= np.maximum(3.0, BETWEEN_LETTERS * taller))
    near &= left > left[:, None]
    alike = taller <= 1.7 * np.minimum.outer(height, height)
    alike &= np.abs(np.subtract.outer(grey, grey)) <= 4 * SAME_GREY
    return np.nonzero(level & near & alike)


def _edges(bright: np.ndarray, runs: Runs) -> tuple[np.ndarray, np.ndarray]:
    """For each run, the darker value two pixels beside it, and the step at its softer end."""
    padded = np.pad(bright, ((0, 0), (3, 3)), mode="edge")
    steps = np.diff(padded, axis=1)
    row, start, end = runs.row, runs.start + 3, runs.end + 3
    beside = np.minimum(padded[row, start - 2], padded[row, end + 1])
    up = np.max([steps[row, start + k] for k in (-2, -1, 0)], axis=0)
    down = np.max([-steps[row, end + k] for k in (-2, -1, 0)], axis=0)
    return beside, np.minimum(up, down)


def _whole(row: Row, mask: np.ndarray, bright: np.ndarray) -> Box:
    """A box around a row and the words before and after it, dots and commas included."""
    slack = max(2, round(0.4 * row.height))
    top, bottom = max(0, row.box.top - slack), row.box.bottom + slack
    strokes = mask[top:bottom] & (bright[top:bottom] > row.grey - 8 * SAME_GREY)
    columns = np.flatnonzero(strokes.any(axis=0))
    breaks = np.flatnonzero(np.diff(columns) > BETWEEN_WORDS * row.height + 1) + 1
    word = next(part for part in np.split(columns, breaks) if part[-1] >= row.box.left)
    left, right = min(int(word[0]), row.box.left), max(int(word[-1]) + 1, row.box.right)
    lines = np.flatnonzero(strokes[:, left:right].any(axis=1))
    high, wide = mask.shape
    return Box(
        max(0, top + int(lines[0]) - MARGIN),
        max(0, left - MARGIN),
        min(high, top + int(lines[-1]) + 1 + MARGIN),
        min(wide, right + MARGIN),
    )


def _overlap(a: Box, b: Box) -> bool:
    return a.top < b.bottom and b.top < a.bottom and a.left < b.right and b.left < a.right
