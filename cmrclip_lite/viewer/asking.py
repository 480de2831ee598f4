"""The prompt box: type conditions, see the bars move."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from ..errors import CmrClipError
from ..figures import score_bars

if TYPE_CHECKING:
    from torch import Tensor

    from ..library import CaseLibrary
    from ..model import CMRCLIP
    from ..study import Study
    from ..zeroshot import Score

CONDITIONS = ("Normal study", "LV dilated", "LV systolic dysfunction")


class PromptBox(widgets.VBox):
    """A text box, one condition a line, above bars that follow it.

    The study is encoded once, when the box is made; a change of words costs no second encoding.

    Attributes:
        text: the box; set its `value` to ask.
        scores: what was last measured.
        message: an empty HTML widget, or why the last text could not be scored.

    Without a running kernel it shows the scores as sentences.

    Args:
        study: a study, or its embedding `(projection_dim,)`.
        library: the reference cases; None as in `model.score`.

    Raises:
        CmrClipError: as `model.score` for the conditions that it starts with.
    """

    def __init__(
        self,
        model: CMRCLIP,
        study: Study | Tensor,
        library: CaseLibrary | None = None,
        conditions: Sequence[str] = CONDITIONS,
    ) -> None:
        from ..study import Study

        self._model, self._library = model, library
        self._embedding = model.encode_study(study) if isinstance(study, Study) else study
        self.text = widgets.Textarea(
            value="\n".join(conditions),
            description="Conditions",
            placeholder="one a line",
            continuous_update=False,  # asks when one leaves the box, not at each letter
            rows=5,
            layout={"width": "95%"},
        )
        self.button = widgets.Button(description="Score", button_style="primary")
        self.message = widgets.HTML()
        self.scores: list[Score] = []
        self._bars = widgets.VBox()
        super().__init__([self.text, self.button, self.message, self._bars])
        self._score()
        self.text.observe(self._on_text, "value")
        self.button.on_click(self._on_text)

    def _on_text(self, _change: Any = None) -> None:
        try:
            self._score()
            self.message.value = ""
        except CmrClipError as error:  # the bars keep what was asked before
            self.message.value = f"<b>{html.escape(str(error))}</b>"

    def _score(self) -> None:
        import plotly.graph_objects as go

        asked = [line.strip() for line in self.text.value.splitlines() if line.strip()]
        self.scores = self._model.score(self._embedding, asked, self._library)
        self._bars.children = [go.FigureWidget(score_bars(self.scores))]

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        sentences = [score.sentence() for score in self.scores]
        page = "".join(f"<li>{html.escape(sentence)}</li>" for sentence in sentences)
        return super()._repr_mimebundle_(**kwargs) | {
            "text/plain": "\n".join(sentences),
            "text/html": f"<ul>{page}</ul>",
        }
