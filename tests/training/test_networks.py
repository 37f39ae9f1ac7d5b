"""Networks that stay for the next training: it learns the same, and none is taken for another."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest

from helpers.augmentation.settings import Augmentation
from helpers.dataset.splits import split_catalogue
from helpers.models.backends import seed_everything
from helpers.training import bodies, networks
from helpers.training.configuration import Stage, TrialConfig
from helpers.training.networks import open_network
from helpers.training.running import prepare_task
from helpers.training.trainer import train
from helpers.training.trials import Task, Trial

CONFIG = TrialConfig(
    name="x",
    backbone="SmallNetwork",
    image_size=(32, 32),
    head="dropout",
    dropout=0.5,
    augmentation=Augmentation(rotation_range=90),
    stages=(
        Stage(trainable="head", batch_size=32, epochs=1, decay="cosine"),
        Stage(trainable="all", batch_size=32, epochs=2, weight_decay=0.01),
    ),
)
PIXELS = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3)).astype(np.float32)


@pytest.fixture(autouse=True)
def nothing_kept() -> Iterator[None]:
    """A process that has not trained."""
    networks._kept.clear()
    bodies._kept.clear()
    yield
    networks._kept.clear()
    bodies._kept.clear()


def begin(**changes: Any) -> Any:
    """The network with which a training begins."""
    config = CONFIG.model_copy(update=changes)
    seed_everything(config.seed)
    return open_network(config)


def trained(task: Task) -> Trial:
    """A training in this process, from an empty folder."""
    shutil.rmtree(task.folder, ignore_errors=True)
    task.work.mkdir(parents=True, exist_ok=True)
    train(task, lambda event: None)
    return Trial(task.folder, task.config)


def test_a_training_on_a_kept_network_is_one_on_a_new_one(
    tiny_catalogue: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To the last bit, through stages of heads and of all layers, and it is built once."""
    catalogue = split_catalogue(tiny_catalogue)
    changes = {"class_weight": "sqrt", "augmentation": Augmentation(zoom_range=0.2)}
    first, second = (
        prepare_task(CONFIG.model_copy(update=update), catalogue) for update in ({}, changes)
    )
    alone = trained(second)
    predictions, history = alone.predictions, alone.history.drop(columns="seconds")
    networks._kept.clear()
    built, build = [], networks._build

    def counted(config: TrialConfig) -> networks.Network:
        built.append(config.name)
        return build(config)

    monkeypatch.setattr(networks, "_build", counted)
    other = trained(first).predictions
    later = trained(second)
    pd.testing.assert_frame_equal(later.predictions, predictions, check_exact=True)
    pd.testing.assert_frame_equal(later.history.drop(columns="seconds"), history, check_exact=True)
    assert not later.predictions.equals(other)
    assert built == [first.config.name]


def test_it_begins_as_it_began() -> None:
    """Weights, states of dropout and Python's generator, whatever a training did to them."""
    import random

    network = begin()
    drawn = random.random()
    before = [np.array(value) for value in network.model.variables]
    features = network.describe(PIXELS)
    network.model.compile("sgd", "categorical_crossentropy")
    network.model.train_on_batch(PIXELS, np.eye(7)[:2])
    assert not np.array_equal(network.describe(PIXELS), features)
    assert begin(class_weight="sqrt", clahe=None) is network
    assert random.random() == drawn
    for value, earlier in zip(network.model.variables, before, strict=True):
        np.testing.assert_array_equal(value, earlier)
    np.testing.assert_array_equal(network.describe(PIXELS), features)


@pytest.mark.parametrize(
    "changes",
    [
        {"image_size": (32, 48)},
        {"seed": 1},
        {"head": "focal"},
        {"dropout": 0.4},
        {"loss": "focal"},
        {"target": "malignant"},
        {"stages": CONFIG.stages[:1]},
        {"precision": "mixed_bfloat16"},
    ],
)
def test_another_network_is_built(changes: dict[str, Any]) -> None:
    """Whatever its graph, its first weights or its optimizer depend on; the first one stays."""
    first = begin()
    assert begin(**changes) is not first
    assert begin() is first


def test_what_depends_on_the_images_is_not_kept() -> None:
    """A loss that pays for the frequencies of classes has them in its graph."""
    assert begin(logit_adjustment=1.0) is not begin(logit_adjustment=1.0)
    assert not networks._kept


def test_no_more_are_kept_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that was asked for last stays longest, and one that is too large is not kept."""
    first = begin()
    room = int(2.5 * first.n_bytes)
    monkeypatch.setattr(networks, "KEPT_BYTES", room)
    second = begin(seed=1)
    assert begin() is first
    begin(seed=2)
    assert begin() is first and begin(seed=1) is not second
    monkeypatch.setattr(networks, "KEPT_BYTES", first.n_bytes - 1)
    large = begin(seed=3)
    assert not large.kept and begin(seed=3) is not large


def test_a_stage_is_ready_only_for_the_same_network_and_parts() -> None:
    """A model that another stage has compiled is not; an optimizer is as before its first step."""
    import keras

    network = begin()
    optimizer = keras.optimizers.Adam(0.01)
    optimizer.build(network.head.trainable_variables)
    network.add(0, network.head, optimizer, 1)
    optimizer.learning_rate = 0.5
    assert network.ready(0, network.head, 2) is None
    assert network.ready(0, network.model, 1) is None
    ready = network.ready(0, network.head, 1)
    assert ready is not None and ready.optimizer is optimizer
    assert float(optimizer.learning_rate) == pytest.approx(0.01)
    network.add(1, network.head, keras.optimizers.Adam(), 1)
    assert network.ready(0, network.head, 1) is None
