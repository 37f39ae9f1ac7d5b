"""What the course report's augmentation scores say by themselves, before anything is trained."""

from __future__ import annotations

from itertools import pairwise

import pandas as pd

from helpers.published import claim
from helpers.statistics import difference, difference_of_independent

PUBLISHED_TRIALS = (1, 2, 3)
"""Numbers of the trials, in the order in which the report went from one to the next."""


def published_steps() -> pd.DataFrame:
    """From each published trial to the next: how much, how many images, and what it shows.

    Returns
    -------
    DataFrame
        A row a step: ``step``, such as ``"Trial 2 minus trial 1"``; ``images``, how many more of
        the report's images are right; ``difference`` (`Estimate`) of the accuracies, taken as if
        each trial had images of its own, since what each said of an image is not published; and
        its ``verdict``.
    """
    said = {
        number: claim(f"course_report.augmentation_{number}.accuracy")
        for number in PUBLISHED_TRIALS
    }
    rows = []
    for before, after in pairwise(PUBLISHED_TRIALS):
        change = difference_of_independent(said[after].estimate, said[before].estimate)
        rows.append(
            {
                "step": f"Trial {after} minus trial {before}",
                "images": round(change.value * (said[after].n or 0)),
                "difference": change,
                "verdict": difference(change),
            }
        )
    return pd.DataFrame(rows)
