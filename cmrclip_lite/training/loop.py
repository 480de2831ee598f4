"""One optimisation, resumable: steps, the fall of the learning rate, a log, and saved states.

What a step sees depends only on the seed and the step, so a run that was killed and goes on from
its last state sees what an uninterrupted one would have.
"""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

logger = logging.getLogger(__name__)

CLIP_NORM = 1.0


@dataclass(frozen=True)
class Stage:
    """One stage of a run.

    Attributes:
        name: of its files in the run's folder, `NAME.jsonl` and `NAME.pt`.
        seed: two numbers or more, with the step the seed of what a step draws.
        warm_up: steps over which the learning rate rises.
        cool_down: share of the steps over which it falls to nothing.
        save_every: steps that a kill may cost.
        weights: of each term of the loss.
    """

    name: str
    steps: int
    seed: tuple[int, ...]
    warm_up: int
    cool_down: float
    save_every: int
    weights: Mapping[str, float]


def fit(
    out: Path,
    stage: Stage,
    learner: nn.Module,
    terms_of: Callable[[np.random.Generator], dict[str, Tensor]],
    optimisers: list[torch.optim.Optimizer],
) -> None:
    """Run or resume a stage.

    Args:
        learner: what is optimised; its state is what a resumed run needs.
        terms_of: draws a batch and gives the terms of its loss.
    """
    for group in (group for o in optimisers for group in o.param_groups):
        group["full"] = group["lr"]  # the rate that the schedule scales
    first = _resume(out, stage, learner, optimisers)
    started = time.monotonic()
    for step in range(first, stage.steps):
        for group in (group for o in optimisers for group in o.param_groups):
            group["lr"] = group["full"] * schedule(step, stage)
        # On CPUs torch's fused attention goes back half as fast where heads are narrow.
        with sdpa_kernel(SDPBackend.MATH):
            terms = terms_of(np.random.default_rng([*stage.seed, step]))
            loss = sum(stage.weights[name] * term for name, term in terms.items())
            learner.zero_grad()
            loss.backward()
        nn.utils.clip_grad_norm_([p for p in learner.parameters() if p.requires_grad], CLIP_NORM)
        for optimiser in optimisers:
            optimiser.step()
        _log(out, stage, step, terms, time.monotonic() - started)
        if (step + 1) % stage.save_every == 0 or step + 1 == stage.steps:
            _save(out, stage, step + 1, learner, optimisers)


def schedule(step: int, stage: Stage) -> float:
    """Linear warm-up, level, then a linear fall to nothing."""
    left = (stage.steps - step) / max(stage.cool_down * stage.steps, 1e-9)
    return min(1.0, (step + 1) / stage.warm_up, left)


def _log(out: Path, stage: Stage, step: int, terms: dict[str, Tensor], seconds: float) -> None:
    row = {"step": step, "seconds": round(seconds, 1)}
    row |= {name: round(term.item(), 4) for name, term in terms.items()}
    with (out / f"{stage.name}.jsonl").open("a") as log:
        log.write(json.dumps(row) + "\n")
    if step % 20 == 0:
        logger.info("%s %s", stage.name, row)


def _save(
    out: Path,
    stage: Stage,
    step: int,
    learner: nn.Module,
    optimisers: list[torch.optim.Optimizer],
) -> None:
    state = {"step": step, "learner": learner.state_dict()}
    state["optimisers"] = [optimiser.state_dict() for optimiser in optimisers]
    partial = out / f"{stage.name}.partial"
    torch.save(state, partial)
    os.replace(partial, out / f"{stage.name}.pt")  # a kill leaves the old state or the new


def _resume(
    out: Path, stage: Stage, learner: nn.Module, optimisers: list[torch.optim.Optimizer]
) -> int:
    file = out / f"{stage.name}.pt"
    if not file.exists():
        return 0
    state = torch.load(file, weights_only=True)
    learner.load_state_dict(state["learner"])
    for optimiser, kept in zip(optimisers, state["optimisers"], strict=True):
        optimiser.load_state_dict(kept)
    logger.info("%s: resumed at step %d", stage.name, state["step"])
    return state["step"]
