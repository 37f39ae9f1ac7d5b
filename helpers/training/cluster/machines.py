"""Machines are looked at before they train: the project, its versions, the storage."""

from __future__ import annotations

import platform
from typing import Any

from helpers.core import ConfigError
from helpers.training.cluster import node
from helpers.training.cluster.storage import Storage, leave_mark, told_storage_errors
from helpers.training.cluster.versions import differences, facts_here

LOOK_SECONDS = 120.0
"""For how long a machine may not answer when it is looked at."""


class Machines:
    """The machines of a cluster, each looked at once.

    Parameters
    ----------
    ray : module
        Ray, connected.
    storage : Storage
        That each machine must see.
    """

    def __init__(self, ray: Any, storage: Storage) -> None:
        self._ray, self._storage = ray, storage
        self._seen: set[str] = set()

    def looked_at(self, backend: str) -> list[dict[str, float]]:
        """Resources of the machines, after those not seen yet were asked what they have.

        Raises
        ------
        ConfigError
            With all that is wrong with any of them.
        """
        alive = {one["NodeID"]: one["Resources"] for one in self._ray.nodes() if one["Alive"]}
        new = [name for name in alive if name not in self._seen]
        if new:
            mark = leave_mark(self._storage)
            try:
                problems = self._ask(new, backend, mark)
            finally:
                with told_storage_errors(self._storage.place):
                    self._storage.remove(mark)
            if problems:
                raise ConfigError("\n".join(problems))
            self._seen.update(new)
        return list(alive.values())

    def _ask(self, machines: list[str], backend: str, mark: str) -> list[str]:
        there = self._ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy
        look = self._ray.remote(node.look_at_machine)
        answers = [
            look.options(
                num_cpus=0, max_retries=0, scheduling_strategy=there(name, soft=False)
            ).remote(backend, self._storage.place, mark)
            for name in machines
        ]
        here = facts_here(backend)
        problems = []
        for answer in answers:
            try:
                found = self._ray.get(answer, timeout=LOOK_SECONDS)
            except self._ray.exceptions.RayTaskError as error:
                problems.append(_not_there(error))
            except self._ray.exceptions.RayError:  # gone meanwhile: no trial will go there
                continue
            else:
                problems += [found["problem"]] if found["problem"] else []
                problems += other_versions(found["host"], differences(here, found["facts"]))
        return list(dict.fromkeys(problems))


def other_versions(host: str, found: list[str]) -> list[str]:
    """What to say of a machine whose versions are others."""
    if not found:
        return []
    return [
        f"{host}: expected the versions of this machine ({platform.node()}), because they decide a "
        f"trial's numbers, but {'; '.join(found)}; install the same locks and the same commit on "
        "all machines"
    ]


def last_line(error: Exception) -> str:
    """What an error says: Ray puts the traceback of the other process before it."""
    return (str(error).strip().splitlines() or [type(error).__name__])[-1]


def _not_there(error: Exception) -> str:
    return (
        f"a machine of the cluster cannot run the project ({last_line(error)}); install it there "
        "as here (make setup WITH=scale), and start Ray with that Python"
    )
