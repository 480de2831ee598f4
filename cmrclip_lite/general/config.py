"""What a general checkpoint says of itself, in the files that `transformers` writes."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from torch import Tensor

from ..checkpoint import read_json
from ..errors import CheckpointError
from ..model import LayoutConfig
from . import open_clip

# The kinds of model known, by the `model_type` of their config.json.
MODEL_TYPES = ("clip", "siglip", "siglip2")
PROCESSOR_FILES = ("preprocessor_config.json", "processor_config.json")
TOKENIZER_CONFIG_FILES = ("tokenizer_config.json",)
# How many pictures a study is shown as: three of each of the eight views and kinds of a full exam.
NUM_FRAMES = 24
# Of CLIP's training pictures (openai/CLIP, clip.py).
OPENAI_MEAN = (0.48145466, 0.4578275, 0.40821073)
OPENAI_STD = (0.26862954, 0.26130258, 0.27577711)
_RESAMPLE = {2: "bilinear", 3: "bicubic"}  # the numbers are those of PIL

# Gives the first of some files that lies beside config.json, or None.
Beside = Callable[[Sequence[str]], Path | None]


@dataclass(frozen=True)
class GeneralVideo:
    """How many pictures of what size stand for a study."""

    image_size: int
    num_frames: int = NUM_FRAMES


@dataclass(frozen=True)
class GeneralText:
    """How texts become ids.

    Attributes:
        vocab_size: ids that the text tower knows.
        max_positions: ids that it reads of a text.
        pad: the token that fills shorter texts up to `max_positions`; None fills them up to the
            longest with their last id, which CLIP's text tower does not look beyond.
        pad_left: whether it comes before the text.
        lowercase: whether words are put in lower case before the tokenizer, which may not do it.
        punctuation: whether it is kept.
    """

    vocab_size: int
    max_positions: int
    pad: str | None = None
    pad_left: bool = False
    lowercase: bool = False
    punctuation: bool = True


@dataclass(frozen=True)
class GeneralConfig:
    """What `ModelConfig` is to a cardiac model; what both have has the same names.

    Attributes:
        model_type: one of `MODEL_TYPES`, or `open_clip.MODEL_TYPE`.
        projection_dim: D.
        mean, std: of each colour, with which pictures are normalised.
        resample: "bilinear" or "bicubic".
        architecture: config.json as it stands; of open_clip, its file with the towers' sizes.
        conditions: empty: it was trained on no finding by name.
    """

    model_type: str
    video: GeneralVideo
    text: GeneralText
    projection_dim: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    resample: str
    architecture: dict[str, Any]
    layout: LayoutConfig = field(default_factory=lambda: LayoutConfig(name="frames"))
    conditions: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready; what the identity of a model is made of, beside its weights."""
        return asdict(self)


def model_type(path: Path) -> str | None:
    """The `model_type` that a configuration file tells of, if it is that of a general model.

    Raises:
        CheckpointError: if the file is not a JSON object.
    """
    if path.name == open_clip.CONFIG_FILE:
        return open_clip.MODEL_TYPE
    found = read_json(path).get("model_type")
    return found if found in MODEL_TYPES else None


def read_config(path: Path, beside: Beside, state: Mapping[str, Tensor]) -> GeneralConfig:
    """Everything needed to build the model, from its configuration and what lies beside it.

    Args:
        path: config.json, or the file that open_clip has instead.
        beside: gives other files of the checkpoint.
        state: the weights, from which the sizes of an open_clip model are read.

    Raises:
        CheckpointError: if `transformers` is needed and not installed, or a file is missing or
            says something that cannot be used.
    """
    if path.name == open_clip.CONFIG_FILE:
        return _open_clip(path, state)
    data = read_json(path)
    kind = data.get("model_type")
    parsed = towers(kind)[0].from_dict(data)
    processor = _processor(beside)
    vision, text = parsed.vision_config, parsed.text_config
    if kind == "siglip2":
        image_size = math.isqrt(vision.num_patches) * vision.patch_size
    else:
        image_size = vision.image_size
    projection = parsed.projection_dim if kind == "clip" else vision.hidden_size
    resample = processor.get("resample", 3)
    if resample not in _RESAMPLE:
        raise CheckpointError(
            f"The image processor resamples in way {resample!r}; known are 2 (bilinear) and 3 "
            "(bicubic)."
        )
    return GeneralConfig(
        model_type=kind,
        video=GeneralVideo(image_size),
        text=_text(kind, text, beside),
        projection_dim=projection,
        mean=_colours(processor, "image_mean"),
        std=_colours(processor, "image_std"),
        resample=_RESAMPLE[resample],
        architecture=data,
    )


def _open_clip(path: Path, state: Mapping[str, Tensor]) -> GeneralConfig:
    sizes, told = open_clip.read_model(path, state)
    # As open_clip takes them where a file does not say otherwise.
    prepared = {"mean": OPENAI_MEAN, "std": OPENAI_STD, "interpolation": "bicubic"}
    prepared |= read_json(path).get("preprocess_cfg") or {}
    if prepared["interpolation"] not in _RESAMPLE.values():
        raise CheckpointError(
            f"{path.name} has the interpolation {prepared['interpolation']!r}; known are bilinear "
            "and bicubic."
        )
    length = min(told["text_cfg"]["context_length"], sizes.text.max_positions)
    return GeneralConfig(
        model_type=open_clip.MODEL_TYPE,
        video=GeneralVideo(sizes.image_size),
        text=GeneralText(sizes.text.vocab_size, length, pad=open_clip.PAD),
        projection_dim=sizes.projection_dim,
        mean=_colours(prepared, "mean"),
        std=_colours(prepared, "std"),
        resample=prepared["interpolation"],
        architecture=told | {"sizes": asdict(sizes)},
    )


def towers(kind: str) -> tuple[type, type]:
    """The configuration and model classes of `transformers` for a `model_type`.

    Raises:
        CheckpointError: if it is not installed, or does not work here.
    """
    try:
        import transformers
        from transformers import CLIPModel, Siglip2Model, SiglipModel
    except ImportError as error:
        raise CheckpointError(
            "A general model needs transformers: pip install 'cmrclip-lite[baselines]'."
        ) from error
    except RuntimeError as error:
        # A torchvision made for another torch fails in this way; the package needs none.
        raise CheckpointError(
            f"transformers cannot be imported ({str(error).splitlines()[0]}). If torchvision is "
            "installed, remove it, or install the one that goes with torch."
        ) from error
    classes = {
        "clip": (transformers.CLIPConfig, CLIPModel),
        "siglip": (transformers.SiglipConfig, SiglipModel),
        "siglip2": (transformers.Siglip2Config, Siglip2Model),
    }
    return classes[kind]


def _processor(beside: Beside) -> dict[str, Any]:
    """How pictures are prepared; newer `transformers` write it inside another object."""
    path = beside(PROCESSOR_FILES)
    if path is None:
        raise CheckpointError(
            f"There is neither {' nor '.join(PROCESSOR_FILES)}, which says how pictures are "
            "normalised; put it beside config.json."
        )
    data = read_json(path)
    return data.get("image_processor", data)


def _colours(processor: dict[str, Any], name: str) -> tuple[float, float, float]:
    values = processor.get(name)
    numbers = isinstance(values, list | tuple) and all(type(v) in (int, float) for v in values)
    if not numbers or len(values) != 3 or (name.endswith("std") and min(values) <= 0):
        raise CheckpointError(f"The image processor has no usable {name}, but {values!r}.")
    return tuple(float(value) for value in values)


def _text(kind: str, text: Any, beside: Beside) -> GeneralText:
    sizes = {"vocab_size": text.vocab_size, "max_positions": text.max_position_embeddings}
    if kind == "clip":
        return GeneralText(**sizes)
    path = beside(TOKENIZER_CONFIG_FILES)
    if path is None:
        raise CheckpointError(
            f"There is no {TOKENIZER_CONFIG_FILES[0]}, which says how texts are filled up; put it "
            "beside config.json."
        )
    told = read_json(path)
    pad = told.get("pad_token")
    pad = pad.get("content") if isinstance(pad, dict) else pad
    if not isinstance(pad, str):
        raise CheckpointError(f"{path.name} names no pad_token.")
    # Both kinds were trained on lower case, filled up to the full length; the first without
    # punctuation, which its own tokenizer in Python takes out, and the second has Gemma's
    # (google-research/big_vision; huggingface/transformers, pull requests 26522 and 43101).
    return GeneralText(
        **sizes,
        pad=pad,
        pad_left=told.get("padding_side") == "left",
        lowercase=True,
        punctuation=not str(told.get("tokenizer_class")).startswith("SiglipTokenizer"),
    )
