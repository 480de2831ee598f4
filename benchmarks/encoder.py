"""How fast is the video encoder, how near to what the processor can do, and in how much memory?

    python benchmarks/encoder.py                          # 4, 16 and 64 frames; some minutes
    python benchmarks/encoder.py --frames 16 --rounds 3

The published shape with made-up weights, float32, one study, and the bundled model on one clip. In
turn, in one process: a plain written-out implementation (`tests/model/plain.py`) and the
package's encoder. Printed are medians, the medians of the ratios within a round, the largest
difference, and the share of the processor's peak: operations by the formula of `operations`, the
same for both, over the time, over what a large matrix product reaches in the same rounds. Memory
is the peak of processes of their own, which load a checkpoint from disk and embed one study.
Freed memory goes back to the system or not as the C library likes: its settings are printed.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parents[1]))
from cmrclip_lite import load  # noqa: E402
from cmrclip_lite.model import CMRCLIP, ModelConfig, VideoConfig  # noqa: E402
from cmrclip_lite.model.streaming import memory  # noqa: E402
from tests import golden  # noqa: E402
from tests.model.plain import video_features  # noqa: E402

PEAK_SIDE = 2048
ALLOCATOR = ("MALLOC_TOP_PAD_", "MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_", "LD_PRELOAD")


def operations(config: VideoConfig, frames: int) -> float:
    """Floating-point operations of one study, nothing skipped: two a multiplication and addition.

    Linear layers 32 D^2 a token; each patch's attention over its frames, and over its places, with
    the class token; the class token's own; and the patches.
    """
    places, width = (config.image_size // config.patch_size) ** 2, config.width
    patches = places * frames
    block = 32 * width**2 * (patches + 1) + 8 * width * (patches + 1)
    block += 4 * width * patches * (frames + 1 + places + 1)
    return config.depth * block + 2 * 3 * config.patch_size**2 * width * patches


def seconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def peak() -> float:
    """Operations a second of a large matrix product, the best of five."""
    a, b, out = (torch.rand(PEAK_SIDE, PEAK_SIDE) for _ in range(3))
    return 2 * PEAK_SIDE**3 / min(seconds(lambda: torch.mm(a, b, out=out)) for _ in range(5))


def compared(name: str, model: CMRCLIP, clip: torch.Tensor, rounds: int) -> dict[str, object]:
    """One row: the plain implementation and the package's, in turn."""
    encoder, config = model.video_model, model.config.video
    state = {key: value.detach() for key, value in encoder.state_dict().items()}
    plain = config.stem == "patch"
    ways = {"package": lambda: encoder(clip)}
    if plain:  # the stem of convolutions is not written out
        ways["plain"] = lambda: video_features(state, config, clip)
    times: dict[str, list[float]] = {way: [] for way in ways}
    peaks = []
    with torch.inference_mode():
        results = {way: call() for way, call in ways.items()}  # and warm
        for _ in range(rounds):
            peaks.append(peak())
            for way, call in ways.items():
                times[way].append(seconds(call))
    package = np.array(times["package"])
    row = {"what": name, "seconds": np.median(package)}
    if plain:
        row["plain, seconds"] = np.median(times["plain"])
        row["times as fast"] = np.median(np.array(times["plain"]) / package)
        row["difference"] = (results["plain"] - results["package"]).abs().max().item()
        work = operations(config, clip.shape[1])
        row["share of peak"] = np.median(work / package / np.array(peaks))
        row["plain, share"] = np.median(work / np.array(times["plain"]) / np.array(peaks))
        row["GFLOP/s peak"] = np.median(peaks) / 1e9
    return row


def resident(folder: Path, frames: int) -> float:
    """Peak resident memory in MB of a process that loads a checkpoint and embeds one study."""
    command = [sys.executable, __file__, "--embed", str(folder), "--frames", str(frames)]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return json.loads(told)["peak_mb"]


def embed(folder: Path, frames: int) -> None:
    """The process that `resident` watches."""
    model = load(folder)
    size = model.config.video.image_size
    with torch.inference_mode():
        model.encode_clip(torch.zeros(1, frames, 3, size, size))
    print(json.dumps({"peak_mb": peak_bytes() / 1e6}))


def peak_bytes() -> int:
    """Of this process. On Linux not by `getrusage`, which there includes the parent's."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(x for x in status.read_text().splitlines() if x.startswith("VmHWM:"))
        return 1024 * int(line.split()[1])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # bytes on macOS


def made_up(config: ModelConfig) -> CMRCLIP:
    """A model with the weights of the golden files."""
    with torch.device("meta"):
        model = CMRCLIP(config)
    model.load_state_dict(golden.fill(model.state_dict(), 0.02), assign=True)
    return model.eval()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, nargs="+", default=[4, 16, 64])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--embed", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.embed:
        return embed(arguments.embed, arguments.frames[0])
    torch.set_num_threads(arguments.threads)
    allocator = {name: os.environ[name] for name in ALLOCATOR if name in os.environ}
    threads = f"{arguments.threads} threads, allocator {allocator or 'as is'}"
    print(f"torch {torch.__version__}, {threads}")
    model = made_up(ModelConfig())
    for frames in arguments.frames:
        show(compared(f"{frames} frames", model, golden.video(1, frames, 224), arguments.rounds))
    bundled = load()
    clip = torch.rand(1, 7, 3, bundled.config.video.image_size, bundled.config.video.image_size)
    show(compared("bundled model", bundled, clip, 10 * arguments.rounds))
    with tempfile.TemporaryDirectory() as folder:
        mapped, pickled = Path(folder, "mapped"), Path(folder, "pickled")
        model.save_pretrained(mapped)
        pickled.mkdir()
        (pickled / "config.json").write_text((mapped / "config.json").read_text())
        torch.save(model.state_dict(), pickled / "pytorch_model.bin")
        del model
        for frames in arguments.frames:
            size = memory(frames, 196, 768) / 1e6
            print(
                f"{frames} frames, peak of a process: {resident(mapped, frames):.0f} MB mapped, "
                f"{resident(pickled, frames):.0f} MB from a pickle; working memory {size:.0f} MB"
            )
    return None


def show(row: dict[str, object]) -> None:
    figures = (
        f"{name} {value:.1e}" if name == "difference" else f"{name} {value:.3g}"
        for name, value in row.items()
        if name != "what"
    )
    print(f"{row['what']}: " + ", ".join(figures), flush=True)


if __name__ == "__main__":
    main()
