"""What trials read on the machines: tables, stores, trials that they begin with; sent once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from helpers.core import cache_home
from helpers.dataset import store_record
from helpers.training.cluster.parcels import list_files, read_folder, read_parts
from helpers.training.trials import Task


class Goods:
    """What a cluster has been sent.

    Parameters
    ----------
    ray : module
        Ray, connected.
    """

    def __init__(self, ray: Any) -> None:
        self._ray = ray
        self._sent: dict[str, list[Any]] = {}
        self._tables: dict[bytes, Any] = {}

    def send(self, goods: list[dict[str, Any]]) -> None:
        """Hand goods to Ray, which brings each to a machine once, in parts."""
        for entry in goods:
            if entry["name"] not in self._sent:
                self._sent[entry["name"]] = [self._ray.put(part) for part in _parts(entry)]

    def sent(self, goods: list[dict[str, Any]]) -> dict[str, list[Any]]:
        """What was sent of these."""
        names = [entry["name"] for entry in goods]
        return {name: self._sent[name] for name in names if name in self._sent}

    def table(self, task: Task) -> Any:
        """A task's table at Ray, one for all tasks that have the same."""
        content = task.table.read_bytes()
        if content not in self._tables:
            self._tables[content] = self._ray.put(content)
        return self._tables[content]


def goods_of(task: Task) -> list[dict[str, Any]]:
    """What a trial reads besides its table: the image store, and trials that it begins with."""
    store = {
        "kind": "store",
        "name": f"stores/{task.images.name}",
        "record": store_record(task.images),
    }
    starts = [
        {
            "kind": "trial",
            "name": f"trials/{key}",
            "files": list_files(cache_home() / "trials" / key),
        }
        for key in task.config.starts
    ]
    return [store, *starts]


def _parts(entry: dict[str, Any]) -> Iterator[bytes]:
    place = cache_home() / entry["name"]
    return read_parts([place]) if entry["kind"] == "store" else read_folder(place, entry["files"])
