"""The video encoder written out: einsum, softmax, nothing fused, nothing skipped, nothing in place.

What `cmrclip_lite.model` is compared with, for its numbers here and its speed in
`benchmarks/encoder.py`. One line for each step of the paper's figure (Bain et al., ICCV 2021).
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import conv2d, gelu, layer_norm, linear

from cmrclip_lite.model import VideoConfig

State = dict[str, Tensor]


def video_features(state: State, config: VideoConfig, clip: Tensor) -> Tensor:
    """`(B, F, 3, H, W)` to `(B, D)`, with the weights of `SpaceTimeTransformer.state_dict()`."""
    batch, frames = clip.shape[:2]
    weight, bias = state["patch_embed.proj.weight"], state["patch_embed.proj.bias"]
    pixels = clip.reshape(batch * frames, *clip.shape[2:])
    patches = conv2d(pixels, weight, bias, stride=config.patch_size)
    patches = patches.flatten(2).transpose(1, 2)  # (B F, n, D)
    places = patches.shape[1]
    position = state["pos_embed"][:, 1:].repeat(1, frames, 1)
    time = state["temporal_embed"][:, :frames].repeat_interleave(places, 1)
    patches = patches.reshape(batch, frames * places, -1) + position + time
    top = (state["cls_token"] + state["pos_embed"][:, :1]).expand(batch, -1, -1)
    x = torch.cat([top, patches], dim=1)
    for number in range(config.depth):
        part = {
            name.removeprefix(f"blocks.{number}."): value
            for name, value in state.items()
            if name.startswith(f"blocks.{number}.")
        }
        x = _block(part, config.heads, x, frames, places)
    return _norm(state, "norm", x)[:, 0]


def _block(part: State, heads: int, x: Tensor, frames: int, places: int) -> Tensor:
    after_time = x + _attention(part, "timeattn", heads, _norm(part, "norm3", x), frames, places)
    x = x + _attention(part, "attn", heads, _norm(part, "norm1", after_time), frames, places)
    hidden = gelu(linear(_norm(part, "norm2", x), part["mlp.fc1.weight"], part["mlp.fc1.bias"]))
    return x + linear(hidden, part["mlp.fc2.weight"], part["mlp.fc2.bias"])


def _attention(part: State, name: str, heads: int, x: Tensor, frames: int, places: int) -> Tensor:
    batch, _, width = x.shape
    qkv = linear(x, part[f"{name}.qkv.weight"], part[f"{name}.qkv.bias"])
    q, k, v = (
        each.reshape(batch, -1, heads, width // heads).transpose(1, 2).flatten(0, 1)
        for each in qkv.chunk(3, dim=-1)
    )  # each (B heads, N, d)
    q = q * (width // heads) ** -0.5
    top = _softmax_mean(q[:, :1], k, v)

    def grouped(each: Tensor) -> Tensor:
        each = each[:, 1:].reshape(len(each), frames, places, -1)
        return (each.transpose(1, 2) if name == "timeattn" else each).flatten(0, 1)

    groups = places if name == "timeattn" else frames
    k_top, v_top = (each[:, :1].repeat_interleave(groups, 0) for each in (k, v))
    out = _softmax_mean(
        grouped(q),
        torch.cat([k_top, grouped(k)], dim=1),
        torch.cat([v_top, grouped(v)], dim=1),
    )
    out = out.reshape(len(q), groups, -1, out.shape[-1])
    out = (out.transpose(1, 2) if name == "timeattn" else out).flatten(1, 2)
    out = torch.cat([top, out], dim=1)
    out = out.reshape(batch, heads, -1, width // heads).transpose(1, 2).flatten(2)
    return linear(out, part[f"{name}.proj.weight"], part[f"{name}.proj.bias"])


def _softmax_mean(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    shares = torch.einsum("bqd,bkd->bqk", q, k).softmax(dim=-1)
    return torch.einsum("bqk,bkd->bqd", shares, v)


def _norm(part: State, name: str, x: Tensor) -> Tensor:
    return layer_norm(x, x.shape[-1:], part[f"{name}.weight"], part[f"{name}.bias"], eps=1e-6)
