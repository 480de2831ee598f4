"""Assemble the folder that a Hugging Face Space is made from.

    python demo/build_space.py build/space
    hf upload OWNER/SPACE build/space . --repo-type space

The app imports `cmrclip_lite`, which a Space cannot install by name. So the package and the sample
data are laid beside `app.py`, where Python looks first, and `app.py` runs as it is.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent

# Files the Hub must take through its large-file storage: all that git cannot show as text.
LARGE = ("*.safetensors", "*.zip", "*.webp", "*.png", "*.npz", "*.npy", "*.lance", "*.txn", "*.idx")


def build_space(out: Path, repository: Path = REPOSITORY) -> None:
    """Write the Space to `out`, a folder that must not exist yet or must be an earlier Space.

    Raises:
        FileExistsError: if `out` holds something that is not a Space, so that a mistyped path
            cannot erase anything.
    """
    if out.exists() and any(out.iterdir()):
        if not (out / "app.py").is_file() or not (out / "cmrclip_lite").is_dir():
            raise FileExistsError(f"{out} is not empty and holds no Space; name another folder.")
        shutil.rmtree(out)
    skip = shutil.ignore_patterns("__pycache__", "*.pyc", "build_space.py", ".gradio")
    shutil.copytree(repository / "demo", out, ignore=skip, dirs_exist_ok=True)
    for name in ("cmrclip_lite", "sample_data"):
        shutil.copytree(repository / name, out / name, ignore=skip)
    shutil.copy2(repository / "LICENSE", out / "LICENSE")
    lines = [f"{pattern} filter=lfs diff=lfs merge=lfs -text\n" for pattern in LARGE]
    (out / ".gitattributes").write_text("".join(lines), encoding="utf-8")


def main(arguments: list[str] | None = None) -> int:
    """Assemble the Space at the path given; 2 and one line on stderr if it cannot be."""
    parser = argparse.ArgumentParser(description="Assemble a Hugging Face Space.")
    parser.add_argument("out", type=Path, help="folder to write, for example build/space")
    out = parser.parse_args(arguments).out
    try:
        build_space(out)
    except FileExistsError as error:
        print(error, file=sys.stderr)
        return 2
    print(f"A Space lies in {out}; to publish it: hf upload OWNER/SPACE {out} . --repo-type space")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
