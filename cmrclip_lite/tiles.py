"""A clip, and where each picture in it comes from.

A layout fills a clip from images, each scaled, moved and cut. A tile records that step, so that
what is found on the clip can be laid over the images, and what is known of the images over the
clip.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from .places import sample
from .study import Level, Sequence, Series


@dataclass(frozen=True, eq=False)
class Tile:
    """One picture of a clip.

    Attributes:
        frame, channels: where in the clip it is; a grey picture may fill all three channels.
        series, phase: the image that it shows, `series.pixels[phase]`.
        level: which short-axis level of the layout it stands for, if any.
        beat: when it is in the heartbeat, 0 to 1: after end-diastole where the layout looks for
            that, else after the first phase. None for a still.
        matrix: `(2, 2)` steps (down, across) in the image to steps in the clip, in pixels of each.
        offset: `(2,)` where the middle of the image's first pixel lies in the clip, in clip pixels
            from the middle of the clip's own first pixel, down and across.
    """

    frame: int
    channels: tuple[int, ...]
    series: Series
    phase: int
    level: Level | None
    beat: float | None
    matrix: np.ndarray
    offset: np.ndarray

    @property
    def view(self) -> str:
        """What it shows, in few words: "SAX basal", "4CH", "LGE SAX mid"."""
        late = ["LGE"] if self.series.sequence is Sequence.LGE else []
        return " ".join([*late, self.series.view, *([self.level] if self.level else [])])

    def places(self, size: int) -> np.ndarray:
        """`(2, size, size)` rows and columns of the image, not rounded, in the clip's pixels."""
        at = np.indices((size, size)) - np.reshape(self.offset, (2, 1, 1))
        return np.einsum("ij,jhw->ihw", np.linalg.inv(self.matrix), at)

    def lay_over_clip(self, pixels: np.ndarray, size: int, outside: float = 0) -> np.ndarray:
        """`(size, size)`: an image `(H, W)` like the series' at the clip's pixels, nearest.

        Nearest, so that labels stay labels.

        Args:
            outside: what there is beyond the image.
        """
        rows, columns = np.rint(self.places(size)).astype(int)
        height, width = pixels.shape
        out = np.full((size, size), outside, pixels.dtype)
        inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
        out[inside] = pixels[rows[inside], columns[inside]]
        return out

    def lay_over_image(self, values: np.ndarray) -> np.ndarray:
        """`(H, W)`: values of the clip's pixels `(h, w)` at the pixels of the image.

        Bilinear, so values are kept rather than their sum; 0 where the clip does not reach, half a
        pixel beyond the middle of its last.
        """
        at = np.einsum("ij,jhw->ihw", self.matrix, np.indices(self.series.pixels.shape[1:]))
        at += np.reshape(self.offset, (2, 1, 1))
        last = np.reshape(values.shape, (2, 1, 1)) - 1
        reached = ((at >= -0.5) & (at <= last + 0.5)).all(0)
        grid = torch.from_numpy(values.astype(np.float64))[None]
        places = torch.from_numpy(np.clip(at, 0, last)).permute(1, 2, 0)
        return sample(grid, places)[0].numpy() * reached


@dataclass(frozen=True)
class Clip:
    """What a model sees of a study.

    Attributes:
        tensor: `(F, 3, H, W)` float32, normalised.
        notes: sentences about what was missing or assumed.
        tiles: where its pictures come from; what no tile fills is zero.
        readings: parts of the tensor, of as many frames each, that a model reads one by one.
    """

    tensor: Tensor
    notes: tuple[str, ...] = ()
    tiles: tuple[Tile, ...] = ()
    readings: int = 1
