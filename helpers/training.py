"""Training: what happens inside a trial's process, from the image store to the trial's folder."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from helpers.augment import augment_batch
from helpers.classes import CLASSES, N_CLASSES
from helpers.files import atomic_file
from helpers.optimizers import make_adam
from helpers.trial_record import write_record
from helpers.trials import TABLE_COLUMNS, Stage, Task, TrialConfig

HISTORY_COLUMNS = [
    "stage",
    "epoch",
    "loss",
    "accuracy",
    "val_loss",
    "val_accuracy",
    "val_balanced_accuracy",
    "learning_rate",
    "seconds",
]
PREDICT_BATCH = 64

Emit = Callable[[dict[str, Any]], None]


def class_weights(
    y: NDArray[np.intp], kind: str, n_classes: int = N_CLASSES
) -> NDArray[np.float32]:
    """Weight of an image of each class.

    Parameters
    ----------
    y : ndarray of shape (n_samples,)
        Class indices of the training images.
    kind : {"none", "sqrt", "balanced"}
        1 for every class, or n_samples / (n_classes * count) to the power 1/2 or 1.
    n_classes : int, default=7
        Number of classes.

    Returns
    -------
    ndarray of shape (n_classes,)
        0 for a class without images.

    References
    ----------
    .. [1] King & Zeng, "Logistic regression in rare events data", Political Analysis, 2001;
       "balanced" of scikit-learn's ``compute_class_weight``.
    """
    counts = np.bincount(y, minlength=n_classes).astype(float)
    power = {"none": 0.0, "sqrt": 0.5, "balanced": 1.0}[kind]
    balanced = np.divide(len(y), n_classes * counts, out=np.zeros(n_classes), where=counts > 0)
    return np.where(counts > 0, balanced**power, 0.0).astype(np.float32)


def make_batches(
    config: TrialConfig,
    stage: int,
    images: NDArray[np.uint8],
    rows: NDArray[np.intp],
    y: NDArray[np.intp],
) -> Any:
    """Batches of one stage as a ``keras.utils.PyDataset``.

    Parameters
    ----------
    config : TrialConfig
        Gives augmentation, class weights, batch size and seed.
    stage : int
        Index of the stage.
    images : ndarray of shape (n_images, height, width, 3), uint8
        The image store.
    rows : ndarray of shape (n_train,)
        Rows of the training images.
    y : ndarray of shape (n_images,)
        Class indices.

    Returns
    -------
    keras.utils.PyDataset
        Batches of (pixels as float32 in 0..255, one-hot classes, sample weights). Order and
        augmentation depend on (seed, stage, epoch) alone, not on threads.
    """
    import keras

    batch_size = config.stages[stage].batch_size
    weights = class_weights(y[rows], config.class_weight)
    one_hot = np.eye(N_CLASSES, dtype=np.float32)

    class Batches(keras.utils.PyDataset):  # type: ignore[misc]
        epoch = 0

        def __len__(self) -> int:
            return -(-len(rows) // batch_size)

        def __getitem__(self, index: int) -> tuple[NDArray[Any], ...]:
            order = np.random.default_rng([config.seed, stage, self.epoch]).permutation(rows)
            batch = order[index * batch_size : (index + 1) * batch_size]
            seed = (config.seed, stage, self.epoch)
            pixels = augment_batch(images[batch], config.augmentation, batch, seed)
            return pixels.astype(np.float32), one_hot[y[batch]], weights[y[batch]]

        def on_epoch_end(self) -> None:
            self.epoch += 1

    return Batches(workers=min(2, os.cpu_count() or 1), max_queue_size=8)


def predict(model: Any, images: NDArray[np.uint8], rows: NDArray[np.intp]) -> NDArray[np.float32]:
    """Probabilities of the images in `rows`, shape (len(rows), n_classes)."""
    parts = [
        np.asarray(model.predict_on_batch(images[rows[first : first + PREDICT_BATCH]].astype("f4")))
        for first in range(0, len(rows), PREDICT_BATCH)
    ]
    return np.concatenate(parts)


def validation_scores(
    y_true: NDArray[np.intp], y_prob: NDArray[np.floating[Any]]
) -> dict[str, float]:
    """Cross-entropy, accuracy and balanced accuracy of one epoch.

    Parameters
    ----------
    y_true : ndarray of shape (n_samples,)
        Class indices.
    y_prob : ndarray of shape (n_samples, n_classes)
        Probabilities.

    Returns
    -------
    dict of str to float
        ``val_loss``, ``val_accuracy`` and ``val_balanced_accuracy`` (over the classes that
        occur).
    """
    chosen = np.clip(y_prob[np.arange(len(y_true)), y_true], 1e-7, 1.0)
    hit = y_prob.argmax(axis=1) == y_true
    recalls = [hit[y_true == label].mean() for label in np.unique(y_true)]
    return {
        "val_loss": float(-np.log(chosen).mean()),
        "val_accuracy": float(hit.mean()),
        "val_balanced_accuracy": float(np.mean(recalls)),
    }


class _Progress:
    """Keeps history and best weights while stages come and go."""

    def __init__(self, task: Task, emit: Emit, validate: Callable[[], dict[str, float]]) -> None:
        self.task, self.emit, self.validate = task, emit, validate
        self.rows: list[dict[str, float]] = []
        self.best: dict[str, float] | None = None
        self.weights: list[NDArray[Any]] = []
        self.sign = -1.0 if task.config.monitor == "val_loss" else 1.0

    def end_epoch(self, model: Any, stage: int, logs: dict[str, Any], seconds: float) -> None:
        logs.update(self.validate())
        row = {
            **{name: float(logs[name]) for name in HISTORY_COLUMNS if name in logs},
            "stage": stage + 1,
            "epoch": len(self.rows) + 1,
            "learning_rate": float(np.asarray(model.optimizer.learning_rate)),
            "seconds": seconds,
        }
        self.rows.append(row)
        self.write_history(self.task.work / "history.csv")
        monitor = self.task.config.monitor
        if self.best is None or self.sign * row[monitor] > self.sign * self.best[monitor]:
            self.best, self.weights = row, model.get_weights()
        text = (
            f"epoch {row['epoch']:.0f}/{self.task.config.epochs}, loss {row['loss']:.3f}, "
            f"validation accuracy {row['val_accuracy']:.3f}"
        )
        self.emit(
            {
                "kind": "epoch",
                "done": len(self.rows),
                "total": self.task.config.epochs,
                "text": text,
            }
        )

    def write_history(self, path: Path) -> None:
        with atomic_file(path) as temporary:
            pd.DataFrame(self.rows)[HISTORY_COLUMNS].to_csv(temporary, index=False)


def cosine_rate(stage: Stage, step: int, n_steps: int) -> float:
    """Learning rate at a step (from 0) of a stage of `n_steps` steps in all.

    >>> stage = Stage(learning_rate=1.0, decay="cosine")
    >>> [round(cosine_rate(stage, step, 4), 3) for step in range(4)]
    [1.0, 0.854, 0.5, 0.146]
    """
    return float(stage.learning_rate * 0.5 * (1 + np.cos(np.pi * step / n_steps)))


def _make_decay(config: TrialConfig, index: int, steps_an_epoch: int) -> Any:
    import keras

    stage = config.stages[index]
    if stage.decay == "plateau":
        return keras.callbacks.ReduceLROnPlateau(
            config.monitor,
            factor=config.reduce_lr_factor,
            patience=config.reduce_lr_patience,
            mode="min" if config.monitor == "val_loss" else "max",
        )

    class CosineDecay(keras.callbacks.Callback):  # type: ignore[misc]
        step = 0

        def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
            rate = cosine_rate(stage, self.step, stage.epochs * steps_an_epoch)
            self.model.optimizer.learning_rate = rate
            self.step += 1

    return CosineDecay()


def _make_callbacks(
    config: TrialConfig, stage: int, steps_an_epoch: int, progress: _Progress, logs: Path
) -> list[Any]:
    """Validation first, so that the callbacks behind it see its numbers."""
    import keras

    class Validation(keras.callbacks.Callback):  # type: ignore[misc]
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            self.started = time.perf_counter()

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            seconds = time.perf_counter() - self.started
            progress.end_epoch(self.model, stage, logs, seconds)

    mode = "min" if config.monitor == "val_loss" else "max"
    callbacks = [
        Validation(),
        keras.callbacks.EarlyStopping(
            config.monitor, patience=config.early_stopping_patience, mode=mode
        ),
        _make_decay(config, stage, steps_an_epoch),
    ]
    if keras.backend.backend() == "tensorflow":
        callbacks.append(
            keras.callbacks.TensorBoard(logs / f"stage_{stage + 1}", write_graph=False)
        )
    return callbacks


def _seed_everything(seed: int) -> None:
    import keras

    keras.utils.set_random_seed(seed)
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        tf.config.experimental.enable_op_determinism()


def train(task: Task, emit: Emit) -> None:
    """Train one trial and put its finished folder in place.

    Parameters
    ----------
    task : Task
        What to train from what; ``task.work`` must exist and is renamed to ``task.folder``.
    emit : callable
        Gets an event at the start, after each epoch and at the end.

    Raises
    ------
    ConfigError
        If the model cannot be built.
    """
    started = time.perf_counter()
    config = task.config
    table = pd.read_parquet(task.table)
    images = np.load(task.images, mmap_mode="r")
    y = table["y_true"].to_numpy()
    rows = {name: np.flatnonzero(table["split"] == name) for name in ("train", "valid", "test")}
    emit({"kind": "start", "done": 0, "total": config.epochs, "text": "building the model"})
    _seed_everything(config.seed)

    import keras

    from helpers.models import build_model, set_trainable

    imported = time.perf_counter()
    model = build_model(
        config.backbone,
        config.image_size,
        weights=config.weights,
        weights_dir=config.weights_dir,
        head=config.head,
        dropout=config.dropout,
        batch_norm_momentum=config.batch_norm_momentum,
    )
    # Never compiled: its trace stays when stages recompile, and its file has no optimizer.
    predictor = keras.Model(model.inputs, model.outputs, name=model.name)
    built = time.perf_counter()
    progress = _Progress(
        task,
        emit,
        lambda: validation_scores(y[rows["valid"]], predict(predictor, images, rows["valid"])),
    )
    for index, stage in enumerate(config.stages):
        if index > 0:
            model.set_weights(progress.weights)
        set_trainable(model, stage.trainable)
        _fit(model, stage, index, make_batches(config, index, images, rows["train"], y), progress)
    model.set_weights(progress.weights)
    trained = time.perf_counter()
    predicted = np.concatenate([rows["valid"], rows["test"]])
    y_prob = predict(predictor, images, predicted)
    _write_predictions(task.work / "predictions.parquet", table.iloc[predicted], y_prob)
    predictor.save(task.work / "model.keras")
    finished = time.perf_counter()
    seconds = {
        "import": imported - started,
        "build": built - imported,
        "train": trained - built,
        "predict_and_save": finished - trained,
        "total": finished - started,
    }
    write_record(task, model, progress.rows, progress.best, seconds, n_train=len(rows["train"]))
    os.replace(task.work, task.folder)
    emit(
        {
            "kind": "done",
            "done": len(progress.rows),
            "total": config.epochs,
            "text": f"{len(progress.rows)} epochs in {seconds['total']:.0f} s",
        }
    )


def _fit(model: Any, stage: Stage, index: int, batches: Any, progress: _Progress) -> None:
    import keras

    # All variables exist before the first step: a step that creates some is traced twice.
    optimizer = make_adam(stage.learning_rate)
    optimizer.build(model.trainable_variables)
    model.compile(
        optimizer=optimizer,
        loss="categorical_crossentropy",
        metrics=[keras.metrics.CategoricalAccuracy(name="accuracy")],
        jit_compile=False,
    )
    task = progress.task
    logs = task.work / "tensorboard"
    callbacks = _make_callbacks(task.config, index, len(batches), progress, logs)
    model.fit(batches, epochs=stage.epochs, callbacks=callbacks, verbose=0, shuffle=False)


def _write_predictions(path: Path, rows: pd.DataFrame, y_prob: NDArray[np.floating[Any]]) -> None:
    table = rows[TABLE_COLUMNS].reset_index(drop=True)
    for index, dx in enumerate(CLASSES):
        table[f"p_{dx}"] = y_prob[:, index].astype(np.float64)
    with atomic_file(path) as temporary:
        table.to_parquet(temporary, index=False)
