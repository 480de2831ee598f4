"""How fast is the video encoder, how near to what the processor can do, and in how much memory?

    python benchmarks/encoder.py                          # 4, 16 and 64 frames; ten minutes
    python benchmarks/encoder.py --frames 16 --rounds 3
    python benchmarks/encoder.py --plot docs/encoder.svg

The published shape with made-up weights, float32, and the bundled model on clips of its own. In
turn, in one process: a plain written-out implementation (`tests/model/plain.py`), the package's
encoder, and the same in 8-bit integers. Times are medians, ratios medians within a round, the
difference is the largest of the unit vectors' values (of int8, the cosine). The share of the peak:
operations by the formula of `operations`, the same for all, over the time, over what a large matrix
product in float32 reaches in the same rounds. Memory is the peak of processes of their own, which
load a checkpoint from disk and embed studies (`encoder_memory.py`). Freed memory goes back to the
system or not as the C library likes: its settings are printed.
"""

from __future__ import annotations

import argparse
import copy
import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parents[1]))
from benchmarks.encoder_memory import peak_mb, stored  # noqa: E402
from cmrclip_lite import load  # noqa: E402
from cmrclip_lite.model import CMRCLIP, ModelConfig, VideoConfig  # noqa: E402
from cmrclip_lite.model.int8 import round_layers  # noqa: E402
from tests import golden  # noqa: E402
from tests.model.plain import video_features  # noqa: E402

PEAK_SIDE = 2048
ALLOCATOR = ("MALLOC_TOP_PAD_", "MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_", "LD_PRELOAD")
PLAIN, PACKAGE, INT8 = "plain", "package", "int8"


@dataclass(frozen=True)
class Row:
    """What one way took for so many studies of so many frames."""

    way: str
    model: str
    frames: int
    studies: int
    seconds: float
    ratio: float | None  # times as fast as the plain way
    share: float | None  # of the peak
    difference: str
    megabytes: float | None = None


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


def compared(
    name: str, model: CMRCLIP, rounded: CMRCLIP, clips: torch.Tensor, rounds: int
) -> list[Row]:
    """The ways in turn, on the same clips."""
    config, (studies, frames) = model.config.video, clips.shape[:2]
    state = {key: value.detach() for key, value in model.video_model.state_dict().items()}

    def plainly() -> torch.Tensor:
        features = video_features(state, config, clips)
        return torch.nn.functional.normalize(model.vid_proj(features), dim=-1)

    ways = {PACKAGE: lambda: model.encode_clip(clips), INT8: lambda: rounded.encode_clip(clips)}
    if config.stem == "patch" and studies == 1:  # the stem of convolutions is not written out
        ways = {PLAIN: plainly} | ways
    times: dict[str, list[float]] = {way: [] for way in ways}
    peaks = []
    with torch.inference_mode():
        results = {way: call() for way, call in ways.items()}  # and warm
        for _ in range(rounds):
            peaks.append(peak())
            for way, call in ways.items():
                times[way].append(seconds(call))
    print(f"{name}, {studies} x {frames}: peak {np.median(peaks) / 1e9:.0f} GFLOP/s", flush=True)
    work = studies * operations(config, frames)
    rows = []
    for way in ways:
        taken = np.array(times[way])
        exact = results.get(PLAIN, results[PACKAGE])
        difference = ""
        if way == PACKAGE and PLAIN in ways:
            difference = f"{(results[way] - exact).abs().max():.0e}"
        elif way == INT8:
            difference = f"cosine {(results[way] * exact).sum(1).min():.4f}"
        rows.append(
            Row(
                way,
                name,
                frames,
                studies,
                float(np.median(taken)),
                float(np.median(np.array(times[PLAIN]) / taken)) if PLAIN in ways else None,
                float(np.median(work / taken / np.array(peaks))) if PLAIN in ways else None,
                difference,
            )
        )
    return rows


def table(rows: list[Row]) -> str:
    lines = [
        "| model | frames | studies | way | seconds | times as fast as plain | share of peak "
        "| difference | peak of a process |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row in rows:
        ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
        share = "" if row.share is None else f"{row.share:.2f}"
        memory = "" if row.megabytes is None else f"{row.megabytes:.0f} MB"
        lines.append(
            f"| {row.model} | {row.frames} | {row.studies} | {row.way} | {row.seconds:.3g} "
            f"| {ratio} | {share} | {row.difference} | {memory} |"
        )
    return "\n".join(lines)


def plot(rows: list[Row], path: Path) -> None:
    """Time and memory against frames, one line for each way and number of studies, as an SVG."""
    import plotly.graph_objects as go
    from plotly.subplots import make_subplots

    from benchmarks.drawing import write_svg

    figure = make_subplots(1, 2, subplot_titles=("Seconds", "Peak of a process (MB)"))
    colours = {PLAIN: "#8a8f98", PACKAGE: "#b3261e", INT8: "#1f6feb"}
    dashes = ("solid", "dash", "dot", "dashdot")
    published = [row for row in rows if row.model == "published"]
    counts = sorted({row.studies for row in published})
    for way, colour in colours.items():
        for studies, dash in zip(counts, dashes, strict=False):
            line = [row for row in published if (row.way, row.studies) == (way, studies)]
            for column, name in ((1, "seconds"), (2, "megabytes")):
                points = [row for row in line if getattr(row, name) is not None]
                if not points:
                    continue
                figure.add_trace(
                    go.Scatter(
                        x=[row.frames for row in points],
                        y=[getattr(row, name) for row in points],
                        name=f"{way}, {studies} {'study' if studies == 1 else 'studies'}",
                        mode="lines+markers",
                        line={"color": colour, "dash": dash},
                        legendgroup=f"{way} {studies}",
                        showlegend=column == 1,
                    ),
                    1,
                    column,
                )
    frames = sorted({row.frames for row in published})
    figure.update_xaxes(type="log", title="frames of a study", tickvals=frames)
    figure.update_yaxes(type="log", dtick=1, row=1, col=1)
    figure.update_yaxes(rangemode="tozero", row=1, col=2)
    figure.update_layout(
        template="plotly_white",
        width=1000,
        height=440,
        margin={"t": 40, "b": 60, "l": 60, "r": 20},
    )
    write_svg(figure, path)


def made_up(config: ModelConfig) -> CMRCLIP:
    """A model with the weights of the golden files."""
    with torch.device("meta"):
        model = CMRCLIP(config)
    model.load_state_dict(golden.fill(model.state_dict(), 0.02), assign=True)
    return model.eval()


def in_8_bits(model: CMRCLIP) -> CMRCLIP:
    rounded = copy.deepcopy(model)
    round_layers(rounded.video_model)
    return rounded


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, nargs="+", default=[4, 16, 64])
    parser.add_argument("--studies", type=int, nargs="+", default=[1, 4], help="encoded at once")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--plot", type=Path, help="an SVG of time and memory")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    allocator = {name: os.environ[name] for name in ALLOCATOR if name in os.environ}
    threads = f"{arguments.threads} threads, allocator {allocator or 'as is'}"
    capability = torch.backends.cpu.get_cpu_capability()
    print(f"torch {torch.__version__}, {capability}, {threads}")
    model = made_up(ModelConfig())
    rounded = in_8_bits(model)
    rows = []
    for studies in arguments.studies:
        for frames in arguments.frames:
            clips = golden.video(studies, frames, 224)
            rounds = arguments.rounds if studies == 1 else 1
            rows += compared("published", model, rounded, clips, rounds)
    del rounded
    bundled = load(cache=False)
    layout, size = bundled.config.layout, bundled.config.video.image_size
    for studies in arguments.studies:
        clips = torch.rand(studies, layout.readings * layout.reading_frames, 3, size, size)
        rows += compared("bundled", bundled, in_8_bits(bundled), clips, 10 * arguments.rounds)
    with tempfile.TemporaryDirectory() as folder:
        mapped, pickled = stored(model, Path(folder))
        del model
        rows = [
            Row(**vars(row) | {"megabytes": peak_mb(mapped, row.frames, row.studies, row.way)})
            if row.way != PLAIN and row.model == "published"
            else row
            for row in rows
        ]
        most = max(arguments.frames)
        from_pickle = peak_mb(pickled, most, 1, PACKAGE)
    print(f"\n{table(rows)}\n\nFrom a pickle, 1 x {most} frames: {from_pickle:.0f} MB.")
    if arguments.plot:
        plot(rows, arguments.plot)


if __name__ == "__main__":
    main()
