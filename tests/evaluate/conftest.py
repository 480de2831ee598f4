"""Two checkpoints in folders, and a library of made-up cases by the first."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from cmrclip_lite.hub import load, save
from cmrclip_lite.model import CMRCLIP
from tests.evaluate import cohorts


@pytest.fixture(scope="session")
def checkpoints(tiny_model: CMRCLIP, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The tiny model, and one with other words."""
    folders = [tmp_path_factory.mktemp("checkpoints") / name for name in ("first", "second")]
    save(tiny_model, folders[0])
    other = load(folders[0])
    with torch.no_grad():
        for values in other.txt_proj.parameters():
            values.add_(0.5 * torch.randn(values.shape, generator=torch.Generator().manual_seed(1)))
    save(other, folders[1])
    return folders


@pytest.fixture(scope="session")
def first(checkpoints: list[Path]) -> CMRCLIP:
    return load(checkpoints[0])


@pytest.fixture(scope="session")
def second(checkpoints: list[Path]) -> CMRCLIP:
    return load(checkpoints[1])


@pytest.fixture(scope="session")
def shelf(first: CMRCLIP, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library of 60 cases."""
    folder = tmp_path_factory.mktemp("shelf") / "library"
    cohorts.library(folder, first, cohorts.cases(first, 60))
    return folder
