"""Images a second ready for a model from decoded pictures: against today's two usual ways.

All get the same array of bytes in memory, 600 drawn pictures at 224x224, and give shuffled,
augmented batches of 32 at the same size, with equal numbers of workers: threads here and in
tf.data (whose pool is private and of that size), processes in torch's ``DataLoader`` (one thread
each). An epoch of each warms up. The recipe is the second published trial: rotation, shifts,
shear, zoom and a flip. What differs:

- *This project* composes them into one affine and samples once, bilinear, the nearest pixel
  outside. It gives bytes.
- *tf.data with Keras' preprocessing layers* maps whole batches. Each of its five layers samples
  bilinear by itself, with the nearest pixel outside. It gives float32, as the layers do. A range
  of a shear is a share of the width there, so that an angle becomes its tangent.
- *albumentations* composes everything but the flip into one ``Affine`` of OpenCV, bilinear, the
  edge repeated outside. It gives bytes; pictures stay channels last, which spares a copy.

OpenCV's own threads are off on both sides that use it.

    DERMBOOK_PYTHON_TORCH=/path/to/python python -m benchmarks.pipeline_peers
"""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from benchmarks.batches import own_batches, take_batches
from benchmarks.peers.line_protocol import Peer
from benchmarks.peers.other_python import NotMeasuredError, torch_python
from benchmarks.pipeline import BATCH_SIZE, published_trials
from benchmarks.timing import compare_rates, empty_cache, in_child
from helpers.augmentation import Augmentation
from helpers.core import CLASS_INDEX
from helpers.dataset import load_catalogue, open_source, open_store

TORCH = "benchmarks.peers.torch_batches"
PACKAGES = ("torch", "albumentations", "cv2")


def keras_layers(ranges: Augmentation) -> Any:
    """Keras' preprocessing layers that come nearest to a recipe."""
    import keras
    from keras import layers

    tangent = math.tan(math.radians(ranges.shear_range))
    zoom = (-ranges.zoom_range, ranges.zoom_range)
    flips = [
        layers.RandomFlip(mode)
        for mode, flips in (
            ("horizontal", ranges.horizontal_flip),
            ("vertical", ranges.vertical_flip),
        )
        if flips
    ]
    fill: dict[str, Any] = {"fill_mode": "nearest", "interpolation": "bilinear"}
    return keras.Sequential(
        [
            layers.RandomRotation(ranges.rotation_range / 360, **fill),
            layers.RandomTranslation(ranges.height_shift_range, ranges.width_shift_range, **fill),
            layers.RandomShear(x_factor=(0.0, tangent), **fill),
            layers.RandomZoom(zoom, zoom, **fill),
            *flips,
        ]
    )


def tf_data(
    images: NDArray[np.uint8], y: NDArray[np.intp], ranges: Augmentation, workers: int, n: int
) -> Any:
    """A ``tf.data.Dataset`` of shuffled, augmented batches, `n` images in all."""
    import tensorflow as tf

    augment = keras_layers(ranges)
    pixels, classes = tf.constant(images), tf.constant(y)

    def make(rows: Any) -> Any:
        return augment(tf.gather(pixels, rows), training=True), tf.gather(classes, rows)

    # Ended before they are augmented: nothing is made ahead that is not counted.
    dataset = tf.data.Dataset.range(len(images)).shuffle(len(images)).take(n).batch(BATCH_SIZE)
    dataset = dataset.map(make, num_parallel_calls=workers).prefetch(2)
    options = tf.data.Options()
    options.threading.private_threadpool_size = workers
    return dataset.with_options(options)


def measure_pipeline_peers(
    sample_images: int = 600, size: tuple[int, int] = (224, 224), rounds: int = 5,
    tf_batches: int = 6,
) -> dict[str, Any]:  # fmt: skip
    """Measure this project's input path and the two others from one array.

    To be called in a fresh process: the numbers of TensorFlow's and OpenCV's threads are set.

    Parameters
    ----------
    sample_images : int, default=600
        Images of the drawn sample, decoded before anything is measured.
    size : tuple of int
        (height, width) of the array and of what all deliver.
    rounds : int, default=5
        Turns of each pair.
    tf_batches : int, default=6
        Batches of 32 that tf.data makes in a turn; the others make an epoch.

    Returns
    -------
    dict
        ``tf_data`` and ``albumentations``, this project's images a second over theirs, or the
        reason as text why the latter was not measured; ``workers``, ``images``, ``size``,
        ``recipe``, and ``given``, shape and type of a batch of each.

    Raises
    ------
    ConfigError
        If ``DERMBOOK_PYTHON_TORCH`` names no Python that runs.
    """
    import cv2
    import tensorflow as tf

    cv2.setNumThreads(0)  # a picture is one thread's, here as there
    catalogue = load_catalogue(open_source("sample", sample_images=sample_images))
    trial = published_trials(size)[1]
    with empty_cache() as folder:
        store = open_store(catalogue, size)
        ours = own_batches(trial, store, catalogue)
        images = np.array(store.images[store.rows(catalogue["image_id"])])
        y = catalogue["dx"].map(CLASS_INDEX).to_numpy()
        workers = ours.workers
        tf.config.threading.set_intra_op_parallelism_threads(workers)
        tf.config.threading.set_inter_op_parallelism_threads(workers)
        n = tf_batches * BATCH_SIZE
        dataset = tf_data(images, y, trial.augmentation, workers, n)

        def own_round() -> int:
            return take_batches([ours], None, workers)

        def tf_round() -> int:
            return sum(len(pixels) for pixels, _ in dataset)

        pixels, _ = next(iter(dataset))
        own_pixels = ours[0][0]
        given = {
            "ours": f"{list(own_pixels.shape)} {own_pixels.dtype}",
            "tf_data": f"{pixels.shape.as_list()} {pixels.dtype.name}",
        }
        beside_tf = compare_rates(own_round, tf_round, rounds)
        beside_torch: Any
        try:
            python = torch_python(PACKAGES)
        except NotMeasuredError as reason:
            beside_torch = str(reason)
        else:
            settings = {
                "images": str(_saved(images, folder)),
                "y": y.tolist(),
                "ranges": trial.augmentation.model_dump(),
                "batch_size": BATCH_SIZE,
                "workers": workers,
            }
            quiet = {**os.environ, "NO_ALBUMENTATIONS_UPDATE": "1"}  # it would ask the network
            with Peer(python, TORCH, settings, quiet).wait() as peer:
                given["albumentations"] = f"{peer.facts['shape']} {peer.facts['dtype']}"

                def torch_round() -> int:
                    peer.ask()
                    return peer.answer()

                beside_torch = compare_rates(own_round, torch_round, rounds)
    return {
        "tf_data": beside_tf,
        "albumentations": beside_torch,
        "workers": workers,
        "images": len(catalogue),
        "size": size,
        "recipe": trial.name,
        "given": given,
    }


def _saved(images: NDArray[np.uint8], folder: Path) -> Path:
    path = folder / "pictures.npy"
    np.save(path, images)
    return path


def main() -> None:
    """Measure and print."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    found = in_child(measure_pipeline_peers)
    console = Console(soft_wrap=True)
    for name in ("tf_data", "albumentations"):
        ratio = found[name]
        if isinstance(ratio, str):
            console.print(f"{name}: not measured: {ratio}")
            continue
        console.print(
            f"{name}: {ratio.value:.1f} ({ratio.low:.1f} to {ratio.high:.1f}) times; "
            f"{ratio.first:,.0f} / {ratio.second:,.0f} images/s, {found['workers']} workers each"
        )
    console.print(f"a batch of each: {found['given']}")


if __name__ == "__main__":
    main()
