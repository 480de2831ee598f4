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
from typing import TYPE_CHECKING

import torch
from tokenizers import Tokenizer

from . import checkpoint
from .bundled import NAME as BUNDLED
from .bundled import checkpoint_folder
from .cache_folder import find_cache
from .checkpoint import CONFIG_FILE, TOKENIZER_FILES, WEIGHT_FILES
from .errors import CheckpointError
from .general import config as general_config
from .general import model as general_model
from .general import open_clip
from .general.config import Beside, GeneralText
from .general.model import GeneralModel
from .model import TextConfig
from .model.tuning import Tuning

if TYPE_CHECKING:
    from .embedding_cache import EmbeddingCache
    from .model import CMRCLIP

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
    quantize: str | None = None,
    skip_padding: bool = False,
    compiled: bool = False,
    cache: EmbeddingCache | str | Path | bool | None = None,
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
        quantize: "int8" computes the image encoder's linear layers in 8-bit integers: on a CPU
            large models are about twice as fast, and not exact (`model/int8.py`).
        skip_padding: leave out the empty frames with which the published layout fills short
            studies up: quicker for those, and other embeddings, so that this is another model to
            caches and libraries.
        compiled: compile the image encoder's blocks, for GPUs; the first study of each length
            then takes a minute longer.
        cache: where embeddings are kept, so that nothing is encoded twice: a cache, or a folder
            for one; None or True takes $CMRCLIP_CACHE (a folder, or "off"), else one in the user's
            cache folder; False keeps none. It holds hashes and vectors alone.

    Raises:
        CheckpointError: if there is no such checkpoint, it cannot be downloaded, its parts do not
            fit each other, or it does not go with an option.
    """
    target, kind = _device(device), _dtype(dtype)
    tuning = Tuning(max_memory, quantize, skip_padding, compiled)
    tuning.refuse_misfit(target, kind)
    source = _find(name, revision, cache_dir, token)
    try:
        general = general_config.model_type(source.config) is not None
        if general:
            tuning.refuse()
            state = checkpoint.read_weights(source.weights)
            config = general_config.read_config(source.config, source.beside, state)
            tokenizer = source.own_tokenizer(config.text)
            model = general_model.build_model(config, state, tokenizer)
        else:
            config = tuning.config_of(checkpoint.read_config(source.config))
            state = checkpoint.read_weights(source.weights)
            model = checkpoint.build_model(config, state, source.tokenizer(config.text))
    except CheckpointError as error:
        raise CheckpointError(f"{source.name}: {error}") from error
    model.to(device=target, dtype=kind)
    if not general:
        tuning.apply(model)
    model.name = source.name
    model.identity = checkpoint.content_id(config, state, source.weights)
    model.cache = find_cache(cache)
    log.info("Loaded %s (%s).", model.name, model.identity[:12])
    return model


def save(model: CMRCLIP, folder: str | Path) -> None:
    """Write a checkpoint folder that `load` reads: configuration, weights, tokenizer.

    Raises:
        CheckpointError: if the weights were rounded.
    """
    if model.quantized:
        raise CheckpointError(
            f"{model.name} was loaded with quantize={model.quantized!r}, and rounded weights are "
            "not a checkpoint; load it without and save that."
        )
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
            from .download import HubRepository

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
    from .download import HubRepository

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
