"""A clip that holds several readings of a study has the mean of what they are alone."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch.nn.functional import normalize

from cmrclip_lite.errors import CheckpointError
from cmrclip_lite.model import CMRCLIP, LayoutConfig, ModelConfig
from tests.small_checkpoint import small_config

THRICE = LayoutConfig(name="heart", phases=2, readings=3)  # five frames each


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(1)
    return CMRCLIP(replace(small_config(num_frames=5), layout=THRICE)).eval()


@pytest.fixture(scope="module")
def clips():
    return torch.randn(2, 15, 3, 16, 16, generator=torch.Generator().manual_seed(2))


@torch.no_grad()
def test_the_embedding_is_the_mean_of_the_readings(model, clips):
    each = [model.encode_clip(part, normalize=False) for part in clips.split(5, dim=1)]
    mean = torch.stack(each).mean(0)
    torch.testing.assert_close(model.encode_clip(clips, normalize=False), mean)
    torch.testing.assert_close(model.encode_clip(clips), normalize(mean, dim=-1))


@torch.no_grad()
def test_clips_embedded_together_are_as_alone(model, clips):
    together = torch.from_numpy(model.embed_clips(list(clips)))
    torch.testing.assert_close(together, model.encode_clip(clips))


def test_frames_that_are_no_whole_readings_are_refused(model, clips):
    with pytest.raises(ValueError, match=r"\(B, 1 to 5, 3, 16, 16\), not \(2, 14, 3, 16, 16\)"):
        model.encode_clip(clips[:, :14])


def test_a_layout_with_one_reading_does_not_take_three(clips):
    with pytest.raises(ValueError, match="1 to 5"):
        CMRCLIP(small_config(num_frames=5)).encode_clip(clips)


def test_readings_are_kept_in_the_configuration():
    config = ModelConfig(layout=THRICE)
    assert ModelConfig.from_dict(config.to_dict()) == config
    once = replace(config, layout=replace(THRICE, readings=1))
    assert "readings" not in once.to_dict()["layout"]  # what was hashed stays as it was


@pytest.mark.parametrize("readings", [0, -1, 1.5, True, "3"])
def test_readings_are_a_count(readings):
    data = ModelConfig(layout=THRICE).to_dict()
    data["layout"]["readings"] = readings
    with pytest.raises(CheckpointError, match="readings cannot be"):
        ModelConfig.from_dict(data)
