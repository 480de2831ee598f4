"""What a notebook shows and lets one do: moving pictures, and widgets that answer.

    from cmrclip_lite.viewer import CineViewer, PromptBox, StudyUpload, cards, watch

Each also brings a still picture or a text, for places where no kernel answers: a notebook on GitHub
or nbviewer.
"""

from ..errors import CmrClipError

try:
    import ipywidgets  # noqa: F401
except ImportError as error:
    raise CmrClipError(
        "The viewer needs ipywidgets: install cmrclip-lite with the extra 'notebooks'."
    ) from error

from .asking import PromptBox
from .cines import CineViewer
from .moving import Shown, cards, watch
from .uploading import StudyUpload

__all__ = ["CineViewer", "PromptBox", "Shown", "StudyUpload", "cards", "watch"]
