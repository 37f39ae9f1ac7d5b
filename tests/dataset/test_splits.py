"""Splits: no lesion twice, every class everywhere, and the published counts to the image."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import train_test_split
from support.catalogues import catalogues, make_catalogue

from helpers.core.classes import CLASSES
from helpers.core.errors import ConfigError, DataError
from helpers.dataset.splits import (
    SPLITS,
    assert_grouped,
    leakage,
    published_split_counts,
    reunite,
    split_catalogue,
)


def counts(split: pd.DataFrame) -> pd.DataFrame:
    """Images by split and class."""
    table = pd.crosstab(split["split"], split["dx"])
    return table.loc[list(SPLITS), list(CLASSES)]


@settings(max_examples=60)
@given(catalogue=catalogues, seed=st.integers(0, 2**32 - 1))
def test_by_lesion_invariants(catalogue, seed):
    """No lesion in two splits, every class in every split, and shares near the fractions."""
    split = split_catalogue(catalogue, seed=seed)
    assert split.groupby("lesion_id")["split"].nunique().max() == 1
    for _, members in split.groupby("dx"):
        assert set(members["split"]) == set(SPLITS)
        sizes = members["lesion_id"].value_counts()
        for name, fraction in zip(SPLITS, (0.6, 0.2, 0.2), strict=True):
            got = (members["split"] == name).sum()
            # A split stops drawing when it is full: it is off by less than its last lesion,
            # or by what the other two took too much; the floor may move one lesion more.
            assert abs(got - fraction * len(members)) <= 3 * sizes.max()


def test_few_single_lesions_reach_every_split():
    """Three lesions of one class are one for each split, for any seed."""
    catalogue = make_catalogue({"df": [1, 1, 1], "nv": [1] * 50})
    for seed in range(20):
        split = split_catalogue(catalogue, seed=seed)
        assert sorted(split.loc[split["dx"] == "df", "split"]) == sorted(SPLITS)


def test_seed_decides_and_rows_do_not():
    """The same seed gives each lesion the same split in any order of rows; another differs."""
    catalogue = make_catalogue({"nv": [2] * 40, "mel": [1, 3] * 10})
    one = split_catalogue(catalogue, seed=1)
    shuffled = split_catalogue(catalogue.sample(frac=1, random_state=0), seed=1)
    assert one["split"].equals(shuffled["split"].reindex(one.index))
    assert not one["split"].equals(split_catalogue(catalogue, seed=2)["split"])
    assert "split" not in catalogue


def test_large_lesions_go_everywhere():
    """Lesions with many images are not always in train."""
    catalogue = make_catalogue({"nv": [6] + [1] * 60})
    seen = {split_catalogue(catalogue, seed=seed)["split"].iloc[0] for seed in range(40)}
    assert seen == set(SPLITS)


def test_too_few_lesions_say_what_to_do():
    """Every class with fewer than three lesions is named in one error."""
    with pytest.raises(DataError) as caught:
        split_catalogue(make_catalogue({"df": [9], "vasc": [4, 4], "nv": [1] * 9}))
    assert len(caught.value.problems) == 2
    assert "df" in str(caught.value) and "use more images" in str(caught.value)


@pytest.mark.parametrize(
    "fractions", [(0.6, 0.4), (0.6, 0.3, 0.3), (1.0, 0.0, 0.0), (0.8, 0.4, -0.2)]
)
def test_bad_fractions(fractions):
    """Fractions that are not three positive shares of one are an error."""
    with pytest.raises(ConfigError, match="sum to 1"):
        split_catalogue(make_catalogue({"nv": [1] * 9}), fractions)


@pytest.mark.parametrize("by", ["lesion", "image"])
def test_there_may_be_no_test(by):
    """Nine tenths to train, one to validate, as one of the published systems has it."""
    catalogue = make_catalogue({"nv": [1] * 60 + [2] * 20, "mel": [1] * 20, "df": [1, 1]})
    split = split_catalogue(catalogue, (0.9, 0.1, 0.0), by)["split"]
    assert set(split) == {"train", "valid"}
    assert (split == "valid").mean() == pytest.approx(0.1, abs=0.02)


def test_bad_options():
    """An unknown grouping and an empty catalogue are errors."""
    catalogue = make_catalogue({"nv": [1] * 9})
    with pytest.raises(ConfigError, match="by"):
        split_catalogue(catalogue, by="patient")
    with pytest.raises(DataError, match="no rows"):
        split_catalogue(catalogue.iloc[:0])


def test_assert_grouped_names_the_lesions():
    """The assertion fails on a torn lesion, names it and where it is."""
    catalogue = make_catalogue({"nv": [2, 2]}).assign(split=["train", "test", "valid", "valid"])
    with pytest.raises(DataError, match="nv0.*train, test") as caught:
        assert_grouped(catalogue)
    assert len(caught.value.problems) == 1
    with pytest.raises(DataError, match="missing"):
        assert_grouped(catalogue.assign(split=["train", "train", None, "valid"]))


def test_grouped_split_is_asserted(monkeypatch):
    """A grouping that went wrong inside is caught by the assertion, not handed on."""
    torn = pd.Series([0, 1] * 6)
    monkeypatch.setattr("helpers.dataset.splits._by_lesion", lambda *_: torn)
    with pytest.raises(DataError, match="expected one split"):
        split_catalogue(make_catalogue({"nv": [2] * 6}))


def test_leakage_counts_test_images_of_trained_lesions():
    """The share is of test images whose lesion is also in train, by class and in all."""
    catalogue = make_catalogue({"nv": [2, 1, 1], "mel": [2]}).assign(
        split=["train", "test", "test", "valid", "test", "valid"]
    )
    table = leakage(catalogue)
    assert table.loc["nv"].tolist() == [2, 1, 0.5]
    assert table.loc["mel", "n_leaked"] == 0
    assert table.loc["all", "share"] == pytest.approx(1 / 3)


def test_leakage_of_a_grouped_split_is_none():
    """A split by lesion leaks nothing; by image it does."""
    catalogue = make_catalogue({"nv": [3] * 30})
    assert leakage(split_catalogue(catalogue))["n_leaked"].sum() == 0
    assert leakage(split_catalogue(catalogue, by="image"))["n_leaked"].sum() > 0


def test_published_counts_add_up():
    """The published table is that of 10,015 images in 6,009, 2,003 and 2,003."""
    published = published_split_counts()
    assert published.sum(axis=1).tolist() == [6009, 2003, 2003]
    assert list(published.columns) == list(CLASSES)


def test_published_cells_for_every_seed():
    """By image, class totals as in HAM10000 give all 21 published cells, whatever the seed."""
    published = published_split_counts()
    catalogue = make_catalogue({dx: [1] * int(n) for dx, n in published.sum().items()})
    for seed in range(5):
        pd.testing.assert_frame_equal(
            counts(split_catalogue(catalogue, by="image", seed=seed)),
            published,
            check_names=False,
        )


def test_published_cells_are_one_of_scikit_learns():
    """scikit-learn's stratified two-step split gives the published cells for some seeds."""
    published = published_split_counts()
    dx = np.repeat(np.array(CLASSES), published.sum().to_numpy())
    matches = 0
    for seed in range(30):
        train, rest = train_test_split(dx, test_size=0.4, stratify=dx, random_state=seed)
        valid, test = train_test_split(rest, test_size=0.5, stratify=rest, random_state=seed)
        drawn = [[(part == name).sum() for name in CLASSES] for part in (train, valid, test)]
        matches += drawn == published.to_numpy().tolist()
    assert 0 < matches < 30  # reachable, but not to be relied on


def test_real_published_cells_and_leakage(real_catalogue):
    """On the real metadata: all 21 cells, about 31 % leaked, and 56 % of melanomas."""
    leaks = []
    for seed in range(10):
        split = split_catalogue(real_catalogue, by="image", seed=seed)
        pd.testing.assert_frame_equal(counts(split), published_split_counts(), check_names=False)
        leaks.append(leakage(split)["share"])
    mean = pd.concat(leaks, axis=1).mean(axis=1)
    assert mean["all"] == pytest.approx(0.31, abs=0.02)
    assert mean["mel"] == pytest.approx(0.56, abs=0.04)


def test_real_grouped_split(real_catalogue):
    """On the real metadata a grouped split is within two images of 60/20/20 in every class."""
    split = split_catalogue(real_catalogue)
    wanted = np.outer((0.6, 0.2, 0.2), real_catalogue["dx"].value_counts()[list(CLASSES)])
    assert np.abs(counts(split).to_numpy() - wanted).max() <= 2
    assert leakage(split).loc["all", "n_leaked"] == 0


@settings(max_examples=20)
@given(catalogue=catalogues, seed=st.integers(0, 99), every=st.integers(2, 9))
def test_groups_stay_together_and_nothing_else_moves(catalogue, seed, every):
    """What is not torn keeps its split; what is torn goes where most of it is."""
    number = catalogue["lesion_id"].factorize()[0]
    names = np.where(number % every == 0, catalogue["dx"] + "joined", catalogue["lesion_id"])
    joined = catalogue.assign(group=names)
    plain = split_catalogue(catalogue, seed=seed)
    try:
        split = split_catalogue(joined, seed=seed)
    except DataError as error:
        assert "share a picture stay together" in str(error)
        return
    assert_grouped(split)
    assert split.groupby("group")["split"].nunique().max() == 1
    whole = plain["split"].groupby(joined["group"]).transform("nunique") == 1
    assert split.loc[whole, "split"].equals(plain.loc[whole, "split"])
    for group, rows in plain["split"].groupby(joined["group"]):
        home = split.loc[joined["group"] == group, "split"].iloc[0]
        assert (rows == home).sum() == rows.value_counts().max()


def test_of_equals_the_first_split_gets_the_group():
    """Not the first by its letters; of folds the lowest number."""
    catalogue = pd.DataFrame({"group": ["a", "a", "b", "b", "c"]})
    split = pd.Series(["test", "train", "valid", "test", "valid"])
    assert list(reunite(split, catalogue)) == ["train", "train", "valid", "valid", "valid"]
    assert list(reunite(pd.Series([10, 9, 1, 2, 3]), catalogue)) == [9, 9, 1, 1, 3]
    assert reunite(split, catalogue.drop(columns="group")) is split


def test_a_group_that_empties_a_split_of_a_class_is_told():
    """The class, how many splits are left, and the ways out."""
    catalogue = make_catalogue({"df": [1, 1, 1], "nv": [1] * 20})
    joined = catalogue.assign(group=catalogue["lesion_id"].replace({"df1": "df0"}))
    with pytest.raises(DataError, match=r"df: expected a lesion in each .* leaves 2 of them"):
        split_catalogue(joined)


def test_a_torn_group_is_a_leak():
    """Its lesions have other ids, and one picture."""
    catalogue = make_catalogue({"nv": [1, 1, 1]}).assign(split=["train", "test", "valid"])
    assert leakage(catalogue).loc["all", "n_leaked"] == 0
    joined = catalogue.assign(group=["nv0", "nv0", "nv2"])
    assert leakage(joined).loc["all", "n_leaked"] == 1
    with pytest.raises(DataError, match="nv0: expected one split"):
        assert_grouped(joined)
