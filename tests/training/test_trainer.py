"""Pieces of the training against independent formulas."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    log_loss,
    top_k_accuracy_score,
)
from sklearn.utils.class_weight import compute_class_weight

from helpers.augmentation.settings import Augmentation
from helpers.training.batches import class_weights, make_batches
from helpers.training.configuration import Stage, TrialConfig
from helpers.training.data import validation_scores

Y = np.repeat(np.arange(7), [3, 5, 11, 2, 11, 67, 1])


def test_balanced_weights_are_scikit_learns() -> None:
    """The balanced weights are scikit-learn's, "sqrt" their square root, "none" all ones."""
    expected = compute_class_weight("balanced", classes=np.arange(7), y=Y)
    np.testing.assert_allclose(class_weights(Y, "balanced"), expected, rtol=1e-6)
    np.testing.assert_allclose(class_weights(Y, "sqrt"), np.sqrt(expected), rtol=1e-6)
    np.testing.assert_allclose(class_weights(Y, "none"), 1)


def test_weights_by_name() -> None:
    """Named classes weigh what they are told to, others 1, and absent ones nothing."""
    weights = class_weights(Y, {"mel": 3.0, "df": 0.5})
    np.testing.assert_allclose(weights, [1, 1, 1, 0.5, 3, 1, 1])
    two = class_weights(np.array([0, 0, 1]), {"malignant": 2.0}, ("benign", "malignant"))
    assert two.tolist() == [1, 2]
    assert class_weights(np.array([4, 4]), {"mel": 3.0}).tolist() == [0, 0, 0, 0, 3, 0, 0]
    balanced = class_weights(np.array([0, 0, 1]), "balanced", ("benign", "malignant"))
    np.testing.assert_allclose(balanced, [0.75, 1.5])


def test_batches_have_the_targets_classes() -> None:
    """A trial of benign and malignant gets pairs, and weights by these names."""
    images = np.zeros((4, 8, 8, 3), np.uint8)
    config = TrialConfig(
        name="x",
        backbone="MobileNet",
        image_size=(8, 8),
        stages=(Stage(batch_size=4),),
        target="malignant",
        class_weight={"malignant": 3.0},
    )
    _, one_hot, weights = make_batches(config, 0, images, np.arange(4), np.array([0, 1, 1, 0]))[0]
    assert one_hot.shape == (4, 2)
    np.testing.assert_array_equal(weights, np.where(one_hot[:, 1] == 1, 3, 1))


def test_missing_class_weighs_nothing() -> None:
    """A class without images does not divide by zero."""
    weights = class_weights(np.array([0, 0, 1]), "balanced")
    assert weights[2:].tolist() == [0] * 5 and np.isfinite(weights).all()


def test_validation_scores_are_scikit_learns() -> None:
    """Loss, accuracy, balanced accuracy and top-3 accuracy agree with scikit-learn."""
    y_prob = np.random.default_rng(0).dirichlet(np.ones(7), len(Y))
    scores = validation_scores(Y, y_prob)
    assert scores["val_loss"] == pytest.approx(log_loss(Y, y_prob))
    assert scores["val_accuracy"] == pytest.approx(accuracy_score(Y, y_prob.argmax(1)))
    expected = balanced_accuracy_score(Y, y_prob.argmax(1))
    assert scores["val_balanced_accuracy"] == pytest.approx(expected)
    assert scores["val_top_3_accuracy"] == pytest.approx(top_k_accuracy_score(Y, y_prob, k=3))


def test_one_core_feeds_a_network_as_two_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keras' own queue gives the batches, not tf.data, which has held short epochs up."""
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    images = np.zeros((4, 8, 8, 3), np.uint8)
    config = TrialConfig(name="x", backbone="SmallNetwork", image_size=(8, 8), stages=(Stage(),))
    batches = make_batches(config, 0, images, np.arange(4), np.array([0, 1, 1, 0]))
    assert batches.workers > 1


def test_batches_cover_each_image_once_an_epoch_in_a_new_order() -> None:
    """An epoch shows every training image once; the next one in another order."""
    images = np.arange(len(Y), dtype=np.uint8)[:, None, None, None] * np.ones((1, 8, 8, 3), "u1")
    rows = np.arange(10, 60)
    config = TrialConfig(
        name="x",
        backbone="MobileNet",
        image_size=(8, 8),
        stages=(Stage(batch_size=16),),
        augmentation=Augmentation(rotation_range=20),
    )
    batches = make_batches(config, 0, images, rows, Y)

    def one_epoch() -> list[int]:
        assert len(batches) == 4
        parts = [batches[index] for index in range(4)]
        assert parts[0][0].dtype == np.uint8 and parts[0][0].shape == (16, 8, 8, 3)
        assert all((one_hot.sum(axis=1) == 1).all() for _, one_hot, _ in parts)
        return [int(value) for pixels, _, _ in parts for value in pixels[:, 4, 4, 0]]

    first = one_epoch()
    batches.epoch = 1
    second = one_epoch()
    assert sorted(first) == sorted(second) == list(rows)
    assert first != second


def test_bytes_train_as_floats_do() -> None:
    """A model takes the same step from bytes as from the same values as float32."""
    import keras

    images = np.random.default_rng(0).integers(0, 256, (20, 8, 8, 3), dtype=np.uint8)
    one_hot = np.eye(7)[Y[:20]]
    weights = []
    for kind in (np.uint8, np.float32):
        keras.utils.set_random_seed(0)
        inputs = keras.Input((8, 8, 3))
        features = keras.layers.Flatten()(keras.layers.Rescaling(1 / 255)(inputs))
        model = keras.Model(inputs, keras.layers.Dense(7, activation="softmax")(features))
        model.compile(loss="categorical_crossentropy")
        model.train_on_batch(images.astype(kind), one_hot)
        weights.append(model.get_weights())
    for of_bytes, of_floats in zip(*weights, strict=True):
        np.testing.assert_array_equal(of_bytes, of_floats)


@pytest.mark.parametrize("micro_batch", [7, 4, 1])
def test_micro_batches_take_the_step_of_the_whole_batch(micro_batch: int) -> None:
    """Without batch normalisation the weights after an epoch are those of whole batches."""
    import keras

    from helpers.models.optimizers import make_adam

    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (len(Y), 8, 8, 3)).astype(np.uint8)
    rows = np.arange(0, 93)  # the last batch is short
    config = TrialConfig(
        name="x",
        backbone="MobileNet",
        image_size=(8, 8),
        stages=(Stage(batch_size=20),),
        class_weight="sqrt",
    )
    weights = []
    for limit in (None, micro_batch):
        keras.utils.set_random_seed(0)
        model = keras.Sequential(
            [
                keras.Input((8, 8, 3)),
                keras.layers.Rescaling(1 / 255),
                keras.layers.Conv2D(4, 3, activation="relu"),
                keras.layers.Flatten(),
                keras.layers.Dense(7, activation="softmax"),
            ]
        )
        batches = make_batches(config, 0, images, rows, Y, micro_batch=limit)
        parts = batches.accumulation
        optimizer = make_adam(1e-3, gradient_accumulation_steps=parts if parts > 1 else None)
        optimizer.build(model.trainable_variables)
        model.compile(optimizer=optimizer, loss="categorical_crossentropy")
        model.fit(batches, epochs=1, verbose=0, shuffle=False)
        assert int(optimizer.iterations) == 5
        weights.append(model.get_weights())
    for whole, split in zip(*weights, strict=True):
        np.testing.assert_allclose(split, whole, atol=2e-6)


@pytest.mark.parametrize("decay", [0.0, 0.5])
def test_fused_adam_is_kerass_adam(decay: float) -> None:
    """One operation a variable takes the same steps as Keras' ten, with and without decay."""
    import keras

    from helpers.models.optimizers import make_adam

    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(64, 5)).astype("f4"), rng.normal(size=(64, 1)).astype("f4")
    theirs = keras.optimizers.AdamW(0.01, weight_decay=decay)
    theirs.exclude_from_weight_decay(var_names=["bias"])
    weights = []
    for optimizer in (make_adam(0.01, weight_decay=decay), theirs, keras.optimizers.Adam(0.01)):
        keras.utils.set_random_seed(0)
        model = keras.Sequential([keras.Input((5,)), keras.layers.Dense(1)])
        model.compile(optimizer=optimizer, loss="mse")
        model.fit(x, y, batch_size=16, epochs=5, verbose=0, shuffle=False)
        weights.append(model.get_weights())
    for fused, decayed in zip(weights[0], weights[1], strict=True):
        np.testing.assert_allclose(fused, decayed, rtol=1e-5)
    kernels = [kernel for kernel, _ in weights]
    assert np.allclose(kernels[0], kernels[2], rtol=1e-5) == (decay == 0)
