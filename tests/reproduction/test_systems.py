"""The published systems divided, put together and scored; nothing is trained here."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from helpers.core.classes import CLASSES, MALIGNANT, TARGET_INDEX
from helpers.core.errors import ConfigError, DataError
from helpers.dataset.splits import assert_grouped, split_catalogue
from helpers.reproduction import systems
from helpers.reproduction.systems import (
    compare_systems,
    plan_system,
    system_predictions,
    system_scores,
)
from helpers.study.downsizing import SmallSystems
from helpers.study.presets import find_preset, load_presets
from helpers.study.profiles import load_profile

SMALL = load_profile("smoke").systems


class FakeTrial:
    """Says the right class of an image with a probability that its number decides."""

    def __init__(self, config: Any, table: pd.DataFrame, number: int = 0) -> None:
        self.name, self.config, self.number, self.table = config.name, config, number, table

    def predictions_of(self, split: str) -> pd.DataFrame:
        """Predictions of a split, in the shape of a trial's."""
        rows = self.table[self.table["split"] == split].reset_index(drop=True)
        y_true = rows["dx"].map(TARGET_INDEX[self.config.target]).astype(int)
        n_classes = len(self.config.classes)
        y_prob = np.full((len(rows), n_classes), 0.4 / (n_classes - 1))
        y_prob[np.arange(len(rows)), (y_true + self.number) % n_classes] = 0.6
        columns = {f"p_{name}": y_prob[:, i] for i, name in enumerate(self.config.classes)}
        return rows[["image_id", "lesion_id", "dx", "split"]].assign(y_true=y_true, **columns)


def fake_trials(plan: systems.Plan) -> list[Any]:
    """A fake for each training of a plan; the first is right, the second is not."""
    pairs = enumerate(zip(plan.configs, plan.catalogues, strict=True))
    return [FakeTrial(config, table, number) for number, (config, table) in pairs]


@pytest.mark.parametrize("name", list(load_presets()))
@pytest.mark.parametrize("by", ["image", "lesion"])
def test_plans_divide_as_the_protocol_says(
    name: str, by: Any, tiny_catalogue: pd.DataFrame
) -> None:
    """By lesion no lesion is in two splits; by image some are, and every training has a name."""
    preset = find_preset(name)
    plan = plan_system(preset, tiny_catalogue, by, small=SMALL, seed=0)
    assert len(plan.configs) == len(plan.catalogues) == preset.n_folds(SMALL)
    assert len({config.name for config in plan.configs}) == len(plan.configs)
    for config, table in zip(plan.configs, plan.catalogues, strict=True):
        assert f"by {by}" in config.name and config.epochs == 1
        tested = by == "lesion" or preset.protocol.fractions[2] > 0
        assert set(table["split"]) == {"train", "valid"} | ({"test"} if tested else set())
        if by == "lesion":
            assert_grouped(table)
    if by == "image":
        with pytest.raises(DataError):
            assert_grouped(plan.catalogues[0])


@pytest.mark.parametrize("name", list(load_presets()))
def test_a_given_split_is_kept_by_lesion(name: str, tiny_catalogue: pd.DataFrame) -> None:
    """Its test images are every plan's, as far as under-sampling leaves them."""
    given = split_catalogue(tiny_catalogue, (0.5, 0.3, 0.2), seed=9)
    preset = find_preset(name)
    plan = plan_system(preset, given, "lesion", small=SMALL, keep_split=True)
    where = given.set_index("image_id")["split"]
    for table in plan.catalogues:
        known = table["image_id"].map(where)
        assert ((known == "test") == (table["split"] == "test")).all()
        if preset.protocol.division != "folds":
            assert (known == table["split"]).all()
        assert (len(table) == len(given)) == (preset.protocol.division != "screening")
    with pytest.raises(ConfigError, match="by='lesion'"):
        plan_system(preset, given, "image", small=SMALL, keep_split=True)
    with pytest.raises(DataError, match="expected one split"):
        torn = split_catalogue(tiny_catalogue, by="image")
        plan_system(preset, torn, "lesion", small=SMALL, keep_split=True)


def test_a_run_with_a_split_file_is_compared_on_it(tiny_catalogue: pd.DataFrame) -> None:
    """By lesion on the file's test images; under the claim's protocol as without a file."""
    small = SMALL.model_copy(update={"compared": ("course-report",)})
    given = split_catalogue(tiny_catalogue, (0.4, 0.2, 0.4), seed=9)
    run = FakeRun(given, small)
    run.split_file = "split.csv"
    row = compare_systems(run)[0]  # type: ignore[arg-type]
    plain = compare_systems(FakeRun(tiny_catalogue, small))[0]  # type: ignore[arg-type]
    assert row.grouped is not None and plain.grouped is not None
    assert row.grouped.n == (given["split"] == "test").sum() != plain.grouped.n
    assert row.published == plain.published


def test_screening_has_as_many_of_each_kind(tiny_catalogue: pd.DataFrame) -> None:
    """The plan leaves benign images out."""
    (table,) = plan_system(find_preset("binary-screening"), tiny_catalogue, "image").catalogues
    malignant = table["dx"].isin(MALIGNANT)
    assert malignant.sum() == (~malignant).sum() < len(tiny_catalogue) / 2


def test_seed_and_weights_reach_the_configurations(tiny_catalogue: pd.DataFrame) -> None:
    """What a preset leaves open is given to every fold."""
    preset = find_preset("focal-ensemble")
    plan = plan_system(preset, tiny_catalogue, "image", small=SMALL, seed=7, weights_dir="w")
    assert {(config.seed, config.weights_dir) for config in plan.configs} == {(7, "w")}


def test_folds_speak_together(tiny_catalogue: pd.DataFrame) -> None:
    """On test by their mean; outside it each image by the model that did not see it."""
    plan = plan_system(find_preset("focal-ensemble"), tiny_catalogue, "lesion", small=SMALL)
    found = system_predictions(plan, fake_trials(plan))
    n_test = int((plan.catalogues[0]["split"] == "test").sum())
    assert len(found["test"]) == n_test
    assert len(found["valid"]) == found["valid"]["image_id"].nunique() == 84 - n_test
    y_prob = found["test"][[f"p_{dx}" for dx in CLASSES]].to_numpy()
    own = y_prob[np.arange(n_test), found["test"]["y_true"]]
    np.testing.assert_allclose(own, (0.6 + 0.4 / 6) / 2)


def test_scores_are_those_that_the_preset_names(tiny_catalogue: pd.DataFrame) -> None:
    """Seven diagnoses and two kinds, all right: each score is 1."""
    for name in ("browser-mobilenet", "binary-screening"):
        preset = find_preset(name)
        plan = plan_system(preset, tiny_catalogue, "lesion", small=SMALL)
        table = system_predictions(plan, fake_trials(plan))["test"]
        found = system_scores(preset, table)
        assert list(found) == list(dict.fromkeys(m.score for m in preset.measures))
        assert all(estimate.value == 1 for estimate in found.values())


class FakeRun:
    """A run whose trainings are fakes; it keeps what it was asked to train."""

    def __init__(self, catalogue: pd.DataFrame, small: SmallSystems) -> None:
        self.profile = SimpleNamespace(systems=small, weights_dir=None)
        self.seed, self.asked = 0, 0
        self.split_file: str | None = None
        self._catalogue = catalogue

    def catalogue(self) -> pd.DataFrame:
        """As a run's."""
        return self._catalogue

    def train(self, configs: Any, tables: Any, *, grouped: bool) -> list[Any]:
        """All at once, so that they can train side by side."""
        assert not grouped and len(configs) == len(tables)
        assert len({config.name for config in configs}) == len(configs)
        self.asked += len(configs)
        return [FakeTrial(config, table) for config, table in zip(configs, tables, strict=True)]


def test_all_are_compared_in_one_call(tiny_catalogue: pd.DataFrame) -> None:
    """Five rows, each with two numbers and their gap, from twelve trainings."""
    run = FakeRun(tiny_catalogue, SMALL.model_copy(update={"compared": "all"}))
    rows = compare_systems(run)  # type: ignore[arg-type]
    assert run.asked == 4 * 2 + 2 * 2
    assert [row.preset.name for row in rows] == list(load_presets())
    for row in rows:
        assert row.published is not None and row.grouped is not None and row.gap is not None
        assert row.gap.value == 0 and row.gap.low < 0 < row.gap.high
        assert row.changes and not row.obstacle


def test_the_browser_app_is_scored_where_it_was_claimed(tiny_catalogue: pd.DataFrame) -> None:
    """On validation for its claim, where its epoch was chosen, and on test by lesion."""
    small = SMALL.model_copy(update={"compared": ("browser-mobilenet",)})
    rows = compare_systems(FakeRun(tiny_catalogue, small))  # type: ignore[arg-type]
    row = next(row for row in rows if row.preset.name == "browser-mobilenet")
    by = {
        by: plan_system(row.preset, tiny_catalogue, by, small=small).catalogues[0]["split"]
        for by in ("image", "lesion")
    }
    assert row.published is not None and row.grouped is not None
    assert row.published.n == (by["image"] == "valid").sum()
    assert row.grouped.n == (by["lesion"] == "test").sum()


def test_what_is_left_out_has_a_row(tiny_catalogue: pd.DataFrame) -> None:
    """With its claim, without numbers, and with the reason."""
    run = FakeRun(tiny_catalogue, SMALL)
    rows = compare_systems(run)  # type: ignore[arg-type]
    assert run.asked == 2 and len(rows) == 5
    left_out = [row for row in rows if row.published is None]
    assert len(left_out) == 4
    assert all(row.obstacle == "not trained in this profile" for row in left_out)


def test_images_that_cannot_be_divided_are_told(tiny_catalogue: pd.DataFrame) -> None:
    """A class with too few lesions is an obstacle of the row, and no failure of the chapter."""
    few = tiny_catalogue.drop(tiny_catalogue.index[tiny_catalogue["dx"] == "df"][2:])
    small = SMALL.model_copy(update={"compared": ("course-report",)})
    rows = compare_systems(FakeRun(few.reset_index(drop=True), small))  # type: ignore[arg-type]
    assert rows[0].grouped is None and rows[0].gap is None
    assert "df: expected at least 3 lesions" in rows[0].obstacle


def test_views_are_averaged_where_the_preset_does_so(
    tiny_catalogue: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Predictions then come from the views of each image, on both splits."""
    small = SMALL.model_copy(update={"views": True})
    plan = plan_system(find_preset("focal-ensemble"), tiny_catalogue, "lesion", small=small)
    seen: list[str] = []

    def view_predictions(trial: Any, table: pd.DataFrame, split: str) -> pd.DataFrame:
        seen.append(split)
        return trial.predictions_of(split)

    monkeypatch.setattr(systems, "view_predictions", view_predictions)
    system_predictions(plan, fake_trials(plan))
    assert seen == ["valid"] * 2 + ["test"] * 2
