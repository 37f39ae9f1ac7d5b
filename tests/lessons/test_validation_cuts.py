"""Validation cuts: by position as Keras does, shuffled, and by lesion."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from helpers.dataset.sources import Source
from helpers.dataset.splits import split_catalogue
from helpers.lessons.first_model import in_file_order
from helpers.lessons.validation_cuts import (
    VALIDATION_SHARE,
    cuts,
    cuts_in_words,
    describe_cuts,
    last_fifth,
    n_trained,
)
from helpers.published.numbers import ham10000_order


@pytest.mark.parametrize("n_images", [5, 479, 600, 8011, 10015])
def test_cut_is_where_keras_cuts(n_images: int) -> None:
    """As many rows are trained on as Keras' own function leaves, and the first ones."""
    from keras.src.trainers.data_adapters.array_slicing import train_validation_split

    rows = np.arange(n_images)
    (train,), (held,) = train_validation_split((rows,), VALIDATION_SHARE)
    assert len(train) == n_trained(n_images) == int(0.8 * n_images)
    assert (held == rows[n_trained(n_images) :]).all()


def test_last_fifth_of_ham10000() -> None:
    """Nearly nothing but nevi and every akiec, none of which is trained on."""
    counts = last_fifth(ham10000_order())
    held = counts["validated"]
    assert held[held > 0].to_dict() == {"akiec": 327, "bkl": 3, "mel": 3, "nv": 1670}
    assert counts.loc["akiec", "trained"] == 0
    assert counts.to_numpy().sum() == 10015


def test_last_fifth_by_hand() -> None:
    """The last row of five validates; classes that are not there count zero."""
    counts = last_fifth(["nv", "nv", "mel", "nv", "df"])
    assert counts.loc["df"].tolist() == [0, 1]
    assert counts.loc["nv"].tolist() == [3, 0]
    assert counts.loc["vasc"].tolist() == [0, 0]


def test_cuts_of_a_sorted_file(tiny_catalogue: pd.DataFrame, tiny_source: Source) -> None:
    """By position the last class is never trained on; by lesion no lesion is torn."""
    rows = in_file_order(split_catalogue(tiny_catalogue), tiny_source)
    rows = rows[rows["split"] != "test"].reset_index(drop=True)
    described = describe_cuts(rows, cuts(rows, seed=0))
    assert described.loc["by position", "n_train"] == int(0.8 * len(rows))
    assert "bkl" in described.loc["by position", "unseen"]
    assert described.loc["by lesion", "n_lesions_torn"] == 0
    assert described.loc["by lesion", ["unlearned", "unseen"]].tolist() == [[], []]
    assert (described["n_train"] + described["n_valid"] == len(rows)).all()


def test_cuts_counted_by_hand() -> None:
    """Torn lesions and their validation images are counted, and written as shares and names."""
    rows = pd.DataFrame(
        {"dx": ["mel", "mel", "mel", "nv", "bcc"], "lesion_id": ["a", "a", "b", "c", "d"]}
    )
    described = describe_cuts(rows, {"mine": np.array([False, True, False, False, True])})
    row = described.loc["mine"]
    assert (row["n_lesions_torn"], row["n_leaked"], row["n_valid"]) == (1, 1, 2)
    assert (row["unlearned"], row["unseen"]) == (["bcc"], ["nv"])
    words = cuts_in_words(described).loc["mine"]
    assert words["leaked"] == 0.5
    assert words["validated, not trained on"] == "bcc"
