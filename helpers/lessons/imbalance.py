"""Class imbalance: what weights do, and what each technique changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Unpack

import numpy as np
import pandas as pd

from helpers.augmentation import Augmentation
from helpers.core import CLASS_INDEX, CLASSES
from helpers.evaluation import (
    Array,
    BootstrapOptions,
    Score,
    Scored,
    align,
    check_predictions,
    describe_stage,
    estimate_scores,
    metrics,
    scores_of,
)
from helpers.statistics import Estimate, difference, wilson
from helpers.training import Trial, TrialConfig, class_weights

FLOOR = 1e-7
"""Keras' epsilon: it computes the focal loss from probabilities that are no lower than this."""

LEAST_LESIONS = 6
"""Of a class, for an interval of its recall's change. If each of five lesions changed sides in
one direction, a sign test would still not call it a difference (p = 0.06)."""


THREE_SCORES: dict[str, str] = {
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "macro_f1": "macro F1",
}
"""Scores that a common class can lift, and two that weigh classes alike, by their titles."""


def weight_table(dx: pd.Series) -> pd.DataFrame:
    """Counts of the classes, their weights, and the share of the loss that each has by them.

    Parameters
    ----------
    dx : Series of str
        Diagnosis of each training image.

    Returns
    -------
    DataFrame
        Indexed by class, those without images left out: ``images``; ``share`` of them, which is
        its share of an unweighted loss; ``sqrt`` and ``balanced``, the weight of an image; and
        ``share, sqrt`` and ``share, balanced``, the class's share of the sum of weights.
    """
    y = np.array([CLASS_INDEX[name] for name in dx.astype(str)], dtype=np.intp)
    counts = np.bincount(y, minlength=len(CLASSES)).astype(float)
    table = pd.DataFrame(index=pd.Index(CLASSES, name="class"))
    table["images"] = counts.astype(int)
    table["share"] = counts / counts.sum()
    for kind in ("sqrt", "balanced"):
        weights = class_weights(y, kind).astype(float)
        table[kind] = weights
        table[f"share, {kind}"] = weights * counts / (weights * counts).sum()
    return table[table["images"] > 0]


def augmentation_parts(augmentation: Augmentation) -> dict[str, Augmentation]:
    """The parts of an augmentation one by one, and then all of it.

    Parameters
    ----------
    augmentation : Augmentation
        Parts that it does not have are left out.
    """
    fields: dict[str, tuple[str, ...]] = {
        "rotation": ("rotation_range",),
        "flips": ("horizontal_flip", "vertical_flip"),
        "crop": ("crop_range",),
        "colours": ("brightness_range", "contrast_range", "saturation_range", "hue_range"),
        "cutout": ("cutout",),
    }
    parts = {
        name: Augmentation(
            fill_mode=augmentation.fill_mode,
            **{field: getattr(augmentation, field) for field in chosen},
        )
        for name, chosen in fields.items()
    }
    return {
        name: part
        for name, part in (parts | {"all together": augmentation}).items()
        if not part.is_identity
    }


def open_choices(config: TrialConfig) -> pd.DataFrame:
    """What is not known of the published system, and what is taken here.

    The sources at hand are its abstract and a review of it; neither has a numeric setting.

    Parameters
    ----------
    config : TrialConfig
        The full model.

    Returns
    -------
    DataFrame of str
        Columns ``left open``, ``here`` and ``named`` (the field that changes it).
    """
    moves = config.augmentation
    flips = [
        name
        for name, on in (("left-right", moves.horizontal_flip), ("up-down", moves.vertical_flip))
        if on
    ]
    rows: list[tuple[str, str, str]] = [
        ("gamma of the focal loss", f"{config.focal_gamma:g}", "focal_gamma"),
        ("alpha of the focal loss", f"{config.focal_alpha:g}", "focal_alpha"),
        (
            "class weights",
            {"balanced": "n / (7 n_c)", "sqrt": "square root of n / (7 n_c)"}.get(
                str(config.class_weight), str(config.class_weight)
            ),
            "class_weight",
        ),
        ("the two dense layers", "512 and 128, before the softmax", "head: focal"),
        ("share of dropout", f"{config.dropout:g}, before the dense layers", "dropout"),
        ("image size (height x width)", "{} x {}".format(*config.image_size), "image_size"),
        ("rotation", f"±{moves.rotation_range:g}°", "augmentation.rotation_range"),
        ("flips", " and ".join(flips) or "none", "augmentation.horizontal_flip, vertical_flip"),
        (
            "crop",
            f"sides of {1 - moves.crop_range:.0%} to 100%",
            "augmentation.crop_range",
        ),
        ("cutout", f"a square of {moves.cutout:.0%} of the shorter side", "augmentation.cutout"),
        *(
            (f"learning, stage {number}", describe_stage(stage), "stages")
            for number, stage in enumerate(config.stages, 1)
        ),
        ("optimiser", "Adam", "none: every training has it"),
        ("best epoch by", config.monitor, "monitor"),
        ("members of the ensemble", "one a fold", "n_folds"),
        ("views", "those of the image's shape, if they help", "none: chosen on held-out images"),
    ]
    return pd.DataFrame(rows, columns=["left open", "here", "named"])


def below_floor(predictions: pd.DataFrame) -> int:
    """Images of a split whose own class is given a probability below `FLOOR`."""
    scored = check_predictions(predictions)
    return int((scored.y_prob[np.arange(scored.n_images), scored.y_true] < FLOOR).sum())


def called_share(predictions: pd.DataFrame, dx: str) -> Estimate:
    """Share of a split's images that are called ``dx``, rightly or not; Wilson, over lesions."""
    scored = check_predictions(predictions)
    n_called = int((scored.y_pred == CLASS_INDEX[dx]).sum())
    return wilson(n_called, scored.n_images, n_groups=scored.n_lesions)


def three_scores(trials: Sequence[Trial]) -> pd.DataFrame:
    """Accuracy, balanced accuracy and macro F1 of trials on validation.

    Parameters
    ----------
    trials : sequence of Trial
        Finished.

    Returns
    -------
    DataFrame of Estimate
        Indexed by trial; columns are the titles in `THREE_SCORES`.
    """
    table = scores_of(trials, names=list(THREE_SCORES))
    return table[list(THREE_SCORES)].rename(columns=THREE_SCORES)


def each_less_other(
    firsts: Sequence[Trial], seconds: Sequence[Trial], split: str = "valid"
) -> dict[str, tuple[pd.DataFrame, pd.DataFrame]]:
    """Predictions of each trial beside those of each other one.

    Parameters
    ----------
    firsts, seconds : sequence of Trial
        A trial is not set beside itself.
    split : str, default="valid"
        Of which predictions are taken.

    Returns
    -------
    dict of str to tuple of DataFrame
        By "first less second", as `helpers.evaluation.paired_tests` takes them.
    """
    return {
        f"{first.name} less {second.name}": (
            first.predictions_of(split),
            second.predictions_of(split),
        )
        for first in firsts
        for second in seconds
        if first.name != second.name
    }


def recall_changes(
    pairs: Mapping[str, tuple[pd.DataFrame, pd.DataFrame]], **options: Unpack[BootstrapOptions]
) -> pd.DataFrame:
    """How the recall of each class differs between two models, for several pairs of models.

    Parameters
    ----------
    pairs : mapping of str to tuple of DataFrame
        By technique: predictions of one split with it, and without it.
    **options
        ``level``, ``n_resamples``, ``random_state``, as in `helpers.evaluation.scoring.scores`.

    Returns
    -------
    DataFrame
        A row a technique and class that has images: ``technique``, ``dx``, ``lesions``,
        ``estimate`` (recall with minus recall without, in [-1, 1]) and ``verdict``: "higher",
        "lower", "no difference shown", or "too few" where the class has fewer than
        `LEAST_LESIONS` lesions, and no interval.
    """
    rows: list[dict[str, Any]] = []
    for technique, (with_it, without) in pairs.items():
        first, second = align(with_it, without)
        chosen = {
            CLASSES[index]: Score("Recall, difference", _recall_change(second, index), "difference")
            for index in first.present
        }
        n_lesions = np.bincount(first.lesion_class, minlength=len(CLASSES))
        for dx, estimate in estimate_scores(first, chosen, **options).items():
            n = int(n_lesions[CLASS_INDEX[dx]])
            few = n < LEAST_LESIONS
            ends = (np.nan, np.nan) if few else (estimate.low, estimate.high)
            n_images = int((first.y_true == CLASS_INDEX[dx]).sum())
            shown = Estimate(estimate.value, *ends, n_images, n_groups=n)
            verdict = "too few" if few else difference(shown)
            rows.append(
                {
                    "technique": technique,
                    "dx": dx,
                    "lesions": n,
                    "estimate": shown,
                    "verdict": verdict,
                }
            )
    return pd.DataFrame(rows, columns=["technique", "dx", "lesions", "estimate", "verdict"])


def _recall_change(second: Scored, index: int) -> Any:
    def change(first: Scored, weights: Array) -> Array:
        recalls = [
            metrics.class_recall(metrics.weighted_confusions(scored, weights))[:, index]
            for scored in (first, second)
        ]
        return recalls[0] - recalls[1]

    return change


def unlike_fields(config: TrialConfig, other: TrialConfig) -> list[str]:
    """Names of the fields in which two configurations differ, as words; ``name`` aside.

    Parameters
    ----------
    config, other : TrialConfig
        In either order.
    """
    return [
        field.replace("_", " ")
        for field in TrialConfig.model_fields
        if field not in ("name", "weights_dir") and getattr(config, field) != getattr(other, field)
    ]
