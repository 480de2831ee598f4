"""What makes a GPU quick: CUDA, ROCm (which torch calls cuda as well) and Apple's MPS, by one code.

Batches go over from pinned memory while the one before is worked on, patches are read in the order
that convolutions on GPUs like, attention is torch's fused kernel, and where it is asked for, a
block is compiled once for all. None of it does anything on a CPU (`streaming.py` is for that).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

if TYPE_CHECKING:
    from .cmrclip import CMRCLIP
    from .scoring import Scoring
    from .video_encoder import SpaceTimeTransformer

MOST_FRAMES = 512  # encoded at once: eight studies of 64, for which 4 GB are enough in float32


def prepare(model: CMRCLIP, compiled: bool = False) -> None:
    """Lay the weights out for the device that they are on.

    Args:
        compiled: compile the blocks, which takes a minute at the first study of a length and is
            not allowed everywhere (on a ZeroGPU Space it is not).
    """
    if model.device.type != "cpu":
        model.video_model.patch_embed.to(memory_format=torch.channels_last)
    if compiled:
        compile_blocks(model.video_model)


def compile_blocks(encoder: SpaceTimeTransformer, **options: Any) -> None:
    """Compile each block by itself: they share their code, so torch compiles one of them.

    Args:
        options: of `torch.compile`.
    """
    for block in encoder.blocks:
        block.compile(**options)


def send(batch: Tensor, device: torch.device, dtype: torch.dtype) -> Tensor:
    """To the device, of the type; to CUDA by way of pinned memory, without waiting for it."""
    if device.type == "cuda" and batch.device.type == "cpu":
        batch = batch.pin_memory()
    return batch.to(device, non_blocking=device.type == "cuda").to(dtype)


def parts(count: int, frames: int) -> Iterator[slice]:
    """`range(count)` clips of so many frames, as many at once as `MOST_FRAMES` allows."""
    step = max(1, MOST_FRAMES // frames)
    return (slice(start, start + step) for start in range(0, count, step))


def quick(model: Scoring) -> AbstractContextManager:
    """On CUDA autocast to 16 bits, in which torch computes what is safe in them; else nothing.

    To bfloat16, or to float16 on cards such as the T4 that only imitate bfloat16.
    """
    if model.device.type != "cuda":
        return nullcontext()
    own = torch.cuda.is_bf16_supported(including_emulation=False)
    return torch.autocast("cuda", torch.bfloat16 if own else torch.float16)


@torch.inference_mode()
def warm_up(model: CMRCLIP, frames: int | None = None, studies: int = 1) -> None:
    """Encode an empty study, so that the first real one does not wait for kernels to be chosen.

    Args:
        frames: of a clip; None takes the most that the model reads.
        studies: encoded at once.
    """
    video = model.config.video
    shape = (studies, frames or video.num_frames, 3, video.image_size, video.image_size)
    model.encode_clip(torch.zeros(shape)).cpu()  # which waits for the device
