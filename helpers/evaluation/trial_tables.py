"""Trials as tables: what they were told to do, what they scored, what they cost."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from math import nan
from typing import Any

import pandas as pd

from helpers.augmentation import Augmentation
from helpers.evaluation.comparison import compare
from helpers.evaluation.scoring import scores
from helpers.models import find_backbone
from helpers.published import claim
from helpers.statistics import difference, listed
from helpers.training import Stage, Trial, TrialConfig


def augmentation_table(configs: Sequence[TrialConfig]) -> pd.DataFrame:
    """Augmentation parameters by row, trials by column.

    Parameters
    ----------
    configs : sequence of TrialConfig
        With distinct names.

    Returns
    -------
    DataFrame of str
        Column ``parameter`` with its unit, then a column a trial; without the ranges that are
        nil in all.
    """
    units = {
        "rotation_range": "degrees",
        "width_shift_range": "of the width",
        "height_shift_range": "of the height",
        "shear_range": "degrees",
        "zoom_range": "factor 1 ± z",
    }
    rows = []
    for name in Augmentation.model_fields:
        if not any(getattr(config.augmentation, name) for config in configs):
            continue
        row = {"parameter": f"{name} ({units[name]})" if name in units else name}
        for config in configs:
            value = getattr(config.augmentation, name)
            yes_no = {True: "yes", False: "no"}
            row[config.name] = yes_no[value] if isinstance(value, bool) else _short(value)
        rows.append(row)
    return pd.DataFrame(rows)


def recipe_table(configs: Sequence[TrialConfig]) -> pd.DataFrame:
    """What each trial is told to do, settings by row, trials by column.

    Parameters
    ----------
    configs : sequence of TrialConfig
        With distinct names.

    Returns
    -------
    DataFrame of str
        Column ``setting``, then a column a trial.
    """
    columns: dict[str, dict[str, str]] = {}
    for config in configs:
        native = find_backbone(config.backbone).native_size
        height, width = config.image_size
        settings = {
            "backbone": config.backbone,
            "starts from": "ImageNet weights" if config.weights == "imagenet" else "random weights",
            "input (height x width)": f"{height} x {width}",
            "native input": f"{native} x {native}",
            "head": config.head,
            "class weights": _describe_weights(config.class_weight),
            "augmentation": "none" if config.augmentation.is_identity else "yes",
            "best epoch by": config.monitor,
        }
        settings |= _unusual_settings(config)
        for number, stage in enumerate(config.stages, 1):
            settings[f"stage {number}"] = describe_stage(stage)
        columns[config.name] = settings
    table = pd.DataFrame(columns).fillna("–")
    return table.rename_axis("setting").reset_index()


def _describe_weights(weights: str | dict[str, float]) -> str:
    if isinstance(weights, str):
        return weights
    return ", ".join(f"{name} {weight:g}" for name, weight in weights.items()) or "none"


def _unusual_settings(config: TrialConfig) -> dict[str, str]:
    """What most trials leave as it is; a row of the table only where one does not."""
    rows = {}
    if config.target != "diagnosis":
        rows["tells apart"] = " and ".join(config.classes)
    if config.loss == "focal":
        rows["loss"] = f"focal, gamma {config.focal_gamma:g}, alpha {config.focal_alpha:g}"
    if config.logit_adjustment:
        rows["loss"] = f"cross_entropy, logits adjusted by {config.logit_adjustment:g}"
    if config.clahe is not None:
        limit, tiles = config.clahe.clip_limit, config.clahe.tiles
        rows["equalised"] = f"CLAHE, clip limit {limit:g}, {tiles} x {tiles} tiles"
    if config.preprocessing is not None:
        rows["preprocessing"] = config.preprocessing
    return rows


def describe_stage(stage: Stage) -> str:
    """One stage of a training in words."""
    learns = {"head": "head", "all": "all layers"}.get(
        str(stage.trainable), f"last {stage.trainable} layers"
    )
    epochs = "epoch" if stage.epochs == 1 else "epochs"
    falling = " falling along a cosine" if stage.decay == "cosine" else ""
    return (
        f"{learns}; rate {stage.learning_rate:g}{falling}, batch {stage.batch_size}, "
        f"at most {stage.epochs} {epochs}"
    )


def published_accuracy(config: TrialConfig) -> float:
    """The course report's accuracy for a trial, or NaN where it published none.

    A trial is matched by its name: "Trial 1" and so on, or the name of its backbone. One that
    goes by another name changes something that the report left as it was.
    """
    number = re.fullmatch(r"Trial (\d+)", config.name)
    part = f"augmentation_{number[1]}" if number else config.name.lower()
    if not number and config.name != config.backbone:
        return nan
    try:
        return claim(f"course_report.{part}.accuracy").value
    except KeyError:
        return nan


def scores_of(
    trials: Sequence[Trial],
    split: str = "valid",
    names: Sequence[str] = ("accuracy", "balanced_accuracy"),
) -> pd.DataFrame:
    """Scores of trials on one split, trials by row.

    Parameters
    ----------
    trials : sequence of Trial
        Finished.
    split : {"valid", "test"}, default="valid"
        Which predictions are scored.
    names : sequence of str
        Keys of ``helpers.evaluation.SCORES``.

    Returns
    -------
    DataFrame
        Indexed by the trial's name, an `Estimate` a score, and ``published``, the course
        report's accuracy or NaN.
    """
    rows = {
        trial.name: {
            **scores(trial.predictions_of(split), names),
            "published": published_accuracy(trial.config),
        }
        for trial in trials
    }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("trial")


def paired_differences(
    trials: Sequence[Trial],
    reference: Trial | None = None,
    split: str = "valid",
    name: str = "balanced_accuracy",
) -> pd.DataFrame:
    """Differences of a score between trials on the same images.

    Parameters
    ----------
    trials : sequence of Trial
        Finished, of one catalogue and split.
    reference : Trial, optional
        Compared with each of the others; all pairs where None.
    split : {"valid", "test"}, default="valid"
        Which predictions are compared.
    name : str, default="balanced_accuracy"
        A key of ``helpers.evaluation.SCORES``.

    Returns
    -------
    DataFrame
        Columns ``first``, ``second``, ``difference`` (`Estimate`, first minus second) and
        ``verdict`` on the first; no rows for a single trial.
    """
    if reference is None:
        pairs = [(a, b) for i, a in enumerate(trials) for b in trials[i + 1 :]]
    else:
        pairs = [(reference, other) for other in trials if other.name != reference.name]
    rows: list[dict[str, Any]] = []
    for first, second in pairs:
        estimate = compare(first.predictions_of(split), second.predictions_of(split), name)
        rows.append(
            {
                "first": first.name,
                "second": second.name,
                "difference": estimate,
                "verdict": difference(estimate),
            }
        )
    return pd.DataFrame(rows, columns=["first", "second", "difference", "verdict"])


def cost_table(trials: Sequence[Trial]) -> pd.DataFrame:
    """What each trial cost, as its own record says.

    Parameters
    ----------
    trials : sequence of Trial
        Finished.

    Returns
    -------
    DataFrame of float
        Indexed by the trial's name: epochs, seconds of training and in all, training images a
        second, peak memory of the process (of the GPU where there was one) in MiB, size of the
        saved model in MiB, millions of parameters.
    """
    rows = {}
    for trial in trials:
        record = trial.record
        device = record.get("device_memory_mb")
        rows[trial.name] = {
            "epochs": record["epochs"],
            "training, s": record["seconds"]["train"],
            "in all, s": record["seconds"]["total"],
            "images/s": record["images_per_second"],
            "peak memory, MiB": record["peak_memory_mb"] if device is None else device,
            "model, MiB": record["model_mb"],
            "parameters, M": record["parameters"] / 1e6,
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("trial")


def majority_share(predictions: pd.DataFrame) -> tuple[str, float]:
    """The commonest class of a split and its share: the accuracy of always saying it."""
    counts = predictions["dx"].value_counts()
    return str(counts.index[0]), float(counts.iloc[0] / counts.sum())


def chance_level(predictions: pd.DataFrame) -> float:
    """Balanced accuracy of guessing: one over the number of classes that have images."""
    return 1.0 / predictions["dx"].nunique()


def weighs(config: TrialConfig) -> bool:
    """Whether a trial's training loss counts images otherwise than its validation loss.

    Class weights, the focal loss and a logit adjustment act on training alone; ``val_loss`` is the
    plain cross-entropy, so that trials can be compared by it.
    """
    plain = config.loss == "cross_entropy" and not config.logit_adjustment
    return config.class_weight != "none" or not plain


def comparable_histories(trials: Sequence[Trial]) -> dict[str, pd.DataFrame]:
    """Histories for one plot, without training losses that are on another scale.

    Parameters
    ----------
    trials : sequence of Trial
        With distinct names.

    Returns
    -------
    dict of str to DataFrame
        By name, as of ``Trial.history``; ``loss`` is missing where the trial `weighs`.
    """
    return {
        trial.name: trial.history.drop(columns="loss") if weighs(trial.config) else trial.history
        for trial in trials
    }


def loss_note(trials: Sequence[Trial]) -> str:
    """A sentence for the caption of such a plot, with a space before it; "" where all are shown."""
    names = [trial.name for trial in trials if weighs(trial.config)]
    if not names:
        return ""
    whose = "" if len(names) == len(trials) else f" of {listed(names)}"
    return (
        f" The training loss{whose} is not drawn: it weighs the classes or the images, which the "
        "validation loss does not, so that the two are not on one scale."
    )


def last_values(histories: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Loss and accuracy at the best and the last epoch of each history.

    Parameters
    ----------
    histories : mapping of str to DataFrame
        By the trial's name, as of ``Trial.history``.

    Returns
    -------
    DataFrame
        Indexed by ``trial``: ``epochs`` and the last epoch's ``accuracy``, ``val_accuracy`` and
        their difference, ``gap``.
    """
    rows = {}
    for name, history in histories.items():
        last = history.iloc[-1]
        rows[name] = {
            "epochs": len(history),
            "accuracy": float(last["accuracy"]),
            "val_accuracy": float(last["val_accuracy"]),
            "gap": float(last["accuracy"] - last["val_accuracy"]),
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("trial")


def _short(value: Any) -> str:
    return f"{value:g}" if isinstance(value, (int, float)) else str(value)
