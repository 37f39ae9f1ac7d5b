"""Folds are trained in one go and come back by kind; what was published of such folds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pytest
from support.scored_trials import make_config

from helpers.lessons.folds import published_top, train_folds
from helpers.published.numbers import claim
from helpers.training import Trial, TrialConfig


def test_folds_are_trained_at_once_and_come_back_by_kind() -> None:
    """Each on its own catalogue, named by number and kind, with lesions on both sides allowed."""
    tables = {
        by: [pd.DataFrame({"by": [by], "fold": [n]}) for n in range(2)]
        for by in ("lesion", "image")
    }
    calls: list[bool] = []

    def train(
        trials: Sequence[TrialConfig], catalogue: Sequence[pd.DataFrame], *, grouped: bool
    ) -> list[Trial]:
        calls.append(grouped)
        places = ["-".join(map(str, table.iloc[0])) for table in catalogue]
        return [Trial(Path(p), c) for p, c in zip(places, trials, strict=True)]

    members = train_folds(train, make_config("base"), tables)
    assert calls == [False]
    named = {by: [(t.folder.name, t.name) for t in each] for by, each in members.items()}
    assert named == {
        "lesion": [("lesion-0", "Fold 1 by lesion"), ("lesion-1", "Fold 2 by lesion")],
        "image": [("image-0", "Fold 1 by image"), ("image-1", "Fold 2 by image")],
    }


def test_published_scores_stand_by_their_name() -> None:
    """Three of the cross-validation, one of test, and no other protocol."""
    folds = published_top("cross_validation")
    assert list(folds.index) == [f"top-{k} accuracy" for k in (1, 2, 3)]
    assert folds["top-2 accuracy"] == claim("focal_loss.cross_validation.top_2_accuracy").value
    assert published_top("test").to_dict() == {
        "top-1 accuracy": claim("focal_loss.test.top_1_accuracy").value
    }
    with pytest.raises(ValueError, match="cross_validation, test"):
        published_top("holdout")
