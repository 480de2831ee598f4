"""How fast is the video encoder on a GPU, by type, batch and frames, and what does it cost?

    python benchmarks/gpu.py                         # CUDA, ROCm or MPS, whichever is there
    python benchmarks/gpu.py --device cpu --small    # the same code where there is none: a check

The published shape with made-up weights. For each of float32, float32 under autocast, bfloat16
weights, and bfloat16 compiled: seconds a study, operations a second, the most memory the device
held, the largest difference of the unit vectors to float32, and the first call, which a warm-up
takes away. Attention is checked to be torch's flash kernel where the type allows it. Then how long
a batch takes to go over, from pinned memory and not, and studies of mixed lengths as `embed_clips`
does them, beside one at a time. Exit code 1 says that something is wrong, not slow.
"""

from __future__ import annotations

import argparse
import gc
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parents[1]))
from benchmarks.encoder import made_up, operations  # noqa: E402
from cmrclip_lite.model import CMRCLIP, ModelConfig, VideoConfig, accelerator  # noqa: E402
from tests import golden  # noqa: E402

# How far a unit vector's values may be from float32's: 8 bits of mantissa over twelve blocks.
ALLOWED = {"float32": 1e-4, "autocast": 0.02, "bfloat16": 0.03, "bfloat16, compiled": 0.03}
SMALL = VideoConfig(image_size=64, patch_size=16, width=96, depth=2, heads=3, num_frames=16)


def wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize()
    elif device.type == "mps":
        torch.mps.synchronize()


def seconds(call: Callable[[], object], device: torch.device) -> float:
    wait(device)
    start = time.perf_counter()
    call()
    wait(device)
    return time.perf_counter() - start


def variant(kind: str, config: ModelConfig, device: torch.device) -> CMRCLIP:
    model = made_up(config)
    dtype = torch.bfloat16 if kind.startswith("bfloat16") else torch.float32
    model.to(device, dtype)
    accelerator.prepare(model, compiled=kind.endswith("compiled"))
    return model


def timed(
    kind: str, model: CMRCLIP, clips: torch.Tensor, expected: torch.Tensor, rounds: int
) -> bool:
    """One line; whether the result is what it should be."""
    device = model.device
    autocast = accelerator.quick(model) if kind == "autocast" else nullcontext()

    def encode() -> torch.Tensor:
        with torch.inference_mode(), autocast:
            return model.encode_clip(clips)

    first = seconds(encode, device)
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats()
    times = sorted(seconds(encode, device) for _ in range(rounds))
    median = times[len(times) // 2]
    difference = (encode().float().cpu() - expected).abs().max().item()
    studies, frames = clips.shape[:2]
    rate = studies * operations(model.config.video, frames) / median
    memory = ""
    if device.type == "cuda":
        memory = f", {torch.cuda.max_memory_allocated() / 1e9:.2f} GB"
    good = difference <= ALLOWED[kind]
    print(
        f"{kind:>18}, {studies} x {frames} frames: {median / studies:.4f} s a study, "
        f"{rate / 1e12:.2f} TFLOP/s{memory}, difference {difference:.1e}"
        f"{'' if good else ' TOO LARGE'}, first call {first:.2f} s",
        flush=True,
    )
    return good


def flash(config: ModelConfig, device: torch.device) -> bool:
    """Whether the encoder runs where torch may use nothing but flash attention."""
    from torch.nn.attention import SDPBackend, sdpa_kernel

    model = variant("bfloat16", config, device)
    size = config.video.image_size
    try:
        with torch.inference_mode(), sdpa_kernel(SDPBackend.FLASH_ATTENTION):
            model.encode_clip(torch.zeros(2, 4, 3, size, size))
    except RuntimeError as error:
        print(f"no flash attention: {str(error).splitlines()[0]}")
        return False
    print("attention: torch's flash kernel")
    return True


def transfers(shape: Sequence[int], device: torch.device) -> None:
    plain = torch.zeros(shape)
    ways = {"plain": lambda: plain.to(device)}
    if device.type == "cuda":
        pinned = plain.pin_memory()
        ways["pinned beforehand"] = lambda: pinned.to(device, non_blocking=True)
    ways["as the package does"] = lambda: accelerator.send(plain, device, torch.float32)
    told = (
        f"{name} {1e3 * min(seconds(way, device) for _ in range(5)):.1f} ms"
        for name, way in ways.items()
    )
    print(f"{plain.numel() * 4 / 1e6:.0f} MB to the device: " + ", ".join(told))


def mixed(model: CMRCLIP, lengths: Sequence[int]) -> bool:
    """Studies of several lengths at once, beside one at a time; whether both give the same."""
    size = model.config.video.image_size
    generator = torch.Generator().manual_seed(0)
    clips = [torch.randn(n, 3, size, size, generator=generator) for n in lengths]

    def single() -> list[torch.Tensor]:
        return [torch.from_numpy(model.embed_clips([clip])[0]) for clip in clips]

    single(), model.embed_clips(clips)  # warm
    apart = seconds(single, model.device)
    together = seconds(lambda: model.embed_clips(clips), model.device)
    difference = (torch.stack(single()) - torch.from_numpy(model.embed_clips(clips))).abs().max()
    print(
        f"{len(clips)} studies of {len(set(lengths))} lengths: {together:.2f} s together, "
        f"{apart:.2f} s one at a time, {apart / together:.2f} times as fast, difference "
        f"{difference:.1e}"
    )
    return difference.item() < ALLOWED["bfloat16"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", help="cuda, mps or cpu; the first that is there if absent")
    parser.add_argument("--frames", type=int, nargs="+", default=[16, 64])
    parser.add_argument("--studies", type=int, nargs="+", default=[1, 4, 8])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--kinds", nargs="+", choices=ALLOWED, default=list(ALLOWED))
    parser.add_argument("--small", action="store_true", help="a tiny model, to try the script")
    arguments = parser.parse_args()
    found = "cuda" if torch.cuda.is_available() else "mps"
    if not arguments.device and found == "mps" and not torch.backends.mps.is_available():
        print("This torch sees no GPU; --device cpu --small tries the script.", file=sys.stderr)
        return 2
    device = torch.device(arguments.device or found)
    config, frames = ModelConfig(), arguments.frames
    if arguments.small:
        config, frames = ModelConfig(video=SMALL), [4, 16]
    name = torch.cuda.get_device_name() if device.type == "cuda" else device.type
    print(f"torch {torch.__version__}, {name}")
    size, good = config.video.image_size, True
    exact = variant("float32", config, device)
    for length in frames:
        clips = golden.video(max(arguments.studies), length, size)
        with torch.inference_mode():
            first = exact.encode_clip(clips[:1]).float().cpu()
            plain = made_up(config).encode_clip(clips[:1])
        difference = (first - plain).abs().max().item()
        good &= difference <= ALLOWED["float32"]
        print(f"{length} frames: largest difference to a CPU {difference:.1e}")
        for studies in arguments.studies:
            with torch.inference_mode():
                expected = exact.encode_clip(clips[:studies]).float().cpu()
            for kind in arguments.kinds:
                if kind == "autocast" and device.type != "cuda":
                    continue  # there it does nothing
                model = exact if kind in ("float32", "autocast") else variant(kind, config, device)
                good &= timed(kind, model, clips[:studies], expected, arguments.rounds)
                del model
                gc.collect()
    if device.type == "cuda":
        good &= flash(config, device)
    transfers((max(arguments.studies), max(frames), 3, size, size), device)
    lengths = [max(frames), min(frames), max(frames) - 1, min(frames)] * max(arguments.studies)
    good &= mixed(variant("bfloat16", config, device), lengths)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
