"""The exceptions of this package: one family, so that a caller can catch it whole.

A message is one sentence or two that say what was wrong, in which file (its name only, never
its full path or what a DICOM tag says of a patient), and what to do about it.
"""


class CmrClipError(Exception):
    """Base of every error this package raises for bad input; the command line exits with 2."""


class StudyError(CmrClipError):
    """A study could not be read, or holds nothing the model can see."""


class CheckpointError(CmrClipError):
    """A checkpoint could not be found, downloaded, or does not fit its configuration."""


class ConditionError(CmrClipError):
    """A condition or search text cannot be scored."""


class LibraryError(CmrClipError):
    """A case library is missing, damaged, or belongs to another model."""
