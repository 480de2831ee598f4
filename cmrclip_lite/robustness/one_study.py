"""One study before and after a shift: its scores, for a person who moves a slider."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..library import default_library
from ..study import Study
from ..zeroshot import Score, score
from .shifts import shifted

if TYPE_CHECKING:
    from ..library import CaseLibrary
    from ..model import CMRCLIP


@dataclass(frozen=True)
class ScoreChange:
    """One condition's score before and after a shift.

    `drift` is how far the similarity moved, in deviations of the library's similarities to the
    same prompts; None without a library.
    """

    before: Score
    after: Score
    drift: float | None


def scores_before_and_after(
    model: CMRCLIP,
    study: Study,
    key: str,
    strength: int,
    conditions: Sequence[str],
    library: CaseLibrary | None = None,
    seed: int = 0,
) -> list[ScoreChange]:
    """The scores of a study as it is and as it would be after a shift.

    Args:
        key, strength, seed: of the shift, as in `shifted`.
        conditions: what to ask, in words.
        library: the reference cases; None takes the bundled library where this is the bundled
            model, and no reference otherwise.

    Raises:
        CmrClipError: if there is no such shift or strength, or what `CMRCLIP.score` raises.
    """
    library = default_library(model) if library is None else library
    other = shifted(study, key, strength, seed)
    before, after = (
        score(model, model.encode_study(one), conditions, library) for one in (study, other)
    )
    return [
        ScoreChange(a, b, _drift(model, a, b, library)) for a, b in zip(before, after, strict=True)
    ]


def _drift(
    model: CMRCLIP, before: Score, after: Score, library: CaseLibrary | None
) -> float | None:
    if library is None:
        return None
    mean = model.encode_text(before.prompts).float().cpu().numpy().mean(0)
    spread = np.std(library.reference.embeddings @ mean)
    return float((after.similarity - before.similarity) / spread)
