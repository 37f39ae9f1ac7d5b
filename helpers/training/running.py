"""Running trials: from the cache where they are finished, trained by an executor where not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from helpers.core import TARGET_INDEX, ConfigError, atomic_file, cache_home
from helpers.dataset import SPLITS, assert_grouped
from helpers.models import backend_name
from helpers.training.configuration import TrialConfig
from helpers.training.selection import find_executor
from helpers.training.trials import (
    TABLE_COLUMNS,
    OnEvent,
    Task,
    Trial,
    find_trial,
    open_trial_store,
    started_trial,
    trial_key,
)


def run_trials(
    configs: Sequence[TrialConfig],
    catalogue: pd.DataFrame | Sequence[pd.DataFrame],
    executor: Any = None,
    progress: OnEvent | None = None,
    *,
    grouped: bool = True,
) -> list[Trial]:
    """Get trials from the cache, and train those that are not there.

    Parameters
    ----------
    configs : sequence of TrialConfig
        Returned in this order.
    catalogue : DataFrame or sequence of DataFrame
        With a `split` column of "train", "valid" and, as a rule, "test"; one for all
        configurations, or one for each, as in a cross-validation.
    executor : {"local", "ray"} or Executor, optional
        Who trains; see `helpers.training.selection`. Where None, whom ``DERMBOOK_EXECUTOR`` names,
        else "local".
    progress : callable, optional
        Called with an event, a dict with at least ``kind`` ("cached", "start", "epoch",
        "done", "failed"), ``trial`` (the name) and ``text``.
    grouped : bool, default=True
        Whether a lesion in two splits is an error. Only a chapter that shows what a split by
        image does sets it to False.

    Returns
    -------
    list of Trial

    Raises
    ------
    ConfigError
        If a catalogue has no usable split, or there are not as many as configurations.
    DataError
        If `grouped` and a lesion is in two splits.
    TrialError
        If a training fails; finished ones stay in the cache.
    """
    catalogues = _one_each(configs, catalogue)
    for table in {id(table): table for table in catalogues}.values():
        _check_split(table)
        if grouped:
            assert_grouped(table)
    report = progress or (lambda event: None)
    runner = find_executor(executor)
    trials: dict[int, Trial] = {}
    missing: list[tuple[int, Task]] = []
    for index, (config, table) in enumerate(zip(configs, catalogues, strict=True)):
        found = find_trial(config, table)
        if found is not None:
            report({"kind": "cached", "trial": config.name, "text": "from the cache"})
            trials[index] = found
        else:
            missing.append((index, prepare_task(config, table)))
    if missing:
        runner.run([task for _, task in missing], report)
    for index, task in missing:
        trials[index] = Trial(task.folder, task.config)
    return [trials[index] for index in range(len(configs))]


def _one_each(
    configs: Sequence[TrialConfig], catalogue: pd.DataFrame | Sequence[pd.DataFrame]
) -> list[pd.DataFrame]:
    if isinstance(catalogue, pd.DataFrame):
        return [catalogue] * len(configs)
    if len(catalogue) != len(configs):
        raise ConfigError(
            f"expected a catalogue for each of {len(configs)} trials, got {len(catalogue)}; pass "
            "one for all of them, or as many as there are trials"
        )
    return list(catalogue)


def _check_split(catalogue: pd.DataFrame) -> None:
    found = set(catalogue["split"].astype(str)) if "split" in catalogue else set()
    if not {"train", "valid"} <= found <= set(SPLITS):
        raise ConfigError(
            f"split: expected a column with {', '.join(SPLITS)} (of which the last may be missing),"
            f" got {sorted(found) or 'none'}; call split_catalogue first"
        )


def prepare_task(config: TrialConfig, catalogue: pd.DataFrame) -> Task:
    """Write what a training reads: the table and the image store."""
    for key in config.starts:
        started_trial(key)
    key = trial_key(config, catalogue)
    store = open_trial_store(config, catalogue)
    table = catalogue.assign(
        y_true=catalogue["dx"].astype(str).map(TARGET_INDEX[config.target]).astype("int64"),
        split=catalogue["split"].astype(str),
    )[TABLE_COLUMNS]
    path = cache_home() / "trials" / f"{key}.parquet"
    with atomic_file(path) as temporary:
        table.to_parquet(temporary, index=False)
    folder = cache_home() / "trials" / key
    return Task(key, config, path, store.path, folder, backend_name())
