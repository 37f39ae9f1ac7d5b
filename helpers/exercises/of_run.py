"""What exercises take from a finished run: trials of the cache, quoted numbers; no training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import pandas as pd

from helpers.core import ROOT, ConfigError, digest, read_json
from helpers.exercises.exercise import NotHere
from helpers.statistics import Estimate
from helpers.training import Trial, TrialConfig, find_trial

if TYPE_CHECKING:
    from helpers.notebook import Run

_kept: WeakKeyDictionary[Any, dict[Any, Any]] = WeakKeyDictionary()


class NotRunYet(ConfigError):  # noqa: N818, it is no error but a fact about a run
    """What an exercise is about has not been computed; the message says what to run first."""

    def _render_traceback_(self) -> list[str]:
        """What Jupyter shows in place of a traceback: the message is all there is to know."""
        return [f"{type(self).__name__}: {self}"]


def command_for(run: Run, chapter: str) -> str:
    """The command that computes a chapter of this run."""
    words = ["dermbook report", run.profile.name]
    if run.folder.name != run.profile.name:
        words.append(f"--run {run.folder.name}")
    if run.source.name != run.profile.source:
        known = run.source.name in ("sample", "ham10000")
        words.append(f"--source {run.source.name if known else run.source.folder}")
    if run.seed != run.profile.seed:
        words.append(f"--seed {run.seed}")
    return " ".join([*words, f"--chapters {chapter}"])


def finished_trials(
    run: Run,
    trials: str | Sequence[TrialConfig],
    chapter: str,
    catalogue: pd.DataFrame | Sequence[pd.DataFrame] | None = None,
) -> list[Trial]:
    """Trials of the cache, as `Run.train` would give them, without ever training one.

    Parameters
    ----------
    run : Run
        The open run.
    trials : str or sequence of TrialConfig
        A group of the profile, or configurations.
    chapter : str
        Number of the chapter that trains them.
    catalogue : DataFrame or sequence of DataFrame, optional
        With a `split` column; the run's own where None. A sequence has one for each trial.

    Returns
    -------
    list of Trial
        In the order of the configurations.

    Raises
    ------
    NotRunYet
        If one is not in the cache.
    """
    configs = run.trial_configs(trials) if isinstance(trials, str) else list(trials)
    if catalogue is None:  # keys of trials take a while: one hash of the catalogue each
        names = [(config.name, digest(config.hashed())) for config in configs]
        found: list[Trial] = once(
            run,
            ("trials", *names),
            lambda: _found(run, configs, [_table(run)] * len(configs), chapter),
        )
        return found
    if isinstance(catalogue, pd.DataFrame):
        catalogue = [catalogue] * len(configs)
    return _found(run, configs, catalogue, chapter)


def _table(run: Run) -> pd.DataFrame:
    table: pd.DataFrame = once(run, "catalogue", run.catalogue)
    return table


def _found(
    run: Run, configs: Sequence[TrialConfig], tables: Sequence[pd.DataFrame], chapter: str
) -> list[Trial]:
    found = [find_trial(*pair) for pair in zip(configs, tables, strict=True)]
    missing = [config.name for config, one in zip(configs, found, strict=True) if one is None]
    if missing:
        raise NotRunYet(
            f"{len(missing)} of {len(configs)} models of chapter {chapter} are not trained yet "
            f"({', '.join(missing[:3])}): run '{command_for(run, chapter)}' first, in a terminal"
        )
    return [one for one in found if one is not None]


def number(run: Run, chapter: str, key: str) -> Any:
    """A number that a chapter quoted in this run.

    Parameters
    ----------
    run : Run
        The open run.
    chapter : str
        Its number, of two digits.
    key : str
        As given to `Run.quote`.

    Returns
    -------
    float, int or str
        The value, not its text.

    Raises
    ------
    NotRunYet
        If the chapter did not run, or did not quote it.
    """
    return _record(run, chapter, key)["value"]


def quoted_number(run: Run, chapter: str, key: str) -> Any:
    """As `number`, with its interval where it has one: then it is an `Estimate`.

    Raises
    ------
    NotRunYet
        If the chapter did not run.
    NotHere
        If it ran, and has no such number: of masks in a source without any, for example.
    """
    try:
        record = _record(run, chapter, key)
    except NotRunYet:
        if not any((run.folder / "numbers").glob(f"{chapter}_*.json")):
            raise
        raise NotHere(f"chapter {chapter} gives no number {key!r} in it") from None
    if "low" not in record:
        return record["value"]
    value, low, high = (
        float("nan") if record[name] is None else record[name] for name in ("value", "low", "high")
    )
    return Estimate(value, low, high, record["n"])


def _record(run: Run, chapter: str, key: str) -> dict[str, Any]:
    for path in sorted((run.folder / "numbers").glob(f"{chapter}_*.json")):
        for record in read_json(path):
            if record["key"] == key:
                return dict(record)
    where = run.folder.relative_to(ROOT) if run.folder.is_relative_to(ROOT) else run.folder
    raise NotRunYet(
        f"{where} has no number {key!r} of chapter {chapter}: run '{command_for(run, chapter)}' "
        "first, in a terminal"
    )


def once(run: Run, key: Any, compute: Any) -> Any:
    """What `compute` gives, computed once a process for a run; not to be changed by callers."""
    kept = _kept.setdefault(run, {})
    if key not in kept:
        kept[key] = compute()
    return kept[key]
