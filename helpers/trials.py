"""Trials: one training each, named by the hash of all that it depends on.

A trial is a folder under ``cache_home()/trials``: ``model.keras``, ``history.csv``,
``predictions.parquet`` and ``trial.json``. Whoever asks for the same configuration on the same
catalogue and split gets that folder; nobody trains it twice.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

from helpers.augment import Augmentation
from helpers.backends import backend_name
from helpers.catalogue import fingerprint
from helpers.classes import CLASS_INDEX
from helpers.errors import ConfigError
from helpers.files import atomic_file, cache_home, digest, read_json, sha256_file
from helpers.images import open_store
from helpers.models import Head
from helpers.splits import SPLITS, assert_grouped

ENGINE_VERSION = 4
"""Raised whenever the same configuration would train differently; old trials then retire."""

TABLE_COLUMNS = ["image_id", "lesion_id", "dx", "split", "y_true"]

Event = dict[str, Any]
OnEvent = Callable[[Event], None]


class Stage(BaseModel):
    """One stage of a training.

    Attributes
    ----------
    trainable : {"head", "all"} or int
        What learns: the head, everything, or the head and the backbone's last n layers.
    learning_rate : float
        Of Adam, at the stage's start.
    batch_size : int
        Images a step. Where memory does not hold them at once they go through the network in
        micro-batches whose gradients are averaged: the step stays the same, but for batch
        normalisations that learn, which then see the statistics of a micro-batch.
    epochs : int
        At most; early stopping may end the stage before.
    decay : {"plateau", "cosine"}
        How the learning rate falls: by a factor whenever the monitored score has stopped
        improving, or along half a cosine to nothing at the stage's last step. The second
        suits a short training from random weights: it ends with weights that hardly move, so
        that the running statistics of the batch normalisations fit them [1]_.

    References
    ----------
    .. [1] Loshchilov & Hutter, "SGDR: stochastic gradient descent with warm restarts",
       ICLR 2017, equation 5, without restarts.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    trainable: Literal["head", "all"] | int = "head"
    learning_rate: float = Field(1e-3, gt=0)
    batch_size: int = Field(64, ge=1)
    epochs: int = Field(10, ge=1)
    decay: Literal["plateau", "cosine"] = "plateau"


class TrialConfig(BaseModel):
    """All that decides a training, besides its data.

    Attributes
    ----------
    name : str
        What tables and pictures call it. Not part of the hash.
    backbone : str
        A name in `helpers.backbones.BACKBONES`.
    image_size : tuple of int
        (height, width) in pixels.
    weights : {"imagenet", "none"}
        Where the backbone starts.
    weights_dir : str or None
        Folder of Keras' weight files. Not part of the hash: the files are Keras' own.
    head, dropout
        See `helpers.models.build_model`.
    augmentation : Augmentation
        Of the training images.
    stages : tuple of Stage
        One after the other, each from the best epoch so far.
    class_weight : {"none", "sqrt", "balanced"}
        Weight of an image by its class: 1, or (n_samples / (n_classes * class count)) to the
        power 1/2 or 1.
    monitor : {"val_loss", "val_accuracy", "val_balanced_accuracy"}
        What picks the best epoch, stops early and lowers the learning rate.
    early_stopping_patience, reduce_lr_patience : int
        Epochs without a better `monitor` before the stage ends, or the rate is lowered.
    reduce_lr_factor : float
        What the learning rate is multiplied by then.
    batch_norm_momentum : float or None
        See `helpers.models.build_model`.
    precision : {"float32", "mixed_bfloat16", "mixed_float16"}
        Keras' dtype policy. The mixed ones compute in 16 bits and keep the weights in 32,
        which is faster on GPUs since Volta (float16) and Ampere (bfloat16), and not on CPUs.
    seed : int
        Of weights, order, augmentation and dropout.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    backbone: str
    image_size: tuple[int, int]
    weights: Literal["imagenet", "none"] = "none"
    weights_dir: str | None = None
    head: Head = "linear"
    dropout: float = Field(0.0, ge=0, lt=1)
    augmentation: Augmentation = Augmentation()
    stages: tuple[Stage, ...] = Field(min_length=1)
    class_weight: Literal["none", "sqrt", "balanced"] = "none"
    monitor: Literal["val_loss", "val_accuracy", "val_balanced_accuracy"] = "val_loss"
    early_stopping_patience: int = Field(5, ge=1)
    reduce_lr_patience: int = Field(3, ge=1)
    reduce_lr_factor: float = Field(0.5, gt=0, lt=1)
    batch_norm_momentum: float | None = Field(None, gt=0, lt=1)
    precision: Literal["float32", "mixed_bfloat16", "mixed_float16"] = "float32"
    seed: int = Field(0, ge=0)

    @property
    def epochs(self) -> int:
        """Most epochs that the stages can take together."""
        return sum(stage.epochs for stage in self.stages)


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
        """A row an image of valid and test: image_id, lesion_id, split, dx, y_true, p_<class>."""
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
        from helpers.models import load_model

        return load_model(self.folder / "model.keras")


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
    fields = config.model_dump(mode="json", exclude={"name", "weights_dir"})
    parts: dict[str, Any] = {
        "config": fields,
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


def is_whole(folder: Path) -> bool:
    """Whether a trial's folder holds all its files with the checksums of ``trial.json``."""
    try:
        checksums = read_json(folder / "trial.json")["sha256"]
        return all(sha256_file(folder / name) == value for name, value in checksums.items())
    except (OSError, KeyError, ValueError, TypeError, AttributeError):  # or JSON of another kind
        return False


def run_trials(
    configs: Sequence[TrialConfig],
    catalogue: pd.DataFrame,
    executor: Any = "local",
    progress: OnEvent | None = None,
    *,
    grouped: bool = True,
) -> list[Trial]:
    """Get trials from the cache, and train those that are not there.

    Parameters
    ----------
    configs : sequence of TrialConfig
        Returned in this order.
    catalogue : DataFrame
        With a `split` column of "train", "valid" and "test".
    executor : {"local"} or Executor, default="local"
        Who trains; see `helpers.executors`.
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
        If the catalogue has no usable split.
    DataError
        If `grouped` and a lesion is in two splits.
    TrialError
        If a training fails; finished ones stay in the cache.
    """
    from helpers.executors import find_executor

    _check_split(catalogue)
    if grouped:
        assert_grouped(catalogue)
    report = progress or (lambda event: None)
    runner = find_executor(executor)
    trials: dict[int, Trial] = {}
    missing: list[tuple[int, Task]] = []
    for index, config in enumerate(configs):
        found = find_trial(config, catalogue)
        if found is not None:
            report({"kind": "cached", "trial": config.name, "text": "from the cache"})
            trials[index] = found
        else:
            missing.append((index, prepare_task(config, catalogue)))
    if missing:
        runner.run([task for _, task in missing], report)
    for index, task in missing:
        trials[index] = Trial(task.folder, task.config)
    return [trials[index] for index in range(len(configs))]


def _check_split(catalogue: pd.DataFrame) -> None:
    found = set(catalogue["split"].astype(str)) if "split" in catalogue else set()
    if found != set(SPLITS):
        raise ConfigError(
            f"split: expected a column with {', '.join(SPLITS)}, got {sorted(found) or 'none'}; "
            "call split_catalogue first"
        )


def prepare_task(config: TrialConfig, catalogue: pd.DataFrame) -> Task:
    """Write what a training reads: the table and the image store."""
    key = trial_key(config, catalogue)
    store = open_store(catalogue, config.image_size)
    table = catalogue.assign(
        y_true=catalogue["dx"].astype(str).map(CLASS_INDEX).astype("int64"),
        split=catalogue["split"].astype(str),
    )[TABLE_COLUMNS]
    path = cache_home() / "trials" / f"{key}.parquet"
    with atomic_file(path) as temporary:
        table.to_parquet(temporary, index=False)
    folder = cache_home() / "trials" / key
    return Task(key, config, path, store.path, folder, backend_name())
