"""Where embeddings are kept between runs, and whether they are."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from .embedding_cache import EmbeddingCache

VARIABLE = "CMRCLIP_CACHE"  # a folder, or "off"


def find_cache(asked: EmbeddingCache | str | Path | bool | None = None) -> EmbeddingCache | None:
    """The cache that `hub.load` is asked for, or None for none.

    Args:
        asked: a cache, or a folder for one; False for none; True or None for the user's own.
    """
    if isinstance(asked, EmbeddingCache):
        return asked
    folder = cache_folder() if asked is None or asked is True else asked or None
    return None if folder is None else EmbeddingCache(folder)


def cache_folder() -> Path | None:
    """$CMRCLIP_CACHE, or a folder of the system's user cache.

    None where the variable is "off", or the user has no home.
    """
    if named := os.environ.get(VARIABLE):
        return None if named.lower() == "off" else Path(named).expanduser()
    try:
        home = Path.home()
    except RuntimeError:
        return None
    if sys.platform == "darwin":
        caches = home / "Library" / "Caches"
    elif sys.platform == "win32":
        caches = Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
    else:
        caches = Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache")
    return caches / "cmrclip-lite"
