"""The browser app's two peculiarities: classes balanced in files, and three ways to validate."""

from __future__ import annotations

import numpy as np
import pandas as pd

from helpers.core import CLASSES, DataError
from helpers.dataset import split_catalogue

IMAGES_PER_CLASS = 6000
"""To how many images a class was to be brought, and `FILES_PER_BATCH` at a time; from the code of
the app's author, as are `BALANCED` and `STEPS`."""

FILES_PER_BATCH = 50

BALANCED = tuple(dx for dx in CLASSES if dx != "nv")
"""Classes that were brought to that number; of nevi there are enough."""

STEPS, BATCH_SIZE = 902, 10
"""Steps of one of its epochs, and images a step."""


def files_after_balancing(n_images: int) -> int:
    """Files of a class after the app's balancing: originals and augmented copies.

    Its generator goes over the originals in batches of 50, each batch changed anew, and is asked
    for as many batches as 50 would need. But the last batch of each pass is short, so a class
    whose originals do not divide into batches stays short of the number that was wanted.

    Parameters
    ----------
    n_images : int
        Originals of the class, one or more.

    Returns
    -------
    int
        At most: a copy that is written under a name that is there already replaces another.

    Examples
    --------
    Dermatofibroma has 104 training images, so every third batch has 4 in place of 50:

    >>> files_after_balancing(104)
    4210
    """
    batches_a_pass = -(-n_images // FILES_PER_BATCH)
    n_batches = -(-max(IMAGES_PER_CLASS - n_images, 0) // FILES_PER_BATCH)
    passes, rest = divmod(n_batches, batches_a_pass)
    return n_images + passes * n_images + min(rest * FILES_PER_BATCH, n_images)


def balance_table(counts: pd.Series) -> pd.DataFrame:
    """What the app's balancing makes of the classes.

    Parameters
    ----------
    counts : Series of int
        Training images of each class.

    Returns
    -------
    DataFrame
        Indexed by class, in the counts' order: ``images``; ``files`` after it, at most; ``copies``
        a picture has of each image, the original among them; ``share`` of all files.
    """
    files = [
        files_after_balancing(int(n)) if dx in BALANCED else int(n) for dx, n in counts.items()
    ]
    table = pd.DataFrame({"images": counts.astype(int), "files": files})
    table["copies"] = table["files"] / table["images"]
    table["share"] = table["files"] / table["files"].sum()
    return table


def single_image_split(catalogue: pd.DataFrame, share: float, seed: int = 0) -> pd.DataFrame:
    """Validate on lesions with a single image alone, so that no lesion is on both sides.

    The mend of the app's ancestor: whatever is drawn from these images, no sibling of theirs is
    in training, for they have none.

    Parameters
    ----------
    catalogue : DataFrame
        With ``image_id``, ``lesion_id`` and ``dx``.
    share : float
        Of the images of such lesions that validate, in (0, 1), class by class; at least one.
    seed : int, default=0
        Of the draw.

    Returns
    -------
    DataFrame
        A copy with the column ``split``, "train" or "valid".

    Raises
    ------
    DataError
        If no lesion has a single image.
    """
    alone = ~catalogue["lesion_id"].duplicated(keep=False)
    if not alone.any():
        raise DataError("expected lesions with a single image to validate on, but there is none")
    drawn = []
    for dx, members in catalogue[alone].groupby("dx", observed=True):
        random = np.random.default_rng([seed, CLASSES.index(dx)])
        drawn.append(members.sample(max(1, round(share * len(members))), random_state=random))
    split = pd.Series("train", index=catalogue.index)
    split[pd.concat(drawn).index] = "valid"
    return catalogue.assign(split=split)


def ways_to_validate(
    catalogue: pd.DataFrame, fractions: tuple[float, float, float], seed: int = 0
) -> dict[str, pd.DataFrame]:
    """The same images divided in three ways: by image, the ancestor's mend, and by lesion.

    Parameters
    ----------
    catalogue : DataFrame
        All images.
    fractions : tuple of float
        Shares of train, valid and, which is 0, of test.
    seed : int, default=0
        Of the draws.

    Returns
    -------
    dict of str to DataFrame
        By what the chapter calls it; each with the column ``split``. All validate on about as
        many images.
    """
    alone = (~catalogue["lesion_id"].duplicated(keep=False)).sum()
    share = min(fractions[1] * len(catalogue) / max(int(alone), 1), 0.5)
    return {
        "by image": split_catalogue(catalogue, fractions, "image", seed),
        "lesions with one image": single_image_split(catalogue, share, seed),
        "by lesion": split_catalogue(catalogue, fractions, "lesion", seed),
    }
