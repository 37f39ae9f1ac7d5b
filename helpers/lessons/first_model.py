"""What surrounds the forty lines of chapter 3: what they read, and what is measured about them.

The forty lines themselves stand in the chapter, and nothing of them is here.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from helpers.core import CLASS_INDEX, CLASSES, atomic_folder, cache_home, digest, read_bytes
from helpers.dataset import METADATA_COLUMNS, Source, list_layout, read_metadata
from helpers.evaluation import majority_share, scores
from helpers.models import build_backbone, find_backbone, preprocess
from helpers.statistics import listed
from helpers.study import FirstModelSettings

FILE_BLOCKS = ("bkl", "df", "mel", "vasc", "bcc", "nv", "akiec")
"""The order of the diagnoses in HAM10000's metadata file, but for some stray rows."""

METADATA_NAME = "HAM10000_metadata.csv"
VALIDATION_SHARE = 0.2
_CHUNK = 64


def in_file_order(catalogue: pd.DataFrame, source: Source) -> pd.DataFrame:
    """Bring a catalogue's rows into the order in which a metadata file lists them.

    Parameters
    ----------
    catalogue : DataFrame
        Of `source`, or a part of it.
    source : Source
        A drawn one lists its images by number, which tells nothing; its rows are brought into
        the order of HAM10000's file: by diagnosis (`FILE_BLOCKS`), then by lesion. Any other
        source has its file's own order.

    Returns
    -------
    DataFrame
        The same rows with a new RangeIndex.
    """
    if source.drawn:
        places = pd.DataFrame(
            {
                "block": catalogue["dx"].map(FILE_BLOCKS.index),
                "lesion": catalogue["lesion_id"],
                "image": catalogue["image_id"],
            }
        )
        return catalogue.loc[places.sort_values(list(places.columns)).index].reset_index(drop=True)
    listed, _, _ = read_metadata(list_layout(source.folder))
    place = pd.Series(range(len(listed)), index=listed["image_id"])
    order = np.argsort(place[catalogue["image_id"]].to_numpy(), kind="stable")
    return catalogue.iloc[order].reset_index(drop=True)


def unpack(table: pd.DataFrame, home: str | Path | None = None) -> Path:
    """Lay images and their metadata into one flat folder, as a student has them on disk.

    Parameters
    ----------
    table : DataFrame
        Rows of a catalogue, in the order that the file shall have.
    home : str or Path, optional
        The cache folder; `helpers.core.files.cache_home` by default.

    Returns
    -------
    Path
        Holds ``<image_id>.jpg`` for each row and ``HAM10000_metadata.csv``. It is kept, and
        named by its content: the same rows are not written twice.

    Raises
    ------
    ConfigError
        If the disk is full or the cache cannot be written to.
    """
    key = digest(table[["image_id", "dx", "lesion_id", "digest"]].astype(str).to_numpy().tolist())
    folder = (Path(home) if home is not None else cache_home()) / "first_model" / key
    if not folder.is_dir():
        with atomic_folder(folder) as made:
            for image_id, path in zip(table["image_id"], table["path"], strict=True):
                (made / f"{image_id}.jpg").write_bytes(read_bytes(path))
            table[list(METADATA_COLUMNS)].to_csv(made / METADATA_NAME, index=False)
    return folder


def prepare_keras(seed: int) -> None:
    """Import Keras into this kernel; it computes the same bits in every run, and quietly.

    To be called before the first model is built.

    Parameters
    ----------
    seed : int
        Of random weights and of shuffling.
    """
    # TensorFlow calls each graph of this very Keras an error, at level 2 still.
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    import keras

    keras.utils.set_random_seed(seed)
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        tf.get_logger().setLevel("ERROR")  # several models are traced, on purpose
        tf.config.experimental.enable_op_determinism()


def first_backbone(
    settings: FirstModelSettings, weights_dir: str | None = None
) -> tuple[Callable[..., Any], str | None]:
    """The function that builds the profile's backbone, and its argument ``weights``.

    Parameters
    ----------
    settings : FirstModelSettings
        Of the profile.
    weights_dir : str, optional
        Folder of Keras' weight files; Keras downloads them where None.

    Returns
    -------
    builder : callable
        Takes ``include_top`` (False), ``weights`` and ``input_shape``, as Keras Applications do.
    weights : str or None
        "imagenet", or None for random weights.

    Raises
    ------
    ConfigError
        If the weights are neither at hand nor to be had.
    """

    def build(*, include_top: bool, weights: str | None, input_shape: tuple[int, int, int]) -> Any:
        if include_top:
            raise ValueError("include_top: expected False, the lesson puts its own head there")
        return build_backbone(
            settings.backbone,
            weights=weights or "none",
            weights_dir=weights_dir,
            input_shape=input_shape,
        )

    if settings.weights == "none":
        return build, None
    if find_backbone(settings.backbone).weights_file:
        # A missing file or a failed download is told here, with the ways out, not in the lesson.
        build(include_top=False, weights="imagenet", input_shape=(*settings.image_size, 3))
    return build, "imagenet"


def preprocess_as(pixels: NDArray[np.uint8], backbone: str) -> NDArray[np.float32]:
    """Give pixels the values that a backbone's ImageNet weights were trained on.

    Parameters
    ----------
    pixels : ndarray of uint8 of shape (n_images, height, width, 3)
        RGB.
    backbone : str
        A name in `helpers.models.backbones.BACKBONES`.

    Returns
    -------
    ndarray of float32 of the same shape
    """
    kind = find_backbone(backbone).preprocessing
    values = np.empty(pixels.shape, dtype=np.float32)
    for start in range(0, len(pixels), _CHUNK):
        part = pixels[start : start + _CHUNK].astype(np.float32)
        values[start : start + _CHUNK] = np.asarray(preprocess(part, kind))
    return values


def value_table(values: Mapping[str, NDArray[Any]]) -> pd.DataFrame:
    """Smallest, mean and largest value of arrays of pixels, and their spread.

    Parameters
    ----------
    values : mapping of str to ndarray
        By the name of their preprocessing.

    Returns
    -------
    DataFrame of float
        Indexed by name: ``lowest``, ``mean``, ``highest`` and ``spread`` (standard deviation).
    """
    rows = {
        name: {
            "lowest": float(array.min()),
            "mean": float(array.mean(dtype=np.float64)),
            "highest": float(array.max()),
            "spread": float(array.std(dtype=np.float64)),
        }
        for name, array in values.items()
    }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("pixels")


def cuts(table: pd.DataFrame, seed: int) -> dict[str, NDArray[np.bool_]]:
    """Three ways to put images aside for validation.

    Parameters
    ----------
    table : DataFrame
        In the order of the file, with a column ``split`` made by lesion.
    seed : int
        Of the shuffling.

    Returns
    -------
    dict of str to ndarray of bool of shape (n_images,)
        Which rows validate: "by position" takes the last fifth, as ``validation_split`` does;
        "shuffled first" the last fifth of the shuffled rows; "by lesion" those of the split.
    """
    n_images = len(table)
    n_train = int(n_images * (1 - VALIDATION_SHARE))
    order = np.random.default_rng(seed).permutation(n_images)
    shuffled = np.zeros(n_images, dtype=bool)
    shuffled[order[n_train:]] = True
    return {
        "by position": np.arange(n_images) >= n_train,
        "shuffled first": shuffled,
        "by lesion": (table["split"] == "valid").to_numpy(),
    }


def describe_cuts(table: pd.DataFrame, validates: Mapping[str, NDArray[np.bool_]]) -> pd.DataFrame:
    """What each way to put images aside does to classes and lesions.

    Parameters
    ----------
    table : DataFrame
        With ``dx`` and ``lesion_id``.
    validates : mapping of str to ndarray of bool
        As of `cuts`.

    Returns
    -------
    DataFrame
        Indexed by the cut: ``n_train`` and ``n_valid`` images; ``unlearned``, the classes that
        validate and are not trained on (list of str); ``unseen``, the classes that do not
        validate; ``n_lesions_torn`` and ``n_leaked``: lesions on both sides and their
        validation images.
    """
    rows = {}
    for name, valid in validates.items():
        train, held = table[~valid], table[valid]
        torn = set(train["lesion_id"]) & set(held["lesion_id"])
        trained, asked = set(train["dx"]), set(held["dx"])
        rows[name] = {
            "n_train": len(train),
            "n_valid": len(held),
            "unlearned": [dx for dx in CLASSES if dx in asked - trained],
            "unseen": [dx for dx in CLASSES if dx in trained - asked],
            "n_lesions_torn": len(torn),
            "n_leaked": int(held["lesion_id"].isin(torn).sum()),
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("cut")


def cuts_in_words(described: pd.DataFrame) -> pd.DataFrame:
    """The table of `describe_cuts` for a reader.

    Parameters
    ----------
    described : DataFrame
        As of `describe_cuts`.

    Returns
    -------
    DataFrame
        Lists as text, and ``leaked``: validation images whose lesion was trained on, as a share.
    """
    return pd.DataFrame(
        {
            "train": described["n_train"],
            "valid": described["n_valid"],
            "validated, not trained on": described["unlearned"].map(listed),
            "trained on, not validated": described["unseen"].map(listed),
            "lesions on both sides": described["n_lesions_torn"],
            "leaked": described["n_leaked"] / described["n_valid"],
        }
    )


def predictions_of(
    rows: pd.DataFrame, y_prob: NDArray[Any], classes: Sequence[str] = CLASSES
) -> pd.DataFrame:
    """Put a model's probabilities beside the images they are of.

    Parameters
    ----------
    rows : DataFrame of shape (n_images, n_columns)
        With ``image_id``, ``lesion_id`` and ``dx``.
    y_prob : ndarray of shape (n_images, n_classes)
        Each row sums to 1.
    classes : sequence of str, default=CLASSES
        What the columns of `y_prob` mean; a class that is missing has probability 0.

    Returns
    -------
    DataFrame
        As a trial's predictions: ``image_id, lesion_id, dx, y_true, p_akiec ... p_vasc``.
    """
    table = rows[["image_id", "lesion_id", "dx"]].reset_index(drop=True)
    table["y_true"] = table["dx"].map(CLASS_INDEX).astype(int)
    given = pd.DataFrame(np.asarray(y_prob, dtype=float), columns=list(classes))
    filled = given.reindex(columns=list(CLASSES), fill_value=0.0)
    table[[f"p_{dx}" for dx in CLASSES]] = filled.to_numpy()
    return table


def beside_baselines(predictions: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Accuracy beside the commonest class's share, balanced accuracy beside chance.

    Parameters
    ----------
    predictions : mapping of str to DataFrame
        By the model's name, as of `predictions_of`.

    Returns
    -------
    DataFrame
        Indexed by name: ``accuracy`` and ``balanced_accuracy`` (`Estimate`), ``common`` (the
        commonest class of the images), its ``share``, and ``chance``, one over the classes
        that the images have.
    """
    rows = {}
    for name, table in predictions.items():
        common, share = majority_share(table)
        found = scores(table, ["accuracy", "balanced_accuracy"])
        rows[name] = {
            **found,
            "common": common,
            "share": share,
            "chance": 1 / table["dx"].nunique(),
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("model")


def head_sizes(
    shapes: Mapping[str, tuple[int, int, int]], n_train: int, n_classes: int = len(CLASSES)
) -> pd.DataFrame:
    """Parameters that learn behind a backbone, with flatten and with global pooling.

    Parameters
    ----------
    shapes : mapping of str to tuple of int
        (height, width, channels) of the backbone's output, by a name.
    n_train : int
        Training images.
    n_classes : int, default=7
        Width of the softmax.

    Returns
    -------
    DataFrame
        Columns ``backbone``, ``cells`` ("7 x 7 x 512"), ``head`` ("flatten" or "pooling"),
        ``first_dense`` and ``parameters`` (of Dense(256), of the whole head, counted by Keras),
        ``share`` (the first of the second, in [0, 1]) and ``per_image`` (parameters a training
        image).
    """
    import keras
    from keras import layers

    rows = []
    for name, shape in shapes.items():
        joints = {"flatten": layers.Flatten(), "pooling": layers.GlobalAveragePooling2D()}
        for head, joint in joints.items():
            dense = layers.Dense(256, activation="relu")
            softmax = layers.Dense(n_classes, activation="softmax")
            model = keras.Sequential([keras.Input(shape), joint, dense, softmax])
            total, first = int(model.count_params()), int(dense.count_params())
            rows.append(
                {
                    "backbone": name,
                    "cells": " × ".join(str(length) for length in shape),
                    "head": head,
                    "first_dense": first,
                    "parameters": total,
                    "share": first / total,
                    "per_image": total / n_train,
                }
            )
    return pd.DataFrame(rows)
