"""The most memory that a process takes which loads a checkpoint from disk and embeds studies.

`encoder.py` asks; run as a script this is the process that is watched.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parents[1]))
from cmrclip_lite import load  # noqa: E402
from cmrclip_lite.model import CMRCLIP  # noqa: E402


def stored(model: CMRCLIP, folder: Path) -> tuple[Path, Path]:
    """The model as two checkpoints: safetensors, which is mapped, and a pickle."""
    mapped, pickled = folder / "mapped", folder / "pickled"
    model.save_pretrained(mapped)
    pickled.mkdir()
    (pickled / "config.json").write_text((mapped / "config.json").read_text())
    torch.save(model.state_dict(), pickled / "pytorch_model.bin")
    return mapped, pickled


def peak_mb(checkpoint: Path, frames: int, studies: int, way: str) -> float:
    """Of a new process, in MB; `way` is "int8" or anything else."""
    command = [sys.executable, __file__, str(checkpoint), str(frames), str(studies), way]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return json.loads(told)["peak_mb"]


def peak_bytes() -> int:
    """Of this process. On Linux not by `getrusage`, which there includes the parent's."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(x for x in status.read_text().splitlines() if x.startswith("VmHWM:"))
        return 1024 * int(line.split()[1])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # bytes on macOS


def main() -> None:
    checkpoint, frames, studies, way = sys.argv[1:]
    quantize = "int8" if way == "int8" else None
    model = load(checkpoint, device="cpu", quantize=quantize, cache=False)
    size = model.config.video.image_size
    with torch.inference_mode():
        model.encode_clip(torch.zeros(int(studies), int(frames), 3, size, size))
    print(json.dumps({"peak_mb": peak_bytes() / 1e6}))


if __name__ == "__main__":
    main()
