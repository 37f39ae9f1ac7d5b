"""Features of untouched backbones: computed once, and never those of another one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.answers import answers

from helpers.training.configuration import Stage, TrialConfig
from helpers.training.features import open_features
from helpers.training.trials import Task

CONFIG = TrialConfig(
    name="x",
    backbone="EfficientNetLite0",
    image_size=(8, 8),
    weights="imagenet",
    stages=(Stage(),),
)
IMAGES = np.arange(5 * 8 * 8 * 3, dtype=np.uint8).reshape(5, 8, 8, 3)


class Body:
    """Counts how often it computes."""

    def __init__(self) -> None:
        self.calls = 0

    def each(self, inputs: Any, rows: Any) -> Any:
        """The mean colour."""
        self.calls += 1
        return inputs[rows].mean(axis=(1, 2), dtype=np.float32)


@pytest.fixture
def task(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Task:
    """A task with a cache of its own."""
    monkeypatch.setenv("DERMBOOK_HOME", str(tmp_path))
    return Task("key", CONFIG, tmp_path / "t.parquet", tmp_path / "ab12.npy", tmp_path / "key")


def changed(task: Task, **fields: Any) -> Task:
    """The task of another configuration."""
    return replace(task, config=task.config.model_copy(update=fields))


def test_they_are_computed_once(task: Task) -> None:
    """A second head on the same backbone and the same images reads what the first computed."""
    body = Body()
    for head, rate in (("linear", 0.0), ("focal", 0.5), ("dropout", 0.2)):
        features = open_features(changed(task, head=head, dropout=rate, seed=7), IMAGES, body)
        np.testing.assert_array_equal(features, Body().each(IMAGES, np.arange(5)))
    assert body.calls == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"backbone": "EfficientNetLite1"},
        {"image_size": (8, 16)},
        {"preprocessing": "twice"},
        {"precision": "mixed_bfloat16"},
        {"head": "flatten"},
        {"start": "efficientnetlite0-0"},
    ],
)
def test_another_backbone_has_its_own(task: Task, fields: dict[str, Any]) -> None:
    """Whatever changes a feature changes the name that it is kept by."""
    body = Body()
    open_features(task, IMAGES, body)
    open_features(changed(task, **fields), IMAGES, body)
    assert body.calls == 2


def test_other_images_or_another_framework_have_their_own(task: Task) -> None:
    """So do an equalised store, and what JAX computes."""
    body = Body()
    others = (task, replace(task, images=Path("cd34.npy")), replace(task, backend="jax"))
    for other in others:
        open_features(other, IMAGES, body)
    assert body.calls == 3


def test_those_of_random_weights_are_not_kept(task: Task) -> None:
    """Each seed has its own network, which no other training shares."""
    body = Body()
    for seed in (0, 1):
        open_features(changed(task, weights="none", seed=seed), IMAGES, body)
    assert body.calls == 2


@pytest.mark.parametrize("damage", ["bytes", "record", "cut"])
def test_damaged_ones_are_computed_again(task: Task, tmp_path: Path, damage: str) -> None:
    """A file that is not what was written is not trained on."""
    body = Body()
    right = np.array(open_features(task, IMAGES, body))
    path = next((tmp_path / "features").glob("*.npy"))
    if damage == "bytes":
        path.write_bytes(path.read_bytes()[:-1] + b"?")
    elif damage == "cut":
        path.write_bytes(path.read_bytes()[:100])
    else:
        path.with_suffix(".json").write_text("{")
    np.testing.assert_array_equal(open_features(task, IMAGES, body), right)
    assert body.calls == 2


def test_a_head_behind_a_frozen_body_learns_as_in_the_whole_network(
    tiny_catalogue: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With augmentation: features of each view, then the head, give what the whole network gives.

    And the probabilities that are written are those of the model that is saved.
    """
    import shutil

    from helpers.augmentation.settings import Augmentation
    from helpers.dataset.splits import split_catalogue
    from helpers.training import trainer
    from helpers.training.running import prepare_task
    from helpers.training.trials import Trial, open_trial_store

    config = TrialConfig(
        name="x",
        backbone="SmallNetwork",
        image_size=(32, 32),
        augmentation=Augmentation(rotation_range=90, horizontal_flip=True),
        stages=(Stage(trainable="head", learning_rate=0.01, batch_size=16, epochs=3),),
    )
    catalogue = split_catalogue(tiny_catalogue)
    task = prepare_task(config, catalogue)
    found = []
    for name in ("tensorflow", "another"):
        monkeypatch.setattr(trainer, "backend_name", lambda name=name: name)
        shutil.rmtree(task.folder, ignore_errors=True)
        task.work.mkdir(parents=True, exist_ok=True)
        trainer.train(task, lambda event: None)
        found.append(Trial(task.folder, config))
        found[-1].history, found[-1].predictions
    behind, whole = found
    columns = ["loss", "accuracy", "val_loss", "val_balanced_accuracy"]
    np.testing.assert_allclose(behind.history[columns], whole.history[columns], atol=2e-4)
    p = [f"p_{name}" for name in config.classes]
    np.testing.assert_allclose(behind.predictions[p], whole.predictions[p], atol=2e-4)
    assert behind.history["loss"].iloc[-1] < behind.history["loss"].iloc[0]
    images = open_trial_store(config, catalogue).take(list(whole.predictions["image_id"]))
    saved = answers(whole.load_model(), images.astype("f4"))
    np.testing.assert_allclose(whole.predictions[p], saved, atol=1e-5)
