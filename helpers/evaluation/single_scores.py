"""Scores of a split's predictions, each with its 95 % interval and its n.

The interval of every score is that of a stratified cluster bootstrap: of a share or an area in
[0, 1] symmetric in log odds, with the quantile of Student's t that the lesions of the classes
allow (`helpers.statistics.degrees_of_freedom`), of a loss or a difference that of the percentiles.
What is drawn is whole lesions, because the images of one lesion are right or wrong together, and
they are drawn within each class, so that no class drops out of a resample: the interval is
conditional on how many lesions of each class the split holds. ``n`` counts images and
``n_groups`` lesions. All scores of one table come from the same resamples, and so do those of
two models on the same images, which is what makes their difference sharp.

Two exceptions. A score that is perfect (or nil) in every resample, or one of classes that have a
single lesion each, would get an interval of no width; it gets Wilson's interval for as many cases
as there are lesions, for a mean over classes the harmonic count of [1]_. The expected calibration
error grows when images repeat, so the lower end of its interval is that of the basic one [2]_, as
far below the value as the percentile lies above it. For a model that is calibrated it is still too
high, because no finite split has an error of 0: read it as a bound from above. How often intervals
hold the truth is measured by ``python -m benchmarks.coverage``.

References
----------
.. [1] Kish, "Survey Sampling", 1965: for a mean of K class means with m_c lesions each, the
   effective number is K ** 2 / sum(1 / m_c).
.. [2] Davison and Hinkley, "Bootstrap Methods and their Application", 1997, chapter 5.

What a class without images does, a tie and a probability of nil: see `helpers.evaluation.metrics`.
"""

from __future__ import annotations

from typing import Unpack

import pandas as pd

from helpers.core import CLASS_INDEX, CLASSES
from helpers.evaluation import metrics
from helpers.evaluation.comparison import compare, score_table
from helpers.evaluation.metrics import check_predictions
from helpers.evaluation.scoring import (
    CALIBRATION_BINS,
    LOG_LOSS,
    SCORES,
    BootstrapOptions,
    Score,
    estimate_scores,
    scores,
)
from helpers.evaluation.tables import (
    Curve,
    confusion,
    error_destinations,
    per_class,
    pr_curves,
    reliability,
    roc_curves,
)
from helpers.statistics import Estimate, wilson

__all__ = [
    "SCORES",
    "Curve",
    "Estimate",
    "Score",
    "accuracy",
    "average_precision",
    "balanced_accuracy",
    "brier_score",
    "compare",
    "confusion",
    "error_destinations",
    "expected_calibration_error",
    "log_loss",
    "macro_f1",
    "macro_precision",
    "malignant_auc",
    "per_class",
    "pr_curves",
    "reliability",
    "roc_auc",
    "roc_curves",
    "score_table",
    "scores",
    "top_k_accuracy",
    "wilson",
]


def accuracy(predictions: pd.DataFrame, **options: Unpack[BootstrapOptions]) -> Estimate:
    """Share of images whose most probable class is right, in [0, 1].

    Parameters
    ----------
    predictions : DataFrame
        A trial's predictions of one split.
    **options
        ``level``, ``n_resamples``, ``random_state``, as in `scores`.

    Returns
    -------
    Estimate
        For a published share of images without their lesions, see `wilson`.
    """
    return scores(predictions, ["accuracy"], **options)["accuracy"]


def balanced_accuracy(predictions: pd.DataFrame, **options: Unpack[BootstrapOptions]) -> Estimate:
    """Mean recall of the classes, in [0, 1]; the official score of ISIC 2018 task 3.

    Chance level is one over the number of classes, whatever their counts.

    Parameters
    ----------
    predictions : DataFrame
        A trial's predictions of one split. A class without images there is left out.
    **options
        ``level``, ``n_resamples``, ``random_state``, as in `scores`.

    Returns
    -------
    Estimate

    References
    ----------
    .. [1] Brodersen et al., "The balanced accuracy and its posterior distribution", ICPR 2010.
    """
    return scores(predictions, ["balanced_accuracy"], **options)["balanced_accuracy"]


def macro_f1(predictions: pd.DataFrame, **options: Unpack[BootstrapOptions]) -> Estimate:
    """Mean over classes of the harmonic mean of precision and recall, in [0, 1].

    Parameters
    ----------
    predictions : DataFrame
        A trial's predictions of one split. A class without images there is left out.
    **options
        ``level``, ``n_resamples``, ``random_state``, as in `scores`.

    Returns
    -------
    Estimate

    References
    ----------
    .. [1] Opitz and Burst, "Macro F1 and macro F1", arXiv:1911.03347 (the mean of F1s).
    """
    return scores(predictions, ["macro_f1"], **options)["macro_f1"]


def macro_precision(predictions: pd.DataFrame, **options: Unpack[BootstrapOptions]) -> Estimate:
    """Mean precision of the classes, in [0, 1]; a class never predicted counts as 0.

    Parameters
    ----------
    predictions : DataFrame
        A trial's predictions of one split. A class without images there is left out.
    **options
        ``level``, ``n_resamples``, ``random_state``, as in `scores`.

    Returns
    -------
    Estimate
    """
    return scores(predictions, ["macro_precision"], **options)["macro_precision"]


def top_k_accuracy(
    predictions: pd.DataFrame, k: int = 2, **options: Unpack[BootstrapOptions]
) -> Estimate:
    """Share of images whose class is among the ``k`` most probable, in [0, 1].

    Parameters
    ----------
    predictions : DataFrame
        A trial's predictions of one split.
    k : int, default=2
        From 1 to 7.
    **options
        ``level``, ``n_resamples``, ``random_state``, as in `scores`.

    Returns
    -------
    Estimate

    Raises
    ------
    ValueError
        If ``k`` is not in 1 to 7.
    """
    if not 1 <= k <= len(CLASSES):
        raise ValueError(f"expected k in 1 to {len(CLASSES)} but got {k}; there are 7 classes")
    return _one(predictions, Score(f"Top-{k} accuracy", metrics.top_k(k), "images"), options)


def roc_auc(
    predictions: pd.DataFrame, dx: str | None = None, **options: Unpack[BootstrapOptions]
) -> Estimate:
    """Area under the one-vs-rest ROC curve of a class, or its mean over classes, in [0, 1].

    Parameters
    ----------
    predictions : DataFrame
        A trial's predictions of one split.
    dx : str or None, default=None
        A class; None averages over the classes that have images.
    **options
        ``level``, ``n_resamples``, ``random_state``, as in `scores`.

    Returns
    -------
    Estimate
        0.5 is chance.

    Raises
    ------
    ValueError
        If ``dx`` is unknown, or has no images or all of them.

    References
    ----------
    .. [1] Hanley and McNeil, "The meaning and use of the area under a receiver operating
       characteristic (ROC) curve", Radiology 143 (1982).
    """
    if dx is None:
        return scores(predictions, ["macro_auc"], **options)["macro_auc"]
    index = _present(predictions, dx)
    return _one(predictions, Score(f"ROC AUC {dx}", metrics.class_auc(index), "classes"), options)


def average_precision(
    predictions: pd.DataFrame, dx: str, **options: Unpack[BootstrapOptions]
) -> Estimate:
    """Area under the one-vs-rest precision-recall steps of a class, in [0, 1].

    Parameters
    ----------
    predictions : DataFrame
        A trial's predictions of one split.
    dx : str
        A class.
    **options
        ``level``, ``n_resamples``, ``random_state``, as in `scores`.

    Returns
    -------
    Estimate
        Chance level is the class's share of the images.

    Raises
    ------
    ValueError
        If ``dx`` is unknown, or has no images or all of them.

    References
    ----------
    .. [1] Davis and Goadrich, "The relationship between precision-recall and ROC curves",
       ICML 2006.
    """
    function = metrics.class_average_precision(_present(predictions, dx))
    return _one(predictions, Score(f"Average precision {dx}", function, "classes"), options)


def malignant_auc(predictions: pd.DataFrame, **options: Unpack[BootstrapOptions]) -> Estimate:
    """ROC AUC of malignant against benign, by the summed probability of akiec, bcc and mel.

    Parameters
    ----------
    predictions : DataFrame
        A trial's predictions of one split.
    **options
        ``level``, ``n_resamples``, ``random_state``, as in `scores`.

    Returns
    -------
    Estimate
        In [0, 1], 0.5 is chance; NaN where only one of the two kinds is present.
    """
    return scores(predictions, ["malignant_auc"], **options)["malignant_auc"]


def expected_calibration_error(
    predictions: pd.DataFrame,
    n_bins: int = CALIBRATION_BINS,
    **options: Unpack[BootstrapOptions],
) -> Estimate:
    """Mean gap between confidence and accuracy over equal bins of confidence, in [0, 1].

    Parameters
    ----------
    predictions : DataFrame
        A trial's predictions of one split.
    n_bins : int, default=10
        Number of bins of [0, 1]. The value depends on it, and grows with it on few images.
    **options
        ``level``, ``n_resamples``, ``random_state``, as in `scores`.

    Returns
    -------
    Estimate
        0 is perfect calibration, which no finite split reaches.

    References
    ----------
    .. [1] Guo et al., "On calibration of modern neural networks", ICML 2017.
    """
    score = Score("Expected calibration error", metrics.calibration_error(n_bins), "calibration")
    return _one(predictions, score, options)


def brier_score(predictions: pd.DataFrame, **options: Unpack[BootstrapOptions]) -> Estimate:
    """Mean squared distance of the probabilities from the truth, summed over classes.

    Parameters
    ----------
    predictions : DataFrame
        A trial's predictions of one split.
    **options
        ``level``, ``n_resamples``, ``random_state``, as in `scores`.

    Returns
    -------
    Estimate
        In [0, 2]; 0 is perfect, 6 / 7 is equal probabilities for all seven classes.

    References
    ----------
    .. [1] Brier, "Verification of forecasts expressed in terms of probability",
       Monthly Weather Review 78 (1950).
    """
    return scores(predictions, ["brier_score"], **options)["brier_score"]


def log_loss(predictions: pd.DataFrame, **options: Unpack[BootstrapOptions]) -> Estimate:
    """Mean negative logarithm of the true class's probability, in nats.

    Parameters
    ----------
    predictions : DataFrame
        A trial's predictions of one split.
    **options
        ``level``, ``n_resamples``, ``random_state``, as in `scores`.

    Returns
    -------
    Estimate
        At least 0, and at most 27.6: a probability below 1e-12 counts as that.
    """
    return _one(predictions, LOG_LOSS, options)


def _present(predictions: pd.DataFrame, dx: str) -> int:
    if dx not in CLASS_INDEX:
        raise ValueError(f"expected a class among {', '.join(CLASSES)} but got {dx!r}; pick one")
    n_positive, n = int((predictions["dx"] == dx).sum()), len(predictions)
    if n_positive in (0, n):
        raise ValueError(
            f"expected images of {dx} and of other classes but got {n_positive} of {n}; "
            "use a larger split"
        )
    return CLASS_INDEX[dx]


def _one(predictions: pd.DataFrame, score: Score, options: BootstrapOptions) -> Estimate:
    return estimate_scores(check_predictions(predictions), {"": score}, **options)[""]
