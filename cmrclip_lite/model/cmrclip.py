"""The two encoders and the space they share."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from huggingface_hub import ModelHubMixin
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn.functional import normalize as l2_normalize

from ..errors import CheckpointError
from . import accelerator
from .config import ModelConfig
from .scoring import Scoring
from .text_encoder import BertEncoder, mean_over_tokens
from .video_encoder import SpaceTimeTransformer

NORM_FLOOR = 1e-8


MODEL_CARD = """---
{{ card_data }}
---

# A CMR-CLIP checkpoint

Video and text encoders for cardiac magnetic resonance studies, for research and education only;
not for diagnosis or treatment. Say here what it was trained on and how well it does.

```python
import cmrclip_lite

model = cmrclip_lite.load("OWNER/NAME")
```
"""


# The mixin gives save_pretrained and push_to_hub, with a model card and its metadata.
class CMRCLIP(
    Scoring,
    nn.Module,
    ModelHubMixin,
    library_name="cmrclip_lite",
    model_card_template=MODEL_CARD,
    tags=["cardiac-mri", "clip", "zero-shot"],
):
    """A video encoder and a text encoder projected into one space of `projection_dim` values.

    Attributes:
        config: sizes, layout of the clip, and what training covered.
        tokenizer: words to ids; None for a model that is only given ids.
        name: what a person calls this model, with its revision where it has one.
        identity, cache: as of `Scoring`.
    """

    def __init__(self, config: ModelConfig, tokenizer: Tokenizer | None = None) -> None:
        super().__init__()
        self.config = config
        self.tokenizer = tokenizer
        self.name = "unnamed"
        self.identity = ""
        self.text_model = BertEncoder(config.text)
        self.video_model = SpaceTimeTransformer(config.video)
        self.txt_proj = _projection(config.text.hidden, config.projection_dim)
        self.vid_proj = _projection(config.video.width, config.projection_dim)

    @classmethod
    def from_pretrained(cls, name: str | Path, **options: object) -> CMRCLIP:
        """The same as `cmrclip_lite.load`, which refuses weights that do not fit."""
        from ..hub import load

        return load(name, **options)

    def _save_pretrained(self, save_directory: Path) -> None:
        from ..hub import save

        save(self, save_directory)

    @property
    def device(self) -> torch.device:
        return self.vid_proj[1].weight.device

    @property
    def dtype(self) -> torch.dtype:
        return self.vid_proj[1].weight.dtype

    def video_features(self, clip: Tensor) -> Tensor:
        """`(B, F, 3, H, W)` to `(B, width)`, before the projection."""
        return self.video_model(accelerator.send(clip, self.device, self.dtype))

    def encode_clip(self, clip: Tensor, normalize: bool = True) -> Tensor:
        """`(B, F, 3, H, W)` to `(B, projection_dim)`, unit vectors unless `normalize` is off.

        A clip may hold several readings of a study, if the layout has them: it is their mean.
        """
        readings = self._readings(clip)
        features = self.video_features(clip.unflatten(1, (readings, -1)).flatten(0, 1))
        found = self.vid_proj(features).unflatten(0, (-1, readings)).mean(1)
        return _finish(found, normalize)

    def _readings(self, clip: Tensor) -> int:
        """How many a clip holds; of no whole number the video encoder says what is wrong."""
        layout = self.config.layout
        if layout.readings == 1 or clip.shape[1] % layout.reading_frames:
            return 1
        return clip.shape[1] // layout.reading_frames

    def encode_tokens(
        self, input_ids: Tensor, attention_mask: Tensor, normalize: bool = True
    ) -> Tensor:
        """`(B, L)` ids and mask to `(B, projection_dim)`; tokens past the limit are ignored."""
        most = self.config.text.max_positions
        ids = input_ids[:, :most].to(self.device)
        mask = attention_mask[:, :most].to(self.device)
        hidden = self.text_model(ids, mask)
        return _finish(self.txt_proj(mean_over_tokens(hidden, mask)), normalize)

    def encode_rows(self, rows: Sequence[list[int]], normalize: bool = True) -> Tensor:
        """Token ids of sentences to `(len(rows), projection_dim)`."""
        return self.encode_tokens(*_padded(rows), normalize=normalize)

    def tokenize(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        """Sentences to ids and mask, each `(len(texts), L)`, padded to the longest.

        Raises:
            CheckpointError: if the model has no tokenizer.
        """
        return _padded(self.token_rows(texts))

    def token_rows(self, texts: Sequence[str]) -> list[list[int]]:
        """Sentences to ids, none more than the model reads.

        Raises:
            CheckpointError: if the model has no tokenizer.
        """
        if self.tokenizer is None:
            raise CheckpointError(
                f"The model {self.name} has no tokenizer; put its tokenizer.json or vocab.txt "
                "beside its weights."
            )
        most = self.config.text.max_positions
        rows = [encoding.ids for encoding in self.tokenizer.encode_batch(list(texts))]
        # A row that is too long is cut before its last token, which marks the end of a sentence.
        return [row if len(row) <= most else [*row[: most - 1], row[-1]] for row in rows]


def _padded(rows: Sequence[list[int]]) -> tuple[Tensor, Tensor]:
    """Ids and mask, each `(len(rows), L)`."""
    longest = max((len(row) for row in rows), default=0)
    ids = torch.zeros(len(rows), longest, dtype=torch.long)
    mask = torch.zeros_like(ids)
    for i, row in enumerate(rows):
        ids[i, : len(row)] = torch.tensor(row)
        mask[i, : len(row)] = 1
    return ids, mask


def _projection(width_in: int, width_out: int) -> nn.Sequential:
    """The published "minimal" projection."""
    return nn.Sequential(nn.ReLU(), nn.Linear(width_in, width_out))


def _finish(embedding: Tensor, normalize: bool) -> Tensor:
    return l2_normalize(embedding, dim=-1, eps=NORM_FLOOR) if normalize else embedding
