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
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor, nn

from ..hub import load, save
from ..model import CMRCLIP
from .cases import Cases
from .eye import Eye
from .initial import initialise
from .lessons import Lessons, stage_of
from .loop import fit
from .meaning import Meaning, Measures, draw_truths
from .measures import statistics
from .optimisers import adam
from .seeing import learn_to_see
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
    learn_to_see(out, eye, meaning.requires_grad_(False), lessons)
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
    optimiser = adam(parameters, settings.learning_rate, settings.weight_decay)
    fit(out, stage_of(name, steps, settings), meaning, terms, [optimiser])


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


def _tokenizer(path: Path, seed: int) -> Tokenizer:
    """Made once for a run: a changed lexicon must not change the ids of a run that is resumed."""
    if not path.exists():
        build_tokenizer(seed=seed).save(str(path))
    return Tokenizer.from_file(str(path))
