"""What a model that encodes clips and texts can do with a study, whatever its encoders are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ..frames import study_to_clip
from ..study import Study

if TYPE_CHECKING:
    from ..library import CaseLibrary
    from ..zeroshot import Score


class Scoring:
    """For a class with `config`, `encode_clip` and `encode_text`."""

    @torch.no_grad()
    def encode_study(self, study: Study, normalize: bool = True) -> Tensor:
        """A study to `(projection_dim,)`.

        Raises:
            StudyError: if the study lacks what the model's layout needs.
        """
        clip = study_to_clip(study, self.config).tensor
        return self.encode_clip(clip[None], normalize=normalize)[0]

    def score(
        self,
        study: Study | Tensor,
        conditions: Sequence[str],
        library: CaseLibrary | None = None,
    ) -> list[Score]:
        """How well each condition fits a study, measured against the library's cases.

        Args:
            study: a study, or its embedding `(projection_dim,)` to ask again without encoding.
            conditions: what to ask, in words.
            library: the reference cases. None takes the bundled library where this is the
                bundled model, and no reference otherwise.
        """
        from .. import zeroshot
        from ..library import default_library

        library = default_library(self) if library is None else library
        embedding = self.encode_study(study) if isinstance(study, Study) else study
        return zeroshot.score(self, embedding, conditions, library)
