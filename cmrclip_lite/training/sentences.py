"""Words to begin with: those of a pretrained sentence encoder, fewer and in fewer layers.

A sentence encoder has read a billion pairs of sentences, and knows of words that no lexicon holds
which others they are like. Meant for all-MiniLM-L6-v2 (Reimers and others; Wang et al., "MiniLM",
NeurIPS 2020; Apache 2.0): lower case, the mean over a sentence's tokens, as `text_encoder` has it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch import Tensor

from ..checkpoint import CONFIG_FILE, TOKENIZER_FILES, WEIGHT_FILES, read_json, read_weights
from ..errors import CheckpointError
from ..model import TextConfig
from .vocabulary import SPECIAL, tokenizer_of

_SET_ASIDE = re.compile(r"\[[A-Za-z]+\d*\]")  # special pieces, and those never used


@dataclass(frozen=True)
class Sentences:
    """A text encoder: its sizes, its weights by the names of a `BertEncoder`, its tokenizer."""

    config: TextConfig
    weights: dict[str, Tensor]
    tokenizer: Tokenizer


def read_sentences(
    folder: Path, layers: int, pieces: int, positions: int, texts: Iterable[str] = ()
) -> Sentences:
    """A part of a sentence encoder.

    Args:
        folder: holds `config.json`, `model.safetensors` and `vocab.txt` of an uncased BERT.
        layers: of its layers as many, spread from the first to the last.
        pieces: of its vocabulary as many: those that `texts` are made of, and the first that are
            printable ASCII, for BERT's stands in the order of how often words are used.
        positions: tokens of the longest text.
        texts: to be read as the whole encoder would read them.

    Raises:
        CheckpointError: if a file is missing or of another kind of model.
    """
    told = read_json(folder / CONFIG_FILE)
    if told.get("model_type") != "bert":
        raise CheckpointError(f"{folder.name} is no BERT, but {told.get('model_type')!r}.")
    listed = _vocabulary(folder / TOKENIZER_FILES[1])
    kept = _kept(listed, pieces, texts)
    try:
        config = TextConfig(
            vocab_size=len(kept),
            hidden=told["hidden_size"],
            layers=layers,
            heads=told["num_attention_heads"],
            intermediate=told["intermediate_size"],
            max_positions=min(positions, told["max_position_embeddings"]),
            type_vocab=told["type_vocab_size"],
            cased=False,
        )
    except KeyError as error:
        raise CheckpointError(f"{CONFIG_FILE} of {folder.name} lacks {error}.") from error
    weights = read_weights(folder / WEIGHT_FILES[0])
    weights = _fewer_layers(weights, told["num_hidden_layers"], layers)
    word, place = (f"embeddings.{name}_embeddings.weight" for name in ("word", "position"))
    weights[word] = weights[word][torch.tensor(kept)]
    weights[place] = weights[place][: config.max_positions]
    weights.pop("embeddings.position_ids", None)
    tokenizer = tokenizer_of({listed[row]: i for i, row in enumerate(kept)})
    return Sentences(config, weights, tokenizer)


def _vocabulary(path: Path) -> list[str]:
    try:
        # Not `splitlines`: some pieces are themselves what it takes for the end of a line.
        listed = path.read_text(encoding="utf-8").strip("\n").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise CheckpointError(f"{path.name} cannot be read: {error}.") from error
    if absent := [name for name in SPECIAL if name not in listed]:
        raise CheckpointError(f"{path.name} is no BERT's, it lacks {', '.join(absent)}.")
    return listed


def _kept(listed: list[str], pieces: int, texts: Iterable[str]) -> list[int]:
    """The rows of a vocabulary to keep, `[PAD]` and the other special pieces first."""
    whole = tokenizer_of({piece: row for row, piece in enumerate(listed)})
    read = {row for encoded in whole.encode_batch(list(texts)) for row in encoded.ids}
    special = [listed.index(name) for name in SPECIAL]
    used = sorted(read - set(special))
    plain = [
        row
        for row, piece in enumerate(listed)
        if piece.isascii() and piece.isprintable() and not _SET_ASIDE.fullmatch(piece)
    ]
    others = [row for row in plain if row not in read]
    return special + used + others[: pieces - len(special) - len(used)]


def _fewer_layers(weights: dict[str, Tensor], there: int, wanted: int) -> dict[str, Tensor]:
    chosen = [round(float(at)) for at in torch.linspace(0, there - 1, wanted)]
    rest = {k: v for k, v in weights.items() if not k.startswith("encoder.layer.")}
    for to, row in enumerate(chosen):
        old, new = f"encoder.layer.{row}.", f"encoder.layer.{to}."
        rest |= {k.replace(old, new): v for k, v in weights.items() if k.startswith(old)}
    return rest
