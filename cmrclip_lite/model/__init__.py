"""The encoders. A model knows tensors and sentences; it knows nothing of files or DICOM."""

from .cmrclip import CMRCLIP
from .config import LayoutConfig, ModelConfig, TextConfig, VideoConfig

__all__ = ["CMRCLIP", "LayoutConfig", "ModelConfig", "TextConfig", "VideoConfig"]
