"""Tiny random CLIP and SigLIP checkpoints in the formats that `transformers` writes."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

WORDS = "the left right ventricle is dilated normal cardiac mri no effusion . ,".split()
SIZE = 32  # of a picture
TEXT_LENGTH = 16
MEAN, STD = [0.48, 0.46, 0.41], [0.27, 0.26, 0.28]


def save_checkpoint(kind: str, folder: Path, *, pickled: bool = False) -> Path:
    """A checkpoint of `kind` "clip", "siglip" or "siglip2", its tokenizer and its processor."""
    import transformers

    torch.manual_seed(0)
    tokenizer = _tokenizer(kind)
    tower = {
        "hidden_size": 32,
        "intermediate_size": 48,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
    }
    eye = tower | {"image_size": SIZE, "patch_size": 8}
    if kind == "siglip2":
        eye = tower | {"num_patches": (SIZE // 8) ** 2, "patch_size": 8}
    words = tower | {
        "vocab_size": tokenizer.get_vocab_size(),
        "max_position_embeddings": TEXT_LENGTH,
        "bos_token_id": tokenizer.token_to_id("<s>"),
        "eos_token_id": tokenizer.token_to_id("</s>"),
        "pad_token_id": tokenizer.token_to_id("</s>"),
    }
    names = {"clip": "CLIP", "siglip": "Siglip", "siglip2": "Siglip2"}
    config_class = getattr(transformers, f"{names[kind]}Config")
    options = {"projection_dim": 24} if kind == "clip" else {}
    config = config_class(text_config=words, vision_config=eye, **options)
    model = getattr(transformers, f"{names[kind]}Model")(config)
    model.save_pretrained(folder)
    if pickled:
        (folder / "model.safetensors").unlink()
        torch.save(model.state_dict(), folder / "pytorch_model.bin")
    tokenizer.save(str(folder / "tokenizer.json"))
    told = {"tokenizer_class": f"{names[kind]}Tokenizer", "pad_token": "</s>"}
    (folder / "tokenizer_config.json").write_text(json.dumps(told))
    processor = {"image_mean": MEAN, "image_std": STD, "resample": 3, "do_rescale": True}
    (folder / "preprocessor_config.json").write_text(json.dumps(processor))
    return folder


def _tokenizer(kind: str) -> Tokenizer:
    """Words to ids, with the marks at the ends that the kind has."""
    # The end has the highest id, by which older CLIP towers find it.
    vocabulary = ["<unk>", *WORDS, "<s>", "</s>"]
    ids = {word: i for i, word in enumerate(vocabulary)}
    tokenizer = Tokenizer(models.WordLevel(ids, unk_token="<unk>"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    single = "<s> $A </s>" if kind == "clip" else "$A </s>"
    tokenizer.post_processor = processors.TemplateProcessing(
        single=single, special_tokens=[("<s>", ids["<s>"]), ("</s>", ids["</s>"])]
    )
    return tokenizer
