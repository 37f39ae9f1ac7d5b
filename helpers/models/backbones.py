"""The registry of backbones: builder, native size, preprocessing and Grad-CAM layer of each.

To add a backbone, add a row to `BACKBONES`; nothing else needs to know.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from helpers.core import ConfigError

Preprocessing = Literal["caffe", "tf", "lite", "inside", "torch", "unit", "twice", "raw"]

CAFFE_MEANS = (103.939, 116.779, 123.68)
"""ImageNet means of blue, green and red, subtracted by VGG16 and ResNet50."""

TORCH_MEANS, TORCH_DEVIATIONS = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""ImageNet means and standard deviations of red, green and blue in 0..1, as in torchvision."""


@dataclass(frozen=True)
class Backbone:
    """One convolutional network without its classifier.

    Attributes
    ----------
    name : str
        As in Keras Applications.
    builder : str
        ``module:function`` that builds it with ``include_top``, ``weights``, ``input_tensor``.
    native_size : int
        Side in pixels of the square input that its ImageNet weights were trained on.
    minimum_size : int
        Smallest side in pixels that it accepts.
    preprocessing : {"caffe", "tf", "lite", "inside"}
        What is put before it: BGR less the ImageNet means, scaling to [-1, 1],
        (x - 127) / 128, or nothing because the network rescales by itself.
    cam_layer : str
        Last layer with spatial axes, for Grad-CAM.
    weights_file : str
        Name of Keras' ImageNet weights file without the top; empty for a package's.
    """

    name: str
    builder: str
    native_size: int
    minimum_size: int
    preprocessing: Preprocessing
    cam_layer: str
    weights_file: str = ""


def _applications(
    name: str,
    module: str,
    native_size: int,
    minimum_size: int,
    preprocessing: Preprocessing,
    cam_layer: str,
    weights_file: str,
) -> Backbone:
    builder = f"keras.applications.{module}:{name}"
    return Backbone(
        name, builder, native_size, minimum_size, preprocessing, cam_layer, weights_file
    )


_TF_KERNELS = "weights_tf_dim_ordering_tf_kernels_notop.h5"

BACKBONES: dict[str, Backbone] = {
    backbone.name: backbone
    for backbone in (
        _applications(
            "ResNet50", "resnet50", 224, 32, "caffe", "conv5_block3_out", f"resnet50_{_TF_KERNELS}"
        ),
        _applications(
            "EfficientNetB0",
            "efficientnet",
            224,
            32,
            "inside",
            "top_activation",
            "efficientnetb0_notop.h5",
        ),
        _applications(
            "EfficientNetB1",
            "efficientnet",
            240,
            32,
            "inside",
            "top_activation",
            "efficientnetb1_notop.h5",
        ),
        _applications(
            "EfficientNetB3",
            "efficientnet",
            300,
            32,
            "inside",
            "top_activation",
            "efficientnetb3_notop.h5",
        ),
        _applications(
            "InceptionResNetV2",
            "inception_resnet_v2",
            299,
            75,
            "tf",
            "conv_7b_ac",
            f"inception_resnet_v2_{_TF_KERNELS}",
        ),
        _applications("VGG16", "vgg16", 224, 32, "caffe", "block5_conv3", f"vgg16_{_TF_KERNELS}"),
        _applications(
            "MobileNet",
            "mobilenet",
            224,
            32,
            "tf",
            "conv_pw_13_relu",
            "mobilenet_1_0_224_tf_no_top.h5",
        ),
        _applications(
            "MobileNetV2",
            "mobilenet_v2",
            224,
            32,
            "tf",
            "out_relu",
            "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5",
        ),
        Backbone(
            "EfficientNetLite0",
            "helpers.models.efficientnet_lite:EfficientNetLite0",
            224,
            32,
            "lite",
            "top_activation",
        ),
        Backbone(
            "SmallNetwork",
            "helpers.models.small_network:SmallNetwork",
            32,
            8,
            "tf",
            "small_3_relu",
        ),
    )
}


def find_backbone(name: str) -> Backbone:
    """Look a backbone up by name.

    Raises
    ------
    ConfigError
        If there is none of that name; the message lists them all.
    """
    if name not in BACKBONES:
        raise ConfigError(f"backbone: expected one of {', '.join(BACKBONES)}, got {name!r}")
    return BACKBONES[name]


def preprocess(inputs: Any, kind: Preprocessing, own: Preprocessing = "inside") -> Any:
    """Put a backbone's own preprocessing behind an input of raw RGB pixels in 0..255.

    Parameters
    ----------
    inputs : KerasTensor of shape (n_samples, height, width, 3)
        Raw pixels.
    kind : {"caffe", "tf", "lite", "inside", "torch", "unit", "twice", "raw"}
        The first four are backbones' own, see `Backbone`. "torch" scales to 0..1, subtracts
        ImageNet's means and divides by its standard deviations, as torchvision does. "unit"
        only scales to 0..1: no weights of the registry were trained so, and it is here to show
        what that costs. "twice" scales to 0..1 and then does `own`, which expects 0..255: the
        mistake of whoever scales pixels for a network that does so itself. "raw" changes
        nothing: the mistake of whoever forgets that the network does not.
    own : {"caffe", "tf", "lite", "inside"}, default="inside"
        The backbone's own, for "twice".

    Returns
    -------
    KerasTensor of the same shape

    References
    ----------
    .. [1] ``preprocess_input`` of each module of Keras Applications.
       "torch" is that of ``imagenet_utils`` with ``mode="torch"``.
    .. [2] Liu, "Higher accuracy on vision models with EfficientNet-Lite", TensorFlow blog,
       March 2020, for (x - 127) / 128.
    """
    from keras import layers, ops

    if kind == "caffe":
        flipped = ops.flip(inputs, axis=-1)
        offset = [-mean for mean in CAFFE_MEANS]
        return layers.Rescaling(1.0, offset, name="preprocessing")(flipped)
    if kind == "tf":
        return layers.Rescaling(1 / 127.5, -1.0, name="preprocessing")(inputs)
    if kind == "lite":
        return layers.Rescaling(1 / 128, -127 / 128, name="preprocessing")(inputs)
    if kind == "torch":
        scale = [1 / (255 * deviation) for deviation in TORCH_DEVIATIONS]
        offset = [-m / d for m, d in zip(TORCH_MEANS, TORCH_DEVIATIONS, strict=True)]
        return layers.Rescaling(scale, offset, name="preprocessing")(inputs)
    if kind == "unit":
        return layers.Rescaling(1 / 255, name="preprocessing")(inputs)
    if kind == "twice":
        return preprocess(layers.Rescaling(1 / 255, name="preprocessing_unit")(inputs), own)
    return inputs


def load_builder(backbone: Backbone) -> Callable[..., Any]:
    """Import the function that builds a backbone."""
    import importlib

    module, function = backbone.builder.split(":")
    return getattr(importlib.import_module(module), function)  # type: ignore[no-any-return]
