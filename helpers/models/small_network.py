"""A network of a dozen layers, for tests and for trying a setting out.

It has what larger ones have: convolutions, a depthwise one, batch normalisations that learn,
feature maps to look at. It is built, traced and saved in a fraction of their time. There are no
weights for it, and its scores mean nothing.
"""

from __future__ import annotations

from typing import Any

from helpers.core import ConfigError

FILTERS = (16, 32, 64)
"""Of the three convolutions, each of which halves the sides."""


def SmallNetwork(  # noqa: N802, called as those of Keras Applications are
    *,
    include_top: bool = False,
    weights: None = None,
    input_tensor: Any = None,
    input_shape: tuple[int, int, int] | None = None,
) -> Any:
    """Build the network without a classifier, from random weights.

    Parameters
    ----------
    include_top : False
        As in Keras Applications.
    weights : None
        As in Keras Applications.
    input_tensor : KerasTensor of shape (n_samples, height, width, 3), optional
        What it is put behind.
    input_shape : tuple of int, optional
        (height, width, 3), where there is no `input_tensor`.

    Returns
    -------
    keras.Model
        Output of shape (n_samples, rows, columns, 64), a cell for each 8 x 8 pixels.

    Raises
    ------
    ConfigError
        If weights are asked for.
    """
    import keras
    from keras import layers

    if include_top or weights is not None:
        raise ConfigError(
            f"SmallNetwork: expected weights 'none', got {weights!r}; nobody has trained it: set "
            "weights: none, or choose another backbone"
        )
    x = layers.Input(input_shape) if input_tensor is None else input_tensor
    for number, filters in enumerate(FILTERS, start=1):
        name = f"small_{number}"
        if number > 1:
            x = layers.DepthwiseConv2D(3, padding="same", use_bias=False, name=f"{name}_depth")(x)
        x = layers.Conv2D(filters, 3, 2, "same", use_bias=False, name=name)(x)
        x = layers.BatchNormalization(name=f"{name}_bn")(x)
        x = layers.ReLU(name=f"{name}_relu")(x)
    return keras.Model(keras.utils.get_source_inputs(x), x, name="smallnetwork")
