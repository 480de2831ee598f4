"""The first stage: what sentences mean, learned from what is true of hearts, before any image.

A heart's truth is put into the space by a small network, the `TruthEncoder`; sentences are put
there by the text encoder. The two learn to agree: an impression lies nearest to its own heart, and
a short statement lies near the hearts of which it is true. No image has to be painted, so language
is learned from many times more sentences than an image encoder could see in the same time.
The later stages (`eye`) teach the video encoder to put a study where its truth lies, the text
encoder locked (as Zhai et al., "LiT", CVPR 2022, lock their image encoder).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from ..model import CMRCLIP
from ..phantom.cohort import draw_truth
from ..phantom.report import write_impression
from ..phantom.truth import Truth
from . import losses
from .augment import draw_views
from .facts import KEYS, answers
from .lexicon import Statement, both_sides, sample_statements, truth_matrix
from .measures import measure

Tokens = tuple[Tensor, Tensor]
HIDDEN = 512
LENGTH_GROUPS = 6


@dataclass(frozen=True)
class Measures:
    """Mean and deviation of each measure over the cohort, and its weight, `(M,)` each."""

    centre: Tensor
    spread: Tensor
    weights: Tensor

    def of(self, truths: list[Truth]) -> Tensor:
        """`(B, M)` in deviations from the mean; NaN for what an exam does not show."""
        return (measure(truths) - self.centre) / self.spread


@dataclass(frozen=True)
class Words:
    """The language of a batch: impressions, statements, and which statements are true of whom."""

    reports: Tokens
    said: Tokens
    holds: Tensor


class TruthEncoder(nn.Module):
    """What is true of a study, and shown by it, to a unit vector; for training only."""

    def __init__(self, measures: int, width_out: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(2 * measures + len(KEYS), HIDDEN),
            nn.GELU(),
            nn.LayerNorm(HIDDEN),
            nn.Linear(HIDDEN, HIDDEN),
            nn.GELU(),
            nn.Linear(HIDDEN, width_out),
        )

    def forward(self, truths: list[Truth], measured: Tensor) -> Tensor:
        """`(B, width_out)`; `measured` `(B, M)` are the measures of the truths, NaN unknown."""
        known = ~measured.isnan()
        signs = {True: 1.0, False: -1.0, None: 0.0}
        facts = torch.tensor([[signs[answers(t)[key]] for key in KEYS] for t in truths])
        return normalize(self.layers(torch.cat([measured.nan_to_num(), known, facts], 1)), dim=-1)


class Meaning(nn.Module):
    """A model's text encoder with the encoder of truths and the temperatures of the losses."""

    def __init__(self, model: CMRCLIP, measures: int, half: bool) -> None:
        super().__init__()
        self.text, self.projection = model.text_model, model.txt_proj
        self.encode_tokens = model.encode_tokens
        self.half = half
        self.truth = TruthEncoder(measures, model.config.projection_dim)
        self.log_scale = nn.Parameter(torch.tensor(math.log(1 / 0.07)))
        self.log_statement_scale = nn.Parameter(torch.tensor(math.log(10.0)))
        self.statement_bias = nn.Parameter(torch.tensor(0.0))

    @property
    def temperatures(self) -> tuple[nn.Parameter, ...]:
        """What scales agreement in the losses."""
        return self.log_scale, self.log_statement_scale, self.statement_bias

    def read(self, tokens: Tokens) -> Tensor:
        """Unit vectors of texts `(B, D)`, read in groups of like length: padding costs as words."""
        ids, mask = tokens
        order = mask.sum(1).argsort()
        vectors = []
        with torch.autocast("cpu", torch.bfloat16, enabled=self.half):
            for rows in order.chunk(LENGTH_GROUPS):
                longest = int(mask[rows].sum(1).max())
                some = ids[rows, :longest], mask[rows, :longest]
                vectors.append(self.encode_tokens(*some, normalize=False))
        return normalize(torch.cat(vectors).float()[order.argsort()], dim=-1)

    def forward(self, truths: list[Truth], measured: Tensor, words: Words) -> dict[str, Tensor]:
        """The terms of the loss for one batch of hearts and what is said of them."""
        return self.agreement(self.truth(truths, measured), words)

    def agreement(self, studies: Tensor, words: Words) -> dict[str, Tensor]:
        """How well studies, `(B, D)` unit vectors, and what is said of them agree."""
        scale = self.log_scale.clamp(max=math.log(100)).exp()
        statement_scale = self.log_statement_scale.clamp(max=math.log(30)).exp()
        return {
            "contrastive": losses.contrastive(studies, self.read(words.reports), scale),
            "statements": losses.statements(
                studies, self.read(words.said), words.holds, statement_scale, self.statement_bias
            ),
        }


def draw_truths(rng: np.random.Generator, count: int) -> list[Truth]:
    """Patients of the cohort, each with the views its exam happens to hold."""
    return [replace(draw_truth(rng), imaged=imaged) for imaged in draw_views(rng, count)]


def draw_words(
    model: CMRCLIP, truths: list[Truth], statements: int, length: int, rng: np.random.Generator
) -> Words:
    """An impression and some statements for each study, and both sides of every condition.

    Args:
        statements: for each study.
        length: tokens of a text that are read.
    """
    reports = [write_impression(truth, rng) for truth in truths]
    said = [s for truth in truths for s in sample_statements(truth, rng, statements)]
    said += both_sides(model.config.conditions, rng)
    return Words(
        _tokens(model, reports, length),
        _tokens(model, [statement.text for statement in said], length),
        holds_matrix(truths, said),
    )


def holds_matrix(truths: list[Truth], said: list[Statement]) -> Tensor:
    """`(B, S)`: 1 where the statement is true of the case, 0 false, NaN too close to call."""
    judged = torch.from_numpy(truth_matrix(said, truths).T).float()
    return judged.masked_fill(judged < 0, math.nan)


def _tokens(model: CMRCLIP, texts: list[str], length: int) -> Tokens:
    ids, mask = model.tokenize(texts)
    return ids[:, :length], mask[:, :length]
