"""Subgroups: every image in one of each kind, scored where there are enough, named where not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from support.predictions import make_predictions

from helpers.evaluation.metrics import PROBABILITY_COLUMNS
from helpers.evaluation.single_scores import accuracy, malignant_auc
from helpers.evaluation.subgroups import (
    AGE_BANDS,
    LEAST_LESIONS,
    standing_out,
    subgroup_of,
    subgroup_scores,
)
from helpers.statistics import Estimate, wilson


def share_right(table: pd.DataFrame) -> Estimate:
    """A quick measure."""
    right = table[list(PROBABILITY_COLUMNS)].to_numpy().argmax(axis=1) == table["y_true"]
    return wilson(int(right.sum()), len(table))


@pytest.fixture(scope="module")
def predictions() -> pd.DataFrame:
    """Predictions of one split."""
    return make_predictions()


@pytest.fixture(scope="module")
def catalogue(predictions: pd.DataFrame) -> pd.DataFrame:
    """Facts of its lesions and of one more image, in another order."""
    rng = np.random.default_rng(4)
    lesions = predictions["lesion_id"].drop_duplicates().to_numpy()
    n = len(lesions)
    facts = pd.DataFrame(
        {
            "lesion_id": lesions,
            "age": rng.choice([20.0, 30, 44, 45, 70, 85, np.nan], n),
            "sex": np.where(np.arange(n) < 8, "unknown", rng.choice(["female", "male"], n)),
            "localization": rng.choice(["back", "face", "trunk"], n),
            "dx_type": rng.choice(["histo", "follow_up"], n),
            "dataset": "",
        }
    )
    table = predictions[["image_id", "lesion_id", "dx"]].merge(facts, on="lesion_id")
    other = table.iloc[:1].assign(image_id="ISIC_9999999")
    return pd.concat([other, table.sample(frac=1, random_state=1)], ignore_index=True)


def test_each_image_is_in_one_subgroup_of_a_kind(
    predictions: pd.DataFrame, catalogue: pd.DataFrame
) -> None:
    """The counts of a kind sum to all; a kind with one value is left out."""
    table = subgroup_scores(predictions, catalogue, measures={"share": share_right})
    assert table["by"].drop_duplicates().tolist() == ["all", "age", "sex", "site", "diagnosis by"]
    sums = table.groupby("by", sort=False)[["images", "lesions", "malignant"]].sum()
    assert (sums == sums.loc["all"]).all(axis=None)
    ages = table.loc[table["by"] == "age", "group"].tolist()
    assert ages == [*AGE_BANDS, "unknown"]


def test_a_subgroups_scores_are_those_of_its_rows(
    predictions: pd.DataFrame, catalogue: pd.DataFrame
) -> None:
    """The same as of the table cut by hand, and the gap is to all others."""
    table = subgroup_scores(predictions, catalogue, ["sex"]).set_index("group")
    males = set(catalogue.loc[catalogue["sex"] == "male", "image_id"])
    inside = predictions["image_id"].isin(males)
    cut = predictions[inside].reset_index(drop=True)
    assert table.loc["male", "accuracy"] == accuracy(cut)
    assert table.loc["male", "malignant_auc"] == malignant_auc(cut)
    gap = accuracy(cut).value - accuracy(predictions[~inside].reset_index(drop=True)).value
    assert table.loc["male", "gap"].value == pytest.approx(gap, abs=1e-12)
    assert table.loc["all images", "accuracy"] == accuracy(predictions)


def test_too_few_lesions_get_a_word_and_no_score(
    predictions: pd.DataFrame, catalogue: pd.DataFrame
) -> None:
    """The n stays; a subgroup of one kind keeps its accuracy and loses its AUC."""
    benign = catalogue["dx"].isin(["nv", "bkl", "df", "vasc"])
    told = catalogue.assign(dx_type=np.where(benign, "follow_up", "histo"))
    table = subgroup_scores(predictions, told, ["sex", "dx_type"]).set_index("group")
    few = table[table["by"] == "sex"].loc["unknown"]
    assert 0 < few["lesions"] < LEAST_LESIONS
    assert few["word"] == "too few lesions"
    assert np.isnan([few["accuracy"].value, few["malignant_auc"].value, few["gap"].value]).all()
    assert few["accuracy"].n == few["images"] > 0
    histo = table.loc["histo"]
    assert histo["word"] == "too few of a kind"
    assert np.isfinite(histo["accuracy"].value)
    assert np.isnan(histo["malignant_auc"].value)


def test_the_least_number_is_what_is_said_of_it() -> None:
    """Below it the interval of one half is wider than ±0.2, and with a few more it is not."""

    def half(n: int) -> float:
        estimate = wilson(n / 2, n)
        return (estimate.high - estimate.low) / 2

    assert half(LEAST_LESIONS - 1) > 0.2 > half(LEAST_LESIONS + 1)


def test_what_stands_out_is_named(predictions: pd.DataFrame, catalogue: pd.DataFrame) -> None:
    """A subgroup that is always right is higher than the others, which are lower."""
    women = set(catalogue.loc[catalogue["sex"] == "female", "image_id"])
    chosen = predictions["image_id"].isin(women)
    columns = [column for column in predictions if column.startswith("p_")]
    table = predictions.copy()
    table.loc[chosen, columns] = np.eye(7)[table.loc[chosen, "y_true"]]
    found = standing_out(subgroup_scores(table, catalogue, ["sex"]))
    told = {text.split(",")[0] for text in found}
    assert told == {"sex female (higher", "sex male (lower"}
    assert standing_out(subgroup_scores(table.iloc[:5], catalogue)) == []


def test_strange_columns_and_images_are_refused(
    predictions: pd.DataFrame, catalogue: pd.DataFrame
) -> None:
    """Both are named."""
    with pytest.raises(ValueError, match="got 'dx'"):
        subgroup_of(catalogue, "dx")
    with pytest.raises(ValueError, match="in the catalogue"):
        subgroup_scores(predictions, catalogue.iloc[:10])
