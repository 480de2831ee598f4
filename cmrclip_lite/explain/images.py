"""What each image of a study brings to a similarity: Shapley values by random orders."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from torch import Tensor

from ..study import Series, View
from ..tiles import Clip, Tile
from .dissolving import dissolve, similarities

if TYPE_CHECKING:
    from ..model import CMRCLIP

ORDERS = 8  # in which images join; half of them are the others turned round


@dataclass(frozen=True)
class Contribution:
    """What one image adds to a similarity.

    Attributes:
        tiles: the pictures of the clip that show it, usually one.
        value: how much of the similarity it brings; below 0, how much it takes away.
        error: the standard error of that, for the orders were drawn.
    """

    tiles: tuple[Tile, ...]
    value: float
    error: float

    @property
    def view(self) -> str:
        """What the image shows, as `Tile.view` of the first of its tiles."""
        return self.tiles[0].view

    @property
    def beat(self) -> float | None:
        """When in the heartbeat, 0 to 1, as `Tile.beat`; None for a still."""
        return self.tiles[0].beat


def shapley_values(
    model: CMRCLIP, clip: Clip, queries: Tensor, orders: int = ORDERS
) -> list[tuple[Contribution, ...]]:
    """For each query `(Q, D)`, what each image of a clip brings to the similarity.

    An image that fills several pictures of the clip joins with all of them. For every order the
    reverse is used too, which halves the chance in it (Mitchell et al., JMLR 23:43, 2022).

    Raises:
        ValueError: if the orders are not even, or fewer than four.
    """
    if orders < 4 or orders % 2:
        raise ValueError(f"Orders come in pairs, at least two of them; {orders} do not.")
    images: dict[tuple[Series, int], list[Tile]] = {}
    for tile in sorted(clip.tiles, key=_in_order):
        images.setdefault((tile.series, tile.phase), []).append(tile)
    members = list(images.values())
    rng, pairs = np.random.default_rng(0), []
    for _ in range(orders // 2):
        order = rng.permutation(len(members))
        both = [_gains(model, clip, queries, members, turned) for turned in (order, order[::-1])]
        pairs.append(sum(both) / 2)
    value = np.mean(pairs, axis=0)  # (images, Q)
    error = np.std(pairs, axis=0, ddof=1) / np.sqrt(len(pairs))
    return [
        tuple(
            Contribution(tuple(tiles), float(v), float(e))
            for tiles, v, e in zip(members, value[:, i], error[:, i], strict=True)
        )
        for i in range(len(queries))
    ]


def _gains(
    model: CMRCLIP, clip: Clip, queries: Tensor, members: list[list[Tile]], order: np.ndarray
) -> np.ndarray:
    """`(images, Q)`: what the similarities gain as images come into focus in an order."""

    def joining() -> Iterator[Tensor]:
        so_far = dissolve(clip.tensor)
        yield so_far
        for image in order:
            so_far = so_far.clone()
            for tile in members[image]:
                channels = list(tile.channels)
                so_far[tile.frame, channels] = clip.tensor[tile.frame, channels]
            yield so_far

    found = similarities(model, joining(), queries, clip.readings).double().numpy()
    gains = np.empty((len(members), len(queries)))
    gains[order] = np.diff(found, axis=0)
    return gains


def _in_order(tile: Tile) -> tuple[bool, int, tuple[int, ...], float]:
    view = list(View).index(tile.series.view)
    return tile.beat is None, view, tile.channels, tile.beat or 0.0
