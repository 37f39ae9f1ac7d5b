"""A weight and a factor move the recalls that are drawn, and the words below."""

from __future__ import annotations

import numpy as np
from support.predictions import make_predictions

from helpers.core.classes import CLASSES
from helpers.evaluation.tables import per_class
from helpers.interactive.class_weights import class_weights, weight_in_words
from helpers.lessons.class_weight_curve import shift_odds

FEW = (5, 5, 5, 5, 8, 20, 5)


def test_recall_is_that_of_the_weight_and_of_the_moved_threshold() -> None:
    """Grey the unweighted model; by default the greatest weight, and that factor on the odds."""
    by_weight = {1.0: make_predictions(0, FEW), 4.0: make_predictions(1, FEW)}
    ax = class_weights(by_weight, "mel").axes[0]
    shown = [line.get_ydata() for line in ax.lines]
    moved = shift_odds(by_weight[1.0], "mel", 4.0)
    for recalls, table in zip(shown, (by_weight[1.0], by_weight[4.0], moved), strict=True):
        np.testing.assert_allclose(recalls, per_class(table, n_resamples=2)["recall"])
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels == ["weight 1", "weight 4", "weight 1, odds × 4"]
    assert [tick.get_text() for tick in ax.get_xticklabels()] == list(CLASSES)


def test_words_count_what_is_bought_and_what_it_costs() -> None:
    """Images found, called so and right, beside those of the unweighted model."""
    table = make_predictions(0, FEW)
    n = int((table["dx"] == "mel").sum())
    words = weight_in_words({1.0: table}, "mel", 1.0, 1e9)
    assert f"of {n} images of melanoma {n} are found" in words
    assert f"{len(table)} images are called so" in words
    assert f"{n} of {len(table)} images are right" in words
