"""A clip, and where each picture in it comes from.

A layout fills a clip from images, each scaled, moved and cut. A tile records that step, so that
what is found on the clip can be laid over the images, and what is known of the images over the
clip.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from torch import Tensor

from .heart import Place
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
        scale: clip pixels per pixel of the image, down and across.
        offset: where the middle of the image's first pixel lies in the clip, in clip pixels from
            the middle of the clip's own first pixel, down and across.
    """

    frame: int
    channels: tuple[int, ...]
    series: Series
    phase: int
    level: Level | None
    beat: float | None
    scale: Place
    offset: Place

    @property
    def view(self) -> str:
        """What it shows, in few words: "SAX basal", "4CH", "LGE SAX mid"."""
        late = ["LGE"] if self.series.sequence is Sequence.LGE else []
        return " ".join([*late, self.series.view, *([self.level] if self.level else [])])

    def places(self, size: int) -> tuple[np.ndarray, np.ndarray]:
        """`(size,)` rows and columns of the image, not rounded, in the middle of clip pixels."""
        at = np.arange(size)
        (down, across), (top, left) = self.scale, self.offset
        return (at - top) / down, (at - left) / across

    def lay_over_clip(self, pixels: np.ndarray, size: int, outside: float = 0) -> np.ndarray:
        """`(size, size)`: an image `(H, W)` like the series' at the clip's pixels, nearest.

        Nearest, so that labels stay labels.

        Args:
            outside: what there is beyond the image.
        """
        rows, columns = (np.rint(at).astype(int) for at in self.places(size))
        height, width = pixels.shape
        out = np.full((size, size), outside, pixels.dtype)
        inside = np.ix_((rows >= 0) & (rows < height), (columns >= 0) & (columns < width))
        out[inside] = pixels[np.ix_(rows[inside[0].ravel()], columns[inside[1].ravel()])]
        return out

    def lay_over_image(self, values: np.ndarray) -> np.ndarray:
        """`(H, W)`: values of the clip's pixels `(h, w)` at the pixels of the image.

        Bilinear, so values are kept rather than their sum; 0 where the clip does not reach.
        """
        weights = [
            _weights(scale * np.arange(pixels) + offset, length)
            for scale, offset, pixels, length in zip(
                self.scale, self.offset, self.series.pixels.shape[1:], values.shape, strict=True
            )
        ]
        return weights[0] @ values @ weights[1].T


@dataclass(frozen=True)
class Clip:
    """What a model sees of a study.

    Attributes:
        tensor: `(F, 3, H, W)` float32, normalised.
        notes: sentences about what was missing or assumed.
        tiles: where its pictures come from; what no tile fills is zero.
    """

    tensor: Tensor
    notes: tuple[str, ...] = ()
    tiles: tuple[Tile, ...] = ()


def _weights(at: np.ndarray, length: int) -> np.ndarray:
    """`(len(at), length)` of linear interpolation; rows of zeros beyond half a pixel outside."""
    inside = (at >= -0.5) & (at <= length - 0.5)
    near = np.clip(at, 0, length - 1)
    distance = np.abs(near[:, None] - np.arange(length))
    return np.clip(1 - distance, 0, None) * inside[:, None]
