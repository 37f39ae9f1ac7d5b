"""Share of the model's own speed that a training reaches when it is fed augmented images."""

from __future__ import annotations

from typing import Any, Literal

from benchmarks.batches import own_batches
from benchmarks.timing import Ratio, compare_rates, empty_cache
from helpers.dataset import load_catalogue, open_source, open_store
from helpers.models import build_model, fast_layers, folded_calls, make_adam, set_trainable
from helpers.study import load_profile
from helpers.training import Stage, TrialConfig


def _constant(batches: Any) -> Any:
    """The first batch again and again, as often as there are batches, by the same threads."""
    import keras

    batch, n_batches = batches[0], len(batches)

    class Constant(keras.utils.PyDataset):  # type: ignore[misc]
        def __len__(self) -> int:
            return n_batches

        def __getitem__(self, index: int) -> Any:
            return batch

    return Constant(workers=batches.workers, max_queue_size=batches.max_queue_size)


def _compare(
    config: TrialConfig, trainable: Literal["head", "all"], store: Any, catalogue: Any, rounds: int
) -> Ratio:
    model = build_model(config.backbone, config.image_size, weights=config.weights)
    set_trainable(model, trainable)
    optimizer = make_adam(config.stages[0].learning_rate)
    optimizer.build(model.trainable_variables)
    model.compile(optimizer, "categorical_crossentropy", jit_compile=False)
    fed = own_batches(config, store, catalogue)
    constant = _constant(fed)
    images = len(fed) * config.stages[0].batch_size

    def epoch(batches: Any) -> int:
        with fast_layers(), folded_calls(model, learning=True):
            model.fit(batches, epochs=1, verbose=0, shuffle=False)
        return images

    return compare_rates(lambda: epoch(fed), lambda: epoch(constant), rounds)


def measure_training_share(
    sample_images: int = 600, n_images: int = 256, backbone: str = "EfficientNetLite0",
    size: tuple[int, int] = (96, 128), rounds: int = 5, batch_size: int = 32,
) -> dict[str, Any]:  # fmt: skip
    """Train a model on augmented images and on one constant batch, in turns.

    Parameters
    ----------
    sample_images : int, default=600
        Images of the drawn sample.
    n_images : int, default=256
        How many of them are an epoch, whole batches.
    backbone : str, default="EfficientNetLite0"
        A backbone, from random weights: how fast they learn is not what they learn.
    size : tuple of int
        (height, width) of the pictures.
    rounds : int, default=5
        Epochs of each side, after one to warm up.
    batch_size : int, default=32
        Images a step.

    Returns
    -------
    dict
        ``ratio`` where all layers learn, ``head_only`` where the backbone is frozen, so that
        a step is shortest and the pictures weigh most. The augmentation is that of the second
        published trial.
    """
    n_images -= n_images % batch_size
    catalogue = load_catalogue(open_source("sample", sample_images=sample_images))
    catalogue = catalogue.head(n_images)
    config = TrialConfig(
        name="share",
        backbone=backbone,
        image_size=size,
        stages=(Stage(batch_size=batch_size),),
        augmentation=load_profile("full").trial_configs("augmentation")[1].augmentation,
    )
    with empty_cache():
        store = open_store(catalogue, size)
        ratio = _compare(config, "all", store, catalogue, rounds)
        head_only = _compare(config, "head", store, catalogue, rounds)
    return {
        "ratio": ratio,
        "head_only": head_only,
        "images": n_images,
        "backbone": backbone,
        "size": size,
    }
