"""The files of a checkpoint folder: `config.json`, the weights, the tokenizer; read and written.

Weights are `model.safetensors`, or `pytorch_model.bin` as the published checkpoint has it. Reading
is strict: a model is built only from weights that fill every one of its tensors, because layers
left at random give numbers that look like scores.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import pickle
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from torch import Tensor
from torch.overrides import TorchFunctionMode

from .errors import CheckpointError
from .model import ModelConfig, TextConfig

if TYPE_CHECKING:
    from .general.config import GeneralConfig, GeneralText
    from .model import CMRCLIP

log = logging.getLogger(__name__)

CONFIG_FILE = "config.json"
WEIGHT_FILES = ("model.safetensors", "pytorch_model.bin")  # in order of preference
TOKENIZER_FILES = ("tokenizer.json", "vocab.txt")

# Buffers that hold 0, 1, 2, ... and zeros: BERT under transformers before 4.31 saved them with its
# weights, later ones do not, and nothing is lost by leaving them out.
OLD_BUFFERS = ("text_model.embeddings.position_ids", "text_model.embeddings.token_type_ids")
TEMPORAL_POSITIONS = "video_model.temporal_embed"

# How many keys an error names before it only counts.
KEYS_NAMED = 4


def read_config(path: Path) -> ModelConfig:
    """The model's sizes from a `config.json`.

    Raises:
        CheckpointError: if the file is not JSON or describes no model known here.
    """
    return ModelConfig.from_dict(read_json(path))


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object.

    Raises:
        CheckpointError: if the file holds none.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise CheckpointError(f"{path.name} cannot be read as JSON: {error}.") from error
    if not isinstance(data, dict):
        raise CheckpointError(f"{path.name} must hold a JSON object.")
    return data


def read_weights(path: Path) -> dict[str, Tensor]:
    """The tensors of a weights file by their plain names, memory-mapped where the format allows.

    A pickle is read with `weights_only=True`, always: a full unpickling runs code that the file
    chooses. A training checkpoint (`{"state_dict": ...}`) and names with the `module.` prefix of
    DataParallel are accepted.

    Raises:
        CheckpointError: if the file is damaged or holds something else than tensors.
    """
    state = _read_safetensors(path) if path.suffix == ".safetensors" else _read_pickle(path)
    if isinstance(state, Mapping) and isinstance(state.get("state_dict"), Mapping):
        state = state["state_dict"]
    if not isinstance(state, Mapping) or not state:
        raise CheckpointError(f"{path.name} holds no state dict.")
    if strangers := [str(key) for key, value in state.items() if not isinstance(value, Tensor)]:
        raise CheckpointError(f"{path.name}: {_listed(strangers)} not a tensor.")
    return {str(key).removeprefix("module."): value for key, value in state.items()}


def build_model(
    config: ModelConfig, state: Mapping[str, Tensor], tokenizer: Tokenizer | None = None
) -> CMRCLIP:
    """A model that holds exactly these weights, without first filling it with random ones.

    Temporal positions are cut, or extended with zeros, to `config.video.num_frames`: zeros are
    what training started them from ("time_init: zeros"), so added frames begin without a position.

    Raises:
        CheckpointError: naming the keys that are missing, unexpected or of another shape.
    """
    from .model import CMRCLIP

    state = {key: value for key, value in state.items() if key not in OLD_BUFFERS}
    with torch.device("meta"), _NoInitialValues():
        model = CMRCLIP(config, tokenizer)
    expected = {key: tuple(value.shape) for key, value in model.state_dict().items()}
    _fit_temporal_positions(state, expected[TEMPORAL_POSITIONS])
    refuse_misfit(state, expected)
    model.load_state_dict(state, assign=True)
    return model.eval()


class _NoInitialValues(TorchFunctionMode):
    """Leave new parameters as they are.

    A normal draw on the meta device would import torch's compiler, which takes two seconds.
    """

    def __torch_function__(self, function, types, args=(), kwargs=None):  # noqa: ANN001, ANN204
        kwargs = kwargs or {}
        if getattr(function, "__module__", None) == torch.nn.init.__name__:
            return kwargs["tensor"] if "tensor" in kwargs else args[0]
        return function(*args, **kwargs)


def content_id(
    config: ModelConfig | GeneralConfig, state: Mapping[str, Tensor], path: Path | None = None
) -> str:
    """A SHA-256 of the configuration and of every tensor: name, type, shape and bytes.

    It is of the content, not of a file: the same weights as a pickle and as safetensors have one
    id. About 0.7 s per GB.

    Args:
        path: the safetensors file that `state` maps. Its bytes are read from there, so that
            weights that nobody uses need not come into memory.
    """
    digest = hashlib.sha256(json.dumps(config.to_dict(), sort_keys=True).encode())
    stored = _Stored(path) if path and path.suffix == ".safetensors" else {}
    for key in sorted(set(state) - set(OLD_BUFFERS)):
        tensor = state[key].detach()
        digest.update(f"{key} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        if key in stored:
            for block in stored.blocks(key):
                digest.update(block)
        else:
            digest.update(tensor.cpu().contiguous().reshape(-1).view(torch.uint8).numpy())
    return digest.hexdigest()


class _Stored:
    """The bytes of the tensors in a safetensors file, by their plain names.

    The format: the header's length in 8 bytes, the header in JSON, the tensors.
    """

    BLOCK = 1 << 22

    def __init__(self, path: Path) -> None:
        self.path = path
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            header = json.loads(file.read(length))
        header.pop("__metadata__", None)
        self.spans = {
            name.removeprefix("module."): [8 + length + end for end in about["data_offsets"]]
            for name, about in header.items()
        }

    def __contains__(self, name: str) -> bool:
        return name in self.spans

    def blocks(self, name: str) -> Iterator[bytes]:
        """The bytes of one tensor, some at a time."""
        start, end = self.spans[name]
        with self.path.open("rb") as file:
            file.seek(start)
            while block := file.read(min(self.BLOCK, end - start)):
                start += len(block)
                yield block


def read_tokenizer(path: Path, config: TextConfig | GeneralText) -> Tokenizer:
    """A tokenizer from `tokenizer.json`, or BERT's WordPiece over the words of a `vocab.txt`.

    Padding and cutting, which a `tokenizer.json` may ask for, are switched off: the model does
    both, and would take padding for words.

    Raises:
        CheckpointError: if the file is damaged, or knows more tokens than the model.
    """
    try:
        if path.suffix == ".json":
            tokenizer = Tokenizer.from_file(str(path))
        else:
            tokenizer = _word_piece(path, config.cased)
    # `tokenizers` raises plain Exception for a damaged file, and has nothing narrower.
    except Exception as error:
        raise CheckpointError(f"{path.name} is no usable tokenizer: {error}.") from error
    tokenizer.no_padding()
    tokenizer.no_truncation()
    if (size := tokenizer.get_vocab_size()) > config.vocab_size:
        raise CheckpointError(
            f"{path.name} has {size} tokens but the model {config.vocab_size}; it belongs to "
            "another model."
        )
    return tokenizer


def write_checkpoint(model: CMRCLIP, folder: Path) -> None:
    """Write `tokenizer.json`, `model.safetensors` and `config.json`, each whole or not at all.

    The configuration comes last, so a folder in which writing was interrupted is not taken for a
    checkpoint unless it was one before.
    """
    folder.mkdir(parents=True, exist_ok=True)
    state = {key: value.detach().contiguous() for key, value in model.state_dict().items()}
    if model.tokenizer is not None:
        text = model.tokenizer.to_str(pretty=True)
        _replace(folder / TOKENIZER_FILES[0], lambda p: p.write_text(text, encoding="utf-8"))
    # The metadata entry is what other readers of the format look for.
    _replace(folder / WEIGHT_FILES[0], lambda p: save_file(state, p, metadata={"format": "pt"}))
    text = json.dumps(model.config.to_dict(), indent=2) + "\n"
    _replace(folder / CONFIG_FILE, lambda p: p.write_text(text, encoding="utf-8"))


def _replace(path: Path, write: Callable[[Path], object]) -> None:
    """Write beside `path` and rename, which also leaves a mapped older file as it is."""
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".saving-") as scratch:
        fresh = Path(scratch) / path.name
        write(fresh)
        os.replace(fresh, path)


def _read_safetensors(path: Path) -> dict[str, Tensor]:
    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        raise CheckpointError(
            f"{path.name} is damaged or incomplete ({error}); copy or download it again."
        ) from error


def _read_pickle(path: Path) -> object:
    try:
        # The older format of torch.save is no zip and cannot be mapped.
        return torch.load(
            path, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path)
        )
    except pickle.UnpicklingError as error:
        raise CheckpointError(
            f"{path.name} is damaged, or holds more than tensors, which could run code and is "
            "not read. If you trust where it comes from, save its state dict alone: "
            'torch.save(checkpoint["state_dict"], "pytorch_model.bin").'
        ) from error
    except (RuntimeError, EOFError, OSError, KeyError, ValueError) as error:
        raise CheckpointError(
            f"{path.name} is damaged or incomplete ({_first_line(error)}); copy or download it "
            "again."
        ) from error


def _fit_temporal_positions(state: dict[str, Tensor], shape: tuple[int, ...]) -> None:
    """Give the checkpoint's `(1, rows, width)` as many rows as the model has, in place."""
    found = state.get(TEMPORAL_POSITIONS)
    if found is None or found.ndim != 3 or found.shape[::2] != shape[::2]:
        return  # missing or mis-shaped otherwise: reported with the other keys
    rows, wanted = found.shape[1], shape[1]
    if rows == wanted:
        return
    how = "the rest start at zero" if rows < wanted else "the rest are left out"
    log.warning("Checkpoint has %d temporal positions, the model %d: %s.", rows, wanted, how)
    fitted = found.new_zeros(shape)
    fitted[:, : min(rows, wanted)] = found[:, :wanted]
    state[TEMPORAL_POSITIONS] = fitted


def refuse_misfit(
    state: Mapping[str, Tensor],
    expected: Mapping[str, tuple[int, ...]],
    config_file: str = CONFIG_FILE,
) -> None:
    """Weights fill the `expected` shapes, no more and no less.

    Raises:
        CheckpointError: naming the keys that are missing, unexpected or of another shape.
    """
    reshaped = [
        f"{key} {tuple(state[key].shape)} instead of {shape}"
        for key, shape in expected.items()
        if key in state and tuple(state[key].shape) != shape
    ]
    problems = {
        "missing": [key for key in expected if key not in state],
        "unexpected": [key for key in state if key not in expected],
        "of another shape": reshaped,
    }
    if any(problems.values()):
        found = "; ".join(f"{_listed(keys)} {what}" for what, keys in problems.items() if keys)
        raise CheckpointError(
            f"The weights do not fit {config_file}: {found}. The two belong to different models."
        )


def _word_piece(path: Path, cased: bool) -> Tokenizer:
    """BERT's tokenizer as `transformers` builds it from the same vocabulary."""
    tokenizer = Tokenizer(models.WordPiece.from_file(str(path), unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=not cased)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    ends = {token: tokenizer.token_to_id(token) for token in ("[CLS]", "[SEP]", "[UNK]")}
    if absent := [token for token, number in ends.items() if number is None]:
        raise CheckpointError(f"the vocabulary lacks {', '.join(absent)}")
    tokenizer.post_processor = processors.BertProcessing(
        ("[SEP]", ends["[SEP]"]), ("[CLS]", ends["[CLS]"])
    )
    tokenizer.decoder = decoders.WordPiece()
    return tokenizer


def _listed(keys: list[str]) -> str:
    """`a, b, c, d and 12 more (16)`."""
    named = ", ".join(keys[:KEYS_NAMED])
    more = f" and {len(keys) - KEYS_NAMED} more" if len(keys) > KEYS_NAMED else ""
    return f"{named}{more} ({len(keys)})"


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
