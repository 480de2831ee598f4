"""The "heart" layout: what a reader looks at first, on a grid of fixed millimetres.

Size in millimetres is diagnostic, so every study is resampled to the same grid around the heart.
A clip is `layout.readings` readings, one after another. Each is `layout.reading_frames` frames of
three channels:

- the short-axis cine at a basal, a middle and an apical level (channels), at phases in the order
  end-diastole, halfway to end-systole, end-systole, halfway back;
- late enhancement at the same three levels;
- the long-axis cines: where `layout.upright`, the 4-chamber, the 2-chamber and the 3-chamber one, a
  frame each, at end-diastole and at end-systole (channels; the third is zeros), the apex up (see
  `upright`); otherwise all at end-diastole, and again at end-systole, the views in the channels, as
  they were stored.

The readings differ in their levels, which lie beside each other, from the base to the apex: three
slices say how a heart looks there, and the next three say it again. What a study lacks is zeros.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from .errors import StudyError
from .heart import beat_phases, find_extremes, find_heart, phase_of
from .places import (
    AS_STORED,
    Place,
    crop,
    crop_geometry,
    image_centre,
    in_image,
    in_patient,
)
from .study import Level, Sequence, Series, Study, View
from .tiles import Clip, Tile
from .upright import upright

if TYPE_CHECKING:
    from .model.config import LayoutConfig

# Where the three levels lie in the stack, as fractions of its length from the base. A stack
# usually reaches a slice beyond the base and the apex.
LEVELS = (0.30, 0.50, 0.70)
# How far readings are apart: a slice, of the ten that most stacks have.
APART = 0.10
LONG_AXES = (View.FOUR_CHAMBER, View.TWO_CHAMBER, View.THREE_CHAMBER)
LONG_PHASES = 2


@dataclass(frozen=True, eq=False)
class _Beat:
    """The short-axis cine as the layout uses it: its slices, the heart's centre, the phases.

    `ed` and `es` are phases of `count`.
    """

    stack: list[Series]
    centre: Place
    ed: int
    es: int
    count: int

    def share(self, phase: int) -> float:
        """How much of the heartbeat has passed since end-diastole, 0 to 1."""
        return (phase - self.ed) % self.count / self.count


@dataclass
class _Filling:
    """A clip that is being filled, `(F, 3, size, size)` of `spacing` mm, and from what.

    `first` is the frame at which the reading begins that is being filled.
    """

    tensor: Tensor
    spacing: float
    first: int = 0
    tiles: list[Tile] = field(default_factory=list)

    def put(
        self,
        frame: int,
        channel: int,
        series: Series,
        phase: int,
        centre: Place,
        level: Level | None = None,
        beat: float | None = None,
        turn: np.ndarray = AS_STORED,
    ) -> None:
        size, frame = self.tensor.shape[-1], self.first + frame
        picture = crop(series, series.pixels[phase][None], centre, self.spacing, size, turn)
        self.tensor[frame, channel] = picture[0]
        where = crop_geometry(series, centre, self.spacing, size, turn)
        self.tiles.append(Tile(frame, (channel,), series, phase, level, beat, *where))


def heart_clip(study: Study, layout: LayoutConfig, size: int) -> Clip:
    """A study to `(layout.readings * layout.reading_frames, 3, size, size)`.

    With notes on what is missing.

    Raises:
        StudyError: if the study has no short-axis cine; no checkpoint was trained without one.
    """
    notes: list[str] = []
    stack = _short_axis(study, notes)
    enhanced = [s for s in study.series if s.sequence is Sequence.LGE and s.view is View.SAX]
    long_axes = [study.cines(view) for view in LONG_AXES]
    if not stack:
        found = ", ".join(study.views) or "nothing"
        raise StudyError(
            f"This checkpoint reads short-axis cines, and the study has none (it has {found}). "
            "Add the short-axis cine stack, or use a checkpoint with another layout."
        )
    beat = _beat(stack, notes)
    frames = layout.readings * layout.reading_frames
    filling = _Filling(torch.zeros(frames, 3, size, size), layout.spacing_mm)
    said: list[str] = []
    for reading, levels in enumerate(reading_levels(layout.readings)):
        filling.first = reading * layout.reading_frames
        said += _put_reading(filling, beat, levels, enhanced, long_axes, layout)
    notes += [*dict.fromkeys(said), *_missing(enhanced, long_axes)]
    readings = filling.tensor.unflatten(0, (layout.readings, -1))
    tensor = normalise_groups(readings, layout.upright).flatten(0, 1)
    return Clip(tensor, tuple(notes), tuple(filling.tiles), layout.readings)


def reading_levels(readings: int) -> list[tuple[float, ...]]:
    """Where the three levels of each reading lie, as fractions of the stack from the base."""
    shifts = (APART * (k - (readings - 1) / 2) for k in range(readings))
    return [tuple(level + shift for level in LEVELS) for shift in shifts]


def normalise_groups(clips: Tensor, upright: bool) -> Tensor:
    """Intensities of clips `(B, F, 3, H, W)`: short-axis cine, enhancement and long axes apart.

    See `normalise`; the phases of a long axis are on one scale. A channel of one value throughout
    its group, as of a missing view, becomes 0. `upright` as in the layout.
    """
    count = len(LONG_AXES) if upright else LONG_PHASES
    short, late, long = clips[:, : -count - 1], clips[:, -count - 1 : -count], clips[:, -count:]
    if upright:
        views = normalise(long[:, :, :LONG_PHASES].transpose(1, 2)).transpose(1, 2)
        long = torch.cat([views, torch.zeros_like(long[:, :, LONG_PHASES:])], 2)
    else:
        long = normalise(long)
    return torch.cat([normalise(short), normalise(late), long], 1)


def normalise(clips: Tensor) -> Tensor:
    """Intensities of `(B, F, 3, H, W)`: each channel's 1st to 99th percentile to -2 to 2, clipped.

    Each channel on its own scale, since coils light the apex and the base differently, but one
    scale for all frames of a channel, so that nothing flickers.
    """
    flat = clips.transpose(1, 2).flatten(3).flatten(2)  # (B, 3, F * H * W)
    rank = max(1, round(0.01 * flat.shape[2]))
    low = flat.kthvalue(rank, dim=2).values[:, None, :, None, None]
    high = flat.kthvalue(flat.shape[2] - rank + 1, dim=2).values[:, None, :, None, None]
    scaled = ((clips - low) / (high - low).clamp(min=1e-6)).clamp(0, 1) * 4 - 2
    varied = (flat.amax(2) > flat.amin(2))[:, None, :, None, None]
    return torch.where(varied, scaled, 0.0)


def short_axis_picture(study: Study, phases: int, spacing_mm: float, size: int) -> np.ndarray:
    """The middle short-axis level around the heart, `(phases, size, size)` uint8.

    Phases are spread evenly over the beat; a moving picture for a person, not for a model.

    Raises:
        StudyError: if the study has no short-axis cine.
    """
    stack = _short_axis(study, [])
    if not stack:
        raise StudyError("There is no short-axis cine to make a picture of.")
    series = stack[len(stack) // 2]
    index = np.arange(phases) * len(series.pixels) // phases
    centre = find_heart(stack) or image_centre(series)
    grey = crop(series, series.pixels[index], centre, spacing_mm, size)[None, :, None]
    grey = normalise(grey.expand(-1, -1, 3, -1, -1))[0, :, 0]
    return ((grey + 2) / 4 * 255).round().to(torch.uint8).numpy()


def _short_axis(study: Study, notes: list[str]) -> list[Series]:
    if stack := study.cines(View.SAX):
        return stack
    if stack := study.cines(View.UNKNOWN):
        notes.append("The view of the cine is not known; it was taken for a short-axis stack.")
    return stack


def _beat(stack: list[Series], notes: list[str]) -> _Beat:
    centre = find_heart(stack)
    if centre is None:
        notes.append("Nothing in the study moves like a heart; the centre of the image was taken.")
        centre = image_centre(stack[0])
    if len(stack) < len(LEVELS):
        notes.append(f"Only {len(stack)} short-axis slice(s); they stand for all three levels.")
    ed, es = find_extremes(stack, centre)
    count = len(stack[len(stack) // 2].pixels)
    return _Beat(stack, centre, ed, es, count)


def _at(stack: list[Series], levels: Iterable[float]) -> list[Series]:
    # Rounded, or 0.1 + 0.2 would be another slice than 0.3.
    places = (int(round(level * len(stack), 6)) for level in levels)
    return [stack[min(max(place, 0), len(stack) - 1)] for place in places]


def _put_reading(
    filling: _Filling,
    beat: _Beat,
    levels: tuple[float, ...],
    enhanced: list[Series],
    long_axes: list[list[Series]],
    layout: LayoutConfig,
) -> list[str]:
    """Everything at some levels; returns sentences on what was assumed."""
    _put_cines(filling, beat, levels, layout.phases)
    if enhanced:
        _put_enhancement(filling, enhanced, beat, levels, layout.phases)
    return _put_long_axes(filling, long_axes, beat, layout)


def _put_cines(filling: _Filling, beat: _Beat, levels: tuple[float, ...], phases: int) -> None:
    for channel, (series, level) in enumerate(zip(_at(beat.stack, levels), Level, strict=True)):
        for frame, phase in enumerate(beat_phases(beat.ed, beat.es, beat.count, phases)):
            own = phase_of(series, phase, beat.count)
            at = beat.share(phase)
            filling.put(frame, channel, series, own, beat.centre, level, at)


def _put_enhancement(
    filling: _Filling,
    stack: list[Series],
    beat: _Beat,
    levels: tuple[float, ...],
    frame: int,
) -> None:
    """For each cine level the still nearest to the heart's middle there."""
    points = [in_patient(series, beat.centre) for series in _at(beat.stack, levels)]
    for channel, (point, chosen) in enumerate(zip(points, _at(stack, levels), strict=True)):
        if point is not None and all(
            s.position_mm is not None and s.normal is not None for s in stack
        ):
            # Of several at one place the last: what was repeated had failed before.
            away = [round(abs(float((point - s.position_mm) @ s.normal)), 1) for s in stack]
            chosen = stack[max(i for i, mm in enumerate(away) if mm == min(away))]
        centre = in_image(chosen, point) or image_centre(chosen)
        filling.put(frame, channel, chosen, 0, centre, list(Level)[channel])


def _put_long_axes(
    filling: _Filling, views: list[list[Series]], beat: _Beat, layout: LayoutConfig
) -> list[str]:
    """Of each view the middle series at the two extremes, after late enhancement.

    Centred on the basal level, so that the atria are seen as well.

    Returns:
        A sentence where some could not be turned upright.
    """
    (basal,) = _at(beat.stack, LEVELS[:1])
    middle = in_patient(basal, beat.centre)
    first, as_stored = layout.phases + 1, []
    for row, (view, stack) in enumerate(zip(LONG_AXES, views, strict=True)):
        if not stack:
            continue
        series = stack[len(stack) // 2]
        centre = in_image(series, middle) or find_heart([series]) or image_centre(series)
        turn = upright(series, basal) if layout.upright else AS_STORED
        if turn is None:
            turn = AS_STORED
            as_stored.append(str(view))
        for column, phase in enumerate((beat.ed, beat.es)):
            own = phase_of(series, phase, beat.count)
            at = beat.share(phase)
            frame, channel = (row, column) if layout.upright else (column, row)
            filling.put(first + frame, channel, series, own, centre, beat=at, turn=turn)
    if not as_stored:
        return []
    return [f"Where the apex is in {' and '.join(as_stored)} is not known; taken as stored."]


def _missing(enhanced: list[Series], long_axes: list[list[Series]]) -> list[str]:
    """A sentence for each kind of image that the study lacks, with what that hides."""
    notes = []
    if not enhanced:
        notes.append("No short-axis late enhancement: scar and infiltration cannot be read.")
    if not any(long_axes):
        notes.append("No long-axis cine: atria and aorta cannot be read.")
    elif absent := [str(view) for view, s in zip(LONG_AXES, long_axes, strict=True) if not s]:
        notes.append(f"No long-axis cine of {' and '.join(absent)}.")
    return notes
