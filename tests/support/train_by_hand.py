"""Two epochs by `helpers.training.epochs`, and the same ones batch by batch; prints them as JSON.

Run by test_epochs.py: ``python train_by_hand.py BACKEND SETTINGS...``, a line for each settings.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import numpy as np

from helpers.augmentation.on_device import augmented_network
from helpers.augmentation.settings import Augmentation
from helpers.models.backends import choose_backend, compiles, seed_everything, spread
from helpers.models.optimizers import make_adam
from helpers.training.batches import make_batches
from helpers.training.configuration import Stage, TrialConfig
from helpers.training.epochs import build_metrics, fit_epoch, make_cosine
from helpers.training.schedules import cosine_rate

STAGE = Stage(trainable="all", learning_rate=0.01, batch_size=8, epochs=2, decay="cosine")
CONFIG = TrialConfig(
    name="x",
    backbone="MobileNet",
    image_size=(8, 8),
    augmentation=Augmentation(rotation_range=90, horizontal_flip=True, fill_mode="reflect"),
    stages=(STAGE,),
)


def start(settings: dict[str, Any], devices: int) -> tuple[Any, Any]:
    """A compiled network and its batches, the same ones each time."""
    import keras
    from keras import layers

    rng = np.random.default_rng(0)
    n_images = settings["n_images"]
    images = rng.integers(0, 256, (n_images, 8, 8, 3)).astype(np.uint8)
    y = rng.integers(0, 7, n_images)
    seed_everything(0)
    inputs = layers.Input((8, 8, 3))
    x = layers.Conv2D(8, 3, use_bias=False)(layers.Rescaling(1 / 255)(inputs))
    if settings["batch_norm"]:
        x = layers.BatchNormalization(momentum=0.8)(x)
    x = layers.GlobalAveragePooling2D()(layers.ReLU()(x))
    x = layers.Dropout(settings["dropout"])(x)
    model = keras.Model(inputs, layers.Dense(7, activation="softmax")(x))
    batches = make_batches(
        CONFIG,
        0,
        images,
        np.arange(n_images),
        y,
        micro_batch=settings["micro_batch"],
        augments=settings["augments"],
        devices=devices,
    )
    if settings["augments"] == "device":
        model = augmented_network(model, CONFIG.augmentation)
    parts = batches.accumulation
    optimizer = make_adam(0.01, gradient_accumulation_steps=parts if parts > 1 else None)
    optimizer.build(model.trainable_variables)
    model.compile(
        optimizer=optimizer,
        loss="categorical_crossentropy",
        metrics=[keras.metrics.CategoricalAccuracy(name="accuracy")],
        jit_compile=compiles(),
    )
    return model, batches


def by_engine(settings: dict[str, Any], devices: int) -> tuple[Any, list[dict[str, float]]]:
    """The epochs as a training takes them."""
    model, batches = start(settings, devices)
    build_metrics(model, batches)
    logs = []
    for epoch in range(STAGE.epochs):
        batches.epoch = epoch
        logs.append(fit_epoch(model, batches, [make_cosine(STAGE, batches)]))
    return model, logs


def by_hand(settings: dict[str, Any], devices: int) -> tuple[Any, list[dict[str, float]]]:
    """The same batches, one by one."""
    model, batches = start(settings, devices)
    steps, parts = batches.n_steps, batches.accumulation
    logs = []
    for epoch in range(STAGE.epochs):
        batches.epoch = epoch
        sizes, found = [], []
        for index in range(steps * parts):
            step = epoch * steps + index // parts
            model.optimizer.learning_rate = cosine_rate(STAGE, step, STAGE.epochs * steps)
            batch = batches[index]
            model.reset_metrics()
            found.append(model.train_on_batch(*batch, return_dict=True))
            sizes.append(len(batch[1]))
        means = {
            name: float(np.average([float(log[name]) for log in found], weights=sizes))
            for name in ("loss", "accuracy")
        }
        logs.append(means)
    return model, logs


WAYS = {"engine": by_engine, "hand": by_hand}


def train(settings: dict[str, Any]) -> dict[str, Any]:
    """Train in each of the ways that the settings name."""
    import keras

    devices = spread([CONFIG.stages[0].batch_size])
    found: dict[str, Any] = {"backend": keras.backend.backend(), "devices": devices}
    for name in settings["ways"]:
        model, logs = WAYS[name](settings, devices)
        arrays = [keras.ops.convert_to_numpy(variable) for variable in model.weights]
        values = [float(value) for array in arrays for value in np.ravel(array)]
        found[name] = {"logs": logs, "values": values}
    return found


if __name__ == "__main__":
    choose_backend(sys.argv[1])
    for text in sys.argv[2:]:
        print(json.dumps(train(json.loads(text))))
