"""The weights that training begins with."""

from __future__ import annotations

from torch import nn

from ..model import CMRCLIP


def initialise(model: CMRCLIP) -> None:
    """Xavier weights for layers, normal ones of deviation 0.02 for embeddings.

    The 0.02 that BERT and ViT use throughout is made for widths of 768 and leaves narrow layers
    nearly silent.
    """
    for parameter in (p for p in model.parameters() if p.ndim > 1):
        nn.init.trunc_normal_(parameter, std=0.02)
    for module in model.modules():
        if isinstance(module, nn.Linear | nn.Conv2d):
            nn.init.xavier_uniform_(module.weight.flatten(1))
            nn.init.zeros_(module.bias)
