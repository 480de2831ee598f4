"""The sizes of a model, as read from and written to a checkpoint's `config.json`."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import Any

from ..errors import CheckpointError

STEMS = ("patch", "convolutions")
STEM_GROUPS = 8  # of channels that a stem of convolutions normalises together


@dataclass(frozen=True)
class VideoConfig:
    """The space-time transformer; the defaults are ViT-B/16 on 64 frames, as published.

    `stem` is how a patch becomes a token: "patch" by one linear map, as published, or
    "convolutions" by a few of them, which see edges that cross patches (see `video_encoder`);
    `stem_width` is how many channels the first of these has.
    """

    stem: str = "patch"
    stem_width: int = 32
    image_size: int = 224
    patch_size: int = 16
    width: int = 768
    depth: int = 12
    heads: int = 12
    mlp_ratio: int = 4
    num_frames: int = 64


@dataclass(frozen=True)
class TextConfig:
    """The BERT encoder; the defaults are BERT base with its cased vocabulary.

    `tokenizer` names where the vocabulary comes from when the checkpoint's folder has none: a Hub
    id. `cased` says whether the vocabulary tells upper from lower case.
    """

    vocab_size: int = 28996
    hidden: int = 768
    layers: int = 12
    heads: int = 12
    intermediate: int = 3072
    max_positions: int = 512
    type_vocab: int = 2
    cased: bool = True
    tokenizer: str | None = None


@dataclass(frozen=True)
class LayoutConfig:
    """How a study becomes a clip (see `frames.py`).

    `name` is "published" (the paper's order of views at 224 x 224) or "heart" (everything on a
    grid of `spacing_mm` around the heart). `phases` is the number of phases that "heart" takes of
    the short-axis cine; more frames hold late enhancement and the long axes (see `heart_layout`).
    `readings` is how often a stack is read, at levels beside each other; a study's embedding is
    the mean of its readings'.
    `upright` gives each long axis a frame of its own and turns the apex up; without it, as
    checkpoints had it before, they share two frames and lie as they were stored.
    `skip_padding` leaves out the zeros with which "published" fills a clip up to the encoder's
    frames: quicker, and other embeddings, since the encoder attends to them.
    """

    name: str = "published"
    spacing_mm: float = 2.0
    phases: int = 4
    upright: bool = False
    skip_padding: bool = False
    readings: int = 1

    @property
    def reading_frames(self) -> int:
        """Frames of one reading in the "heart" layout; a clip holds one reading after another."""
        return self.phases + (4 if self.upright else 3)


@dataclass(frozen=True)
class ModelConfig:
    """Everything needed to build a model before its weights are read.

    `conditions` are the known conditions that training covered, empty where that is not recorded
    (as for the published checkpoint).
    """

    video: VideoConfig = field(default_factory=VideoConfig)
    text: TextConfig = field(default_factory=TextConfig)
    projection_dim: int = 512
    layout: LayoutConfig = field(default_factory=LayoutConfig)
    conditions: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The form that `from_dict` reads back; JSON-ready."""
        data = asdict(self) | {"model_type": "cmrclip_lite", "conditions": list(self.conditions)}
        # So that what it is hashed to stays as it was.
        for option in ("skip_padding", "upright"):
            if not data["layout"][option]:
                del data["layout"][option]
        if self.layout.readings == LayoutConfig.readings:
            del data["layout"]["readings"]
        if self.video.stem_width == VideoConfig.stem_width:
            del data["video"]["stem_width"]
        return data

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> ModelConfig:
        """Read our own form, or that of the published checkpoint.

        Raises:
            CheckpointError: if a key is unknown, missing or of an architecture not supported.
        """
        if "video_params" in data:
            return _published(data)
        data = {k: v for k, v in data.items() if k != "model_type"}
        _refuse_unknown(data, cls, "config.json")
        try:
            config = cls(
                video=_section(VideoConfig, data.get("video", {})),
                text=_section(TextConfig, data.get("text", {})),
                projection_dim=int(data.get("projection_dim", cls.projection_dim)),
                layout=_section(LayoutConfig, data.get("layout", {})),
                conditions=tuple(data.get("conditions", ())),
            )
        except (TypeError, ValueError) as error:
            raise CheckpointError(f"config.json is not usable: {error}.") from error
        frames, most = config.layout.reading_frames, config.video.num_frames
        if config.layout.name == "heart" and frames > most:
            raise CheckpointError(
                f"config.json: a heart layout of {config.layout.phases} phases has {frames} "
                f"frames, and the video encoder takes {most}. A checkpoint of an older version "
                "of this package has to be trained anew."
            )
        return config


def _section(kind: type, data: dict[str, Any]) -> Any:
    where = f"config.json, section {kind.__name__}"
    _refuse_unknown(data, kind, where)
    for entry in fields(kind):
        value = data.get(entry.name, entry.default)
        if isinstance(entry.default, bool):
            usable = isinstance(value, bool)
        elif isinstance(entry.default, int | float):
            numbers = (int,) if isinstance(entry.default, int) else (int, float)
            usable = type(value) in numbers and value > 0
        else:
            usable = isinstance(value, str) or value is entry.default
        if not usable:
            raise CheckpointError(f"{where}: {entry.name} cannot be {value!r}.")
    made = kind(**data)
    if isinstance(made, VideoConfig):
        _check_stem(made, where)
    width, heads = getattr(made, "width", getattr(made, "hidden", 1)), getattr(made, "heads", 1)
    if width % heads:
        raise CheckpointError(f"{where}: {heads} heads do not divide a width of {width}.")
    return made


def _check_stem(video: VideoConfig, where: str) -> None:
    if video.stem not in STEMS:
        raise CheckpointError(f"{where}: stem is {video.stem!r}; known are {', '.join(STEMS)}.")
    if video.stem != "convolutions":
        return
    patch = video.patch_size
    if patch < 2 or patch & (patch - 1):
        raise CheckpointError(
            f"{where}: convolutions halve the frame, which a patch_size of {patch} does not allow; "
            "it has to be a power of 2."
        )
    for name in ("width", "stem_width"):
        if getattr(video, name) % STEM_GROUPS:
            raise CheckpointError(
                f"{where}: with convolutions {name} has to be a multiple of {STEM_GROUPS}, "
                f"not {getattr(video, name)}."
            )


def _refuse_unknown(data: dict[str, Any], kind: type, where: str) -> None:
    if not isinstance(data, dict):
        raise CheckpointError(f"{where}: expected an object, found {type(data).__name__}.")
    if unknown := sorted(set(data) - {f.name for f in fields(kind)}):
        raise CheckpointError(f"{where}: unknown keys {', '.join(unknown)}.")


def _published(data: dict[str, Any]) -> ModelConfig:
    """The published form names architectures; only the one that was published is known."""
    video, text = data["video_params"], data.get("text_params", {})
    known = {
        "model": (video.get("model"), "SpaceTimeTransformer"),
        "arch_config": (video.get("arch_config"), "base_patch16_224"),
        "projection": (data.get("projection"), "minimal"),
    }
    for key, (found, expected) in known.items():
        if found != expected:
            raise CheckpointError(f"config.json: {key} is {found!r}; only {expected!r} is known.")
    return ModelConfig(
        video=VideoConfig(num_frames=int(video.get("num_frames", 64))),
        text=TextConfig(tokenizer=text.get("model")),
        projection_dim=int(data.get("projection_dim", 512)),
    )
