"""A finished trial's folder, put in place while its parts come."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from typing import Any

from helpers.training.cluster.parcels import unpack
from helpers.training.trials import Task


class Receiver:
    """Puts a folder in place in a thread, from parts as they come."""

    def __init__(self, task: Task, files: list[dict[str, Any]]) -> None:
        self._parts: queue.Queue[bytes | None] = queue.Queue(maxsize=4)
        self._error: BaseException | None = None
        self._closed = False
        self._thread = threading.Thread(target=self._unpack, args=(task, files), daemon=True)
        self._thread.start()

    def _unpack(self, task: Task, files: list[dict[str, Any]]) -> None:
        try:
            unpack(task.folder, files, self._taken())
        except BaseException as error:
            self._error = error
        for _ in self._taken():  # so that nobody waits for room
            continue

    def _taken(self) -> Iterator[bytes]:
        while not self._closed:
            part = self._parts.get()
            if part is None:
                self._closed = True
            else:
                yield part

    def take(self, part: bytes | None) -> None:
        """The next part; None after the last, or where no more come."""
        self._parts.put(part)

    def close(self) -> BaseException | None:
        """What went wrong, after all parts were taken."""
        self.take(None)
        self._thread.join()
        return self._error
