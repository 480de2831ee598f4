"""New words begin as a sentence encoder's and learn what the old ones meant; the eye stays."""

from __future__ import annotations

import json
import string
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file, save_file

from cmrclip_lite.errors import CheckpointError
from cmrclip_lite.hub import load, save
from cmrclip_lite.model import TextConfig
from cmrclip_lite.model.text_encoder import BertEncoder
from cmrclip_lite.training import train
from cmrclip_lite.training.sentences import read_sentences
from cmrclip_lite.training.settings import Settings
from cmrclip_lite.training.vocabulary import tokenizer_of

LETTERS = [*string.ascii_lowercase, *string.digits, *string.punctuation]
# As BERT's: special pieces among unused ones, then letters, then words, the usual ones first.
PIECES = [
    *("[PAD]", "[unused0]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "é"),
    *LETTERS,
    *(f"##{letter}" for letter in string.ascii_lowercase),
    *("the", "heart", "pump", "sept", "##um", "rare", "seldom"),
]


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sentences")
    config = TextConfig(len(PIECES), hidden=16, layers=6, heads=2, intermediate=32)
    torch.manual_seed(0)
    save_file(BertEncoder(config).state_dict(), folder / "model.safetensors")
    (folder / "vocab.txt").write_text("\n".join(PIECES), encoding="utf-8")
    told = {
        "model_type": "bert",
        "hidden_size": 16,
        "num_hidden_layers": 6,
        "num_attention_heads": 2,
        "intermediate_size": 32,
        "max_position_embeddings": 512,
        "type_vocab_size": 2,
    }
    (folder / "config.json").write_text(json.dumps(told))
    return folder


def test_fewer_layers_and_pieces_are_the_encoders_own(encoder):
    whole = load_file(encoder / "model.safetensors")
    words = read_sentences(encoder, 4, len(PIECES) - 4, 100, ["seldom"])

    part = BertEncoder(words.config)
    part.load_state_dict(words.weights)
    for to, row in enumerate((0, 2, 3, 5)):
        key = "encoder.layer.{}.attention.self.query.weight"
        assert torch.equal(words.weights[key.format(to)], whole[key.format(row)])
    table = words.weights["embeddings.word_embeddings.weight"]
    for piece, i in words.tokenizer.get_vocab().items():
        assert torch.equal(
            table[i], whole["embeddings.word_embeddings.weight"][PIECES.index(piece)]
        )
    assert len(words.weights["embeddings.position_embeddings.weight"]) == 100


def test_texts_are_read_as_the_whole_encoder_reads_them(encoder):
    """What is left out is what is not ASCII, never used, or last and not in the texts."""
    words = read_sentences(encoder, 6, len(PIECES) - 3, 100, ["seldom"])
    kept = words.tokenizer.get_vocab()
    assert set(PIECES) - set(kept) == {"[unused0]", "é", "rare"}
    assert kept["[PAD]"] == 0
    whole = tokenizer_of({piece: i for i, piece in enumerate(PIECES)})
    for text in ("Seldom the heart's SEPTUM", "EF 25%", "[a] {b}"):
        assert words.tokenizer.encode(text).tokens == whole.encode(text).tokens
    assert words.tokenizer.encode("rare").tokens == ["[CLS]", "r", "##a", "##r", "##e", "[SEP]"]


def test_another_kind_of_model_is_refused(encoder, tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "gpt2"}))
    with pytest.raises(CheckpointError, match="no BERT, but 'gpt2'"):
        read_sentences(tmp_path, 4, 50, 100)


def test_a_folder_that_lacks_something_says_what(encoder, tmp_path):
    told = json.loads((encoder / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(told))
    with pytest.raises(CheckpointError, match="vocab.txt cannot be read"):
        read_sentences(tmp_path, 4, 50, 100)
    (tmp_path / "vocab.txt").write_text("a\nb")
    with pytest.raises(CheckpointError, match="vocab.txt is no BERT's, it lacks .*CLS"):
        read_sentences(tmp_path, 4, 50, 100)
    (tmp_path / "vocab.txt").write_text("\n".join(PIECES), encoding="utf-8")
    del told["hidden_size"]
    (tmp_path / "config.json").write_text(json.dumps(told))
    with pytest.raises(CheckpointError, match="lacks 'hidden_size'"):
        read_sentences(tmp_path, 4, 50, 100)


@pytest.mark.slow
def test_an_eye_gets_new_words_and_stays_as_it_is(encoder, tmp_path):
    none = {f"{stage}_steps": 0 for stage in ("measure", "reason", "look", "join")}
    settings = Settings(
        cases=4, grasp_steps=2, word_batch=6, speak_steps=3, speak_batch=6, statements=2,
        speak_pieces=len(PIECES) - 3, half=0, seed=3, **none,
    )  # fmt: skip
    before = train._begin(tmp_path, replace(settings, seed=4))
    save(before, tmp_path / "start")
    train.train(tmp_path / "run", settings, 1, tmp_path / "start", encoder)

    model, begun = load(tmp_path / "run" / "checkpoint"), before.state_dict()
    words = read_sentences(encoder, 4, len(PIECES) - 3, 160, ["the heart"])
    assert {path.stem for path in (tmp_path / "run").glob("*.jsonl")} == {"grasp", "speak"}
    for key, value in model.state_dict().items():
        if key.startswith("vid"):
            assert torch.equal(value, begun[key])
    table = model.text_model.embeddings.word_embeddings.weight
    assert len(table) == len(words.weights["embeddings.word_embeddings.weight"])
    rows = model.tokenizer.get_vocab()
    kept = BertEncoder(words.config)
    kept.load_state_dict(words.weights)
    for piece in ("heart", "sept", "%"):
        there = kept.embeddings.word_embeddings.weight[words.tokenizer.get_vocab()[piece]]
        assert torch.equal(table[rows[piece]], there)
    moved = "encoder.layer.0.intermediate.dense.weight"
    assert not torch.equal(model.text_model.state_dict()[moved], words.weights[moved])
    assert model.encode_text(["no LV dilation"]).shape == (1, 256)
