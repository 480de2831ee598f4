"""Linear layers in 8-bit integers, for a CPU that has the instructions: faster, not exact.

Weights are rounded once, each output with a scale of its own; activations as they come, each token
with its own (dynamic quantisation, as in Dettmers et al., "LLM.int8()", arXiv 2208.07339, without
its outliers kept apart). The products are torch's own `_int_mm`, exact in 32-bit integers. Nothing
is calibrated: a token's scale is its own largest value, so there is nothing to learn from examples.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

if TYPE_CHECKING:
    from .video_encoder import SpaceTimeTransformer

LARGEST = 127  # symmetric: -128 is not used
ROWS = 256  # whose integers stay in the processor's cache until they are numbers again


class Int8Linear(nn.Module):
    """What a linear layer does, with its weights in 8 bits.

    Attributes:
        rounded, scale: `(out, in)` int8 and `(out,)` float32, whose product is about the weights.
        bias: `(out,)` float32.
    """

    def __init__(self, layer: nn.Linear) -> None:
        super().__init__()
        weight = layer.weight.detach().float()
        self.in_features, self.out_features = layer.in_features, layer.out_features
        scale = _scale(weight)
        self.register_buffer("rounded", torch.div(weight, scale).round_().to(torch.int8))
        self.register_buffer("scale", scale[:, 0])
        self.register_buffer("bias", layer.bias.detach().float())

    @property
    def weight(self) -> Tensor:
        """`(out, in)` float32, made anew: the weights as they were rounded."""
        return self.rounded * self.scale[:, None]

    def forward(self, x: Tensor) -> Tensor:
        """`(..., in)` to `(..., out)`; under gradients with the weights alone rounded."""
        if torch.is_grad_enabled() and x.requires_grad:
            return linear(x, self.weight, self.bias)
        out = x.new_empty(*x.shape[:-1], self.out_features)
        self.into(out.view(-1, self.out_features), x.reshape(-1, self.in_features))
        return out

    def into(self, out: Tensor, x: Tensor) -> None:
        """The result of `(N, in)` into `out` `(N, out)`, both float32."""
        rows = min(len(x), ROWS)
        scaled = x.new_empty(rows, self.in_features)
        whole = torch.empty(rows, self.in_features, dtype=torch.int8)
        product = torch.empty(rows, self.out_features, dtype=torch.int32)
        for some, result in zip(x.split(ROWS), out.split(ROWS), strict=True):
            count = len(some)
            scale = _scale(some)
            whole[:count] = torch.div(some, scale, out=scaled[:count]).round_()
            torch._int_mm(whole[:count], self.rounded.T, out=product[:count])
            result.copy_(product[:count]).mul_(scale)
            torch.addcmul(self.bias, result, self.scale, out=result)


def round_layers(encoder: SpaceTimeTransformer) -> None:
    """Round the linear layers of the blocks, in place; the patches and norms stay as they are."""
    for block in encoder.blocks:
        for parent in (block.attn, block.timeattn, block.mlp):
            for name, layer in list(parent.named_children()):
                if isinstance(layer, nn.Linear):
                    setattr(parent, name, Int8Linear(layer))


def _scale(rows: Tensor) -> Tensor:
    """`(N, 1)`: of each row what its largest value is divided by, never zero."""
    highest = torch.maximum(rows.amax(1, keepdim=True), -rows.amin(1, keepdim=True))
    return highest.div_(LARGEST).clamp_(min=torch.finfo(rows.dtype).tiny)
