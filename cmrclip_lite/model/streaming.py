"""The video encoder's arithmetic in small pieces: inference on a CPU, in little memory.

Same weights and same result as `SpaceTimeTransformer.encode`, up to rounding, but

- a block's work goes through in chunks of tokens, so that nothing of it but two copies of the
  tokens is ever as long as the study. What a chunk needs is small enough for the allocator to keep,
  where the whole length would be fetched from the system, and cleared, at each step;
- the class token's attention to everything is gathered while the chunks pass, by the running
  maximum of online softmax (Milakov and Gimelshein, arXiv 1805.02867);
- of the last block only what the class token reads is computed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn.functional import linear, scaled_dot_product_attention

from ..errors import CmrClipError
from .int8 import Int8Linear

if TYPE_CHECKING:
    from .video_encoder import Block, DividedAttention, SpaceTimeTransformer

CHUNK = 2048  # tokens; more is no faster
# Of one token of a chunk, in numbers of its width: itself, normalised, three projections, two
# results of the attention; then four of the MLP's hidden layer.
WORKING_WIDTHS = 12


def class_token(model: SpaceTimeTransformer, clip: Tensor, chunk: int = CHUNK) -> Tensor:
    """The class token after the last block, before the last norm.

    Args:
        clip: `(F, 3, H, W)`, one study.
        chunk: tokens that are worked on at a time.

    Returns:
        `(1, width)`.
    """
    tokens = _embedded(model, clip, chunk)
    top = (model.cls_token + model.pos_embed[:, :1])[0]
    after_time = torch.empty_like(tokens)
    work = _Work(chunk)
    last = len(model.blocks) - 1
    for number, block in enumerate(model.blocks):
        top_after = top + _time(block, tokens, top, after_time, work)
        top = top + _space(block, tokens, top_after, after_time, work, only_top=number == last)
        top = top + block.mlp(block.norm2(top))
    return top


def memory(frames: int, places: int, width: int, chunk: int = CHUNK) -> int:
    """Bytes that `class_token` needs beside weights and clip, about, in float32.

    A piece holds at least one frame, and one place in all frames.
    """
    chunk = min(max(chunk, frames, places), frames * places)
    return 4 * width * (2 * frames * places + WORKING_WIDTHS * chunk)


def chunk_within(most: int, frames: int, places: int, width: int) -> int:
    """The largest chunk, at most `CHUNK`, with which `memory` is at most `most` bytes.

    Raises:
        CmrClipError: if there is none.
    """
    least = memory(frames, places, width, chunk=1)
    if most < least:
        raise CmrClipError(
            f"A study of {frames} frames needs {least / 1e6:.0f} MB beside the weights, and "
            f"max_memory allows {most / 1e6:.0f} MB; allow more, or show it fewer frames."
        )
    return min(CHUNK, (most // (4 * width) - 2 * frames * places) // WORKING_WIDTHS)


def _embedded(model: SpaceTimeTransformer, clip: Tensor, chunk: int) -> Tensor:
    """`(F, n, width)`: patches with the positions of their places and frames."""
    places = model.pos_embed[0, 1:]
    tokens = places.new_empty(len(clip), *places.shape)
    for some in _slices(len(clip), chunk // len(places)):
        torch.add(model.patch_embed(clip[None, some])[0], places, out=tokens[some])
        tokens[some] += model.temporal_embed[0, some, None]
    return tokens


def _time(block: Block, tokens: Tensor, top: Tensor, after: Tensor, work: _Work) -> Tensor:
    """Each place attends to itself in all frames; into `after`. Gives what the class token gets."""
    frames, places, _ = tokens.shape
    gathered = _ClassAttention(block.timeattn, block.norm3(top))
    for some in _slices(places, work.chunk // frames):
        group = block.norm3(_under(top, tokens[:, some].transpose(0, 1)))
        gathered.see(group[:, 1:])
        change = block.timeattn.proj(_attend(block.timeattn, group, work))
        torch.add(tokens[:, some], change.transpose(0, 1), out=after[:, some])
    return gathered.result()


def _space(
    block: Block, tokens: Tensor, top: Tensor, after: Tensor, work: _Work, only_top: bool
) -> Tensor:
    """Each frame attends to itself, then the MLP; into `tokens`."""
    frames, places, _ = tokens.shape
    gathered = _ClassAttention(block.attn, block.norm1(top))
    for some in _slices(frames, work.chunk // places):
        if only_top:
            gathered.see(block.norm1(after[some]))
            continue
        group = block.norm1(_under(top, after[some]))
        gathered.see(group[:, 1:])
        part = tokens[some].flatten(0, 1)
        _add(part, block.attn.proj, _attend(block.attn, group, work))
        hidden = torch.ops.aten.gelu_(work.linear(block.mlp.fc1, block.norm2(part)))
        _add(part, block.mlp.fc2, hidden)
    return gathered.result()


class _Work:
    """Room for the widest result of a chunk, fetched from the system once."""

    def __init__(self, chunk: int) -> None:
        self.chunk = chunk
        self.room = torch.empty(0)

    def linear(self, layer: nn.Linear | Int8Linear, x: Tensor) -> Tensor:
        """`layer(x)` for `(..., D)`; it lasts until the next call."""
        rows, wide = x.shape[:-1].numel(), layer.out_features
        if self.room.numel() < rows * wide:
            self.room = x.new_empty(rows * wide)
        out = self.room[: rows * wide].view(rows, wide)
        if isinstance(layer, Int8Linear):
            layer.into(out, x.flatten(0, -2))
        else:
            torch.addmm(layer.bias, x.flatten(0, -2), layer.weight.T, out=out)
        return out.view(*x.shape[:-1], wide)


def _add(to: Tensor, layer: nn.Linear | Int8Linear, x: Tensor) -> None:
    """`to += layer(x)`, in float32 without the result in between."""
    if isinstance(layer, Int8Linear):
        to.add_(layer(x).flatten(0, -2))
    else:
        to.addmm_(x.flatten(0, -2), layer.weight.T).add_(layer.bias)


def _under(top: Tensor, groups: Tensor) -> Tensor:
    """`(G, m, D)` to `(G, 1 + m, D)`, the class token in front of each group."""
    return torch.cat([top.expand(len(groups), 1, -1), groups], dim=1)


def _attend(attention: DividedAttention, group: Tensor, work: _Work) -> Tensor:
    """What the members of groups `(G, 1 + m, D)` read, before the projection: `(G, m, D)`."""
    qkv = work.linear(attention.qkv, group).unflatten(2, (3, attention.heads, -1))
    query, key, value = qkv.permute(2, 0, 3, 1, 4)
    out = scaled_dot_product_attention(query[:, :, 1:], key, value)
    return out.transpose(1, 2).flatten(2)


class _ClassAttention:
    """The class token's attention, gathered over all tokens as they pass.

    Args:
        top: `(1, D)`, the class token, normalised. It sees itself first.
    """

    def __init__(self, attention: DividedAttention, top: Tensor) -> None:
        self.attention = attention
        self.reads = attention.class_reads(top)[0]  # (heads, D)
        self.highest = linear(top, self.reads)[0]  # (heads,)
        self.weight = torch.ones_like(self.highest)
        self.total = top.expand(attention.heads, -1).clone()  # (heads, D)

    def see(self, tokens: Tensor) -> None:
        """Some more tokens, normalised, `(..., D)`."""
        tokens = tokens.flatten(0, -2)
        scores = linear(tokens, self.reads).T  # (heads, tokens)
        highest = torch.maximum(self.highest, scores.amax(1))
        kept, shares = (self.highest - highest).exp(), (scores - highest[:, None]).exp()
        self.highest = highest
        self.weight = self.weight * kept + shares.sum(1)
        self.total = self.total * kept[:, None] + shares @ tokens

    def result(self) -> Tensor:
        """What the class token gets, `(1, D)`."""
        return self.attention.class_result((self.total / self.weight[:, None])[None])


def _slices(count: int, size: int) -> Iterator[slice]:
    """`range(count)` in runs of `size`, at least one, as equal as may be."""
    runs = -(-count // max(1, size))
    ends = [round(count * run / runs) for run in range(runs + 1)]
    return (slice(start, end) for start, end in zip(ends[:-1], ends[1:], strict=True))
