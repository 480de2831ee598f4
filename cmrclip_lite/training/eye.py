"""How the video encoder learns: to reason first, then to look, then both together.

A study is to lie where its truth lies, among sentences that stay put. Learned from images alone
that is slow: nothing of a heart's size can be read before its parts are told apart. But what a
synthetic heart consists of is known, so each half is taught by itself:

- `measure`: the transformer is given tokens made from the tissues in each patch, as if its eye were
  perfect, and learns to measure. Words would drown what few patches show: with them from the
  beginning the width of the aortic root was hardly learned (correlation 0.19 after 1,000 batches),
  without them it was (0.78 after 900);
- `reason`: it goes on, and learns to find the place among the words too;
- `look`: the stem learns to make those same tokens from images, and to name the tissues;
- `join`: both go on together, from images to words.

The heads that measure and name tissues, and the tokens given, are thrown away afterwards.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from ..model import CMRCLIP
from . import losses
from .augment import CELLS, LEVELS, SEEN, SEEN_WEIGHTS, Planes, tissue_shares
from .meaning import Meaning, Words

SHARES = LEVELS * len(SEEN) * CELLS**2


class Eye(nn.Module):
    """A model's video encoder with the heads that training asks.

    What an image means is told by a `Meaning` that has learned its words and stays as it is. In the
    methods, `measured` is `(B, M)`, NaN for what is not shown, and clips are `(B, F, 3, H, W)`.
    """

    def __init__(self, model: CMRCLIP, weights: Tensor, half: bool) -> None:
        """`weights` are those of the `(M,)` measures; `half` computes the encoder in bfloat16."""
        super().__init__()
        self.video, self.projection = model.video_model, model.vid_proj
        self.half = half
        self.patch = model.config.video.patch_size
        width = model.config.video.width
        self.given = nn.Linear(SHARES, width)
        self.tissue = nn.Linear(width, SHARES)
        self.measures = nn.Linear(width, len(weights))
        self.measure_weights = weights
        self.tissue_weights = torch.tensor(SEEN_WEIGHTS).repeat_interleave(SHARES // len(SEEN))

    def measure(self, planes: Planes, measured: Tensor) -> dict[str, Tensor]:
        """The term of the loss where the tissues are given and measures alone are asked."""
        features = self._features(self._given(planes))
        return {"measurements": self._measured(features, measured)}

    def reason(
        self, meaning: Meaning, planes: Planes, measured: Tensor, words: Words
    ) -> dict[str, Tensor]:
        """Terms of the loss where the tissues are given."""
        return self._understood(self._given(planes), meaning, planes, measured, words)

    def look(self, planes: Planes, clips: Tensor, given: bool = True) -> dict[str, Tensor]:
        """Terms of the loss of what the stem makes of images; `given` as in `join`."""
        return self._seen(self._patches(clips), planes, given)

    def join(
        self,
        meaning: Meaning,
        planes: Planes,
        clips: Tensor,
        measured: Tensor,
        words: Words,
        given: bool = True,
    ) -> dict[str, Tensor]:
        """All terms of the loss, from images; `given`, there are tokens to be alike to."""
        patches = self._patches(clips)
        understood = self._understood(patches, meaning, planes, measured, words)
        return self._seen(patches, planes, given) | understood

    def _seen(self, patches: Tensor, planes: Planes, given: bool = True) -> dict[str, Tensor]:
        shares, patches = tissue_shares(planes.in_clip, self.patch), patches.float()
        seen = {"tissues": losses.tissues(self.tissue(patches), shares, self.tissue_weights)}
        if given:
            with torch.no_grad():
                tokens = self.given(shares)
            seen["likeness"] = losses.likeness(patches, tokens)
        return seen

    def _patches(self, clips: Tensor) -> Tensor:
        """What the stem makes of clips, `(B, F, n, width)`; blank frames are all made of one."""
        frames = clips.flatten(0, 1)
        there = frames.flatten(1).any(1)
        with self._precision():
            seen = self.video.patch_embed(frames[None, there])[0]
            blank = self.video.patch_embed(torch.zeros_like(clips[:1, :1]))[0]
        patches = blank.repeat(len(frames), 1, 1)
        patches[there] = seen
        return patches.unflatten(0, clips.shape[:2])

    def _given(self, planes: Planes) -> Tensor:
        with self._precision():
            return self.given(tissue_shares(planes.in_clip, self.patch))

    def _features(self, patches: Tensor) -> Tensor:
        """What the class token has of each exam, `(B, width)`."""
        with self._precision():
            tokens = self.video.encode_patches(patches)
        return self.video.norm(tokens[:, 0].float())

    def _measured(self, features: Tensor, measured: Tensor) -> Tensor:
        return losses.measurements(self.measures(features), measured, self.measure_weights)

    def _understood(
        self, patches: Tensor, meaning: Meaning, planes: Planes, measured: Tensor, words: Words
    ) -> dict[str, Tensor]:
        features = self._features(patches)
        study = normalize(self.projection(features), dim=-1)
        with torch.no_grad():
            there = meaning.truth(planes.truths, measured)
        return {
            "measurements": self._measured(features, measured),
            "place": losses.place(study, there),
            **meaning.agreement(study, words),
        }

    def _precision(self) -> torch.autocast:
        return torch.autocast("cpu", torch.bfloat16, enabled=self.half)
