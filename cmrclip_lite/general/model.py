"""A general image-text model with the surface of `model.CMRCLIP`."""

from __future__ import annotations

import re
import string
from collections.abc import Mapping, Sequence

import torch
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn.functional import normalize as l2_normalize

from ..errors import CheckpointError
from ..model.scoring import Scoring
from . import open_clip
from .config import GeneralConfig, towers

# Pictures that go through the image tower at once.
_AT_ONCE = 32
_PUNCTUATION = str.maketrans("", "", string.punctuation)


class GeneralModel(Scoring, nn.Module):
    """CLIP or SigLIP in the place of a cardiac model.

    A study's embedding is the mean of its pictures' unit embeddings, at unit length again: neither
    order nor motion is known to it.

    Attributes:
        config, tokenizer, name, identity, cache: as of `CMRCLIP`.
        towers: the model of `transformers`, or what stands for it (`open_clip.py`).
    """

    def __init__(self, config: GeneralConfig, towers: nn.Module, tokenizer: Tokenizer) -> None:
        super().__init__()
        self.config = config
        self.towers = towers
        self.tokenizer = tokenizer
        self.name = "unnamed"
        self.identity = ""

    @property
    def device(self) -> torch.device:
        return next(self.towers.parameters()).device

    @property
    def dtype(self) -> torch.dtype:
        return next(self.towers.parameters()).dtype

    def encode_clip(self, clip: Tensor, normalize: bool = True) -> Tensor:
        """`(B, F, 3, H, W)` to `(B, D)`, unit vectors unless `normalize` is off."""
        pictures = clip.flatten(0, 1)
        features = torch.cat([self.encode_pictures(part) for part in pictures.split(_AT_ONCE)])
        mean = features.unflatten(0, clip.shape[:2]).mean(dim=1)
        return l2_normalize(mean, dim=-1) if normalize else mean

    def encode_pictures(self, pictures: Tensor) -> Tensor:
        """`(N, 3, H, W)`, normalised, to unit vectors `(N, D)`."""
        pictures = pictures.to(self.device, self.dtype)
        given = {"pixel_values": pictures}
        if self.config.model_type == "siglip2":
            given = _patches(pictures, self.towers.config.vision_config.patch_size)
        return l2_normalize(self.towers.get_image_features(**given).pooler_output, dim=-1)

    def encode_rows(self, rows: Sequence[list[int]], normalize: bool = True) -> Tensor:
        """Token ids of sentences to `(len(rows), D)`."""
        features = self.towers.get_text_features(input_ids=self._padded(rows).to(self.device))
        vectors = features.pooler_output
        return l2_normalize(vectors, dim=-1) if normalize else vectors

    def tokenize(self, texts: Sequence[str]) -> Tensor:
        """Sentences to ids `(len(texts), L)`, as `GeneralText` says."""
        return self._padded(self.token_rows(texts))

    def token_rows(self, texts: Sequence[str]) -> list[list[int]]:
        """Sentences to ids, none more than the model reads."""
        encodings = self.tokenizer.encode_batch([self._canonical(one) for one in texts])
        most = self.config.text.max_positions
        # A row that is too long is cut before its last token, which marks the end of a text.
        return [e.ids if len(e.ids) <= most else [*e.ids[: most - 1], e.ids[-1]] for e in encodings]

    def _padded(self, rows: Sequence[list[int]]) -> Tensor:
        text = self.config.text
        length = text.max_positions if text.pad is not None else max(map(len, rows), default=0)
        ids = torch.empty(len(rows), length, dtype=torch.long)
        for i, row in enumerate(rows):
            ids[i] = row[-1] if text.pad is None else self.tokenizer.token_to_id(text.pad)
            start = length - len(row) if text.pad_left else 0
            ids[i, start : start + len(row)] = torch.tensor(row)
        return ids

    def _canonical(self, text: str) -> str:
        if self.config.text.lowercase:
            text = text.lower()
        if not self.config.text.punctuation:
            text = re.sub(r"\s+", " ", text.translate(_PUNCTUATION)).strip()
        return text


def build_model(
    config: GeneralConfig, state: Mapping[str, Tensor], tokenizer: Tokenizer
) -> GeneralModel:
    """A model that holds these weights.

    Raises:
        CheckpointError: if the weights do not fill every tensor, or the tokenizer lacks the token
            that fills up texts.
    """
    pad = config.text.pad
    if pad is not None and tokenizer.token_to_id(pad) is None:
        raise CheckpointError(f"The tokenizer does not know {pad!r}, with which texts are filled.")
    if config.model_type == open_clip.MODEL_TYPE:
        sizes = open_clip.read_sizes(state)
        built = open_clip.build_towers(sizes, state, tokenizer.token_to_id(pad))
        return GeneralModel(config, built, tokenizer).eval()
    config_class, model_class = towers(config.model_type)
    architecture = config_class.from_dict(config.architecture)
    try:
        # From tensors that were read already, so that no other file is looked for.
        model, told = model_class.from_pretrained(
            None, config=architecture, state_dict=dict(state), output_loading_info=True
        )
    except (RuntimeError, ValueError) as error:
        reason = str(error).strip().splitlines()[0]
        raise CheckpointError(f"The weights do not fit config.json: {reason}") from error
    if lacking := sorted(told["missing_keys"]):
        raise CheckpointError(
            f"The weights do not fit config.json: {len(lacking)} are missing, such as {lacking[0]}."
        )
    return GeneralModel(config, model, tokenizer).eval()


def _patches(pictures: Tensor, side: int) -> dict[str, Tensor]:
    """`(N, 3, H, W)` cut into patches row by row, each its pixels and then their colours."""
    count, colours, height, width = pictures.shape
    rows, columns = height // side, width // side
    cut = pictures.reshape(count, colours, rows, side, columns, side).permute(0, 2, 4, 3, 5, 1)
    shape = torch.tensor([[rows, columns]], device=pictures.device)
    return {
        "pixel_values": cut.reshape(count, rows * columns, side * side * colours),
        "pixel_attention_mask": torch.ones(count, rows * columns, device=pictures.device).int(),
        "spatial_shapes": shape.expand(count, 2),
    }
