"""Ways to put images aside for validation, and what each does to classes and lesions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from helpers.core import CLASSES
from helpers.statistics import listed

VALIDATION_SHARE = 0.2
"""As in the tutorial's ``validation_split=0.2``."""


def n_trained(n_images: int) -> int:
    """Rows that Keras trains on under ``validation_split``: the first ones, rounded down."""
    return int(n_images * (1 - VALIDATION_SHARE))


def last_fifth(dx: Sequence[str] | pd.Series) -> pd.DataFrame:
    """Images of each class that ``validation_split=0.2`` trains and validates on.

    Parameters
    ----------
    dx : sequence of str of shape (n_images,)
        Diagnoses in the order of the file.

    Returns
    -------
    DataFrame of int
        Indexed by ``dx``, all classes: ``trained`` and ``validated``.
    """
    column = pd.Series(list(dx), dtype=str)
    cut = n_trained(len(column))
    parts = {"trained": column.iloc[:cut], "validated": column.iloc[cut:]}
    counts = {name: part.value_counts().reindex(list(CLASSES)) for name, part in parts.items()}
    return pd.DataFrame(counts).fillna(0).astype(int).rename_axis("dx")


def cuts(table: pd.DataFrame, seed: int) -> dict[str, NDArray[np.bool_]]:
    """Three ways to put images aside for validation.

    Parameters
    ----------
    table : DataFrame
        In the order of the file, with a column ``split`` made by lesion.
    seed : int
        Of the shuffling.

    Returns
    -------
    dict of str to ndarray of bool of shape (n_images,)
        Which rows validate: "by position" takes the last fifth, as ``validation_split`` does;
        "shuffled first" the last fifth of the shuffled rows; "by lesion" those of the split.
    """
    n_images = len(table)
    order = np.random.default_rng(seed).permutation(n_images)
    shuffled = np.zeros(n_images, dtype=bool)
    shuffled[order[n_trained(n_images) :]] = True
    return {
        "by position": np.arange(n_images) >= n_trained(n_images),
        "shuffled first": shuffled,
        "by lesion": (table["split"] == "valid").to_numpy(),
    }


def describe_cuts(table: pd.DataFrame, validates: Mapping[str, NDArray[np.bool_]]) -> pd.DataFrame:
    """What each way to put images aside does to classes and lesions.

    Parameters
    ----------
    table : DataFrame
        With ``dx`` and ``lesion_id``.
    validates : mapping of str to ndarray of bool
        As of `cuts`.

    Returns
    -------
    DataFrame
        Indexed by the cut: ``n_train`` and ``n_valid`` images; ``unlearned``, the classes that
        validate and are not trained on (list of str); ``unseen``, the classes that do not
        validate; ``n_lesions_torn`` and ``n_leaked``: lesions on both sides and their
        validation images.
    """
    rows = {}
    for name, valid in validates.items():
        train, held = table[~valid], table[valid]
        torn = set(train["lesion_id"]) & set(held["lesion_id"])
        trained, asked = set(train["dx"]), set(held["dx"])
        rows[name] = {
            "n_train": len(train),
            "n_valid": len(held),
            "unlearned": [dx for dx in CLASSES if dx in asked - trained],
            "unseen": [dx for dx in CLASSES if dx in trained - asked],
            "n_lesions_torn": len(torn),
            "n_leaked": int(held["lesion_id"].isin(torn).sum()),
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("cut")


def cuts_in_words(described: pd.DataFrame) -> pd.DataFrame:
    """The table of `describe_cuts` for a reader.

    Parameters
    ----------
    described : DataFrame
        As of `describe_cuts`.

    Returns
    -------
    DataFrame
        Lists as text, and ``leaked``: validation images whose lesion was trained on, as a share.
    """
    return pd.DataFrame(
        {
            "train": described["n_train"],
            "valid": described["n_valid"],
            "validated, not trained on": described["unlearned"].map(listed),
            "trained on, not validated": described["unseen"].map(listed),
            "lesions on both sides": described["n_lesions_torn"],
            "leaked": described["n_leaked"] / described["n_valid"],
        }
    )
