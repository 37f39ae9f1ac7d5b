"""Which diagnoses a published number of images can be of."""

from __future__ import annotations

from itertools import combinations

from helpers.core import CLASSES
from helpers.published.numbers import ham10000_counts


def diagnoses_that_sum_to(n: int) -> list[tuple[str, ...]]:
    """All sets of diagnoses that have just so many images in HAM10000.

    Parameters
    ----------
    n : int
        A published number of images.

    Returns
    -------
    list of tuple of str
        Each in the order of ``CLASSES``, sets of few diagnoses first.

    Examples
    --------
    >>> diagnoses_that_sum_to(115 + 142)
    [('df', 'vasc')]
    """
    images = ham10000_counts()["images"]
    return [
        chosen
        for size in range(1, len(CLASSES) + 1)
        for chosen in combinations(CLASSES, size)
        if images[list(chosen)].sum() == n
    ]
