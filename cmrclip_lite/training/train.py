"""Train a checkpoint from nothing on synthetic hearts and their reports.

    python -m cmrclip_lite.training --out runs/first

A run that was killed goes on from its last checkpoint when the same command is given again. The
batch of every step depends only on the seed and the step, so a resumed run sees what an
uninterrupted one would have.
"""

from __future__ import annotations

import json
import logging
import math
import os
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor, nn

from ..hub import save
from ..model import CMRCLIP, LayoutConfig, ModelConfig, TextConfig, VideoConfig
from ..phantom.report import write_impression
from ..phantom.truth import Truth
from ..prompts import CONDITIONS
from .augment import draw_batch, tissue_shares
from .cases import Cases
from .facts import KEYS as FACTS
from .lexicon import Statement, sample_statements, truth_matrix
from .measures import measure, statistics
from .trainer import Tokens, Trainer, Words, initialise
from .vocabulary import build_tokenizer

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Settings:
    """One training run.

    Attributes:
        cases: synthetic hearts to learn from.
        steps: batches in all, of which the first `vision_steps` are without words: there is
            nothing to tie words to before the chambers are told apart.
        batch: studies in a batch, each with its impression and `statements` short statements.
        text_length: tokens of a text that training reads.
        learning_rate, block_rate: AdamW's and, inside the video blocks, Muon's; reached after
            `warm_up` steps, kept, and lowered to nothing over the last `cool_down` share of them.
        half: 1 computes the encoders in bfloat16, nearly twice as fast where the processor has it
            (AVX-512 BF16, AMX) and slower elsewhere; 0 in float32.
        save_every: steps that a kill may cost.
    """

    cases: int = 12_000
    steps: int = 5_400
    vision_steps: int = 2_600
    batch: int = 32
    statements: int = 4
    text_length: int = 128
    learning_rate: float = 1e-3
    block_rate: float = 3e-3
    weight_decay: float = 0.05
    warm_up: int = 50
    cool_down: float = 0.45
    measure_weight: float = 1.0
    tissue_weight: float = 5.0
    half: int = 1
    seed: int = 1
    save_every: int = 100


def bundled_config(vocab_size: int) -> ModelConfig:
    """The bundled checkpoint's sizes: small enough to train and to run on two cores."""
    return ModelConfig(
        video=VideoConfig(
            image_size=80, patch_size=16, width=192, depth=4, heads=4, mlp_ratio=4, num_frames=6
        ),
        text=TextConfig(
            vocab_size=vocab_size,
            hidden=128,
            layers=3,
            heads=4,
            intermediate=512,
            max_positions=160,
            cased=False,
        ),
        projection_dim=128,
        layout=LayoutConfig(name="heart", spacing_mm=2.0, phases=4),
        conditions=tuple(key for key in CONDITIONS if key in FACTS),
    )


def train(out: Path, settings: Settings, workers: int = 2) -> CMRCLIP:
    """Run or resume; leaves `checkpoint/` (to load), `log.jsonl` and `state.pt` in `out`."""
    out.mkdir(parents=True, exist_ok=True)
    (out / "settings.json").write_text(json.dumps(asdict(settings), indent=2))
    cases = Cases(out / "cases", settings.cases, settings.seed * 1_000_000, workers)
    tokenizer = _tokenizer(out / "tokenizer.json", settings.seed)
    torch.manual_seed(settings.seed)
    model = CMRCLIP(bundled_config(tokenizer.get_vocab_size()), tokenizer)
    initialise(model)
    centre, spread = statistics(cases.truths)
    trainer = Trainer(model, len(centre), half=bool(settings.half)).train()
    optimisers = _optimisers(trainer, settings)
    first = _resume(out, trainer, optimisers)
    weights = {
        "contrastive": 1.0,
        "statements": 2.0,
        "measurements": settings.measure_weight,
        "tissues": settings.tissue_weight,
    }
    started = time.monotonic()
    for step in range(first, settings.steps):
        rng = np.random.default_rng([settings.seed, step])
        for group in (group for o in optimisers for group in o.param_groups):
            group["lr"] = group["full"] * _schedule(step, settings)
        index = rng.choice(len(cases), settings.batch, replace=False)
        drawn = draw_batch(cases, index, model.config.video.image_size, rng)
        shares = tissue_shares(drawn.tissues, model.config.video.patch_size)
        measured = (measure(drawn.truths) - centre) / spread
        wordless = step < settings.vision_steps
        words = None if wordless else _words(model, drawn.truths, settings, rng)
        terms = trainer(drawn.clips, shares, measured, words)
        loss = sum(weights[name] * term for name, term in terms.items())
        trainer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(trainer.parameters(), 1.0)
        for optimiser in optimisers:
            optimiser.step()
        _log(out, step, terms, trainer, time.monotonic() - started)
        if (step + 1) % settings.save_every == 0 or step + 1 == settings.steps:
            _save(out, step + 1, trainer, optimisers)
            save(model, out / "checkpoint")
    return model.eval()


def _words(
    model: CMRCLIP, truths: list[Truth], settings: Settings, rng: np.random.Generator
) -> Words:
    reports = [write_impression(truth, rng) for truth in truths]
    said = [s for truth in truths for s in sample_statements(truth, rng, settings.statements)]
    return Words(
        _tokens(model, reports, settings.text_length),
        _tokens(model, [statement.text for statement in said], settings.text_length),
        holds_matrix(truths, said),
    )


def holds_matrix(truths: list[Truth], said: list[Statement]) -> Tensor:
    """`(B, S)`: 1 where the statement is true of the case, 0 false, NaN too close to call."""
    judged = torch.from_numpy(truth_matrix(said, truths).T).float()
    return judged.masked_fill(judged < 0, math.nan)


def _tokenizer(path: Path, seed: int) -> Tokenizer:
    """Made once for a run: a changed lexicon must not change the ids of a run that is resumed."""
    if not path.exists():
        build_tokenizer(seed=seed).save(str(path))
    return Tokenizer.from_file(str(path))


def _tokens(model: CMRCLIP, texts: list[str], length: int) -> Tokens:
    ids, mask = model.tokenize(texts)
    return ids[:, :length], mask[:, :length]


def _optimisers(trainer: Trainer, settings: Settings) -> list[torch.optim.Optimizer]:
    """Muon for the weights inside the video blocks, AdamW for the rest.

    Muon (Jordan et al. 2024) learns as much in fewer steps. Biases, norms and temperatures are
    not decayed. Each group's own rate is kept as "full", for the schedule to scale.
    """
    named = list(trainer.model.video_model.blocks.named_parameters())
    inner = [p for _, p in named if p.ndim == 2]
    taken = {id(p) for p in inner}
    rest = [p for p in trainer.parameters() if p.requires_grad and id(p) not in taken]
    groups = [
        {"params": [p for p in rest if p.ndim > 1], "weight_decay": settings.weight_decay},
        {"params": [p for p in rest if p.ndim <= 1], "weight_decay": 0.0},
    ]
    optimisers = [
        torch.optim.Muon(
            inner,
            lr=settings.block_rate,
            weight_decay=settings.weight_decay,
            adjust_lr_fn="match_rms_adamw",
        ),
        torch.optim.AdamW(groups, lr=settings.learning_rate, betas=(0.9, 0.98)),
    ]
    for group in (group for o in optimisers for group in o.param_groups):
        group["full"] = group["lr"]
    return optimisers


def _schedule(step: int, settings: Settings) -> float:
    """Linear warm-up, level, then a linear fall to nothing."""
    left = (settings.steps - step) / (settings.cool_down * settings.steps)
    return min(1.0, (step + 1) / settings.warm_up, left)


def _log(out: Path, step: int, terms: dict[str, Tensor], trainer: Trainer, seconds: float) -> None:
    row = {"step": step, "seconds": round(seconds, 1)}
    row |= {name: round(term.item(), 4) for name, term in terms.items()}
    row["scale"] = round(trainer.log_scale.exp().item(), 2)
    with (out / "log.jsonl").open("a") as log:
        log.write(json.dumps(row) + "\n")
    if step % 20 == 0:
        logger.info("%s", row)


def _save(out: Path, step: int, trainer: Trainer, optimisers: list[torch.optim.Optimizer]) -> None:
    state = {"step": step, "trainer": trainer.state_dict()}
    state["optimisers"] = [optimiser.state_dict() for optimiser in optimisers]
    partial = out / "state.partial"
    torch.save(state, partial)
    os.replace(partial, out / "state.pt")  # a kill leaves the old state or the new, never half


def _resume(out: Path, trainer: Trainer, optimisers: list[torch.optim.Optimizer]) -> int:
    if not (out / "state.pt").exists():
        return 0
    state = torch.load(out / "state.pt", weights_only=True)
    trainer.load_state_dict(state["trainer"])
    for optimiser, kept in zip(optimisers, state["optimisers"], strict=True):
        optimiser.load_state_dict(kept)
    logger.info("resumed at step %d", state["step"])
    return state["step"]


def with_overrides(settings: Settings, **changes: float | int | None) -> Settings:
    """The settings with those changes that are not None."""
    return replace(settings, **{k: v for k, v in changes.items() if v is not None})
