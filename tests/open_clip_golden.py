"""Make tests/data/open_clip.npz: what open_clip itself says of a checkpoint like BiomedCLIP.

    pip install open_clip_torch==3.3.0 timm==1.0.31 torchvision transformers
    python -m tests.open_clip_golden

The weights are drawn by `golden.py`, so only the outputs are kept. The towers are smaller than
BiomedCLIP's (timm's vit_tiny, a BERT of two layers), of the same kinds.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

from tests.golden import fill

DATA = Path(__file__).parent / "data" / "open_clip.npz"
SCALE = 0.05
WORDS = "the left right ventricle is dilated normal cardiac mri no effusion . ,".split()
VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *WORDS]
LENGTH = 16  # ids that a text may have
TEXTS = ["The left ventricle is dilated.", "Normal", "No effusion, " * 12]
WEIGHTS = {"safetensors": "open_clip_model.safetensors", "pickle": "open_clip_pytorch_model.bin"}
BERT = {
    "model_type": "bert",
    "vocab_size": len(VOCABULARY),
    "hidden_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 96,
    "max_position_embeddings": 32,
}
MODEL = {
    "embed_dim": 40,
    "vision_cfg": {
        "timm_model_name": "vit_tiny_patch16_224",
        "timm_model_pretrained": False,
        "timm_pool": "",
        "timm_proj": "linear",
        "image_size": 224,
    },
    "text_cfg": {
        "hf_model_name": "somebody/tiny-bert",
        "hf_tokenizer_name": "somebody/tiny-bert",
        "hf_proj_type": "mlp",
        "hf_pooler_type": "cls_last_hidden_state_pooler",
        "context_length": LENGTH,
    },
}
PREPARED = {"mean": [0.48, 0.46, 0.41], "std": [0.27, 0.26, 0.28]}


def shapes() -> dict[str, torch.Tensor]:
    """Names and shapes of what open_clip saves, but the scale of its logits; nothing else."""
    sizes = {"visual.trunk.cls_token": (1, 1, 192)}
    sizes |= {"visual.trunk.pos_embed": (1, 197, 192)}
    sizes |= _linear("visual.trunk.patch_embed.proj", 192, 3, 16, 16)
    for i in range(12):
        block = f"visual.trunk.blocks.{i}."
        sizes |= _linear(f"{block}attn.qkv", 576, 192) | _linear(f"{block}attn.proj", 192, 192)
        sizes |= _linear(f"{block}mlp.fc1", 768, 192) | _linear(f"{block}mlp.fc2", 192, 768)
        sizes |= _linear(f"{block}norm1", 192) | _linear(f"{block}norm2", 192)
    sizes |= _linear("visual.trunk.norm", 192) | {"visual.head.proj.weight": (40, 192)}
    text = "text.transformer.embeddings."
    sizes |= {f"{text}word_embeddings.weight": (len(VOCABULARY), 128)}
    sizes |= {f"{text}position_embeddings.weight": (32, 128)}
    sizes |= {f"{text}token_type_embeddings.weight": (2, 128)}
    sizes |= _linear(f"{text}LayerNorm", 128)
    for i in range(2):
        layer = f"text.transformer.encoder.layer.{i}."
        for name in ("query", "key", "value"):
            sizes |= _linear(f"{layer}attention.self.{name}", 128, 128)
        sizes |= _linear(f"{layer}attention.output.dense", 128, 128)
        sizes |= _linear(f"{layer}attention.output.LayerNorm", 128)
        sizes |= _linear(f"{layer}intermediate.dense", 96, 128)
        sizes |= _linear(f"{layer}output.dense", 128, 96)
        sizes |= _linear(f"{layer}output.LayerNorm", 128)
    sizes |= {"text.proj.0.weight": (84, 128), "text.proj.2.weight": (40, 84)}
    return {key: torch.empty(shape, device="meta") for key, shape in sizes.items()}


def _linear(name: str, rows: int, *rest: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": (rows, *rest), f"{name}.bias": (rows,)}


def weights() -> dict[str, torch.Tensor]:
    return fill(shapes(), SCALE) | {"logit_scale": torch.tensor(4.4)}


def pictures() -> torch.Tensor:
    """`(2, 3, 224, 224)`, normalised."""
    rng = np.random.Generator(np.random.PCG64(8))
    return torch.from_numpy(rng.standard_normal((2, 3, 224, 224)).astype(np.float32))


def tokenizer() -> Tokenizer:
    """Words to ids between BERT's marks."""
    ids = {word: i for i, word in enumerate(VOCABULARY)}
    made = Tokenizer(models.WordLevel(ids, unk_token="[UNK]"))
    made.normalizer = normalizers.Lowercase()
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    marks = [(word, ids[word]) for word in ("[CLS]", "[SEP]")]
    made.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=marks
    )
    return made


def save_checkpoint(folder: Path, kind: str = "safetensors") -> Path:
    """As `push_to_hf_hub` of open_clip lays the files out."""
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    if kind == "pickle":
        torch.save(weights(), folder / WEIGHTS[kind])
    else:
        save_file(weights(), folder / WEIGHTS[kind])
    told = {"model_cfg": MODEL, "preprocess_cfg": PREPARED}
    (folder / "open_clip_config.json").write_text(json.dumps(told))
    tokenizer().save(str(folder / "tokenizer.json"))
    return folder


def main() -> None:
    from open_clip.model import CustomTextCLIP
    from open_clip.tokenizer import HFTokenizer
    from transformers import PreTrainedTokenizerFast

    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "tiny-bert"
        folder.mkdir()
        (folder / "config.json").write_text(json.dumps(BERT))
        PreTrainedTokenizerFast(
            tokenizer_object=tokenizer(),
            pad_token="[PAD]",
            cls_token="[CLS]",
            sep_token="[SEP]",
            unk_token="[UNK]",
        ).save_pretrained(folder)
        text = MODEL["text_cfg"] | {"hf_model_name": str(folder), "hf_model_pretrained": False}
        eye = {k: v for k, v in MODEL["vision_cfg"].items() if k != "timm_model_pretrained"}
        model = CustomTextCLIP(MODEL["embed_dim"], eye, text).eval()
        tokenize = HFTokenizer(str(folder), context_length=LENGTH)
        theirs = {key: value.shape for key, value in model.state_dict().items()}
        ours = {key: value.shape for key, value in weights().items()}
        if theirs != ours:
            raise SystemExit(f"Other weights than expected: {theirs.keys() ^ ours.keys()}.")
        model.load_state_dict(weights())
        with torch.inference_mode():
            ids = tokenize(TEXTS)
            found = {
                "image": model.encode_image(pictures()).numpy(),
                "text": model.encode_text(ids).numpy(),
                "ids": ids.numpy(),
            }
    np.savez_compressed(DATA, **found)


if __name__ == "__main__":
    main()
