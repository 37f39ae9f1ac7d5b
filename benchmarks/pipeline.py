"""Images a second ready for a model: image store and composed affine, against Keras' generator."""

from __future__ import annotations

import math
import time
from contextlib import redirect_stdout
from io import StringIO
from typing import Any

import pandas as pd

from benchmarks.batches import own_batches, take_batches
from benchmarks.timing import compare_rates, empty_cache
from helpers.dataset import load_catalogue, open_source, open_store
from helpers.study import load_profile
from helpers.training import Stage, TrialConfig

BATCH_SIZE = 32


def published_trials(size: tuple[int, int]) -> list[TrialConfig]:
    """The three published recipes at a size, in batches of 32."""
    update = {"image_size": size, "stages": (Stage(batch_size=BATCH_SIZE),)}
    trials = load_profile("full").trial_configs("augmentation")
    published = [trial for trial in trials if trial.name.startswith("Trial ")]
    return [trial.model_copy(update=update) for trial in published]


def _keras_batches(trial: TrialConfig, catalogue: pd.DataFrame) -> Any:
    from keras.src.legacy.preprocessing.image import ImageDataGenerator

    colours = {"brightness_range", "contrast_range", "saturation_range", "hue_range"}
    ours_alone = {"crop_range", "cutout", *colours}  # what Keras' generator has not, or otherwise
    generator = ImageDataGenerator(**trial.augmentation.model_dump(exclude=ours_alone))
    with redirect_stdout(StringIO()):  # it prints how many files it found
        return generator.flow_from_dataframe(
            catalogue,
            x_col="path",
            y_col="dx",
            target_size=trial.image_size,
            batch_size=BATCH_SIZE,
            seed=trial.seed,
        )


def measure_pipeline(
    sample_images: int = 600, size: tuple[int, int] = (224, 224), rounds: int = 5,
    keras_batches: int = 3,
) -> dict[str, Any]:  # fmt: skip
    """Measure both input paths on the JPEGs of the drawn sample.

    Parameters
    ----------
    sample_images : int, default=600
        Images of the drawn sample, 600x450.
    size : tuple of int
        (height, width) that both deliver.
    rounds : int, default=5
        Turns of the two.
    keras_batches : int, default=3
        Batches of 32 that Keras' generator makes of each recipe in a turn; this project makes
        an epoch.

    Returns
    -------
    dict
        ``ratio`` over the three published recipes as they are used (this project's threads
        against the generator's one), ``same_threads`` with as many for the generator,
        ``recipes`` one by one, ``store_seconds``, ``store_rate`` and ``paid_back_epoch``, the
        first epoch at whose end the store has cost less time than it has saved.
    """
    catalogue = load_catalogue(open_source("sample", sample_images=sample_images))
    trials = published_trials(size)
    with empty_cache():
        start = time.perf_counter()
        store = open_store(catalogue, size)
        store_seconds = time.perf_counter() - start
        ours = [own_batches(trial, store, catalogue) for trial in trials]
        theirs = [_keras_batches(trial, catalogue) for trial in trials]
        threads = ours[0].workers

        def compare(chosen: slice, keras_threads: int, rounds: int) -> Any:
            return compare_rates(
                lambda: take_batches(ours[chosen], None, threads),
                lambda: take_batches(theirs[chosen], keras_batches, keras_threads),
                rounds,
            )

        whole = compare(slice(None), 1, rounds)
        same = compare(slice(None), threads, max(1, rounds // 2))
        recipes = [compare(slice(i, i + 1), 1, max(1, rounds // 2)) for i in range(len(trials))]
    saved = len(catalogue) / whole.second - len(catalogue) / whole.first
    return {
        "ratio": whole,
        "same_threads": same,
        "recipes": {trial.name: one for trial, one in zip(trials, recipes, strict=True)},
        "threads": threads,
        "images": len(catalogue),
        "size": size,
        "store_seconds": store_seconds,
        "store_rate": len(catalogue) / store_seconds,
        "paid_back_epoch": max(1, math.ceil(store_seconds / saved)) if saved > 0 else None,
    }
