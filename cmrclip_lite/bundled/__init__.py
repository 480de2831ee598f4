"""Where the files that come with the package lie: the checkpoint, the samples, the case library."""

from __future__ import annotations

from pathlib import Path

# What `load` calls the checkpoint that comes with the package.
NAME = "bundled"

_HERE = Path(__file__).parent


def checkpoint_folder() -> Path:
    """The bundled checkpoint: config.json, model.safetensors, tokenizer.json, its model card."""
    return _HERE


def library_folder() -> Path:
    """The bundled case library."""
    return _sample_data() / "library"


def sample_studies() -> dict[str, Path]:
    """The bundled sample exams by name, each a zip of DICOM files; in order of name."""
    return {path.stem: path for path in sorted((_sample_data() / "studies").glob("*.zip"))}


def _sample_data() -> Path:
    """Inside the package where it was installed, beside it in a checkout or a Space."""
    package = _HERE.parent
    installed = package / "sample_data"
    return installed if installed.is_dir() else package.parent / "sample_data"
