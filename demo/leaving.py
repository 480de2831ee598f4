"""Who leaves while his upload waits for its turn takes it with him.

Gradio drops what such a person had asked for, and with it the callback that would have removed the
files (seen in 6.31); only its clean-up by age would find them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

from uploads import remove

if TYPE_CHECKING:
    from gradio.queueing import Event, Queue


def take_along() -> None:
    """Let the queue of Gradio remove the uploads of what it drops."""
    from gradio.queueing import Queue

    usual = Queue.clean_events
    if getattr(usual, "takes_along", False):
        return

    @wraps(usual)
    async def clean_events(
        queue: Queue, *, session_hash: str | None = None, event_id: str | None = None
    ) -> None:
        dropped = [
            event
            for event in _events(queue)
            if event.session_hash == session_hash or event._id == event_id
        ]
        await usual(queue, session_hash=session_hash, event_id=event_id)
        for event in dropped:
            remove(list(uploads_in(event.data.data if event.data else None)))

    clean_events.takes_along = True
    Queue.clean_events = clean_events


def uploads_in(data: Any) -> Iterator[Path]:
    """The uploaded files that a request names, however deep; none that lies elsewhere."""
    if isinstance(data, dict):
        path = data.get("path")
        if isinstance(path, str) and _is_upload(path):
            yield Path(path)
        data = list(data.values())
    if isinstance(data, list):
        for part in data:
            yield from uploads_in(part)


def _events(queue: Queue) -> Iterator[Event]:
    for waiting in queue.event_queue_per_concurrency_id.values():
        yield from waiting.queue
    for running in queue.active_jobs:
        yield from running or ()


def _is_upload(path: str) -> bool:
    folder = os.environ.get("GRADIO_TEMP_DIR")
    if not folder:
        return False
    place = Path(path).resolve()
    return Path(folder).resolve() in place.parents and place.is_file()
