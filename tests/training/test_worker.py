"""The child that trains: when it stays, and when it ends."""

from __future__ import annotations

import io
import json
import queue
from pathlib import Path

import pytest

from helpers.training import trainer, worker
from helpers.training.configuration import Stage, TrialConfig
from helpers.training.trials import Task
from helpers.training.worker import STAYS_BYTES, Worker


@pytest.mark.parametrize(("n_bytes", "n_trained"), [(STAYS_BYTES, 2), (STAYS_BYTES + 1, 1)])
def test_a_child_stays_after_a_small_network(
    n_bytes: int, n_trained: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a large one it ends well, and its memory with it, though it might have stayed."""
    trained: list[str] = []

    def train(task: Task, *_: object) -> int:
        trained.append(task.key)
        return n_bytes

    monkeypatch.setattr(trainer, "train", train)
    monkeypatch.setattr(worker, "_log_to", lambda path: None)
    config = TrialConfig(
        name="x", backbone="SmallNetwork", image_size=(32, 32), stages=(Stage(trainable="all"),)
    )
    task = Task("key", config, tmp_path, tmp_path, tmp_path, "tensorflow")
    requests: queue.Queue[str] = queue.Queue()
    for stay in (True, False):
        payload = {"probe": False, "log": "", "stay": stay}
        requests.put(json.dumps(task.payload() | payload))
    channel = io.StringIO()
    assert Worker(channel).serve(requests) == 0
    assert len(trained) == n_trained
    assert channel.getvalue().count("ready") == n_trained - 1
