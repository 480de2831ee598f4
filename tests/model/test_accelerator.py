"""The GPU's path, run on a CPU by the same code; `benchmarks/gpu.py` is for a machine with one."""

from __future__ import annotations

import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path

import pytest
import torch

from cmrclip_lite.model import accelerator
from tests.model.test_streaming import build, clip

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "gpu.py"


def test_attention_takes_the_four_dimensions_that_fused_kernels_take(monkeypatch):
    from cmrclip_lite.model import video_encoder

    seen, original = [], video_encoder.scaled_dot_product_attention
    monkeypatch.setattr(
        video_encoder,
        "scaled_dot_product_attention",
        lambda q, k, v: seen.append((q.shape, k.shape)) or original(q, k, v),
    )
    build().encode(clip(5, batch=2))
    time, space = seen[1], seen[3]  # after each the class token's
    assert time == ((2 * 16, 3, 5, 16), (2 * 16, 3, 6, 16))
    assert space == ((2 * 5, 3, 16, 16), (2 * 5, 3, 17, 16))


@pytest.mark.slow
def test_compiled_blocks_give_the_same():
    """By torch's tracing, without its code generation, which takes minutes."""
    plain, compiled = build(), build()
    accelerator.compile_blocks(compiled, backend="eager", fullgraph=True)
    for frames in (3, 5):
        video = clip(frames, batch=2)
        with torch.no_grad():
            torch.testing.assert_close(compiled.encode(video), plain.encode(video))
    assert set(compiled.state_dict()) == set(plain.state_dict())


def test_batches_are_as_large_as_the_memory_allows():
    assert [*accelerator.parts(20, 64)] == [slice(0, 8), slice(8, 16), slice(16, 24)]
    assert [*accelerator.parts(3, 4)] == [slice(0, 128)]
    assert len([*accelerator.parts(2, 1000)]) == 2
    assert [*accelerator.parts(0, 7)] == []


def test_warming_up_encodes_what_will_come(tiny_model, monkeypatch):
    shapes = []
    original = tiny_model.encode_clip
    monkeypatch.setattr(tiny_model, "encode_clip", lambda x: shapes.append(x.shape) or original(x))
    accelerator.warm_up(tiny_model)
    accelerator.warm_up(tiny_model, frames=3, studies=2)
    assert shapes == [(1, 8, 3, 32, 32), (2, 3, 3, 32, 32)]


def test_on_a_cpu_nothing_is_sent_or_changed(tiny_model):
    batch = torch.rand(2, 3)
    assert accelerator.send(batch, torch.device("cpu"), torch.float32) is batch
    assert isinstance(accelerator.quick(tiny_model), nullcontext)


def test_mixed_lengths_come_back_in_their_order(tiny_model, monkeypatch):
    monkeypatch.setattr(accelerator, "MOST_FRAMES", 8)
    clips = [torch.rand(n, 3, 32, 32) for n in (4, 8, 4, 2, 4, 8)]
    together = tiny_model.embed_clips(clips)
    with torch.inference_mode():
        apart = torch.cat([tiny_model.encode_clip(one[None]) for one in clips])
    torch.testing.assert_close(torch.from_numpy(together), apart, atol=1e-5, rtol=1e-4)


@pytest.mark.slow
def test_the_gpu_benchmark_runs_and_finds_nothing_wrong():
    command = [sys.executable, BENCHMARK, "--device", "cpu", "--small", "--rounds", "1"]
    command += ["--studies", "2", "--kinds", "float32", "bfloat16"]  # compiling takes a minute
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "bfloat16, 2 x 16 frames" in told and "TOO LARGE" not in told
