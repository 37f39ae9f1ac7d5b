"""Averages of models, and predictions out of fold."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from support.catalogues import make_catalogue

from helpers.core.classes import CLASS_INDEX, CLASSES
from helpers.dataset.folds import fold_catalogues
from helpers.dataset.splits import split_catalogue
from helpers.evaluation.ensembles import average_predictions, out_of_fold
from helpers.evaluation.single_scores import accuracy


def predict(rows: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Random predictions of a catalogue's rows."""
    table = rows[["image_id", "lesion_id", "dx", "split"]].reset_index(drop=True)
    table["y_true"] = table["dx"].map(CLASS_INDEX)
    y_prob = np.random.default_rng(seed).dirichlet(np.ones(7), len(table))
    table[[f"p_{name}" for name in CLASSES]] = y_prob
    return table


@pytest.fixture
def catalogue() -> pd.DataFrame:
    """A split catalogue of three diagnoses."""
    return split_catalogue(
        make_catalogue({"nv": [1] * 30 + [2] * 10, "mel": [1, 2] * 9, "df": [1] * 9})
    )


def test_average_is_the_mean_in_any_order(catalogue: pd.DataFrame) -> None:
    """Probabilities are the mean, images matched by name, and rows still sum to one."""
    tables = [predict(catalogue, seed).assign(split="test") for seed in range(3)]
    columns = [f"p_{name}" for name in CLASSES]
    expected = np.mean([table[columns].to_numpy() for table in tables], axis=0)
    shuffled = [tables[0], tables[1].sample(frac=1, random_state=0), tables[2].iloc[::-1]]
    mean = average_predictions(shuffled)
    np.testing.assert_allclose(mean[columns], expected, rtol=1e-12)
    assert list(mean["image_id"]) == list(tables[0]["image_id"])
    assert accuracy(mean, n_resamples=10).n == len(catalogue)
    assert not np.allclose(tables[0][columns], expected), "the first table is left as it was"


def test_one_model_is_its_own_ensemble(catalogue: pd.DataFrame) -> None:
    """The average of one table is that table."""
    table = predict(catalogue, 0)
    pd.testing.assert_frame_equal(average_predictions([table]), table)


def test_unlike_tables_are_refused(catalogue: pd.DataFrame) -> None:
    """Other images, other truth, other classes and no table at all are errors."""
    table = predict(catalogue, 0)
    wrong = table.copy()
    wrong.loc[0, "y_true"] = 5 - wrong.loc[0, "y_true"]
    binary = table.drop(columns=[f"p_{name}" for name in CLASSES]).assign(p_benign=1, p_malignant=0)
    for other, words in (
        (table.iloc[1:], "shared"),
        (wrong, "y_true"),
        (binary, "one target"),
        (table.assign(image_id=table["image_id"] + "x"), "0 of them shared"),
    ):
        with pytest.raises(ValueError, match=f"model 2: .*{words}"):
            average_predictions([table, other])
    with pytest.raises(ValueError, match="at least one"):
        average_predictions([])


def as_trial(table: pd.DataFrame, seed: int) -> Any:
    """What `out_of_fold` asks of a trial."""
    return SimpleNamespace(predictions_of=lambda name: predict(table[table["split"] == name], seed))


def test_out_of_fold_has_each_image_once(catalogue: pd.DataFrame) -> None:
    """All images but the test split's, each from the model that held it out."""
    tables = fold_catalogues(catalogue, 3)
    trials = [as_trial(table, seed) for seed, table in enumerate(tables)]
    whole = out_of_fold(trials)
    expected = catalogue.loc[catalogue["split"] != "test", "image_id"]
    assert list(whole["image_id"]) == sorted(expected)
    for fold, trial in enumerate(trials):
        part = whole[whole["fold"] == fold].drop(columns="fold").reset_index(drop=True)
        own = trial.predictions_of("valid").sort_values("image_id", ignore_index=True)
        pd.testing.assert_frame_equal(part, own)
    assert accuracy(whole, n_resamples=10).n == len(expected)


def test_folds_that_overlap_are_refused(catalogue: pd.DataFrame) -> None:
    """The same fold twice, and no fold, are errors."""
    table = fold_catalogues(catalogue, 3)[0]
    with pytest.raises(ValueError, match="held out by several"):
        out_of_fold([as_trial(table, 0), as_trial(table, 1)])
    with pytest.raises(ValueError, match="each fold"):
        out_of_fold([])
