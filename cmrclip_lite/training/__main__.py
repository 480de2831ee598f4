"""`python -m cmrclip_lite.training --out runs/fourth`: train a checkpoint from nothing."""

from __future__ import annotations

import argparse
import logging
from dataclasses import fields
from pathlib import Path

import torch

from .settings import Settings, with_overrides
from .train import train


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m cmrclip_lite.training", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder of the run")
    parser.add_argument("--start", help="checkpoint of an earlier run to go on from")
    parser.add_argument(
        "--sentences", type=Path, help="folder of a sentence encoder, to make new words of"
    )
    parser.add_argument("--workers", type=int, default=2, help="processes that make the cases")
    parser.add_argument("--threads", type=int, help="threads of torch")
    for setting in fields(Settings):
        kind = float if "float" in str(setting.type) else int
        parser.add_argument(
            f"--{setting.name.replace('_', '-')}", type=kind, help=f"default {setting.default}"
        )
    arguments = vars(parser.parse_args())
    names = "out", "workers", "start", "sentences"
    out, workers, start, sentences = (arguments.pop(name) for name in names)
    if threads := arguments.pop("threads"):
        torch.set_num_threads(threads)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    train(out, with_overrides(Settings(), **arguments), workers, start, sentences)


if __name__ == "__main__":
    main()
