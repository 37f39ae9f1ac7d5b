"""Training: what happens inside a trial's process, from the image store to the trial's folder.

After each epoch everything that the next one depends on is written to a checkpoint. A process
that dies is started again by its executor, and goes on from there.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from helpers.augmentation import augmented_network, augments_on_device
from helpers.core import atomic_file
from helpers.models import (
    AT_ONCE,
    backend_name,
    compiles,
    fast_layers,
    folded_calls,
    make_adam,
    seed_epoch,
    seed_everything,
    set_trainable,
    spread,
)
from helpers.training.batches import Augments, accumulation_of, make_batches
from helpers.training.checkpoints import (
    Checkpoint,
    load_best,
    load_checkpoint,
    remove_checkpoint,
)
from helpers.training.data import Data, load_data, validation_scores
from helpers.training.epochs import build_metrics, fit_epoch, make_cosine
from helpers.training.features import open_features
from helpers.training.losses import make_loss
from helpers.training.memory import memory_steps, micro_batch_limit
from helpers.training.networks import Network, open_network, set_values, values_of
from helpers.training.record import write_record
from helpers.training.schedules import is_better, is_over, plateau_rate
from helpers.training.trials import TABLE_COLUMNS, Task

HISTORY_COLUMNS = [
    "stage",
    "epoch",
    "loss",
    "accuracy",
    "val_loss",
    "val_accuracy",
    "val_balanced_accuracy",
    "val_top_3_accuracy",
    "learning_rate",
    "seconds",
]

Emit = Callable[[dict[str, Any]], None]


class StoppedError(Exception):
    """The training was asked to stop, and has: its last epoch is in the checkpoint."""


def train(task: Task, emit: Emit, stopping: Callable[[], bool] = lambda: False) -> int:
    """Train one trial, from its checkpoint if it has one, and put its folder in place.

    Parameters
    ----------
    task : Task
        What to train from what; ``task.work`` must exist and is renamed to ``task.folder``.
    emit : callable
        Gets an event at the start, after each epoch and at the end.
    stopping : callable, optional
        Asked after each epoch's checkpoint whether to stop there.

    Returns
    -------
    int
        Bytes of all variables of the network.

    Raises
    ------
    ConfigError
        If the model cannot be built.
    StoppedError
        If `stopping` said so.
    """
    started = time.perf_counter()
    config = task.config
    data = load_data(task)
    state = _open_checkpoint(task, emit)
    text = f"going on after epoch {len(state.rows)}" if state.rows else "building the model"
    emit({"kind": "start", "done": len(state.rows), "total": config.epochs, "text": text})
    seed_everything(config.seed)

    import keras

    imported = time.perf_counter()
    devices = _spread(task)
    network = open_network(config)
    model = network.model
    built = time.perf_counter()
    trainer = _Trainer(task, emit, stopping, data, network, state, devices)
    trainer.run()
    trained = time.perf_counter()
    predicted = np.concatenate([data.rows["valid"], data.rows["test"]])
    y_prob = trainer.predict(len(config.stages) - 1, predicted)
    predictions = data.table.iloc[predicted][TABLE_COLUMNS].reset_index(drop=True)
    for index, name in enumerate(config.classes):
        predictions[f"p_{name}"] = y_prob[:, index].astype(np.float64)
    with atomic_file(task.work / "predictions.parquet") as temporary:
        predictions.to_parquet(temporary, index=False)
    # Another model of the same layers, never compiled, whose file has no optimizer.
    keras.Model(model.inputs, model.outputs, name=model.name).save(task.work / "model.keras")
    finished = time.perf_counter()
    seconds = {
        "import": imported - started,
        "build": built - imported,
        "train": state.seconds,
        "predict_and_save": finished - trained,
    }
    seconds["total"] = sum(seconds.values())
    write_record(
        task,
        model,
        state.rows,
        state.best,
        seconds,
        n_train=len(data.rows["train"]),
        memory=memory_steps(task.work),
        devices=devices,
    )
    if task.folder.exists():  # a trial that was found damaged
        shutil.rmtree(task.folder)
    os.replace(task.work, task.folder)
    remove_checkpoint(task.folder)  # last, so that a kill before it loses no training
    emit(
        {
            "kind": "done",
            "done": len(state.rows),
            "total": config.epochs,
            "text": f"{len(state.rows)} epochs in {seconds['total']:.0f} s",
        }
    )
    return network.n_bytes


def probe(task: Task) -> None:
    """Take one step of each stage and predict one batch, to see whether they fit into memory.

    Raises
    ------
    Exception
        Whatever the framework raises when memory runs out.
    """
    data = load_data(task)
    seed_everything(task.config.seed)
    devices = _spread(task)
    opened = open_network(task.config)
    emit, stopping = lambda event: None, lambda: False
    trainer = _Trainer(task, emit, stopping, data, opened, Checkpoint(), devices)
    for index in range(len(task.config.stages)):
        network, batches, _ = trainer.prepare(index)
        with fast_layers(), folded_calls(trainer.model, learning=True):
            for part in range(batches.accumulation):
                network.train_on_batch(*batches[part])
    trainer.infer(data.rows["valid"][:AT_ONCE])


def _open_checkpoint(task: Task, emit: Emit) -> Checkpoint:
    try:
        state = load_checkpoint(task.work)
    except ValueError as error:
        remove_checkpoint(task.work)
        text = f"its checkpoint is damaged ({error}) and was removed; training from the start"
        emit({"kind": "damaged", "done": 0, "total": task.config.epochs, "text": text})
        state = None
    return state or Checkpoint()


def _spread(task: Task) -> int:
    """Devices among which the batches of all stages are divided."""
    limit = micro_batch_limit(task.work)
    sizes = []
    for stage in task.config.stages:
        size, rest = divmod(stage.batch_size, accumulation_of(stage.batch_size, limit))
        sizes.append(1 if rest else size)
    return spread(sizes)


class _Trainer:
    """Takes a model through its stages, epoch by epoch, from wherever its state is."""

    def __init__(
        self,
        task: Task,
        emit: Emit,
        stopping: Callable[[], bool],
        data: Data,
        network: Network,
        state: Checkpoint,
        devices: int,
    ) -> None:
        self.task, self.config = task, task.config
        self.emit, self.stopping = emit, stopping
        self.data, self.state, self.devices = data, state, devices
        self.network, self.model, self.head = network, network.model, network.head
        self.describe, self.classify = network.describe, network.classify
        self._features: NDArray[np.float32] | None = None
        self.clock = time.perf_counter()
        self.micro_batch = micro_batch_limit(task.work)

    def run(self) -> None:
        """Train what is left of the stages; the model ends with its best epoch's variables."""
        state = self.state
        reached = int(state.rows[-1]["stage"]) - 1 if state.rows else 0
        for index in range(reached, len(self.config.stages)):
            goes_on = bool(self._rows_of(index))
            if goes_on:
                set_values(self.model.variables, state.variables)
            elif state.best is not None:
                set_values(self.model.variables, load_best(self.task.work))
            if is_over(self.config, self.config.stages[index], self._rows_of(index)):
                self._set_trainable(index)  # the record counts what learnt
            else:
                self._run_stage(index, goes_on)
        set_values(self.model.variables, load_best(self.task.work))

    def _rows_of(self, index: int) -> list[dict[str, Any]]:
        return [row for row in self.state.rows if row["stage"] == index + 1]

    def infer(self, rows: NDArray[np.intp]) -> NDArray[np.float32]:
        """Probabilities of rows of the store."""
        described = self.describe.each(self.data.images, rows)
        return self.classify.each(described, np.arange(len(rows)))

    def predict(self, index: int, rows: NDArray[np.intp]) -> NDArray[np.float32]:
        """The same, in or after the stage of this index: of an untouched body from features."""
        if self._body_is_untouched(index):
            return self.classify.each(self.features(index), rows)
        return self.infer(rows)

    def features(self, index: int) -> NDArray[np.float32]:
        """What the frozen body of a stage gives for all rows of the store."""
        if not self._body_is_untouched(index):
            return self.describe.each(self.data.images, np.arange(len(self.data.images)))
        if self._features is None:
            self._features = open_features(self.task, self.data.images, self.describe)
        return self._features

    def _body_is_untouched(self, index: int) -> bool:
        return all(stage.trainable == "head" for stage in self.config.stages[: index + 1])

    def _set_trainable(self, index: int) -> None:
        stage = self.config.stages[index]
        set_trainable(self.model, stage.trainable, batch_norms=stage.batch_norms == "learn")

    def prepare(self, index: int) -> tuple[Any, Any, Any]:
        """Compiled network, batches and optimizer of a stage, as at its start."""
        import keras

        stage = self.config.stages[index]
        self._set_trainable(index)
        network, batches = self._network_and_batches(index)
        parts = batches.accumulation
        ready = self.network.ready(index, network, parts)
        if ready is not None:
            return network, batches, ready.optimizer
        # All variables exist before the first step: a step that creates some is traced twice.
        optimizer = make_adam(
            stage.learning_rate,
            weight_decay=stage.weight_decay,
            gradient_accumulation_steps=parts if parts > 1 else None,
        )
        optimizer.build(network.trainable_variables)
        network.compile(
            optimizer=optimizer,
            loss=make_loss(self.config, self.data.y[self.data.rows["train"]]),
            metrics=[keras.metrics.CategoricalAccuracy(name="accuracy")],
            jit_compile=compiles(),
        )
        build_metrics(network, batches)
        self.network.add(index, network, optimizer, parts)
        return network, batches, optimizer

    def _run_stage(self, index: int, goes_on: bool) -> None:
        stage = self.config.stages[index]
        started = time.perf_counter()  # the first epoch pays for features and traces
        network, batches, optimizer = self.prepare(index)
        if goes_on:
            set_values(optimizer.variables, self.state.optimizer)
        while not is_over(self.config, stage, rows := self._rows_of(index)):
            batches.epoch = len(rows)
            callbacks = []
            if stage.decay == "cosine":
                callbacks.append(make_cosine(stage, batches))
            else:
                optimizer.learning_rate = plateau_rate(self.config, stage, rows)
            seed_epoch(self.config.seed, index, len(rows))
            with fast_layers(), folded_calls(self.model, learning=True):
                logs = fit_epoch(network, batches, callbacks)
            self._end_epoch(index, optimizer, logs, time.perf_counter() - started)
            started = time.perf_counter()

    def _network_and_batches(self, index: int) -> tuple[Any, Any]:
        data, stage, augmentation = self.data, self.config.stages[index], self.config.augmentation
        rows = data.rows["train"]

        def batches(inputs: NDArray[Any], augments: Augments, through: Any = None) -> Any:
            return make_batches(
                self.config,
                index,
                inputs,
                rows,
                data.y,
                micro_batch=self.micro_batch,
                augments=augments,
                through=through,
                devices=self.devices,
            )

        if not augmentation.is_identity and augments_on_device():
            return augmented_network(self.model, augmentation), batches(data.images, "device")
        if stage.trainable != "head":
            return self.model, batches(data.images, "host")
        # Of a frozen body only what it gives is needed, and for unchanged pictures only once.
        if augmentation.is_identity:
            return self.head, batches(self.features(index), "no")
        if backend_name() != "tensorflow":  # others may not compute beside a training
            return self.model, batches(data.images, "host")
        return self.head, batches(data.images, "host", through=self.describe)

    def _end_epoch(
        self, index: int, optimizer: Any, logs: dict[str, float], seconds: float
    ) -> None:
        state, data = self.state, self.data
        valid = data.rows["valid"]
        y_prob = self.predict(index, valid)
        scores = validation_scores(data.y[valid], y_prob)
        row = {
            "stage": index + 1,
            "epoch": len(state.rows) + 1,
            **{name: float(value) for name, value in (logs | scores).items()},
            "learning_rate": float(next(values_of([optimizer.learning_rate]))),
            "seconds": seconds,
        }
        state.rows.append(row)
        state.variables = values_of(self.model.variables)
        state.optimizer = values_of(optimizer.variables)
        monitor = self.config.monitor
        if state.best is None or is_better(self.config, row[monitor], state.best[monitor]):
            state.best = row
        now = time.perf_counter()
        state.seconds += now - self.clock
        self.clock = now
        with atomic_file(self.task.work / "history.csv") as temporary:
            pd.DataFrame(state.rows)[HISTORY_COLUMNS].to_csv(temporary, index=False)
        state.save(self.task.work)
        _log_scalars(self.task.work / "tensorboard", row)
        text = (
            f"epoch {row['epoch']}/{self.config.epochs}, loss {row['loss']:.3f}, "
            f"validation accuracy {row['val_accuracy']:.3f}"
        )
        done, total = len(state.rows), self.config.epochs
        self.emit({"kind": "epoch", "done": done, "total": total, "text": text})
        if self.stopping():
            raise StoppedError


def _log_scalars(folder: Path, row: dict[str, Any]) -> None:
    """Add an epoch to the logs that TensorBoard shows; needs TensorFlow."""
    import keras

    if keras.backend.backend() != "tensorflow":
        return
    import tensorflow as tf

    with tf.summary.create_file_writer(str(folder)).as_default(step=row["epoch"]):
        for name in HISTORY_COLUMNS[2:]:
            tf.summary.scalar(f"epoch/{name}", row[name])
