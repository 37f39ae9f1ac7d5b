"""What the ``ray`` executor uses of Ray, in one process: tasks are generators that run when asked.

A test plans what happens to the tasks, in the order in which they are sent: ``plans`` holds, for
each, how many items come before it breaks, and with which error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any


class RayError(Exception):
    """Base of Ray's errors."""


class RayTaskError(RayError):
    """The task's own code raised."""


class TaskUnschedulableError(RayError):
    """No machine can take it."""


class OutOfMemoryError(RayError):
    """Ray ended the task, because its machine ran out of memory."""


class NodeDiedError(RayError):
    """Its machine is gone."""


@dataclass
class Stream:
    """A task that was sent."""

    items: Iterator[Any]
    breaks: tuple[int, Exception] | None
    options: dict[str, Any]
    n_taken: int = 0
    cancelled: bool = False

    def __hash__(self) -> int:
        return id(self)

    def __next__(self) -> Any:
        if self.breaks is not None and self.n_taken == self.breaks[0]:
            error = self.breaks[1]
            self.items.close()  # type: ignore[attr-defined]
            return lambda: _raise(error)
        self.n_taken += 1
        item = next(self.items)
        return lambda: item


def _raise(error: Exception) -> Any:
    raise error


@dataclass
class StandInRay:
    """The module.

    Attributes
    ----------
    plans : list
        Of tasks still to be sent: None, or items before the break and its error.
    sent : list of Stream
        All tasks.
    put_bytes : int
        Of all that was handed over.
    """

    plans: list[tuple[int, Exception] | None] = field(default_factory=list)
    sent: list[Stream] = field(default_factory=list)
    put_bytes: int = 0
    machines: list[dict[str, float]] = field(default_factory=lambda: [{"CPU": 2, "memory": 8e9}])
    exceptions: Any = field(
        default_factory=lambda: SimpleNamespace(
            RayError=RayError,
            RayTaskError=RayTaskError,
            OutOfMemoryError=OutOfMemoryError,
            TaskUnschedulableError=TaskUnschedulableError,
        )
    )
    util: Any = field(
        default_factory=lambda: SimpleNamespace(
            scheduling_strategies=SimpleNamespace(
                NodeAffinitySchedulingStrategy=lambda name, soft: (name, soft)
            )
        )
    )

    def nodes(self) -> list[dict[str, Any]]:
        """The machines, all alive."""
        return [
            {"NodeID": str(number), "Alive": True, "Resources": resources}
            for number, resources in enumerate(self.machines)
        ]

    def put(self, value: Any) -> Callable[[], Any]:
        """A reference to a value."""
        self.put_bytes += len(value)
        return lambda: value

    def get(self, reference: Callable[[], Any], timeout: float | None = None) -> Any:
        """The value of a reference."""
        return reference()

    def wait(
        self, streams: list[Stream], num_returns: int, timeout: float
    ) -> tuple[list[Stream], list[Stream]]:
        """All streams always have something."""
        return streams[:num_returns], streams[num_returns:]

    def cancel(self, stream: Stream, force: bool) -> None:
        """End a task."""
        assert force  # else a task that waits would not hear of it
        stream.cancelled = True
        stream.items.close()  # type: ignore[attr-defined]

    def remote(self, function: Callable[..., Any]) -> _Remote:
        """A function that can be sent with options."""
        return _Remote(self, function)


@dataclass
class _Remote:
    ray: StandInRay
    function: Callable[..., Any]

    def options(self, **options: Any) -> _Sender:
        return _Sender(self.ray, self.function, options)


@dataclass
class _Sender:
    """Takes no further options, as Ray's does not."""

    ray: StandInRay
    function: Callable[..., Any]
    given: dict[str, Any]

    def remote(self, *arguments: Any) -> Any:
        values = [value() if callable(value) else value for value in arguments]
        if self.given.get("num_returns") != "streaming":
            return lambda: self.function(*values)
        plan = self.ray.plans.pop(0) if self.ray.plans else None
        self.ray.sent.append(Stream(self.function(*values), plan, self.given))
        return self.ray.sent[-1]
