"""Many exams at once on a Ray cluster, by Ray Data's streaming execution.

    exams -> some per task -> read (tasks on CPUs) -> embed (actors with the model) -> results

Readers are tasks. A reader keeps nothing from one exam to the next, so a task that dies costs the
exams it was given, where an actor would take along all that waits for it; and tasks go to whatever
CPUs the cluster has gained. Ray keeps the processes of tasks, so that imports are paid for once in
each. The model, slow to load, stays in actors.

What is bounded: Ray Data stops reading while the clips that wait fill their share of the object
store (of which one run takes at most half), and embedding while results wait to be stored.
"""

from __future__ import annotations

import copy
import os
import pickle
import secrets
import traceback
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from itertools import islice
from types import ModuleType
from typing import TYPE_CHECKING, Any

import torch

from ...errors import LibraryError
from ...model import CMRCLIP, ModelConfig
from .prepare import Failure, Item, Passed, Prepared, Result, embed, prepare
from .ray_cluster import cluster

if TYPE_CHECKING:
    import pyarrow as pa
    from ray import ObjectRef
    from ray.data import DataContext, Dataset

READER_CPUS, EMBEDDER_GPUS = 1, 1
# The model takes no CPU from the readers. Without GPUs it shares theirs: back-pressure gives it its
# time.
EMBEDDER_THREADS = 4
# A process that dies is replaced, and what it worked on tried once more, then given up. Ray Data's
# own default is for ever.
RETRIES = 1
MODEL_DEATHS = 3  # in a row while the model is loaded: then no GPU can hold it


def run(
    items: Iterable[Item],
    model: CMRCLIP,
    *,
    address: str,
    workers: int | None = None,
    batch: int = 8,
    pictures: bool = True,
) -> Iterator[Result]:
    """Read and embed exams on a Ray cluster, one result for each, in any order.

    Exams that were given to one reader, or embedded, together and whose process died each time are
    missing from the results. With `batch=1` it is the one exam.

    Args:
        items: their paths must lead to the same files on every node.
        model: travels to the cluster once, as it is in memory.
        address: as in `ray_cluster.cluster`. To run several times on a cluster started here, be
            inside `with cluster(...)`.
        workers: CPUs of a cluster started here, or the most readers at once on one that is joined;
            None takes what there is.
        batch: exams read one after the other by one task, and exams embedded at once.
        pictures: whether cases get a moving thumbnail.

    Raises:
        LibraryError: if there is no such cluster, or it fails as a whole. What was given before
            stands.
    """
    tables = list(_tables(items, batch))
    if not tables:
        return
    with cluster(address, workers) as ray:
        models = _Names()
        try:
            with _settings(ray):
                dataset = _pipeline(ray, tables, model, models, workers, batch, pictures)
            yield from _results(dataset)
        except ray.exceptions.RayError as error:
            raise LibraryError(
                f"The Ray cluster failed ({type(error).__name__}); what was stored until then is "
                "kept. Run the same command again."
            ) from error
        finally:
            models.kill(ray)


def _results(dataset: Dataset) -> Iterator[Result]:
    for block in dataset.iter_batches(batch_size=None, batch_format="pyarrow"):
        for result in block["result"]:
            yield pickle.loads(result.as_buffer())


class _Names:
    """Names for actors, by which they can be ended.

    Ray ends an actor when nothing refers to it any more. What Ray Data leaves behind may refer to
    its actors until Python next collects garbage, and who needs their GPUs waits until then.
    """

    def __init__(self) -> None:
        self._given: list[str] = []

    def __call__(self) -> dict[str, str]:
        """The options of one more actor."""
        self._given.append(f"cmrclip-{secrets.token_hex(8)}")
        return {"name": self._given[-1]}

    def kill(self, ray: ModuleType) -> None:
        for name in self._given if ray.is_initialized() else ():
            with suppress(ValueError, ray.exceptions.RayError):  # it has ended, or the cluster has
                ray.kill(ray.get_actor(name))


@contextmanager
def _settings(ray: ModuleType) -> Iterator[None]:
    """What holds for the pipelines that are made within."""
    with warnings.catch_warnings():
        # Limits of retries have no named parameter yet; without one they last until Ray 2.64.
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.simplefilter("ignore", ray.util.annotations.RayDeprecationWarning)
        context = ray.data.DataContext.get_current().copy()
        context.enable_progress_bars = False
        context.print_on_execution_start = False
        # A lost block is a batch of lost exams, which the caller tries again.
        context.max_errored_blocks = -1
        context.max_consecutive_actor_init_deaths = MODEL_DEATHS
        with ray.data.DataContext.current(context):
            yield


def _pipeline(
    ray: ModuleType,
    tables: list[pa.Table],
    model: CMRCLIP,
    models: _Names,
    workers: int | None,
    batch: int,
    pictures: bool,
) -> Dataset:
    """From pickled items to pickled results."""
    resources = ray.cluster_resources()
    gpus, cpus = int(resources.get("GPU", 0)), max(1, int(resources.get("CPU", 1)))
    threads = None if gpus else min(EMBEDDER_THREADS, cpus)
    if gpus:
        # More as the cluster gains GPUs.
        embedders = ray.data.ActorPoolStrategy(min_size=gpus)
    else:
        embedders = ray.data.ActorPoolStrategy(size=max(1, cpus // threads))
    return (
        ray.data.from_arrow(tables)
        .map_batches(
            _read,
            fn_kwargs={"config": model.config, "pictures": pictures},
            batch_size=None,
            batch_format="pyarrow",
            compute=ray.data.TaskPoolStrategy(size=workers),
            num_cpus=READER_CPUS,
            max_retries=RETRIES,
        )
        .map_batches(
            _Embedder,
            # In a list, or some Ray might hand over the model in place of its reference.
            fn_constructor_args=[[ray.put(_on_cpu(model))], threads],
            batch_size=batch,
            batch_format="pyarrow",
            compute=embedders,
            max_restarts=-1,
            max_task_retries=RETRIES,
            num_cpus=0,
            num_gpus=EMBEDDER_GPUS if gpus else 0,
            ray_remote_args_fn=models,
        )
    )


def _tables(items: Iterable[Item], batch: int) -> Iterator[pa.Table]:
    """Each what one task reads: more in one would cost less of Ray's time, and more when it dies."""
    import pyarrow as pa

    items = iter(items)
    while some := list(islice(items, batch)):
        # A worker has another working folder.
        whole = [replace(item, path=item.path.absolute()) for item in some]
        yield pa.table({"item": [pickle.dumps(item) for item in whole]})


def _read(table: pa.Table, config: ModelConfig, pictures: bool) -> Iterator[pa.Table]:
    """Exams one by one: prepared, or why they could not be."""
    import pyarrow as pa

    torch.set_num_threads(1)
    columns = pa.schema({"result": pa.binary(), "buffers": pa.list_(pa.large_binary())})
    for item in map(pickle.loads, table["item"].to_pylist()):
        if os.path.exists(item.path):
            result = prepare(item, config, pictures)
        else:
            reason = "The node that was to read it does not see it; all nodes must share its disk."
            result = Failure(item.id, reason)
        yield pa.Table.from_pylist([_packed(result)], schema=columns)


class _Embedder:
    """An actor that holds the model."""

    def __init__(self, model: list[ObjectRef], threads: int | None) -> None:
        import ray

        if threads is not None:
            torch.set_num_threads(threads)
        device = "cuda" if torch.cuda.is_available() else "cpu"
        self._model = ray.get(model[0]).to(device)

    def __call__(self, table: pa.Table) -> pa.Table:
        import pyarrow as pa

        read = [
            _unpacked(result.as_buffer(), [buffer.as_buffer() for buffer in buffers])
            for result, buffers in zip(table["result"], table["buffers"], strict=True)
        ]
        results: list[Result] = [one for one in read if not isinstance(one, Prepared)]
        prepared = [one for one in read if isinstance(one, Prepared)]
        try:
            results += embed(self._model, prepared)
        except Exception:
            # An error of the GPU stays with its process, which would fail all that comes after.
            # Ray starts another one, and tries the batch again.
            traceback.print_exc()
            os._exit(1)
        return pa.table({"result": [pickle.dumps(result) for result in results]})


def _on_cpu(model: CMRCLIP) -> CMRCLIP:
    """A model that a process without this one's GPU can load."""
    return model if model.device.type == "cpu" else copy.deepcopy(model).cpu()


def _packed(result: Prepared | Failure | Passed) -> dict[str, Any]:
    """A result as a row, with its arrays apart: they are read where they lie, without a copy."""
    buffers: list[pickle.PickleBuffer] = []
    head = pickle.dumps(result, protocol=5, buffer_callback=buffers.append)
    return {"result": head, "buffers": [buffer.raw() for buffer in buffers]}


def _unpacked(head: Any, buffers: list[Any]) -> Prepared | Failure | Passed:
    return pickle.loads(head, buffers=buffers)
