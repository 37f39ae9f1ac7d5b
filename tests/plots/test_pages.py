"""Every plot fits its page: nothing is cut off or overlaps."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text
from support.plotted import (
    RNG,
    ablation,
    cam_rows,
    counts,
    exports,
    leakage_table,
    make_catalogue,
    make_history,
    masses,
    pictures,
    recall_table,
    score_table,
    weight_tables,
)
from support.predictions import make_screening_predictions

from helpers import plots
from helpers.core.classes import NAMES
from helpers.evaluation import single_scores as ev
from helpers.evaluation.selective import risk_coverage
from helpers.evaluation.subgroups import subgroup_scores
from helpers.plots.axes import WIDTH
from helpers.published.training_log import course_report_log
from helpers.screening.comparison import screening_reliability
from helpers.screening.net_benefit import net_benefit
from helpers.screening.scores import screening_pr, screening_roc

Draw = Callable[[pd.DataFrame, pd.DataFrame], Axes | Figure]


DRAWN: dict[str, Draw] = {
    "ablation_panels": lambda c, p: plots.ablation_panels(ablation()),
    "subgroup_points": lambda c, p: plots.subgroup_points(
        subgroup_scores(p, make_catalogue(len(p)).assign(image_id=p["image_id"]))
    ),
    "risk_over_coverage": lambda c, p: plots.risk_over_coverage(
        {"ResNet50": risk_coverage(p), "EfficientNetB3": risk_coverage(p)}
    ),
    "decision_curve": lambda c, p: plots.decision_curve(
        {"Plain": net_benefit(make_screening_predictions(), n_resamples=20)}
    ),
    "loss_curves": lambda c, p: plots.loss_curves(
        [0.1, 0.5, 1], {"cross-entropy": [2.3, 0.7, 0], "gamma = 2": [1.9, 0.2, 0]}
    ),
    "weight_and_threshold": lambda c, p: plots.weight_and_threshold(*weight_tables(p), "mel"),
    "recall_change_map": lambda c, p: plots.recall_change_map(recall_table()),
    "class_counts": lambda c, p: plots.class_counts(counts(c)),
    "class_counts_named": lambda c, p: plots.class_counts(counts(c), labels=NAMES),
    "split_table": lambda c, p: plots.split_table(counts(c), counts(c) + 1),
    "age_histograms": lambda c, p: plots.age_histograms(c),
    "sex_bars": lambda c, p: plots.sex_bars(c),
    "dx_type_bars": lambda c, p: plots.dx_type_bars(c),
    "cohort_shortcut": lambda c, p: plots.cohort_shortcut(c),
    "images_per_lesion": lambda c, p: plots.images_per_lesion(c),
    "localization_heatmap": lambda c, p: plots.localization_heatmap(c),
    "leakage_bars": lambda c, p: plots.leakage_bars(leakage_table()),
    "learning_curves": lambda c, p: plots.learning_curves(
        {"ResNet50": make_history(3, 4), "EfficientNetB3": make_history(5, 2)}
    ),
    "learning_curves_one_epoch": lambda c, p: plots.learning_curves({"A": make_history(1, 0)}),
    "learning_curves_two_bands": lambda c, p: plots.learning_curves(
        {name: make_history(2, 2) for name in "ABCDE"}, 3
    ),
    "log_beside_trainings": lambda c, p: plots.log_beside_trainings(
        course_report_log(), {"Frozen": make_history(7, 0), "Not frozen": make_history(5, 0)}
    ),
    "score_bars": lambda c, p: plots.score_bars(
        score_table(), published={"A": 0.8, "absent": 0.9}, chance=1 / 7
    ),
    "cost_bars": lambda c, p: plots.cost_bars(
        pd.DataFrame({"seconds": [1.5, 1200.0], "GiB": [2.0, np.nan]}, index=["A", "long name"])
    ),
    "confusion_matrix": lambda c, p: plots.confusion_matrix(ev.confusion(p)),
    "confusion_matrix_named": lambda c, p: plots.confusion_matrix(ev.confusion(p), NAMES),
    "per_class_bars": lambda c, p: plots.per_class_bars(ev.per_class(p, n_resamples=20)),
    "per_class_bars_named": lambda c, p: plots.per_class_bars(
        ev.per_class(p, n_resamples=20), labels=NAMES
    ),
    "roc_pr": lambda c, p: plots.roc_pr(ev.roc_curves(p), ev.pr_curves(p)),
    "error_flow": lambda c, p: plots.error_flow(ev.error_destinations(p)),
    "reliability_diagram": lambda c, p: plots.reliability_diagram(
        ev.reliability(p), ev.expected_calibration_error(p, n_resamples=20)
    ),
    "recall_vs_count": lambda c, p: plots.recall_vs_count(
        ev.per_class(p, n_resamples=20), counts(c).loc["train"]
    ),
    "contact_sheet": lambda c, p: plots.contact_sheet(pictures(8), ["mel ISIC_0024310"] * 8),
    "contact_sheet_of_one": lambda c, p: plots.contact_sheet(pictures(1)),
    "class_gallery": lambda c, p: plots.class_gallery({"mel": pictures(3), "df": pictures(1)}),
    "augmentation_grid": lambda c, p: plots.augmentation_grid(
        pictures(2), RNG.uniform(-9, 270, (2, 4, 45, 60, 3)), ["trial 1", "trial 2"]
    ),
    "cam_overlay": lambda c, p: plots.cam_overlay(
        pictures(1)[0], RNG.uniform(0, 1, (7, 10)), title="mel"
    ),
    "cam_grid": lambda c, p: plots.cam_grid(cam_rows()),
    "mass_strip": lambda c, p: plots.mass_strip(masses()),
    "file_strips": lambda c, p: plots.file_strips(c["dx"], {"by position": np.arange(400) > 300}),
    "value_histograms": lambda c, p: plots.value_histograms(
        {"raw": np.linspace(0, 255, 1000), "unit": np.linspace(0, 1, 1000)},
        {"A": np.linspace(-1, 1, 1000), "B": np.linspace(0, 255, 1000)},
    ),
    "lightness_histograms": lambda c, p: plots.lightness_histograms(
        {"unchanged": np.full(256, 1 / 256), "equalised": np.linspace(0, 1 / 128, 256)}
    ),
    "screening_curves": lambda c, p: plots.screening_curves(
        screening_roc(make_screening_predictions()),
        screening_pr(make_screening_predictions()),
        {"0.5": (0.2, 0.7, 0.6), "recall of 0.9": (0.4, 0.9, 0.4)},
        (0.27, 0.82, 0.75),
    ),
    "reliability_pair": lambda c, p: plots.reliability_pair(
        dict.fromkeys(("before", "after"), screening_reliability(make_screening_predictions(), 5))
    ),
    "reliability_before_after": lambda c, p: plots.reliability_before_after(
        dict.fromkeys(("before", "after"), ev.reliability(p))
    ),
    "thousand_lesions": lambda c, p: plots.thousand_lesions(
        {"found": 19, "missed": 1, "alarms": 380, "spared": 600}
    ),
    "threshold_rows": lambda c, p: plots.threshold_rows(
        [
            (
                "threshold 0.50",
                pd.DataFrame([[90, 10], [1, 9]], ["benign", "malignant"], ["benign", "malignant"]),
                {"found": 18, "missed": 2, "alarms": 98, "spared": 882},
            )
        ]
    ),
    "recall_rows": lambda c, p: plots.recall_rows(
        {
            "unweighted": ev.per_class(p)["recall"].map(float),
            "weighted": ev.per_class(p)["recall"].map(float),
        },
        "mel",
    ),
    "size_against_score": lambda c, p: plots.size_against_score(
        exports(), ev.Estimate(0.7, 0.6, 0.8, 100)
    ),
    "latency_dots": lambda c, p: plots.latency_dots(exports()),
}


def figure_of(drawn: Axes | Figure) -> Figure:
    """Figure of what a plot function returned."""
    figure = drawn if isinstance(drawn, Figure) else drawn.figure
    assert isinstance(figure, Figure)
    return figure


def misplaced(figure: Figure) -> list[str]:
    """Texts that stick out of the figure, and tick labels of an axis that overlap."""
    figure.canvas.draw()
    renderer = figure.canvas.get_renderer()  # type: ignore[attr-defined]
    page, found = figure.bbox, []
    undrawn = set()  # matplotlib keeps labels of ticks beyond the axis and does not draw them
    for ax in figure.axes:
        for axis in (ax.xaxis, ax.yaxis):
            low, high = sorted(axis.get_view_interval())
            ticks = [*axis.get_major_ticks(), *axis.get_minor_ticks()]
            off = [tick for tick in ticks if not low - 1e-9 <= tick.get_loc() <= high + 1e-9]
            undrawn |= {label for tick in off for label in (tick.label1, tick.label2)}
    for text in set(figure.findobj(Text)) - undrawn:
        if text.get_visible() and text.get_text().strip():
            box = text.get_window_extent(renderer)
            inside = page.x0 - 1 <= box.x0 and box.x1 <= page.x1 + 1
            if not (inside and page.y0 - 1 <= box.y0 and box.y1 <= page.y1 + 1):
                found.append(f"outside: {text.get_text()!r}")
    for ax in figure.axes:
        for labels in (ax.get_xticklabels(), ax.get_yticklabels()):
            drawn = [t for t in labels if t not in undrawn]
            shown = [t for t in drawn if t.get_visible() and t.get_text().strip()]
            boxes = [t.get_window_extent(renderer) for t in shown]
            for text, one, two in zip(shown, boxes, boxes[1:], strict=False):
                if one.overlaps(two):
                    found.append(f"overlap at {text.get_text()!r}")
    return found


@pytest.mark.parametrize("name", DRAWN)
def test_plot_fits_its_page(name: str, predictions: pd.DataFrame) -> None:
    """Every plot fits the page, no text is cut off or over another, and nothing warns."""
    settings = dict(mpl.rcParams)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure = figure_of(DRAWN[name](make_catalogue(), predictions))
    assert dict(mpl.rcParams) == settings
    assert figure.get_figwidth() <= WIDTH
    assert figure.get_figheight() < 9.5
    assert misplaced(figure) == []


def test_misplaced_text_is_found() -> None:
    """The check above does fail on a text outside and on crowded ticks."""
    figure = plt.figure(figsize=(2, 1))
    ax = figure.add_axes((0.2, 0.3, 0.7, 0.5))
    ax.set_xticks(range(4), ["a very long label"] * 4)
    figure.text(0.9, 0.9, "a very long text")
    problems = " ".join(misplaced(figure))
    assert "outside: 'a very long text'" in problems
    assert "overlap" in problems


def test_every_plot_is_drawn_here() -> None:
    """No plot function escapes the test of its page."""
    others = {"CamRow", "picture_grid", "use_style"}
    assert {name for name in plots.__all__ if name not in others} <= set(DRAWN)


def test_plots_draw_on_given_axes(predictions: pd.DataFrame) -> None:
    """A plot with an ax draws there, returns it, and makes no figure."""
    catalogue, n_figures = make_catalogue(), len(plt.get_fignums())
    draw: list[Callable[[Axes], Any]] = [
        lambda ax: plots.class_counts(counts(catalogue), ax),
        lambda ax: plots.sex_bars(catalogue, ax),
        lambda ax: plots.score_bars(score_table(), ax),
        lambda ax: plots.error_flow(ev.error_destinations(predictions), ax),
        lambda ax: plots.mass_strip(masses(), ax=ax),
    ]
    _, axes = plt.subplots(1, len(draw))
    for function, ax in zip(draw, axes, strict=True):
        assert function(ax) is ax
        assert ax.has_data()
    assert len(plt.get_fignums()) == n_figures + 1
