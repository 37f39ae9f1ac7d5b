"""Predictions without images: constant ones and those of one column."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from helpers.core.classes import CLASSES
from helpers.evaluation.metadata_baselines import (
    class_table,
    column_scores,
    predict_always,
    predict_from_column,
)
from helpers.evaluation.single_scores import accuracy, balanced_accuracy

PROBABILITIES = [f"p_{dx}" for dx in CLASSES]


@pytest.fixture
def catalogue() -> pd.DataFrame:
    """Two lesions a class and split; ``dataset`` tells the class, ``sex`` does not."""
    rows = [
        {
            "image_id": f"{split}-{dx}-{i}",
            "lesion_id": f"{split}-{dx}-{i // 2}",
            "dx": dx,
            "split": split,
            "dataset": f"camera of {dx}",
            "sex": "female" if i % 2 else "male",
            "age": [20.0, 25.0, np.nan, 0.0][i],
            "localization": "",
        }
        for split in ("train", "valid")
        for dx in CLASSES
        for i in range(4)
    ]
    return pd.DataFrame(rows)


def test_class_table_counts_images_and_lesions(catalogue: pd.DataFrame) -> None:
    """Classes come in their order, "all" adds them up, an absent class has zeros."""
    table = class_table(catalogue[catalogue["dx"] != "df"])
    assert list(table.index) == [*CLASSES, "all"]
    assert table.loc["nv", ["images", "lesions", "per_lesion"]].tolist() == [8, 4, 2]
    assert table.loc["df", "images"] == 0 and np.isnan(table.loc["df", "per_lesion"])
    assert table.loc["all", "images"] == 48
    assert table["share"].drop("all").sum() == pytest.approx(1)


def test_constant_prediction_is_chance_when_balanced(catalogue: pd.DataFrame) -> None:
    """Always one class gives its share as accuracy, and one in seven balanced."""
    valid = catalogue[catalogue["split"] == "valid"].iloc[:-2]
    predictions = predict_always(valid, "nv")
    assert accuracy(predictions).value == pytest.approx(4 / 26)
    assert balanced_accuracy(predictions).value == pytest.approx(1 / 7)


def test_telling_column_is_found_and_silent_one_is_chance(catalogue: pd.DataFrame) -> None:
    """A column that equals the label scores 1, one without a bearing on it chance."""
    table = column_scores(catalogue, ["dataset", "sex", "localization"]).set_index("column")
    assert list(table.index) == ["dataset", "sex"], "one value only says nothing"
    assert table.loc["dataset", "balanced_accuracy"].value == 1
    assert table.loc["dataset", "malignant_auc"].value == 1
    assert table.loc["sex", "malignant_auc"].value == pytest.approx(0.5)


def test_new_value_gets_the_overall_frequencies(catalogue: pd.DataFrame) -> None:
    """A value that training never saw is predicted by the frequencies of all."""
    unseen = catalogue.assign(
        dataset=catalogue["dataset"].where(catalogue["split"] == "train", "another camera")
    )
    predictions = predict_from_column(unseen, "dataset")
    assert np.allclose(predictions[PROBABILITIES], 1 / 7)
    assert set(predictions["split"]) == {"valid"}


def test_ages_are_binned_and_gaps_are_a_value(catalogue: pd.DataFrame) -> None:
    """20 and 25 share a bin, 0 and missing do not, and probabilities sum to one."""
    other = catalogue.copy()
    other.loc[(other["age"] == 0) & (other["split"] == "train"), "dx"] = "mel"
    predictions = predict_from_column(other, "age")
    assert np.allclose(predictions[PROBABILITIES].sum(axis=1), 1)
    by_image = predictions.set_index("image_id")["p_mel"]
    assert by_image["valid-nv-0"] == by_image["valid-nv-1"]
    assert by_image["valid-nv-3"] == 1 and by_image["valid-nv-2"] < 1


def test_labels_of_the_scored_split_are_not_used(catalogue: pd.DataFrame) -> None:
    """Shuffling the validation labels changes no probability."""
    before = predict_from_column(catalogue, "age")[PROBABILITIES]
    changed = catalogue.copy()
    valid = changed["split"] == "valid"
    changed.loc[valid, "dx"] = changed.loc[valid, "dx"].to_numpy()[::-1]
    assert np.array_equal(before, predict_from_column(changed, "age")[PROBABILITIES])
