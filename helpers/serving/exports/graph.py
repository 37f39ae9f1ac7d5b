"""The graph that is exported: raw pixels in, probabilities and the last feature maps out.

The feature maps are what a class activation map is made of. Where a head is one pooling and one
dense layer, the map of a class is the sum of the feature maps weighted by that class's row of the
dense layer [1]_, which needs no gradient and so can be computed by whoever runs the export.

References
----------
.. [1] Zhou et al., "Learning deep features for discriminative localization", CVPR 2016.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from helpers.core import ConfigError
from helpers.models import fold_batch_norms

INPUT = "pixels"
OUTPUTS = ("features", "probabilities")


def serving_graph(model: Any) -> Any:
    """Give a model its second output, and make it one of 32 bits without batch normalisations.

    Parameters
    ----------
    model : keras.Model
        As made by `helpers.models.build.build_model`; not changed.

    Returns
    -------
    keras.Model
        Input (n_images, height, width, 3), RGB in 0..255 as float32. Outputs a dict:
        "probabilities" (n_images, n_classes), and "features" (n_images, rows, columns,
        channels), the input of the head's first layer.

    Raises
    ------
    ConfigError
        If Keras does not compute with TensorFlow, or the model has no head of this book.
    """
    import keras

    if (backend := keras.backend.backend()) != "tensorflow":
        raise ConfigError(
            f"export: expected Keras to compute with TensorFlow, got {backend}; leave "
            "KERAS_BACKEND out, a model trained with another backend loads all the same"
        )
    model = fold_batch_norms(in_float32(model))
    return with_features(model)


def with_features(model: Any) -> Any:
    """A model with two outputs, "probabilities" and "features", that shares all its layers."""
    import keras

    head = [layer for layer in model.layers if layer.name.startswith("head_")]
    if not head:
        last = ", ".join(layer.name for layer in model.layers[-3:])
        raise ConfigError(
            "export: expected a model made by helpers.models.build_model, whose head's layers are "
            f"named head_*, got {model.name}, which ends in {last}"
        )
    outputs = {"features": head[0].input, "probabilities": model.outputs[0]}
    return keras.Model(model.inputs[0], outputs, name=model.name)


def in_float32(model: Any) -> Any:
    """The same model with all layers computing in 32 bits; itself where they do already."""
    import keras

    if all(layer.compute_dtype == "float32" for layer in model.layers):
        return model
    copy = keras.Model.from_config(_without_policies(model.get_config()))
    copy.set_weights(model.get_weights())
    return copy


def _without_policies(config: Any) -> Any:
    """A layer configuration in which each dtype policy is float32."""
    if isinstance(config, dict):
        if config.get("class_name") == "DTypePolicy":
            return {**config, "config": {**config["config"], "name": "float32"}}
        return {name: _without_policies(value) for name, value in config.items()}
    if isinstance(config, (list, tuple)):
        return type(config)(_without_policies(value) for value in config)
    return "float32" if isinstance(config, str) and config.startswith("mixed_") else config


def compute_outputs(
    graph: Any, images: NDArray[np.uint8], batch_size: int = 32
) -> dict[str, NDArray[np.float32]]:
    """Outputs of a Keras graph by name, batch by batch."""
    batches = [
        graph(images[start : start + batch_size].astype(np.float32), training=False)
        for start in range(0, len(images), batch_size)
    ]
    return {name: np.concatenate([np.asarray(b[name]) for b in batches]) for name in OUTPUTS}


def write_saved_model(graph: Any, folder: Path, batch_size: int | None = None) -> None:
    """Write a TensorFlow SavedModel whose serving signature has named input and outputs.

    Parameters
    ----------
    graph : keras.Model
        As made by `serving_graph`.
    folder : Path
        Where to; made here.
    batch_size : int, optional
        Images a call, fixed; any number where None.
    """
    import tensorflow as tf
    from keras.export import ExportArchive

    spec = tf.TensorSpec((batch_size, *graph.inputs[0].shape[1:]), tf.float32, name=INPUT)
    archive = ExportArchive()  # finds the weights by itself; told of the graph it writes them twice
    archive.add_endpoint("serve", lambda pixels: graph(pixels, training=False), [spec])
    archive.write_out(str(folder), verbose=False)
