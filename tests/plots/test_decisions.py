"""Plots for decisions show what they are given."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from support.predictions import make_predictions, make_screening_predictions

from helpers.evaluation.selective import risk_coverage
from helpers.plots.decisions import decision_curve, risk_over_coverage, subgroup_points
from helpers.screening.net_benefit import net_benefit
from helpers.statistics import Estimate


def _subgroups(*values: float) -> pd.DataFrame:
    names = ["all images", "female", "male"][: len(values)]
    estimates = [Estimate(v, v - 0.1, v + 0.1, 90) if v else Estimate(*[np.nan] * 3, n=3)
                 for v in values]  # fmt: skip
    return pd.DataFrame(
        {
            "by": ["all", "sex", "sex"][: len(values)],
            "group": names,
            "lesions": 70,
            "accuracy": estimates,
        }
    )


def test_subgroups_have_a_point_and_their_lesions() -> None:
    """A row each, all images first; what could not be scored is left out."""
    ax = subgroup_points(_subgroups(0.7, 0.6, 0))
    assert [text.get_text() for text in ax.get_yticklabels()] == ["all images", "sex: female"]
    points = [tuple(line.get_xydata()[0]) for line in ax.lines if line.get_marker() == "o"]
    assert points == [(0.7, 0), (0.6, 1)]
    assert sum("lesions" in text.get_text() for text in ax.texts) == 2


def test_nothing_scored_is_an_empty_plot() -> None:
    """A split of a few images has no row."""
    assert not subgroup_points(_subgroups(0)).lines


def test_risk_is_drawn_with_its_limits() -> None:
    """The model, the best order and the order that knows nothing."""
    curve = risk_coverage(make_predictions())
    ax = risk_over_coverage({"model": curve})
    model, best, flat = ax.lines
    assert model.get_ydata()[-1] == best.get_ydata()[-1] == flat.get_ydata()[0]
    assert ax.get_ylim()[1] >= curve["risk"].iloc[-1]


def test_decision_curve_has_both_rules() -> None:
    """Models in colour, everybody dashed, nobody at nil; on the axes that are given."""
    given = plt.figure().add_subplot()
    table = net_benefit(make_screening_predictions(), n_resamples=20)
    ax = decision_curve({"model": table}, given)
    assert ax is given
    assert [line.get_label() for line in ax.lines] == [
        "model", "send on everybody", "send on nobody",
    ]  # fmt: skip
    assert ax.lines[0].get_ydata() == pytest.approx(table["model"].map(float).to_numpy())
    assert ax.get_xlim()[1] == pytest.approx(0.6)
