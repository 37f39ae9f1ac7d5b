"""A model without training, for batches of any size."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from helpers.models.forward import AT_ONCE, Forward, predict


@pytest.fixture
def model() -> Any:
    """With what differs in a training: dropout and a batch normalisation."""
    import keras
    from keras import layers

    keras.utils.set_random_seed(0)
    inputs = keras.Input((4, 4, 3))
    x = layers.Conv2D(5, 3)(layers.Rescaling(1 / 255)(inputs))
    x = layers.BatchNormalization()(x)
    x = layers.Dropout(0.5)(layers.GlobalAveragePooling2D()(x))
    return keras.Model(inputs, layers.Dense(3, activation="softmax")(x))


def pixels(n_images: int) -> Any:
    """Bytes, as a store has them."""
    return np.random.default_rng(0).integers(0, 256, (n_images, 4, 4, 3), dtype=np.uint8)


def test_batches_of_any_size_are_computed_by_one_trace(model: Any) -> None:
    """Bytes and floats, one image or many: as Keras predicts them, traced once."""
    forward = Forward(model)
    for n_images in (1, 7, AT_ONCE):
        found = forward(pixels(n_images))
        expected = model.predict(pixels(n_images).astype("f4"), verbose=0)
        np.testing.assert_allclose(found, expected, atol=1e-6)
    assert forward._traced.experimental_get_tracing_count() == 1


def test_rows_are_taken_in_their_order(model: Any) -> None:
    """Chosen rows of a store, more of them than a batch holds."""
    images = pixels(2 * AT_ONCE)
    rows = np.random.default_rng(1).permutation(len(images))[: AT_ONCE + 9]
    expected = model.predict(images.astype("f4"), verbose=0)[rows]
    np.testing.assert_allclose(predict(model, images, rows), expected, atol=1e-6)


def test_the_trace_follows_the_weights(model: Any) -> None:
    """A model that learns on is not computed as it was; the trace of `predict` is kept."""
    images, rows = pixels(5), np.arange(5)
    before, kept = predict(model, images, rows), model._forward
    model.compile(loss="categorical_crossentropy")
    model.train_on_batch(images, np.eye(3)[[0, 1, 2, 0, 1]])
    after = predict(model, images, rows)
    assert model._forward is kept and not np.allclose(before, after)
    np.testing.assert_allclose(after, model.predict(images, verbose=0), atol=1e-6)


def test_smaller_batches_are_filled_where_that_is_less_work(
    model: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under other frameworks all batches have one size, and what was filled in is left out."""
    forward = Forward(model)
    forward._traced = None
    sizes = []
    ours = model.predict_on_batch

    def seen(batch: Any) -> Any:
        sizes.append(len(batch))
        return ours(batch)

    monkeypatch.setattr(model, "predict_on_batch", seen)
    found = forward.each(pixels(AT_ONCE + 3), np.arange(AT_ONCE + 3))
    assert sizes == [AT_ONCE, AT_ONCE]
    expected = model.predict(pixels(AT_ONCE + 3).astype("f4"), verbose=0)
    np.testing.assert_allclose(found, expected, atol=1e-6)
