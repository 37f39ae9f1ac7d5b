"""Trials as a run leaves them, whole enough for a reference study."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from helpers.core import sha256_file, write_json
from helpers.evaluation.test_time_augmentation import views_file
from helpers.training import Trial
from support.scored_trials import make_scored_trial

SOURCE = {"name": "made", "title": "Made-up images", "drawn": True}


def finish(trial: Trial, **facts: Any) -> Trial:
    """Give a scored trial what a training would have left beside its predictions."""
    epochs = np.arange(1, 4)
    history = pd.DataFrame({"stage": 1, "epoch": epochs, "loss": 1 / epochs})
    for name in ("val_loss", "accuracy", "val_accuracy", "val_balanced_accuracy"):
        history[name] = 0.5 + 0.1 * epochs
    history.to_csv(trial.folder / "history.csv", index=False)
    config = trial.config.model_copy(update={"name": trial.name, **facts})
    files = ("history.csv", "predictions.parquet")
    record = {
        "config": config.model_dump(mode="json"),
        "epochs": 3,
        "parameters": 1_234_567,
        "sha256": {name: sha256_file(trial.folder / name) for name in files},
    }
    write_json(trial.folder / "trial.json", record)
    return Trial(trial.folder, config)


def make_run(folder: Path, chapters: dict[str, dict[str, float]]) -> tuple[Path, Path]:
    """A run and its folder of trials: by chapter the trials' names and how good they are."""
    run, trials = folder / "run", folder / "trials"
    trials.mkdir(parents=True)
    for chapter, skills in chapters.items():
        rows = []
        for name, skill in skills.items():
            key = f"made-{name.lower().replace(' ', '').replace(',', '')}"
            if not (trials / key).exists():
                finish(make_scored_trial(trials, key, skill), name=name)
            rows.append({"name": name, "key": key, "epochs": 3, "seconds": 1.0})
        write_json(run / "trials" / f"{chapter}.json", rows)
    write_json(run / "source.json", SOURCE)
    return run, trials


def make_folds(folder: Path, by: str = "lesion", n_folds: int = 2) -> list[Trial]:
    """Models of folds: each holds out another part of the images, and all predict one test."""
    trials = []
    for number in range(n_folds):
        key = f"fold-{by}-{number + 1}"
        trial = make_scored_trial(folder, key, 0.6 + 0.1 * number)
        table = trial.predictions
        held_out = (table["split"] == "valid") & (np.arange(len(table)) % n_folds == number)
        table = table[held_out | (table["split"] == "test")].reset_index(drop=True)
        table.to_parquet(trial.folder / "predictions.parquet")
        made = Trial(trial.folder, trial.config)
        trials.append(finish(made, name=f"Fold {number + 1} by {by}"))
    return trials


def keep_views(trial: Trial, *splits: str) -> None:
    """Leave in a trial's folder what several views would say: the truth, a little more often."""
    columns = [f"p_{name}" for name in trial.config.classes]
    for split in splits:
        table = trial.predictions_of(split)
        truth = np.eye(len(columns))[table["y_true"]]
        table[columns] = 0.6 * table[columns].to_numpy() + 0.4 * truth
        table[["image_id", *columns]].to_parquet(views_file(trial, split), index=False)


def make_facts(trial: Trial) -> pd.DataFrame:
    """What a source knows of a trial's images."""
    images = trial.predictions[["image_id"]].copy()
    n = len(images)
    images["dx_type"] = np.where(np.arange(n) % 2, "histo", "consensus")
    images["age"] = np.where(np.arange(n) % 10, 45.0, np.nan)
    images["sex"] = np.where(np.arange(n) % 3, "female", "male")
    return images.assign(localization="back", dataset="")
