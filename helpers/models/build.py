"""Models: a backbone, its preprocessing and a head, flat in one functional graph.

Flat because Grad-CAM needs the backbone's layers in the graph that it differentiates, and
because ``model.layers`` then shows a student all there is.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from helpers.core import N_CLASSES, ConfigError
from helpers.models.backbones import Preprocessing, find_backbone, preprocess
from helpers.models.starting import build_backbone

Head = Literal["linear", "dense", "flatten", "dropout", "focal", "focal_flatten"]

HEADS: dict[str, str] = {
    "linear": "global average pooling, then softmax (course report)",
    "dropout": "global average pooling, dropout, then softmax (browser model)",
    "dense": "global average pooling, dropout, Dense(256), dropout, then softmax (screening)",
    "focal": "global average pooling, dropout, Dense(512), Dense(128), then softmax (focal loss)",
    "focal_flatten": "flatten, dropout, Dense(512), Dense(128), then softmax (its ablation)",
    "flatten": "flatten, Dense(256), then softmax (VGG16 tutorial)",
}
"""Heads by name. The layer sizes of "dense" and "focal" are unpublished and chosen here."""

SECOND_DROPOUT = 0.6
"""Share of `dropout` behind the layer of the head "dense": the screening model drops 0.5 before and
0.3 behind it."""


def build_model(
    backbone: str,
    image_size: tuple[int, int],
    *,
    weights: str = "none",
    weights_dir: str | Path | None = None,
    head: Head = "linear",
    dropout: float = 0.0,
    n_classes: int = N_CLASSES,
    batch_norm_momentum: float | None = None,
    preprocessing: Preprocessing | None = None,
) -> Any:
    """Build a classifier that takes raw pixels.

    Parameters
    ----------
    backbone : str
        A name in `helpers.models.backbones.BACKBONES`.
    image_size : tuple of int
        (height, width) of the input in pixels.
    weights : {"imagenet", "none"}, default="none"
        Where the backbone starts from. "imagenet" is read from `weights_dir` where it is
        given, else downloaded by Keras, or taken from the installed package.
    weights_dir : str or Path, optional
        Folder with Keras' ``*_notop.h5`` files.
    head : {"linear", "dropout", "dense", "focal", "focal_flatten", "flatten"}, default="linear"
        What follows the backbone; see `HEADS`.
    dropout : float, default=0.0
        Share of features dropped before each dense layer, in heads that have dropout.
    n_classes : int, default=7
        Width of the softmax.
    batch_norm_momentum : float, optional
        Momentum of the running statistics of all batch normalisations. Keras' default of
        0.99 needs some hundred steps to forget its start; a short training from scratch
        needs less.
    preprocessing : {"caffe", "tf", "lite", "inside", "torch", "unit", "twice", "raw"}, optional
        What is put before the backbone in place of its own. Weights from ImageNet expect their
        own: any other range or order of the channels costs accuracy.

    Returns
    -------
    keras.Model
        Input (n_samples, height, width, 3), RGB in 0..255; output (n_samples, n_classes),
        rows that sum to 1. Layers of the head have names that begin with ``head_``.

    Raises
    ------
    ConfigError
        If the backbone, head or weights are unknown or cannot be had, or the size is too
        small for the backbone.
    """
    body = build_body(
        backbone,
        image_size,
        weights=weights,
        weights_dir=weights_dir,
        flat=is_flat(head),
        batch_norm_momentum=batch_norm_momentum,
        preprocessing=preprocessing,
    )
    return add_head(body, head, dropout=dropout, n_classes=n_classes)


def is_flat(head: str) -> bool:
    """Whether a head takes features place by place; others take their means.

    Raises
    ------
    ConfigError
        If the head is unknown.
    """
    if head not in HEADS:
        raise ConfigError(f"head: expected one of {', '.join(HEADS)}, got {head!r}")
    return head in ("flatten", "focal_flatten")


def build_body(
    backbone: str,
    image_size: tuple[int, int],
    *,
    weights: str = "none",
    weights_dir: str | Path | None = None,
    flat: bool = False,
    batch_norm_momentum: float | None = None,
    preprocessing: Preprocessing | None = None,
) -> Any:
    """Build what stands before a head: preprocessing, backbone, pooling.

    Parameters
    ----------
    backbone, image_size, weights, weights_dir, batch_norm_momentum, preprocessing
        As of `build_model`.
    flat : bool, default=False
        Whether the features of all places are laid side by side, and not averaged.

    Returns
    -------
    keras.Model
        Input (n_samples, height, width, 3), RGB in 0..255; output (n_samples, n_features). Its
        name is the backbone's.

    Raises
    ------
    ConfigError
        As `build_model`.
    """
    import keras
    from keras import layers

    entry = find_backbone(backbone)
    if min(image_size) < entry.minimum_size:
        raise ConfigError(
            f"{backbone}: expected an image of at least {entry.minimum_size} px a side, "
            f"got {image_size[0]}x{image_size[1]}; choose a larger image_size"
        )
    inputs = layers.Input((*image_size, 3), name="pixels")
    prepared = preprocess(inputs, preprocessing or entry.preprocessing, entry.preprocessing)
    base = build_backbone(backbone, weights=weights, weights_dir=weights_dir, input_tensor=prepared)
    pool = (
        layers.Flatten(name="head_flatten")
        if flat
        else layers.GlobalAveragePooling2D(name="head_pooling")
    )
    body = keras.Model(inputs, pool(base.output), name=backbone.lower())
    if batch_norm_momentum is not None:
        for layer in body.layers:
            if isinstance(layer, layers.BatchNormalization):
                layer.momentum = batch_norm_momentum
    return body


def add_head(body: Any, head: Head, *, dropout: float = 0.0, n_classes: int = N_CLASSES) -> Any:
    """Put a head on a body, which may bear others.

    Parameters
    ----------
    body : keras.Model
        As made by `build_body`, flat or not as `is_flat` says of the head.
    head, dropout, n_classes
        As of `build_model`.

    Returns
    -------
    keras.Model
        As of `build_model`.
    """
    import keras
    from keras import layers

    x = body.output
    if head not in ("linear", "flatten"):
        x = layers.Dropout(dropout, name="head_dropout")(x)
    if head in ("flatten", "dense"):
        x = layers.Dense(256, activation="relu", name="head_dense")(x)
    if head == "dense":
        x = layers.Dropout(SECOND_DROPOUT * dropout, name="head_dropout_2")(x)
    if head in ("focal", "focal_flatten"):
        x = layers.Dense(512, activation="relu", name="head_dense_1")(x)
        x = layers.Dense(128, activation="relu", name="head_dense_2")(x)
    outputs = layers.Dense(n_classes, activation="softmax", dtype="float32", name="head_softmax")(x)
    return keras.Model(body.inputs, outputs, name=f"{body.name}_{head}")


def backbone_layers(model: Any) -> list[Any]:
    """Layers of a model that belong to its backbone, in order."""
    return [
        layer
        for layer in model.layers
        if not layer.name.startswith(("head_", "preprocessing")) and layer.name != "pixels"
    ]


def set_trainable(
    model: Any, trainable: Literal["head", "all"] | int, *, batch_norms: bool = False
) -> None:
    """Choose which layers learn.

    Parameters
    ----------
    model : keras.Model
        As made by `build_model`.
    trainable : {"head", "all"} or int
        The head alone, everything, or the head and the last n layers of the backbone. In
        the last case its batch normalisations stay frozen: a few batches of a new data set
        would overwrite the statistics that the frozen layers before them were made for [1]_.
    batch_norms : bool, default=False
        Whether they learn all the same, as they do where somebody sets ``trainable`` of the last
        n layers and thinks no further.

    References
    ----------
    .. [1] "Transfer learning & fine-tuning", https://keras.io/guides/transfer_learning/
    """
    from keras.layers import BatchNormalization

    layers = backbone_layers(model)
    n_learning = {"head": 0, "all": len(layers)}.get(str(trainable), trainable)
    for index, layer in enumerate(layers):
        learns = index >= len(layers) - int(n_learning)
        layer.trainable = learns and (
            trainable == "all" or batch_norms or not isinstance(layer, BatchNormalization)
        )


def head_of(model: Any) -> Any:
    """The head of a model as a model that shares its layers.

    Parameters
    ----------
    model : keras.Model
        As made by `build_model`.

    Returns
    -------
    keras.Model
        Features as given by the body in, probabilities out.
    """
    import keras

    pool = next(layer for layer in model.layers if layer.name in ("head_pooling", "head_flatten"))
    return keras.Model(pool.output, model.outputs)
