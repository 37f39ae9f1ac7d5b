"""Pairs of pictures that look alike, counted, and the ones to look at first."""

from __future__ import annotations

import numpy as np
import pandas as pd

from helpers.dataset import SAME_PICTURE, read_image


def pair_counts(pairs: pd.DataFrame, catalogue: pd.DataFrame) -> pd.DataFrame:
    """How many pairs have near hashes, are the same picture, and lie across two splits.

    Parameters
    ----------
    pairs : DataFrame
        Of :func:`helpers.dataset.near_duplicates`.
    catalogue : DataFrame
        With ``image_id`` and ``split``.

    Returns
    -------
    DataFrame of shape (3, 3)
        ``what``, ``pairs``, and how many of them are of two lesions by their ids.
    """
    split = catalogue.set_index("image_id")["split"]
    same = pairs[pairs["similarity"] >= SAME_PICTURE]
    apart = same["image_id_a"].map(split) != same["image_id_b"].map(split)
    kinds = {
        "pairs with near hashes": pairs,
        "of these, the same picture": same,
        "of these, across two splits": same[apart],
    }
    rows = [(what, len(found), int((~found["same_lesion"]).sum())) for what, found in kinds.items()]
    return pd.DataFrame(rows, columns=["what", "pairs", "of two lesions by id"])


def pairs_to_show(pairs: pd.DataFrame, n: int = 4) -> pd.DataFrame:
    """The pairs to look at: the same picture under two lesion ids, or else the most similar.

    Parameters
    ----------
    pairs : DataFrame
        Of :func:`helpers.dataset.near_duplicates`.
    n : int, default=4
        At most so many.

    Returns
    -------
    DataFrame of at most `n` rows
    """
    strangers = pairs[(pairs["similarity"] >= SAME_PICTURE) & ~pairs["same_lesion"]]
    best = pairs.sort_values("similarity", ascending=False)
    return (strangers if len(strangers) else best).head(n)


def pair_images(pairs: pd.DataFrame, catalogue: pd.DataFrame) -> tuple[list[np.ndarray], list[str]]:
    """Images of pairs and their ids, those of a pair side by side.

    Parameters
    ----------
    pairs : DataFrame
        Of :func:`pairs_to_show`.
    catalogue : DataFrame
        With ``image_id`` and ``path``.

    Returns
    -------
    images : list of ndarray of shape (height, width, 3)
    ids : list of str
    """
    paths = catalogue.set_index("image_id")["path"]
    ids = [str(i) for i in pairs[["image_id_a", "image_id_b"]].to_numpy().ravel()]
    return [read_image(paths[image_id]) for image_id in ids], ids
