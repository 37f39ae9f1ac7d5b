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
    if kind == "raw":
        return x
    return x / 255


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
    return float(x.min()), float(x.max())


def range_table(configs: Sequence[TrialConfig]) -> pd.DataFrame:
    """Range that the weights of each trial's backbone expect, and the one that it is given.

    Returns
    -------
    DataFrame
        Columns ``trial``, ``backbone``, ``expected`` and ``given`` (texts such as
        "-1.00 to 1.00") and ``share``, the width of the second over that of the first.
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
                "share": (given[1] - given[0]) / (own[1] - own[0]),
            }
        )
    return pd.DataFrame(rows, columns=["trial", "backbone", "expected", "given", "share"])


def _text(ends: tuple[float, float]) -> str:
    return " to ".join(f"{end:.3g}".replace("-", "−") for end in ends)
