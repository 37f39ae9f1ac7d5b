"""Counting parameters: of a ResNet50 from its shapes, of heads, and which heads a count fits."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np
import pandas as pd

from helpers.published import claim

BYTES_EACH = 4
"""Of a parameter stored in 32 bits."""

WIDTHS = (16, 32, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1280, 1536, 2048)
"""Widths of dense layers that people choose: powers of two, and such times three or five."""

_STACKS = ((64, 3), (128, 4), (256, 6), (512, 3))
"""Narrow channels and number of blocks of each stack; a block gives four times as many."""

_COUNTS = {
    "all parameters": "screening.parameters.all",
    "learn while the base is frozen": "screening.parameters.frozen",
    "learn in fine-tuning": "screening.parameters.fine_tuning",
}


def resnet50_layers() -> pd.DataFrame:
    """Parameters of each layer of ``keras.applications.ResNet50`` without its top.

    Returns
    -------
    DataFrame of shape (175, 3)
        ``layer``, named and ordered as Keras does; ``learnt``, weights that a training may
        change; ``statistics``, the moving means and variances of batch normalisations, which
        Keras counts as parameters too. Sum: 23,587,712.

    References
    ----------
    .. [1] He, Zhang, Ren & Sun, "Deep residual learning for image recognition", CVPR 2016, table
       1, 50 layers. Keras' convolutions have biases; a block's stride does not change counts.
    """
    rows: list[tuple[str, int, int]] = []

    def add(name: str, learnt: int = 0, statistics: int = 0) -> None:
        rows.append((name, learnt, statistics))

    def conv(name: str, size: int, given: int, made: int) -> None:
        add(f"{name}_conv", size * size * given * made + made)

    def norm(name: str, channels: int) -> None:
        add(f"{name}_bn", 2 * channels, 2 * channels)

    add("input_layer")
    add("conv1_pad")
    conv("conv1", 7, 3, 64)
    norm("conv1", 64)
    for name in ("conv1_relu", "pool1_pad", "pool1_pool"):
        add(name)
    given = 64
    for stack, (narrow, blocks) in enumerate(_STACKS, 2):
        wide = 4 * narrow
        for number in range(1, blocks + 1):
            block = f"conv{stack}_block{number}"
            for part, size, before in (("1", 1, given), ("2", 3, narrow)):
                conv(f"{block}_{part}", size, before, narrow)
                norm(f"{block}_{part}", narrow)
                add(f"{block}_{part}_relu")
            if number == 1:
                conv(f"{block}_0", 1, given, wide)
            conv(f"{block}_3", 1, narrow, wide)
            if number == 1:
                norm(f"{block}_0", wide)
            norm(f"{block}_3", wide)
            add(f"{block}_add")
            add(f"{block}_out")
            given = wide
    return pd.DataFrame(rows, columns=["layer", "learnt", "statistics"])


def plausible_heads(n_features: int = 2048) -> pd.DataFrame:
    """Heads behind a pooled network, as people build them, with their parameters.

    Parameters
    ----------
    n_features : int, default=2048
        Channels of the pooled network.

    Returns
    -------
    DataFrame
        A row a head: ``head`` in words, ``learnt``, ``statistics`` and ``parameters``, their sum.
        Tried are one or two dense layers of `WIDTHS`, each with or without bias and with or
        without a batch normalisation behind it, with or without one in front of all, and one
        output (sigmoid) or two (softmax).
    """
    frames = []
    for n_dense in (1, 2):
        grid = np.array(list(product(WIDTHS, repeat=n_dense)))
        yes_no = list(product((False, True), repeat=n_dense))
        for biases, norms, first, outputs in product(yes_no, yes_no, (False, True), (1, 2)):
            learnt = np.full(len(grid), 2 * n_features * first)
            statistics = learnt.copy()
            given = np.full(len(grid), n_features)
            for width, bias, norm in zip(grid.T, biases, norms, strict=True):
                learnt = learnt + given * width + bias * width + 2 * norm * width
                statistics = statistics + 2 * norm * width
                given = width
            learnt = learnt + given * outputs + outputs
            words = [_words(widths, biases, norms, first, outputs) for widths in grid.tolist()]
            frames.append(pd.DataFrame({"head": words, "learnt": learnt, "statistics": statistics}))
    heads = pd.concat(frames, ignore_index=True)
    return heads.assign(parameters=heads["learnt"] + heads["statistics"])


def _words(
    widths: Sequence[int], biases: Sequence[bool], norms: Sequence[bool], first: bool, outputs: int
) -> str:
    parts = ["batch normalisation"] if first else []
    for width, bias, norm in zip(widths, biases, norms, strict=True):
        parts.append(f"Dense({width})" if bias else f"Dense({width}) without bias")
        parts += ["batch normalisation"] if norm else []
    return ", ".join([*parts, f"Dense({outputs})"])


def count_checks(n_last: int) -> pd.DataFrame:
    """What each of the screening system's three counts leaves for its head.

    Parameters
    ----------
    n_last : int
        Layers at the base's end that learn in fine-tuning.

    Returns
    -------
    DataFrame
        A row a count: ``count`` in words, ``published``, ``of the base``, which is what of it
        is ResNet50's own, ``left for the head``, and ``heads``, how many of `plausible_heads`
        have just so many parameters (of the first count all, of the others those that learn).
    """
    base, heads = resnet50_layers(), plausible_heads()
    own = [
        int(base["learnt"].sum() + base["statistics"].sum()),
        0,
        int(base["learnt"].iloc[len(base) - n_last :].sum()),
    ]
    rows = []
    for (words, key), part in zip(_COUNTS.items(), own, strict=True):
        published = int(claim(key).value)
        column = "parameters" if key == "screening.parameters.all" else "learnt"
        left = published - part
        rows.append((words, published, part, left, int((heads[column] == left).sum())))
    names = ["count", "published", "of the base", "left for the head", "heads"]
    return pd.DataFrame(rows, columns=names)


def nearest_cut(n_learnt: int) -> tuple[int, int]:
    """How many last layers of a ResNet50 have nearest to a number of learnt parameters.

    Parameters
    ----------
    n_learnt : int
        Wanted.

    Returns
    -------
    n_last, missed_by : int
        Of all cuts with the least distance that with the fewest layers, and its distance; 0 if
        it has just so many. Batch normalisations may learn or not, as fits better.
    """
    base = resnet50_layers()
    learnt = base["learnt"].to_numpy()
    kernels = np.where(base["layer"].str.endswith("_bn"), 0, learnt)
    sums = [np.concatenate([[0], values[::-1].cumsum()]) for values in (learnt, kernels)]
    distances = np.min([np.abs(values - n_learnt) for values in sums], axis=0)
    n_last = int(distances.argmin())
    return n_last, int(distances[n_last])


def nearest_width(n_parameters: int, n_features: int = 2048) -> int:
    """The width among `WIDTHS` of one dense layer before one output that comes nearest to a count.

    Parameters
    ----------
    n_parameters : int
        Of the head, with biases and without batch normalisation.
    n_features : int, default=2048
        Channels of the pooled network.
    """
    return min(WIDTHS, key=lambda width: abs((n_features + 2) * width + 1 - n_parameters))
