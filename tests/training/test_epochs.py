"""An epoch takes each batch once and in order, under every backend and on several devices."""

from __future__ import annotations

import json
import subprocess
from functools import cache
from typing import Any

import numpy as np
import pytest
from support.other_pythons import compiled, environment, interpreter

from helpers.core import ROOT
from helpers.models.backends import BACKENDS

SCRIPT = ROOT / "tests" / "support" / "train_by_hand.py"

PLAIN: dict[str, Any] = {
    "n_images": 101,
    "batch_norm": True,
    "dropout": 0.0,
    "micro_batch": None,
    "augments": "no",
    "ways": ["engine"],
}
"""Thirteen batches, more than the workers' queue holds; the last one is short and odd."""

IN_ORDER: tuple[dict[str, Any], ...] = ({}, {"micro_batch": 3, "augments": "device"})
ON_TWO: tuple[dict[str, Any], ...] = (
    {"dropout": 0.3},
    {"batch_norm": False, "micro_batch": 4, "augments": "device"},
)
ON_ONE = (0, len(IN_ORDER))
"""Places of the same in JAX' list: the first is that of `IN_ORDER`, the second stands behind."""


@cache
def trainings(backend: str, on_two: bool = False) -> list[dict[str, Any]]:
    """Two epochs by each of the settings, in one process of the backend's own."""
    # torch's dropout has no state of its own that both could begin with.
    both = {"dropout": 0.0 if backend == "torch" else 0.3, "ways": ["engine", "hand"]}
    changes = list(ON_TWO) if on_two else [both | change for change in IN_ORDER]
    changes += ON_TWO[1:] if backend == "jax" and not on_two else ()
    command = [interpreter(backend), str(SCRIPT), backend]
    two = compiled(n_devices=2) | {"DERMBOOK_DEVICES": "cpu:2"} if on_two else {}
    done = subprocess.run(
        [*command, *(json.dumps(PLAIN | change) for change in changes)],
        env=environment(backend, **two),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found = [dict(json.loads(line)) for line in done.stdout.splitlines()[-len(changes) :]]
    assert {training["backend"] for training in found} == {backend}
    return found


def assert_same(found: dict[str, Any], expected: dict[str, Any], tolerance: float) -> None:
    """Logs and weights of two trainings agree."""
    for name in ("loss", "accuracy"):
        gaps = [a[name] - b[name] for a, b in zip(found["logs"], expected["logs"], strict=True)]
        assert np.abs(gaps).max() <= tolerance, name
    np.testing.assert_allclose(found["values"], expected["values"], rtol=0, atol=tolerance)


@pytest.mark.parametrize("number", range(len(IN_ORDER)), ids=map(str, IN_ORDER))
@pytest.mark.parametrize("backend", BACKENDS)
def test_epoch_is_its_batches_in_order(backend: str, number: int) -> None:
    """Workers or not, an epoch ends where training on batch after batch ends."""
    found = trainings(backend)[number]
    assert_same(found["engine"], found["hand"], 1e-5)


@pytest.mark.parametrize("number", range(len(ON_TWO)), ids=map(str, ON_TWO))
def test_two_devices_train_as_one(number: int) -> None:
    """Batches divided between two devices, a last odd one included, give the same numbers."""
    one = trainings("jax")[ON_ONE[number]]
    two = trainings("jax", on_two=True)[number]
    assert (one["devices"], two["devices"]) == (1, 2)
    gap = np.abs(np.subtract(two["engine"]["values"], one["engine"]["values"])).max()
    print(f"{ON_TWO[number]}: weights differ by {gap:.1e} at most")
    assert_same(two["engine"], one["engine"], 1e-4)
