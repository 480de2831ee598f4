"""Studies from video: MP4, AVI, MKV and WebM, and moving GIF, WebP and PNG.

A video holds neither millimetres nor planes, so both are assumed and a note says so. One scene is
taken as a short-axis cine unless its name says another view. Several scenes, told apart by hard
cuts, are taken as the published training videos are laid out (`frames.published_order`): the
long-axis cine, the short-axis cine, then the stills of late enhancement.
"""

from __future__ import annotations

import numpy as np

from ..study import Sequence, Series, SetAside, Study, View
from ..views import describe
from .decoding import Decoded, Decoders
from .headers import plain_words
from .limits import Limits
from .sources import Source

# A heart in a cine fills about half of its field of view, which is about this wide.
ASSUMED_FIELD_MM = 340.0
# Neighbouring frames of a cine correlate above 0.91 (115 real and synthetic series of 20 to 30
# phases, the step from the last phase to the first included), neighbouring slices of one stack
# below 0.91 and mostly below 0.86 (40 patients), so views, which differ more, are told apart.
CUT_CORRELATION = 0.88
# What lossy coding changes in a still.
STILL_GREY = 1.0
_LONGEST_BEAT_MS = 2000.0
_STILLS = (View.FOUR_CHAMBER, View.TWO_CHAMBER, View.THREE_CHAMBER)


def read_videos(sources: list[tuple[Source, str]], limits: Limits) -> Study:
    """Read videos as one study.

    Args:
        sources: files, each with "video" or "pictures" as its kind of decoder.
        limits: `decode_seconds`, `decode_bytes` and `pixel_bytes` apply.

    Raises:
        StudyError: if a decoder is not installed or a limit is passed.
    """
    study = Study([])
    total = 0
    with Decoders(limits, 1) as decoders:
        for source, kind in sources:
            limits.check_time("The study")
            decoded = decoders.moving(source, kind)
            if decoded is None:
                study.set_aside.append(SetAside("files", "damaged videos"))
                continue
            total += decoded.pixels.nbytes
            limits.check("pixel_bytes", total, "The study")
            _add(study, decoded, plain_words(source.name.rsplit(".", 1)[0]))
    return study


def scenes(pixels: np.ndarray) -> list[np.ndarray]:
    """Split a video `(T, H, W)` at its hard cuts."""
    if len(pixels) < 2:
        return [pixels]
    small = pixels[:, ::4, ::4].reshape(len(pixels), -1).astype(np.float32)
    small -= small.mean(axis=1, keepdims=True)
    small /= np.maximum(np.linalg.norm(small, axis=1, keepdims=True), 1e-6)
    alike = (small[1:] * small[:-1]).sum(axis=1)
    return np.split(pixels, np.flatnonzero(alike < CUT_CORRELATION) + 1)


def _add(study: Study, decoded: Decoded, words: str) -> None:
    if len(decoded.pixels) < 2:
        study.set_aside.append(SetAside("files", "single pictures, not videos"))
        return
    found = scenes(decoded.pixels)
    cines = [scene for scene in found if _moves(scene)]
    stills = [scene for scene in found if not _moves(scene)]
    said = describe(words)
    step = decoded.step_ms
    if len(cines) == 1 and len(found) == 1:
        view = View.SAX if said is View.UNKNOWN else said
        study.series.append(_cine(cines[0], view, step))
        study.notes.append(f"A video does not say what it shows: it was taken as {view}.")
    elif len(cines) == 2:
        study.series += [_cine(cines[0], View.FOUR_CHAMBER, step), _cine(cines[1], View.SAX, step)]
        study.series += _late(stills)
        study.notes.append(
            f"A video of {len(found)} scenes was taken as the published model's videos are laid "
            "out: long-axis cine, short-axis cine, then late enhancement."
        )
    else:
        reason = (
            f"a video of {len(cines)} moving scenes; give one file per view, named as sax, 4ch, ..."
            if cines
            else "videos in which nothing moves"
        )
        study.set_aside.append(SetAside("files", reason))
        return
    study.notes.append(
        "A video does not state its pixel spacing: a field of view of "
        f"{ASSUMED_FIELD_MM:.0f} mm was assumed, so sizes are a guess."
    )
    if decoded.colour:
        study.notes.append("A video in colour was turned to grey.")


def _moves(scene: np.ndarray) -> bool:
    """Whether a scene is a cine: two frames of it differ by more than coding does."""
    if len(scene) < 2:
        return False
    small = scene[:, ::4, ::4].astype(np.float32)
    return float(np.abs(small - small[0]).mean(axis=(1, 2)).max()) > STILL_GREY


def _late(stills: list[np.ndarray]) -> list[Series]:
    """Single frames are the short-axis stack; repeated ones the 4-, 2- and 3-chamber stills."""
    stack = [(still, View.SAX) for still in stills if len(still) == 1]
    repeated = [still[:1] for still in stills if len(still) > 1]
    placed = stack + list(zip(repeated, _STILLS, strict=False))
    return [_series(pixels, view, Sequence.LGE) for pixels, view in placed]


def _cine(pixels: np.ndarray, view: View, step_ms: float) -> Series:
    series = _series(pixels, view, Sequence.CINE)
    # Players show a beat at any speed; what lasts longer than a beat was not played at its own.
    if 0 < step_ms * len(pixels) <= _LONGEST_BEAT_MS:
        series.trigger_ms = np.arange(len(pixels)) * step_ms
    return series


def _series(pixels: np.ndarray, view: View, sequence: Sequence) -> Series:
    spacing = ASSUMED_FIELD_MM / max(pixels.shape[1:])
    return Series(pixels, (spacing, spacing), view=view, sequence=sequence)
