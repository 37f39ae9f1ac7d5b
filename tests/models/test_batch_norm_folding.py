"""Batch normalisations folded into convolutions: the same function, and no more than may go."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
import pytest

from helpers.models.batch_norm_folding import fold_batch_norms, folded_calls
from helpers.models.fast_layers import fast_layers
from helpers.models.forward import Forward


@pytest.fixture(scope="module")
def model() -> Any:
    """What may be folded, and beside it what may not; running statistics as after a training."""
    import keras
    from keras import layers

    keras.utils.set_random_seed(0)
    inputs = keras.Input((12, 12, 3))
    x = layers.Conv2D(8, 4, use_bias=False, name="stem")(inputs)
    x = stem = layers.ReLU()(layers.BatchNormalization(name="stem_bn")(x))
    x = layers.DepthwiseConv2D(5, padding="same", depth_multiplier=2, name="depth")(x)
    x = layers.BatchNormalization(scale=False, name="depth_bn")(x)
    x = layers.Conv2D(8, 1, name="project")(x)
    x = layers.BatchNormalization(center=False, name="project_bn")(x)
    x = layers.BatchNormalization(name="sum_bn")(layers.Add()([x, stem]))
    x = layers.Conv2D(4, 1, activation="relu", name="active")(x)
    x = layers.BatchNormalization(name="active_bn")(x)
    y = layers.Conv2D(4, 1, name="twice")(x)
    x = layers.Add()([layers.BatchNormalization(name="twice_bn")(y), y])
    model = keras.Model(inputs, layers.GlobalAveragePooling2D()(x))
    rng = np.random.default_rng(1)
    model.set_weights([rng.uniform(0.5, 1.5, value.shape) for value in model.get_weights()])
    return model


def test_folding_keeps_the_function_and_only_folds_what_it_may(model: Any) -> None:
    """Those alone behind a linear convolution go; the model itself is left as it was."""
    before = model.get_weights()
    folded = fold_batch_norms(model)
    expected = np.asarray(model(images(), training=False))
    np.testing.assert_allclose(folded(images(), training=False), expected, rtol=1e-5)
    left = [layer.name for layer in folded.layers if layer.name.endswith("_bn")]
    assert left == ["sum_bn", "active_bn", "twice_bn"]
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))


def images() -> Any:
    """Pictures of the model's size."""
    return np.random.default_rng(4).uniform(0, 255, (6, 12, 12, 3)).astype(np.float32)


def traced(model: Any, within: AbstractContextManager[None], **called: Any) -> Any:
    """What a model gives for pictures, its gradients, and its operations on maps, traced anew."""
    import tensorflow as tf

    names: list[str] = []

    @tf.function(autograph=False)
    def run(batch: Any) -> Any:
        with within, tf.GradientTape() as tape:
            y = model(batch, **called)
            n_values = float(y.shape.num_elements())
            loss = tf.reduce_sum(y * tf.cos(tf.reshape(tf.range(n_values), y.shape)))
        for operation in tf.compat.v1.get_default_graph().get_operations():
            shapes = [output.shape for output in operation.outputs]
            names.extend(operation.type for shape in shapes if shape.rank == 4 and shape[0] == 6)
        return y, tape.gradient(loss, [variable.value for variable in model.trainable_variables])

    y, gradients = run(images())
    return np.asarray(y), [np.asarray(gradient) for gradient in gradients], Counter(names)


@pytest.mark.parametrize("also", [nullcontext, fast_layers])
def test_calls_of_a_model_are_folded_and_itself_is_not(
    also: Callable[[], AbstractContextManager[None]], model: Any
) -> None:
    """The same numbers from fewer operations, also where others are replaced."""
    expected, _, plain = traced(model, nullcontext(), training=False)
    with also():
        found, _, folded = traced(model, folded_calls(model), training=False)
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    assert plain["Mul"] - folded["Mul"] == 3
    np.testing.assert_array_equal(traced(model, nullcontext(), training=False)[0], expected)


def test_what_learns_is_not_folded(model: Any) -> None:
    """Only a convolution and a normalisation that are both frozen; gradients stay the same."""
    frozen = ("stem", "stem_bn", "depth_bn")  # the kernel of `depth` learns
    for name in frozen:
        model.get_layer(name).trainable = False
    try:
        statistics = [np.array(variable) for variable in model.non_trainable_variables]
        expected = traced(model, nullcontext(), training=True)
        for variable, value in zip(model.non_trainable_variables, statistics, strict=True):
            variable.assign(value)
        found = traced(model, folded_calls(model, learning=True), training=True)
        for variable, value in zip(model.non_trainable_variables, statistics, strict=True):
            variable.assign(value)
    finally:
        for name in frozen:
            model.get_layer(name).trainable = True
    for one, other in zip([found[0], *found[1]], [expected[0], *expected[1]], strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)
    assert found[2]["Mul"] == expected[2]["Mul"] - 1


def test_a_model_that_ends_at_a_convolution_gives_what_it_gives(model: Any) -> None:
    """What stands behind it in another model is not folded into it, as Grad-CAM needs."""
    import keras

    before = keras.Model(model.input, model.get_layer("depth").output)
    both = keras.Model(model.input, [before.output, model.get_layer("depth_bn").output])
    expected = np.asarray(before(images(), training=False))
    np.testing.assert_allclose(Forward(before)(images()), expected, rtol=1e-5)
    found = fold_batch_norms(both)(images(), training=False)[0]
    np.testing.assert_allclose(np.asarray(found), expected, rtol=1e-5)
