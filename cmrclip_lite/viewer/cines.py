"""The cine viewer: play, step, choose the view and the slice, set the window."""

from __future__ import annotations

import io
from typing import Any

import ipywidgets as widgets
import numpy as np
from PIL import Image

from ..errors import StudyError
from ..figures import grey_window, heart_rate_fps, to_grey
from ..study import Series, Study
from .moving import watch

SIZE = 360  # longer side of the picture in screen pixels
_NAMES = {"cine": "cine", "LGE": "late enhancement", "unknown": "unknown kind"}


class CineViewer(widgets.VBox):
    """One picture of a study, beating, with its controls.

    Attributes:
        view, position, phase, window, play: the widgets; set their `value` to drive the viewer.
            Slices and phases count from 1.
        image: the picture shown, as PNG.
        caption: what it shows, in words.

    Without a running kernel it shows the chosen view as a still.

    Raises:
        StudyError: if the study holds no series.
    """

    def __init__(self, study: Study, *, size: int = SIZE) -> None:
        if not study.series:
            raise StudyError("This study holds no pictures to view.")
        self._size, self._follows = size, True
        self._stacks: dict[str, list[Series]] = {}
        for series in study.series:
            name = f"{series.view}, {_NAMES.get(str(series.sequence), series.sequence)}"
            self._stacks.setdefault(name, []).append(series)
        self.image = widgets.Image(format="png", layout={"width": "auto"})
        self.caption = widgets.HTML()
        self.view = widgets.Dropdown(options=list(self._stacks), description="View")
        self.position = widgets.IntSlider(1, 1, 1, description="Slice")
        self.phase = widgets.IntSlider(1, 1, 1, description="Phase")
        self.play = widgets.Play(value=1, min=1, max=1, repeat=True)
        self.window = widgets.FloatRangeSlider(
            description="Window", step=1, readout_format=".0f", continuous_update=True
        )
        widgets.jslink((self.play, "value"), (self.phase, "value"))
        controls = [self.view, self.position, self.phase, self.play, self.window]
        super().__init__(
            [
                widgets.HBox(
                    [widgets.VBox([self.image, self.caption]), widgets.VBox(controls)],
                    layout={"flex_flow": "row wrap"},
                )
            ]
        )
        self.view.observe(self._on_view, "value")
        self.position.observe(self._on_position, "value")
        for control in (self.phase, self.window):
            control.observe(self._draw, "value")
        self._on_view()

    @property
    def series(self) -> Series:
        """The series shown."""
        return self._stacks[self.view.value][self.position.value - 1]

    def _on_view(self, _change: Any = None) -> None:
        stack = self._stacks[self.view.value]
        self._follows = False  # one picture for both changes
        _limit(self.position, len(stack))
        self.position.value = len(stack) // 2 + 1
        self._set_window(stack)
        self._follows = True
        self._on_position()

    def _on_position(self, _change: Any = None) -> None:
        if not self._follows:
            return
        self._follows = False
        for control in (self.phase, self.play):
            _limit(control, len(self.series.pixels))
        self.play.interval = round(1000 / heart_rate_fps(self.series))
        self._follows = True
        self._draw()

    def _set_window(self, stack: list[Series]) -> None:
        """One window for a whole stack, so that its slices can be compared."""
        low, high = grey_window(np.nan_to_num(self.series.pixels.astype(np.float32)))
        darkest = min(float(np.nanmin(series.pixels)) for series in stack)
        brightest = max(float(np.nanmax(series.pixels)) for series in stack)
        brightest = max(brightest, darkest + 1)  # of pixels that all are one grey
        # A range slider refuses a value outside its limits: widen, choose, then narrow.
        self.window.min = min(self.window.min, darkest)
        self.window.max = max(self.window.max, brightest)
        self.window.value = (low, high)
        self.window.min, self.window.max = darkest, brightest
        self.window.step = (brightest - darkest) / 200

    def _draw(self, _change: Any = None) -> None:
        if not self._follows:
            return
        series = self.series
        grey = to_grey(series.pixels[[self.phase.value - 1]], self.window.value)[0]
        extent = np.array(grey.shape) * series.spacing_mm  # rows, columns in mm
        rows, columns = np.maximum(1, np.rint(extent / extent.max() * self._size)).astype(int)
        size = int(columns), int(rows)
        picture = Image.fromarray(grey).resize(size, Image.Resampling.BICUBIC)
        out = io.BytesIO()
        picture.save(out, "PNG", compress_level=1)
        self.image.value = out.getvalue()
        self.caption.value = self._words()

    def _words(self) -> str:
        series, phase = self.series, self.phase.value - 1
        stack = self._stacks[self.view.value]
        words = [f"slice {self.position.value} of {len(stack)}"]
        if len(series.pixels) > 1:
            words.append(f"phase {phase + 1} of {len(series.pixels)}")
        if series.trigger_ms is not None and phase < len(series.trigger_ms):
            words.append(f"{series.trigger_ms[phase]:.0f} ms after the R wave")
        return ", ".join(words)

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        shown = watch(self.series, size=self._size)
        still = shown._repr_mimebundle_()
        return still | super()._repr_mimebundle_(**kwargs) | {"text/plain": shown.text}


def _limit(control: widgets.IntSlider | widgets.Play, last: int) -> None:
    """Let a control run from 1 to `last`."""
    control.value = min(control.value, last)
    control.max = last
    control.disabled = last == 1
