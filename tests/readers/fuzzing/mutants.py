"""From two numbers to one spoiled exam, the same in every run."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from functools import cache
from random import Random

from .archives import ARCHIVES
from .dicom import STRUCTURAL
from .dicom_tree import File, parse, write
from .raw import RAW
from .seeds import Seed
from .seeds_packed import tarred, zipped
from .volumes import VOLUMES

# How an exam is handed over: most often as its files, sometimes packed.
CONTAINERS = ("files", "files", "files", "files", "zip", "list", "tar")


@dataclass(frozen=True)
class Mutant:
    """A spoiled exam.

    Attributes:
        number: with the seed number of the run, all it takes to make it again.
        seed: what was spoiled.
        kinds: the mutators, in order.
        container: one of `CONTAINERS`.
        files: bytes by name.
    """

    number: int
    seed: Seed
    kinds: tuple[str, ...]
    container: str
    files: dict[str, bytes]


def make(run: int, number: int, seeds: list[Seed]) -> Mutant:
    """The mutant of a number: on one machine, with the same seeds, always the same bytes."""
    rng = Random(f"{run}:{number}")
    (seed,) = rng.choices(seeds, weights=[seed.weight for seed in seeds])
    other = rng.choice(list(rng.choice(seeds).files.values()))
    files, kinds = dict(seed.files), []
    # One spoiled file among good ones is what a real folder holds; all alike go deeper.
    spoiled = list(files) if rng.random() < 0.3 else [rng.choice(list(files))]
    state = rng.getrandbits(64)
    for name in spoiled:
        own = Random(state)
        files[name], kinds = _spoil(own, seed, files[name], other)
    container = rng.choice(CONTAINERS)
    if container == "zip":
        files = {"exam.zip": zipped(files)}
    elif container == "tar":
        files = {"exam.tar": tarred(files)}
    return Mutant(number, seed, tuple(kinds), container, files)


def _spoil(rng: Random, seed: Seed, data: bytes, other: bytes) -> tuple[bytes, list[str]]:
    kinds: list[str] = []
    known = STRUCTURAL if seed.form == "dicom" else (VOLUMES | ARCHIVES)[seed.form]
    if known and rng.random() < 0.85:
        wanted = rng.choices(known, k=rng.choice((1, 1, 1, 2, 3)))
        if seed.form == "dicom":
            tree = _tree(data)
            for mutate in wanted:
                if not tree.every():
                    break
                mutate(rng, tree)
                kinds.append(mutate.__name__)
            data = write(tree)
        else:
            mutate = wanted[0]
            data = mutate(rng, data)
            kinds.append(mutate.__name__)
    if not kinds or rng.random() < 0.1:
        mutate = rng.choice(RAW)
        data = mutate(rng, data or b"\0", other)
        kinds.append(mutate.__name__)
    return data, kinds


def _tree(data: bytes) -> File:
    return copy.deepcopy(_parsed(data))


# A few hundred small files at most.
_parsed = cache(parse)
