"""Reading and writing a checkpoint folder: what is accepted, and that nothing is left at random."""

from __future__ import annotations

import json
import logging
import os
import pickle
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer

from cmrclip_lite import hub
from cmrclip_lite.checkpoint import TEMPORAL_POSITIONS, build_model
from cmrclip_lite.errors import CheckpointError
from cmrclip_lite.model import CMRCLIP
from tests.small_checkpoint import small_config, small_model, write_vocabulary

TEXTS = ["left ventricle is dilated", "normal"]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> CMRCLIP:
    return small_model(tmp_path_factory.mktemp("vocabulary"))


@pytest.fixture
def folder(model: CMRCLIP, tmp_path: Path) -> Path:
    """A saved checkpoint."""
    hub.save(model, tmp_path / "mine")
    return tmp_path / "mine"


def save_pickle(folder: Path, content: object, **options: object) -> None:
    """Replace the weights of a checkpoint by a pickle."""
    (folder / "model.safetensors").unlink()
    torch.save(content, folder / "pytorch_model.bin", **options)


def change_weights(folder: Path, **changes: torch.Tensor | None) -> None:
    """Replace, add or (None) remove tensors of a saved checkpoint."""
    state = load_file(folder / "model.safetensors") | changes
    kept = {key: value.contiguous() for key, value in state.items() if value is not None}
    save_file(kept, folder / "model.safetensors")


def test_saved_and_loaded_is_the_same_model(model: CMRCLIP, folder: Path) -> None:
    loaded = hub.load(folder, device="cpu")
    clip = torch.randn(2, 4, 3, 16, 16)
    torch.testing.assert_close(loaded.encode_clip(clip), model.encode_clip(clip))
    torch.testing.assert_close(loaded.encode_text(TEXTS), model.encode_text(TEXTS))
    assert loaded.name == "mine"
    assert loaded.config == model.config
    assert not loaded.training
    assert sorted(p.name for p in folder.iterdir()) == [
        "config.json", "model.safetensors", "tokenizer.json",
    ]  # fmt: skip


def test_loaded_model_can_be_trained_on(folder: Path) -> None:
    """Mapped weights are a private copy: a step changes the model and not the file."""
    before = (folder / "model.safetensors").read_bytes()
    loaded = hub.load(folder, device="cpu").train()
    loaded.encode_clip(torch.randn(1, 4, 3, 16, 16)).sum().backward()
    torch.optim.SGD(loaded.vid_proj.parameters(), lr=0.1).step()
    assert (folder / "model.safetensors").read_bytes() == before


@pytest.mark.parametrize("form", ["plain", "old format", "training", "data parallel"])
def test_pickle_forms(model: CMRCLIP, folder: Path, form: str) -> None:
    """The same weights in any of the forms they come in are the same model, with one identity."""
    identity = hub.load(folder, device="cpu").identity
    state = model.state_dict()
    if form == "plain":
        save_pickle(folder, state)
    elif form == "old format":
        save_pickle(folder, state, _use_new_zipfile_serialization=False)
    elif form == "training":
        save_pickle(folder, {"epoch": 3, "state_dict": state, "optimizer": {"lr": 0.1}})
    else:
        prefixed = {f"module.{key}": value for key, value in state.items()}
        save_pickle(folder, {"state_dict": prefixed})
    loaded = hub.load(folder, device="cpu")
    assert loaded.identity == identity
    torch.testing.assert_close(loaded.encode_text(TEXTS), model.encode_text(TEXTS))


def test_identity_is_of_weights_and_configuration(folder: Path) -> None:
    first = hub.load(folder, device="cpu").identity
    config = json.loads((folder / "config.json").read_text())
    config["layout"]["spacing_mm"] = 3.0
    (folder / "config.json").write_text(json.dumps(config))
    second = hub.load(folder, device="cpu").identity
    change_weights(folder, **{"vid_proj.1.bias": torch.ones(8)})
    third = hub.load(folder, device="cpu").identity
    assert len({first, second, third}) == 3


def test_a_pickle_that_runs_code_is_refused(folder: Path, tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple:
            return os.mkdir, (str(tmp_path / "trapped"),)

    save_pickle(folder, {"state_dict": Trap()})
    with pytest.raises(CheckpointError, match="could run code"):
        hub.load(folder)
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps(Trap(), protocol=2))
    with pytest.raises(CheckpointError, match=r"pytorch_model\.bin"):
        hub.load(folder)
    assert not (tmp_path / "trapped").exists()


@pytest.mark.parametrize("content", [{}, [1, 2], {"epoch": 3}, torch.zeros(3)])
def test_a_pickle_without_weights_is_refused(folder: Path, content: object) -> None:
    save_pickle(folder, content)
    with pytest.raises(CheckpointError, match="no state dict|not a tensor"):
        hub.load(folder)


@pytest.mark.parametrize("name", ["model.safetensors", "pytorch_model.bin"])
@pytest.mark.parametrize("kept", [0, 7, 1000, 4000])
def test_cut_files_are_refused(model: CMRCLIP, folder: Path, name: str, kept: int) -> None:
    if name == "pytorch_model.bin":
        save_pickle(folder, model.state_dict())
    (folder / name).write_bytes((folder / name).read_bytes()[:kept])
    with pytest.raises(CheckpointError, match=f"mine: {name} is damaged"):
        hub.load(folder)


def test_misfit_is_named(folder: Path) -> None:
    """Every kind of misfit in one message: the first few keys, and a count."""
    change_weights(
        folder,
        **{
            "vid_proj.1.weight": None,
            "txt_proj.1.bias": torch.zeros(9),
            "video_model.head.weight": torch.zeros(2, 2),
        }
        | {f"text_model.extra.{i}": torch.zeros(1) for i in range(6)},
    )
    with pytest.raises(CheckpointError) as caught:
        hub.load(folder)
    message = str(caught.value)
    assert "vid_proj.1.weight (1) missing" in message
    assert "and 3 more (7) unexpected" in message
    assert "txt_proj.1.bias (9,) instead of (8,) (1) of another shape" in message


def test_old_buffers_are_dropped(folder: Path) -> None:
    """BERT checkpoints of older transformers carry an arange that newer ones lack."""
    identity = hub.load(folder, device="cpu").identity
    change_weights(
        folder,
        **{
            "text_model.embeddings.position_ids": torch.arange(512)[None],
            "text_model.embeddings.token_type_ids": torch.zeros(1, 512, dtype=torch.long),
        },
    )
    assert hub.load(folder, device="cpu").identity == identity


@pytest.mark.parametrize(("rows", "said"), [(2, "start at zero"), (7, "left out")])
def test_temporal_positions_are_fitted(
    model: CMRCLIP, caplog: pytest.LogCaptureFixture, rows: int, said: str
) -> None:
    state = model.state_dict() | {TEMPORAL_POSITIONS: torch.randn(1, rows, 16)}
    with caplog.at_level(logging.WARNING):
        fitted = build_model(small_config(num_frames=4), state).video_model.temporal_embed
    assert said in caplog.text
    shared = min(rows, 4)
    torch.testing.assert_close(fitted[:, :shared], state[TEMPORAL_POSITIONS][:, :shared])
    assert fitted.shape == (1, 4, 16)
    assert not fitted[:, shared:].any()


def test_half_precision_weights_compute_in_float32_unless_asked(folder: Path) -> None:
    halves = {k: v.half() for k, v in load_file(folder / "model.safetensors").items()}
    save_file(halves, folder / "model.safetensors")
    assert hub.load(folder, device="cpu").dtype == torch.float32
    assert hub.load(folder, device="cpu", dtype="bfloat16").dtype == torch.bfloat16


def test_vocabulary_gives_berts_tokens(model: CMRCLIP, folder: Path) -> None:
    """vocab.txt alone is enough; cased, so that "Left" is another word than "left"."""
    (folder / "tokenizer.json").unlink()
    write_vocabulary(folder)
    tokens = (
        hub.load(folder, device="cpu").tokenizer.encode("Left, left dilated unheard-of.").tokens
    )
    assert tokens == [
        "[CLS]", "Left", ",", "left", "di", "##lated", "[UNK]", "[UNK]", "[UNK]", ".", "[SEP]",
    ]  # fmt: skip


def test_tokenizer_that_pads_is_told_not_to(folder: Path) -> None:
    """The model takes every id it is given for a word."""
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.enable_padding(length=20)
    tokenizer.enable_truncation(3)
    tokenizer.save(str(folder / "tokenizer.json"))
    encoding = hub.load(folder, device="cpu").tokenizer.encode("left ventricle is normal")
    assert encoding.tokens == ["[CLS]", "left", "ventricle", "is", "normal", "[SEP]"]


def test_a_tokenizer_of_another_model_is_refused(folder: Path) -> None:
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.add_tokens(["atrium"])
    tokenizer.save(str(folder / "tokenizer.json"))
    with pytest.raises(CheckpointError, match="16 tokens but the model 15"):
        hub.load(folder)
    (folder / "tokenizer.json").write_text("{}")
    with pytest.raises(CheckpointError, match="no usable tokenizer"):
        hub.load(folder)
    (folder / "tokenizer.json").unlink()
    (folder / "vocab.txt").write_text("left\nright\n")
    with pytest.raises(CheckpointError, match=r"lacks \[CLS\]"):
        hub.load(folder)


def test_without_a_tokenizer_studies_still_encode(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (folder / "tokenizer.json").unlink()
    loaded = hub.load(folder, device="cpu")
    assert "no text" in caplog.text
    assert loaded.encode_clip(torch.zeros(1, 4, 3, 16, 16)).shape == (1, 8)
    with pytest.raises(CheckpointError, match="no tokenizer"):
        loaded.encode_text(TEXTS)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        '{"flavour": 3}',
        '{"video": {"depth": "x"}}',
        '{"video": {"depth": 0}}',
        '{"video": {"width": 100, "heads": 3}}',
        '{"text": {"cased": 1}}',
        '{"text": {"tokenizer": 7}}',
    ],
)
def test_unusable_configuration(folder: Path, content: str) -> None:
    (folder / "config.json").write_text(content)
    with pytest.raises(CheckpointError, match=r"mine: .*config\.json"):
        hub.load(folder)


def test_folders_that_are_no_checkpoint(folder: Path) -> None:
    with pytest.raises(CheckpointError, match="is a file; name the folder"):
        hub.load(folder / "model.safetensors")
    with pytest.raises(CheckpointError, match="has no revisions"):
        hub.load(folder, revision="main")
    (folder / "model.safetensors").unlink()
    with pytest.raises(CheckpointError, match=r"has no model\.safetensors or pytorch_model\.bin"):
        hub.load(folder)
    (folder / "config.json").unlink()
    with pytest.raises(CheckpointError, match=r"has no config\.json"):
        hub.load(folder)


def test_interrupted_saving_leaves_the_older_checkpoint(
    model: CMRCLIP, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    identity = hub.load(folder, device="cpu").identity

    def full_disk(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("cmrclip_lite.checkpoint.save_file", full_disk)
    with pytest.raises(OSError, match="No space left"):
        hub.save(model, folder)
    assert hub.load(folder, device="cpu").identity == identity
    assert not list(folder.glob(".saving-*"))


def test_save_pretrained_writes_a_model_card(model: CMRCLIP, tmp_path: Path) -> None:
    """The mixin's saving, and its loading, which is ours."""
    model.save_pretrained(tmp_path / "shared")
    card = (tmp_path / "shared" / "README.md").read_text()
    assert "library_name: cmrclip_lite" in card and "cmrclip_lite.load(" in card
    loaded = CMRCLIP.from_pretrained(tmp_path / "shared", device="cpu")
    assert loaded.config == model.config
    change_weights(tmp_path / "shared", **{"vid_proj.1.weight": None})
    with pytest.raises(CheckpointError, match="missing"):
        CMRCLIP.from_pretrained(tmp_path / "shared")
