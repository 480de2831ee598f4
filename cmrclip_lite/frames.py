"""From a study to the clip a model sees.

Three layouts. "published" repeats what the paper's code does: long-axis cine, short-axis cine, then
the late-enhancement stills, sampled to 64 frames of 224 x 224. "heart" (`heart_layout.py`) is the
bundled checkpoint's: short-axis cine, late enhancement and long axes on a grid of fixed
millimetres around the heart. "frames" is for general models (`general/`), which know single
pictures: some of every view, spread over its slices and phases.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from .errors import CheckpointError, StudyError
from .heart_layout import heart_clip
from .study import Sequence as Kind
from .study import Series, Study, View
from .tiles import Clip, Tile

if TYPE_CHECKING:
    from .general.config import GeneralConfig
    from .model.config import ModelConfig

# ImageNet statistics, with which the published video encoder was initialised and trained.
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)

CINE_FRAMES = 30
LGE_SLICES = (10, 15)  # what the published training data hold; others are noted
# Steps of the golden ratio spread any number of points evenly over a cycle (Knuth, The Art of
# Computer Programming 3, 6.4), so that slices beside each other are seen at different phases.
_GOLDEN = 0.6180339887498949


@dataclass(frozen=True)
class Place:
    """One frame of the published layout: which view, which slice of its stack, which phase."""

    view: str
    slice: int
    time: int


def study_to_clip(study: Study, config: ModelConfig | GeneralConfig) -> Clip:
    """The clip of a study, in the layout that the model was trained on.

    Raises:
        StudyError: if the study has none of the views that the layout needs.
    """
    if config.layout.name == "heart":
        return heart_clip(study, config.layout, config.video.image_size)
    if config.layout.name == "published":
        return _published_clip(study, config)
    if config.layout.name == "frames":
        return _frames_clip(study, config)
    raise CheckpointError(
        f"config.json: the layout is {config.layout.name!r}; known are 'published', 'heart' and, "
        "for general models, 'frames'."
    )


def sample_frames(length: int, num_frames: int) -> list[int]:
    """Indices of `min(length, num_frames)` frames, each the middle of an equal share of the video.

    As the published code samples at test time.
    """
    kept = min(num_frames, length)
    cuts = np.linspace(0, length, kept + 1).astype(int)
    return [int((a + b - 1) // 2) for a, b in zip(cuts[:-1], cuts[1:], strict=True)]


def transform_clip(frames: np.ndarray, size: int = 224) -> Tensor:
    """8-bit RGB frames `(F, H, W, 3)` to normalised `(F, 3, size, size)`.

    The shorter side to 256, the centre 256 x 256, then to `size`, all bilinear with antialiasing;
    then ImageNet's mean and deviation. A frame of 224 x 224 is not left as it is.
    """
    video = torch.from_numpy(np.ascontiguousarray(frames)).permute(0, 3, 1, 2).float() / 255
    shape, (top, left), resized = _resized(*video.shape[2:], size)
    video = _resize(video, shape)[:, :, top : top + resized, left : left + resized]
    video = _resize(video, (size, size))
    mean, std = (torch.tensor(v).view(1, 3, 1, 1) for v in (IMAGENET_MEAN, IMAGENET_STD))
    return (video - mean) / std


def pad_clip(clip: Tensor, num_frames: int) -> Tensor:
    """`(F, 3, H, W)` to `(num_frames, 3, H, W)`, zeros (the mean colour) after the last frame."""
    padded = clip.new_zeros(num_frames, *clip.shape[1:])
    padded[: len(clip)] = clip
    return padded


def published_order(depths: Mapping[str, int]) -> list[Place]:
    """The frames of a published video, before sampling.

    Args:
        depths: slices of each of the views "cine_lax", "cine_sa", "lge_sa", "lge_lax", "lge_2ch",
            "lge_3ch"; a view that is missing is left out.
    """
    order = []
    for view in ("cine_lax", "cine_sa"):
        if view in depths:
            middle = depths[view] // 2
            order += [Place(view, middle, time) for time in range(CINE_FRAMES)]
    stack = depths.get("lge_sa", 0)
    order += [Place("lge_sa", z, 0) for z in range(stack)]
    for view in ("lge_lax", "lge_2ch", "lge_3ch"):
        if view in depths:
            # Without a stack to follow, a still counts as often as in the smallest one.
            order += [Place(view, depths[view] // 2, 0)] * (stack or LGE_SLICES[0])
    return order


def to_8bit(pixels: np.ndarray) -> np.ndarray:
    """Any `(T, H, W)` to uint8, its 1st to 99th percentile over the whole series to 0 to 255.

    What the published training did here is not known (its step from DICOM is unpublished).
    """
    low, high = np.percentile(pixels, (1, 99))
    scaled = (pixels.astype(np.float32) - low) / max(high - low, 1e-6)
    return (np.clip(scaled, 0, 1) * 255).round().astype(np.uint8)


def spread_frames(study: Study, count: int) -> list[tuple[Series, int]]:
    """`count` pictures of a study, each a series and a phase.

    Every group of one view and kind gives as many, spread over its slices and phases; groups come
    in the order of the study, and the first give those left over. Where a group has fewer pictures
    than that, some are shown again.

    Raises:
        StudyError: if the study has no series.
    """
    groups: dict[tuple[View, Kind], list[Series]] = {}
    for series in study.series:
        groups.setdefault((series.view, series.sequence), []).append(series)
    if not groups:
        raise StudyError("The study holds no images that were kept.")
    each, left = divmod(count, len(groups))
    chosen = []
    for number, stack in enumerate(groups.values()):
        share = each + (number < left)
        for i in range(share):
            series = stack[(2 * i + 1) * len(stack) // (2 * share)]
            chosen.append((series, int(i * _GOLDEN % 1 * len(series.pixels))))
    return chosen


def _frames_clip(study: Study, config: GeneralConfig) -> Clip:
    """Whole fields of view in grey, the middle square of each, so that hearts keep their shape."""
    chosen = spread_frames(study, config.video.num_frames)
    greys = {id(series): to_8bit(series.pixels) for series, _ in chosen}
    size = config.video.image_size
    frames = [_square(greys[id(series)][phase], size, config.resample) for series, phase in chosen]
    mean, std = (torch.tensor(v).view(1, 3, 1, 1) for v in (config.mean, config.std))
    note = (
        f"A general model is shown {len(chosen)} pictures of the study, one by one; it knows "
        "neither what views they are nor that they move."
    )
    return Clip((torch.stack(frames).expand(-1, 3, -1, -1) - mean) / std, (note,))


def _square(grey: np.ndarray, size: int, mode: str) -> Tensor:
    """8-bit `(H, W)` to `(1, size, size)`, 0 to 1: the shorter side to `size`, then the middle."""
    height, width = grey.shape
    short = min(height, width)
    # As `transformers` rounds: the longer side down, the margin before the middle down.
    shape = (size * height // short, size * width // short)
    picture = torch.from_numpy(grey)[None, None].float() / 255
    picture = _resize(picture, shape, mode)[0].clamp(0, 1)
    top, left = ((side - size) // 2 for side in shape)
    return picture[:, top : top + size, left : left + size]


def _published_clip(study: Study, config: ModelConfig) -> Clip:
    stacks = _published_stacks(study)
    if not {"cine_lax", "cine_sa"} & set(stacks):
        found = ", ".join(study.views) or "nothing"
        raise StudyError(f"This model needs a short-axis or long-axis cine; the study has {found}.")
    order = published_order({name: len(stack) for name, stack in stacks.items()})
    order = [order[i] for i in sample_frames(len(order), config.video.num_frames)]
    size, used = config.video.image_size, {(p.view, p.slice) for p in order}
    frames = {key: _series_frames(stacks[key[0]][key[1]], size) for key in used}
    chosen, tiles = [], []
    for frame, place in enumerate(order):
        series = stacks[place.view][place.slice]
        # A cine of another length is read at the nearest of the 30 published phases.
        phase = place.time * len(series.pixels) // CINE_FRAMES
        chosen.append(frames[place.view, place.slice][phase])
        beat = phase / len(series.pixels) if series.is_cine else None
        where = _transform_geometry(series, size)
        tiles.append(Tile(frame, (0, 1, 2), series, phase, None, beat, *where))
    tensor = torch.stack(chosen)
    if not config.layout.skip_padding:
        tensor = pad_clip(tensor, config.video.num_frames)
    return Clip(tensor, tuple(_missing(stacks)), tuple(tiles))


def _resized(height: int, width: int, size: int) -> tuple[tuple[int, int], tuple[int, int], int]:
    """A picture's published size before the centre is cut, where that begins, and its side."""
    side = round(256 * size / 224)
    long = int(side * max(height, width) / min(height, width))
    shape = (side, long) if height <= width else (long, side)
    return shape, (round((shape[0] - side) / 2), round((shape[1] - side) / 2)), side


def _transform_geometry(series: Series, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Where `transform_clip` puts a series' pixels: the matrix and offset of a `Tile`."""
    pixels = series.pixels.shape[1:]
    shape, starts, side = _resized(*pixels, size)
    last = size / side
    scale = np.divide(shape, pixels)
    return np.diag(scale * last), (scale / 2 - starts) * last - 0.5


def _series_frames(series: Series, size: int) -> Tensor:
    grey = to_8bit(series.pixels)
    return transform_clip(np.repeat(grey[..., None], 3, axis=3), size)


def _published_stacks(study: Study) -> dict[str, list[Series]]:
    def of(kind: Kind, *views: View) -> list[Series]:
        for view in views:
            if found := [s for s in study.series if s.sequence is kind and s.view is view]:
                return found
        return []

    stacks = {
        "cine_lax": of(Kind.CINE, View.FOUR_CHAMBER, View.TWO_CHAMBER, View.THREE_CHAMBER),
        "cine_sa": of(Kind.CINE, View.SAX),
        "lge_sa": of(Kind.LGE, View.SAX),
        "lge_lax": of(Kind.LGE, View.FOUR_CHAMBER),
        "lge_2ch": of(Kind.LGE, View.TWO_CHAMBER),
        "lge_3ch": of(Kind.LGE, View.THREE_CHAMBER),
    }
    return {name: stack for name, stack in stacks.items() if stack}


def _missing(stacks: Mapping[str, Sequence[Series]]) -> list[str]:
    names = {
        "cine_lax": "long-axis cine",
        "cine_sa": "short-axis cine",
        "lge_sa": "short-axis LGE",
        "lge_lax": "4-chamber LGE",
        "lge_2ch": "2-chamber LGE",
        "lge_3ch": "3-chamber LGE",
    }
    absent = [label for name, label in names.items() if name not in stacks]
    notes = []
    if absent:
        notes.append(
            f"Missing: {', '.join(absent)}. The published model was trained on studies with all "
            "six views; its scores on fewer are not comparable with the published ones."
        )
    few, many = LGE_SLICES
    if "lge_sa" in stacks and not few <= len(stacks["lge_sa"]) <= many:
        notes.append(
            f"The LGE stack has {len(stacks['lge_sa'])} slices; training had {few} to {many}."
        )
    return notes


def _resize(video: Tensor, size: tuple[int, int], mode: str = "bilinear") -> Tensor:
    return interpolate(video, size=size, mode=mode, antialias=True, align_corners=False)
