"""The optimisers of a run: Muon for the matrices inside the video blocks, AdamW for the rest."""

from __future__ import annotations

import torch
from torch import nn


def muon(parameters: list[nn.Parameter], rate: float, decay: float) -> torch.optim.Optimizer:
    """Muon (Jordan et al. 2024), which learns as much in fewer steps; for matrices alone."""
    return torch.optim.Muon(parameters, lr=rate, weight_decay=decay, adjust_lr_fn="match_rms_adamw")


def adam(parameters: list[nn.Parameter], rate: float, decay: float) -> torch.optim.Optimizer:
    """AdamW; biases, norms and temperatures are not decayed."""
    groups = [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": decay},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.98))
