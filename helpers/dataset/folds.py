"""Other divisions than train, valid and test: folds, and as many benign as malignant images."""

from __future__ import annotations

import numpy as np
import pandas as pd

from helpers.core import CLASSES, MALIGNANT, ConfigError, DataError
from helpers.dataset.splits import (
    SPLITS,
    apportion,
    assert_grouped,
    check_grouping,
    draw_lesions,
    reunite,
)

SCREENING_TRAIN = 0.8
"""Share of the published screening model's images that it was trained on; the rest, as whole
images, is 782 of 3,908."""


def k_folds(
    catalogue: pd.DataFrame, n_folds: int = 5, by: str = "lesion", seed: int = 0
) -> pd.DataFrame:
    """Number every image with the fold that holds it out, class by class.

    Parameters
    ----------
    catalogue : DataFrame
        With ``image_id``, ``lesion_id`` and ``dx``.
    n_folds : int, default=5
        At least 2.
    by : {"lesion", "image"}, default="lesion"
        Whether the images of a lesion stay together, which is asserted.
    seed : int, default=0
        Seed of the shuffle.

    Returns
    -------
    DataFrame
        A copy with the int column ``fold`` in ``range(n_folds)``.

    Raises
    ------
    ConfigError
        If ``n_folds`` or ``by`` is out of range.
    DataError
        If a class has fewer lesions (or images) than there are folds.
    """
    check_grouping(catalogue, by)
    if n_folds < 2:
        raise ConfigError(f"n_folds: expected at least 2 but got {n_folds}")
    units = catalogue.drop_duplicates("lesion_id") if by == "lesion" else catalogue
    counts = units["dx"].value_counts()
    few = counts[counts < n_folds]
    if len(few):
        raise DataError(
            [
                f"{dx}: expected at least one {by} for each of {n_folds} folds but got {n}; use "
                "fewer folds or more images"
                for dx, n in few.items()
            ]
        )
    shares = np.full(n_folds, 1 / n_folds)
    fold = pd.Series(0, index=catalogue.index)
    groups = catalogue["lesion_id"] if by == "lesion" else catalogue["image_id"]
    for dx in counts.index:
        sizes = groups[catalogue["dx"] == dx].value_counts().sort_index()
        random = np.random.default_rng([seed, CLASSES.index(dx)])
        wanted = shares * sizes.sum()
        drawn = pd.Series(draw_lesions(sizes.to_numpy(), wanted, random), index=sizes.index)
        fold.update(groups[catalogue["dx"] == dx].map(drawn))
    fold = fold.astype(int)
    result = catalogue.assign(fold=reunite(fold, catalogue) if by == "lesion" else fold)
    if by == "lesion":
        assert_grouped(result, "fold")
    return result


def fold_catalogues(
    catalogue: pd.DataFrame, n_folds: int = 5, by: str = "lesion", seed: int = 0
) -> list[pd.DataFrame]:
    """Catalogues of a cross-validation beside a test split that stays what it is.

    Parameters
    ----------
    catalogue : DataFrame
        With a `split` column; what is not "test" is divided into folds, class by class.
    n_folds : int, default=5
        At least 2.
    by : {"lesion", "image"}, default="lesion"
        Whether the images of a lesion stay together, which is asserted of folds and test split.
    seed : int, default=0
        Seed of the shuffle.

    Returns
    -------
    list of DataFrame
        `n_folds` copies; in the k-th the images of fold k are "valid" and those of the others
        "train".

    Raises
    ------
    ConfigError
        If ``n_folds`` or ``by`` is out of range, or the catalogue has no split.
    DataError
        If a class has fewer lesions (or images) than there are folds, or, by lesion, one is
        divided between the test split and the rest.
    """
    if "split" not in catalogue.columns:
        raise ConfigError("split: expected a column that names the test images, got none; split")
    rest = catalogue[catalogue["split"].astype(str) != "test"]
    fold = k_folds(rest, n_folds, by, seed)["fold"].reindex(catalogue.index)
    tables = []
    for index in range(n_folds):
        split = np.where(fold.isna(), "test", np.where(fold == index, "valid", "train"))
        tables.append(catalogue.assign(split=split))
        if by == "lesion":
            assert_grouped(tables[-1])
    return tables


def undersample(catalogue: pd.DataFrame, seed: int = 0) -> pd.DataFrame:
    """Leave out images of the commoner kind until benign and malignant are as many.

    Parameters
    ----------
    catalogue : DataFrame
        With ``image_id`` and ``dx``.
    seed : int, default=0
        Of the choice among the images of a diagnosis. How many stay of each diagnosis of the
        commoner kind is fixed: as many as is proportional, to the image.

    Returns
    -------
    DataFrame
        The chosen rows in the catalogue's order, with a new index. All images of the rarer kind
        are among them.

    Raises
    ------
    DataError
        If there are no benign, or no malignant, images.
    """
    malignant = catalogue["dx"].astype(str).isin(MALIGNANT)
    n_kept = int(min(malignant.sum(), (~malignant).sum()))
    if n_kept == 0:
        found = ", ".join(sorted(set(catalogue["dx"].astype(str)))) or "none"
        raise DataError(
            f"expected benign and malignant images but the diagnoses are {found}; use more images"
        )
    kept = pd.Series(False, index=catalogue.index)
    for kind in (malignant, ~malignant):
        counts = catalogue.loc[kind, "dx"].astype(str).value_counts()
        for dx, n in apportion(counts, n_kept).items():
            members = catalogue.index[catalogue["dx"] == dx]
            order = catalogue.loc[members, "image_id"].argsort().to_numpy()
            random = np.random.default_rng([seed, CLASSES.index(str(dx)), 1])
            kept[members[order[random.permutation(len(members))[:n]]]] = True
    return catalogue[kept].reset_index(drop=True)


def screening_split(catalogue: pd.DataFrame, by: str = "image", seed: int = 0) -> pd.DataFrame:
    """Under-sample and split as the published screening model did, with a test split besides.

    The published split is 80/20 in two: 3,126 images to train on and 782 to validate, which are
    also those that its scores come from. Here those 782 are "test", and "valid" is taken out of
    the 3,126 by the same rule, so that nothing is chosen on what is reported.

    Parameters
    ----------
    catalogue : DataFrame
        With ``image_id``, ``lesion_id`` and ``dx``; a column ``split`` is not looked at.
    by : {"image", "lesion"}, default="image"
        What is kept together: nothing, as published, or the images of a lesion.
    seed : int, default=0
        Of under-sampling and split.

    Returns
    -------
    DataFrame
        The under-sampled rows with the column ``split``. Each kind is split alike, and each
        diagnosis as nearly as whole images allow; by lesion the counts are those of a split by
        image as nearly as whole lesions allow. A diagnosis with three lesions (or images) or more
        is in every split, with fewer it is drawn together with the commonest of its kind.

    Raises
    ------
    ConfigError
        If ``by`` is neither.
    DataError
        If a kind has fewer lesions (or images) than there are splits.
    """
    check_grouping(catalogue, by)
    chosen = undersample(catalogue, seed)
    dx = chosen["dx"].astype(str)
    group = chosen["lesion_id" if by == "lesion" else "image_id"]
    split = pd.Series("", index=chosen.index)
    for members in (dx.index[dx.isin(MALIGNANT)], dx.index[~dx.isin(MALIGNANT)]):
        stratum = _strata(dx[members], group[members], by)
        counts = stratum.value_counts()
        n_rest = int(len(members) * SCREENING_TRAIN + 1e-6)
        rest = apportion(counts, n_rest)
        train = apportion(rest, int(n_rest * SCREENING_TRAIN + 1e-6))
        for name in counts.index:
            rows = stratum.index[stratum == name]
            sizes = group[rows].value_counts().sort_index()
            wanted = np.array([train[name], rest[name] - train[name], counts[name] - rest[name]])
            random = np.random.default_rng([seed, CLASSES.index(name)])
            drawn = draw_lesions(sizes.to_numpy(), wanted, random)
            split[rows] = group[rows].map(
                dict(zip(sizes.index, np.array(SPLITS)[drawn], strict=True))
            )
    if by == "lesion":
        split = reunite(split, chosen)
    result = chosen.assign(split=split)
    if by == "lesion":
        assert_grouped(result)
    return result


def _strata(dx: pd.Series, group: pd.Series, by: str) -> pd.Series:
    """Diagnoses of one kind, the rare ones counted among the commonest."""
    n_groups = group.groupby(dx).nunique()
    commonest = str(dx.value_counts().index[0])
    rare = n_groups.index[n_groups < len(SPLITS)]
    if group.nunique() < len(SPLITS):
        raise DataError(
            f"{', '.join(n_groups.index)}: expected at least {len(SPLITS)} of one kind by {by}, "
            f"one for each of {', '.join(SPLITS)}, but got {group.nunique()}; use more images"
        )
    return dx.where(~dx.isin(rare), commonest)
