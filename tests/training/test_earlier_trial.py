"""A trial that was trained before a change of the code's places is found after it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest

from helpers.core import cache_home, read_json
from helpers.training import ENGINE_VERSION, TrialConfig, find_cached, find_trial, trial_key
from helpers.training import trials as trials_module

EARLIER = Path(__file__).with_name("earlier_trial")
FOLDER = next(EARLIER.glob("mobilenet-*"))


@pytest.fixture
def catalogue() -> pd.DataFrame:
    """What the trial was trained on, as far as its name depends on it."""
    return pd.read_csv(EARLIER / "catalogue.csv", dtype=str)


@pytest.fixture
def config(monkeypatch: pytest.MonkeyPatch) -> TrialConfig:
    """The trial's configuration, under the engine that trained it."""
    monkeypatch.setattr(trials_module, "ENGINE_VERSION", read_json(FOLDER / "trial.json")["engine"])
    return TrialConfig(**read_json(EARLIER / "config.json"))


def test_its_name_is_what_it_was(config: TrialConfig, catalogue: pd.DataFrame) -> None:
    """Configuration, catalogue and split give the same hash as then."""
    assert trial_key(config, catalogue) == FOLDER.name


def test_another_configuration_has_another_name(
    config: TrialConfig, catalogue: pd.DataFrame
) -> None:
    """The check can fail."""
    assert trial_key(config.model_copy(update={"seed": 1}), catalogue) != FOLDER.name


def test_it_is_found_and_read(
    config: TrialConfig,
    catalogue: pd.DataFrame,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It comes from the cache with history, predictions and record, and is listed as finished."""
    monkeypatch.setenv("DERMBOOK_HOME", str(tmp_path))
    place = cache_home() / "trials" / FOLDER.name
    shutil.copytree(FOLDER, place)
    found = find_trial(config, catalogue)
    assert found is not None and found.folder == place
    assert len(found.history) == found.record["epochs"] == 1
    tested = catalogue.loc[catalogue["split"] == "test", "image_id"]
    assert set(found.predictions_of("test")["image_id"]) == set(tested)
    assert find_cached(FOLDER.name).state == "finished"


def test_the_engine_is_that_of_then() -> None:
    """Until something trains otherwise: then this number rises, and earlier trials retire."""
    assert read_json(FOLDER / "trial.json")["engine"] <= ENGINE_VERSION
