"""The encoders compute what the published code computes.

Same names, same shapes, and with the same made-up weights the same numbers, in float32.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from cmrclip_lite.model import CMRCLIP, ModelConfig, TextConfig, VideoConfig
from tests import golden

DATA = Path(__file__).parents[1] / "data"
EXPECTED = np.load(DATA / "golden.npz")
FACTS = json.loads((DATA / "golden.json").read_text())

FULL = ModelConfig()
TINY = ModelConfig(
    video=VideoConfig(image_size=32, patch_size=8, width=48, depth=2, heads=3, num_frames=8),
    text=TextConfig(vocab_size=200, hidden=32, layers=2, heads=2, intermediate=64),
    projection_dim=16,
)


def build(config: ModelConfig, scale: float) -> CMRCLIP:
    with torch.device("meta"):
        model = CMRCLIP(config)
    model.load_state_dict(golden.fill(model.state_dict(), scale), assign=True)
    return model.eval()


def assert_close(actual: torch.Tensor, name: str, tolerance: float) -> None:
    difference = np.abs(actual.numpy() - EXPECTED[name]).max()
    assert difference <= tolerance, f"{name}: largest difference {difference:.2e}"


def check_video(model: CMRCLIP, name: str, frames: int, tolerance: float) -> None:
    batch = 1 if frames == 64 else 2
    clip = golden.video(batch, frames, model.config.video.image_size)
    ids, mask = golden.tokens(*((1000, 28000) if model.config == FULL else (10, 190)))
    with torch.inference_mode():
        features = model.video_features(clip)
        projected = model.vid_proj(features)
        unit = torch.nn.functional.normalize(projected, dim=-1)
        similarity = model.encode_tokens(ids, mask) @ unit.T
    assert_close(features, f"{name}/F{frames}/video_features", tolerance)
    assert_close(projected, f"{name}/F{frames}/video", tolerance)
    assert_close(similarity, f"{name}/F{frames}/sim", tolerance)


def check_text(model: CMRCLIP, name: str, tolerance: float) -> None:
    ids, mask = golden.tokens(*((1000, 28000) if model.config == FULL else (10, 190)))
    with torch.inference_mode():
        assert_close(model.encode_tokens(ids, mask, normalize=False), f"{name}/text", tolerance)


@pytest.mark.parametrize(("size", "config"), [("tiny", TINY), ("full", FULL)])
def test_names_and_shapes_are_those_of_the_published_checkpoint(size, config):
    with torch.device("meta"):
        state = CMRCLIP(config).state_dict()
    assert {key: list(value.shape) for key, value in state.items()} == FACTS["keys"][size]


def test_the_published_config_gives_the_full_size():
    published = {
        "video_params": {
            "model": "SpaceTimeTransformer",
            "arch_config": "base_patch16_224",
            "num_frames": 64,
            "pretrained": True,
            "time_init": "zeros",
        },
        "text_params": {
            "model": "emilyalsentzer/Bio_ClinicalBERT",
            "pretrained": True,
            "input": "text",
        },
        "projection": "minimal",
        "projection_dim": 512,
        "load_checkpoint": "",
    }
    config = ModelConfig.from_dict(published)
    assert config.video == FULL.video and config.projection_dim == 512
    assert config.text.tokenizer == "emilyalsentzer/Bio_ClinicalBERT"


@pytest.mark.parametrize("frames", [8, 3, 1])
def test_tiny_clips_of_any_length(frames):
    check_video(build(TINY, 0.2), "tiny_s0.2", frames, 1e-4)


def test_tiny_text():
    check_text(build(TINY, 0.2), "tiny_s0.2", 1e-4)
    check_text(build(TINY, 0.02), "tiny_s0.02", 1e-4)


def test_tiny_class_token_after_each_block():
    model, seen = build(TINY, 0.2), []
    for block in model.video_model.blocks:
        block.register_forward_hook(lambda _module, _input, out: seen.append(out[:, 0]))
    with torch.inference_mode():
        model.video_model.encode(golden.video(2, 8, 32))
    assert_close(torch.stack(seen, dim=1), "tiny_s0.2/F8/cls_after_block", 1e-4)


def test_padding_does_not_change_a_sentence():
    """The second golden row is padded; cutting the padding off must give the same embedding."""
    model = build(TINY, 0.2)
    ids, mask = golden.tokens(10, 190)
    with torch.inference_mode():
        padded = model.encode_tokens(ids, mask)[1]
        cut = model.encode_tokens(ids[1:, :16], mask[1:, :16])[0]
    torch.testing.assert_close(padded, cut)


@pytest.mark.slow
def test_full_size_sharp_weights_at_4_frames():
    model = build(FULL, 0.06)
    check_text(model, "full_s0.06", 2e-4)
    check_video(model, "full_s0.06", 4, 2e-4)


@pytest.mark.slow
@pytest.mark.parametrize("frames", [4, 16, 64])
def test_full_size(full_model, frames):
    check_text(full_model, "full_s0.02", 1e-4)
    check_video(full_model, "full_s0.02", frames, 1e-4)


@pytest.fixture(scope="module")
def full_model():
    return build(FULL, 0.02)
