"""The optimizer of every training: Adam, in one operation a variable where TensorFlow has one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

UNDECAYED = ("bias", "gamma", "beta")
"""Names of variables that no weight decay shrinks: those that shift, and those that scale."""


def make_adam(learning_rate: float, *, weight_decay: float = 0.0, **options: Any) -> Any:
    """Adam for the backend in use, with decoupled weight decay where it is asked for.

    Under TensorFlow each variable is updated by ``ResourceApplyAdam``, a single operation with
    the formula of Keras' ten. A network of five hundred variables is then traced in half of
    the time, and its numbers agree to rounding.

    Parameters
    ----------
    learning_rate : float
        At the start.
    weight_decay : float, default=0.0
        As of ``keras.optimizers.AdamW``; see `helpers.training.configuration.Stage`.
    **options
        As of ``keras.optimizers.Adam``, such as ``gradient_accumulation_steps``.

    Returns
    -------
    keras.optimizers.Adam

    References
    ----------
    .. [1] Kingma & Ba, "Adam: a method for stochastic optimization", ICLR 2015, the form
       before section 2.1, whose epsilon is outside the bias correction.
    """
    import keras

    if weight_decay:
        options["weight_decay"] = weight_decay
    if keras.backend.backend() != "tensorflow":
        return _spare(keras.optimizers.Adam(learning_rate, **options), weight_decay)
    import tensorflow as tf

    class FusedAdam(keras.optimizers.Adam):  # type: ignore[misc]
        def _backend_update_step(
            self, grads: Sequence[Any], trainable_variables: Sequence[Any], learning_rate: Any
        ) -> None:
            step = tf.cast(self.iterations + 1, tf.float32)
            common = {
                "beta1_power": tf.pow(tf.cast(self.beta_1, tf.float32), step),
                "beta2_power": tf.pow(tf.cast(self.beta_2, tf.float32), step),
                "lr": tf.cast(learning_rate, tf.float32),
                "beta1": tf.cast(self.beta_1, tf.float32),
                "beta2": tf.cast(self.beta_2, tf.float32),
                "epsilon": tf.cast(self.epsilon, tf.float32),
            }
            for gradient, variable in zip(grads, trainable_variables, strict=True):
                place = self._get_variable_index(variable)
                tf.raw_ops.ResourceApplyAdam(
                    var=variable.value.handle,
                    m=self._momentums[place].value.handle,
                    v=self._velocities[place].value.handle,
                    grad=gradient,
                    **common,
                )

    return _spare(FusedAdam(learning_rate, **options), weight_decay)


def _spare(optimizer: Any, weight_decay: float) -> Any:
    if weight_decay:
        optimizer.exclude_from_weight_decay(var_names=list(UNDECAYED))
    return optimizer
