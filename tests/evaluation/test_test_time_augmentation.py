"""Views against flips and turns by hand, and predictions of them."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from support.scored_trials import make_config

from helpers.core.errors import ConfigError
from helpers.evaluation.test_time_augmentation import (
    OBLONG_VIEWS,
    VIEWS,
    kept_views,
    predict_views,
    view_predictions,
    views_file,
    views_of,
)
from helpers.training.trials import open_trial_store

RNG = np.random.default_rng(0)


def corner(size: tuple[int, int], unsure: bool = False) -> Any:
    """A model that says what the first pixel and the one right of it are.

    Or, where it is unsure, that of one and what is missing to 1.
    """
    import keras

    pixels = keras.Input((*size, 3))
    first, second = pixels[:, 0, 0, :1] / 255, pixels[:, 0, 1, :1] / 255
    parts = [1 - first, first] if unsure else [first, second]
    return keras.Model(pixels, keras.ops.concatenate(parts, axis=-1))


def by_hand(image: np.ndarray) -> dict[str, np.ndarray]:
    """The eight views of one image, in numpy's plainest words."""
    return {
        "identity": image,
        "horizontal flip": np.fliplr(image),
        "vertical flip": np.flipud(image),
        "half turn": np.flipud(np.fliplr(image)),
        "quarter turn": np.rot90(image),
        "three-quarter turn": np.rot90(image, -1),
        "transpose": image.transpose(1, 0, 2),
        "anti-transpose": np.flipud(np.fliplr(image)).transpose(1, 0, 2),
    }


def test_views_are_flips_and_turns_by_hand() -> None:
    """Each view of a batch is what plain numpy makes of each image; all eight differ."""
    images = RNG.integers(0, 256, (3, 5, 5, 3), dtype=np.uint8)
    seen = set()
    for name, view in VIEWS.items():
        for image, viewed in zip(images, view(images), strict=True):
            np.testing.assert_array_equal(viewed, by_hand(image)[name])
        seen.add(view(images).tobytes())
    assert len(seen) == 8


def test_views_are_a_group() -> None:
    """One view after another is a view again: the eight symmetries of a square, four closed."""
    image = RNG.integers(0, 256, (1, 4, 4, 1), dtype=np.uint8)
    made = {name: view(image).tobytes() for name, view in VIEWS.items()}
    for names in (tuple(VIEWS), OBLONG_VIEWS):
        known = {made[name] for name in names}
        for one in names:
            for other in names:
                assert VIEWS[other](VIEWS[one](image)).tobytes() in known


@pytest.mark.parametrize(("size", "n_views"), [((6, 6), 8), ((6, 9), 4)])
def test_predict_views_is_the_model_on_each_view(size: tuple[int, int], n_views: int) -> None:
    """A row a view: eight of square images, four of oblong ones, over several batches."""
    images = RNG.integers(0, 256, (70, *size, 3), dtype=np.uint8)
    views = views_of(size)
    y_prob = predict_views(corner(size), images)
    assert y_prob.shape == (n_views, 70, 2) == (len(views), 70, 2)
    for name, said in zip(views, y_prob, strict=True):
        viewed = np.stack([by_hand(image)[name] for image in images])
        np.testing.assert_allclose(said, viewed[:, 0, :2, 0] / 255, rtol=1e-6)


def test_views_that_do_not_fit_are_refused() -> None:
    """A quarter turn of an oblong image, an unknown view and no view are errors."""
    images = np.zeros((2, 6, 9, 3), np.uint8)
    for views, words in ((["quarter turn"], "quarter turn"), (["upside"], "upside"), ([], "none")):
        with pytest.raises(ConfigError, match=f"6x9 images: expected .* got {words}"):
            predict_views(corner((6, 9)), images, views)


def test_view_predictions_average_the_views(tiny_catalogue: pd.DataFrame, tmp_path: Path) -> None:
    """The table is the trial's with the mean of the views; one view gives the trial's own."""
    few = tiny_catalogue.head(9).reset_index(drop=True)
    config = make_config(target="malignant", clahe={"tiles": 2})
    images = open_trial_store(config, few).images
    table = few[["image_id", "lesion_id", "dx"]].iloc[::-1].reset_index(drop=True)
    table["split"] = "test"

    trial: Any = SimpleNamespace(
        config=config,
        folder=tmp_path,
        predictions_of=lambda split: table.copy(),
        model=corner(config.image_size, unsure=True),
    )
    one = view_predictions(trial, few, views=["identity"])
    np.testing.assert_allclose(one["p_malignant"], images[::-1, 0, 0, 0] / 255, rtol=1e-6)
    mean = view_predictions(trial, few)
    corners = [images[::-1, i, j, 0] / 255 for i in (0, -1) for j in (0, -1)]
    np.testing.assert_allclose(mean["p_malignant"], np.mean(corners, axis=0), rtol=1e-6)
    np.testing.assert_allclose(mean["p_benign"] + mean["p_malignant"], 1)
    assert list(mean["image_id"]) == list(table["image_id"])
    assert [path.name for path in tmp_path.iterdir()] == ["views-test.parquet"]

    trial.model = None  # all views are kept: nothing is asked again
    pd.testing.assert_frame_equal(view_predictions(trial, few), mean)
    other = few.head(3)
    pd.testing.assert_frame_equal(
        view_predictions(trial, other, views=views_of(config.image_size)), mean
    )
    table = table.iloc[1:].reset_index(drop=True)
    assert kept_views(trial, "test") is None  # of other images
    views_file(trial, "test").write_bytes(b"damaged")
    assert kept_views(trial, "test") is None
