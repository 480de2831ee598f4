"""The space-time transformer of Frozen in Time (Bain et al., ICCV 2021, arXiv 2104.00650).

Each block attends twice: first every patch to its own position in all frames (time), then every
patch to its own frame (space). The class token attends to everything both times, and every patch
also sees the class token. Parameter names are those of the published checkpoint.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import relu, scaled_dot_product_attention

from . import streaming
from .config import STEM_GROUPS, VideoConfig

NORM_EPS = 1e-6


class PatchEmbed(nn.Module):
    """Frames cut into square patches, each made a token."""

    def __init__(self, config: VideoConfig) -> None:
        super().__init__()
        patch = config.patch_size
        if config.stem == "convolutions":
            self.proj = Convolutions(config)
        else:
            self.proj = nn.Conv2d(3, config.width, kernel_size=patch, stride=patch)

    def forward(self, clip: Tensor) -> Tensor:
        """`(B, F, 3, H, W)` to `(B, F, n, D)`, patches in row-major order."""
        batch, frames = clip.shape[:2]
        patches = self.proj(clip.flatten(0, 1)).flatten(2).transpose(1, 2)
        return patches.unflatten(0, (batch, frames))


class Residual(nn.Module):
    """Two convolutions beside a shortcut (He et al., CVPR 2016), with group norm."""

    def __init__(self, width_in: int, width_out: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(width_in, width_out, 3, stride, padding=1)
        self.norm1 = nn.GroupNorm(STEM_GROUPS, width_out)
        self.conv2 = nn.Conv2d(width_out, width_out, 3, padding=1)
        self.norm2 = nn.GroupNorm(STEM_GROUPS, width_out)
        self.shortcut = nn.Conv2d(width_in, width_out, 1, stride)

    def forward(self, x: Tensor) -> Tensor:
        """`(N, width_in, H, W)` to `(N, width_out, H / stride, W / stride)`."""
        inner = relu(self.norm1(self.conv1(x)))
        return relu(self.norm2(self.conv2(inner)) + self.shortcut(x))


class Convolutions(nn.Sequential):
    """A stem that halves the frame until a patch is one token, its channels doubling on the way.

    Transformers of few weights and few images learn sooner with one (Xiao et al., "Early
    convolutions help transformers see better", NeurIPS 2021). The patch's side is a power of 2.
    """

    def __init__(self, config: VideoConfig) -> None:
        halvings = config.patch_size.bit_length() - 1
        widths = [config.stem_width * 2**k for k in range(halvings - 1)] + [config.width]
        first = nn.Conv2d(3, widths[0], kernel_size=4, stride=2, padding=1)
        later = [Residual(*pair, stride=2) for pair in pairwise(widths)]
        last = nn.Conv2d(config.width, config.width, kernel_size=1)
        super().__init__(first, nn.GroupNorm(STEM_GROUPS, widths[0]), nn.ReLU(), *later, last)

    def forward(self, frames: Tensor) -> Tensor:
        """`(N, 3, H, W)` to `(N, width, H / patch, W / patch)`."""
        return super().forward(frames.contiguous(memory_format=torch.channels_last))


class DividedAttention(nn.Module):
    """Self-attention within groups of patches, the class token shared by all groups."""

    def __init__(self, width: int, heads: int, axis: Literal["time", "space"]) -> None:
        super().__init__()
        self.heads = heads
        self.axis = axis
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)

    def forward(self, tokens: Tensor, frames: int) -> Tensor:
        """`(B, 1 + frames * n, D)` to the same shape; the first token is the class token."""
        qkv = self.qkv(tokens).unflatten(2, (3, self.heads, -1))
        query, key, value = qkv.unbind(2)  # each (B, N, heads, d)
        class_query = query[:, :1].transpose(1, 2)
        class_out = scaled_dot_product_attention(
            class_query, key.transpose(1, 2), value.transpose(1, 2)
        )
        # Groups and studies are one dimension: fused attention kernels take four, not five.
        patch_out = scaled_dot_product_attention(
            self._group(query[:, 1:], frames).flatten(0, 1),
            self._with_class(key, frames),
            self._with_class(value, frames),
        )
        patch_out = patch_out.unflatten(0, (len(tokens), -1)).transpose(2, 3)
        if self.axis == "time":
            patch_out = patch_out.transpose(1, 2)
        out = torch.cat([class_out.transpose(1, 2), patch_out.flatten(1, 2)], dim=1)
        return self.proj(out.flatten(2))

    def of_class(self, tokens: Tensor) -> Tensor:
        """What the class token alone gets: `(B, 1 + frames * n, D)` to `(B, D)`."""
        scores = self.class_reads(tokens[:, 0]) @ tokens.transpose(1, 2)  # (B, heads, N)
        return self.class_result(scores.softmax(-1) @ tokens)

    def class_reads(self, top: Tensor) -> Tensor:
        """`(B, D)` to `(B, heads, D)`, whose products with tokens are the class token's scores.

        No keys are made: q (W x) is (q W) x, and what the keys' bias adds is the same for all
        tokens, which softmax does not see.
        """
        to_query, to_key, _ = self.qkv.weight.unflatten(0, (3, self.heads, -1))
        query = torch.einsum("bw,hdw->bhd", top, to_query)
        query = query + self.qkv.bias.unflatten(0, (3, self.heads, -1))[0]
        return torch.einsum("bhd,hdw->bhw", query * query.shape[-1] ** -0.5, to_key)

    def class_result(self, means: Tensor) -> Tensor:
        """Each head's weighted mean of the tokens `(B, heads, D)` to what the class token gets.

        No values are made: the mean of W x is W (the mean of x).
        """
        to_value = self.qkv.weight.unflatten(0, (3, self.heads, -1))[2]
        value = torch.einsum("bhw,hdw->bhd", means, to_value)
        value = value + self.qkv.bias.unflatten(0, (3, self.heads, -1))[2]
        return self.proj(value.flatten(1))

    def _group(self, patches: Tensor, frames: int) -> Tensor:
        """`(B, F * n, heads, d)` to `(B, groups, heads, members, d)`."""
        grouped = patches.unflatten(1, (frames, -1))
        if self.axis == "time":
            grouped = grouped.transpose(1, 2)
        return grouped.transpose(2, 3)

    def _with_class(self, x: Tensor, frames: int) -> Tensor:
        """The groups, the class token in front of each: `(B * groups, heads, 1 + members, d)`."""
        groups = self._group(x[:, 1:], frames)
        class_token = x[:, None, :1].transpose(2, 3).expand(-1, groups.shape[1], -1, -1, -1)
        return torch.cat([class_token, groups], dim=3).flatten(0, 1)


class Mlp(nn.Module):
    """Two linear layers with an exact GELU between."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(width, hidden)
        self.act = nn.GELU()
        self.fc2 = nn.Linear(hidden, width)

    def forward(self, tokens: Tensor) -> Tensor:
        return self.fc2(self.act(self.fc1(tokens)))


class Block(nn.Module):
    """Time attention, space attention, MLP.

    The space attention reads the tokens after time attention, but its result is added to the
    tokens as they came in: time reaches the output only through space attention's input.
    """

    def __init__(self, config: VideoConfig) -> None:
        super().__init__()
        width = config.width
        self.norm1 = nn.LayerNorm(width, eps=NORM_EPS)
        self.norm2 = nn.LayerNorm(width, eps=NORM_EPS)
        self.norm3 = nn.LayerNorm(width, eps=NORM_EPS)
        self.attn = DividedAttention(width, config.heads, "space")
        self.timeattn = DividedAttention(width, config.heads, "time")
        self.mlp = Mlp(width, config.mlp_ratio * width)

    def forward(self, tokens: Tensor, frames: int) -> Tensor:
        """`(B, 1 + frames * n, D)` to the same shape."""
        after_time = tokens + self.timeattn(self.norm3(tokens), frames)
        tokens = tokens + self.attn(self.norm1(after_time), frames)
        return tokens + self.mlp(self.norm2(tokens))

    def class_token(self, tokens: Tensor, frames: int) -> Tensor:
        """`forward(tokens, frames)[:, 0]`, with nothing done for patches that it does not need."""
        after_time = tokens + self.timeattn(self.norm3(tokens), frames)
        top = tokens[:, 0] + self.attn.of_class(self.norm1(after_time))
        return top + self.mlp(self.norm2(top))


class SpaceTimeTransformer(nn.Module):
    """A clip to one feature vector: the class token after the last block.

    Attributes:
        max_memory: bytes that inference on a CPU may take beside weights and clips; less memory
            costs time. None takes what is quickest.
    """

    def __init__(self, config: VideoConfig) -> None:
        super().__init__()
        self.config = config
        self.max_memory: int | None = None
        patches = (config.image_size // config.patch_size) ** 2
        self.patch_embed = PatchEmbed(config)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, config.width))
        self.pos_embed = nn.Parameter(torch.zeros(1, patches + 1, config.width))
        self.temporal_embed = nn.Parameter(torch.zeros(1, config.num_frames, config.width))
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.depth))
        self.norm = nn.LayerNorm(config.width, eps=NORM_EPS)

    def forward(self, clip: Tensor) -> Tensor:
        """`(B, F, 3, H, W)` to `(B, width)`; F may be any number up to `num_frames`.

        Raises:
            ValueError: if the clip's shape does not fit the configuration.
        """
        self._check(clip)
        if self._in_pieces(clip):
            chunk = self._chunk(clip.shape[1])
            found = [streaming.class_token(self, study, chunk) for study in clip]
            return self.norm(torch.cat(found))
        tokens = self._through(self.blocks[:-1], self.patch_embed(clip))
        return self.norm(self.blocks[-1].class_token(tokens, clip.shape[1]))

    def encode(self, clip: Tensor) -> Tensor:
        """`(B, F, 3, H, W)` to all tokens after the last block, `(B, 1 + F * n, width)`.

        Raises:
            ValueError: if the clip's shape does not fit the configuration.
        """
        self._check(clip)
        return self.encode_patches(self.patch_embed(clip))

    def encode_patches(self, patches: Tensor) -> Tensor:
        """Patches `(B, F, n, width)` to all tokens at the end, `(B, 1 + F * n, width)`."""
        return self._through(self.blocks, patches)

    def _through(self, blocks: nn.ModuleList, patches: Tensor) -> Tensor:
        """Patches `(B, F, n, width)` to the tokens after some blocks, `(B, 1 + F * n, width)`."""
        tokens = self._with_positions(patches)
        for block in blocks:
            tokens = block(tokens, patches.shape[1])
        return tokens

    def _with_positions(self, patches: Tensor) -> Tensor:
        """Patches `(B, F, n, width)` to the tokens before the first block, `(B, 1 + F * n, width)`.

        A patch gets the position of its place and of its frame (the first F temporal rows, not
        interpolated); the class token gets only its own.
        """
        frames = patches.shape[1]
        time = self.temporal_embed[:, :frames, None]
        patches = (patches + self.pos_embed[:, None, 1:] + time).flatten(1, 2)
        class_token = (self.cls_token + self.pos_embed[:, :1]).expand(len(patches), -1, -1)
        return torch.cat([class_token, patches], dim=1)

    def _in_pieces(self, clip: Tensor) -> bool:
        """Whether there is no gradient to keep, and enough to do for pieces to be quicker."""
        few = clip.shape[1] * (self.pos_embed.shape[1] - 1) < streaming.CHUNK // 2
        plain = clip.device.type == "cpu" and clip.dtype == torch.float32
        bounded = self.max_memory is not None
        return plain and (bounded or not few) and not torch.is_grad_enabled()

    def _chunk(self, frames: int) -> int:
        if self.max_memory is None:
            return streaming.CHUNK
        _, positions, width = self.pos_embed.shape
        return streaming.chunk_within(self.max_memory, frames, positions - 1, width)

    def _check(self, clip: Tensor) -> None:
        size, most = self.config.image_size, self.config.num_frames
        if clip.ndim != 5 or clip.shape[2:] != (3, size, size) or not 1 <= clip.shape[1] <= most:
            raise ValueError(
                f"A clip for this model has shape (B, 1 to {most}, 3, {size}, {size}), "
                f"not {tuple(clip.shape)}."
            )
