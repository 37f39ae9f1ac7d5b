"""From the share of malignant images that a model was trained on to that where it is used."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray


def prior_corrected(p: ArrayLike, prior_train: float, prior_real: float) -> NDArray[Any]:
    """Bring probabilities from the share of malignant images in training to a real one.

    Parameters
    ----------
    p : array-like
        Probabilities of "malignant", in [0, 1].
    prior_train, prior_real : float
        Share of malignant images that the model was trained on, and where it is used; in (0, 1).

    Returns
    -------
    ndarray of the same shape
        The odds of `p` times the ratio of the two priors' odds. The order of the images, and so
        the AUC, stays. It is right where pictures of each kind look alike in both places.

    Raises
    ------
    ValueError
        If a prior or a probability is out of range.

    References
    ----------
    .. [1] Saerens, Latinne & Decaestecker, "Adjusting the outputs of a classifier to new a
       priori probabilities", Neural Computation 14 (2002), equation 2.4.
    .. [2] King & Zeng, "Logistic regression in rare events data", Political Analysis 9 (2001).

    Examples
    --------
    >>> prior_corrected([0.0, 0.5, 1.0], prior_train=0.5, prior_real=0.1).round(3).tolist()
    [0.0, 0.1, 1.0]
    """
    p = np.asarray(p, dtype=float)
    for name, prior in (("prior_train", prior_train), ("prior_real", prior_real)):
        if not 0 < prior < 1:
            raise ValueError(f"{name}: expected a share in (0, 1) but got {prior}")
    if not ((p >= 0) & (p <= 1)).all():
        raise ValueError("p: expected probabilities in [0, 1] without NaN; apply softmax to logits")
    malignant = p * prior_real / prior_train
    benign = (1 - p) * (1 - prior_real) / (1 - prior_train)
    return np.asarray(malignant / (malignant + benign))


def precision_at(sensitivity: float, specificity: float, prevalence: float) -> float:
    """Precision where malignant images have another share than in the split that was scored.

    Parameters
    ----------
    sensitivity, specificity : float
        Of a threshold, in [0, 1]; taken to be the same there.
    prevalence : float
        Share of malignant images there, in [0, 1].

    Returns
    -------
    float
        By Bayes' theorem; NaN where nothing would be called malignant.

    Examples
    --------
    >>> round(precision_at(0.818, 0.734, 0.5), 3), round(precision_at(0.818, 0.734, 0.02), 3)
    (0.755, 0.059)
    """
    found, alarms = sensitivity * prevalence, (1 - specificity) * (1 - prevalence)
    return found / (found + alarms) if found + alarms > 0 else float("nan")
