"""BiomedCLIP, and whatever else open_clip saved of a plain ViT of timm beside a BERT.

Such a repository has an `open_clip_config.json` where others have a config.json. Its towers are
built here: BERT is the one of `model/`, the ViT is the transformer of Dosovitskiy et al., ICLR
2021, with timm's names, so that neither open_clip nor timm is needed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention

from ..checkpoint import OLD_BUFFERS, read_json, refuse_misfit
from ..errors import CheckpointError
from ..model import TextConfig
from ..model.text_encoder import BertEncoder
from ..model.video_encoder import NORM_EPS, Mlp

MODEL_TYPE = "open_clip"
CONFIG_FILE = "open_clip_config.json"
WEIGHT_FILES = ("open_clip_model.safetensors", "open_clip_pytorch_model.bin")
PAD = "[PAD]"  # of BERT
# A head is 64 wide in each of these ViTs, and in BERT of every size; no weight tells it.
HEAD_WIDTH = 64
_PLAIN_VIT = re.compile(r"vit_(tiny|small|base|large)_patch\d+_\d+(\.\w+)?")
# RoBERTa and CamemBERT have BERT's weights by name, but count positions otherwise.
_BERT = re.compile(r"^(?!.*(roberta|camembert)).*bert", re.IGNORECASE)
_IMAGE, _TEXT = "visual.trunk.", "text.transformer."
# What open_clip may save that no output depends on here.
_UNUSED = ("logit_scale", "logit_bias", *(_TEXT + name.split(".", 1)[1] for name in OLD_BUFFERS))


@dataclass(frozen=True)
class Sizes:
    """Of both towers, read off the weights, since open_clip_config.json names models alone."""

    width: int
    depth: int
    patch_size: int
    image_size: int
    projection_dim: int
    text: TextConfig


class Features(NamedTuple):
    """As `transformers` gives them."""

    pooler_output: Tensor


def read_model(path: Path, state: Mapping[str, Tensor]) -> tuple[Sizes, dict[str, Any]]:
    """The sizes of the towers, and the model's part of open_clip_config.json.

    Raises:
        CheckpointError: if the file or the weights describe other towers than those known here.
    """
    told = read_json(path).get("model_cfg")
    if not isinstance(told, dict):
        raise CheckpointError(f"{path.name} has no model_cfg.")
    image, text = told.get("vision_cfg"), told.get("text_cfg")
    if not isinstance(image, dict) or not isinstance(text, dict):
        raise CheckpointError(f"{path.name} lacks vision_cfg or text_cfg.")
    known = {
        "timm_model_name": bool(_PLAIN_VIT.fullmatch(str(image.get("timm_model_name")))),
        "timm_pool": image.get("timm_pool") in ("", "token"),
        "timm_proj": image.get("timm_proj") == "linear",
    }
    words = {
        "hf_model_name": bool(_BERT.search(str(text.get("hf_model_name")))),
        "hf_pooler_type": text.get("hf_pooler_type", text.get("pooler_type"))
        == "cls_last_hidden_state_pooler",
        "hf_proj_type": text.get("hf_proj_type", text.get("proj")) == "mlp",
        "context_length": type(text.get("context_length")) is int and text["context_length"] > 2,
    }
    for part, checks in ((image, known), (text, words)):
        for name, fine in checks.items():
            if not fine:
                raise CheckpointError(
                    f"{path.name} has {name} {part.get(name)!r}. Of open_clip's models, those with "
                    "a plain ViT of timm and a BERT are known, as BiomedCLIP is; convert another "
                    "to a CLIPModel of transformers with save_pretrained."
                )
    return read_sizes(state), told


class OpenClipTowers(nn.Module):
    """Both towers under open_clip's names, asked as the models of `transformers` are."""

    def __init__(self, sizes: Sizes, pad: int) -> None:
        super().__init__()
        self.pad = pad
        self.visual = nn.ModuleDict(
            {
                "trunk": VisionTransformer(sizes),
                "head": nn.ModuleDict(
                    {"proj": nn.Linear(sizes.width, sizes.projection_dim, bias=False)}
                ),
            }
        )
        hidden = sizes.text.hidden
        between = (hidden + sizes.projection_dim) // 2
        bert = BertEncoder(sizes.text)
        del bert.pooler  # not saved
        self.text = nn.ModuleDict(
            {
                "transformer": bert,
                "proj": nn.Sequential(
                    nn.Linear(hidden, between, bias=False),
                    nn.GELU(),
                    nn.Linear(between, sizes.projection_dim, bias=False),
                ),
            }
        )

    def get_image_features(self, pixel_values: Tensor) -> Features:
        """`(N, 3, H, W)` to `(N, D)`, not yet of unit length."""
        return Features(self.visual["head"]["proj"](self.visual["trunk"](pixel_values)))

    def get_text_features(self, input_ids: Tensor) -> Features:
        """Ids `(N, L)`, padded on the right, to `(N, D)`: the class token's last state."""
        mask = input_ids != self.pad
        longest = int(mask.sum(dim=1).max())
        hidden = self.text["transformer"](input_ids[:, :longest], mask[:, :longest])
        return Features(self.text["proj"](hidden[:, 0]))


class VisionTransformer(nn.Module):
    """A picture to one vector: the class token after the last block, normalised."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        width, side = sizes.width, sizes.patch_size
        places = (sizes.image_size // side) ** 2
        self.patch_embed = nn.ModuleDict({"proj": nn.Conv2d(3, width, side, side)})
        self.cls_token = nn.Parameter(torch.zeros(1, 1, width))
        self.pos_embed = nn.Parameter(torch.zeros(1, places + 1, width))
        self.blocks = nn.ModuleList(Block(width) for _ in range(sizes.depth))
        self.norm = nn.LayerNorm(width, eps=NORM_EPS)

    def forward(self, pictures: Tensor) -> Tensor:
        """`(N, 3, H, W)` to `(N, width)`."""
        patches = self.patch_embed["proj"](pictures).flatten(2).transpose(1, 2)
        class_token = self.cls_token.expand(len(pictures), -1, -1)
        tokens = torch.cat([class_token, patches], dim=1) + self.pos_embed
        for block in self.blocks:
            tokens = block(tokens)
        return self.norm(tokens[:, 0])


class Block(nn.Module):
    """Attention, then an MLP, each with a residual and normalised before."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width, eps=NORM_EPS)
        self.norm2 = nn.LayerNorm(width, eps=NORM_EPS)
        self.attn = Attention(width)
        self.mlp = Mlp(width, 4 * width)

    def forward(self, tokens: Tensor) -> Tensor:
        tokens = tokens + self.attn(self.norm1(tokens))
        return tokens + self.mlp(self.norm2(tokens))


class Attention(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)

    def forward(self, tokens: Tensor) -> Tensor:
        """`(N, L, width)` to the same shape."""
        qkv = self.qkv(tokens).unflatten(2, (3, -1, HEAD_WIDTH)).permute(2, 0, 3, 1, 4)
        return self.proj(scaled_dot_product_attention(*qkv).transpose(1, 2).flatten(2))


def build_towers(sizes: Sizes, state: Mapping[str, Tensor], pad: int) -> OpenClipTowers:
    """The towers with these weights.

    Raises:
        CheckpointError: if the weights do not fill every tensor, or there are more.
    """
    state = {key: value for key, value in state.items() if key not in _UNUSED}
    with torch.device("meta"):
        towers = OpenClipTowers(sizes, pad)
    expected = {key: tuple(value.shape) for key, value in towers.state_dict().items()}
    refuse_misfit(state, expected, CONFIG_FILE)
    towers.load_state_dict(state, assign=True)
    return towers


def read_sizes(state: Mapping[str, Tensor]) -> Sizes:
    """What the shapes of the weights tell.

    Raises:
        CheckpointError: if one that tells is missing, or a tower is of no known kind.
    """

    def shape(key: str, axes: int) -> tuple[int, ...]:
        if key not in state or state[key].ndim != axes:
            raise CheckpointError(
                f"The weights do not fit {CONFIG_FILE}: {key} is missing or of another shape."
            )
        return tuple(state[key].shape)

    width, _, patch_size, _ = shape(f"{_IMAGE}patch_embed.proj.weight", 4)
    places = shape(f"{_IMAGE}pos_embed", 3)[1] - 1
    vocabulary, hidden = shape(f"{_TEXT}embeddings.word_embeddings.weight", 2)
    for what, wide in (("image", width), ("text", hidden)):
        if wide % HEAD_WIDTH:
            raise CheckpointError(
                f"The {what} tower is {wide} wide, which is no multiple of {HEAD_WIDTH}, the width "
                "of a head in the models known here."
            )
    return Sizes(
        width=width,
        depth=_layers(state, f"{_IMAGE}blocks."),
        patch_size=patch_size,
        image_size=round(places**0.5) * patch_size,
        projection_dim=shape("visual.head.proj.weight", 2)[0],
        text=TextConfig(
            vocab_size=vocabulary,
            hidden=hidden,
            layers=_layers(state, f"{_TEXT}encoder.layer."),
            heads=hidden // HEAD_WIDTH,
            intermediate=shape(f"{_TEXT}encoder.layer.0.intermediate.dense.weight", 2)[0],
            max_positions=shape(f"{_TEXT}embeddings.position_embeddings.weight", 2)[0],
            type_vocab=shape(f"{_TEXT}embeddings.token_type_embeddings.weight", 2)[0],
        ),
    )


def _layers(state: Mapping[str, Tensor], prefix: str) -> int:
    """How many layers there are whose names begin so."""
    names = {key.removeprefix(prefix).split(".")[0] for key in state if key.startswith(prefix)}
    return len(names)
