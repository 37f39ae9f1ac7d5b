"""Folds that the data allow, leaks between them, and scores over them."""

from __future__ import annotations

import pytest
from support.catalogues import make_catalogue
from support.predictions import make_predictions

from helpers.core.errors import DataError
from helpers.dataset.folds import fold_catalogues
from helpers.dataset.splits import split_catalogue
from helpers.evaluation.cross_validation import cross_validation_scores, held_out_leak, most_folds


def test_cross_validation_scores_rise_with_k() -> None:
    """Top-1 is accuracy; each further guess can only help."""
    table = cross_validation_scores({"a": make_predictions()})["a"].map(float)
    assert table["top-1 accuracy"] <= table["top-2 accuracy"] <= table["top-3 accuracy"]
    assert list(table.index[3:]) == ["precision", "recall", "F1"]


def test_folds_are_as_many_as_the_rarest_class_allows() -> None:
    """Never more than wanted, and the folds can then be drawn; leaks are counted."""
    lesions = {"nv": [1, 2, 3] * 10, "df": [3] * 5, "mel": [2] * 9}
    catalogue = split_catalogue(make_catalogue(lesions), seed=0)
    n_folds = most_folds(catalogue, 9)
    assert 2 <= n_folds <= 5 and most_folds(catalogue, 2) == 2
    grouped = fold_catalogues(catalogue, n_folds, by="lesion")
    with pytest.raises(DataError, match="fewer folds"):
        fold_catalogues(catalogue, n_folds + 1, by="lesion")
    assert held_out_leak(grouped).value == 0
    leak = held_out_leak(fold_catalogues(catalogue, n_folds, by="image"))
    assert 0.3 < leak.value <= 1 and leak.n == (catalogue["split"] != "test").sum()
