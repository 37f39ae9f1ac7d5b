"""What runs on a machine of the cluster: it is looked at, and a trial is trained in a Ray task.

The task hands the trial to the ``local`` executor of its machine. So memory that runs out, a
training that is killed and a crash are dealt with there as on one machine, in a process that is
not Ray's. The task is a generator: it yields the training's events, each epoch after its
checkpoint is in the storage, and at last the finished folder.
"""

from __future__ import annotations

import platform
import queue
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from helpers.core import DermBookError, atomic_file, cache_home, write_json
from helpers.dataset import adopt_store, has_store
from helpers.training.cluster.kept import bring_back, keep
from helpers.training.cluster.parcels import list_files, read_folder, unpack
from helpers.training.cluster.storage import Storage, check_mark, open_storage
from helpers.training.cluster.versions import differences, facts_here
from helpers.training.executors import LocalExecutor
from helpers.training.memory import STEPS
from helpers.training.trials import Task, is_whole

_END = object()


def look_at_machine(backend: str, storage: str, mark: str) -> dict[str, Any]:
    """What the driver wants to know of a machine before it sends trials there.

    Returns
    -------
    dict
        ``host``, ``facts`` (of `versions.facts_here`) and ``problem``: why the storage cannot be
        used from there, "" where it can.
    """
    problem = ""
    try:
        check_mark(open_storage(storage), mark)
    except DermBookError as error:
        problem = str(error)
    return {"host": platform.node(), "facts": facts_here(backend), "problem": problem}


def missing_here(goods: list[dict[str, Any]]) -> list[str]:
    """Names of what a trial reads and this machine does not have yet."""
    return [entry["name"] for entry in goods if not _is_here(entry)]


def _place(entry: dict[str, Any]) -> Path:
    return cache_home() / entry["name"]


def _is_here(entry: dict[str, Any]) -> bool:
    if entry["kind"] == "store":
        return has_store(_place(entry), entry["record"])
    return is_whole(_place(entry))


def _take_over(entry: dict[str, Any], parts: list[Any]) -> None:
    """Put goods into this machine's cache, part by part, so that none is in memory as a whole."""
    import ray

    stream = (ray.get(part) for part in parts)
    if entry["kind"] == "store":
        adopt_store(_place(entry), entry["record"], stream)
    else:
        unpack(_place(entry), entry["files"], stream)


def train_there(order: dict[str, Any], table: bytes, parts: dict[str, list[Any]]) -> Iterator[Any]:
    """Train one trial on this machine.

    Parameters
    ----------
    order : dict
        ``task`` (its payload), ``threads``, ``storage``, ``facts`` of the driver, ``goods``
        (stores and trials that it reads) and ``memory`` (what was done about memory so far).
    table : bytes
        The Parquet file that the training reads.
    parts : dict of str to list of ObjectRef
        Of goods, by their name, as far as they were sent.

    Yields
    ------
    dict or bytes
        Events; those with a `kind` in capital letters are for the driver alone: ``DIFFERS``,
        ``MISSING``, ``FAILED``, ``FOLDER``. After the last the folder's bytes.
    """
    host = platform.node()
    found = differences(order["facts"], facts_here(order["task"]["backend"]))
    if found:
        yield {"kind": "DIFFERS", "host": host, "found": found}
        return
    missing = missing_here(order["goods"])
    if not parts.keys() >= set(missing):
        yield {"kind": "MISSING", "host": host}
        return
    try:
        for entry in order["goods"]:
            if entry["name"] in missing:
                _take_over(entry, parts[entry["name"]])
        with _workplace(order, table) as task:
            yield from _events(task, order, host)
            files = list_files(task.folder)
            yield {"kind": "FOLDER", "host": host, "files": files}
            yield from read_folder(task.folder, files)
            shutil.rmtree(task.folder.parent, ignore_errors=True)
    except DermBookError as error:
        yield {"kind": "FAILED", "host": host, "text": f"on {host}: {error}"}


@contextmanager
def _workplace(order: dict[str, Any], table: bytes) -> Iterator[Task]:
    """The task with names of this machine, in a folder of its own.

    Of its own, because machines may share their cache, and a cluster says itself how many
    trainings run at a time.
    """
    sent = Task.from_payload(order["task"])
    place = cache_home() / "working" / platform.node() / sent.key
    path = place / "table.parquet"
    with atomic_file(path) as temporary:
        temporary.write_bytes(table)
    images = cache_home() / "stores" / sent.images.name
    task = replace(sent, table=path, images=images, folder=place / sent.key)
    if task.folder.exists() and not is_whole(task.folder):
        shutil.rmtree(task.folder)
    task.work.mkdir(parents=True, exist_ok=True)
    yield task


def _events(task: Task, order: dict[str, Any], host: str) -> Iterator[dict[str, Any]]:
    """Train in a thread; yield what it tells."""
    storage = open_storage(order["storage"])
    told: queue.Queue[Any] = queue.Queue()
    with suppress(FileNotFoundError, ValueError):  # a file of it is gone or damaged: the next epoch
        bring_back(storage, task.key, task.work)
    if order["memory"]:
        write_json(task.work / STEPS, order["memory"])

    def on_event(event: dict[str, Any]) -> None:
        if event["kind"] == "epoch":
            problem = _kept(storage, task)
            if problem:
                told.put(event | {"kind": "storage", "text": problem, "host": host})
        told.put(event | {"host": host})

    def run() -> None:
        try:
            LocalExecutor(parallel=1, threads=order["threads"]).run([task], on_event)
            told.put(_END)
        except BaseException as error:  # to the generator, which runs in Ray's own thread
            told.put(error)

    threading.Thread(target=run, daemon=True).start()
    while (event := told.get()) is not _END:
        if isinstance(event, BaseException):
            raise event
        yield event


def _kept(storage: Storage, task: Task) -> str:
    """Keep an epoch; why that failed, which does not end a training."""
    try:
        keep(storage, task.key, task.work)
    except Exception as error:  # each storage's library has errors of its own
        said = (str(error).strip().splitlines() or [type(error).__name__])[0]
        return f"its checkpoint could not be written to {storage.place} ({said}); going on"
    return ""
