"""An epoch takes each batch once and in order, under every backend and on several devices."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import numpy as np
import pytest
from support.other_pythons import environment, interpreter

from helpers.core import ROOT
from helpers.models.backends import BACKENDS

SCRIPT = ROOT / "tests" / "support" / "train_by_hand.py"

PLAIN: dict[str, Any] = {
    "n_images": 101,
    "batch_norm": True,
    "dropout": 0.0,
    "micro_batch": None,
    "augments": "no",
}
"""Thirteen batches, more than the workers' queue holds; the last one is short and odd."""

TWO = {"XLA_FLAGS": "--xla_force_host_platform_device_count=2", "DERMBOOK_DEVICES": "cpu:2"}


def train(backend: str, settings: dict[str, Any], **variables: str) -> dict[str, Any]:
    """Two epochs in a process of the backend's own."""
    command = [interpreter(backend), str(SCRIPT), backend, json.dumps(settings)]
    done = subprocess.run(
        command,
        env=environment(backend, **variables),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found = dict(json.loads(done.stdout.splitlines()[-1]))
    assert found["backend"] == backend
    return found


def assert_same(found: dict[str, Any], expected: dict[str, Any], tolerance: float) -> None:
    """Logs and weights of two trainings agree."""
    for name in ("loss", "accuracy"):
        gaps = [a[name] - b[name] for a, b in zip(found["logs"], expected["logs"], strict=True)]
        assert np.abs(gaps).max() <= tolerance, name
    np.testing.assert_allclose(found["values"], expected["values"], rtol=0, atol=tolerance)


@pytest.mark.parametrize("change", [{}, {"micro_batch": 3, "augments": "device"}], ids=str)
@pytest.mark.parametrize("backend", BACKENDS)
def test_epoch_is_its_batches_in_order(backend: str, change: dict[str, Any]) -> None:
    """Workers or not, an epoch ends where training on batch after batch ends."""
    # torch's dropout has no state of its own that both could begin with.
    dropout = 0.0 if backend == "torch" else 0.3
    found = train(backend, PLAIN | {"dropout": dropout} | change)
    assert_same(found["engine"], found["hand"], 1e-5)


@pytest.mark.parametrize(
    "change",
    [{"dropout": 0.3}, {"batch_norm": False, "micro_batch": 4, "augments": "device"}],
    ids=str,
)
def test_two_devices_train_as_one(change: dict[str, Any]) -> None:
    """Batches divided between two devices, a last odd one included, give the same numbers."""
    one = train("jax", PLAIN | change)
    two = train("jax", PLAIN | change, **TWO)
    assert (one["devices"], two["devices"]) == (1, 2)
    gap = np.abs(np.subtract(two["engine"]["values"], one["engine"]["values"])).max()
    print(f"{change}: weights differ by {gap:.1e} at most")
    assert_same(two["engine"], one["engine"], 1e-4)
