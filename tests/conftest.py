"""What tests share: a tiny random model, a stand-in Hub, real studies where they are at hand."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from cmrclip_lite.model import CMRCLIP, LayoutConfig, ModelConfig, TextConfig, VideoConfig
from tests.hub_server import Ask, HubServer, asking

REAL = Path(__file__).parents[2] / "shared" / "real"

# Tests run side by side, a core each (`make test`): torch's threads, and those of the processes
# that tests start, would spend it waiting for each other.
THREADS = 1 if "PYTEST_XDIST_WORKER" in os.environ else 2
os.environ["OMP_NUM_THREADS"] = str(THREADS)
torch.set_num_threads(THREADS)

# No test, nor any process that one starts, uses or fills the cache of whoever runs it.
os.environ["CMRCLIP_CACHE"] = "off"


@pytest.fixture(scope="session")
def real_folder() -> Path:
    """Real studies for development, which are never part of the repository."""
    if not REAL.is_dir():
        pytest.skip("the real studies are not on this machine (expected in ../shared/real)")
    return REAL


@pytest.fixture(scope="session")
def tiny_model() -> CMRCLIP:
    """A random model in the bundled layout: everything works, nothing is learned."""
    from cmrclip_lite.training.vocabulary import build_tokenizer

    tokenizer = build_tokenizer(seed=0, size=1000)
    torch.manual_seed(0)
    config = ModelConfig(
        video=VideoConfig(image_size=32, patch_size=8, width=48, depth=2, heads=3, num_frames=8),
        text=TextConfig(
            vocab_size=tokenizer.get_vocab_size(),
            hidden=32,
            layers=2,
            heads=2,
            intermediate=64,
            max_positions=64,
        ),
        projection_dim=16,
        layout=LayoutConfig(name="heart", spacing_mm=5.0, phases=4),
    )
    model = CMRCLIP(config, tokenizer).eval()
    model.name = "tiny"
    model.identity = "tiny-0"
    return model


@pytest.fixture(scope="session")
def tiny_model_read_thrice(tiny_model: CMRCLIP) -> CMRCLIP:
    """The same, reading each stack three times as the bundled one does."""
    layout = replace(tiny_model.config.layout, readings=3, upright=True)
    model = CMRCLIP(replace(tiny_model.config, layout=layout), tiny_model.tokenizer).eval()
    model.load_state_dict(tiny_model.state_dict())
    model.name, model.identity = "tiny, thrice", "tiny-3"
    return model


@pytest.fixture(scope="module")
def hub_running() -> Iterator[HubServer]:
    with HubServer() as server:
        yield server


@pytest.fixture
def server(hub_running: HubServer) -> HubServer:
    """The Hub stand-in, empty."""
    hub_running.clear()
    return hub_running


@pytest.fixture(scope="module")
def ask(hub_running: HubServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    """Ask a client process to load; its default cache is one for the whole module."""
    with asking(hub_running.url, tmp_path_factory.mktemp("cache")) as ask:
        yield ask
