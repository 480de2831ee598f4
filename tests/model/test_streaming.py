"""The encoder in pieces gives what the encoder as a whole gives, and what is written out."""

from __future__ import annotations

import pytest
import torch

from cmrclip_lite import CmrClipError, load
from cmrclip_lite.model import VideoConfig, streaming
from cmrclip_lite.model.video_encoder import SpaceTimeTransformer
from tests.model.plain import video_features

CONFIG = VideoConfig(image_size=64, patch_size=16, width=48, depth=3, heads=3, num_frames=16)


def build(config: VideoConfig = CONFIG) -> SpaceTimeTransformer:
    """Weights large enough for attention to be far from even."""
    torch.manual_seed(0)
    model = SpaceTimeTransformer(config).eval()
    for weight in model.parameters():
        weight.data.add_(0.2 * torch.randn_like(weight))
    return model


def clip(frames: int, batch: int = 1, config: VideoConfig = CONFIG) -> torch.Tensor:
    return torch.randn(batch, frames, 3, config.image_size, config.image_size)


@torch.inference_mode()
def whole(model: SpaceTimeTransformer, video: torch.Tensor) -> torch.Tensor:
    return model.norm(model.encode(video)[:, 0])


@torch.inference_mode()
def in_pieces(model: SpaceTimeTransformer, video: torch.Tensor, chunk: int) -> torch.Tensor:
    return model.norm(streaming.class_token(model, video[0], chunk))


@pytest.mark.parametrize("frames", [1, 2, 5, 16])
@pytest.mark.parametrize("chunk", [1, 30, 64, 10_000])
def test_pieces_of_any_size_give_the_same(frames, chunk):
    model, video = build(), clip(frames)
    torch.testing.assert_close(
        in_pieces(model, video, chunk), whole(model, video), atol=2e-5, rtol=1e-4
    )


def test_both_are_what_is_written_out():
    model, video = build(), clip(12, batch=2)
    expected = video_features(model.state_dict(), CONFIG, video)
    torch.testing.assert_close(whole(model, video), expected, atol=2e-5, rtol=1e-4)


@pytest.mark.parametrize("frames", [1, 3])
def test_of_the_last_block_only_the_class_token_is_computed(frames):
    model, video = build(), clip(frames, batch=2)
    seen = []
    model.blocks[-1].mlp.register_forward_hook(lambda _m, given, _o: seen.append(given[0].shape))
    with torch.inference_mode():
        torch.testing.assert_close(model(video), whole(model, video), atol=2e-5, rtol=1e-4)
    assert seen == [(2, 48), (2, 1 + frames * 16, 48)]  # and of the whole encoder all tokens


def test_a_stem_of_convolutions_goes_in_pieces_too():
    config = VideoConfig(
        image_size=64, patch_size=16, width=48, depth=2, heads=3, num_frames=16, stem="convolutions"
    )
    model, video = build(config), clip(7, config=config)
    torch.testing.assert_close(
        in_pieces(model, video, 48), whole(model, video), atol=2e-5, rtol=1e-4
    )


def test_scores_that_would_overflow_do_not():
    """The running maximum keeps each exponential at most one."""
    model, video = build(), clip(4)
    for block in model.blocks:
        block.attn.qkv.weight.data *= 30
        block.timeattn.qkv.weight.data *= 30
    found = in_pieces(model, video, 16)
    assert found.isfinite().all()
    torch.testing.assert_close(found, whole(model, video), atol=1e-3, rtol=1e-3)


def test_long_studies_go_in_pieces_only_where_no_gradient_is_asked_for(monkeypatch):
    calls = []
    original = streaming.class_token
    monkeypatch.setattr(streaming, "class_token", lambda *a: calls.append(1) or original(*a))
    monkeypatch.setattr(streaming, "CHUNK", 64)
    model, long, short = build(), clip(16, batch=2), clip(1)
    with torch.inference_mode():
        expected = whole(model, long)
        assert torch.allclose(model(long), expected, atol=2e-5)
        assert len(calls) == 2  # a study each, so that memory does not grow with the batch
        model(short)
    model(long).sum().backward()
    assert len(calls) == 2
    assert model.blocks[0].attn.qkv.weight.grad.abs().sum() > 0


def test_the_input_is_left_as_it_was():
    model, video = build(), clip(16)
    before = [weight.clone() for weight in model.state_dict().values()], video.clone()
    in_pieces(model, video, 64)
    assert torch.equal(video, before[1])
    assert all(map(torch.equal, model.state_dict().values(), before[0]))


def test_less_memory_gives_the_same_in_smaller_pieces(monkeypatch):
    model, video = build(), clip(16)
    expected, sizes = whole(model, video), []
    original = streaming.class_token
    monkeypatch.setattr(
        streaming, "class_token", lambda m, v, chunk: sizes.append(chunk) or original(m, v, chunk)
    )
    least = streaming.memory(16, 16, 48, chunk=1)
    for most in (least, 2 * least, 100 * least):
        model.max_memory = most
        with torch.inference_mode():
            torch.testing.assert_close(model(video), expected, atol=2e-5, rtol=1e-4)
        assert streaming.memory(16, 16, 48, sizes[-1]) <= most
    assert sizes == sorted(sizes) and sizes[0] == 16 and sizes[-1] == streaming.CHUNK


def test_memory_that_cannot_suffice_is_refused_in_words():
    model, video = build(), clip(16)
    model.max_memory = 1000
    with torch.inference_mode(), pytest.raises(CmrClipError, match="16 frames needs .* MB"):
        model(video)


def test_loading_takes_the_limit():
    model = load(max_memory=10**9)
    assert model.video_model.max_memory == 10**9
    study = torch.rand(1, 7, 3, *2 * [model.config.video.image_size])
    with torch.inference_mode():
        bounded = model.encode_clip(study)
        assert torch.allclose(bounded, load().encode_clip(study), atol=1e-5)


def test_memory_grows_with_the_study_and_the_pieces():
    short, long = (streaming.memory(frames, 196, 768) for frames in (16, 64))
    assert short < long < 4 * short
    assert streaming.memory(64, 196, 768, chunk=512) < long
    assert 100e6 < long < 200e6
