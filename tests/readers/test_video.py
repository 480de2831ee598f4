"""A video is a cine without millimetres: read where it can be, its assumptions told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cmrclip_lite.errors import StudyError
from cmrclip_lite.frames import Place, published_order
from cmrclip_lite.readers import Limits, read_study
from cmrclip_lite.study import Sequence, View

cv2 = pytest.importorskip("cv2", reason="video needs the extra 'formats'")


def beating(frames: int = 20, size: int = 96, seed: int = 0) -> np.ndarray:
    """`(T, H, W)` uint8: a bright disc that grows and shrinks on a textured ground."""
    rng = np.random.default_rng(seed)
    ground = cv2.GaussianBlur(rng.uniform(0, 90, (size, size)).astype(np.float32), (0, 0), 3)
    ground += rng.uniform(0, 60, (2, 2)).repeat(size // 2, 0).repeat(size // 2, 1)
    y, x = np.mgrid[:size, :size] - rng.uniform(0.3, 0.7, 2)[:, None, None] * size
    radius = 16 + 2 * np.cos(np.linspace(0.1, 2 * np.pi, frames, endpoint=False))
    disc = np.clip(radius[:, None, None] - np.hypot(y, x), 0, 1)
    return (disc * 210 + (1 - disc) * ground).astype(np.uint8)


def film(path: Path, frames: np.ndarray, code: str = "mp4v", rate: float = 25) -> Path:
    height, width = frames.shape[1:3]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*code), rate, (width, height))
    assert writer.isOpened()
    for frame in frames:
        writer.write(frame if frame.ndim == 3 else cv2.cvtColor(frame, cv2.COLOR_GRAY2BGR))
    writer.release()
    return path


def pictures(path: Path, frames: np.ndarray) -> Path:
    first, *rest = [Image.fromarray(frame) for frame in frames]
    lossless = {"lossless": True} if path.suffix == ".webp" else {}
    first.save(path, save_all=True, append_images=rest, duration=40, loop=0, **lossless)
    return path


@pytest.mark.parametrize("name", ["heart.mp4", "heart.avi", "heart.mkv", "heart.gif",
                                  "heart.webp", "heart.png"])  # fmt: skip
def test_every_kind_of_moving_picture(tmp_path: Path, name: str) -> None:
    frames = beating()
    path = tmp_path / name
    if path.suffix in (".gif", ".webp", ".png"):
        pictures(path, frames)
    else:
        film(path, frames, "MJPG" if path.suffix == ".avi" else "mp4v")
    study = read_study(path)
    (series,) = study.cines(View.SAX)
    assert series.pixels.shape == frames.shape and series.pixels.dtype == np.uint8
    assert np.abs(series.pixels.astype(int) - frames).mean() < 4
    np.testing.assert_allclose(series.trigger_ms, np.arange(20) * 40.0)
    assert series.spacing_mm == pytest.approx((340 / 96, 340 / 96))
    assert any("was taken as SAX" in note for note in study.notes)
    assert any("field of view of 340 mm was assumed" in note for note in study.notes)


def test_the_view_may_stand_in_the_name_and_colour_is_told(tmp_path: Path) -> None:
    frames = np.repeat(beating()[..., None], 3, axis=3)
    frames[:, :20, :, 0] = 255
    study = read_study(film(tmp_path / "smith 4ch.mp4", frames))
    assert study.views == [View.FOUR_CHAMBER]
    assert "A video in colour was turned to grey." in study.notes
    assert not any("smith" in note for note in study.notes)


def test_a_video_laid_out_as_the_published_ones(tmp_path: Path) -> None:
    """Long axis, short axis, a stack of stills, then each long-axis still repeated."""
    moving = {"cine_lax": beating(30, seed=1), "cine_sa": beating(30, seed=2)}
    still = {
        name: beating(1, seed=10 + i)[0]
        for i, name in enumerate(
            [f"lge_sa{z}" for z in range(10)] + ["lge_lax", "lge_2ch", "lge_3ch"]
        )
    }
    depths = {"cine_lax": 1, "cine_sa": 1, "lge_sa": 10, "lge_lax": 1, "lge_2ch": 1, "lge_3ch": 1}

    def frame(place: Place) -> np.ndarray:
        if place.view in moving:
            return moving[place.view][place.time]
        return still[f"lge_sa{place.slice}" if place.view == "lge_sa" else place.view]

    order = published_order(depths)
    study = read_study(
        film(tmp_path / "study.avi", np.stack([frame(place) for place in order]), "MJPG")
    )
    assert [len(s.pixels) for s in study.cines()] == [30, 30]
    late = [s for s in study.series if s.sequence is Sequence.LGE]
    assert [s.view for s in late].count(View.SAX) == 10
    assert {s.view for s in late} == {View.SAX, View.FOUR_CHAMBER, View.TWO_CHAMBER,
                                      View.THREE_CHAMBER}  # fmt: skip
    four = next(s for s in late if s.view is View.FOUR_CHAMBER)
    assert np.abs(four.pixels[0].astype(int) - still["lge_lax"]).mean() < 5
    assert any("laid out: long-axis cine" in note for note in study.notes)


def test_what_is_no_cine_is_said(tmp_path: Path) -> None:
    frozen = np.repeat(beating(1), 10, axis=0)
    for name, made, reason in (
        ("still.png", Image.fromarray(beating()[0]).save, "pictures that do not move"),
        ("still.gif", Image.fromarray(beating()[0]).save, "single pictures"),
        ("frozen.mp4", lambda path: film(path, frozen), "videos in which nothing moves"),
        (
            "broken.mp4",
            lambda path: path.write_bytes(b"\0\0\0\x18ftypmp42" + bytes(999)),
            "damaged",
        ),
    ):
        made(tmp_path / name)
        with pytest.raises(StudyError, match=rf"{name} holds no cine .*{reason}"):
            read_study(tmp_path / name)


def test_a_video_stays_within_the_limits(tmp_path: Path) -> None:
    path = film(tmp_path / "long.mp4", beating(40))
    with pytest.raises(StudyError, match="long.mp4 goes over the limit decode_bytes = 100,000"):
        read_study(path, limits=Limits(decode_bytes=100_000))
    gif = pictures(tmp_path / "long.gif", beating(40))
    with pytest.raises(StudyError, match="long.gif goes over the limit decode_bytes = 100,000"):
        read_study(gif, limits=Limits(decode_bytes=100_000))
