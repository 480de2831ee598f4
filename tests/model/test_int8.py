"""8-bit layers: near the exact ones in every path of the encoder, and open about it."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from cmrclip_lite import CheckpointError, load
from cmrclip_lite.model.int8 import LARGEST, ROWS, Int8Linear
from tests.model.test_streaming import build, clip


def layer(wide: int = 48, out: int = 80) -> nn.Linear:
    torch.manual_seed(0)
    return nn.Linear(wide, out)


@torch.inference_mode()
def test_a_rounded_layer_is_near_the_exact_one():
    exact, x = layer(), torch.randn(3, 7, 48)
    rounded = Int8Linear(exact)
    error = (rounded(x) - exact(x)).norm() / exact(x).norm()
    assert 1e-4 < error < 0.02
    assert (rounded.weight - exact.weight).abs().max() <= exact.weight.abs().max() / LARGEST / 2


@torch.inference_mode()
@pytest.mark.parametrize("rows", [1, 5, ROWS, ROWS + 1, 3 * ROWS])
def test_tokens_do_not_depend_on_each_other(rows):
    """Each has a scale of its own: what is beside it, or large elsewhere, does not change it."""
    rounded, x = Int8Linear(layer()), torch.randn(rows, 48)
    x[0] *= 1000
    alone = torch.cat([rounded(row[None]) for row in x])
    torch.testing.assert_close(rounded(x), alone, atol=0, rtol=0)


@torch.inference_mode()
def test_integers_that_fit_are_exact():
    exact = layer()
    exact.weight.data = torch.randint(-127, 128, exact.weight.shape).float()
    exact.weight.data[:, 0] = exact.bias.data[:] = 127
    x = torch.randint(-127, 128, (9, 48)).float()
    x[:, 1] = -127
    torch.testing.assert_close(Int8Linear(exact)(x), exact(x), atol=0, rtol=1e-6)


@torch.inference_mode()
def test_nothing_divides_by_zero_and_nothing_that_is_wrong_is_hidden():
    rounded, x = Int8Linear(layer()), torch.zeros(3, 48)
    torch.testing.assert_close(rounded(x), rounded.bias.expand(3, -1))
    x[1, 2] = torch.nan
    assert rounded(x)[1].isnan().all() and rounded(x)[[0, 2]].isfinite().all()


def test_explanations_get_a_gradient():
    rounded, x = Int8Linear(layer()), torch.randn(4, 48, requires_grad=True)
    rounded(x).sum().backward()
    torch.testing.assert_close(x.grad, rounded.weight.sum(0).expand(4, -1))


@pytest.mark.parametrize("frames", [1, 3, 16])
def test_the_whole_encoder_in_pieces_and_at_once(frames):
    from cmrclip_lite.model.int8 import round_layers
    from cmrclip_lite.model.streaming import class_token

    exact, video = build(), clip(frames, batch=2)
    rounded = copy.deepcopy(exact)
    round_layers(rounded)
    assert not [m for m in rounded.blocks.modules() if isinstance(m, nn.Linear)]
    with torch.inference_mode():
        at_once = rounded(video)
        pieces = rounded.norm(torch.cat([class_token(rounded, study, 30) for study in video]))
        expected = exact(video)
    for found in (pieces, at_once):
        likeness = torch.cosine_similarity(found, expected)
        assert (likeness > 0.98).all() and (likeness < 1 - 1e-7).all()


def test_loading_rounds_the_bundled_model_and_says_so(tmp_path):
    exact, rounded = load(device="cpu"), load(device="cpu", quantize="int8")
    assert rounded.arithmetic == "int8" and exact.arithmetic == "float32"
    assert rounded.identity == exact.identity  # the same checkpoint: libraries stay usable
    size = exact.config.video.image_size
    torch.manual_seed(0)
    study = torch.randn(2, 7, 3, size, size)
    with torch.inference_mode():
        likeness = (rounded.encode_clip(study) * exact.encode_clip(study)).sum(1)
    assert (likeness > 0.99).all()
    with pytest.raises(CheckpointError, match="rounded weights are not a checkpoint"):
        rounded.save_pretrained(tmp_path / "saved")
    assert not (tmp_path / "saved" / "config.json").exists()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"quantize": "int4"}, "only 'int8' is known"),
        ({"quantize": "int8", "dtype": "bfloat16"}, "float32 on a CPU"),
        ({"quantize": "int8", "device": "meta"}, "float32 on a CPU"),
        ({"compiled": True}, "gains nothing on a CPU"),
        ({"skip_padding": True}, "'heart', has no padding"),
    ],
)
def test_what_does_not_go_together_is_refused_in_words(options, says):
    with pytest.raises(CheckpointError, match=says):
        load(**({"device": "cpu"} | options))
