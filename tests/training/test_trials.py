"""Trials: trained once, found again, named by all that they depend on."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError
from support.answers import answers

from helpers.core.classes import CLASSES, MALIGNANT
from helpers.core.errors import ConfigError, DataError, TrialError
from helpers.dataset.splits import split_catalogue
from helpers.evaluation.metrics import check_predictions
from helpers.training.configuration import Stage, TrialConfig
from helpers.training.running import prepare_task, run_trials
from helpers.training.trials import (
    OnEvent,
    Task,
    Trial,
    find_trial,
    is_whole,
    open_trial_store,
    trial_key,
)


def make_config(**changes: Any) -> TrialConfig:
    """A training of a second or two: a small network at 32 px, two stages."""
    fields: dict[str, Any] = {
        "name": "small",
        "backbone": "SmallNetwork",
        "image_size": (32, 32),
        "batch_norm_momentum": 0.8,
        "stages": (
            Stage(trainable="all", learning_rate=1e-3, batch_size=16, epochs=2),
            Stage(trainable=5, learning_rate=1e-4, batch_size=16, epochs=1),
        ),
    }
    return TrialConfig(**(fields | changes))


@pytest.fixture(scope="module")
def catalogue(_tiny_catalogue: pd.DataFrame) -> pd.DataFrame:
    """The drawn sample, split by lesion."""
    return split_catalogue(_tiny_catalogue, seed=0)


@pytest.fixture(scope="module")
def events() -> list[dict[str, Any]]:
    """What the trainings of this module told."""
    return []


@pytest.fixture(scope="module")
def trials(catalogue: pd.DataFrame, events: list[dict[str, Any]]) -> list[Trial]:
    """Two trials, trained side by side in child processes."""
    configs = [make_config(), make_config(name="other seed", seed=1)]
    return run_trials(configs, catalogue, progress=events.append)


def test_folder_holds_what_the_design_says(trials: list[Trial], catalogue: pd.DataFrame) -> None:
    """A finished trial has its files, an epoch a row, and predictions of valid and test."""
    trial = trials[0]
    assert is_whole(trial.folder)
    assert list(trial.history["stage"]) == [1, 1, 2]
    assert list(trial.history["epoch"]) == [1, 2, 3]
    assert trial.history[["loss", "val_loss"]].notna().all(axis=None)
    predictions = trial.predictions
    expected = catalogue[catalogue["split"] != "train"]
    assert set(predictions["image_id"]) == set(expected["image_id"])
    y_prob = predictions[[f"p_{dx}" for dx in CLASSES]].to_numpy()
    np.testing.assert_allclose(y_prob.sum(axis=1), 1, atol=1e-5)
    assert [CLASSES[y] for y in predictions["y_true"]] == list(predictions["dx"].astype(str))
    assert trial.record["seconds"]["total"] > 0 and trial.record["peak_memory_mb"] > 100


def test_events_tell_each_epoch(trials: list[Trial], events: list[dict[str, Any]]) -> None:
    """Each trial starts, tells three epochs in order, and is done."""
    kinds = [event["kind"] for event in events if event["trial"] == "small"]
    assert kinds == ["start", "epoch", "epoch", "epoch", "done"]
    done = [event["done"] for event in events if event["trial"] == "small"]
    assert done == sorted(done) and done[-1] == 3


def test_best_epoch_is_the_one_predicted_with(trials: list[Trial]) -> None:
    """The saved model is that of the lowest validation loss, and its predictions show it."""
    trial = trials[0]
    valid = trial.predictions_of("valid")
    y_prob = valid[[f"p_{dx}" for dx in CLASSES]].to_numpy()
    loss = -np.log(y_prob[np.arange(len(valid)), valid["y_true"]]).mean()
    assert loss == pytest.approx(trial.history["val_loss"].min(), rel=1e-4)
    assert trial.record["best"]["val_loss"] == pytest.approx(trial.history["val_loss"].min())


def test_finished_trial_is_not_trained_again(trials: list[Trial], catalogue: pd.DataFrame) -> None:
    """Whoever asks for the same trial, under whatever name, gets the same folder."""
    events: list[dict[str, Any]] = []
    again = run_trials([make_config(name="alias")], catalogue, progress=events.append)[0]
    assert again.folder == trials[0].folder and again.name == "alias"
    assert [event["kind"] for event in events] == ["cached"]


def test_same_seed_same_numbers(trials: list[Trial], catalogue: pd.DataFrame) -> None:
    """Trained again from nothing, a trial gives identical numbers; another seed does not."""
    before = trials[0].predictions
    shutil.rmtree(trials[0].folder)
    again = run_trials([make_config()], catalogue)[0]
    pd.testing.assert_frame_equal(Trial(again.folder, again.config).predictions, before)
    assert not before.equals(trials[1].predictions)


def test_saved_model_takes_raw_pixels(trials: list[Trial], catalogue: pd.DataFrame) -> None:
    """The loaded model gives the stored predictions from the store's pixels."""
    from helpers.dataset.image_store import open_store

    trial = trials[1]
    rows = trial.predictions_of("test")
    images = open_store(catalogue, (32, 32)).take(list(rows["image_id"])).astype(np.float32)
    y_prob = answers(trial.load_model(), images)
    np.testing.assert_allclose(y_prob, rows[[f"p_{dx}" for dx in CLASSES]], atol=1e-4)


def test_screening_trial(catalogue: pd.DataFrame) -> None:
    """Benign and malignant, from equalised images with a focal loss: pairs all the way through."""
    config = make_config(
        name="screening",
        target="malignant",
        clahe={"tiles": 4},
        preprocessing="torch",
        loss="focal",
        class_weight={"malignant": 2.0},
        head="focal_flatten",
        augmentation={"crop_range": 0.2, "cutout": 0.3},
        stages=(Stage(trainable="all", batch_size=16, epochs=1),),
    )
    trial = run_trials([config], catalogue)[0]
    rows = trial.predictions_of("test")
    assert list(rows.columns[-2:]) == ["p_benign", "p_malignant"]
    assert "p_mel" not in rows.columns
    np.testing.assert_array_equal(rows["y_true"], rows["dx"].isin(MALIGNANT))
    images = open_trial_store(config, catalogue).take(list(rows["image_id"])).astype(np.float32)
    y_prob = answers(trial.load_model(), images)
    np.testing.assert_allclose(y_prob, rows[["p_benign", "p_malignant"]], atol=1e-4)
    assert trial.record["config"]["clahe"] == {"clip_limit": 2.0, "tiles": 4}
    assert TrialConfig(**trial.record["config"]) == config
    valid = trial.predictions_of("valid")
    right = (valid[["p_benign", "p_malignant"]].to_numpy().argmax(axis=1) == valid["y_true"]).mean()
    assert trial.record["best"]["val_accuracy"] == pytest.approx(right)
    with pytest.raises(ValueError, match="helpers.screening.scores"):
        check_predictions(rows)


def test_key_depends_on_config_catalogue_and_split(catalogue: pd.DataFrame) -> None:
    """Each thing that changes a training changes its name, and a label does not."""
    key = trial_key(make_config(), catalogue)
    assert trial_key(make_config(name="x", weights_dir="/w"), catalogue) == key
    assert trial_key(make_config(seed=3), catalogue) != key
    assert trial_key(make_config(), split_catalogue(catalogue, seed=5)) != key
    changed = catalogue.copy()
    changed.loc[0, "digest"] = "0" * 16
    assert trial_key(make_config(), changed) != key


def test_damaged_trial_does_not_count(trials: list[Trial], catalogue: pd.DataFrame) -> None:
    """A folder with a changed file is not a finished trial."""
    config = make_config(seed=1)
    copy = trials[1].folder.with_name("copy")
    shutil.copytree(trials[1].folder, copy)
    assert is_whole(copy)
    with open(copy / "history.csv", "a", encoding="utf-8") as file:
        file.write("x")
    assert not is_whole(copy)
    assert find_trial(config, catalogue) is not None
    assert find_trial(make_config(seed=99), catalogue) is None


def test_lesion_in_two_splits_is_refused(catalogue: pd.DataFrame) -> None:
    """A leaking split stops before anything is trained."""
    leaking = catalogue.copy()
    many = leaking["lesion_id"].value_counts().index[0]
    rows = leaking.index[leaking["lesion_id"] == many]
    leaking.loc[rows[:1], "split"] = "train"
    leaking.loc[rows[1:], "split"] = "test"
    with pytest.raises(DataError, match=str(many)):
        run_trials([make_config()], leaking)


def test_a_field_of_today_does_not_rename_earlier_trials(catalogue: pd.DataFrame) -> None:
    """At the value that all were trained with it is not in the hash; at another it is."""
    config = make_config()
    assert "least_learning_rate" not in config.hashed()
    assert all("batch_norms" not in stage for stage in config.hashed()["stages"])
    learning = tuple(s.model_copy(update={"batch_norms": "learn"}) for s in config.stages)
    changes: tuple[dict[str, Any], ...] = ({"least_learning_rate": 1e-5}, {"stages": learning})
    keys = {trial_key(config.model_copy(update=each), catalogue) for each in ({}, *changes)}
    assert len(keys) == 3


def test_a_training_may_have_no_test(catalogue: pd.DataFrame) -> None:
    """Where a system reports what it validated on; monitored by the share among the best three."""
    table = catalogue.assign(split=catalogue["split"].astype(str).replace("test", "valid"))
    stage = Stage(trainable=2, batch_norms="learn", epochs=1)
    config = make_config(stages=(stage,), monitor="val_top_3_accuracy")
    (trial,) = run_trials([config], table)
    assert set(trial.predictions["split"]) == {"valid"}
    best = trial.record["best"]
    assert (
        best["val_accuracy"] <= best["val_top_3_accuracy"] == trial.history.iloc[-1][config.monitor]
    )


def test_split_must_be_there(catalogue: pd.DataFrame) -> None:
    """A catalogue without a split is told to be split."""
    with pytest.raises(ConfigError, match="split_catalogue"):
        run_trials([make_config()], catalogue.drop(columns="split"))


def test_failing_trial_tells_why_and_keeps_the_others(catalogue: pd.DataFrame) -> None:
    """One impossible trial is told with its log; the other one is finished all the same."""
    good = make_config(seed=7, stages=(Stage(trainable="head", epochs=1),))
    bad = make_config(name="too small", backbone="InceptionResNetV2")
    with pytest.raises(TrialError, match=r"too small.*at least 75"):
        run_trials([bad, good], catalogue)
    assert find_trial(good, catalogue) is not None


def test_executor_can_be_anyone(catalogue: pd.DataFrame, trials: list[Trial]) -> None:
    """Whoever has run(tasks, on_event) can train; tasks travel as JSON."""

    class Copier:
        def run(self, tasks: Sequence[Task], on_event: OnEvent) -> None:
            for task in tasks:
                assert Task.from_payload(task.payload()) == task
                shutil.copytree(trials[1].folder, task.folder)

    found = run_trials([make_config(seed=11)], catalogue, executor=Copier())
    assert is_whole(found[0].folder)
    with pytest.raises(ConfigError, match="local"):
        run_trials([make_config(seed=12)], catalogue, executor="nobody")


def test_each_trial_may_have_its_own_catalogue(
    catalogue: pd.DataFrame, trials: list[Trial]
) -> None:
    """One configuration on two catalogues is two trials, trained side by side."""
    others = [split_catalogue(catalogue, seed=seed) for seed in (1, 2)]
    told: list[int] = []

    class Copier:
        def run(self, tasks: Sequence[Task], on_event: OnEvent) -> None:
            told.append(len(tasks))
            for task in tasks:
                shutil.copytree(trials[0].folder, task.folder)

    config = make_config(seed=13)
    found = run_trials([config, config], others, executor=Copier())
    assert told == [2] and found[0].folder != found[1].folder
    assert [find_trial(config, each) for each in others] == found
    with pytest.raises(ConfigError, match="each of 2 trials, got 1"):
        run_trials([config, config], others[:1])


def test_prepared_table_is_in_store_order(catalogue: pd.DataFrame) -> None:
    """The table that a child reads has the rows of the image store."""
    task = prepare_task(make_config(), catalogue)
    table = pd.read_parquet(task.table)
    assert list(table["image_id"]) == list(catalogue["image_id"])
    assert np.load(task.images, mmap_mode="r").shape == (len(catalogue), 32, 32, 3)


@pytest.mark.parametrize(
    "changes",
    [{"epochs": 3}, {"stages": ()}, {"dropout": 1.5}, {"monitor": "val_f1"}, {"seed": -1}],
)
def test_bad_config_is_refused(changes: dict[str, Any]) -> None:
    """Unknown fields and values out of range are errors."""
    with pytest.raises(ValidationError):
        make_config(**changes)


def test_a_trial_goes_on_from_another(trials: list[Trial], catalogue: pd.DataFrame) -> None:
    """A training that hardly moves ends where the trial that it starts from ended, by its key."""
    still = Stage(trainable="head", learning_rate=1e-9, batch_size=16, epochs=1)
    config = make_config(start=trials[0].folder.name, stages=(still,))
    follower = run_trials([config], catalogue)[0]
    columns = [f"p_{name}" for name in CLASSES]
    ours, before = follower.predictions[columns], trials[0].predictions[columns]
    np.testing.assert_allclose(ours, before, atol=1e-5)
    assert not np.allclose(ours, trials[1].predictions[columns], atol=1e-5)
    other = make_config(start=trials[1].folder.name, stages=(still,))
    assert trial_key(other, catalogue) != follower.folder.name


def test_a_start_that_does_not_fit_is_told(trials: list[Trial], catalogue: pd.DataFrame) -> None:
    """No such trial, and one of another network, are errors that say what was expected."""
    with pytest.raises(ConfigError, match="key of a finished trial"):
        run_trials([make_config(start="mobilenet-0")], catalogue)
    binary = make_config(start=trials[0].folder.name, target="malignant")
    with pytest.raises(TrialError, match="same network"):
        run_trials([binary], catalogue)
