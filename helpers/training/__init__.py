"""Trials: configured, named by their content, trained in processes of their own, and kept."""

from __future__ import annotations

from helpers.training.batches import class_weights, make_batches, predict
from helpers.training.cache import details_table, find_cached
from helpers.training.configuration import Stage, TrialConfig
from helpers.training.executors import LocalExecutor
from helpers.training.memory import add_memory_step, memory_steps, peak_memory_mb
from helpers.training.run import prepare_task, run_trials
from helpers.training.trials import Event, Task, Trial, open_trial_store

__all__ = [
    "Event",
    "LocalExecutor",
    "Stage",
    "Task",
    "Trial",
    "TrialConfig",
    "add_memory_step",
    "class_weights",
    "details_table",
    "find_cached",
    "make_batches",
    "memory_steps",
    "open_trial_store",
    "peak_memory_mb",
    "predict",
    "prepare_task",
    "run_trials",
]
