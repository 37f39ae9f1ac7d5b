"""Class activation maps by tf-keras-vis, and how much of a map lies on the lesion.

The maps are explanations of a model, not of a disease. Each measure comes with a control: the
same network with random weights [1]_, and the share that a map without any preference has.

References
----------
.. [1] Adebayo et al., "Sanity checks for saliency maps", NeurIPS 2018.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from helpers.core import CLASS_INDEX, CLASSES, ConfigError
from helpers.explanation.masks import FULL_FRAME, criteria_masks, lesion_masks, mass_inside
from helpers.models import Forward

Method = Literal["gradcam", "gradcam++", "scorecam"]

METHODS: dict[str, str] = {
    "gradcam": "Grad-CAM",
    "gradcam++": "Grad-CAM++",
    "scorecam": "Score-CAM",
}

_CUT = "cut"


class Explainer:
    """A network prepared for heat maps at one of its layers.

    The network is cut behind the layer. Pictures go through the first part, traced once for all
    methods and without gradients; the gradient methods then differentiate the second part alone,
    which is all that their formulas ask for.

    Parameters
    ----------
    model : keras.Model
        As made by `helpers.models.build.build_model`; it is not changed, and later changes of its
        weights are not followed.
    layer : str
        Name of the layer with the feature maps; `Backbone.cam_layer`. All paths from the
        pixels to the output must lead through it.
    max_channels : int, default=16
        Feature maps that Score-CAM keeps of each image, those that vary most. It runs the
        model once for each of them.

    Raises
    ------
    ConfigError
        If the layer is unknown.

    References
    ----------
    .. [1] Selvaraju et al., "Grad-CAM", ICCV 2017.
    .. [2] Chattopadhay et al., "Grad-CAM++", WACV 2018.
    .. [3] Wang et al., "Score-CAM", CVPR workshops 2020; the cap on channels is "Faster
       Score-CAM" of https://github.com/keisen/tf-keras-vis.
    """

    def __init__(self, model: Any, layer: str, max_channels: int = 16) -> None:
        import keras

        if (backend := keras.backend.backend()) != "tensorflow":
            raise ConfigError(
                f"Grad-CAM: expected Keras to compute with TensorFlow, got {backend}; leave "
                "KERAS_BACKEND out and choose the backend of trainings by DERMBOOK_BACKEND"
            )
        if layer not in {entry.name for entry in model.layers}:
            raise ConfigError(f"layer: expected a layer of {model.name}, got {layer!r}")
        self.model = model
        self.layer = layer
        self.max_channels = min(max_channels, int(model.get_layer(layer).output.shape[-1]))
        self._scores = without_softmax(model)
        at_layer = model.get_layer(layer).output
        self._features = Forward(keras.Model(model.inputs, at_layer))
        inputs = keras.Input(at_layer.shape[1:])
        behind = keras.Model(at_layer, self._scores.outputs[0])
        self._head = keras.Model(inputs, behind(keras.layers.Identity(name=_CUT)(inputs)))
        self._behind = Forward(self._head)
        self._scores.predict = self._predict  # Score-CAM's, which would trace the network again

    @property
    def grid(self) -> tuple[int, int]:
        """Rows and columns of the layer's feature maps."""
        _, rows, columns, _ = self.model.get_layer(self.layer).output.shape
        return int(rows), int(columns)

    def maps(
        self,
        images: NDArray[np.uint8],
        class_indices: Sequence[int],
        method: Method = "gradcam",
        batch_size: int = 32,
    ) -> NDArray[np.float32]:
        """Class activation maps of a batch of images.

        Parameters
        ----------
        images : ndarray of shape (n_images, height, width, 3)
            Raw RGB pixels in 0..255, of the model's input size.
        class_indices : sequence of int, length n_images
            The class that each map explains.
        method : {"gradcam", "gradcam++", "scorecam"}, default="gradcam"
            The gradient methods explain the score before the softmax, as their papers do;
            Score-CAM explains the probability.
        batch_size : int, default=32
            Images at a time.

        Returns
        -------
        ndarray of shape (n_images, height, width), float32
            Each in 0..1, its largest value 1 unless the map is zero everywhere.

        Raises
        ------
        ConfigError
            If the method is unknown, or the numbers of images and classes differ.
        """
        if method not in METHODS:
            raise ConfigError(f"method: expected one of {', '.join(METHODS)}, got {method!r}")
        if len(images) != len(class_indices):
            raise ConfigError(
                f"expected a class for each of {len(images)} images, got {len(class_indices)} "
                "classes; pass as many"
            )
        step = 1 if method == "scorecam" else batch_size  # the cap chooses channels for a batch
        explain = self._score_cam if method == "scorecam" else self._by_gradient(method)
        with _quiet():
            grids = [
                explain(images[start : start + step], class_indices[start : start + step])
                for start in range(0, len(images), step)
            ]
        size = images.shape[1], images.shape[2]
        return expand_maps(np.concatenate(grids).astype(np.float32), size)

    def _by_gradient(self, method: str) -> Any:
        from tf_keras_vis.gradcam import Gradcam
        from tf_keras_vis.gradcam_plus_plus import GradcamPlusPlus

        tool = {"gradcam": Gradcam, "gradcam++": GradcamPlusPlus}[method](self._head, clone=False)

        def explain(images: NDArray[np.uint8], classes: Sequence[int]) -> NDArray[np.float32]:
            return _call(tool, classes, self._features(images), penultimate_layer=_CUT)

        return explain

    def _predict(self, inputs: Any, batch_size: int) -> NDArray[np.float32]:
        """Scores before the softmax, as `keras.Model.predict` gives them."""
        (images,) = inputs
        rows = range(0, len(images), batch_size)
        return np.concatenate(
            [self._behind(self._features(images[row : row + batch_size])) for row in rows]
        )

    def _score_cam(self, images: NDArray[np.uint8], classes: Sequence[int]) -> NDArray[np.float32]:
        from tf_keras_vis.scorecam import Scorecam

        return _call(
            Scorecam(self._scores, clone=False),  # the library applies the softmax itself
            classes,
            images.astype(np.float32),
            penultimate_layer=self.layer,
            max_N=self.max_channels,
            batch_size=32,
        )


def _call(
    tool: Any, classes: Sequence[int], inputs: NDArray[np.float32], **options: Any
) -> NDArray[np.float32]:
    from tf_keras_vis.utils.scores import CategoricalScore

    score = CategoricalScore([int(index) for index in classes])
    # The library expands a map as if its outer cells lay on the image's border, which pushes
    # heat outwards by up to half a cell; `expand_maps` puts each cell where its pixels are.
    options |= {
        "expand_cam": False,
        "normalize_cam": False,
        "seek_penultimate_conv_layer": False,
    }
    return np.asarray(tool(score, inputs, **options))


@contextmanager
def _quiet() -> Iterator[None]:
    """Nothing on the screen: no progress bar an image, no advice about inputs and traces."""
    logger = logging.getLogger("tensorflow")
    level = logger.level
    logger.setLevel(logging.ERROR)  # each network is traced once, which it takes for too often
    try:
        with redirect_stdout(StringIO()), warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="The structure of `inputs`")
            yield
    finally:
        logger.setLevel(level)


def expand_maps(grids: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.float32]:
    """Stretch maps from the layer's grid over the image, and scale each to a maximum of 1.

    Parameters
    ----------
    grids : ndarray of shape (n_images, rows, columns)
        Negative and undefined values count as 0.
    size : tuple of int
        (height, width) of the image. Each cell keeps its place: cells tile the image, and
        values are interpolated linearly between their centres.

    Returns
    -------
    ndarray of shape (n_images, height, width), float32
        In 0..1; a map that is zero everywhere stays so.
    """
    height, width = size
    grids = np.nan_to_num(np.maximum(grids, 0))
    maps = np.stack([cv2.resize(grid, (width, height)) for grid in grids])
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


def random_weights_control(model: Any, images: NDArray[np.uint8], seed: int = 0) -> Any:
    """The same network with fresh random weights, for the sanity check of Adebayo et al.

    What it knows of the pictures' scale is no result of training and stays: a `Normalization`
    in front keeps its mean and variance. Batch normalisations get the statistics of their new
    features. Those of the trained features would be wrong for them, and those of a fresh layer
    (0 and 1) normalise nothing: in a deep network the first leave answers that are the same for
    every picture, the second a signal that fades away.

    Parameters
    ----------
    model : keras.Model
        Not changed.
    images : ndarray of shape (n_images, height, width, 3)
        Raw RGB pixels in 0..255, from which batch normalisations take their statistics; some
        dozens are enough.
    seed : int, default=0
        Of the random weights.

    Returns
    -------
    keras.Model
        Same architecture; every weight that is learnt drawn again from its layer's initialiser.
    """
    import keras

    keras.utils.set_random_seed(seed)
    control = keras.Model.from_config(model.get_config())
    for trained, fresh in zip(model.layers, control.layers, strict=True):
        if isinstance(fresh, keras.layers.Normalization):
            fresh.set_weights(trained.get_weights())
            fresh.finalize_state()
    _take_statistics(control, images)
    return control


def _take_statistics(model: Any, images: NDArray[np.uint8]) -> None:
    """Give each batch normalisation the mean and variance of what it is given for some images."""
    from keras.layers import BatchNormalization, Dropout

    momenta = {}
    for layer in model.layers:
        if isinstance(layer, BatchNormalization):
            momenta[layer] = layer.momentum
            layer.trainable = True  # a frozen one would not look at the batch
            layer.momentum = 0.0
    if not momenta:
        return
    rates = {layer: layer.rate for layer in model.layers if isinstance(layer, Dropout)}
    for layer in rates:
        layer.rate = 0.0
    with _quiet():
        model(images.astype(np.float32), training=True)
    for layer, momentum in momenta.items():
        layer.momentum = momentum
    for layer, rate in rates.items():
        layer.rate = rate


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
    explainer: Explainer,
    rows: pd.DataFrame,
    images: NDArray[np.uint8],
    *,
    controls: Sequence[Explainer],
    method: Method = "gradcam",
    criteria: Path | None = None,
) -> pd.DataFrame:
    """Share of each image's map inside its lesion, for a model and its controls.

    Parameters
    ----------
    explainer : Explainer
        Of the trained network.
    rows : DataFrame of length n_images
        With image_id, lesion_id, dx and mask_path. The map explains the true class.
    images : ndarray of shape (n_images, height, width, 3), uint8
        The images of `rows`, at the model's size.
    controls : sequence of Explainer
        Of networks with random weights; their shares are averaged.
    method : {"gradcam", "gradcam++", "scorecam"}, default="gradcam"
        Which maps.
    criteria : Path, optional
        Folder of a drawn sample, whose criterion masks are measured too.

    Returns
    -------
    DataFrame
        image_id, lesion_id, dx, method, area (the mask's share of the image), grid (the share
        that the mask itself reaches when it is seen at the grid of the layer), trained and
        control, and with `criteria` criterion_area, criterion_trained and criterion_control.
        A share is NaN where a map is zero everywhere. Images without a mask, or with one that
        is empty or of the full frame, are left out.
    """
    keep = (rows["mask_path"] != "").to_numpy()
    rows, images = rows[keep], images[keep]
    size = images.shape[1], images.shape[2]
    masks = lesion_masks(rows, size)
    area = masks.mean(axis=(1, 2))
    keep = (area > 0) & (area <= FULL_FRAME)
    rows, images, masks, area = rows[keep], images[keep], masks[keep], area[keep]
    classes = [CLASS_INDEX[str(dx)] for dx in rows["dx"]]
    table = rows[["image_id", "lesion_id", "dx"]].astype(str).reset_index(drop=True)
    table["method"] = METHODS[method]
    targets = {"": masks}
    if criteria is not None:
        targets["criterion_"] = criteria_masks(rows, criteria, size)
    for prefix, target in targets.items():
        table[f"{prefix}area"] = target.mean(axis=(1, 2))
    table["grid"] = mass_inside(masks_at_grid(masks, explainer.grid), masks)

    def shares(network: Explainer) -> dict[str, NDArray[np.float64]]:
        maps = network.maps(images, classes, method)
        return {prefix: mass_inside(maps, target) for prefix, target in targets.items()}

    of_model = shares(explainer)
    of_controls = [shares(control) for control in controls]
    for prefix in targets:
        table[f"{prefix}trained"] = of_model[prefix]
        columns = pd.DataFrame({n: part[prefix] for n, part in enumerate(of_controls)})
        table[f"{prefix}control"] = columns.mean(axis=1).to_numpy()  # of those that are defined
    return table


def masks_at_grid(masks: NDArray[np.bool_], grid: tuple[int, int]) -> NDArray[np.float32]:
    """Masks averaged over the cells of a grid and expanded again, as a map would be."""
    shape = grid[1], grid[0]
    cells = [cv2.resize(m.astype(np.float32), shape, interpolation=cv2.INTER_AREA) for m in masks]
    return expand_maps(np.stack(cells), (masks.shape[1], masks.shape[2]))
