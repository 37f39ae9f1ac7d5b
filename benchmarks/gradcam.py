"""Heat maps of many images: this project's explainer, against tf-keras-vis image by image."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np

from benchmarks.timing import Ratio, compare_rates
from helpers.core import N_CLASSES
from helpers.explanation import Explainer, without_softmax
from helpers.models import build_model, find_backbone

METHODS = ("gradcam", "gradcam++")


def _one_by_one(model: Any, layer: str, images: Any, classes: list[int], method: str) -> int:
    from tf_keras_vis.gradcam import Gradcam
    from tf_keras_vis.gradcam_plus_plus import GradcamPlusPlus
    from tf_keras_vis.utils.scores import CategoricalScore

    kind = {"gradcam": Gradcam, "gradcam++": GradcamPlusPlus}[method]
    tool = kind(without_softmax(model), clone=False)
    for image, index in zip(images, classes, strict=True):
        tool(CategoricalScore([index]), image[None].astype(np.float32), penultimate_layer=layer)
    return len(images)


def measure_gradcam(
    n_images: int = 64, backbone: str = "EfficientNetLite0", size: tuple[int, int] = (112, 144),
    rounds: int = 3,
) -> dict[str, Any]:  # fmt: skip
    """Make the maps of the same images both ways, in turns; both start from the bare model.

    Parameters
    ----------
    n_images : int, default=64
        Images, each with a class to explain.
    backbone : str, default="EfficientNetLite0"
        A backbone, from random weights.
    size : tuple of int
        (height, width) of the pictures.
    rounds : int, default=3
        Turns of the two.

    Returns
    -------
    dict
        ``ratio`` for Grad-CAM and ``gradcam++``: images a second over images a second, which
        is seconds of the library over seconds of this project.
    """
    # Each turn prepares the model anew, which TensorFlow takes for an oversight.
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    model = build_model(backbone, size)
    layer = find_backbone(backbone).cam_layer
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (n_images, *size, 3), dtype=np.uint8)
    classes = random.integers(0, N_CLASSES, n_images).tolist()

    def compare(method: str) -> Ratio:
        def explain() -> int:
            Explainer(model, layer).maps(images, classes, method)  # type: ignore[arg-type]
            return n_images

        return compare_rates(
            explain, lambda: _one_by_one(model, layer, images, classes, method), rounds
        )

    ratios = {method: compare(method) for method in METHODS}
    return {
        "ratio": ratios["gradcam"],
        "gradcam++": ratios["gradcam++"],
        "images": n_images,
        "backbone": backbone,
        "size": size,
    }
