"""Splits of a catalogue: by lesion, or by image for comparison with published counts.

Where a catalogue has the column ``group`` (`helpers.dataset.duplicates.join_duplicates`), a group,
which is a lesion or several that share a picture, stays together wherever lesions do.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from helpers.core import CLASSES, HAM10000_CLASSES, PUBLISHED, ConfigError, DataError
from helpers.dataset.class_sets import check_classes

SPLITS = ("train", "valid", "test")
DEFAULT_FRACTIONS = (0.6, 0.2, 0.2)

# The order of the classes in the published table. Where the rounding of a stratified split by
# image is a tie, the class that comes later in it gets the image (see split_catalogue).
_TABLE_ORDER = ("nv", "akiec", "mel", "df", "bcc", "vasc", "bkl")
_PUBLISHED = PUBLISHED / "split_counts.csv"


def published_split_counts() -> pd.DataFrame:
    """Images by split and class of the course report that DermBook reproduces.

    Returns
    -------
    DataFrame of int, shape (3, 7)
        Rows ``train, valid, test``; columns in the order of
        `helpers.core.classes.HAM10000_CLASSES`.
    """
    table = pd.read_csv(_PUBLISHED, index_col="split")
    return table.loc[list(SPLITS), list(HAM10000_CLASSES)]


def check_grouping(catalogue: pd.DataFrame, by: str) -> None:
    """Raise where `by` is neither "lesion" nor "image", or there is nothing to split."""
    if by not in ("lesion", "image"):
        raise ConfigError(f"by: expected 'lesion' or 'image' but got {by!r}")
    if catalogue.empty:
        raise DataError("expected a catalogue with images to split but it has no rows")
    check_classes(catalogue)


def _check_fractions(fractions: Sequence[float]) -> np.ndarray:
    shares = np.asarray(fractions, dtype=float)
    if (
        shares.shape != (3,)
        or not (shares[:2] > 0).all()
        or not shares[2] >= 0
        or abs(shares.sum() - 1) > 1e-6
    ):
        raise ConfigError(
            f"fractions: expected three positive shares (train, valid, test) that sum to 1, of "
            f"which the last may be 0, but got {tuple(fractions)}; for example {DEFAULT_FRACTIONS}"
        )
    return shares


def kept_together(catalogue: pd.DataFrame) -> pd.Series:
    """What no division may tear: the group of each image where there are any, else its lesion."""
    return catalogue["group" if "group" in catalogue.columns else "lesion_id"]


def reunite(part: pd.Series, catalogue: pd.DataFrame) -> pd.Series:
    """Bring each group to the part that holds most of its images; of equals, the first.

    Lesions are drawn as if there were no groups, so that nothing moves but what was torn.

    Parameters
    ----------
    part : Series of str or int
        The split, or the number of the fold, of each image.
    catalogue : DataFrame
        With the same index. Without a column ``group``, nothing changes.
    """
    if "group" not in catalogue.columns:
        return part
    counts = pd.crosstab(catalogue["group"], part)
    order = [name for name in SPLITS if name in counts.columns] or sorted(counts.columns)
    return catalogue["group"].map(counts[order].idxmax(axis=1))


def draw_lesions(sizes: np.ndarray, wanted: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Split index of each lesion of one class.

    Lesions come in random order, those with most images first, so that the single images at
    the end even out the rest. Each goes to a split with a probability proportional to the
    images that the split still lacks: an exact share, and no split attracts large lesions.

    Parameters
    ----------
    sizes : ndarray of int of shape (n_lesions,)
        Images of each lesion; there are at least as many lesions as splits.
    wanted : ndarray of shape (n_splits,)
        Images that each split should have; they sum to all images.
    random : numpy.random.Generator
        What is drawn from.

    Returns
    -------
    ndarray of int of shape (n_lesions,)
        In ``range(n_splits)``; every split has a lesion.
    """
    order = random.permutation(len(sizes))
    order = order[np.argsort(-sizes[order], kind="stable")]
    lacking = np.array(wanted, dtype=float)
    split = np.empty(len(sizes), dtype=int)
    for lesion in order:
        weights = np.maximum(lacking, 0)
        chosen = random.choice(len(lacking), p=weights / weights.sum())
        split[lesion] = chosen
        lacking[chosen] -= sizes[lesion]
    # A class with few lesions may leave a split empty: it gets the smallest lesion of the
    # split that has most.
    while True:
        counts = np.bincount(split, minlength=len(lacking))
        if counts.min() > 0:
            return split
        donors = np.flatnonzero(split == counts.argmax())
        split[donors[np.argmin(sizes[donors])]] = counts.argmin()


def _by_lesion(catalogue: pd.DataFrame, shares: np.ndarray, seed: int) -> pd.Series:
    lesions = catalogue.groupby("lesion_id", sort=True).agg(
        dx=("dx", "first"), size=("image_id", "size")
    )
    counts = lesions["dx"].value_counts()
    names = SPLITS if shares[2] else SPLITS[:2]
    few = counts[counts < len(names)]
    if len(few):
        raise DataError(
            [
                f"{dx}: expected at least {len(names)} lesions, one for each of "
                f"{', '.join(names)}, but got {n}; use more images, leave the class out, or "
                "split by='image'"
                for dx, n in few.items()
            ]
        )
    split = pd.Series(0, index=lesions.index)
    for dx in CLASSES:
        members = lesions[lesions["dx"] == dx]
        if len(members):
            random = np.random.default_rng([seed, CLASSES.index(dx)])
            sizes = members["size"].to_numpy()
            wanted = shares[: len(names)] * sizes.sum()
            split[members.index] = draw_lesions(sizes, wanted, random)
    drawn = catalogue["lesion_id"].map(split)
    together = reunite(drawn, catalogue)
    before, after = (part.groupby(catalogue["dx"]).nunique() for part in (drawn, together))
    if (after < before).any():
        raise DataError(
            [
                f"{dx}: expected a lesion in each of {', '.join(names)} but lesions that share a "
                f"picture stay together, which leaves {after[dx]} of them; use another seed or "
                "more images, or do not group duplicates"
                for dx in after.index[after < before]
            ]
        )
    return together


def apportion(counts: pd.Series, n_wanted: int) -> pd.Series:
    """Largest-remainder shares of ``n_wanted`` among classes; ties to the later class."""
    # Whole numbers throughout: a remainder computed in floats would break ties by noise.
    exact = counts.astype(int) * n_wanted
    total = int(counts.sum())
    shares, remainders = exact // total, exact % total
    places = {dx: place for place, dx in enumerate((*CLASSES, *_TABLE_ORDER))}
    ranked = sorted(counts.index, key=lambda dx: (-remainders[dx], -places[dx]))
    for dx in ranked[: n_wanted - int(shares.sum())]:
        shares[dx] += 1
    return shares


def _by_image(catalogue: pd.DataFrame, shares: np.ndarray, seed: int) -> pd.Series:
    counts = catalogue["dx"].value_counts()
    n_images = len(catalogue)
    n_train = int(n_images * shares[0] + 1e-6)  # whole images, as scikit-learn rounds them
    n_valid = int((n_images - n_train) * shares[1] / (shares[1] + shares[2]) + 0.5 - 1e-6)
    train = apportion(counts, n_train)
    valid = apportion(counts - train, n_valid)
    split = pd.Series(0, index=catalogue.index)
    for dx in counts.index:
        members = catalogue.index[catalogue["dx"] == dx]
        random = np.random.default_rng([seed, CLASSES.index(dx)])
        shuffled = members[random.permutation(len(members))]
        split[shuffled[train[dx] :]] = 1
        split[shuffled[train[dx] + valid[dx] :]] = 2
    return split


def split_catalogue(
    catalogue: pd.DataFrame,
    fractions: Sequence[float] = DEFAULT_FRACTIONS,
    by: str = "lesion",
    seed: int = 0,
) -> pd.DataFrame:
    """Assign every image to train, valid or test, class by class.

    Parameters
    ----------
    catalogue : DataFrame
        With ``image_id``, ``lesion_id`` and ``dx``, and ``group`` where lesions that share a
        picture are to stay together.
    fractions : sequence of three floats, default=(0.6, 0.2, 0.2)
        Shares of the images of every class; they sum to 1. Without a share there is no test.
    by : {"lesion", "image"}, default="lesion"
        ``"lesion"`` keeps the images of a lesion together, which is asserted, and gives every
        split at least one lesion of every class. ``"image"`` ignores lesions, as much
        published work does: its test score is then partly a score of memory.
    seed : int, default=0
        Seed of the shuffle. The same catalogue and seed give the same split.

    Returns
    -------
    DataFrame
        A copy with the string column ``split``.

    Raises
    ------
    ConfigError
        If ``fractions`` or ``by`` is not one of these.
    DataError
        If a class has fewer lesions than there are splits, or a group takes its last lesion
        out of one.

    Notes
    -----
    By image, the recipe is the usual one in two steps: train against the rest, stratified;
    then the rest into valid and test, stratified. With 10,015 images at 60/20/20 the shares
    of the classes leave ties (bcc and bkl for one training image; akiec, mel, vasc and bkl
    for two validation images). scikit-learn's ``train_test_split`` breaks them at random, so
    that about one seed in six gives the published counts. Here a tie goes to the class that
    comes later in the published table (nv, akiec, mel, df, bcc, vasc, bkl), which gives those
    counts for every seed; only which images they are depends on the seed.
    """
    check_grouping(catalogue, by)
    shares = _check_fractions(fractions)
    index = (_by_lesion if by == "lesion" else _by_image)(catalogue, shares, seed)
    result = catalogue.assign(split=pd.Series(np.array(SPLITS)[index], index=catalogue.index))
    if by == "lesion":
        assert_grouped(result)
    return result


def assert_grouped(catalogue: pd.DataFrame, column: str = "split") -> None:
    """Raise where a lesion, or a group of lesions, has images in two splits or folds.

    Parameters
    ----------
    catalogue : DataFrame
        With ``lesion_id`` or ``group``, and ``column``.
    column : str, default="split"
        ``"split"`` or ``"fold"``.

    Raises
    ------
    DataError
        Naming the lesions and where their images are.
    """
    if catalogue[column].isna().any():
        n_missing = int(catalogue[column].isna().sum())
        raise DataError(f"{column}: expected a value in every row but {n_missing:,} are missing")
    places = torn_apart(catalogue, column)
    if len(places):
        raise DataError(
            [
                f"{lesion}: expected one {column} for all its images but they are in "
                f"{', '.join(map(str, found))}; split again with by='lesion'"
                for lesion, found in places.items()
            ]
        )


def torn_apart(catalogue: pd.DataFrame, column: str = "split") -> pd.Series:
    """The splits or folds, as a list, of each lesion or group that has images in several."""
    pairs = catalogue[[column]].assign(unit=kept_together(catalogue)).drop_duplicates()
    torn = pairs[pairs["unit"].duplicated(keep=False)]
    return torn.groupby("unit", sort=True)[column].agg(list)


def leakage(catalogue: pd.DataFrame, scored: str = "test") -> pd.DataFrame:
    """Test images whose lesion, or group of lesions, the model has seen in training, by class.

    Parameters
    ----------
    catalogue : DataFrame
        With ``lesion_id`` or ``group``, ``dx`` and ``split``.
    scored : str, default="test"
        The split that a score is reported of.

    Returns
    -------
    DataFrame
        Indexed by class, and ``"all"`` last: ``n_test`` and ``n_leaked`` images, and
        ``share`` in [0, 1] (NaN for a class without test images).
    """
    units = kept_together(catalogue)
    test = catalogue[catalogue["split"] == scored]
    leaked = units[test.index].isin(units[catalogue["split"] == "train"])
    classes = [dx for dx in CLASSES if dx in set(catalogue["dx"])]
    table = pd.DataFrame(
        {
            "n_test": test["dx"].value_counts().reindex(classes, fill_value=0),
            "n_leaked": test.loc[leaked, "dx"].value_counts().reindex(classes, fill_value=0),
        }
    )
    table.loc["all"] = table.sum()
    table["share"] = table["n_leaked"] / table["n_test"].where(table["n_test"] > 0)
    return table.rename_axis("dx")
