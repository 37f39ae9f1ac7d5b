"""Heat maps of many images: this project's explainer, against tf-keras-vis image by image."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.timing import Ratio, compare_rates
from helpers.core import N_CLASSES
from helpers.explanation import (
    Explainer,
    expand_maps,
    random_weights_control,
    without_softmax,
)
from helpers.models import build_model, find_backbone

METHODS = ("gradcam", "gradcam++")

TOLERANCE = 0.001
"""By how much two maps of an image may differ anywhere; a map's largest value is 1."""


def maps_one_by_one(
    model: Any, layer: str, images: NDArray[np.uint8], classes: list[int], method: str
) -> NDArray[np.float32]:
    """Maps by tf-keras-vis, an image at a time, at the named layer.

    Left to itself the library goes from that layer back to the nearest convolution, which is
    another layer with another map. Its maps are stretched as ours are, because its own stretching
    puts their cells elsewhere.
    """
    from tf_keras_vis.gradcam import Gradcam
    from tf_keras_vis.gradcam_plus_plus import GradcamPlusPlus
    from tf_keras_vis.utils.scores import CategoricalScore

    kind = {"gradcam": Gradcam, "gradcam++": GradcamPlusPlus}[method]
    tool = kind(without_softmax(model), clone=False)
    grids = [
        tool(
            CategoricalScore([index]),
            image[None].astype(np.float32),
            penultimate_layer=layer,
            seek_penultimate_conv_layer=False,
            expand_cam=False,
            normalize_cam=False,
        )
        for image, index in zip(images, classes, strict=True)
    ]
    return expand_maps(np.concatenate(grids).astype(np.float32), images.shape[1:3])


def check_same_maps(ours: NDArray[np.float32], theirs: NDArray[np.float32]) -> float:
    """Largest difference of two sets of maps, which have to be the same for a ratio to mean much.

    Raises
    ------
    AssertionError
        If they differ by more than `TOLERANCE`, or if fewer than half of them are warm anywhere, so
        that being alike says little.
    """
    difference = float(np.abs(ours - theirs).max())
    assert difference <= TOLERANCE, f"expected maps alike to {TOLERANCE}, got {difference:.3g}"
    warm = float((theirs.max(axis=(1, 2)) > 0).mean())
    assert warm >= 0.5, f"expected half of the maps or more to be warm, got {warm:.0%}"
    return difference


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
        A backbone, with random weights and normalisations that fit them.
    size : tuple of int
        (height, width) of the pictures.
    rounds : int, default=3
        Turns of the two.

    Returns
    -------
    dict
        ``ratio`` for Grad-CAM and ``gradcam++``: images a second over images a second, which
        is seconds of the library over seconds of this project; ``differences``, by method, by how
        much their maps differ at most.
    """
    # Each turn prepares the model anew, which TensorFlow takes for an oversight.
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    layer = find_backbone(backbone).cam_layer
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (n_images, *size, 3), dtype=np.uint8)
    model = random_weights_control(build_model(backbone, size), images[:32])
    classes = random.integers(0, N_CLASSES, n_images).tolist()
    differences = {}

    def compare(method: str) -> Ratio:
        def explain() -> Any:
            return Explainer(model, layer).maps(images, classes, method)  # type: ignore[arg-type]

        def one_by_one() -> Any:
            return maps_one_by_one(model, layer, images, classes, method)

        # Also the warm-up of both.
        differences[method] = check_same_maps(explain(), one_by_one())
        return compare_rates(
            lambda: len(explain()), lambda: len(one_by_one()), rounds, warm_up=False
        )

    ratios = {method: compare(method) for method in METHODS}
    return {
        "ratio": ratios["gradcam"],
        "gradcam++": ratios["gradcam++"],
        "differences": differences,
        "images": n_images,
        "backbone": backbone,
        "size": size,
    }
