"""BiomedCLIP's format: the numbers that open_clip itself gave, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from cmrclip_lite.errors import CheckpointError
from cmrclip_lite.frames import study_to_clip
from cmrclip_lite.hub import load
from cmrclip_lite.study import Series, Study
from tests import open_clip_golden as golden
from tests.hub_server import Ask, HubServer, Repo

CONFIG, WEIGHTS = "open_clip_config.json", golden.WEIGHTS["safetensors"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return golden.save_checkpoint(tmp_path_factory.mktemp("open_clip"))


@pytest.fixture(scope="module")
def model(folder):
    return load(folder, device="cpu")


@pytest.fixture(scope="module")
def theirs() -> dict[str, torch.Tensor]:
    with np.load(golden.DATA) as stored:
        return {key: torch.from_numpy(stored[key]) for key in stored.files}


def told(model: object = golden.MODEL, **parts: dict) -> str:
    changed = {name: model[name] | changes for name, changes in parts.items()}
    return json.dumps({"model_cfg": model | changed, "preprocess_cfg": golden.PREPARED})


def test_the_numbers_are_those_of_open_clip(model, theirs):
    assert model.tokenize(golden.TEXTS).equal(theirs["ids"])
    texts = model.encode_text(golden.TEXTS, normalize=False)
    torch.testing.assert_close(texts, theirs["text"], atol=1e-5, rtol=0)
    # Alone or beside a longer one, a text is the same.
    alone = model.encode_text(golden.TEXTS[1:2], normalize=False)
    torch.testing.assert_close(alone, theirs["text"][1:2], atol=1e-5, rtol=0)
    unit = torch.nn.functional.normalize(theirs["image"], dim=-1)
    with torch.inference_mode():
        pictures = model.encode_pictures(golden.pictures())
    torch.testing.assert_close(pictures, unit, atol=1e-5, rtol=0)


def test_pictures_are_normalised_as_its_file_says(model):
    pixels = np.full((1, 30, 30), 500, np.int16)
    pixels[:, :, :15] = 100
    clip = study_to_clip(Study([Series(pixels, (1.0, 1.0))]), model.config).tensor[0]
    for channel, (mean, std) in enumerate(zip(*golden.PREPARED.values(), strict=True)):
        assert float(clip[channel].max()) == pytest.approx((1 - mean) / std, abs=0.05)
        assert float(clip[channel].min()) == pytest.approx(-mean / std, abs=0.05)


def test_a_study_is_scored_by_it(model):
    pixels = np.random.default_rng(0).integers(0, 900, (25, 40, 60)).astype(np.int16)
    (score,) = model.score(Study([Series(pixels, (1.5, 1.5))]), ["LV dilation"])
    assert score.key == "lv_dilation" and -1 <= score.similarity <= 1


def test_the_pickle_that_is_published_is_the_same_model(model, tmp_path):
    pickled = golden.save_checkpoint(tmp_path, "pickle")
    assert [path.name for path in pickled.glob("open_clip_*.bin")]
    assert load(pickled, device="cpu").identity == model.identity


def test_buffers_that_older_transformers_saved_are_left_out(model, tmp_path):
    golden.save_checkpoint(tmp_path)
    old = {"text.transformer.embeddings.position_ids": torch.arange(32)[None]}
    save_file(golden.weights() | old, tmp_path / WEIGHTS)
    again = load(tmp_path, device="cpu").encode_text(golden.TEXTS)
    assert again.equal(model.encode_text(golden.TEXTS))


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ("{}", "open_clip_config.json has no model_cfg"),
        ('{"model_cfg": {"vision_cfg": {}}}', "lacks vision_cfg or text_cfg"),
        (told(vision_cfg={"timm_model_name": "convnext_base"}), "timm_model_name 'convnext_base'"),
        (told(vision_cfg={"timm_proj": "mlp"}), "timm_proj 'mlp'"),
        (told(vision_cfg={"timm_pool": "avg"}), "timm_pool 'avg'"),
        (told(text_cfg={"hf_model_name": "roberta-base"}), "hf_model_name 'roberta-base'"),
        (told(text_cfg={"hf_pooler_type": "mean_pooler"}), "hf_pooler_type 'mean_pooler'"),
        (told(text_cfg={"context_length": "long"}), "context_length 'long'"),
        (
            json.dumps({"model_cfg": golden.MODEL, "preprocess_cfg": {"interpolation": "nearest"}}),
            "has the interpolation 'nearest'",
        ),
        (
            json.dumps({"model_cfg": golden.MODEL, "preprocess_cfg": {"std": [0, 1, 1]}}),
            "no usable std",
        ),
    ],
)
def test_another_kind_of_model_is_refused_with_what_it_is(folder, tmp_path, config, message):
    for name in (WEIGHTS, "tokenizer.json"):
        (tmp_path / name).symlink_to(folder / name)
    (tmp_path / CONFIG).write_text(config)
    with pytest.raises(CheckpointError, match=message):
        load(tmp_path, device="cpu")


def test_weights_that_do_not_fit_are_refused(tmp_path):
    golden.save_checkpoint(tmp_path)
    whole = golden.weights()

    def refused(state: dict[str, torch.Tensor], message: str) -> None:
        save_file(state, tmp_path / WEIGHTS)
        with pytest.raises(CheckpointError, match=message):
            load(tmp_path, device="cpu")

    less = {k: v for k, v in whole.items() if k != "visual.trunk.norm.weight"}
    refused(less, r"do not fit open_clip_config.json: visual.trunk.norm.weight \(1\) missing")
    refused(whole | {"visual.extra": torch.zeros(3)}, r"visual.extra \(1\) unexpected")
    less = {k: v for k, v in whole.items() if k != "visual.trunk.pos_embed"}
    refused(less, "visual.trunk.pos_embed is missing")
    narrow = {"visual.trunk.patch_embed.proj.weight": torch.zeros(100, 3, 16, 16)}
    refused(whole | narrow, "image tower is 100 wide")
    (tmp_path / WEIGHTS).unlink()
    with pytest.raises(CheckpointError, match="has no open_clip_model.safetensors or open_clip_py"):
        load(tmp_path)


@pytest.mark.slow
def test_from_the_hub(server: HubServer, ask: Ask, model, folder, tmp_path):
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    commit = server.repos.setdefault("heart/biomed", Repo()).commit(files, "main")
    answer = ask("heart/biomed", cache_dir=str(tmp_path))
    assert answer.get("name") == f"heart/biomed@{commit[:12]}", answer
    assert answer["identity"] == model.identity
