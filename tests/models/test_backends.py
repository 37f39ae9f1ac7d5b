"""One training under TensorFlow, JAX and torch; its file predicts the same under each."""

from __future__ import annotations

import importlib.util
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from support.answers import answers
from support.other_pythons import compiled, environment, interpreter
from support.training_processes import training_processes

from helpers.augmentation.settings import Augmentation
from helpers.core.classes import CLASSES
from helpers.core.errors import ConfigError, TrialError
from helpers.dataset.splits import split_catalogue
from helpers.models.backends import (
    BACKENDS,
    backend_name,
    choose_backend,
    device_count,
    find_devices,
)
from helpers.models.build import build_model
from helpers.training.batches import make_batches
from helpers.training.configuration import Stage, TrialConfig
from helpers.training.executors import LocalExecutor
from helpers.training.running import prepare_task
from helpers.training.trials import Task, Trial, trial_key

CONFIG = TrialConfig(
    name="small",
    backbone="SmallNetwork",
    image_size=(32, 32),
    head="dropout",
    dropout=0.2,
    augmentation=Augmentation(rotation_range=90, horizontal_flip=True),
    batch_norm_momentum=0.8,
    stages=(
        Stage(
            trainable=6,
            batch_norms="learn",
            learning_rate=1e-3,
            batch_size=16,
            epochs=4,
            decay="cosine",
        ),
    ),
)

STILL = CONFIG.model_copy(
    update={
        "name": "still",
        "stages": (
            CONFIG.stages[0].model_copy(update={"batch_norms": "frozen", "learning_rate": 3e-2}),
        ),
    }
)
"""Its batch normalisations stay as they are, and its probabilities differ between images."""

PREDICT = """
import sys
import numpy as np
from helpers.models import load_model
model, images, result = sys.argv[1:]
pixels = np.load(images).astype("float32")
np.save(result, np.asarray(load_model(model).predict_on_batch(pixels)))
"""

PRETRAINED = """
import sys
import numpy as np
from helpers.models import build_model
import keras
model = build_model("EfficientNetLite0", (32, 32), weights="imagenet")
features = keras.Model(model.input, model.layers[-1].input)  # the head has weights of its own
np.save(sys.argv[2], np.asarray(features.predict_on_batch(np.load(sys.argv[1]))))
"""


@pytest.fixture(scope="module")
def catalogue(_tiny_catalogue: pd.DataFrame) -> pd.DataFrame:
    """The drawn sample, split by lesion; no split has a multiple of 16 images."""
    return split_catalogue(_tiny_catalogue)


@pytest.fixture(scope="module")
def train(
    catalogue: pd.DataFrame,
) -> Callable[..., Trial]:
    """``train(backend, variant="", on_event=None, **environment)``; each variant once."""
    done: dict[tuple[str, str], Trial] = {}

    def get(
        backend: str,
        variant: str = "",
        on_event: Any = lambda event: None,
        config: TrialConfig = CONFIG,
        **environment: str,
    ) -> Trial:
        if (backend, variant) not in done:  # a variant has one configuration
            task = prepare_task(config, catalogue)
            key = f"{task.key}-{backend}{variant}"
            own = replace(task, key=key, folder=task.folder.with_name(key), backend=backend)
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(sys, "executable", interpreter(backend))
                quick = compiled() if backend == "jax" else {}
                for name, value in (quick | environment).items():
                    patch.setenv(name, value)
                LocalExecutor(1).run([own], on_event)
            done[backend, variant] = Trial(own.folder, own.config)
        return done[backend, variant]

    return get


def probabilities(trial: Trial, split: str) -> np.ndarray:
    """The stored predictions of a split."""
    return trial.predictions_of(split)[[f"p_{dx}" for dx in CLASSES]].to_numpy()


@pytest.mark.parametrize("reader", BACKENDS)
@pytest.mark.parametrize("writer", BACKENDS)
def test_file_predicts_the_same_elsewhere(
    writer: str, reader: str, train: Any, catalogue: pd.DataFrame, tmp_path: Path
) -> None:
    """A model saved under one backend gives its probabilities under another, to 1e-4."""
    if writer == reader:
        pytest.skip(f"both {writer}: test_trials.py does this")
    python = interpreter(reader)
    trial = train(writer, "-still", config=STILL)
    assert trial.record["versions"]["backend"] == writer
    images = np.load(prepare_task(STILL, catalogue).images)
    test = (catalogue["split"] == "test").to_numpy()
    np.save(tmp_path / "images.npy", images[test])
    if python == sys.executable and backend_name() == reader:
        found = np.asarray(trial.model.predict_on_batch(images[test].astype("float32")))
    else:
        arguments = [trial.folder / "model.keras", tmp_path / "images.npy", tmp_path / "p.npy"]
        subprocess.run(
            [python, "-c", PREDICT, *map(str, arguments)],
            env=environment(reader),
            check=True,
        )
        found = np.load(tmp_path / "p.npy")
    expected = probabilities(trial, "test")
    print(f"{writer} -> {reader}: largest difference {np.abs(found - expected).max():.2e}")
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-4)
    assert np.ptp(expected, axis=0).max() > 0.1  # not the same answer for every image


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_pretrained_weights_are_the_same_elsewhere(
    backend: str, catalogue: pd.DataFrame, tmp_path: Path
) -> None:
    """Weights of ImageNet, read under another backend, give the features they give here."""
    python = interpreter(backend)
    images = np.load(prepare_task(STILL, catalogue).images)[:8].astype("float32")
    np.save(tmp_path / "images.npy", images)
    arguments = [str(tmp_path / "images.npy"), str(tmp_path / "there.npy")]
    subprocess.run([python, "-c", PRETRAINED, *arguments], env=environment(backend), check=True)
    model = build_model("EfficientNetLite0", (32, 32), weights="imagenet")
    here = answers(
        importlib.import_module("keras").Model(model.input, model.layers[-1].input), images
    )
    assert here.shape == (8, 1280) and np.ptp(here, axis=0).max() > 0.1
    np.testing.assert_allclose(np.load(tmp_path / "there.npy"), here, rtol=0, atol=1e-4)


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_killed_training_goes_on(backend: str, train: Any) -> None:
    """Killed after its first epoch, a training ends with the numbers of an undisturbed one."""

    def kill(event: dict[str, Any]) -> None:
        kinds.append(event["kind"])
        if event["kind"] == "epoch" and event["done"] == 1:
            for child in training_processes():
                child.send_signal(signal.SIGKILL)

    kinds: list[str] = []
    trial, whole = train(backend, "-killed", kill), train(backend)
    assert "restart" in kinds
    pd.testing.assert_frame_equal(
        trial.history.drop(columns="seconds"),
        whole.history.drop(columns="seconds"),
        check_exact=True,
    )
    pd.testing.assert_frame_equal(trial.predictions, whole.predictions, check_exact=True)
    rates = trial.history["learning_rate"]
    assert rates[0] > rates[1] > 0  # the cosine reaches the optimizer within epochs


def test_two_devices_train_as_one(train: Any, catalogue: pd.DataFrame) -> None:
    """Batches divided between two devices, a last odd one included, give the same trial.

    Batch normalisations do not learn: from random weights, at this size, they make of a change of
    the seventh digit one of the first within five steps, on one device too.
    """
    assert (catalogue["split"] == "train").sum() % 16 % 2 == 1
    one = train("jax", "-still", config=STILL)
    devices = compiled(n_devices=2) | {"DERMBOOK_DEVICES": "cpu:2"}
    two = train("jax", "-two", config=STILL, **devices)
    assert (one.record["devices"], two.record["devices"]) == (1, 2)
    columns = ["loss", "accuracy", "val_loss", "val_accuracy", "learning_rate"]
    difference = (one.history[columns] - two.history[columns]).abs().max()
    print(f"one device or two: {difference.to_dict()}")
    np.testing.assert_allclose(two.history[columns], one.history[columns], rtol=0, atol=1e-4)
    gap = np.abs(probabilities(two, "test") - probabilities(one, "test")).max()
    assert gap <= 1e-4


def test_devices_that_are_not_there_are_told(train: Any) -> None:
    """Asking for more devices than the machine has ends with what to do."""
    with pytest.raises(TrialError, match=r"expected 9 devices of kind cpu.*device_count=N"):
        train("jax", "-nine", DERMBOOK_DEVICES="cpu:9")


def test_one_backend_leaves_the_devices_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """TensorFlow is never asked to divide batches; to want it is an error, as is nonsense."""
    interpreter_has_tensorflow = importlib.util.find_spec("tensorflow") is not None
    if not interpreter_has_tensorflow or backend_name() != "tensorflow":
        pytest.skip("Keras does not compute with TensorFlow here")
    assert find_devices() == []
    monkeypatch.setenv("DERMBOOK_DEVICES", "cpu:2")
    with pytest.raises(ConfigError, match="DERMBOOK_BACKEND=jax"):
        find_devices()
    monkeypatch.setenv("DERMBOOK_DEVICES", "two")
    with pytest.raises(ConfigError, match="gpu:2"):
        find_devices()


@pytest.mark.parametrize(
    ("available", "sizes", "expected"),
    [(8, [64, 32], 8), (3, [64], 2), (4, [64, 18], 2), (0, [4], 1)],
)
def test_devices_divide_the_batches(available: int, sizes: list[int], expected: int) -> None:
    """As many devices are used as divide every batch evenly."""
    assert device_count(available, sizes) == expected


@pytest.mark.parametrize("micro_batch", [None, 4])
def test_uneven_batch_is_left_for_later(micro_batch: int | None) -> None:
    """Between devices, all batches of the sequence divide evenly, and no image is lost."""
    y, rows = np.arange(50) % 7, np.arange(47)
    inputs = np.arange(50, dtype=np.float32)[:, None]
    options: dict[str, Any] = {"augments": "no", "micro_batch": micro_batch}
    two = make_batches(CONFIG, 0, inputs, rows, y, devices=2, **options)
    one = make_batches(CONFIG, 0, inputs, rows, y, **options)
    assert all(len(two[index][0]) % 2 == 0 for index in range(len(two)))
    indices = [*range(len(two)), *two.uneven]
    assert indices == list(range(len(one))) and not one.uneven and len(two.uneven) > 0
    seen = [value for index in indices for value in two[index][0][:, 0]]
    assert sorted(seen) == list(rows)


def test_backend_is_found_as_keras_finds_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """First the project's variable, then Keras', then keras.json, then TensorFlow; no others."""
    monkeypatch.delitem(sys.modules, "keras", raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    monkeypatch.delenv("DERMBOOK_BACKEND", raising=False)
    assert backend_name() == "tensorflow"
    (tmp_path / "keras.json").write_text('{"backend": "torch"}')
    assert backend_name() == "torch"
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    assert backend_name() == "jax"
    monkeypatch.setenv("KERAS_BACKEND", "openvino")
    with pytest.raises(ConfigError, match="KERAS_BACKEND: expected one of tensorflow, jax, torch"):
        backend_name()
    monkeypatch.setenv("DERMBOOK_BACKEND", "jax")
    assert backend_name() == "jax"


def test_missing_backend_is_told() -> None:
    """A backend that is not installed is an error that names the interpreter."""
    with pytest.raises(ConfigError, match=r"DERMBOOK_BACKEND \(installed"):
        choose_backend("no_such_framework")


def test_backends_do_not_share_trials(
    catalogue: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same configuration under another backend is another trial, and its task says so."""
    keys = set()
    for name in BACKENDS:
        monkeypatch.setenv("DERMBOOK_BACKEND", name)
        keys.add(trial_key(CONFIG, catalogue))
        task = prepare_task(CONFIG, catalogue)
        assert task.backend == name and Task.from_payload(task.payload()) == task
    assert len(keys) == len(BACKENDS)
