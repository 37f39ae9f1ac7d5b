"""What a network's first layer is given for black and white, beside what its weights expect."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from helpers.models import CAFFE_MEANS, TORCH_DEVIATIONS, TORCH_MEANS, Preprocessing, find_backbone
from helpers.training import TrialConfig

_BLACK_AND_WHITE = np.array([0.0, 255.0])


def _apply(x: NDArray[np.float64], kind: Preprocessing) -> NDArray[np.float64]:
    """Values of shape (n, 3) or (n, 1) after a preprocessing, all three channels."""
    if kind == "caffe":
        return x - np.array(CAFFE_MEANS)
    if kind == "tf":
        return x / 127.5 - 1
    if kind == "lite":
        return (x - 127) / 128
    if kind in ("torch", "inside"):  # what EfficientNets do inside is what torchvision does
        return (x / 255 - np.array(TORCH_MEANS)) / np.array(TORCH_DEVIATIONS)
    return x if kind == "raw" else x / 255


def _black_and_white(backbone: str, preprocessing: Preprocessing | None) -> NDArray[np.float64]:
    """Black and white as the first convolution is given them: shape (2, 3), a column a channel."""
    own = find_backbone(backbone).preprocessing
    x = _BLACK_AND_WHITE[:, None]
    if preprocessing is None or preprocessing == own:
        x = _apply(x, own)
    elif preprocessing == "twice":
        x = _apply(x / 255, own)
    else:
        x = _apply(x, preprocessing)
        if own == "inside":
            x = _apply(x, own)
    return np.broadcast_to(x, (2, 3))


def input_range(backbone: str, preprocessing: Preprocessing | None = None) -> tuple[float, float]:
    """Least and greatest value that the first convolution can be given.

    Parameters
    ----------
    backbone : str
        A name in `helpers.models.backbones.BACKBONES`.
    preprocessing : Preprocessing or None, default=None
        What is put before it in place of its own; None gives what its weights expect.

    Returns
    -------
    low, high : float
        Of black and of white, over the three channels. For a network that rescales inside, after
        it has done so, as with ImageNet weights.

    Examples
    --------
    >>> [round(end, 3) for end in input_range("EfficientNetLite0")]
    [-0.992, 1.0]
    >>> [round(end, 3) for end in input_range("EfficientNetLite0", "twice")]
    [-0.992, -0.984]
    """
    x = _black_and_white(backbone, preprocessing)
    return float(x.min()), float(x.max())


def range_share(backbone: str, preprocessing: Preprocessing | None) -> float:
    """How far white is from black in what a backbone is given, over what it expects.

    Parameters
    ----------
    backbone : str
        A name in `helpers.models.backbones.BACKBONES`.
    preprocessing : Preprocessing or None
        What is put before it; with its own, or None, the share is 1.

    Returns
    -------
    float
        Mean distance over the channels, over the mean distance that its weights expect. Where
        black lies is not in it.

    Examples
    --------
    >>> round(1 / range_share("EfficientNetB0", "twice"), 6)
    255.0
    """
    given, own = (
        float(np.diff(_black_and_white(backbone, kind), axis=0).mean())
        for kind in (preprocessing, None)
    )
    return given / own


def range_table(configs: Sequence[TrialConfig]) -> pd.DataFrame:
    """Range that the weights of each trial's backbone expect, and the one that it is given.

    Returns
    -------
    DataFrame
        Columns ``trial``, ``backbone``, ``expected`` and ``given`` (texts such as
        "-1.00 to 1.00") and ``share``, see `range_share`.
    """
    rows = []
    for config in configs:
        own = input_range(config.backbone)
        given = input_range(config.backbone, config.preprocessing)
        rows.append(
            {
                "trial": config.name,
                "backbone": config.backbone,
                "expected": _text(own),
                "given": _text(given),
                "share": range_share(config.backbone, config.preprocessing),
            }
        )
    return pd.DataFrame(rows, columns=["trial", "backbone", "expected", "given", "share"])


def _text(ends: tuple[float, float]) -> str:
    return " to ".join(f"{end:.3g}".replace("-", "−") for end in ends)
