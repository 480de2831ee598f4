"""Thin strokes in an image and the pieces they make up, in NumPy alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# A stroke is what does not hold a square of this many pixels a side.
SQUARE = 5


def rise(image: np.ndarray) -> np.ndarray:
    """How far each pixel of `(H, W)` rises above the image without its bright strokes.

    The white top-hat: the image less its morphological opening by a square of `SQUARE` pixels.
    """
    opened = np.pad(image, SQUARE - 1, mode="edge")
    for pick in (np.minimum, np.maximum):
        opened = _filtered(_filtered(opened, pick).T, pick).T
    return image - opened


def _filtered(image: np.ndarray, pick: np.ufunc) -> np.ndarray:
    """The least or greatest of each `SQUARE` = 5 neighbouring rows; four rows fewer."""
    pairs = pick(image[:-1], image[1:])
    fours = pick(pairs[:-2], pairs[2:])
    return pick(fours[:-1], image[4:])


@dataclass(frozen=True, eq=False)
class Runs:
    """The runs of a mask along its rows, in reading order, `(R,)` each, and the piece of each.

    A piece is 8-connected. Run `i` covers columns `start[i]` to `end[i] - 1` of `row[i]`.
    """

    row: np.ndarray
    start: np.ndarray
    end: np.ndarray
    piece: np.ndarray

    @property
    def length(self) -> np.ndarray:
        return self.end - self.start

    def boxes(self) -> np.ndarray:
        """`(N, 4)` top, left, bottom and right of every piece."""
        count = int(self.piece.max(initial=-1)) + 1
        most = np.iinfo(np.int64).max
        boxes = np.repeat(np.array([[most, most, 0, 0]]), count, axis=0)
        np.minimum.at(boxes[:, 0], self.piece, self.row)
        np.minimum.at(boxes[:, 1], self.piece, self.start)
        np.maximum.at(boxes[:, 2], self.piece, self.row + 1)
        np.maximum.at(boxes[:, 3], self.piece, self.end)
        return boxes


def runs_of(mask: np.ndarray) -> Runs:
    """The runs of a boolean `(H, W)`."""
    # A column of nothing on either side ends every run within its row.
    wide = mask.shape[1] + 2
    edges = np.diff(np.pad(mask, ((0, 0), (1, 1))).view(np.int8).ravel())
    begins, ends = np.flatnonzero(edges == 1) + 1, np.flatnonzero(edges == -1) + 1
    row = begins // wide
    # Runs of the next row that touch this one, corners included, follow one another.
    first = np.searchsorted(ends, begins + wide)
    last = np.searchsorted(begins, ends + wide, side="right")
    count = np.maximum(last - first, 0)
    upper = np.repeat(np.arange(len(row)), count)
    lower = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count - first, count)
    piece = connected(len(row), upper, lower)
    return Runs(row, begins - row * wide - 1, ends - row * wide - 1, piece)


def connected(count: int, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """`(count,)` numbers from 0 of the groups that the links from `a[i]` to `b[i]` make."""
    group = np.arange(count)
    while True:
        least = np.minimum(group[a], group[b])
        joined = group.copy()
        np.minimum.at(joined, a, least)
        np.minimum.at(joined, b, least)
        joined = joined[joined]
        if np.array_equal(joined, group):
            return np.unique(group, return_inverse=True)[1]
        group = joined
