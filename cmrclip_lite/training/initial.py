"""A model with what only training needs, and how both begin."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ..model import CMRCLIP
from . import losses
from .augment import SEEN

LEVELS = 3  # channels of a frame

Tokens = tuple[Tensor, Tensor]


@dataclass(frozen=True)
class Words:
    """The language of a batch: impressions, statements, and which statements are true of whom."""

    reports: Tokens
    said: Tokens
    holds: Tensor


class Trainer(nn.Module):
    """A model with what only training needs: temperatures, and heads for tissues and sizes."""

    def __init__(self, model: CMRCLIP, measures: int, half: bool = False) -> None:
        """`measures` numbers are asked for; `half` computes the encoders in bfloat16."""
        super().__init__()
        self.half_precision = half
        width = model.config.video.width
        self.model = model
        self.log_scale = nn.Parameter(torch.tensor(math.log(1 / 0.07)))
        self.log_statement_scale = nn.Parameter(torch.tensor(math.log(10.0)))
        self.statement_bias = nn.Parameter(torch.tensor(0.0))
        self.measure = nn.Linear(width, measures)
        self.tissue = nn.Linear(width, LEVELS * len(SEEN))

    def forward(
        self, clips: Tensor, shares: Tensor, measured: Tensor, words: Words | None
    ) -> dict[str, Tensor]:
        """The terms of the loss for one batch; those of language only if there are words."""
        encoder = self.model.video_model
        with self._precision():
            tokens = encoder.encode(clips)
        tokens = encoder.norm(tokens.float())
        features = tokens[:, 0]
        terms = {
            "tissues": losses.tissues(self.tissue(tokens[:, 1:]), shares),
            "measurements": losses.measurements(self.measure(features), measured),
        }
        if words is None:
            return terms
        video = nn.functional.normalize(self.model.vid_proj(features), dim=-1)
        report, statement = self._read(words.reports), self._read(words.said)
        scale = self.log_scale.clamp(max=math.log(100)).exp()
        statement_scale = self.log_statement_scale.clamp(max=math.log(30)).exp()
        terms["contrastive"] = losses.contrastive(video, report, scale)
        terms["statements"] = losses.statements(
            video, statement, words.holds, statement_scale, self.statement_bias
        )
        return terms

    def _read(self, tokens: Tokens) -> Tensor:
        """Unit vectors of texts `(B, D)`."""
        with self._precision():
            vectors = self.model.encode_tokens(*tokens, normalize=False)
        return nn.functional.normalize(vectors.float(), dim=-1)

    def _precision(self) -> torch.autocast:
        return torch.autocast("cpu", torch.bfloat16, enabled=self.half_precision)


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
