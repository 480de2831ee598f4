"""Does a study look like the studies that a model knows?

A model scores whatever it is given: a scout, a perfusion series, a photo. Three facts are measured,
each in deviations from what is usual:

- how far the motion is spread: beside the heart against in it (less is never unusual);
- how much the picture changes round the heart from phase to phase, against its contrast there (more
  is unusual, and so is less);
- how far the embedding lies from the nearest cases of the library, against how far those lie from
  each other (nearer is never unusual; Sun et al., ICML 2022).

The first two need no model; their usual values come from synthetic exams, whole and worn (cropped,
noisy, or reduced to a pair of phases), and so does the limit (`python benchmarks/outliers.py
--fit`). The third is measured in the library itself.

What this cannot tell: another moving heart (an echocardiogram that moves as little as a cine, a
cine of another sequence), a heart that is turned or mirrored, phases in a wrong order, a rare
disease. A heart that hardly moves may be taken for none. A study that passes is not thereby one
that the model judges well.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .heart import SEARCH_MM, find_heart, middle_half, search_grid
from .study import View

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from .library import CaseLibrary
    from .model import CMRCLIP
    from .study import Series, Study

# Mean and deviation of the logarithms of spread and amount over 80 synthetic exams, each whole and
# worn three times, and the distance that one in fifty of them passes; made by
# `python benchmarks/outliers.py --fit`.
USUAL_SPREAD = (-1.88, 0.45)
USUAL_AMOUNT = (-2.13, 0.34)
LIMIT = 2.8

# Within this of its centre there is the heart, and beyond that other there is none of it, if the
# picture reaches so far with this share of it.
NEAR_MM, FAR_MM = 55.0, 75.0
FAR_SHARE = 0.2
NEIGHBOURS = 5
# A library of fewer cases does not say what is usual in it, and of a large one a sample does.
FEWEST_CASES, SAMPLE = 30, 500
# Facts this unusual are named as reasons.
_REASON = 2.0
_LEAST = 1e-6  # below which a ratio or distance is as good as none


@dataclass(frozen=True)
class Strangeness:
    """How unusual a study is, in deviations above what is usual.

    Attributes:
        moves: whether anything moves; without motion the next two are 0.
        spread: of motion beside the heart against in it; 0 where the picture shows little else.
        amount: of change round the heart from phase to phase.
        embedding: of the distance to the nearest cases; 0 without a library to measure it in.
        library: the name of that library.
    """

    moves: bool
    spread: float = 0.0
    amount: float = 0.0
    embedding: float = 0.0
    library: str | None = None

    @property
    def distance(self) -> float:
        """All three as one figure, to be compared with `LIMIT`; infinite if nothing moves."""
        if not self.moves:
            return np.inf
        return float(np.linalg.norm([max(self.spread, 0), self.amount, max(self.embedding, 0)]))


def unfamiliar(
    model: CMRCLIP, study: Study, embedding: np.ndarray | Tensor, library: CaseLibrary | None
) -> str | None:
    """A sentence if a study does not look like those a model knows, else None.

    Args:
        model: what embedded the study.
        study: its series, views told.
        embedding: `(D,)` of the study.
        library: cases embedded by the same model; None to judge by motion alone.

    Raises:
        LibraryError: if the library was embedded by another model.
    """
    found = strangeness(model, study, embedding, library)
    if found.distance <= LIMIT:
        return None
    return (
        f"This does not look like the studies this model knows: {_reasons(found)}. Its scores "
        "should not be read."
    )


def strangeness(
    model: CMRCLIP, study: Study, embedding: np.ndarray | Tensor, library: CaseLibrary | None
) -> Strangeness:
    """The facts that `unfamiliar` rests on; arguments and errors as there."""
    from_library = 0.0
    if library is not None:
        library.require(model)
        from_library = _embedding_deviation(embedding, library.reference.embeddings)
    name = library.name if library is not None else None
    facts = motion_facts(_stack(study))
    if facts is None:
        return Strangeness(False, embedding=from_library, library=name)
    spread, amount = facts
    return Strangeness(
        True,
        0.0 if spread is None else _deviations(spread, USUAL_SPREAD),
        _deviations(amount, USUAL_AMOUNT),
        from_library,
        name,
    )


def motion_facts(stack: Sequence[Series]) -> tuple[float | None, float] | None:
    """Logarithms of how spread motion is and how much there is, or None if nothing moves.

    Motion is the deviation over time of the smoothed picture, in the middle half of the stack.

    Returns:
        The root mean square of motion beyond `FAR_MM` of the heart over that within `NEAR_MM`
        (None where little of the picture lies so far away), and mean motion over the picture's own
        deviation, both within `FAR_MM`.
    """
    centre = find_heart(stack) if stack else None
    if centre is None:
        return None
    near, far, amounts, pixels = [], [], [], 0
    for series in middle_half(stack):
        grid = search_grid(series)
        motion, picture = grid.std(dim=0, correction=0).numpy(), grid.mean(dim=0).numpy()
        down, across = (
            np.arange(n) * SEARCH_MM - c for n, c in zip(motion.shape, centre, strict=True)
        )
        away = np.hypot(down[:, None], across[None])
        near.append(motion[away < NEAR_MM] ** 2)
        far.append(motion[away >= FAR_MM] ** 2)
        pixels += motion.size
        around = away < FAR_MM
        amounts.append(motion[around].mean() / max(float(picture[around].std()), _LEAST))
    inside, beside = np.concatenate(near), np.concatenate(far)
    amount = _log(np.mean(amounts))
    if beside.size < FAR_SHARE * pixels:
        return None, amount
    return _log(np.sqrt(beside.mean() / max(float(inside.mean()), _LEAST**2))), amount


def _stack(study: Study) -> list[Series]:
    """The cines that the model looks at first: of the short axis, else of what there is."""
    for view in (View.SAX, View.UNKNOWN, *View):
        if cines := study.cines(view):
            return cines
    return []


def _embedding_deviation(embedding: np.ndarray | Tensor, cases: np.ndarray) -> float:
    if len(cases) < FEWEST_CASES:
        return 0.0
    if hasattr(embedding, "detach"):
        embedding = embedding.detach().float().cpu().numpy()
    vector = np.asarray(embedding, np.float32)
    chosen = np.arange(len(cases))
    if len(cases) > SAMPLE:
        chosen = np.random.default_rng(0).choice(len(cases), SAMPLE, replace=False)
    among = cases[chosen] @ cases.T
    among[np.arange(len(chosen)), chosen] = -np.inf  # a case is not its own neighbour
    own = _log_distance(among)
    here = _log_distance((vector / np.linalg.norm(vector) @ cases.T)[None])[0]
    return _deviations(here, (float(own.mean()), max(float(own.std()), _LEAST)))


def _log_distance(similarity: np.ndarray) -> np.ndarray:
    """`(Q, N)` cosines to `(Q,)` logarithms of the mean distance to the nearest cases."""
    nearest = np.partition(similarity, -NEIGHBOURS, axis=1)[:, -NEIGHBOURS:]
    return _log(1 - nearest.mean(axis=1))


def _deviations(value: float, usual: tuple[float, float]) -> float:
    mean, deviation = usual
    return float((value - mean) / deviation)


def _log(value: float | np.ndarray) -> float | np.ndarray:
    return np.log(np.maximum(value, _LEAST))


def _reasons(found: Strangeness) -> str:
    if not found.moves:
        return "nothing in it moves as a heart does"
    change = "more" if found.amount > 0 else "less"
    reasons = {
        "its motion is not gathered in one place, as a beating heart's is": found.spread,
        f"it changes {change} from phase to phase than a beating heart does": abs(found.amount),
        f"its embedding lies far from all cases of the library '{found.library}'": found.embedding,
    }
    ranked = sorted(reasons, key=reasons.__getitem__, reverse=True)
    return "; ".join([ranked[0], *(r for r in ranked[1:] if reasons[r] >= _REASON)])
