"""An upload button that opens a study."""

from __future__ import annotations

import html
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ipywidgets as widgets

from ..errors import CmrClipError
from ..readers import read_study
from ..study import Study

# Jupyter drops what is too large for a message of its own without a word.
_INVITATION = (
    "One file: a zip of a DICOM exam, a DICOM file, or NIfTI. It goes to the machine that runs "
    "this notebook and no further. If nothing happens, the file is larger than this Jupyter takes "
    "(10 MB unless configured): give <code>read_study</code> its path."
)


class StudyUpload(widgets.VBox):
    """A button that takes one file, reads it, and shows below what `look` makes of the study.

    The bytes are written to a temporary folder only while they are read.

    Attributes:
        study: the study last read, or None.
        message: what happened, in words.

    Args:
        look: from the study to a widget, such as `CineViewer`; None shows what was read in words.
    """

    def __init__(self, look: Callable[[Study], widgets.Widget] | None = None) -> None:
        self.study: Study | None = None
        self._look = look
        self.upload = widgets.FileUpload(multiple=False, description="Open an exam")
        self.message = widgets.HTML(_INVITATION)
        self._below = widgets.VBox()
        super().__init__([self.upload, self.message, self._below])
        self.upload.observe(self._on_upload, "value")

    def _on_upload(self, _change: Any = None) -> None:
        if not self.upload.value:
            return
        (file,) = self.upload.value
        name = Path(file["name"]).name
        self.message.value = f"Reading {html.escape(name)} …"
        try:
            self.study = _read(name, bytes(file["content"]))
            below = [self._look(self.study)] if self._look else []
        except CmrClipError as error:
            self.message.value = f"<b>{html.escape(str(error))}</b>"
            return
        finally:
            self.upload.value = ()  # a second copy of the exam that nobody needs
        self._below.children = below
        self.message.value = html.escape(f"{name}: {_account(self.study)}")

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        text = "Here a running notebook shows a button that opens an exam of yours."
        return super()._repr_mimebundle_(**kwargs) | {
            "text/plain": text,
            "text/html": f"<p><i>{text}</i></p>",
        }


def _read(name: str, content: bytes) -> Study:
    with tempfile.TemporaryDirectory(prefix="cmrclip-upload-") as folder:
        path = Path(folder, name)
        path.write_bytes(content)
        return read_study(path)


def _account(study: Study) -> str:
    kept = f"{len(study.series)} series; views {', '.join(study.views) or 'none'}"
    aside = sum(item.count for item in study.set_aside)
    return kept + (f"; {aside} images or files set aside" if aside else "") + "."
