"""The encoders. A model knows tensors and sentences; it knows nothing of files or DICOM."""

from typing import TYPE_CHECKING

from .config import LayoutConfig, ModelConfig, TextConfig, VideoConfig

if TYPE_CHECKING:
    from .cmrclip import CMRCLIP

__all__ = ["CMRCLIP", "LayoutConfig", "ModelConfig", "TextConfig", "VideoConfig"]


def __getattr__(name: str) -> object:
    """`CMRCLIP` when it is asked for: a base of it is the Hub client's, which is slow to import."""
    if name == "CMRCLIP":
        from .cmrclip import CMRCLIP

        return CMRCLIP
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
