"""Plots: what they show is what they were given, and nothing is cut off or overlaps."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from itertools import combinations
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text
from support.predictions import make_predictions, make_screening_predictions

from helpers import plots
from helpers.core.classes import CLASSES, COLOURS, NAMES, NAMES_ZH
from helpers.evaluation import single_scores as ev
from helpers.evaluation.selective import risk_coverage
from helpers.evaluation.subgroups import subgroup_scores
from helpers.lessons.ablation import ABLATION
from helpers.lessons.class_weight_curve import threshold_curve
from helpers.plots.axes import (
    SHARES,
    WIDTH,
    heat_table,
    ink_on,
    stacked_bars,
    text_units,
    wrapped,
)
from helpers.published.training_log import course_report_log
from helpers.screening.comparison import screening_reliability
from helpers.screening.net_benefit import net_benefit
from helpers.screening.scores import screening_pr, screening_roc

RNG = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def _clean() -> Iterator[None]:
    with mpl.rc_context({"backend": "agg", "font.size": 9}):
        yield
        plt.close("all")


@pytest.fixture(scope="module")
def predictions() -> pd.DataFrame:
    """Predictions of one split, made up."""
    return make_predictions()


def make_catalogue(n: int = 400) -> pd.DataFrame:
    """Draw the columns of a catalogue that the plots use."""
    dx = RNG.choice(CLASSES, n, p=[0.05, 0.07, 0.12, 0.03, 0.13, 0.55, 0.05])
    age = RNG.normal(55, 15, n).round(-1).clip(0, 85)
    age[::40] = np.nan
    return pd.DataFrame(
        {
            "image_id": [f"ISIC_{i:07d}" for i in range(n)],
            "lesion_id": [f"HAM_{d}_{i // 2}" for i, d in enumerate(dx)],
            "dx": dx,
            "dx_type": RNG.choice(["histo", "follow_up", "consensus", "confocal"], n),
            "age": age,
            "sex": RNG.choice(["female", "male", "unknown"], n, p=[0.48, 0.48, 0.04]),
            "localization": RNG.choice(["back", "lower extremity", "face", "unknown"], n),
            "dataset": RNG.choice(["vidir_modern", "rosendahl", ""], n),
            "split": RNG.choice(["train", "valid", "test"], n, p=[0.6, 0.2, 0.2]),
        }
    )


def make_history(n_first: int, n_second: int) -> pd.DataFrame:
    """Draw a history of two stages."""
    n = n_first + n_second
    columns = ["loss", "val_loss", "accuracy", "val_accuracy", "val_balanced_accuracy"]
    table = pd.DataFrame(RNG.uniform(0.3, 0.9, (n, 5)), columns=columns)
    return table.assign(stage=[1] * n_first + [2] * n_second, epoch=range(n))


def pictures(n: int) -> list[np.ndarray]:
    """Draw images of noise."""
    return list(RNG.integers(0, 256, (n, 45, 60, 3), dtype=np.uint8))


def cam_rows() -> list[plots.CamRow]:
    """Make rows of heat maps, one without a wrong prediction."""
    image, heat = pictures(1)[0], RNG.uniform(0, 1, (45, 60))
    mask = np.zeros((90, 120), dtype=bool)
    mask[20:70, 30:90] = True
    cell = {"image": image, "heat": heat, "mask": mask, "title": "called nv, 0.91"}
    return [{"label": "mel", "right": cell, "wrong": cell}, {"label": "df", "right": cell}]


def masses() -> pd.DataFrame:
    """Make shares inside the lesion for two methods."""
    values = RNG.uniform(0.2, 0.9, (2, 40))
    table = {"trained": values[0], "control": values[1], "lesion_id": np.arange(40) // 2}
    return pd.DataFrame(table | {"method": ["Grad-CAM", "Score-CAM"] * 20})


def leakage_table() -> pd.DataFrame:
    """Make a table of leaks, one class without test images."""
    rows = {"mel": (20, 12, 0.6), "df": (0, 0, np.nan), "all": (20, 12, 0.6)}
    return pd.DataFrame.from_dict(rows, "index", columns=["n_test", "n_leaked", "share"])


def counts(catalogue: pd.DataFrame) -> pd.DataFrame:
    """Images by split and class."""
    return pd.crosstab(catalogue["split"], catalogue["dx"])


def score_table() -> pd.DataFrame:
    """Scores of three models."""
    models = {
        name: make_predictions(i, skill=2.0) for i, name in enumerate(("A", "BB", "long name"))
    }
    return ev.score_table(models, n_resamples=50)


def ablation() -> pd.DataFrame:
    """Make scores of six rows beside published ones."""
    rows = [
        (row, metric, ev.Estimate(0.4, 0.3, 0.62, 120), 0.9)
        for row in ABLATION
        for metric in ("accuracy", "precision", "recall", "F1")
    ]
    return pd.DataFrame(rows, columns=["row", "metric", "estimate", "published"])


def recall_table() -> pd.DataFrame:
    """Make changes of recall, the largest and one without an interval among them."""
    rows = []
    for technique in ("class weights", "weights and focal loss", "average pooling"):
        for index, dx in enumerate(CLASSES):
            ends = (np.nan, np.nan) if dx == "df" else (-0.32 - index / 10, 0.36)
            change = ev.Estimate(-0.3 - index / 10, *ends, 40)
            rows.append((technique, dx, 100, change, "too few" if dx == "df" else "lower"))
    return pd.DataFrame(rows, columns=["technique", "dx", "lesions", "estimate", "verdict"])


def weight_tables(predictions: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Make scores of three weights, one that never names the class, and a threshold's line."""
    score, none = ev.Estimate(0.7, 0.6, 0.8, 100), ev.Estimate(np.nan, np.nan, np.nan, 0)
    costs = pd.DataFrame(
        {"recall": [score] * 3, "precision": [none, score, score]}, index=[1.0, 3.0, 10.0]
    )
    return costs, threshold_curve(predictions, "mel")


def exports() -> pd.DataFrame:
    """Make scores and times of three exports, two of one size."""
    score = ev.Estimate(0.7, 0.6, 0.8, 100)
    rows = [(30.0, score, "1", 2.0, 3.0), (30.0, score, "all", 1.5, 2.5), (8.0, score, "1", 1.0, 4)]
    columns = ["MiB", "balanced accuracy", "threads", "median, ms", "p90, ms"]
    names = ["ONNX float32", "LiteRT float32", "LiteRT int8"]
    return pd.DataFrame(rows, index=names, columns=columns)


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


def texts(ax: Axes) -> list[str]:
    """All texts within axes."""
    return [text.get_text() for text in ax.texts]


def test_recall_changes_say_what_they_are() -> None:
    """Each cell has its change in points; told ones are bold and framed, few have no interval."""
    table = recall_table()
    table.loc[table["dx"] == "nv", "verdict"] = "no difference shown"
    ax = plots.recall_change_map(table)
    told = table["verdict"].isin(["higher", "lower"]).sum()
    assert len(ax.patches) == told == sum(t.get_fontweight() == "bold" for t in ax.texts) / 2
    assert texts(ax).count("too few") == 3
    assert texts(ax).count("−30") == 3  # akiec's change in each row


def test_ablation_shows_both_numbers() -> None:
    """Ours lie at their values, the published ones at theirs, and rows go down in order."""
    figure = plots.ablation_panels(ablation())
    ax = figure.axes[0]
    drawn = {line.get_marker(): float(line.get_xdata()[0]) for line in ax.lines[:2]}  # type: ignore[index]
    assert drawn == {"o": 0.4, "D": 0.9}
    assert [label.get_text() for label in ax.get_yticklabels()] == list(ABLATION)
    assert ax.yaxis_inverted()


def test_class_counts_add_up() -> None:
    """The bars' lengths and the written sums are the table's counts."""
    table = counts(make_catalogue())
    ax = plots.class_counts(table)
    drawn = sum(patch.get_width() for patch in ax.patches)  # type: ignore[attr-defined]
    assert drawn == table.to_numpy().sum()
    assert any(text.startswith(f"{table['nv'].sum():,} = ") for text in texts(ax))


def test_share_bars_fill_their_rows() -> None:
    """Each row of shares ends at 100 %, with n beside it."""
    catalogue = make_catalogue()
    ax = plots.sex_bars(catalogue)
    ends = [patch.get_x() + patch.get_width() for patch in ax.patches]  # type: ignore[attr-defined]
    assert max(ends) == pytest.approx(1)
    assert sum(1 for end in ends if end == pytest.approx(1)) >= 7
    assert f"n = {(catalogue['dx'] == 'nv').sum():,}" in texts(ax)


def test_bars_lie_in_the_order_of_their_columns() -> None:
    """The first column begins at 0, the next where it ends; NaN has no length."""
    table = pd.DataFrame({"nv": [2.0, np.nan], "df": [1, 3]}, index=["a", "b"])
    _, ax = plt.subplots()
    stacked_bars(ax, table, COLOURS)
    drawn = {
        bars.get_label(): [(bar.get_x(), bar.get_width()) for bar in bars] for bars in ax.containers
    }
    assert drawn == {"nv": [(0, 2), (0, 0)], "df": [(2, 1), (0, 3)]}
    colours = [bars[0].get_facecolor() for bars in ax.containers]
    assert colours == [mpl.colors.to_rgba(COLOURS[dx]) for dx in table.columns]


def test_heat_tables_are_read_from_the_top_left() -> None:
    """Cells have the colours of their values, NaN that of 0, and texts the ink for them."""
    table = pd.DataFrame([[0.0, 1.0], [np.nan, 0.5]], index=["a", "b"], columns=["x", "y"])
    _, ax = plt.subplots()
    heat_table(ax, table, [["1", "2"], ["3", "4"]])
    assert texts(ax) == ["1", "2", "3", "4"]
    assert [text.get_position() for text in ax.texts[:3]] == [(0.5, 0.5), (1.5, 0.5), (0.5, 1.5)]
    assert [text.get_color() for text in ax.texts] == ["black", "white", "black", "black"]
    colours = ax.collections[0].get_facecolor()
    assert np.allclose(colours, SHARES([0, 1.0, 0, 0.5]))
    assert ax.yaxis_inverted()


def test_unknown_values_are_drawn_too() -> None:
    """A sex outside the known ones is shown and not dropped."""
    catalogue = make_catalogue()
    catalogue.loc[:50, "sex"] = "other"
    ax = plots.sex_bars(catalogue)
    assert "other" in ax.get_legend_handles_labels()[1]


def test_cohorts_need_a_dataset() -> None:
    """Without the dataset column's values there is an error and not an empty plot."""
    with pytest.raises(ValueError, match="8-column"):
        plots.cohort_shortcut(make_catalogue().assign(dataset=""))


def test_split_table_names_differences() -> None:
    """Cells say how far they are from the published counts, with a proper minus sign."""
    table = counts(make_catalogue())
    published = table.copy()
    published.loc["test", "mel"] += 1
    written = texts(plots.split_table(table, published))
    assert written.count(f"{table.loc['test', 'mel']:,}\n\N{MINUS SIGN}1") == 1
    assert sum("as published" in text for text in written) == table.size - 1


def test_learning_curves_mark_the_stage() -> None:
    """The boundary lies between the last epoch of a stage and the first of the next."""
    figure = plots.learning_curves({"A": make_history(3, 4), "B": make_history(5, 2)})
    vertical = {
        float(line.get_xdata()[0])  # type: ignore[index]
        for ax in figure.axes
        for line in ax.lines
        if line.get_linestyle() == ":"
    }
    assert vertical == {3.5, 5.5}


def test_learning_curves_leave_out_a_loss_that_is_not_there() -> None:
    """Beside a plain one, a trial whose training loss was dropped has its validation alone."""
    histories = {"plain": make_history(3, 2), "weighted": make_history(3, 2).drop(columns="loss")}
    figure = plots.learning_curves(histories)
    drawn = [[line.get_linestyle() for line in ax.lines] for ax in figure.axes[:2]]
    assert [styles.count("--") for styles in drawn] == [1, 0]
    assert [styles.count("-") for styles in drawn] == [1, 1]


def test_learning_curves_need_epochs() -> None:
    """An empty history is an error that names the trial."""
    with pytest.raises(ValueError, match="ResNet50"):
        plots.learning_curves({"ResNet50": make_history(0, 0)})


def test_confusion_matrix_writes_every_count(predictions: pd.DataFrame) -> None:
    """Both panels show all cells; zeros are dots."""
    table = ev.confusion(predictions)
    left, right = plots.confusion_matrix(table).axes
    expected = [f"{n:,}" if n else "·" for n in table.to_numpy().ravel()]
    assert texts(left) == expected
    assert len(texts(right)) == 49


def test_curves_have_the_colours_of_their_classes(predictions: pd.DataFrame) -> None:
    """A class has one colour in every plot."""
    figure = plots.roc_pr(ev.roc_curves(predictions), ev.pr_curves(predictions))
    for ax in figure.axes:
        assert [line.get_color() for line in ax.lines][:7] == list(COLOURS.values())


def test_absent_class_leaves_a_gap() -> None:
    """Plots of a split without df are drawn without df and without warnings."""
    table = make_predictions(counts=(5, 5, 5, 0, 5, 20, 5))
    rows = ev.per_class(table, n_resamples=20)
    plots.per_class_bars(rows)
    plots.error_flow(ev.error_destinations(table))
    plots.confusion_matrix(ev.confusion(table))
    ax = plots.recall_vs_count(rows, dict.fromkeys(CLASSES, 10))
    assert "df" not in texts(ax)
    assert "mel" in texts(ax)


def test_classes_of_one_count_stand_side_by_side() -> None:
    """Their names and intervals lie on no other, and the axis says more counts than one."""
    recalls = {"recall_low": 0.0, "recall": 0.1, "recall_high": 0.6}
    table = pd.DataFrame([recalls] * 4, index=["df", "vasc", "akiec", "mel"])
    ax = plots.recall_vs_count(table, {"df": 3, "vasc": 3, "akiec": 4, "mel": 8})
    renderer = ax.figure.canvas.get_renderer()
    names = [
        text.get_window_extent(renderer) for text in ax.texts if text.get_text() in table.index
    ]
    assert len(names) == 4
    assert not any(a.overlaps(b) for a, b in combinations(names, 2))
    points = [float(line.get_xdata()[0]) for line in ax.lines if line.get_marker() == "o"]
    assert len(set(points)) == 4 and points[0] == 3
    low, high = ax.get_xlim()
    assert sum(low <= tick <= high for tick in ax.get_xticks()) > 1


def test_heat_outside_its_range_is_refused() -> None:
    """A map that was not scaled, or holds NaN, is an error that says how to mend it."""
    image = pictures(1)[0]
    for heat in (np.full((4, 4), 2.0), np.full((4, 4), np.nan), np.zeros((4, 4, 1))):
        with pytest.raises(ValueError, match="divide it by its maximum"):
            plots.cam_overlay(image, heat)


def test_heat_is_stretched_over_the_image() -> None:
    """A coarse map covers exactly the pixels of its image."""
    ax = plots.cam_overlay(pictures(1)[0], np.eye(7))
    image, heat = ax.images
    assert image.get_extent() == heat.get_extent()


def test_missing_prediction_is_said() -> None:
    """A class without a wrong prediction gets a note in place of pictures."""
    figure = plots.cam_grid(cam_rows())
    assert any("no wrong prediction" in texts(ax) for ax in figure.axes)
    with pytest.raises(ValueError, match="at least one"):
        plots.cam_grid([{"label": "mel"}])


def test_sheets_refuse_unequal_numbers() -> None:
    """Titles or rows that do not match the images are errors."""
    with pytest.raises(ValueError, match="as many"):
        plots.contact_sheet(pictures(2), ["one"])
    with pytest.raises(ValueError, match="as many"):
        plots.contact_sheet([])
    with pytest.raises(ValueError, match="as many"):
        plots.augmentation_grid(pictures(2), np.zeros((1, 3, 45, 60, 3)))


def test_labels_wrap_and_measure_chinese() -> None:
    """A Chinese character is two units wide, and labels break at words or characters."""
    assert text_units(NAMES_ZH["mel"]) == 8
    for name in (*NAMES.values(), *NAMES_ZH.values()):
        broken = wrapped(name, 12)
        assert text_units(broken) <= 14  # "Dermatofibroma" is one word
        assert broken.replace("\n", "").replace(" ", "") == name.replace(" ", "")


def test_ink_reads_on_every_class_colour() -> None:
    """Text on a class's colour has a contrast of at least 4 to 1."""

    def luminance(colour: Any) -> float:
        rgb = np.array(mpl.colors.to_rgb(colour))
        linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
        return float(linear @ [0.2126, 0.7152, 0.0722])

    for colour in COLOURS.values():
        pair = sorted([luminance(colour), luminance(ink_on(colour))])
        assert (pair[1] + 0.05) / (pair[0] + 0.05) > 4, colour
