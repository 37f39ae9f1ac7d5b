"""A served model: asked for probabilities, features and heat maps."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from helpers.augmentation import equalise
from helpers.core import ConfigError
from helpers.evaluation import VIEWS, check_views
from helpers.explanation import Explainer
from helpers.models import AT_ONCE, Forward, find_backbone, fold_batch_norms, load_model
from helpers.serving.cards import MODEL_FILE, Card, FaceName, apply_temperature
from helpers.serving.model.out_of_distribution import load_gate

if TYPE_CHECKING:
    from helpers.explanation import Method
    from helpers.serving.model.out_of_distribution import Gate


@dataclass(frozen=True, eq=False)
class ServedModel:
    """A trained model with its card.

    One thread computes at a time, so that one object may serve all visitors of an app.

    Attributes
    ----------
    folder : Path
        Where ``model.keras`` lies.
    card : Card
        What it is.
    """

    folder: Path
    card: Card
    _lock: threading.RLock = field(default_factory=threading.RLock, init=False, repr=False)

    @property
    def cam_layer(self) -> str:
        """Name of the layer whose feature maps features and heat maps come from."""
        return find_backbone(str(self.card.training.get("backbone"))).cam_layer

    @cached_property
    def keras_model(self) -> Any:
        """The model, loaded once: raw RGB pixels in, uncalibrated probabilities out.

        Raises
        ------
        ConfigError
            If the file cannot be read, or is not the model that the card describes.
        """
        with self._lock:
            path = self.folder / MODEL_FILE
            model = load_model(path)
            got = (tuple(model.input_shape[1:]), tuple(model.output_shape[1:]))
            expected = ((*self.card.image_size, 3), (len(self.card.classes),))
            if got != expected:
                raise ConfigError(
                    f"{path}: expected a model from {expected[0]} to {expected[1]} as its card "
                    f"says, got {got[0]} to {got[1]}; put card and model of one training together"
                )
            return model

    @cached_property
    def feature_model(self) -> Any:
        """The model up to its last feature maps: pixels in, (n, rows, columns, d) out.

        Batch normalisations are folded into convolutions, for two thirds of the time; its
        layers are no longer those of `keras_model`.
        """
        import keras

        with self._lock:
            layer = self.keras_model.get_layer(self.cam_layer)
            body = keras.Model(self.keras_model.inputs, layer.output)
            whole = all(layer.compute_dtype == "float32" for layer in body.layers)
            return fold_batch_norms(body) if whole else body

    @cached_property
    def head_model(self) -> Any:
        """The model from the last feature maps on: what `feature_model` gives in, answers out."""
        import keras

        with self._lock:
            maps = self.keras_model.get_layer(self.cam_layer).output
            return keras.Model(maps, self.keras_model.output)

    @cached_property
    def _explainer(self) -> Explainer:
        return Explainer(self.keras_model, self.cam_layer)

    @cached_property
    def gate(self) -> Gate | None:
        """What tells pictures that are no dermoscopy; None where the card names none."""
        if self.card.gate is None:
            return None

        return load_gate(self.folder / self.card.gate)

    def predict(self, images: NDArray[np.uint8], face: FaceName = "views") -> NDArray[np.float64]:
        """Calibrated probabilities.

        Parameters
        ----------
        images : ndarray of shape (n_images, height, width, 3), uint8
            RGB of the model's size, such as `helpers.serving.uploads.fit_picture` makes. Not
            equalised: where the card has `clahe`, it is applied here.
        face : {"views", "single"}, default="views"
            Whose views are averaged, and whose temperature is applied to their mean.

        Returns
        -------
        ndarray of shape (n_images, n_classes), float64
            Rows that sum to 1.

        Raises
        ------
        ConfigError
            If the images have another shape or type.
        """
        y_prob = self.uncalibrated(images, face)
        return apply_temperature(y_prob, self.card.faces[face].temperature)

    def uncalibrated(
        self, images: NDArray[np.uint8], face: FaceName = "views"
    ) -> NDArray[np.float64]:
        """Probabilities as the network gives them: the mean over the face's views.

        Parameters
        ----------
        images : ndarray of shape (n_images, height, width, 3), uint8
            As in `predict`.
        face : {"views", "single"}, default="views"
            Whose views are averaged.

        Returns
        -------
        ndarray of shape (n_images, n_classes), float64
            Rows that sum to 1.
        """
        if not len(self._prepared(images)):
            return np.empty((0, len(self.card.classes)))
        return self._ask(images, self.card.faces[face].views)[0].mean(axis=0, dtype=np.float64)

    def answer(
        self, images: NDArray[np.uint8], face: FaceName = "views"
    ) -> tuple[NDArray[np.float64], NDArray[np.float32] | None]:
        """`uncalibrated`, and what the gate looks at, for one pass less than of both apart.

        Parameters
        ----------
        images : ndarray of shape (n_images, height, width, 3), uint8
            As in `predict`; at least one.
        face : {"views", "single"}, default="views"
            Whose views are averaged.

        Returns
        -------
        y_prob : ndarray of shape (n_images, n_classes), float64
            Rows that sum to 1.
        variations : ndarray of shape (n_images, d), float32, or None
            As in `variations`; None for a model without a gate.
        """
        if self.gate is None:
            return self.uncalibrated(images, face), None
        views = self.card.faces[face].views
        # The gate looks at the picture as it is, whether or not that is one of the views.
        others = [name for name in views if name != "identity"]
        parts, variations = self._ask(images, ["identity", *others])
        averaged = parts if "identity" in views else parts[1:]
        return averaged.mean(axis=0, dtype=np.float64), variations

    def judge(
        self, images: NDArray[np.uint8], face: FaceName = "views"
    ) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """`predict`, and whether the gate accepts each picture; all where there is no gate.

        Parameters
        ----------
        images : ndarray of shape (n_images, height, width, 3), uint8
            As in `predict`; at least one.
        face : {"views", "single"}, default="views"
            As in `predict`.

        Returns
        -------
        y_prob : ndarray of shape (n_images, n_classes), float64
            Rows that sum to 1.
        accepted : ndarray of bool of shape (n_images,)
        """
        y_prob, variations = self.answer(images, face)
        accepted = np.ones(len(images), dtype=bool)
        if self.gate is not None and variations is not None:
            accepted = self.gate.accepts(variations)
        return apply_temperature(y_prob, self.card.faces[face].temperature), accepted

    def _ask(
        self, images: NDArray[np.uint8], views: Sequence[str]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Probabilities, (n_views, n_images, n_classes), and variations of the first view.

        All views of a picture are computed in one batch, which takes less time where pictures are
        few.
        """
        prepared = self._prepared(images)
        check_views(self.card.image_size, views)
        step = max(1, AT_ONCE // len(views))
        y_prob, variations = [], []
        for start in range(0, len(prepared), step):
            part = prepared[start : start + step]
            turned = np.concatenate([VIEWS[name](part) for name in views])
            with self._lock:
                maps = self._body(turned)
                answers = self._head(maps)
            y_prob.append(answers.reshape(len(views), len(part), -1))
            variations.append(maps[: len(part)].std(axis=(1, 2)))
        return np.concatenate(y_prob, axis=1), np.concatenate(variations)

    @cached_property
    def _body(self) -> Forward:
        with self._lock:
            return Forward(self.feature_model)

    @cached_property
    def _head(self) -> Forward:
        with self._lock:
            return Forward(self.head_model)

    def feature_maps(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Feature maps before pooling, of shape (n_images, rows, columns, d).

        Parameters
        ----------
        images : ndarray of shape (n_images, height, width, 3), uint8
            As in `predict`.
        """
        prepared = self._prepared(images)
        with self._lock:
            if not len(prepared):
                return np.empty((0, *self.feature_model.output_shape[1:]), dtype=np.float32)
            return self._body.each(prepared, np.arange(len(prepared)))

    def variations(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """What the gate looks at: the standard deviation of each feature map over its places.

        Parameters
        ----------
        images : ndarray of shape (n_images, height, width, 3), uint8
            As in `predict`; one view, as they are.

        Returns
        -------
        ndarray of shape (n_images, d), float32
        """
        parts = [
            self.feature_maps(images[start : start + AT_ONCE]).std(axis=(1, 2))
            for start in range(0, max(len(images), 1), AT_ONCE)
        ]
        return np.concatenate(parts)

    def malignant(
        self, probabilities: NDArray[np.float64], face: FaceName = "views"
    ) -> NDArray[np.float64]:
        """Probability of "malignant", of shape (n_images,); see `Card.malignant`."""
        return self.card.malignant(probabilities, face)

    def heat_map(
        self, image: NDArray[np.uint8], class_index: int, method: Method = "gradcam"
    ) -> NDArray[np.float32]:
        """Where in a picture a class's score comes from.

        Parameters
        ----------
        image : ndarray of shape (height, width, 3), uint8
            One image as in `predict`.
        class_index : int
            In ``range(n_classes)``.
        method : {"gradcam", "gradcam++", "scorecam"}, default="gradcam"
            See `helpers.explanation.gradcam.Explainer.maps`.

        Returns
        -------
        ndarray of shape (height, width), float32
            In 0..1; zero everywhere where nothing speaks for the class.

        Raises
        ------
        ConfigError
            If there is no such class or method, or the image has another shape.
        """
        if not 0 <= class_index < len(self.card.classes):
            raise ConfigError(
                f"class: expected an index in 0 to {len(self.card.classes) - 1}, got {class_index}"
            )
        prepared = self._prepared(image[None])
        with self._lock:
            return self._explainer.maps(prepared, [class_index], method)[0]

    def _prepared(self, images: NDArray[np.uint8]) -> NDArray[np.uint8]:
        return prepare_batch(self.card, images)


def prepare_batch(card: Card, images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Check a batch against a card, and equalise it where the card says so.

    Parameters
    ----------
    card : Card
        Of the model that is going to be asked.
    images : ndarray of shape (n_images, height, width, 3), uint8
        RGB of the model's size, not equalised.

    Raises
    ------
    ConfigError
        If the images have another shape or type.
    """
    expected = (*card.image_size, 3)
    if images.ndim != 4 or images.shape[1:] != expected or images.dtype != np.uint8:
        raise ConfigError(
            f"images: expected uint8 of shape (n, {', '.join(map(str, expected))}), got "
            f"{images.dtype} of {images.shape}; pass each picture through fit_picture"
        )
    if card.clahe is None or not len(images):
        return images
    return np.stack([equalise(image, card.clahe) for image in images])
