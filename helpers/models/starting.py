"""What a network starts from: random weights, those of ImageNet, or the mean of trained ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from helpers.core import ConfigError
from helpers.models.backbones import find_backbone, load_builder


def build_backbone(
    backbone: str,
    *,
    weights: str = "none",
    weights_dir: str | Path | None = None,
    **inputs: Any,
) -> Any:
    """Build a network without its classifier, which sees what its ImageNet weights were made for.

    Parameters
    ----------
    backbone : str
        A name in `helpers.models.backbones.BACKBONES`.
    weights : {"imagenet", "none"}, default="none"
        As of `build_model`.
    weights_dir : str or Path, optional
        As of `build_model`.
    **inputs
        ``input_tensor``, or ``input_shape`` (height, width, 3): what it is put behind.

    Returns
    -------
    keras.Model
        Expects pixels after the backbone's own preprocessing. The same weights compute the same
        features, whether Keras downloads them or they are read from `weights_dir`.

    Raises
    ------
    ConfigError
        If the backbone or the weights are unknown, or the weights cannot be had.
    """
    entry = find_backbone(backbone)
    builder = load_builder(entry)
    if weights == "none":
        return builder(include_top=False, weights=None, **inputs)
    if weights != "imagenet":
        raise ConfigError(f"weights: expected 'imagenet' or 'none', got {weights!r}")
    if not entry.weights_file:
        return builder(include_top=False, weights="imagenet", **inputs)
    if weights_dir is not None:
        path = Path(weights_dir).expanduser() / entry.weights_file
        if not path.is_file():
            raise ConfigError(
                f"{entry.name}: expected its ImageNet weights at {path}; put the file "
                "there, or leave weights_dir out so that Keras downloads it"
            )
        base = builder(include_top=False, weights=str(path), **inputs)
        if entry.preprocessing == "inside":
            _scale_again(base, IMAGENET_SCALE)
        return base
    try:
        return builder(include_top=False, weights="imagenet", **inputs)
    except Exception as error:  # Keras wraps every failed download in a bare Exception
        if isinstance(error, (ValueError, TypeError)):
            raise
        raise ConfigError(
            f"{entry.name}: its ImageNet weights ({entry.weights_file}) could not be downloaded "
            f"({error}). Two ways out: put the file into a folder and name it as weights_dir "
            "in the profile, or set 'weights: none' to train from scratch. EfficientNetLite0 "
            "has ImageNet weights without a download."
        ) from error


IMAGENET_SCALE = tuple(std**-0.5 for std in (0.229, 0.224, 0.225))
"""By which `keras.applications` multiplies an EfficientNet's normalised channels once more, because
its weights were trained so; but only where it downloads them itself."""


def _scale_again(model: Any, scale: Sequence[float]) -> None:
    """Multiply what a network's own normalisation gives, channel by channel."""
    from keras.layers import Normalization

    for layer in model.layers:
        if isinstance(layer, Normalization):
            layer.adapt_variance.assign(np.array(layer.adapt_variance) / np.square(scale))
            layer.finalize_state()


def _second_scale(model: Any) -> Sequence[float] | None:
    """The scale of each channel that a network has as a layer of its own, if it has one."""
    from keras.layers import Rescaling

    scales = [layer.scale for layer in model.layers if isinstance(layer, Rescaling)]
    return next((scale for scale in scales if np.ndim(scale) > 0), None)


def start_from(model: Any, trained: Mapping[str, Any]) -> None:
    """Give a model the mean weights of trained ones of the same layers, at whatever image size.

    Parameters
    ----------
    model : keras.Model
        As made by `build_model`; changed.
    trained : mapping of str to keras.Model
        One or several by the names that errors call them.

    Raises
    ------
    ConfigError
        If their variables differ in number, name or shape.
    """
    import keras

    ours = model.variables
    for name, other in trained.items():
        theirs = other.variables
        if [(v.name, v.shape) for v in ours] != [(v.name, v.shape) for v in theirs]:
            raise ConfigError(
                f"start: expected a trial of the same network as {model.name} ({len(ours)} "
                f"variables), but {name} is {other.name} ({len(theirs)} variables); name a trial "
                "with the same backbone, head and target"
            )
    models = list(trained.values())
    for variable, *theirs in zip(ours, *(other.variables for other in models), strict=True):
        values = np.stack([np.asarray(keras.ops.convert_to_numpy(each)) for each in theirs])
        # What is no float, such as the state of a random generator, has no mean.
        mean = values.mean(axis=0) if values.dtype.kind == "f" else values[0]
        variable.assign(mean.astype(values.dtype))
    scale = _second_scale(models[0]) if _second_scale(model) is None else None
    _scale_again(model, (1, 1, 1) if scale is None else scale)
