"""What a study's errors may come from: imbalance, and diagnoses that look alike."""

from __future__ import annotations

from math import atanh, nan, sqrt, tanh

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import ndtri  # type: ignore[import-untyped]

from helpers.core import CLASSES
from helpers.evaluation.tables import confusion
from helpers.statistics import LEVEL, Estimate

LOOK_ALIKE: dict[frozenset[str], tuple[str, str]] = {
    frozenset({"mel", "nv"}): (
        "Both are melanocytic and share network, globules and streaks; an early melanoma may "
        "not yet show what tells it apart.",
        "skvara2005",
    ),
    frozenset({"bkl", "mel"}): (
        "A melanoma can bear the cysts, openings and sharp border of a seborrhoeic keratosis, "
        "and a regressing keratosis shows grey dots as a melanoma does.",
        "carrera2017",
    ),
    frozenset({"bkl", "nv"}): (
        "Flat keratoses show ridges that resemble a pigment network, and raised nevi have cysts "
        "and openings too.",
        "braun2002",
    ),
    frozenset({"akiec", "bkl"}): (
        "On sun-damaged skin pigmented actinic keratosis, solar lentigo and lichen-planus-like "
        "keratosis look much alike.",
        "tschandl2015",
    ),
    frozenset({"akiec", "mel"}): (
        "On the face pigmented actinic keratosis and lentigo maligna share grey structures around "
        "follicles.",
        "tschandl2015",
    ),
    frozenset({"akiec", "bcc"}): (
        "Superficial basal cell carcinoma and Bowen's disease are both red scaly patches, told "
        "apart by the shape of fine vessels.",
        "pan2008",
    ),
    frozenset({"bcc", "mel"}): (
        "Pigmented basal cell carcinoma has blue-grey globules and blotches; what excludes it is "
        "a pigment network, which a melanoma may lack as well.",
        "menzies2000",
    ),
    frozenset({"bcc", "nv"}): (
        "Blue-grey ovoid nests and blotches of a pigmented carcinoma may pass for the globules "
        "of a nevus.",
        "menzies2000",
    ),
    frozenset({"df", "nv"}): (
        "A dermatofibroma often has a delicate pigment network at its border, as a nevus has.",
        "zaballos2008",
    ),
    frozenset({"df", "mel"}): (
        "Some dermatofibromas have an atypical network and a white patch that resembles "
        "regression.",
        "zaballos2008",
    ),
    frozenset({"mel", "vasc"}): (
        "Dark lacunae and a whitish veil of a thrombosed vascular lesion resemble blotches and "
        "the veil of a melanoma.",
        "zaballos2007",
    ),
}
"""Why two diagnoses are mistaken for each other, and a work of ``chapters/references.bib``."""

NO_LOOK_ALIKE = "Not among the pairs that the literature cited here describes."


def largest_confusions(predictions: pd.DataFrame, n: int = 6) -> pd.DataFrame:
    """The confusions with the most images, and their likely causes.

    Parameters
    ----------
    predictions : DataFrame
        A trial's predictions of one split.
    n : int, default=6
        At most so many.

    Returns
    -------
    DataFrame
        ``true``, ``predicted``, ``images``, ``share`` (of the images of the true class),
        ``errors`` (share of all errors), ``cause`` and ``work`` (a key of
        ``chapters/references.bib``, or ""), the largest first; no rows without errors.
    """
    counts = confusion(predictions).to_numpy(dtype=int)
    n_errors = int(counts.sum() - np.diag(counts).sum())
    rows = []
    for row, column in np.argwhere(counts):
        if row == column:
            continue
        true, predicted, images = CLASSES[row], CLASSES[column], int(counts[row, column])
        cause, work = LOOK_ALIKE.get(frozenset({true, predicted}), (NO_LOOK_ALIKE, ""))
        rows.append(
            {
                "true": true,
                "predicted": predicted,
                "images": images,
                "share": images / int(counts[row].sum()),
                "errors": images / n_errors,
                "cause": cause,
                "work": work,
            }
        )
    columns = ["true", "predicted", "images", "share", "errors", "cause", "work"]
    table = pd.DataFrame(rows, columns=columns)
    order = table.sort_values(["images", "share"], ascending=False, kind="stable")
    return order.head(n).reset_index(drop=True)


def rank_correlation(x: ArrayLike, y: ArrayLike, level: float = LEVEL) -> Estimate:
    """Spearman's rank correlation with an interval by Fisher's transformation.

    Parameters
    ----------
    x, y : array-like of shape (n_cases,)
        Pairs with a NaN are left out.
    level : float, default=0.95
        Confidence level, in (0, 1).

    Returns
    -------
    Estimate
        In [-1, 1]; NaN for fewer than three pairs or where one side is constant, and without
        an interval for three. The cases are what is drawn at random: for classes, the interval
        speaks of other classes of the kind, and with seven of them it is wide.

    References
    ----------
    .. [1] Bonett and Wright, "Sample size requirements for estimating Pearson, Kendall and
       Spearman correlations", Psychometrika 65 (2000): the variance (1 + r ** 2 / 2) / (n - 3).

    Examples
    --------
    >>> print(rank_correlation([1, 2, 3, 4, 5, 6, 7], [2, 1, 4, 3, 6, 5, 7]))
    0.89 [0.27, 0.99], n = 7
    """
    from scipy.stats import spearmanr  # what needs no ranks need not wait a second for it

    pairs = np.column_stack([np.asarray(x, dtype=float), np.asarray(y, dtype=float)])
    pairs = pairs[np.isfinite(pairs).all(axis=1)]
    n = len(pairs)
    if n < 3 or (np.ptp(pairs, axis=0) == 0).any():
        return Estimate(nan, nan, nan, n)
    r = float(np.clip(spearmanr(pairs[:, 0], pairs[:, 1]).statistic, -1, 1))
    if n == 3:
        return Estimate(r, nan, nan, n)
    # A perfect order would have no width; it counts as halfway to the next order that n have.
    bound = 1 - 6 / (n * (n**2 - 1))
    centre = atanh(float(np.clip(r, -bound, bound)))
    half = float(ndtri((1 + level) / 2)) * sqrt((1 + r**2 / 2) / (n - 3))
    return Estimate(r, min(tanh(centre - half), r), max(tanh(centre + half), r), n)
