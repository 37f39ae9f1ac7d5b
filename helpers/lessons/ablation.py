"""A published ablation repeated: each row beside its number, and what leaving a part out does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Unpack

import pandas as pd

from helpers.evaluation import BootstrapOptions, compare, scores
from helpers.published import claim
from helpers.statistics import Estimate, difference, in_points, with_interval
from helpers.training import Trial

ABLATION: dict[str, str] = {
    "Full model": "full",
    "No dropout": "no_dropout",
    "No augmentation": "no_augmentation",
    "No class weights": "no_class_weights",
    "No FC": "no_fc",
    "No GAP": "no_gap",
}
"""Rows of the published ablation by the name of the trial that repeats them."""

ABLATION_SCORES: dict[str, str] = {
    "accuracy": "accuracy",
    "macro_precision": "precision",
    "balanced_accuracy": "recall",
    "macro_f1": "f1",
}
"""The published metrics by our scores; the mean recall of the classes is balanced accuracy."""

SCORE_NAMES: dict[str, str] = {
    "accuracy": "accuracy",
    "macro_precision": "precision",
    "balanced_accuracy": "recall",
    "macro_f1": "F1",
}
"""What tables and pictures of the ablation call them."""

TECHNIQUES: dict[str, str] = {
    "dropout": "No dropout",
    "augmentation": "No augmentation",
    "class weights": "No class weights",
    "focal loss": "Class weights",
    "average pooling": "No GAP",
}
"""The techniques that the paper asks about, by the trial that is the full model without it. The
one without the focal loss is among the four losses."""


def _published(row: str, metric: str) -> float:
    return claim(f"focal_loss.{ABLATION[row]}.{metric}").value


def ablation_scores(trials: Sequence[Trial], split: str = "valid") -> pd.DataFrame:
    """Scores of the ablation's trials beside the published ones.

    Parameters
    ----------
    trials : sequence of Trial
        With names among `ABLATION`.
    split : str, default="valid"
        Which predictions are scored.

    Returns
    -------
    DataFrame
        A row a trial and metric: ``row``, ``metric`` (of `SCORE_NAMES`), ``estimate`` and
        ``published``.
    """
    rows = []
    for trial in trials:
        of_split = scores(trial.predictions_of(split), list(ABLATION_SCORES))
        for name, estimate in of_split.items():
            rows.append(
                {
                    "row": trial.name,
                    "metric": SCORE_NAMES[name],
                    "estimate": estimate,
                    "published": _published(trial.name, ABLATION_SCORES[name]),
                }
            )
    return pd.DataFrame(rows, columns=["row", "metric", "estimate", "published"])


def ablation_differences(trials: Sequence[Trial], split: str = "valid") -> pd.DataFrame:
    """What leaving something out does: each trial minus the first, on the same images.

    Parameters
    ----------
    trials : sequence of Trial
        With names among `ABLATION`; the first is the full model.
    split : str, default="valid"
        Which predictions are compared.

    Returns
    -------
    DataFrame
        As of `ablation_scores`, ``estimate`` and ``published`` being differences from the first
        trial, and ``verdict``: "higher", "lower" or "no difference shown".
    """
    rows: list[dict[str, Any]] = []
    full = trials[0].predictions_of(split)
    for trial in trials[1:]:
        for name, metric in ABLATION_SCORES.items():
            estimate = compare(trial.predictions_of(split), full, name)
            published = [_published(each.name, metric) for each in (trial, trials[0])]
            rows.append(
                {
                    "row": trial.name,
                    "metric": SCORE_NAMES[name],
                    "estimate": estimate,
                    "published": published[0] - published[1],
                    "verdict": difference(estimate),
                }
            )
    return pd.DataFrame(rows, columns=["row", "metric", "estimate", "published", "verdict"])


def beside_published(table: pd.DataFrame, points: bool = False) -> pd.DataFrame:
    """Rows by metrics, each cell our number with its interval and, after a bar, the published.

    Parameters
    ----------
    table : DataFrame
        As of `ablation_scores` or `ablation_differences`.
    points : bool, default=False
        Whether numbers are written as changes in percentage points.

    Returns
    -------
    DataFrame of str
        Indexed by ``row``, a column a metric, both in the table's order.
    """
    ours = points_with_interval if points else with_interval
    write = in_points if points else "{:.2f}".format
    cells = [
        f"{ours(each)} | {write(published)}"
        for each, published in zip(table["estimate"], table["published"], strict=True)
    ]
    wide = table.assign(cell=cells).pivot(index="row", columns="metric", values="cell")
    return wide.loc[list(dict.fromkeys(table["row"])), list(dict.fromkeys(table["metric"]))]


def points_with_interval(change: Estimate) -> str:
    """Write a change of a share in percentage points, with its interval.

    Examples
    --------
    >>> points_with_interval(Estimate(-0.124, -0.2, 0.004, 120))
    '−12 [−20, 0]'
    """
    value, low, high = (in_points(x) for x in (change.value, change.low, change.high))
    return f"{value} [{low}, {high}]"


def half_width(estimates: pd.Series) -> float:
    """Median of half the widths of intervals: what a difference must exceed to be shown.

    Parameters
    ----------
    estimates : Series of Estimate

    Examples
    --------
    >>> half_width(pd.Series([Estimate(0, -0.1, 0.1, 50), Estimate(0, -0.3, 0.3, 50)]))
    0.2
    """
    widths = [estimate.high - estimate.low for estimate in estimates]
    return float(pd.Series(widths).median() / 2)


def published_rivals() -> pd.DataFrame:
    """Cells of the published ablation in which a row is as good as the full model, or better.

    Returns
    -------
    DataFrame
        ``row``, ``metric`` (of `SCORE_NAMES`), ``published``, ``full``, and ``verdict``: "ties"
        or "beats". The numbers are whole per cents, so a tie may hide up to a point.
    """
    rows: list[dict[str, Any]] = []
    for name, metric in ABLATION_SCORES.items():
        full = _published("Full model", metric)
        for row in list(ABLATION)[1:]:
            value = _published(row, metric)
            if value >= full:
                verdict = "ties" if value == full else "beats"
                rows.append(
                    {
                        "row": row,
                        "metric": SCORE_NAMES[name],
                        "published": value,
                        "full": full,
                        "verdict": verdict,
                    }
                )
    return pd.DataFrame(rows, columns=["row", "metric", "published", "full", "verdict"])


def published_signature() -> tuple[float, float]:
    """What marks the published row "no FC": its accuracy and its recall minus the full model's."""
    accuracy, recall = (
        round(_published("No FC", metric) - _published("Full model", metric), 6)
        for metric in ("accuracy", "recall")
    )
    return accuracy, recall


def shows_signature(accuracy: Estimate, recall: Estimate) -> str:
    """Whether two paired differences are what marks the published row "no FC".

    Parameters
    ----------
    accuracy, recall : Estimate
        Of a model minus the full model, on the same images; recall is the classes' mean.

    Returns
    -------
    str
        With a margin of half the published fall of accuracy: "shown" where the whole interval of
        accuracy lies further below 0 than the margin and that of recall within the margin of
        the published change; "not shown" where the whole interval of one of them lies on the other
        side; else "undecided".

    Examples
    --------
    >>> shows_signature(Estimate(-0.15, -0.2, -0.1, 120), Estimate(0.0, -0.05, 0.05, 120))
    'shown'
    """
    fall, change = published_signature()
    margin = abs(fall) / 2
    low, high = recall.low - change, recall.high - change
    if accuracy.high < -margin and -margin < low and high < margin:
        return "shown"
    if accuracy.low > -margin or low > margin or high < -margin:
        return "not shown"
    return "undecided"


def no_fc_readings(
    full: pd.DataFrame,
    readings: Mapping[str, pd.DataFrame],
    **options: Unpack[BootstrapOptions],
) -> pd.DataFrame:
    """Readings of the published row "no FC" against the full model.

    Parameters
    ----------
    full : DataFrame
        Predictions of the full model, of one split.
    readings : mapping of str to DataFrame
        Predictions of the same split by what the row may mean.
    **options
        ``level``, ``n_resamples``, ``random_state``, as in `helpers.evaluation.scores`.

    Returns
    -------
    DataFrame
        Indexed by ``reading``: ``accuracy`` and ``recall``, `Estimate` of the paired differences
        from the full model, and ``signature``, of `shows_signature`.
    """
    rows = {}
    for reading, predictions in readings.items():
        found = {
            SCORE_NAMES[name]: compare(predictions, full, name, **options)
            for name in ("accuracy", "balanced_accuracy")
        }
        rows[reading] = {**found, "signature": shows_signature(**found)}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("reading")


def technique_effects(
    predictions: Mapping[str, pd.DataFrame], **options: Unpack[BootstrapOptions]
) -> pd.DataFrame:
    """What each technique of the paper does: the full model minus the one without it.

    Parameters
    ----------
    predictions : mapping of str to DataFrame
        Of one split, by the names of the trials: "Full model" and those of `TECHNIQUES`.
    **options
        ``level``, ``n_resamples``, ``random_state``, as in `helpers.evaluation.scores`.

    Returns
    -------
    DataFrame
        Indexed by ``technique``: ``accuracy`` and ``recall``, `Estimate` of the paired
        differences; above 0 where the technique helps.
    """
    rows = {
        technique: {
            SCORE_NAMES[name]: compare(
                predictions["Full model"], predictions[without], name, **options
            )
            for name in ("accuracy", "balanced_accuracy")
        }
        for technique, without in TECHNIQUES.items()
    }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("technique")
