"""The stages of the eye (see `eye`): what each asks, and which weights it may change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from .augment import draw_clips
from .eye import Eye
from .lessons import Lessons, stage_of
from .loop import fit
from .meaning import Meaning
from .optimisers import adam, muon
from .settings import Settings

Parameters = list[nn.Parameter]


@dataclass(frozen=True)
class EyeStage:
    """One stage of the eye.

    Attributes:
        steps: of it; none, and it is left out.
        terms: draws a batch and gives the terms of its loss.
        blocks: matrices inside the video blocks that it changes.
        stem: what it changes of the stem, and of the head that names what the stem sees.
        others: what else it changes.
        pace: what its learning rates are of the run's.
    """

    name: str
    steps: int
    terms: Callable[[np.random.Generator], dict[str, Tensor]]
    blocks: Parameters = field(default_factory=list)
    stem: Parameters = field(default_factory=list)
    others: Parameters = field(default_factory=list)
    pace: float = 1.0


def learn_to_see(out: Path, eye: Eye, meaning: Meaning, lessons: Lessons) -> None:
    """Go through the stages of the eye, but those that last no steps."""
    for stage in _stages(eye, meaning, lessons):
        if stage.steps:
            optimisers = _optimisers(stage, lessons.settings)
            fit(
                out,
                stage_of(stage.name, stage.steps, lessons.settings),
                eye,
                stage.terms,
                optimisers,
            )


def _stages(eye: Eye, meaning: Meaning, lessons: Lessons) -> list[EyeStage]:
    settings, measures = lessons.settings, lessons.measures
    given = settings.measure_steps + settings.reason_steps > 0  # tokens from tissues were learned

    def measure(rng: np.random.Generator) -> dict[str, Tensor]:
        planes = lessons.planes(rng)
        return eye.measure(planes, measures.of(planes.truths))

    def reason(rng: np.random.Generator) -> dict[str, Tensor]:
        planes = lessons.planes(rng)
        words = lessons.words(planes.truths, rng)
        return eye.reason(meaning, planes, measures.of(planes.truths), words)

    def look(rng: np.random.Generator) -> dict[str, Tensor]:
        planes = lessons.planes(rng)
        return eye.look(planes, draw_clips(planes, rng), given)

    def join(rng: np.random.Generator) -> dict[str, Tensor]:
        planes = lessons.planes(rng)
        clips = draw_clips(planes, rng)
        words = lessons.words(planes.truths, rng)
        return eye.join(meaning, planes, clips, measures.of(planes.truths), words, given)

    stem = list(eye.video.patch_embed.parameters())
    blocks = [p for p in eye.video.blocks.parameters() if p.ndim == 2]
    taken = {id(p) for p in stem + blocks}
    rest = [p for p in eye.video.parameters() if id(p) not in taken]
    rest += [*eye.projection.parameters(), *eye.measures.parameters()]
    by_tissue = {"blocks": blocks, "others": [*rest, *eye.given.parameters()]}
    stem += eye.tissue.parameters()
    return [
        EyeStage("measure", settings.measure_steps, measure, **by_tissue),
        EyeStage("reason", settings.reason_steps, reason, **by_tissue),
        EyeStage("look", settings.look_steps, look, stem=stem),
        EyeStage("join", settings.join_steps, join, blocks, stem, rest, settings.join_share),
    ]


def _optimisers(stage: EyeStage, settings: Settings) -> list[torch.optim.Optimizer]:
    by_muon, by_adam = stage.blocks, stage.others
    if not settings.half:  # torch's Muon computes in bfloat16, whatever the processor has
        by_muon, by_adam = [], [*by_muon, *by_adam]
    return [
        make(parameters, stage.pace * rate, settings.weight_decay)
        for make, parameters, rate in (
            (adam, by_adam, settings.learning_rate),
            (adam, stage.stem, settings.stem_rate),
            (muon, by_muon, settings.block_rate),
        )
        if parameters
    ]
