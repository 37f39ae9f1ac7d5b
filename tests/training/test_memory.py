"""Out-of-memory errors of all kinds are known, and answered with smaller micro-batches."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from helpers.training.memory import (
    add_memory_step,
    is_memory_death,
    is_memory_error,
    memory_steps,
    micro_batch_limit,
)


class OutOfMemoryError(RuntimeError):
    """Named as torch's."""


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
        RuntimeError("RESOURCE_EXHAUSTED: Out of memory allocating 1073741824 bytes."),
        ValueError("OOM when allocating tensor with shape[64,96,112,112]"),
        RuntimeError("Status: 1, message: could not create a primitive, in file mkl_conv_ops.cc"),
    ],
)
def test_frameworks_words_for_memory_are_known(error: Exception) -> None:
    """By class or by message, also behind another error."""
    assert is_memory_error(error)
    try:
        try:
            raise error
        except Exception as cause:
            raise KeyError("graph") from cause
    except KeyError as outer:
        assert is_memory_error(outer)


@pytest.mark.parametrize("error", [ValueError("shape (3, 4)"), OSError(28, "No space left")])
def test_other_errors_are_not_memory(error: Exception) -> None:
    """A full disk or a wrong shape is not answered with a smaller batch."""
    assert not is_memory_error(error)


def test_a_dead_process_is_judged_by_what_it_left() -> None:
    """An abort after bad_alloc is memory; a kill without a count of the kernel is not."""
    assert is_memory_death(-signal.SIGABRT, "terminate called: std::bad_alloc", None)
    assert not is_memory_death(-signal.SIGABRT, "assertion failed", None)
    assert not is_memory_death(-signal.SIGKILL, "std::bad_alloc", None)
    assert not is_memory_death(0, "std::bad_alloc", None)


def test_a_crash_under_a_limit_is_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """A segmentation fault counts as memory only where the address space was limited."""
    assert not is_memory_death(-signal.SIGSEGV, "", 0)
    monkeypatch.setenv("DERMBOOK_MEMORY_LIMIT_MB", "6000")
    assert is_memory_death(-signal.SIGSEGV, "", 0)


def test_a_missing_thread_under_a_limit_is_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """No room for a thread's stack counts as memory only where the address space was limited."""
    error = ValueError("Graph execution error: RuntimeError: can't start new thread")
    assert not is_memory_error(error)
    monkeypatch.setenv("DERMBOOK_MEMORY_LIMIT_MB", "6000")
    assert is_memory_error(error)


def test_steps_are_kept_in_order(tmp_path: Path) -> None:
    """Each step is on disk, with the number of micro-batches that keeps the batch."""
    assert micro_batch_limit(tmp_path) is None
    add_memory_step(tmp_path, 32, 64, "first")
    assert add_memory_step(tmp_path, 12, 64, "second")["accumulation"] == 6
    assert micro_batch_limit(tmp_path) == 12
    assert [step["reason"] for step in memory_steps(tmp_path)] == ["first", "second"]
