"""BERT (Devlin et al., NAACL 2019), encoder only, in plain torch.

Parameter names are those of the `transformers` implementation, so that its checkpoints load.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention

from .config import TextConfig

NORM_EPS = 1e-12


class Embeddings(nn.Module):
    """Word, position and segment embeddings, summed and normalised."""

    def __init__(self, config: TextConfig) -> None:
        super().__init__()
        self.word_embeddings = nn.Embedding(config.vocab_size, config.hidden)
        self.position_embeddings = nn.Embedding(config.max_positions, config.hidden)
        self.token_type_embeddings = nn.Embedding(config.type_vocab, config.hidden)
        self.LayerNorm = nn.LayerNorm(config.hidden, eps=NORM_EPS)

    def forward(self, input_ids: Tensor) -> Tensor:
        """`(B, L)` token ids to `(B, L, hidden)`; all tokens are of segment 0."""
        positions = self.position_embeddings.weight[: input_ids.shape[1]]
        segment = self.token_type_embeddings.weight[0]
        return self.LayerNorm(self.word_embeddings(input_ids) + positions + segment)


class SelfAttention(nn.Module):
    """Multi-head self-attention, before its output projection."""

    def __init__(self, config: TextConfig) -> None:
        super().__init__()
        self.heads = config.heads
        self.query = nn.Linear(config.hidden, config.hidden)
        self.key = nn.Linear(config.hidden, config.hidden)
        self.value = nn.Linear(config.hidden, config.hidden)

    def forward(self, hidden: Tensor, mask: Tensor) -> Tensor:
        """`(B, L, hidden)`, mask `(B, 1, 1, L)` True where a token may be attended to."""
        query, key, value = (
            linear(hidden).unflatten(2, (self.heads, -1)).transpose(1, 2)
            for linear in (self.query, self.key, self.value)
        )
        out = scaled_dot_product_attention(query, key, value, attn_mask=mask)
        return out.transpose(1, 2).flatten(2)


class AddAndNorm(nn.Module):
    """A linear layer whose result is added to the residual and normalised."""

    def __init__(self, width_in: int, config: TextConfig) -> None:
        super().__init__()
        self.dense = nn.Linear(width_in, config.hidden)
        self.LayerNorm = nn.LayerNorm(config.hidden, eps=NORM_EPS)

    def forward(self, update: Tensor, residual: Tensor) -> Tensor:
        return self.LayerNorm(self.dense(update) + residual)


class Attention(nn.Module):
    def __init__(self, config: TextConfig) -> None:
        super().__init__()
        self.self = SelfAttention(config)
        self.output = AddAndNorm(config.hidden, config)

    def forward(self, hidden: Tensor, mask: Tensor) -> Tensor:
        return self.output(self.self(hidden, mask), hidden)


class Intermediate(nn.Module):
    def __init__(self, config: TextConfig) -> None:
        super().__init__()
        self.dense = nn.Linear(config.hidden, config.intermediate)

    def forward(self, hidden: Tensor) -> Tensor:
        return nn.functional.gelu(self.dense(hidden))


class Layer(nn.Module):
    """Attention, then a feed-forward layer, each with a residual and post-normalisation."""

    def __init__(self, config: TextConfig) -> None:
        super().__init__()
        self.attention = Attention(config)
        self.intermediate = Intermediate(config)
        self.output = AddAndNorm(config.intermediate, config)

    def forward(self, hidden: Tensor, mask: Tensor) -> Tensor:
        hidden = self.attention(hidden, mask)
        return self.output(self.intermediate(hidden), hidden)


class Encoder(nn.Module):
    def __init__(self, config: TextConfig) -> None:
        super().__init__()
        self.layer = nn.ModuleList(Layer(config) for _ in range(config.layers))

    def forward(self, hidden: Tensor, mask: Tensor) -> Tensor:
        for layer in self.layer:
            hidden = layer(hidden, mask)
        return hidden


class Pooler(nn.Module):
    """Kept because its weights are part of every BERT checkpoint; its output is not used."""

    def __init__(self, config: TextConfig) -> None:
        super().__init__()
        self.dense = nn.Linear(config.hidden, config.hidden)


class BertEncoder(nn.Module):
    """Tokens to the hidden states after the last layer."""

    def __init__(self, config: TextConfig) -> None:
        super().__init__()
        self.config = config
        self.embeddings = Embeddings(config)
        self.encoder = Encoder(config)
        self.pooler = Pooler(config)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """`(B, L)` ids and mask (1 for a token, 0 for padding) to `(B, L, hidden)`."""
        mask = attention_mask[:, None, None, :].to(torch.bool)
        return self.encoder(self.embeddings(input_ids), mask)


def mean_over_tokens(hidden: Tensor, attention_mask: Tensor) -> Tensor:
    """`(B, L, hidden)` to `(B, hidden)`: the mean over the tokens whose mask is 1."""
    mask = attention_mask[..., None].to(hidden.dtype)
    return (hidden * mask).sum(dim=1) / mask.sum(dim=1).clamp(min=1e-9)
