"""Loading a model by name: the bundled one, a folder, or a repository on the Hugging Face Hub.

    model = load()                                        # the bundled checkpoint
    model = load("makiyeah/CMRCLIP", device="cuda")       # the published one, 893 MB once
    model = load("owner/name", revision="v2")             # or "owner/name@v2"
    model = load("runs/mine")
    model = load("openai/clip-vit-base-patch32")          # a general one, to compare with

From the Hub only the configuration, one weights file and one tokenizer file are fetched, into the
Hub's own cache; of a general model also how pictures and texts are prepared. No code is.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from tokenizers import Tokenizer

from . import checkpoint
from .bundled import NAME as BUNDLED
from .bundled import checkpoint_folder
from .checkpoint import CONFIG_FILE, TOKENIZER_FILES, WEIGHT_FILES
from .download import HubRepository
from .errors import CheckpointError
from .general import config as general_config
from .general import model as general_model
from .general import open_clip
from .general.config import Beside, GeneralText
from .general.model import GeneralModel
from .model import CMRCLIP, TextConfig

log = logging.getLogger(__name__)

CONFIG_FILES = (CONFIG_FILE, open_clip.CONFIG_FILE)


def load(
    name: str | Path | None = None,
    *,
    revision: str | None = None,
    device: str | torch.device = "auto",
    dtype: str | torch.dtype | None = None,
    cache_dir: str | Path | None = None,
    token: str | bool | None = None,
    max_memory: int | None = None,
) -> CMRCLIP | GeneralModel:
    """A model ready to encode, in evaluation mode.

    A CLIP or SigLIP checkpoint of `transformers`, or BiomedCLIP, gives a general model, which
    stands in the place of a cardiac one everywhere (`general/`).

    Args:
        name: None or "bundled", a folder, or a Hub id "owner/name" or "owner/name@revision".
        revision: branch, tag or commit of a Hub id; None takes the newest.
        device: "auto" takes cuda, else mps, else cpu.
        dtype: type of the weights in memory, such as "bfloat16"; None takes float32, whatever
            the file holds.
        cache_dir: where downloads are kept; None takes the Hub cache.
        token: for private or gated repositories; None takes the one you logged in with.
        max_memory: bytes that encoding studies on a CPU may take beside weights and clips, in
            float32; less memory costs time. None takes what is quickest.

    Raises:
        CheckpointError: if there is no such checkpoint, it cannot be downloaded, its parts do not
            fit each other, or it is a general one and `max_memory` was given.
    """
    target, kind = _device(device), _dtype(dtype)
    source = _find(name, revision, cache_dir, token)
    try:
        general = general_config.model_type(source.config) is not None
        if general and max_memory is not None:
            raise CheckpointError("max_memory is for cardiac models; leave it out.")
        if general:
            state = checkpoint.read_weights(source.weights)
            config = general_config.read_config(source.config, source.beside, state)
            tokenizer = source.own_tokenizer(config.text)
            model = general_model.build_model(config, state, tokenizer)
        else:
            config = checkpoint.read_config(source.config)
            state = checkpoint.read_weights(source.weights)
            model = checkpoint.build_model(config, state, source.tokenizer(config.text))
            model.video_model.max_memory = max_memory
    except CheckpointError as error:
        raise CheckpointError(f"{source.name}: {error}") from error
    model.name = source.name
    model.identity = checkpoint.content_id(config, state, source.weights)
    log.info("Loaded %s (%s).", model.name, model.identity[:12])
    return model.to(device=target, dtype=kind)


def save(model: CMRCLIP, folder: str | Path) -> None:
    """Write a checkpoint folder that `load` reads: configuration, weights, tokenizer."""
    checkpoint.write_checkpoint(model, Path(folder))


@dataclass(frozen=True)
class _Source:
    """Where the parts of one checkpoint lie, and how people call it.

    `beside` gives the first of some other files that the checkpoint has.
    """

    name: str
    config: Path
    weights: Path
    tokenizer_file: Path | None
    beside: Beside
    cache_dir: str | Path | None
    token: str | bool | None

    def tokenizer(self, config: TextConfig) -> Tokenizer | None:
        """The checkpoint's own tokenizer, else that of the Hub id its configuration names.

        A checkpoint with neither still encodes video; asking it for text is then the error.
        """
        path = self.tokenizer_file
        if path is None and config.tokenizer is None:
            log.warning("%s has no tokenizer: it can encode studies but no text.", self.name)
            return None
        if path is None:
            hub = HubRepository(config.tokenizer, None, self.cache_dir, self.token)
            path = hub.first_of(TOKENIZER_FILES)
        if path is None:
            raise CheckpointError(
                f"config.json names {config.tokenizer} as its tokenizer, which has neither "
                f"{' nor '.join(TOKENIZER_FILES)}. Put one of them beside the weights."
            )
        return checkpoint.read_tokenizer(path, config)

    def own_tokenizer(self, config: GeneralText) -> Tokenizer:
        """The tokenizer.json of a general checkpoint."""
        path = self.beside(TOKENIZER_FILES[:1])
        if path is None:
            raise CheckpointError(
                f"There is no {TOKENIZER_FILES[0]}; save the tokenizer again with save_pretrained "
                "of a recent transformers, and put it beside the weights."
            )
        return checkpoint.read_tokenizer(path, config)


def _find(
    name: str | Path | None,
    revision: str | None,
    cache_dir: str | Path | None,
    token: str | bool | None,
) -> _Source:
    if name is None or name == BUNDLED:
        folder, shown = checkpoint_folder(), BUNDLED
    else:
        folder = Path(name).expanduser()
        shown = folder.resolve().name
    if folder.is_dir():
        if revision is not None:
            raise CheckpointError(f"{shown} is a folder, which has no revisions; leave it out.")
        return _in_folder(folder, shown, cache_dir, token)
    if folder.is_file():
        raise CheckpointError(f"{shown} is a file; name the folder that holds it and config.json.")
    return _on_hub(str(name), revision, cache_dir, token)


def _in_folder(
    folder: Path, name: str, cache_dir: str | Path | None, token: str | bool | None
) -> _Source:
    def first(names: Sequence[str]) -> Path | None:
        return next((folder / n for n in names if (folder / n).is_file()), None)

    config = first(CONFIG_FILES)
    weights = first(_weight_files(config)) if config else None
    if config is None or weights is None:
        lacks = CONFIG_FILE if config is None else " or ".join(_weight_files(config))
        raise CheckpointError(f"The folder {name} is no checkpoint: it has no {lacks}.")
    return _Source(name, config, weights, first(TOKENIZER_FILES), first, cache_dir, token)


def _on_hub(
    name: str, revision: str | None, cache_dir: str | Path | None, token: str | bool | None
) -> _Source:
    hub = HubRepository.named(name, revision, cache_dir, token)
    config = next((path for name in CONFIG_FILES if (path := hub.file(name))), None)
    if config is None:
        raise CheckpointError(f"{hub.repo} has no {CONFIG_FILE}, so it is no checkpoint.")
    # The cache lays files out as snapshots/<commit>/<file>. All the rest comes from that commit,
    # so that an upload in between cannot mix two versions.
    commit = config.parent.name
    hub = hub.at(commit)
    wanted = _weight_files(config)
    weights = hub.first_of(wanted)
    if weights is None:
        raise CheckpointError(f"{hub.repo} has neither {' nor '.join(wanted)}.")
    tokenizer_file = hub.first_of(TOKENIZER_FILES)
    name = f"{hub.repo}@{commit[:12]}"
    return _Source(name, config, weights, tokenizer_file, hub.first_of, cache_dir, token)


def _weight_files(config: Path) -> Sequence[str]:
    """The names that weights may have beside a configuration file, in order of preference."""
    return WEIGHT_FILES if config.name == CONFIG_FILE else open_clip.WEIGHT_FILES


def _device(device: str | torch.device) -> torch.device:
    if device == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        found = torch.device(device)
    except RuntimeError as error:
        raise CheckpointError(f"{device!r} is no device; use auto, cuda, mps or cpu.") from error
    usable = {"cuda": torch.cuda.is_available, "mps": torch.backends.mps.is_available}
    if found.type in usable and not usable[found.type]():
        raise CheckpointError(f"This torch sees no {found.type} device; use cpu or auto.")
    return found


def _dtype(dtype: str | torch.dtype | None) -> torch.dtype:
    found = getattr(torch, dtype, None) if isinstance(dtype, str) else dtype or torch.float32
    if not isinstance(found, torch.dtype) or not found.is_floating_point:
        raise CheckpointError(f"{dtype!r} is no type for weights; use float32 or bfloat16.")
    return found
