"""A random model of a few thousand weights, with a vocabulary of a few words, for loading tests."""

from __future__ import annotations

from pathlib import Path

import torch

from cmrclip_lite.checkpoint import read_tokenizer
from cmrclip_lite.model import CMRCLIP, LayoutConfig, ModelConfig, TextConfig, VideoConfig

VOCABULARY = (
    "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "left", "right", "ventricle", "is", "di",
    "##lated", "normal", "Left", ".", ",",
)  # fmt: skip


def small_config(num_frames: int = 5, tokenizer: str | None = None) -> ModelConfig:
    return ModelConfig(
        video=VideoConfig(
            image_size=16, patch_size=8, width=16, depth=1, heads=2, num_frames=num_frames
        ),
        text=TextConfig(
            vocab_size=len(VOCABULARY),
            hidden=16,
            layers=1,
            heads=2,
            intermediate=32,
            max_positions=32,
            tokenizer=tokenizer,
        ),
        projection_dim=8,
        layout=LayoutConfig(name="heart", phases=max(num_frames - 3, 1)),
    )


def write_vocabulary(folder: Path) -> Path:
    path = folder / "vocab.txt"
    path.write_text("\n".join(VOCABULARY) + "\n", encoding="utf-8")
    return path


def small_model(folder: Path) -> CMRCLIP:
    """A model with a tokenizer; `folder` is where the vocabulary is written for it."""
    config = small_config()
    torch.manual_seed(0)
    return CMRCLIP(config, read_tokenizer(write_vocabulary(folder), config.text)).eval()
