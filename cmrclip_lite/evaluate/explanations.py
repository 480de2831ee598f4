"""Is an explanation true of the model, and does it lie where the finding is?

Deletion and insertion (Petsiuk et al., BMVC 2018) take away, or bring back, the places of a clip in
the order of a map and watch the similarity. Weight randomisation (Adebayo et al., NeurIPS 2018)
asks whether the map depends on what the model has learned. Where the truth is known, as on
phantoms, the share of a map that lies on the structure in question is set against the structure's
share of the picture. Each gives one value per patient, for `intervals` to sum up.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, max_pool2d

from ..explain import Explanation, dissolve, similarities
from ..tiles import Clip

if TYPE_CHECKING:
    from ..model import CMRCLIP

SHARES = np.linspace(0, 1, 11)  # of the places, at which a curve is taken
CELL = 0.05  # side of a place that is taken away at once, as a share of the picture's
MARGIN = 0.0125  # that a structure is widened by: the edge tells its size


@dataclass(frozen=True, eq=False)
class Curves:
    """Similarities `(Q, len(SHARES))` as places go (deletion) or come back (insertion)."""

    deletion: np.ndarray
    insertion: np.ndarray

    @property
    def areas(self) -> np.ndarray:
        """`(Q, 2)` under each curve, over shares from 0 to 1; a good map's are low and high."""
        both = np.stack([self.deletion, self.insertion], axis=1)
        return np.trapezoid(both, SHARES, axis=2)


def curves(model: CMRCLIP, clip: Clip, queries: np.ndarray, importance: np.ndarray) -> Curves:
    """Take places away, the most important first; and bring them back to nothing, likewise.

    A place is a square of one picture of the clip. What is taken away is dissolved rather than
    blanked: a blank square has edges, which are a picture of something. Only places where there
    is a view count.

    Args:
        queries: `(Q, D)`, each as `zeroshot.text_query` gives.
        importance: `(F, 3, H, W)`, a map or, to compare, `random_order` or `middle_first`;
            `by_picture` for whole pictures.
    """
    sharp, gone = clip.tensor, dissolve(clip.tensor)
    cells = _cells(importance, clip)
    order = np.argsort(-cells, axis=None, kind="stable")
    deleted, inserted = [], []
    for share in SHARES:
        chosen = np.zeros(cells.size, bool)
        chosen[order[: round(share * len(order))]] = True
        mask = _spread(chosen.reshape(cells.shape), clip)
        deleted.append(torch.where(mask, gone, sharp))
        inserted.append(torch.where(mask, sharp, gone))
    found = similarities(model, deleted + inserted, torch.from_numpy(queries)).numpy().T
    return Curves(found[:, : len(SHARES)], found[:, len(SHARES) :])


def random_order(clip: Clip, seed: int) -> np.ndarray:
    """`(F, 3, H, W)` noise: places in no order."""
    return np.random.default_rng(seed).normal(size=tuple(clip.tensor.shape)).astype(np.float32)


def middle_first(clip: Clip) -> np.ndarray:
    """`(F, 3, H, W)`: in every picture from the middle outward, as who only knows where hearts lie.

    A map that is no better has found the heart, not the finding.
    """
    height, width = clip.tensor.shape[-2:]
    down, across = (np.arange(n, dtype=np.float32) - (n - 1) / 2 for n in (height, width))
    away = np.hypot(down[:, None], across)
    return -np.broadcast_to(away, tuple(clip.tensor.shape)).astype(np.float32)


def by_picture(clip: Clip, values: Sequence[float]) -> np.ndarray:
    """`(F, 3, H, W)`: one importance for the whole of each of `clip.tiles`."""
    importance = np.zeros(tuple(clip.tensor.shape), np.float32)
    for tile, value in zip(clip.tiles, values, strict=True):
        importance[tile.frame, list(tile.channels)] = value
    return importance


def drops(model: CMRCLIP, clip: Clip, queries: np.ndarray) -> np.ndarray:
    """`(Q, len(clip.tiles))`: what of each similarity is lost when one picture is dissolved.

    Exact where a map is an approximation, but of one picture at a time: what another shows as well
    is not missed.

    Args:
        queries: `(Q, D)`.
    """
    gone, clips = dissolve(clip.tensor), [clip.tensor]
    for tile in clip.tiles:
        without = clip.tensor.clone()
        channels = list(tile.channels)
        without[tile.frame, channels] = gone[tile.frame, channels]
        clips.append(without)
    found = similarities(model, clips, torch.from_numpy(queries), clip.readings).numpy().T
    return found[:, :1] - found[:, 1:]


def randomised(model: CMRCLIP, seed: int = 0) -> Iterator[tuple[str, CMRCLIP]]:
    """The model with its video encoder forgotten from the top, one layer more at each step.

    Layers are set as before training; the text encoder is kept. Each step yields the last layer
    that was forgotten, and the model, which the next step changes further.
    """
    changed = copy.deepcopy(model)
    video = changed.video_model
    blocks = [(f"block {i + 1}", block) for i, block in enumerate(video.blocks)]
    layers = [("projection", changed.vid_proj), *reversed(blocks), ("patches", video.patch_embed)]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for name, layer in layers:
            layer.apply(_forget)
            yield name, changed


def likeness(one: np.ndarray, other: np.ndarray, clip: Clip) -> float:
    """Spearman's rank correlation of two maps `(F, 3, H, W)` over the places of a clip."""
    return rank_correlation(*(_cells(values, clip).ravel() for values in (one, other)))


def rank_correlation(one: np.ndarray, other: np.ndarray) -> float:
    """Spearman's, of two `(N,)`; equal values share their mean rank. NaN where all are equal."""
    a, b = (_ranks(values) - (len(values) + 1) / 2 for values in (one, other))
    length = np.sqrt((a @ a) * (b @ b))
    return float(a @ b / length) if length else float("nan")


def mass_on(
    explanation: Explanation, structure: np.ndarray, within: np.ndarray
) -> tuple[float, float]:
    """The share of what raises a similarity that lies on a structure, and the structure's area.

    Args:
        structure: `(F, 3, H, W)` bool; widened by `MARGIN` before it is measured.
        within: `(F, 3, H, W)` bool: what both shares are of, the whole pictures or the heart.

    Returns:
        Both 0 to 1; NaN where nothing within raises it, or the structure is not there.
    """
    reach = round(MARGIN * structure.shape[-1])
    wide = max_pool2d(torch.from_numpy(structure).float(), 2 * reach + 1, 1, reach).numpy() > 0
    within = within | wide  # its edge may reach beyond the heart
    raising = np.clip(explanation.saliency, 0, None) * within
    area, total = float((wide & within).sum() / max(within.sum(), 1)), float(raising.sum())
    if not area or not total:
        return float("nan"), float("nan")
    return float(raising[wide].sum() / total), area


def shown_pictures(clip: Clip) -> np.ndarray:
    """`(F, 3)` bool: which pictures of a clip show something."""
    shown = np.zeros(tuple(clip.tensor.shape[:2]), bool)
    for tile in clip.tiles:
        shown[tile.frame, list(tile.channels)] = True
    return shown


def _side(clip: Clip) -> int:
    return max(1, round(CELL * clip.tensor.shape[-1]))


def _cells(values: np.ndarray, clip: Clip) -> np.ndarray:
    """`(tiles, h, w)` means over squares of each tile; at the rim, over what there is of one.

    A picture that fills several channels is one: it goes as a whole, or would turn coloured.
    """
    pictures = [values[tile.frame, list(tile.channels)].mean(0) for tile in clip.tiles]
    stacked = torch.from_numpy(np.stack(pictures))
    return avg_pool2d(stacked, _side(clip), ceil_mode=True, count_include_pad=False).numpy()


def _spread(cells: np.ndarray, clip: Clip) -> Tensor:
    """`(F, 3, H, W)` bool of cells `(tiles, h, w)`."""
    height, width = clip.tensor.shape[-2:]
    pixels = cells.repeat(_side(clip), axis=1).repeat(_side(clip), axis=2)
    mask = np.zeros(tuple(clip.tensor.shape), bool)
    for tile, picture in zip(clip.tiles, pixels, strict=True):
        mask[tile.frame, list(tile.channels)] = picture[:height, :width]
    return torch.from_numpy(mask)


def _forget(layer: nn.Module) -> None:
    if hasattr(layer, "reset_parameters"):
        layer.reset_parameters()


def _ranks(values: np.ndarray) -> np.ndarray:
    """From 1; equal values share their mean rank."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return ((last - counts + 1 + last) / 2)[inverse]
