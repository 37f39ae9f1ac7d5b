"""Folds of a cross-validation, trained in one go, beside what was published of such folds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import pandas as pd

from helpers.published import claim
from helpers.training import Trial, TrialConfig

PUBLISHED_TOP: dict[str, tuple[int, ...]] = {"cross_validation": (1, 2, 3), "test": (1,)}
"""Of the published system: the k of each top-k accuracy that our sources name, by its protocol."""


class Train(Protocol):
    """What trains configurations, each on its catalogue, as `helpers.notebook.Run.train` does."""

    def __call__(
        self,
        trials: Sequence[TrialConfig],
        catalogue: Sequence[pd.DataFrame],
        *,
        grouped: bool,
    ) -> list[Trial]:
        """Trials in the order of the configurations."""


def train_folds(
    train: Train, base: TrialConfig, tables: Mapping[str, Sequence[pd.DataFrame]]
) -> dict[str, list[Trial]]:
    """Train one configuration on every fold of every kind.

    Parameters
    ----------
    train : callable
        As `helpers.notebook.Run.train`. It is told not to look for lesions on both sides, since
        folds by image have such on purpose; check those by lesion with
        `helpers.dataset.assert_grouped` first.
    base : TrialConfig
        Its copies are named "Fold 1 by lesion" and so on.
    tables : mapping of str to sequence of DataFrame
        By what the folds were drawn: a catalogue a fold, with its ``split``.

    Returns
    -------
    dict of str to list of Trial
        By the keys of ``tables``, in the order of the folds.
    """
    drawn = [(by, n, table) for by, each in tables.items() for n, table in enumerate(each, 1)]
    configs = [base.model_copy(update={"name": f"Fold {n} by {by}"}) for by, n, _ in drawn]
    trials = train(configs, [table for _, _, table in drawn], grouped=False)
    members: dict[str, list[Trial]] = {by: [] for by in tables}
    for (by, _, _), trial in zip(drawn, trials, strict=True):
        members[by].append(trial)
    return members


def published_top(protocol: str) -> pd.Series:
    """Published top-k accuracies of the focal-loss system.

    Parameters
    ----------
    protocol : {"cross_validation", "test"}
        On what they were measured.

    Returns
    -------
    Series of float
        By "top-1 accuracy" and so on, so far as our sources name them.

    Raises
    ------
    ValueError
        If the protocol is none of the two.
    """
    if protocol not in PUBLISHED_TOP:
        raise ValueError(
            f"expected a protocol among {', '.join(PUBLISHED_TOP)} but got {protocol!r}; "
            "name one of them"
        )
    return pd.Series(
        {
            f"top-{k} accuracy": claim(f"focal_loss.{protocol}.top_{k}_accuracy").value
            for k in PUBLISHED_TOP[protocol]
        }
    )
