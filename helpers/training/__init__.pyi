from .batches import class_weights, make_batches
from .cache import details_table, find_cached
from .children import worker_environment
from .cluster.connection import executor_chosen
from .configuration import Stage, TrialConfig
from .executors import LocalExecutor, has_gpu
from .memory import add_memory_step, memory_steps, peak_memory_mb
from .running import prepare_task, run_trials
from .template import adopt_template, import_framework
from .trials import ENGINE_VERSION, Event, Task, Trial, find_trial, open_trial_store, trial_key

__all__ = [
    "ENGINE_VERSION",
    "Event",
    "LocalExecutor",
    "Stage",
    "Task",
    "Trial",
    "TrialConfig",
    "add_memory_step",
    "adopt_template",
    "class_weights",
    "details_table",
    "executor_chosen",
    "find_cached",
    "find_trial",
    "has_gpu",
    "import_framework",
    "make_batches",
    "memory_steps",
    "open_trial_store",
    "peak_memory_mb",
    "prepare_task",
    "run_trials",
    "trial_key",
    "worker_environment",
]
