"""Train a checkpoint from nothing on synthetic hearts and their reports.

    python -m cmrclip_lite.training --out runs/fourth

First the words (`meaning`), then the eye in four stages (`eye`). A run that was killed goes on
from its last saved state when the same command is given again.

    python -m cmrclip_lite.training --out runs/fifth --start runs/fourth/checkpoint

goes on from a checkpoint, after the phantom or the layout has changed: what its words mean is
learned anew from them (`grasp`) and they stay as they are; the eye keeps its convolutions, if they
are of today's shape, and goes through its stages again. With `--measure-steps 0 --reason-steps 0
--look-steps 0` it keeps its transformer too, and goes through the last alone.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor, nn

from ..checkpoint import (
    CONFIG_FILE,
    TOKENIZER_FILES,
    WEIGHT_FILES,
    read_json,
    read_tokenizer,
    read_weights,
)
from ..hub import load, save
from ..model import CMRCLIP, LayoutConfig, ModelConfig, TextConfig, VideoConfig
from ..phantom.truth import Truth
from ..prompts import CONDITIONS
from .augment import Planes, draw_clips, draw_planes
from .cases import Cases
from .eye import Eye
from .facts import KEYS as FACTS
from .initial import initialise
from .loop import Stage, fit
from .meaning import Meaning, Measures, Words, draw_truths, draw_words
from .measures import statistics
from .vocabulary import build_tokenizer


@dataclass(frozen=True)
class Settings:
    """One training run.

    Attributes:
        word_steps, word_batch: batches of the words, and hearts in each.
        grasp_steps: batches in which a run that goes on learns what its words mean.
        cases: synthetic hearts that the eye learns from.
        measure_steps, reason_steps, look_steps, join_steps: batches of the eye's stages (see
            `eye`).
        batch: studies in each of them.
        statements: short statements for each heart beside its impression.
        text_length: tokens of a text that training reads.
        learning_rate, stem_rate, block_rate: AdamW's, AdamW's for the convolutions and, inside the
            video blocks, Muon's; reached after `warm_up` steps, kept, and lowered to nothing over
            the last `cool_down` share of them.
        join_share: what the rates of the last stage are of these.
        half: 1 computes the encoders in bfloat16, nearly twice as fast where the processor has it
            (AVX-512 BF16, AMX) and slower elsewhere; 0 in float32, AdamW instead of Muon.
        save_every: steps that a kill may cost.
    """

    word_steps: int = 3_500
    word_batch: int = 64
    grasp_steps: int = 400
    cases: int = 8_000
    measure_steps: int = 900
    reason_steps: int = 700
    look_steps: int = 1_600
    join_steps: int = 2_000
    batch: int = 32
    statements: int = 4
    text_length: int = 128
    learning_rate: float = 1e-3
    stem_rate: float = 3e-3
    block_rate: float = 3e-3
    join_share: float = 0.5
    weight_decay: float = 0.05
    warm_up: int = 50
    cool_down: float = 0.65
    statement_weight: float = 2.0
    measure_weight: float = 4.0
    tissue_weight: float = 5.0
    likeness_weight: float = 1.0
    place_weight: float = 2.0
    half: int = 1
    seed: int = 1
    save_every: int = 100


def bundled_config(vocab_size: int) -> ModelConfig:
    """The bundled checkpoint's sizes: small enough to train and to run on two cores."""
    layout = LayoutConfig(name="heart", spacing_mm=2.0, phases=4)
    return ModelConfig(
        video=VideoConfig(
            stem="convolutions",
            stem_width=48,
            image_size=80,
            patch_size=16,
            width=192,
            depth=4,
            heads=4,
            mlp_ratio=4,
            num_frames=layout.heart_frames,
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
        projection_dim=256,
        layout=layout,
        conditions=tuple(key for key in CONDITIONS if key in FACTS),
    )


def train(
    out: Path, settings: Settings, workers: int = 2, start: str | Path | None = None
) -> CMRCLIP:
    """Run or resume; leaves `checkpoint/` (to load), a log and a state of each stage in `out`.

    Args:
        workers: processes that make the cases.
        start: a checkpoint of an earlier run to go on from, instead of random weights.
    """
    out.mkdir(parents=True, exist_ok=True)
    told = asdict(settings) | {"start": None if start is None else str(start)}
    (out / "settings.json").write_text(json.dumps(told, indent=2))
    cases = Cases(out / "cases", settings.cases, settings.seed * 1_000_000, workers)
    measures = Measures(*statistics(cases.truths))
    torch.manual_seed(settings.seed)
    model = _begin(out, settings) if start is None else _go_on(start, settings)
    lessons = Lessons(model, cases, measures, settings)
    half = bool(settings.half)
    meaning = Meaning(model, len(measures.centre), half)
    _learn_words(out, meaning, lessons, known=start is not None)
    eye = Eye(model.requires_grad_(), measures.weights, half)
    _learn_to_see(out, eye, meaning.requires_grad_(False), lessons)
    save(model, out / "checkpoint")
    return model.eval()


def _begin(out: Path, settings: Settings) -> CMRCLIP:
    tokenizer = _tokenizer(out / "tokenizer.json", settings.seed)
    model = CMRCLIP(bundled_config(tokenizer.get_vocab_size()), tokenizer)
    initialise(model)
    return model


def _go_on(start: str | Path, settings: Settings) -> CMRCLIP:
    """A checkpoint's words, and its convolutions if today's are of their shape.

    Its transformer too, unless that begins anew; else the checkpoint may be of an older layout.
    """
    if not settings.measure_steps:
        return load(start, cache=False).train()
    folder = Path(start)
    of_today = bundled_config(vocab_size=1).to_dict()
    told = read_json(folder / CONFIG_FILE)
    of_eye = {k: of_today[k] for k in ("video", "layout", "conditions")}
    config = ModelConfig.from_dict(told | of_eye)
    model = CMRCLIP(config, read_tokenizer(folder / TOKENIZER_FILES[0], config.text))
    initialise(model)
    known, mine = read_weights(folder / WEIGHT_FILES[0]), model.state_dict()
    stem = {k: v for k, v in known.items() if k.startswith("video_model.patch_embed")}
    kept = {k: v for k, v in known.items() if k.startswith(("text_model", "txt_proj"))}
    if all(k in mine and mine[k].shape == v.shape for k, v in stem.items()):
        kept |= stem
    model.load_state_dict(kept, strict=False)
    return model


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


def _learn_words(out: Path, meaning: Meaning, lessons: Lessons, known: bool) -> None:
    """Learn words and truths together or, where the words are `known`, what they mean alone."""
    settings = lessons.settings
    name, steps = ("grasp", settings.grasp_steps) if known else ("words", settings.word_steps)
    for part in (meaning.text, meaning.projection):
        part.requires_grad_(not known)

    def terms(rng: np.random.Generator) -> dict[str, Tensor]:
        truths = draw_truths(rng, settings.word_batch)
        words = lessons.words(truths, rng)
        return meaning(truths, lessons.measures.of(truths), words)

    stage = _stage(name, steps, settings)
    learned = [p for p in meaning.parameters() if p.requires_grad]
    fit(out, stage, meaning, terms, [_adam(learned, settings.learning_rate, settings.weight_decay)])


def _learn_to_see(out: Path, eye: Eye, meaning: Meaning, lessons: Lessons) -> None:
    """The stages of the eye, but those that last no steps."""
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
    inner = [p for p in eye.video.blocks.parameters() if p.ndim == 2]
    taken = {id(p) for p in stem + inner}
    rest = [p for p in eye.video.parameters() if id(p) not in taken]
    heads = [*eye.projection.parameters(), *eye.measures.parameters()]
    tissue = [*stem, *eye.tissue.parameters()]
    slow = settings.join_share
    by_tissue = [*rest, *heads, *eye.given.parameters()]
    plan = (
        ("measure", settings.measure_steps, measure, inner, by_tissue, []),
        ("reason", settings.reason_steps, reason, inner, by_tissue, []),
        ("look", settings.look_steps, look, [], [], tissue),
        ("join", settings.join_steps, join, inner, [*rest, *heads], tissue),
    )
    for name, steps, terms, by_muon, by_adam, fast in (stage for stage in plan if stage[1]):
        if not settings.half:  # torch's Muon computes in bfloat16, whatever the processor has
            by_muon, by_adam = [], [*by_muon, *by_adam]
        share = slow if name == "join" else 1.0
        optimisers = [
            make(parameters, share * rate, settings.weight_decay)
            for make, parameters, rate in (
                (_adam, by_adam, settings.learning_rate),
                (_adam, fast, settings.stem_rate),
                (_muon, by_muon, settings.block_rate),
            )
            if parameters
        ]
        fit(out, _stage(name, steps, settings), eye, terms, optimisers)


def _stage(name: str, steps: int, settings: Settings) -> Stage:
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


def _muon(parameters: list[nn.Parameter], rate: float, decay: float) -> torch.optim.Optimizer:
    """Muon (Jordan et al. 2024), which learns as much in fewer steps; for matrices alone."""
    return torch.optim.Muon(parameters, lr=rate, weight_decay=decay, adjust_lr_fn="match_rms_adamw")


def _adam(parameters: list[nn.Parameter], rate: float, decay: float) -> torch.optim.Optimizer:
    """AdamW; biases, norms and temperatures are not decayed."""
    groups = [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": decay},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.98))


def _tokenizer(path: Path, seed: int) -> Tokenizer:
    """Made once for a run: a changed lexicon must not change the ids of a run that is resumed."""
    if not path.exists():
        build_tokenizer(seed=seed).save(str(path))
    return Tokenizer.from_file(str(path))


def with_overrides(settings: Settings, **changes: float | int | None) -> Settings:
    """The settings with those changes that are not None."""
    return replace(settings, **{k: v for k, v in changes.items() if v is not None})
