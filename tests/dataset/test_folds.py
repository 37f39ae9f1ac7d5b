"""Folds and under-sampling: nothing twice, every class everywhere, and the published counts."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.catalogues import catalogues, make_catalogue

from helpers.core.classes import MALIGNANT
from helpers.core.errors import ConfigError, DataError
from helpers.dataset.folds import fold_catalogues, k_folds, screening_split, undersample
from helpers.dataset.splits import leakage, split_catalogue

SPREAD = {
    "nv": [1] * 60 + [3] * 20,
    "bkl": [2] * 15,
    "df": [1] * 7,
    "mel": [1, 2, 4] * 7,
    "bcc": [1] * 9,
}


@settings(max_examples=40)
@given(catalogue=catalogues, seed=st.integers(0, 1000), n_folds=st.integers(2, 5))
def test_folds_by_lesion_invariants(catalogue, seed, n_folds):
    """Every lesion is held out by exactly one fold, and every fold has every class."""
    folds = k_folds(catalogue, n_folds, seed=seed)
    assert folds.groupby("lesion_id")["fold"].nunique().max() == 1
    assert folds.groupby("dx")["fold"].nunique().eq(n_folds).all()
    assert folds["fold"].dtype.kind == "i"


def test_folds_by_image_are_even():
    """By image, the folds of a class differ by one or two images at most."""
    folds = k_folds(make_catalogue({"nv": [5] * 20, "mel": [3] * 7}), by="image", seed=1)
    table = pd.crosstab(folds["fold"], folds["dx"])
    assert (table.max() - table.min()).le(2).all()
    assert folds.groupby("lesion_id")["fold"].nunique().max() > 1


def test_too_many_folds_say_what_to_do():
    """A class with fewer lesions than folds is an error that names it."""
    with pytest.raises(DataError, match="df.*fewer folds"):
        k_folds(make_catalogue({"df": [9] * 4, "nv": [1] * 9}), 5)
    with pytest.raises(ConfigError, match="n_folds"):
        k_folds(make_catalogue({"nv": [1] * 9}), 1)


@pytest.mark.parametrize("by", ["lesion", "image"])
def test_each_fold_is_valid_once_and_the_test_split_stays(by):
    """In fold k's table fold k is valid; the valid splits together are all but the test split."""
    catalogue = split_catalogue(make_catalogue(SPREAD), by=by, seed=2)
    tables = fold_catalogues(catalogue, 4, by=by, seed=3)
    test = catalogue["split"] == "test"
    held_out = pd.DataFrame([table["split"] == "valid" for table in tables])
    for table in tables:
        assert list(table["image_id"]) == list(catalogue["image_id"])
        assert ((table["split"] == "test") == test).all()
        assert set(table["split"]) == {"train", "valid", "test"}
        valid = table[table["split"] == "valid"]
        assert set(valid["dx"]) == set(catalogue["dx"])
        if by == "lesion":
            assert table.groupby("lesion_id")["split"].nunique().max() == 1
    assert (held_out.sum() == (~test).astype(int)).all()
    again = fold_catalogues(catalogue, 4, by=by, seed=3)
    assert all(one.equals(other) for one, other in zip(tables, again, strict=True))
    assert not tables[0].equals(fold_catalogues(catalogue, 4, by=by, seed=4)[0])


def test_folds_of_a_torn_test_split_are_refused():
    """By lesion, a test split by image is an error: its lesions are also in the folds."""
    catalogue = split_catalogue(make_catalogue(SPREAD), by="image")
    with pytest.raises(DataError, match="split again with by='lesion'"):
        fold_catalogues(catalogue, 3)
    with pytest.raises(ConfigError, match="split"):
        fold_catalogues(make_catalogue(SPREAD), 3)


@given(catalogue=catalogues, seed=st.integers(0, 1000))
@settings(max_examples=30)
def test_undersampling_makes_two_equal_kinds(catalogue, seed):
    """As many benign as malignant images, all of the rarer kind, each diagnosis in proportion."""
    kinds = catalogue["dx"].isin(MALIGNANT)
    if kinds.nunique() == 1:
        with pytest.raises(DataError, match="benign and malignant"):
            undersample(catalogue, seed)
        return
    chosen = undersample(catalogue, seed)
    malignant = chosen["dx"].isin(MALIGNANT)
    n_kind = min(kinds.sum(), (~kinds).sum())
    assert malignant.sum() == (~malignant).sum() == n_kind
    assert chosen["image_id"].is_unique and set(chosen["image_id"]) <= set(catalogue["image_id"])
    for kind, of_kind in ((kinds, malignant), (~kinds, ~malignant)):
        wanted = catalogue.loc[kind, "dx"].value_counts() * n_kind / kind.sum()
        got = chosen.loc[of_kind, "dx"].value_counts().reindex(wanted.index, fill_value=0)
        assert (got - wanted).abs().max() < 1
    assert chosen.equals(undersample(catalogue, seed))
    shuffled = undersample(catalogue.sample(frac=1, random_state=1), seed)
    assert set(shuffled["image_id"]) == set(chosen["image_id"])


@pytest.mark.parametrize("by", ["lesion", "image"])
def test_screening_split_has_both_kinds_alike(by):
    """Each kind is split 64/16/20, by lesion nearly so and without a torn lesion."""
    split = screening_split(make_catalogue(SPREAD), by=by, seed=1)
    malignant = split["dx"].isin(MALIGNANT)
    table = pd.crosstab(split["split"], malignant).loc[["train", "valid", "test"]]
    n_kind = int(malignant.sum())
    wanted = np.array([int(int(n_kind * 0.8) * 0.8), 0, n_kind - int(n_kind * 0.8)])
    wanted[1] = n_kind - wanted.sum()
    slack = 3 if by == "lesion" else 1  # the few df are to be in every split
    assert np.abs(table.to_numpy() - wanted[:, None]).max() <= slack
    torn = split.groupby("lesion_id")["split"].nunique().max()
    assert torn == 1 if by == "lesion" else torn > 1
    assert split.equals(screening_split(make_catalogue(SPREAD), by=by, seed=1))
    assert not split.equals(screening_split(make_catalogue(SPREAD), by=by, seed=2))


def test_groups_stay_together_in_folds_and_screening():
    """Each pair of a nevus and a melanoma that share a picture is in one fold, and one split."""
    catalogue = make_catalogue({"nv": [1] * 40, "mel": [1] * 40})
    pair = catalogue["lesion_id"].str.extract(r"(\d+)")[0].astype(int)
    joined = catalogue.assign(
        group=np.where(pair % 4 == 0, "both" + pair.astype(str), catalogue.index)
    )
    joined["group"] = joined["group"].astype(str)
    split = split_catalogue(joined)
    tables = [k_folds(joined, 3), *fold_catalogues(split, 3), screening_split(joined, "lesion", 1)]
    columns = ["fold", "split", "split", "split", "split"]
    for table, column in zip(tables, columns, strict=True):
        assert table.groupby("group")[column].nunique().max() == 1
    torn = k_folds(catalogue, 3).assign(group=joined["group"]).groupby("group")["fold"].nunique()
    assert torn.max() == 2


def test_screening_split_of_rare_diagnoses():
    """A diagnosis with too few lesions joins its kind; a kind with too few is an error."""
    split = screening_split(make_catalogue({"nv": [1] * 40, "vasc": [2], "mel": [1] * 30}))
    assert set(split["split"]) == {"train", "valid", "test"}
    with pytest.raises(DataError, match="mel: expected at least 3 .* by lesion, .* but got 2"):
        screening_split(make_catalogue({"nv": [1] * 40, "mel": [5, 5]}), by="lesion")
    with pytest.raises(ConfigError, match="patient"):
        screening_split(make_catalogue(SPREAD), by="patient")


def test_real_screening_counts(real_catalogue):
    """On the real metadata: 3,908 images, by image 3,126 / 782 with 391 of each kind in test."""
    for seed in range(3):
        split = screening_split(real_catalogue, seed=seed)
        malignant = split["dx"].isin(MALIGNANT)
        assert len(split) == 3908 and malignant.sum() == 1954
        counts = pd.crosstab(split["split"], malignant)
        assert counts.loc["test"].tolist() == [391, 391]
        assert (split["split"] != "test").sum() == 3126
        assert counts.loc["valid"].tolist() == [313, 313]
        assert leakage(split).loc["all", "share"] > 0.2
        grouped = screening_split(real_catalogue, by="lesion", seed=seed)
        assert len(grouped) == 3908
        assert leakage(grouped).loc["all", "n_leaked"] == 0
        counts = pd.crosstab(grouped["split"], grouped["dx"].isin(MALIGNANT))
        assert np.abs(counts.loc["test"] - 391).max() <= 2
        assert np.abs(counts.loc["valid"] - 313).max() <= 2


def test_real_folds(real_catalogue):
    """On the real metadata five folds hold a fifth of each class, to two images by lesion."""
    for by in ("lesion", "image"):
        catalogue = split_catalogue(real_catalogue, by=by)
        rest = catalogue.loc[catalogue["split"] != "test", "dx"].value_counts()
        for table in fold_catalogues(catalogue, by=by):
            valid = table.loc[table["split"] == "valid", "dx"].value_counts()
            assert (valid - rest / 5).abs().max() <= 2
