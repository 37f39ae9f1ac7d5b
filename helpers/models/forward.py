"""What a model gives for batches, however many inputs are in each."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from helpers.models.backends import place


class Forward:
    """A model without training: dropout off, batch normalisations by their running statistics.

    It is traced once, however large the batches are, and follows the model's weights.

    Parameters
    ----------
    model : keras.Model
        With one input and one output.
    fill : int
        Where a framework compiles for each size anew (JAX), smaller batches are filled up with
        zeros to so many inputs, which takes less time than to compile again.
    """

    def __init__(self, model: Any, fill: int) -> None:
        import keras

        self.model, self.fill = model, fill
        self._traced = None
        if keras.backend.backend() == "tensorflow":
            import tensorflow as tf

            signature = [tf.TensorSpec((None, *model.inputs[0].shape[1:]), tf.float32)]
            self._traced = tf.function(
                lambda batch: model(batch, training=False),
                input_signature=signature,
                autograph=False,
            )

    def __call__(self, batch: NDArray[Any]) -> NDArray[np.float32]:
        """Outputs of a batch of shape (n_samples, ...), whatever its type."""
        batch = np.asarray(batch, dtype=np.float32)
        if self._traced is not None:
            return np.asarray(self._traced(batch))
        missing = max(0, self.fill - len(batch))
        filled = np.pad(batch, [(0, missing)] + [(0, 0)] * (batch.ndim - 1))
        return np.asarray(self.model.predict_on_batch(place(filled)))[: len(batch)]
