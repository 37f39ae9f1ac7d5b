"""What exercises take from a finished run: trials of the cache, quoted numbers; no training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import pandas as pd

from helpers.core import ROOT, ConfigError, digest, name_some, read_json, sha256_file
from helpers.exercises.exercise import NotHere
from helpers.statistics import Estimate
from helpers.training import Trial, TrialConfig, find_trial

if TYPE_CHECKING:
    from helpers.notebook import Run

_kept: WeakKeyDictionary[Any, dict[Any, Any]] = WeakKeyDictionary()


class NotRunYet(ConfigError):  # noqa: N818, it is no error but a fact about a run
    """What an exercise is about has not been computed; the message says what to run first."""


def command_for(run: Run, chapter: str) -> str:
    """The command that computes a chapter of this run."""
    words = ["dermbook report", run.profile.name]
    if run.folder.name != run.profile.name:
        words.append(f"--run {quote(run.folder.name)}")
    if run.source.name != run.profile.source:
        known = run.source.name in ("sample", "ham10000")
        words.append(f"--source {run.source.name if known else quote(str(run.source.folder))}")
    if run.max_images != run.profile.max_images:
        words.append(f"--max-images {run.max_images}")
    if run.seed != run.profile.seed:
        words.append(f"--seed {run.seed}")
    if run.split_file is not None and str(run.split_file) != str(run.profile.split_file):
        words.append(f"--split {quote(str(run.split_file))}")
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
        _check_same(run)
        raise NotRunYet(
            f"{len(missing)} of {len(configs)} models of chapter {chapter} are not trained yet "
            f"({name_some(missing, 3)}): run '{command_for(run, chapter)}' first, in a terminal"
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
        If the chapter did not run to its end, or the run's folder holds another run.
    NotHere
        If it ran, and has no such number: of masks in a source without any, for example.
    """
    _check_same(run)
    try:
        record = _record(run, chapter, key)
    except NotRunYet:
        if not _ended(run, chapter):
            raise
        raise NotHere(f"chapter {chapter} gives no number {key!r} in it") from None
    if "low" not in record:
        return record["value"]
    value, low, high = (
        float("nan") if record[name] is None else record[name] for name in ("value", "low", "high")
    )
    return Estimate(value, low, high, record["n"])


def _ended(run: Run, chapter: str) -> bool:
    """Whether the report's runner saw the chapter end, with the numbers that are there now."""
    for path in (run.folder / "state").glob(f"{chapter}_*.json"):
        numbers = run.folder / "numbers" / path.name
        return bool(
            numbers.is_file() and read_json(path)["sha256"].get("numbers") == sha256_file(numbers)
        )
    return False


def _record(run: Run, chapter: str, key: str) -> dict[str, Any]:
    _check_same(run)
    for path in sorted((run.folder / "numbers").glob(f"{chapter}_*.json")):
        for record in read_json(path):
            if record["key"] == key:
                return dict(record)
    raise NotRunYet(
        f"{_where(run)} has no number {key!r} of chapter {chapter}: run "
        f"'{command_for(run, chapter)}' first, in a terminal"
    )


def _where(run: Run) -> Path:
    return run.folder.relative_to(ROOT) if run.folder.is_relative_to(ROOT) else run.folder


def _check_same(run: Run) -> None:
    """See that the run's folder holds no other run: its numbers would be of other images.

    Raises
    ------
    NotRunYet
        If it does.
    """
    kept = {
        name: read_json(path) if (path := run.folder / f"{name}.json").is_file() else None
        for name in ("source", "split", "manifest")
    }
    if not any(kept.values()):
        return
    source, split, manifest = kept["source"], kept["split"], kept["manifest"]
    profile = manifest["configuration"]["profile"]["name"] if manifest else run.profile.name
    asked = once(run, "records", lambda: (run.source_record(), run.split_record()))
    same = (
        profile == run.profile.name
        and source in (None, asked[0])
        and _divided_alike(split, asked[1])
    )
    if not same:
        raise NotRunYet(
            f"{_where(run)} holds a run {_told(profile, source or asked[0], split or asked[1])}, "
            f"and this notebook opened one {_told(run.profile.name, *asked)}. Give the parameters "
            'at the top what that run had, or another folder, as in run_folder = "runs/real"'
        )


def _divided_alike(kept: Mapping[str, Any] | None, asked: Mapping[str, Any]) -> bool:
    """Whether two records of a split are of the same; its file may have another path."""
    return kept is None or {**kept, "file": None} == {**asked, "file": None}


def _told(profile: str, source: Mapping[str, Any], split: Mapping[str, Any]) -> str:
    """A run in some words: "of profile real on HAM10000, 10015 images divided by seed 0"."""
    by = split["file"] or f"seed {split['seed']}"
    images = f"{source['n_images']} images divided by {by}"
    return f"of profile {profile} on {source['title']}, {images}"


def once(run: Run, key: Any, compute: Any) -> Any:
    """What `compute` gives, computed once a process for a run; not to be changed by callers."""
    kept = _kept.setdefault(run, {})
    if key not in kept:
        kept[key] = compute()
    return kept[key]
