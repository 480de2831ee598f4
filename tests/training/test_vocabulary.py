"""The vocabulary reads whatever is typed, and is the same wherever it is built."""

from __future__ import annotations

import string
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer

from cmrclip_lite.phantom.report import write_impression
from cmrclip_lite.training.lexicon import statement_bank
from cmrclip_lite.training.vocabulary import SPECIAL, build_tokenizer
from tests.truths import random_truths


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return build_tokenizer(seed=0, size=1500)


def test_no_printable_ascii_becomes_unknown(tokenizer: Tokenizer) -> None:
    assert "[UNK]" not in tokenizer.encode(string.printable).tokens
    for character in string.printable:
        for text in (character, f"q{character}", f"{character}q", f"x{character}z"):
            assert "[UNK]" not in tokenizer.encode(text).tokens, text


def test_numbers_are_spelt_and_case_is_ignored(tokenizer: Tokenizer) -> None:
    assert tokenizer.encode("LVEF 25%").tokens == ["[CLS]", "lvef", "2", "5", "%", "[SEP]"]
    assert tokenizer.encode("ef25").tokens == tokenizer.encode("EF 2 5").tokens


def test_special_pieces_come_first(tokenizer: Tokenizer) -> None:
    assert [tokenizer.token_to_id(name) for name in SPECIAL] == [0, 1, 2, 3, 4]
    assert sorted(tokenizer.get_vocab().values()) == list(range(tokenizer.get_vocab_size()))
    assert tokenizer.get_vocab_size() <= 1500


def test_texts_of_training_are_short_and_known(tokenizer: Tokenizer) -> None:
    rng = np.random.default_rng(0)
    reports = [write_impression(truth, rng) for truth in random_truths(0, 200)]
    statements = [statement.text for statement in statement_bank(rng, 500)]
    encoded = tokenizer.encode_batch(reports + statements)
    assert not any("[UNK]" in e.tokens for e in encoded)
    assert max(len(e.ids) for e in encoded) < 200


def test_it_is_saved_and_read_back(tokenizer: Tokenizer, tmp_path: Path) -> None:
    tokenizer.save(str(path := tmp_path / "tokenizer.json"))
    again = Tokenizer.from_file(str(path))
    assert again.encode("D-shaped septum").ids == tokenizer.encode("D-shaped septum").ids


@pytest.mark.slow
def test_another_process_builds_the_same(tokenizer: Tokenizer) -> None:
    """Hash seeds differ between processes, and once changed the order of equal pieces."""
    code = (
        "from cmrclip_lite.training.vocabulary import build_tokenizer;"
        "print(build_tokenizer(seed=0, size=1500).to_str())"
    )
    other = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    assert other.stdout.strip() == tokenizer.to_str()
