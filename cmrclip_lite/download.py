"""Files of a model or dataset on the Hugging Face Hub, and clear words when one cannot be had.

Everything goes through `huggingface_hub`: its cache, its progress bar, its token and its
environment variables (HF_HOME, HF_HUB_OFFLINE, HF_ENDPOINT) apply.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from huggingface_hub import _CACHED_NO_EXIST, hf_hub_download, try_to_load_from_cache
from huggingface_hub.errors import (
    FileMetadataError,
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    HTTPError,
    LocalEntryNotFoundError,
    OfflineModeIsEnabled,
    RemoteEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from .errors import CheckpointError, CmrClipError, LibraryError

HUB_ID = re.compile(r"(?P<id>[\w.-]+/[\w.-]+)(@(?P<revision>\S+))?")


@dataclass(frozen=True)
class HubRepository:
    """One repository at one revision, and how to reach it.

    Of a dataset every error is a `LibraryError`, where that of a model is a `CheckpointError`.
    """

    repo: str
    revision: str | None
    cache_dir: str | Path | None
    token: str | bool | None
    kind: Literal["model", "dataset"] = "model"

    @classmethod
    def named(
        cls,
        name: str,
        revision: str | None,
        cache_dir: str | Path | None,
        token: str | bool | None,
        kind: Literal["model", "dataset"] = "model",
    ) -> HubRepository:
        """By "owner/name" or "owner/name@revision".

        Raises:
            CheckpointError: if it is neither form, or names a second revision.
        """
        match = HUB_ID.fullmatch(name)
        if match is None:
            raise _error(kind)(
                f"There is no folder {name}, and it is no Hub id (owner/name or "
                "owner/name@revision)."
            )
        if revision is not None and match["revision"] is not None:
            raise _error(kind)(f"{name} names a revision already; leave out revision={revision!r}.")
        return cls(match["id"], revision or match["revision"], cache_dir, token, kind)

    def at(self, revision: str) -> HubRepository:
        return replace(self, revision=revision)

    def file(self, filename: str) -> Path | None:
        """The file in the cache, downloaded if need be; None if the repository has no such file.

        Raises:
            CheckpointError: for every other reason it cannot be had, with what to do.
        """
        try:
            path = hf_hub_download(
                self.repo,
                filename,
                repo_type=self.kind,
                revision=self.revision,
                cache_dir=self.cache_dir,
                token=self.token,
                library_name="cmrclip_lite",
            )
        except RemoteEntryNotFoundError:
            return None
        except (HTTPError, OSError, ValueError) as error:
            raise _error(self.kind)(self._advice(error, filename)) from error
        return Path(path)

    def first_of(self, filenames: Sequence[str]) -> Path | None:
        """The first of these files that the repository has.

        What the cache knows of this revision, absent files included, is not asked of the Hub
        again: a second load is quick, and works without a network.
        """
        try:
            cached = {
                name: try_to_load_from_cache(
                    self.repo, name, self.cache_dir, self.revision, self.kind
                )
                for name in filenames
            }
        except HFValidationError as error:
            raise _error(self.kind)(self._advice(error, filenames[0])) from error
        for path in cached.values():
            if isinstance(path, str):
                return Path(path)
        unknown = [name for name in filenames if cached[name] is not _CACHED_NO_EXIST]
        return next((path for name in unknown if (path := self.file(name)) is not None), None)

    def _advice(self, error: Exception, filename: str) -> str:
        """What went wrong and what to do about it, in a sentence or two."""
        repo, wanted = self.repo, f"{filename} of {self.repo}"
        dataset = self.kind == "dataset"
        page = f"https://huggingface.co/{'datasets/' if dataset else ''}{repo}"
        fetch = f"hf download {repo}{' --repo-type dataset' if dataset else ''}"
        log_in = "log in with `hf auth login`, or pass token="
        # The client wraps what it could not recover from by looking into its cache.
        cause = error.__cause__ if isinstance(error, LocalEntryNotFoundError) else error
        status = cause.response.status_code if isinstance(cause, HfHubHTTPError) else None
        match cause:
            case OfflineModeIsEnabled():
                pin = f" --revision {self.revision}" if self.revision else ""
                return (
                    f"{wanted} is not in the cache and HF_HUB_OFFLINE forbids downloading. Where "
                    f"there is a network, run `{fetch}{pin}`, or unset HF_HUB_OFFLINE."
                )
            case GatedRepoError():
                return f"{repo} is gated: ask for access at {page}, then {log_in}."
            case RepositoryNotFoundError():
                return (
                    f"The Hub shows no {self.kind} {repo}. Check the spelling; if it is private, "
                    f"{log_in}."
                )
            case RevisionNotFoundError():
                return (
                    f"{repo} has no revision {self.revision!r}; its branches and tags are listed "
                    f"at {page}/tree/main."
                )
            case HFValidationError():
                return f"{repo!r} cannot be a Hub id: it has the form owner/name."
            case FileMetadataError():
                return (
                    f"Whatever answered for {wanted} is no Hub: check HF_ENDPOINT, and whether a "
                    "proxy stands between."
                )
        if status in (401, 403):
            return f"The Hub refused {wanted} (status {status}): {log_in} with access to {repo}."
        if status is not None:
            return f"The Hub answered {status} for {wanted}; try again later."
        if isinstance(error, LocalEntryNotFoundError):
            return (
                f"The Hub cannot be reached, and {wanted} is not in the cache. Check the network, "
                f"or run `{fetch}` where there is one."
            )
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        return f"Downloading {wanted} failed: {reason} Nothing partial was kept; try again."


def _error(kind: Literal["model", "dataset"]) -> type[CmrClipError]:
    return CheckpointError if kind == "model" else LibraryError
