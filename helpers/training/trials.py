"""Trials: one training each, named by the hash of all that it depends on.

A trial is a folder under ``cache_home()/trials``: ``model.keras``, ``history.csv``,
``predictions.parquet`` and ``trial.json``. Whoever asks for the same configuration on the same
catalogue and split gets that folder; nobody trains it twice.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from helpers.core import (
    ConfigError,
    cache_home,
    digest,
    read_json,
    sha256_file,
)
from helpers.dataset import ImageStore, fingerprint, open_store
from helpers.models import backend_name, load_model
from helpers.training.configuration import TrialConfig

ENGINE_VERSION = 10
"""Raised whenever the same configuration would train differently; old trials then retire."""

TABLE_COLUMNS = ["image_id", "lesion_id", "dx", "split", "y_true"]

Event = dict[str, Any]
OnEvent = Callable[[Event], None]


@dataclass(frozen=True)
class Trial:
    """A finished trial, read from its folder."""

    folder: Path
    config: TrialConfig

    @property
    def name(self) -> str:
        """What tables and pictures call it."""
        return self.config.name

    @cached_property
    def record(self) -> dict[str, Any]:
        """``trial.json``: seconds by phase, parameters, memory, versions, best epoch."""
        return dict(read_json(self.folder / "trial.json"))

    @cached_property
    def history(self) -> pd.DataFrame:
        """A row an epoch: stage, epoch, loss, accuracy, val_* and learning_rate, seconds."""
        return pd.read_csv(self.folder / "history.csv")

    @cached_property
    def predictions(self) -> pd.DataFrame:
        """A row an image of valid and test: image_id, lesion_id, split, dx, y_true, p_<class>.

        The classes are the target's: seven diagnoses, or benign and malignant.
        """
        return pd.read_parquet(self.folder / "predictions.parquet")

    def predictions_of(self, split: str) -> pd.DataFrame:
        """The predictions of one split.

        Raises
        ------
        ConfigError
            If the split was not predicted.
        """
        rows = self.predictions[self.predictions["split"] == split]
        if rows.empty:
            known = ", ".join(sorted(self.predictions["split"].unique()))
            raise ConfigError(f"{self.name}: expected one of the splits {known}, got {split!r}")
        return rows.reset_index(drop=True)

    def load_model(self) -> Any:
        """Load ``model.keras``: raw RGB pixels in, probabilities out."""
        return load_model(self.folder / "model.keras")

    @cached_property
    def model(self) -> Any:
        """The same, loaded once and kept with this trial, and with what was traced of it."""
        return self.load_model()


@dataclass(frozen=True)
class Task:
    """What an executor is given: where to train what, from which images.

    Attributes
    ----------
    key : str
        Name of the trial's folder.
    config : TrialConfig
        What to train.
    table : Path
        Parquet file of `TABLE_COLUMNS`.
    images : Path
        ``.npy`` file of the image store, its rows in the table's order.
    folder : Path
        Where the finished trial goes.
    backend : {"tensorflow", "jax", "torch"}
        What Keras computes with.
    """

    key: str
    config: TrialConfig
    table: Path
    images: Path
    folder: Path
    backend: str = "tensorflow"

    @property
    def work(self) -> Path:
        """Folder of the training while it runs; renamed to `folder` when it has ended."""
        return self.folder.with_name(f"{self.key}.work")

    def payload(self) -> dict[str, Any]:
        """The task as JSON, for another process or machine."""
        return {
            "key": self.key,
            "config": self.config.model_dump(mode="json"),
            "table": str(self.table),
            "images": str(self.images),
            "folder": str(self.folder),
            "backend": self.backend,
        }

    @classmethod
    def from_payload(cls, payload: dict[str, Any]) -> Task:
        """The reverse of `payload`."""
        return cls(
            payload["key"],
            TrialConfig(**payload["config"]),
            Path(payload["table"]),
            Path(payload["images"]),
            Path(payload["folder"]),
            payload["backend"],
        )


def trial_key(config: TrialConfig, catalogue: pd.DataFrame) -> str:
    """Hash of a configuration, its catalogue and its split.

    Parameters
    ----------
    config : TrialConfig
        Its `name` and `weights_dir` do not count.
    catalogue : DataFrame
        With a `split` column.

    Returns
    -------
    str
        Backbone and 16 hexadecimal digits.

    Notes
    -----
    Keras' backend counts too: another framework draws other weights from the same seed and
    adds in another order, so the same configuration ends with other numbers. TensorFlow, the
    default, is left unsaid. The device does not count, nor the number of devices.
    """
    parts: dict[str, Any] = {
        "config": config.hashed(),
        "catalogue": fingerprint(catalogue),
        "split": digest([list(catalogue["image_id"]), [str(s) for s in catalogue["split"]]]),
        "engine": ENGINE_VERSION,
    }
    if (backend := backend_name()) != "tensorflow":
        parts["backend"] = backend
    return f"{config.backbone.lower()}-{digest(parts)}"


def find_trial(config: TrialConfig, catalogue: pd.DataFrame) -> Trial | None:
    """The finished trial of this configuration and data, or None.

    A folder whose files do not have the checksums that they were written with is not a
    finished trial.
    """
    folder = cache_home() / "trials" / trial_key(config, catalogue)
    return Trial(folder, config) if is_whole(folder) else None


def started_trial(key: str) -> Trial:
    """The finished trial that another begins with; see `TrialConfig.start`.

    Raises
    ------
    ConfigError
        If there is none of this key in the cache, or its files are damaged.
    """
    folder = cache_home() / "trials" / key
    if not is_whole(folder):
        raise ConfigError(
            f"start: expected the key of a finished trial, but {folder} is none; train it "
            "first ('dermbook trials' lists what there is), or leave start out"
        )
    return Trial(folder, TrialConfig(**read_json(folder / "trial.json")["config"]))


def is_whole(folder: Path) -> bool:
    """Whether a trial's folder holds all its files with the checksums of ``trial.json``."""
    try:
        checksums = read_json(folder / "trial.json")["sha256"]
        return all(sha256_file(folder / name) == value for name, value in checksums.items())
    except (OSError, KeyError, ValueError, TypeError, AttributeError):  # or JSON of another kind
        return False


def open_trial_store(config: TrialConfig, catalogue: pd.DataFrame) -> ImageStore:
    """Open the images of a catalogue as a trial's model wants them.

    Parameters
    ----------
    config : TrialConfig
        Gives size and equalisation.
    catalogue : DataFrame
        Whose images; see `helpers.dataset.image_store.open_store`.

    Returns
    -------
    ImageStore
        What to train on, predict from and explain.
    """
    return open_store(catalogue, config.image_size, config.clahe)
