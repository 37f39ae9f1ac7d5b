"""Class activation maps by tf-keras-vis, and how much of a map lies on the lesion.

The maps are explanations of a model, not of a disease. Each measure comes with a control: the
same network with random weights [1]_, and the share that a map without any preference has.

References
----------
.. [1] Adebayo et al., "Sanity checks for saliency maps", NeurIPS 2018.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from helpers.catalogue import read_mask
from helpers.classes import CLASS_INDEX, CLASSES
from helpers.errors import ConfigError

Method = Literal["gradcam", "gradcam++", "scorecam"]

METHODS: dict[str, str] = {
    "gradcam": "Grad-CAM",
    "gradcam++": "Grad-CAM++",
    "scorecam": "Score-CAM",
}
FULL_FRAME = 0.98
"""A mask that covers more of its image than this says nothing about where to look."""


def class_activation_maps(
    model: Any,
    images: NDArray[np.uint8],
    class_indices: Sequence[int],
    method: Method = "gradcam",
    *,
    layer: str,
    max_channels: int = 16,
    batch_size: int = 16,
) -> NDArray[np.float32]:
    """Class activation maps of a batch of images.

    Parameters
    ----------
    model : keras.Model
        As made by `helpers.models.build_model`; it is not changed.
    images : ndarray of shape (n_images, height, width, 3)
        Raw RGB pixels in 0..255, of the model's input size.
    class_indices : sequence of int, length n_images
        The class that each map explains.
    method : {"gradcam", "gradcam++", "scorecam"}, default="gradcam"
        The gradient methods explain the score before the softmax, as their papers do;
        Score-CAM explains the probability.
    layer : str
        Name of the layer with the feature maps; `Backbone.cam_layer`.
    max_channels : int, default=16
        Feature maps that Score-CAM keeps of each image, those that vary most. It runs the
        model once for each of them.
    batch_size : int, default=16
        Images at a time.

    Returns
    -------
    ndarray of shape (n_images, height, width), float32
        Each in 0..1, its largest value 1 unless the map is zero everywhere.

    Raises
    ------
    ConfigError
        If the method or the layer is unknown, or the numbers of images and classes differ.

    References
    ----------
    .. [1] Selvaraju et al., "Grad-CAM", ICCV 2017.
    .. [2] Chattopadhay et al., "Grad-CAM++", WACV 2018.
    .. [3] Wang et al., "Score-CAM", CVPR workshops 2020; the cap on channels is "Faster
       Score-CAM" of https://github.com/keisen/tf-keras-vis.
    """
    if method not in METHODS:
        raise ConfigError(f"method: expected one of {', '.join(METHODS)}, got {method!r}")
    if len(images) != len(class_indices):
        raise ConfigError(f"expected a class for each of {len(images)} images, got {len(class_indices)}")
    if layer not in {entry.name for entry in model.layers}:
        raise ConfigError(f"layer: expected a layer of {model.name}, got {layer!r}")
    explain = _make_explainer(model, method, layer, max_channels)
    step = 1 if method == "scorecam" else batch_size  # the cap chooses channels for a batch
    maps = [
        np.asarray(explain(images[start : start + step], class_indices[start : start + step]))
        for start in range(0, len(images), step)
    ]
    return _normalise(np.concatenate(maps).astype(np.float32))


def _make_explainer(model: Any, method: str, layer: str, max_channels: int) -> Any:
    from tf_keras_vis.gradcam import Gradcam
    from tf_keras_vis.gradcam_plus_plus import GradcamPlusPlus
    from tf_keras_vis.scorecam import Scorecam
    from tf_keras_vis.utils.scores import CategoricalScore

    options: dict[str, Any] = {"penultimate_layer": layer, "seek_penultimate_conv_layer": False}
    if method == "scorecam":
        tool = Scorecam(model, clone=False)
        options |= {"max_N": max_channels, "batch_size": 32}
    else:
        tool = {"gradcam": Gradcam, "gradcam++": GradcamPlusPlus}[method](
            without_softmax(model), clone=False
        )

    def explain(images: NDArray[np.uint8], classes: Sequence[int]) -> NDArray[np.float32]:
        score = CategoricalScore([int(index) for index in classes])
        return np.asarray(tool(score, images.astype(np.float32), **options))

    return explain


def _normalise(maps: NDArray[np.float32]) -> NDArray[np.float32]:
    maps = np.nan_to_num(np.maximum(maps, 0))
    peaks = maps.max(axis=(1, 2), keepdims=True)
    return np.divide(maps, peaks, out=np.zeros_like(maps), where=peaks > 0)


def without_softmax(model: Any) -> Any:
    """A model that shares all layers but ends in the scores before the softmax.

    Parameters
    ----------
    model : keras.Model
        Ends in a dense layer with a softmax.

    Returns
    -------
    keras.Model
        Same input; output of shape (n_samples, n_classes), the logits.
    """
    import keras

    last = model.layers[-1]
    linear = keras.layers.Dense(last.units, dtype=last.compute_dtype, name="head_logits")
    logits = linear(last.input)
    linear.set_weights(last.get_weights())
    return keras.Model(model.inputs, logits, name=f"{model.name}_logits")


def random_weights_control(model: Any, seed: int = 0) -> Any:
    """The same network with fresh random weights, for the sanity check of Adebayo et al.

    Parameters
    ----------
    model : keras.Model
        Not changed.
    seed : int, default=0
        Of the random weights.

    Returns
    -------
    keras.Model
        Same architecture; every weight drawn again from its layer's initialiser.
    """
    import keras

    keras.utils.set_random_seed(seed)
    return keras.Model.from_config(model.get_config())


def mass_inside(maps: ArrayLike, masks: ArrayLike) -> NDArray[np.float64]:
    """Share of each map's sum that lies inside a mask.

    Parameters
    ----------
    maps : array-like of shape (n_images, height, width)
        Not negative.
    masks : array-like of shape (n_images, height, width), bool
        True inside.

    Returns
    -------
    ndarray of shape (n_images,)
        In [0, 1]; NaN where a map is zero everywhere. A map without preference has the
        mask's share of the area.

    Raises
    ------
    ValueError
        If the shapes differ.

    Examples
    --------
    >>> mass_inside([[[1, 3]]], [[[False, True]]]).tolist()
    [0.75]
    """
    heat, inside = np.asarray(maps, dtype=float), np.asarray(masks, dtype=bool)
    if heat.shape != inside.shape:
        raise ValueError(f"expected masks of the maps' shape {heat.shape}, got {inside.shape}")
    total = heat.sum(axis=(1, 2))
    part = (heat * inside).sum(axis=(1, 2))
    return np.divide(part, total, out=np.full(len(heat), np.nan), where=total > 0)


def resize_mask(mask: NDArray[np.bool_], size: tuple[int, int]) -> NDArray[np.bool_]:
    """A mask at another size: True where at least half of the pixel was inside."""
    height, width = size
    area = cv2.resize(mask.astype(np.float32), (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(area >= 0.5)


def lesion_masks(rows: pd.DataFrame, size: tuple[int, int]) -> NDArray[np.bool_]:
    """Lesion masks of catalogue rows, shape (n_images, height, width)."""
    return np.stack([resize_mask(read_mask(locator), size) for locator in rows["mask_path"]])


def criteria_masks(rows: pd.DataFrame, folder: Path, size: tuple[int, int]) -> NDArray[np.bool_]:
    """Masks of the criteria that a drawn image was given, shape (n_images, height, width)."""
    paths = [folder / "criteria" / f"{image_id}_criteria.png" for image_id in rows["image_id"]]
    masks = [read_mask(str(path)).astype(np.float32) for path in paths]
    height, width = size
    # Criteria are thin (a network, vessels): any part of the pixel counts.
    shrunk = [cv2.resize(m, (width, height), interpolation=cv2.INTER_AREA) > 0 for m in masks]
    return np.stack(shrunk)


def pick_examples(predictions: pd.DataFrame) -> pd.DataFrame:
    """A right and a wrong prediction of each class, those that the model was surest of.

    Parameters
    ----------
    predictions : DataFrame
        Of one split: image_id, dx, y_true, p_<class>.

    Returns
    -------
    DataFrame
        dx, verdict ("right" or "wrong"), image_id, predicted, probability. A class without a
        right or a wrong prediction has no such row.
    """
    y_prob = predictions[[f"p_{dx}" for dx in CLASSES]].to_numpy()
    chosen = y_prob.argmax(axis=1)
    table = pd.DataFrame(
        {
            "dx": predictions["dx"].astype(str).to_numpy(),
            "verdict": np.where(chosen == predictions["y_true"].to_numpy(), "right", "wrong"),
            "image_id": predictions["image_id"].to_numpy(),
            "predicted": [CLASSES[index] for index in chosen],
            "probability": y_prob.max(axis=1),
        }
    )
    order = table.sort_values(["probability", "image_id"], ascending=[False, True])
    best = order.drop_duplicates(["dx", "verdict"])
    return best.sort_values(["dx", "verdict"]).reset_index(drop=True)


def sample_per_class(predictions: pd.DataFrame, n: int, seed: int = 0) -> pd.DataFrame:
    """At most `n` rows of each class, drawn at random, in the order of the image ids."""
    shuffled = predictions.sample(frac=1.0, random_state=seed)
    return shuffled.groupby("dx", observed=True).head(n).sort_values("image_id")


def measure_maps(
    model: Any,
    rows: pd.DataFrame,
    images: NDArray[np.uint8],
    *,
    layer: str,
    control: Any,
    method: Method = "gradcam",
    criteria: Path | None = None,
    max_channels: int = 16,
) -> pd.DataFrame:
    """Share of each image's map inside its lesion, for a model and its control.

    Parameters
    ----------
    model, control : keras.Model
        The trained network, and the one with random weights.
    rows : DataFrame of length n_images
        With image_id, lesion_id, dx and mask_path. The map explains the true class.
    images : ndarray of shape (n_images, height, width, 3), uint8
        The images of `rows`, at the model's size.
    layer : str
        See `class_activation_maps`.
    method : {"gradcam", "gradcam++", "scorecam"}, default="gradcam"
        Which maps.
    criteria : Path, optional
        Folder of a drawn sample, whose criterion masks are measured too.
    max_channels : int, default=16
        For Score-CAM.

    Returns
    -------
    DataFrame
        image_id, lesion_id, dx, method, area (the mask's share of the image), trained,
        control, and with `criteria` criterion_area, criterion_trained, criterion_control.
        Images without a mask, or with one of the full frame, are left out.
    """
    keep = (rows["mask_path"] != "").to_numpy()
    rows, images = rows[keep], images[keep]
    size = images.shape[1], images.shape[2]
    masks = lesion_masks(rows, size)
    area = masks.mean(axis=(1, 2))
    keep = (area > 0) & (area <= FULL_FRAME)
    rows, images, masks, area = rows[keep], images[keep], masks[keep], area[keep]
    classes = [CLASS_INDEX[str(dx)] for dx in rows["dx"]]
    options: dict[str, Any] = {"layer": layer, "max_channels": max_channels}
    maps = {
        "trained": class_activation_maps(model, images, classes, method, **options),
        "control": class_activation_maps(control, images, classes, method, **options),
    }
    table = rows[["image_id", "lesion_id", "dx"]].astype(str).reset_index(drop=True)
    table["method"] = METHODS[method]
    table["area"] = area
    for name, heat in maps.items():
        table[name] = mass_inside(heat, masks)
    if criteria is not None:
        drawn = criteria_masks(rows, criteria, size)
        table["criterion_area"] = drawn.mean(axis=(1, 2))
        for name, heat in maps.items():
            table[f"criterion_{name}"] = mass_inside(heat, drawn)
    return table
