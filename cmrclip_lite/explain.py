"""Which places of a study, and which views and phases, a similarity rests on.

Both are told against the same study with every structure dissolved into its surroundings (blurred),
and both add up to what the sharp clip has over that one.

Places: integrated gradients in scale (blur integrated gradients: Xu et al., CVPR 2020; the integral
is that of Sundararajan et al., ICML 2017). The clip comes into focus, and each place is credited
with what its change brings. A path from grey would not do: to a stem with group norm a twentieth of
the contrast is the whole picture. Nor would even steps: a heart is recognised all at once, so steps
are as long as the embedding moves.

Views and phases: Shapley values of the images, by random orders (Castro et al., Computers &
Operations Research 36:1726, 2009). Each image is credited with what it brings when it joins those
before it. What the map's places add up to tells far less well which images the similarity needs.

How far this can be believed is measured (`evaluate.explanations`): it says what this model's number
rests on, which need not be what a reader would look at, or what is wrong with the heart.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from .errors import ConditionError
from .frames import Clip, study_to_clip
from .study import Series, Study, View
from .tiles import Tile
from .zeroshot import text_query

if TYPE_CHECKING:
    from .model import CMRCLIP

STEPS = 16
# Deviations of the blur that dissolves structures, and of the one that takes the grain out of a
# map, as shares of the picture's side: 16 and 4 mm in the bundled layout.
BLUR = 0.1
GRAIN = 0.025
BATCH = 4  # clips encoded at once; one may take a gigabyte
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
        """What the image shows, as `Tile.view`."""
        return self.tiles[0].view

    @property
    def beat(self) -> float | None:
        """When in the heartbeat, 0 to 1, as `Tile.beat`; None for a still."""
        return self.tiles[0].beat


@dataclass(frozen=True, eq=False)
class Explanation:
    """What the similarity of one study to one condition rests on.

    Attributes:
        condition: as typed.
        similarity: of the clip. blurred: of the clip with its structures dissolved.
        saliency: `(F, 3, H, W)` float32, how much each place of the clip raises the similarity
            (below 0: lowers it); 0 where no view is. The sum is about `similarity - blurred`.
        contributions: what each image brings: cines before stills, by view, then in time. The sum
            is `similarity - blurred`.
        clip: what was explained.
    """

    condition: str
    similarity: float
    blurred: float
    saliency: np.ndarray
    contributions: tuple[Contribution, ...]
    clip: Clip

    def of_tile(self, tile: Tile) -> np.ndarray:
        """`(h, w)`: the saliency of one picture of the clip."""
        return self.saliency[tile.frame, list(tile.channels)].sum(0)

    def of_series(self, series: Series) -> np.ndarray:
        """`(T, H, W)` float32: the saliency at a series' own pixels, for an overlay.

        0 in the phases, and at the rim, that the model did not see. A clip's pixel gives its value
        to the pixels there, few or many; where the clip holds an image twice, both are added.
        """
        out = np.zeros(series.pixels.shape, np.float32)
        for tile in self.clip.tiles:
            if tile.series is series:
                out[tile.phase] += tile.lay_over_image(self.of_tile(tile))
        return out


def explain(
    model: CMRCLIP,
    study: Study | Clip,
    conditions: Sequence[str],
    steps: int = STEPS,
    orders: int = ORDERS,
) -> list[Explanation]:
    """Explain the similarity of a study to each of some conditions.

    Costs an encoding for each order and image, some three for each step, and some four more for
    each step and condition. The same clip always gives the same.

    Args:
        study: or its clip, made for this model.
        conditions: as `zeroshot.text_query` takes them, at least one.
        steps: of the integral; with fewer, the map's sum misses the similarity by more.
        orders: in which images join, even; with fewer, contributions are less sure.

    Raises:
        ConditionError: if there is no condition, or one is empty.
        StudyError: if the study lacks what the model's layout needs.
        ValueError: if there are no steps, or the orders are not even.
    """
    if isinstance(conditions, str) or not conditions:
        raise ConditionError("There is no condition to explain; give a list of at least one.")
    queries = torch.from_numpy(np.stack([text_query(model, text) for text in conditions]))
    clip = study if isinstance(study, Clip) else study_to_clip(study, model.config)
    ends = similarities(model, (clip.tensor, dissolve(clip.tensor)), queries)
    maps = integrated_gradients(model, clip.tensor, queries, steps).numpy()
    brought = shapley_values(model, clip, queries, orders)
    return [
        Explanation(text, sharp, blurred, saliency, of_one, clip)
        for text, (sharp, blurred), saliency, of_one in zip(
            conditions, ends.T.tolist(), maps, brought, strict=True
        )
    ]


def integrated_gradients(
    model: CMRCLIP, clip: Tensor, queries: Tensor, steps: int = STEPS
) -> Tensor:
    """`(Q, F, 3, H, W)` float32: how much each place adds while the clip comes into focus.

    Over each step of `_focus` the similarity's gradient in its middle is multiplied with the step.
    The sum is then smoothed within each picture, which keeps every picture's total.

    Args:
        clip: `(F, 3, H, W)`.
        queries: `(Q, D)`, whose dot products with an embedding are the similarities.

    Raises:
        ValueError: if there are no steps.
    """
    if steps < 1:
        raise ValueError(f"An integral takes at least one step, not {steps}.")
    queries = queries.to(model.device, model.dtype)
    total = clip.new_zeros(len(queries), *clip.shape)
    for before, after in pairwise(_focus(model, clip, steps)):
        middle = ((before + after) / 2).requires_grad_()
        with torch.enable_grad():
            asked = queries @ model.encode_clip(middle[None])[0]
        for of_one, similarity in zip(total, asked, strict=True):
            # Only the clip's gradient is asked for, so none is computed for the weights.
            (gradient,) = torch.autograd.grad(similarity, middle, retain_graph=True)
            of_one += gradient * (after - before)
    return smooth(total, GRAIN)


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

    found = similarities(model, joining(), queries).double().numpy()
    gains = np.empty((len(members), len(queries)))
    gains[order] = np.diff(found, axis=0)
    return gains


def similarities(model: CMRCLIP, clips: Iterable[Tensor], queries: Tensor) -> Tensor:
    """`(N, Q)` of N clips `(F, 3, H, W)` to queries `(Q, D)`, on the CPU."""
    return _embeddings(model, clips) @ queries.T


def dissolve(clip: Tensor) -> Tensor:
    """`(..., H, W)` with structures dissolved into their surroundings."""
    return smooth(clip, BLUR)


def smooth(pictures: Tensor, deviation: float) -> Tensor:
    """Gaussian blur of `(..., H, W)` pictures, mirrored at the rim, that keeps each one's sum.

    Args:
        deviation: as a share of the picture's side; 0 leaves them as they are.
    """
    if deviation == 0:
        return pictures
    down, across = (_blur_matrix(n, deviation * n).to(pictures) for n in pictures.shape[-2:])
    return down @ pictures @ across.T


def _focus(model: CMRCLIP, clip: Tensor, steps: int) -> Iterator[Tensor]:
    """`steps + 1` clips from dissolved to sharp, between which the embedding moves equally far."""
    deviations = np.linspace(BLUR, 0, 2 * steps + 1)
    seen = _embeddings(model, (smooth(clip, float(d)) for d in deviations))
    moved = (seen[1:] - seen[:-1]).norm(dim=1).double().numpy()
    # A little more everywhere: a model that sees no difference would have no path.
    way = np.concatenate([[0], np.cumsum(moved + 0.1 * moved.mean() + 1e-9)])
    even = np.interp(np.linspace(0, way[-1], steps + 1), way, deviations)
    return (smooth(clip, float(d)) for d in even)


@torch.no_grad()
def _embeddings(model: CMRCLIP, clips: Iterable[Tensor]) -> Tensor:
    """`(N, D)` float32 on the CPU."""
    waiting, done = iter(clips), []
    while part := list(islice(waiting, BATCH)):
        done.append(model.encode_clip(torch.stack(part)).float().cpu())
    return torch.cat(done)


def _blur_matrix(length: int, deviation: float) -> Tensor:
    """`(length, length)` whose rows and columns each add up to 1."""
    reach = int(np.ceil(4 * deviation))
    steps = np.arange(-reach, reach + 1)
    weights = np.exp(-(steps**2) / (2 * deviation**2))
    weights /= weights.sum()
    # Mirrored at the rim: 2 1 0 0 1 2 ... n-1 n-1 n-2.
    at = (np.arange(length)[:, None] + steps) % (2 * length)
    at = np.minimum(at, 2 * length - 1 - at)
    matrix = np.zeros((length, length))
    np.add.at(matrix, (np.arange(length)[:, None], at), weights)
    return torch.from_numpy(matrix).float()


def _in_order(tile: Tile) -> tuple[bool, int, tuple[int, ...], float]:
    view = list(View).index(tile.series.view)
    return tile.beat is None, view, tile.channels, tile.beat or 0.0
