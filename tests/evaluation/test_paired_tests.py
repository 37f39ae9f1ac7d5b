"""Comparisons of models: the same difference as elsewhere, with tests that count lesions."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from support.predictions import make_predictions

from helpers.evaluation.comparison import compare
from helpers.evaluation.metrics import PROBABILITY_COLUMNS, check_predictions
from helpers.evaluation.paired_tests import (
    PAIRED_COLUMNS,
    compare_and_test,
    lesion_calls,
    mcnemar_by_lesion,
    paired_tests,
)
from helpers.statistics import holm

COLUMNS = list(PROBABILITY_COLUMNS)


@pytest.fixture(scope="module")
def good() -> pd.DataFrame:
    """Predictions of a model."""
    return make_predictions()


@pytest.fixture(scope="module")
def worse(good: pd.DataFrame) -> pd.DataFrame:
    """The same with noise, in another order."""
    table = good.sample(frac=1, random_state=7).reset_index(drop=True)
    noise = np.random.default_rng(8).dirichlet(np.ones(7), len(table))
    table[COLUMNS] = 0.4 * table[COLUMNS] + 0.6 * noise
    return table


def test_difference_is_that_of_compare(good: pd.DataFrame, worse: pd.DataFrame) -> None:
    """Value and interval agree to the last digit, and p is small where 0 is excluded."""
    estimate, p = compare_and_test(good, worse, n_resamples=500)
    assert estimate == compare(good, worse, n_resamples=500)
    assert (p < 0.05) == (estimate.low > 0)
    same, alike = compare_and_test(good, good, n_resamples=50)
    assert (same.value, alike) == (0, 1)


def test_a_lesion_counts_once(good: pd.DataFrame, worse: pd.DataFrame) -> None:
    """It is right by the mean over its images, and doubling the images changes no test."""
    means = good.groupby("lesion_id")[COLUMNS].mean()
    truth = good.groupby("lesion_id")["y_true"].first()
    expected = means.to_numpy().argmax(axis=1) == truth
    assert (lesion_calls(check_predictions(good)) == expected).all()
    test = mcnemar_by_lesion(good, worse)
    assert test.n == good["lesion_id"].nunique()
    assert test.first_only > test.second_only > 0

    def doubled(table: pd.DataFrame) -> pd.DataFrame:
        copies = table.assign(image_id=table["image_id"] + "_2")
        return pd.concat([table, copies], ignore_index=True)

    assert mcnemar_by_lesion(doubled(good), doubled(worse)) == test


def test_comparisons_are_adjusted_together(good: pd.DataFrame, worse: pd.DataFrame) -> None:
    """A verdict follows the adjusted value: what one comparison shows, many may not."""
    nearly = good.copy()
    changed = nearly.index[:14]
    nearly.loc[changed, COLUMNS] = np.eye(7)[(nearly.loc[changed, "y_true"] + 1) % 7]
    pairs = {"much": (good, worse), "little": (good, nearly), "none": (good, good)}
    table = paired_tests(pairs, "accuracy", n_resamples=999)
    assert tuple(table.columns) == PAIRED_COLUMNS
    assert table["p by Holm"].tolist() == holm(table["p"].to_numpy()).tolist()
    assert table["McNemar by Holm"].tolist() == holm(table["McNemar"].to_numpy()).tolist()
    assert table["verdict"].tolist()[::2] == ["higher", "no difference shown"]
    # Of 99 resamples p is at least 0.02, which three comparisons make 0.06.
    many = paired_tests({f"{i}": (good, nearly) for i in range(3)}, "accuracy", n_resamples=99)
    assert (many["p"] < 0.05).all()
    assert (many["verdict"] == "no difference shown").all()


def test_no_comparison_is_an_empty_table() -> None:
    """A profile with one model has none."""
    assert paired_tests({}).empty
