"""Patches made by convolutions: as many tokens as by a linear map, each seeing beyond itself."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from cmrclip_lite.errors import CheckpointError
from cmrclip_lite.model import ModelConfig, VideoConfig
from cmrclip_lite.model.video_encoder import SpaceTimeTransformer

SMALL = VideoConfig(
    stem="convolutions", image_size=32, patch_size=8, width=48, depth=1, heads=3, num_frames=3
)


def encoder(config: VideoConfig = SMALL) -> SpaceTimeTransformer:
    torch.manual_seed(0)
    return SpaceTimeTransformer(config).eval()


@pytest.mark.parametrize("patch", [4, 8, 16])
def test_there_is_a_token_for_each_patch_whatever_its_size(patch):
    video = encoder(replace(SMALL, patch_size=patch))
    with torch.inference_mode():
        patches = video.patch_embed(torch.zeros(2, 3, 3, 32, 32))
        assert patches.shape == (2, 3, (32 // patch) ** 2, 48)
        assert video(torch.zeros(2, 3, 3, 32, 32)).shape == (2, 48)


def test_a_token_sees_its_neighbourhood_and_no_other_frame():
    video, clip = encoder(), torch.zeros(1, 3, 3, 32, 32)
    other = clip.clone()
    other[0, 1, :, 12:16, 8:12] = 1  # in the patch of row 1, column 1, at the edge of row 2
    with torch.inference_mode():
        change = (video.patch_embed(other) - video.patch_embed(clip))[0].abs().amax(-1)
    assert (change[[0, 2]] == 0).all()
    rows = change[1].view(4, 4)
    assert rows[1, 1] > 0 and rows[2, 1] > 0


def test_encoding_is_patches_then_blocks():
    video, clip = encoder(), torch.rand(2, 3, 3, 32, 32)
    with torch.inference_mode():
        tokens = video.encode_patches(video.patch_embed(clip))
        torch.testing.assert_close(video.norm(tokens[:, 0]), video(clip))


@pytest.mark.parametrize(
    ("section", "says"),
    [
        ({"stem": "pyramid"}, "pyramid.*patch, convolutions"),
        ({"stem": "convolutions", "patch_size": 14}, "power of 2"),
        ({"stem": "convolutions", "width": 20, "heads": 2}, "multiple of 8, not 20"),
        ({"stem": 3}, "stem cannot be 3"),
    ],
)
def test_a_stem_that_cannot_be_built_is_refused(section, says):
    with pytest.raises(CheckpointError, match=says):
        ModelConfig.from_dict({"video": section})


def test_a_configuration_without_a_stem_is_the_published_one():
    assert ModelConfig.from_dict({"video": {"width": 48, "heads": 3}}).video.stem == "patch"


def test_a_clip_with_more_frames_than_the_encoder_takes_is_refused_when_loading():
    layout = {"name": "heart", "phases": 4}
    with pytest.raises(CheckpointError, match="7 frames.*takes 6"):
        ModelConfig.from_dict({"video": {"num_frames": 6}, "layout": layout})
    assert ModelConfig.from_dict({"video": {"num_frames": 7}, "layout": layout}).layout.phases == 4
