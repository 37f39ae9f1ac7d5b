"""Writing ``data/reference`` from finished runs, or from folders of trials."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from helpers.core import (
    ConfigError,
    DataError,
    atomic_folder,
    cache_home,
    digest,
    folder_bytes,
    read_json,
    readable_bytes,
    sha256_file,
    write_json,
)
from helpers.evaluation import kept_views
from helpers.reference.study import (
    FORMAT,
    IMAGES,
    LIMIT_BYTES,
    MANIFEST,
    REFERENCE,
    Study,
    most_probable,
    open_study,
)
from helpers.training import Trial, TrialConfig

FACTS = ("dx_type", "age", "sex", "localization", "dataset")
"""What a source knows of an image besides its lesion and diagnosis; subgroups are made by it."""

KEPT = ("engine", "epochs", "best", "n_train", "parameters", "seconds", "versions")
"""What of ``trial.json`` goes into the manifest."""

READ = ("predictions.parquet", "history.csv")
"""Files of a trial that are read."""

DIGITS = (5, 7, 10, 17)
"""Significant digits of probabilities: the fewest that leave every image its predicted class."""


TABLES = ("07_grad_cam-mass.csv", "07_grad_cam-criterion.csv")
"""Tables of a run that are kept as it made them: what takes images and models to make again."""


@dataclass(frozen=True)
class Group:
    """Trials that belong together: those of a chapter.

    Attributes
    ----------
    name : str
        That of the chapter, or of the folder.
    trials : tuple of Trial
        Finished ones, by the names that the chapter gives them.
    """

    name: str
    trials: tuple[Trial, ...]


def find_groups(folder: Path, trials_folder: Path | None = None) -> list[Group]:
    """Find the trials of a finished run by chapter, or all trials of a folder.

    Parameters
    ----------
    folder : Path
        A run's folder, which names its trials in ``trials/*.json``; or a folder of trials, which
        make one group of its name.
    trials_folder : Path, optional
        Where the trials of a run are; the cache's where None.

    Returns
    -------
    list of Group
        A trial that several chapters read by one name belongs to the first of them; by another
        name it is theirs too.

    Raises
    ------
    ConfigError
        If the folder is neither, or a trial that the run names is missing or damaged.
    """
    named = sorted((folder / "trials").glob("*.json"))
    if named:
        place = trials_folder or cache_home() / "trials"
        seen: set[tuple[str, str]] = set()
        groups = []
        for path in named:
            rows = [row for row in read_json(path) if (row["key"], row["name"]) not in seen]
            seen |= {(row["key"], row["name"]) for row in rows}
            if rows:
                trials = tuple(_open_trial(place / row["key"], row["name"]) for row in rows)
                groups.append(Group(path.stem, trials))
        return groups
    found = sorted(path.parent for path in folder.glob("*/trial.json") if path.parent.suffix == "")
    if not found:
        raise ConfigError(
            f"{folder}: expected a finished run (with trials/*.json) or a folder of trials but "
            "got neither; name one of them"
        )
    return [Group(folder.resolve().name, tuple(_open_trial(path) for path in found))]


def find_tables(folder: Path) -> list[Path]:
    """Those of `TABLES` that a run's folder has."""
    return [path for name in TABLES if (path := folder / "tables" / name).is_file()]


def _open_trial(folder: Path, name: str | None = None) -> Trial:
    try:
        record = read_json(folder / "trial.json")
        # The model is not looked at: a folder that came from another machine may be without it.
        whole = all(sha256_file(folder / file) == record["sha256"][file] for file in READ)
        config = TrialConfig(**record["config"])
    except (OSError, ValueError, KeyError, TypeError):
        whole = False
    if not whole:
        raise ConfigError(
            f"{folder}: expected a finished trial but it is missing or its files have changed; "
            "run the chapter again"
        )
    return Trial(folder, config if name is None else config.model_copy(update={"name": name}))


def collect(
    groups: Sequence[Group],
    source: Mapping[str, Any],
    catalogue: pd.DataFrame | None = None,
    folder: Path = REFERENCE,
    tables: Sequence[Path] = (),
) -> Study:
    """Write the splits, predictions and histories of trials as a reference study.

    Where a trial was asked about several views of its images, those predictions are kept too.

    Parameters
    ----------
    groups : sequence of Group
        In the order of the results.
    source : mapping
        What the images are: ``title``, ``drawn`` and so on, as a run's ``source.json``.
    catalogue : DataFrame, optional
        Whose `FACTS` are kept, for subgroups; without it there are none.
    folder : Path
        Replaced as a whole when all is written.
    tables : sequence of Path
        CSV files that are kept as they are; of equal names the first.

    Returns
    -------
    Study

    Raises
    ------
    ConfigError
        If there is no trial.
    DataError
        If trials disagree about an image's lesion or diagnosis, or the study is larger than
        `LIMIT_BYTES`.
    """
    trials = {trial.folder.name: trial for group in groups for trial in group.trials}
    if not trials:
        raise ConfigError("reference: expected finished trials but got none; run the chapters")
    images = _image_table(list(trials.values()), catalogue)
    with atomic_folder(folder) as place:
        for name in ("splits", "predictions"):
            (place / name).mkdir()
        _write(images, place / IMAGES)
        records = {key: _write_trial(trial, place) for key, trial in trials.items()}
        histories = [trial.history.assign(key=key) for key, trial in trials.items()]
        _write(pd.concat(histories), place / "histories.csv.xz", digits=6)
        for path in reversed(tables):
            (place / "tables").mkdir(exist_ok=True)
            shutil.copyfile(path, place / "tables" / path.name)
        manifest = {
            "format": FORMAT,
            "source": dict(source),
            "groups": [
                {
                    "name": group.name,
                    "trials": [{"key": t.folder.name, "name": t.name} for t in group.trials],
                }
                for group in groups
            ],
            "trials": records,
            "files": {
                path.relative_to(place).as_posix(): sha256_file(path)
                for path in sorted(place.rglob("*.*"))
            },
        }
        write_json(place / MANIFEST, manifest)
        size = folder_bytes(place)
        if size > LIMIT_BYTES:
            raise DataError(
                f"{folder}: expected at most {readable_bytes(LIMIT_BYTES)} but {len(trials)} "
                f"trials take {readable_bytes(size)}; collect fewer runs"
            )
    return open_study(folder)


def _image_table(trials: Sequence[Trial], catalogue: pd.DataFrame | None) -> pd.DataFrame:
    """Lesion and diagnosis of every image that a trial names, with what the catalogue adds."""
    columns = ["image_id", "lesion_id", "dx"]
    tables = [table[columns].astype(str) for trial in trials for table in _tables(trial)]
    images = pd.concat(tables).drop_duplicates()
    torn = sorted(images.loc[images["image_id"].duplicated(), "image_id"])
    if torn:
        raise DataError(
            f"expected one lesion and diagnosis of each image but trials disagree on {len(torn)} "
            f"({', '.join(torn[:5])}); collect trials of one source"
        )
    if catalogue is not None:
        known = catalogue[["image_id", *FACTS]]
        absent = sorted(set(images["image_id"]) - set(known["image_id"]))
        if absent:
            raise DataError(
                f"expected every image in the source but {len(absent)} are not "
                f"({', '.join(absent[:5])}); name the source that was trained on"
            )
        images = images.merge(known, on="image_id", how="left", validate="one_to_one")
    return images.sort_values("image_id", ignore_index=True)


def _tables(trial: Trial) -> list[pd.DataFrame]:
    beside = trial.folder.with_name(f"{trial.folder.name}.parquet")
    tables = [trial.predictions]
    return [*tables, pd.read_parquet(beside)] if beside.is_file() else tables


def _write_trial(trial: Trial, place: Path) -> dict[str, Any]:
    divided = _tables(trial)[-1][["image_id", "split"]].astype(str)
    divided = divided.sort_values("image_id", ignore_index=True)
    split = digest(divided.to_numpy().tolist(), 12)
    path = place / "splits" / f"{split}.csv.xz"
    if not path.exists():
        _write(divided, path)
    name = trial.folder.name
    _write_predictions(trial.predictions, trial, place / "predictions" / f"{name}.csv.xz")
    views = [table for part in ("valid", "test") if (table := _views(trial, part)) is not None]
    if views:
        path = place / "predictions" / f"{name}-views.csv.xz"
        _write_predictions(pd.concat(views), trial, path)
    record = {fact: trial.record[fact] for fact in KEPT if fact in trial.record}
    record |= {"views": True} if views else {}
    return {"config": trial.config.model_dump(mode="json"), "split": split, **record}


def _views(trial: Trial, split: str) -> pd.DataFrame | None:
    return kept_views(trial, split) if (trial.predictions["split"] == split).any() else None


def _write_predictions(predictions: pd.DataFrame, trial: Trial, path: Path) -> None:
    columns = ["image_id", "split", *(f"p_{name}" for name in trial.config.classes)]
    kept = predictions[columns].sort_values("image_id", ignore_index=True)
    for digits in DIGITS:
        _write(kept, path, digits)
        if (most_probable(pd.read_csv(path)) == most_probable(kept)).all():
            break


def _write(table: pd.DataFrame, path: Path, digits: int = 17) -> None:
    # XZ keeps no time of writing: equal tables give equal bytes.
    table.to_csv(
        path, index=False, float_format=f"%.{digits}g", lineterminator="\n", compression="xz"
    )
