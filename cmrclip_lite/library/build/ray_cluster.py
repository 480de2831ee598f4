"""Joining a Ray cluster, or starting a small one on this machine, quietly and privately."""

from __future__ import annotations

import logging
import os
import socket
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from ... import __file__ as package_file
from ... import __version__
from ...errors import LibraryError
from .local import usable_cpus

LOCAL = "local"
# Ray reads these when it is imported; what the user has set stays.
_ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",
    # Ray prints what befalls its workers on stdout, which carries results.
    "RAY_DEDUP_LOGS_SKIP_REGEX": ".",
    "RAY_BACKEND_LOG_LEVEL": "fatal",
    # A worker that was stopped for its memory is tried again for ever otherwise.
    "RAY_task_oom_retries": "2",
}
# What the processes of a cluster started here read besides.
_LOCAL_ENVIRONMENT = {
    # Workers find the package where this process found it. Named here rather than to Ray, which
    # would start other workers for it than those it has at hand.
    "PYTHONPATH": os.pathsep.join(
        [str(Path(package_file).parent.parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    ),
}
_CONNECT_SECONDS = 10
_LOOK_SECONDS = 300  # a new node may still fetch its image
# A socket's path has at most 107 bytes, of which Ray takes up to 70 below its folder.
_LONGEST_FOLDER = 107 - 70


@contextmanager
def cluster(address: str, workers: int | None = None) -> Iterator[ModuleType]:
    """Ray, connected to a cluster. One that was joined is left, one that was started is ended.

    A process that is connected already stays so, and its connection is used.

    Args:
        address: "auto" for the cluster this machine is part of (or that RAY_ADDRESS names),
            "host:port" for another, or "local" to start one here, which lets in only who has its
            token (Ray keeps one in the user's home).
        workers: CPUs of a cluster started here; None takes those this process may use.

    Raises:
        LibraryError: if Ray is not installed, or there is no such cluster, or its workers do not
            have this version of the package.
    """
    ray = import_ray()
    if ray.is_initialized():
        yield ray
        return
    with tempfile.TemporaryDirectory(prefix="ray-", ignore_cleanup_errors=True) as folder:
        local = address == LOCAL
        options = _local(folder, workers) if local else _joined(address)
        try:
            with _stderr_closed(), _environment(_LOCAL_ENVIRONMENT if local else {}):
                ray.init(log_to_driver=False, logging_level=logging.CRITICAL, **options)
        except Exception as error:  # Ray raises just that, when its start takes over half a minute
            raise LibraryError(_refused(address, type(error).__name__, ray.__version__)) from error
        try:
            _require_package(ray)
            yield ray
        finally:
            ray.shutdown()


def import_ray() -> ModuleType:
    """Ray with Ray Data, which then keep to their log files.

    Raises:
        LibraryError: if they are not installed.
    """
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise LibraryError(
            "Ray is not installed: run pip install 'cmrclip-lite[scale]', or leave out --ray to "
            "work on this machine alone."
        ) from error
    for handler in logging.getLogger("ray.data").handlers:
        if handler.name == "console":
            handler.setLevel(logging.CRITICAL)
    return ray


@contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    """Variables for the processes that are started within."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextmanager
def _stderr_closed() -> Iterator[None]:
    """Keep what Ray's C++ says while it starts to itself; what fails is raised as well."""
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def _local(folder: str, workers: int | None) -> dict[str, Any]:
    if len(folder) > _LONGEST_FOLDER:
        raise LibraryError(
            "Ray needs a temporary folder with a short path; set TMPDIR to one such as /tmp."
        )
    return {
        "address": LOCAL,
        "num_cpus": workers or usable_cpus(),
        "include_dashboard": False,
        "_temp_dir": folder,
    }


def _joined(address: str) -> dict[str, Any]:
    named = os.environ.get("RAY_ADDRESS") or address if address == "auto" else address
    if named != "auto":
        _require_listener(named)
    if "site-packages" in Path(package_file).parts:
        return {"address": address}
    # A clone is on this machine alone: it travels with the job.
    return {"address": address, "runtime_env": {"py_modules": [str(Path(package_file).parent)]}}


def _require_listener(address: str) -> None:
    """Ray itself would look for minutes, and end the process."""
    host, _, port = address.rpartition(":")
    if "://" in address or not host or not port.isdigit():
        raise LibraryError(
            "The address of a Ray cluster is auto, local, or host:port of its head, such as "
            f"10.0.0.5:6379; {address!r} is none of these."
        )
    try:
        socket.create_connection((host, int(port)), _CONNECT_SECONDS).close()
    except OSError as error:
        raise LibraryError(
            f"No Ray cluster answers at {address!r} ({type(error).__name__}); check the address, "
            "or give local to start a cluster for this run."
        ) from error


def _refused(address: str, reason: str, version: str) -> str:
    if address == LOCAL:
        return (
            f"Ray could not be started on this machine ({reason}); leave out --ray to work "
            "without it."
        )
    return (
        f"There is no Ray cluster at {address!r} that takes this process in ({reason}). Start one "
        f"with ray start --head, or join one of the same version of Ray ({version}) with its "
        "token (RAY_AUTH_MODE=token), or give local to start one for this run."
    )


def _require_package(ray: ModuleType) -> None:
    """One look into a worker tells what would otherwise fail every study."""
    look = ray.remote(_installed_version).options(num_cpus=0, max_retries=1)
    try:
        found = ray.get(look.remote(), timeout=_LOOK_SECONDS)
    except ray.exceptions.RayError as error:
        raise LibraryError(
            f"The workers of this Ray cluster cannot load cmrclip-lite ({type(error).__name__}); "
            f"install cmrclip-lite {__version__} on every node."
        ) from error
    if found != __version__:
        raise LibraryError(
            f"The workers of this Ray cluster have cmrclip-lite {found}, and this machine has "
            f"{__version__}; install the same version on both."
        )


def _installed_version() -> str:
    from . import on_ray  # noqa: F401  (what the workers will need)

    return __version__
