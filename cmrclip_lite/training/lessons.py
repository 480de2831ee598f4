"""What the stages of a run have in common: what their batches are drawn from, how they go."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..model import CMRCLIP
from ..phantom.truth import Truth
from .augment import Planes, draw_planes
from .cases import Cases
from .loop import Stage
from .meaning import Measures, Words, draw_words
from .settings import Settings


@dataclass(frozen=True)
class Lessons:
    """What the batches of a run are drawn from."""

    model: CMRCLIP
    cases: Cases
    measures: Measures
    settings: Settings

    def words(self, truths: list[Truth], rng: np.random.Generator) -> Words:
        """What is said of some patients."""
        settings = self.settings
        return draw_words(self.model, truths, settings.statements, settings.text_length, rng)

    def planes(self, rng: np.random.Generator) -> Planes:
        """What some exams hold."""
        index = rng.choice(len(self.cases), self.settings.batch, replace=False)
        return draw_planes(self.cases, index, self.model.config.video.image_size, rng)


def stage_of(name: str, steps: int, settings: Settings) -> Stage:
    """A stage of a run by its settings."""
    return Stage(
        name,
        steps,
        seed=(settings.seed, *name.encode()),
        warm_up=settings.warm_up,
        cool_down=settings.cool_down,
        save_every=settings.save_every,
        weights={
            "contrastive": 1.0,
            "statements": settings.statement_weight,
            "measurements": settings.measure_weight,
            "tissues": settings.tissue_weight,
            "likeness": settings.likeness_weight,
            "place": settings.place_weight,
        },
    )
