"""The WordPiece vocabulary of the bundled checkpoint, built from the texts it is trained on.

Lower-cased; numbers are split into digits, so that "25%" is read as "2", "5", "%" and a number
never seen is spelt rather than unknown. Every printable ASCII character is a piece, on its own
and inside a word, so that none ever becomes `[UNK]`.
"""

from __future__ import annotations

import re
import string

import numpy as np
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from tokenizers.trainers import WordPieceTrainer

from ..phantom import wording
from ..phantom.grading import SEGMENT_NAMES
from ..phantom.report_phrases import NUMBERS, OPENERS, SECTIONS
from ..prompts import CONDITIONS, templates
from .lexicon import statement_bank
from .words import COMMON_WORDS

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
_STATEMENTS = 20_000
_REPORT_DRAWS = 15


def build_tokenizer(seed: int = 0, size: int = 4000) -> Tokenizer:
    """Build the tokenizer; the same seed and size give the same one.

    Args:
        seed: of the sentences it is trained on.
        size: most pieces; fewer where the texts hold fewer. At least 300.

    Returns:
        A tokenizer that adds `[CLS]` and `[SEP]`; `[PAD]` is 0. `save("tokenizer.json")` it.
    """
    learner = _pipeline({})
    trainer = WordPieceTrainer(
        vocab_size=size,
        # The inner letters are no special tokens, but only these get their ids before the
        # counting starts, and those ids settle ties: without them every run differs.
        special_tokens=[*SPECIAL, *_inner_pieces()],
        initial_alphabet=list(string.ascii_lowercase + string.digits + string.punctuation),
        show_progress=False,
    )
    learner.train_from_iterator(corpus(seed), trainer)
    return tokenizer_of(learner.get_vocab())


def tokenizer_of(pieces: dict[str, int]) -> Tokenizer:
    """A tokenizer of these pieces, the special ones among them; it adds `[CLS]` and `[SEP]`."""
    tokenizer = _pipeline(pieces)
    tokenizer.add_special_tokens(list(SPECIAL))
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[(name, pieces[name]) for name in ("[CLS]", "[SEP]")],
    )
    return tokenizer


def _pipeline(vocabulary: dict[str, int]) -> Tokenizer:
    """A tokenizer of these pieces: lower case, split at spaces, punctuation and digits."""
    model = models.WordPiece(vocabulary, unk_token="[UNK]", max_input_chars_per_word=100)
    tokenizer = Tokenizer(model)
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.BertPreTokenizer(), pre_tokenizers.Digits(individual_digits=True)]
    )
    tokenizer.decoder = decoders.WordPiece()
    return tokenizer


def _inner_pieces() -> list[str]:
    """A letter inside a word; digits and punctuation always stand alone."""
    return [f"##{c}" for c in string.ascii_lowercase]


def corpus(seed: int) -> list[str]:
    """What is said in training, and words of every day."""
    rng = np.random.default_rng(seed)
    texts = [statement.text for statement in statement_bank(rng, _STATEMENTS)]
    for condition in CONDITIONS.values():
        for text in (condition.label, *condition.prompts, *condition.aliases):
            texts.extend(templates(text))
    texts += _report_texts(rng) + list(SEGMENT_NAMES)
    # Twice, so that a word that stands nowhere else is still worth a piece.
    return texts + list(COMMON_WORDS) * 2


def _report_texts(rng: np.random.Generator) -> list[str]:
    """Every pattern of the reports, each said a few times, the numbers left out."""
    patterns = [
        *(p for states in SECTIONS.values() for voices in states.values() for p in voices.values()),
        *(p for voices in NUMBERS.values() for p in voices.values()),
        *OPENERS.values(),
        "[mild|moderate|severe|mildly|moderately|severely|akinetic|hypokinetic|dyskinetic|thinned]",
        "[anterior|inferior|lateral] wall, septum and apex, moves less than it should",
        "[small|moderate|large], viable segments",
    ]
    return [
        re.sub(r"\{\w+\}", " ", wording.expand(pattern, rng))
        for pattern in patterns
        for _ in range(_REPORT_DRAWS)
    ]
