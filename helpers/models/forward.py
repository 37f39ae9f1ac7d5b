"""What a model gives for batches, however many inputs are in each."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from helpers.models.backends import place
from helpers.models.batch_norm_folding import folded_calls

AT_ONCE = 64
"""Inputs in the batches of `Forward.each`."""


class Forward:
    """A model without training: dropout off, batch normalisations by their running statistics.

    It is traced once, however large the batches are, and follows the model's weights.

    Parameters
    ----------
    model : keras.Model
        With one input and one output.
    """

    def __init__(self, model: Any) -> None:
        import keras

        self.model = model
        self._traced = None
        if keras.backend.backend() == "tensorflow":
            import tensorflow as tf

            signature = [tf.TensorSpec((None, *model.inputs[0].shape[1:]), tf.float32)]

            def infer(batch: Any) -> Any:
                with folded_calls(model):
                    return model(batch, training=False)

            self._traced = tf.function(infer, input_signature=signature, autograph=False)

    def __call__(self, batch: NDArray[Any]) -> NDArray[np.float32]:
        """Outputs of a batch of shape (n_samples, ...), whatever its type."""
        batch = np.asarray(batch, dtype=np.float32)
        if self._traced is not None:
            return np.asarray(self._traced(batch))
        # Others compile for each size anew: to compute some zeros takes less time.
        missing = max(0, AT_ONCE - len(batch))
        filled = np.pad(batch, [(0, missing)] + [(0, 0)] * (batch.ndim - 1))
        return np.asarray(self.model.predict_on_batch(place(filled)))[: len(batch)]

    def each(self, inputs: NDArray[Any], rows: NDArray[np.intp]) -> NDArray[np.float32]:
        """Outputs for the inputs of `rows`, batch by batch; an array of length len(rows)."""
        firsts = range(0, len(rows), AT_ONCE)
        return np.concatenate([self(inputs[rows[first : first + AT_ONCE]]) for first in firsts])


def predict(model: Any, inputs: NDArray[Any], rows: NDArray[np.intp]) -> NDArray[np.float32]:
    """What a model gives for the inputs of `rows`, an array of length len(rows).

    Its trace is kept with the model, for the next call.
    """
    if not hasattr(model, "_forward"):
        model._forward = Forward(model)
    return np.asarray(model._forward.each(inputs, rows))
