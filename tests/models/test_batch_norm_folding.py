"""Batch normalisations folded into convolutions: the same function, and no more than may go."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from helpers.models.batch_norm_folding import fold_batch_norms


@pytest.fixture(scope="module")
def model() -> Any:
    """What may be folded, and beside it what may not; running statistics as after a training."""
    import keras
    from keras import layers

    keras.utils.set_random_seed(0)
    inputs = keras.Input((12, 12, 3))
    x = layers.Conv2D(8, 3, use_bias=False, name="stem")(inputs)
    x = stem = layers.ReLU()(layers.BatchNormalization(name="stem_bn")(x))
    x = layers.DepthwiseConv2D(3, padding="same", depth_multiplier=2, name="depth")(x)
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
    images = np.random.default_rng(4).uniform(0, 255, (4, 12, 12, 3)).astype(np.float32)
    expected = np.asarray(model(images, training=False))
    np.testing.assert_allclose(folded(images, training=False), expected, rtol=1e-5)
    left = [layer.name for layer in folded.layers if layer.name.endswith("_bn")]
    assert left == ["sum_bn", "active_bn", "twice_bn"]
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))
