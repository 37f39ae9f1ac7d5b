"""Epochs: a compiled network goes once through the batches of a stage, under any backend."""

from __future__ import annotations

from typing import Any

import numpy as np

from helpers.training.configuration import Stage
from helpers.training.schedules import cosine_rate


def build_metrics(network: Any, batches: Any) -> None:
    """Create the variables of a compiled network's metrics before its first epoch.

    Under JAX and torch, Keras would take the first batch to find their shapes. A sequence
    with workers does not get it back: the epoch would begin with the second batch, and after
    that repeat or lose some, depending on how far the workers had come.

    Parameters
    ----------
    network : keras.Model
        Compiled.
    batches : keras.utils.PyDataset
        As made by `helpers.training.batches.make_batches`.
    """
    import keras

    if keras.backend.backend() == "tensorflow":  # which leaves the sequence alone
        return
    inputs, y, weights = batches[0]
    y_pred = keras.tree.map_structure(lambda _: y, network.output)
    network.compute_loss(inputs, y, y_pred, weights)
    network.compute_metrics(inputs, y, y_pred, weights)
    network.reset_metrics()


def fit_epoch(network: Any, batches: Any, callbacks: list[Any]) -> dict[str, float]:
    """Train a compiled network on the batches of one epoch.

    Parameters
    ----------
    network : keras.Model
        With a metric named "accuracy", and built metrics.
    batches : keras.utils.PyDataset
        As made by `helpers.training.batches.make_batches`.
    callbacks : list of keras.callbacks.Callback
        Of which the batches left out of the sequence call ``on_train_batch_begin`` alone.

    Returns
    -------
    dict of str to float
        ``loss`` and ``accuracy``, means over the images of the epoch.
    """
    parts: list[tuple[int, float, float]] = []
    if len(batches):
        history = network.fit(batches, epochs=1, callbacks=callbacks, verbose=0, shuffle=False)
        logs = {name: values[0] for name, values in history.history.items()}
        parts.append((batches.n_even_images, logs["loss"], logs["accuracy"]))
    for index in batches.uneven:
        for callback in callbacks:
            callback.set_model(network)
            callback.on_train_batch_begin(index)
        network.reset_metrics()
        batch = batches[index]
        logs = network.train_on_batch(*batch, return_dict=True)
        parts.append((len(batch[1]), float(logs["loss"]), float(logs["accuracy"])))
    if len(parts) == 1:
        return {"loss": parts[0][1], "accuracy": parts[0][2]}
    n_images, loss, accuracy = np.array(parts).T
    return {
        "loss": float(np.average(loss, weights=n_images)),
        "accuracy": float(np.average(accuracy, weights=n_images)),
    }


def make_cosine(stage: Stage, batches: Any) -> Any:
    """Callback that sets the learning rate of each step along half a cosine.

    Parameters
    ----------
    stage : Stage
        Gives the first rate and the epochs.
    batches : keras.utils.PyDataset
        As made by `helpers.training.batches.make_batches`; its `epoch` counts.

    Returns
    -------
    keras.callbacks.Callback
    """
    import keras

    class CosineDecay(keras.callbacks.Callback):  # type: ignore[misc]
        def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
            if batch % batches.accumulation:
                return
            step = batches.epoch * batches.n_steps + batch // batches.accumulation
            total = stage.epochs * batches.n_steps
            # Asking for self.model is what takes JAX's state into account.
            self.model.optimizer.learning_rate = cosine_rate(stage, step, total)

    return CosineDecay()
