"""The ``ray`` executor: each trial is one task of a Ray cluster.

The machines are looked at (`Machines`), then the tasks sent (`TaskRun`) with what they read
(`Goods`). Ray places them and tells when a machine is gone.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from helpers.core import TrialError
from helpers.training.cluster import node
from helpers.training.cluster.connection import ADDRESS, connect, storage_place
from helpers.training.cluster.goods import Goods
from helpers.training.cluster.machines import Machines
from helpers.training.cluster.storage import open_storage
from helpers.training.cluster.tasks import TaskRun
from helpers.training.trials import OnEvent, Task


class RayExecutor:
    """Trains each trial in a task of a Ray cluster.

    Parameters
    ----------
    address : str, optional
        Host and port of the cluster's head; what ``DERMBOOK_RAY_ADDRESS`` names where None, and a
        cluster of this machine alone where that is not set.
    storage : str, optional
        Folder or address of checkpoints; see `connection.storage_place`.
    """

    def __init__(self, address: str | None = None, storage: str | None = None) -> None:
        self.address = address or os.environ.get(ADDRESS)
        self.storage = open_storage(storage or storage_place())
        self.ray = connect(self.address)
        self._machines = Machines(self.ray, self.storage)
        self._goods = Goods(self.ray)
        self._train_there = self.ray.remote(node.train_there)

    def run(self, tasks: Sequence[Task], on_event: OnEvent) -> None:
        """Train tasks.

        Parameters
        ----------
        tasks : sequence of Task
            What to train.
        on_event : callable
            Gets each event of all trainings, one at a time, with the ``host`` that it is from.

        Raises
        ------
        ConfigError
            If the storage cannot be used, or a machine has other versions.
        TrialError
            If a trial ends without its folder; the others are trained all the same.
        """
        machines = self._machines.looked_at(tasks[0].backend)
        run = TaskRun(self.ray, self.storage, self._train_there, self._goods, machines, on_event)
        try:
            run.finish(tasks)
        finally:
            run.end()
        if run.failures:
            raise TrialError("\n".join(run.failures))
