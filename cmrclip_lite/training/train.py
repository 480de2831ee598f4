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
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor, nn

from ..hub import load, save
from ..model import CMRCLIP
from ..phantom.truth import Truth
from .augment import Planes, draw_clips, draw_planes
from .cases import Cases
from .eye import Eye
from .initial import initialise
from .loop import Stage, fit
from .meaning import Meaning, Measures, Words, draw_truths, draw_words
from .measures import statistics
from .sentences import read_sentences
from .settings import Settings, bundled_config
from .vocabulary import build_tokenizer, corpus


def train(
    out: Path,
    settings: Settings,
    workers: int = 2,
    start: str | Path | None = None,
    sentences: Path | None = None,
) -> CMRCLIP:
    """Run or resume; leaves `checkpoint/` (to load), a log and a state of each stage in `out`.

    Args:
        workers: processes that make the cases.
        start: a checkpoint of an earlier run to go on from, instead of random weights.
        sentences: folder of a sentence encoder, from which new words are made in the end.
    """
    out.mkdir(parents=True, exist_ok=True)
    given = {"start": start, "sentences": sentences}
    told = asdict(settings) | {k: None if v is None else str(v) for k, v in given.items()}
    (out / "settings.json").write_text(json.dumps(told, indent=2))
    cases = Cases(out / "cases", settings.cases, settings.seed * 1_000_000, workers)
    measures = Measures(*statistics(cases.truths))
    torch.manual_seed(settings.seed)
    model = _begin(out, settings) if start is None else _go_on(start, settings)
    lessons = Lessons(model, cases, measures, settings)
    half = bool(settings.half)
    meaning = Meaning(model, len(measures.centre), half)
    if start is None:
        _learn_words(out, "words", settings.word_steps, meaning, lessons, [meaning])
    else:
        there = [meaning.truth, *meaning.temperatures]
        _learn_words(out, "grasp", settings.grasp_steps, meaning, lessons, there)
    eye = Eye(model.requires_grad_(), measures.weights, half)
    _learn_to_see(out, eye, meaning.requires_grad_(False), lessons)
    if sentences is not None:
        model = _learn_to_speak(out, sentences, meaning, lessons)
    save(model, out / "checkpoint")
    return model.eval()


def _begin(out: Path, settings: Settings) -> CMRCLIP:
    tokenizer = _tokenizer(out / "tokenizer.json", settings.seed)
    model = CMRCLIP(bundled_config(tokenizer.get_vocab_size()), tokenizer)
    initialise(model)
    return model


def _go_on(start: str | Path, settings: Settings) -> CMRCLIP:
    """A checkpoint's words, and its convolutions if today's are of their shape.

    Its transformer too, unless that begins anew.
    """
    known = load(start, cache=False)
    if not settings.measure_steps:
        return known.train()
    of_today = bundled_config(known.config.text.vocab_size)
    config = replace(of_today, text=known.config.text, projection_dim=known.config.projection_dim)
    model = CMRCLIP(config, known.tokenizer)
    initialise(model)
    weights, mine = known.state_dict(), model.state_dict()
    stem = {k: v for k, v in weights.items() if k.startswith("video_model.patch_embed")}
    kept = {k: v for k, v in weights.items() if k.startswith(("text_model", "txt_proj"))}
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


def _learn_words(
    out: Path,
    name: str,
    steps: int,
    meaning: Meaning,
    lessons: Lessons,
    learned: Sequence[nn.Module | nn.Parameter],
) -> None:
    """Bring words and truths together by changing what is `learned` of a meaning, and no more."""
    settings = lessons.settings
    meaning.requires_grad_(False)
    for part in learned:
        part.requires_grad_()

    def terms(rng: np.random.Generator) -> dict[str, Tensor]:
        truths = draw_truths(rng, settings.word_batch)
        words = lessons.words(truths, rng)
        return meaning(truths, lessons.measures.of(truths), words)

    parameters = [p for p in meaning.parameters() if p.requires_grad]
    optimiser = _adam(parameters, settings.learning_rate, settings.weight_decay)
    fit(out, _stage(name, steps, settings), meaning, terms, [optimiser])


def _learn_to_speak(out: Path, folder: Path, known: Meaning, lessons: Lessons) -> CMRCLIP:
    """The model with new words: a sentence encoder's, taught what the old words meant.

    The pieces of words stay as they came: one that training never held still lies beside its like.
    """
    old, settings = lessons.model, lessons.settings
    longest, texts = old.config.text.max_positions, corpus(settings.seed)
    words = read_sentences(folder, settings.speak_layers, settings.speak_pieces, longest, texts)
    model = CMRCLIP(replace(old.config, text=words.config), words.tokenizer)
    initialise(model)
    model.text_model.load_state_dict(words.weights)
    model.video_model.load_state_dict(old.video_model.state_dict())
    model.vid_proj.load_state_dict(old.vid_proj.state_dict())
    meaning = Meaning(model, len(lessons.measures.centre), known.half)
    meaning.truth.load_state_dict(known.truth.state_dict())
    learned = [meaning.text.encoder, meaning.projection, *meaning.temperatures]
    slower = replace(settings, word_batch=settings.speak_batch, learning_rate=settings.speak_rate)
    lessons = replace(lessons, model=model, settings=slower)
    _learn_words(out, "speak", settings.speak_steps, meaning, lessons, learned)
    return model


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
