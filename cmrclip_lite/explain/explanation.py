"""An explanation, and how one is made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from ..errors import ConditionError
from ..frames import study_to_clip
from ..study import Series, Study
from ..tiles import Clip, Tile
from ..zeroshot import text_query
from .dissolving import dissolve, similarities
from .images import ORDERS, Contribution, shapley_values
from .saliency import STEPS, integrated_gradients

if TYPE_CHECKING:
    from ..model import CMRCLIP

LITTLE = 0.1  # a rise of the similarity of which a map says little: for and against cancel


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

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences on what to beware of."""
        if self.similarity - self.blurred >= LITTLE:
            return ()
        return (
            "To this model the study fits the condition hardly better than one without any "
            "structure: what speaks for it and against it nearly cancels, and where it lies says "
            "little.",
        )

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
    ends = similarities(model, (clip.tensor, dissolve(clip.tensor)), queries, clip.readings)
    maps = integrated_gradients(model, clip.tensor, queries, steps).numpy()
    brought = shapley_values(model, clip, queries, orders)
    return [
        Explanation(text, sharp, blurred, saliency, of_one, clip)
        for text, (sharp, blurred), saliency, of_one in zip(
            conditions, ends.T.tolist(), maps, brought, strict=True
        )
    ]
