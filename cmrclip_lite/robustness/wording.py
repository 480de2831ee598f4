"""What another wording does to a model's answers: the same question, put by someone else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..prompts import CONDITIONS
from .measure import areas, rank_correlation

if TYPE_CHECKING:
    from ..model import CMRCLIP
