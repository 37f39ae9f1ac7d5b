"""Augmentation on an accelerator: the same affine, sampled inside the training step.

The store's bytes and a matrix an image go over, a quarter of what float pixels would take, and
the device samples, and hides the square of a cutout. Matrices are drawn as on the host, so that
both show the same pictures but for the rounding of the sampler.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from numpy.typing import NDArray

from helpers.augmentation.affine import affine_matrix
from helpers.augmentation.cutout import CUTOUT_VALUE
from helpers.augmentation.draws import draw_transforms
from helpers.augmentation.settings import Augmentation
from helpers.core import ConfigError


def has_accelerator() -> bool:
    """Whether Keras' backend computes on something else than the CPU."""
    import keras

    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        return bool(tf.config.list_physical_devices("GPU"))
    if backend == "torch":
        import torch

        return bool(torch.cuda.is_available())
    import jax

    return bool(jax.devices()[0].platform != "cpu")


def augments_on_device() -> bool:
    """Whether a training augments on its device: where there is one, or as told.

    ``DERMBOOK_AUGMENT`` set to "host" or "device" decides.

    Raises
    ------
    ConfigError
        If it is set to anything else.
    """
    told = os.environ.get("DERMBOOK_AUGMENT", "")
    if told not in ("", "host", "device"):
        raise ConfigError(f"DERMBOOK_AUGMENT: expected 'host' or 'device', got {told!r}")
    return told == "device" or (told == "" and has_accelerator())


def draw_matrices(
    augmentation: Augmentation,
    size: tuple[int, int],
    keys: NDArray[np.intp],
    seed: tuple[int, ...],
) -> NDArray[np.float32]:
    """Each image's affine, colours and cutout, drawn as `augment_batch` draws it.

    Parameters
    ----------
    augmentation : Augmentation
        The ranges.
    size : tuple of int
        (height, width) of the images in pixels.
    keys : ndarray of shape (batch_size,)
        A number for each image.
    seed : tuple of int
        Whatever else the draw depends on.

    Returns
    -------
    ndarray of shape (batch_size, n_columns), float32
        The first eight entries of each 3x3 matrix from output to input, by row; where colours
        change the twelve of each 3x4 matrix of colours behind them; with a cutout its box last.
    """
    transform = draw_transforms(augmentation, size, keys, seed)
    parts: list[NDArray[np.float64]] = [affine_matrix(transform, size).reshape(-1, 9)[:, :8]]
    if transform.colours is not None:
        parts.append(transform.colours.reshape(-1, 12))
    parts.extend(() if transform.cutout is None else transform.cutout)
    return np.column_stack(parts).astype(np.float32)


def _n_columns(augmentation: Augmentation) -> int:
    return 8 + 12 * any(augmentation.colour_ranges) + 4 * (augmentation.cutout > 0)


def augmented_network(model: Any, augmentation: Augmentation) -> Any:
    """Put the sampler in front of a model.

    Parameters
    ----------
    model : keras.Model
        Takes pixels of shape (n_samples, height, width, 3) in 0..255.
    augmentation : Augmentation
        Gives the fill mode, and whether there are changes of colour and a cutout.

    Returns
    -------
    keras.Model
        Takes uint8 pixels and what `draw_matrices` gives; shares the model's layers.
    """
    import keras

    fill_mode, hides = augmentation.fill_mode, augmentation.cutout > 0
    recolours = any(augmentation.colour_ranges)

    class Affine(keras.layers.Layer):  # type: ignore[misc]
        def call(self, pixels: Any, matrices: Any) -> Any:
            ops = keras.ops
            sampled = ops.image.affine_transform(
                ops.cast(pixels, "float32"),
                matrices[:, :8],
                interpolation="bilinear",
                fill_mode=fill_mode,
            )
            if recolours:
                colours = ops.reshape(matrices[:, 8:20], (-1, 1, 3, 4))
                linear = ops.swapaxes(colours[..., :3], 2, 3)
                flat = ops.reshape(sampled, (-1, 1, sampled.shape[1] * sampled.shape[2], 3))
                mixed = ops.matmul(flat, linear) + ops.expand_dims(colours[..., 3], 2)
                sampled = ops.clip(ops.reshape(mixed, (-1, *sampled.shape[1:])), 0.0, 255.0)
            if not hides:
                return sampled
            top, bottom, left, right = (matrices[:, i, None, None, None] for i in range(-4, 0))
            row = ops.arange(sampled.shape[1], dtype="float32")[None, :, None, None]
            column = ops.arange(sampled.shape[2], dtype="float32")[None, None, :, None]
            within = (row >= top) & (row < bottom) & (column >= left) & (column < right)
            return ops.where(within, float(CUTOUT_VALUE), sampled)

        def compute_output_spec(self, pixels: Any, matrices: Any) -> Any:
            return keras.KerasTensor(pixels.shape, dtype="float32")

    pixels = keras.Input(model.inputs[0].shape[1:], dtype="uint8", name="bytes")
    matrices = keras.Input((_n_columns(augmentation),), dtype="float32", name="matrices")
    sampled = Affine(name="affine", dtype="float32")(pixels, matrices)
    return keras.Model([pixels, matrices], model(sampled))
