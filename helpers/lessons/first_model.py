"""What surrounds the forty lines of chapter 3: what they read, and what is measured about them.

The forty lines themselves stand in the chapter, and nothing of them is here.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import chdir
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from helpers.core import CLASS_INDEX, CLASSES, atomic_folder, cache_home, digest, read_bytes
from helpers.dataset import METADATA_COLUMNS, Source, read_source
from helpers.evaluation import majority_share, scores
from helpers.models import build_backbone, find_backbone
from helpers.sample import PARTS
from helpers.study import FirstModelSettings

FILE_BLOCKS = ("bkl", "df", "mel", "vasc", "bcc", "nv", "akiec")
"""The order of the diagnoses in HAM10000's metadata file, but for some stray rows."""

METADATA_NAME = "HAM10000_metadata.csv"


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
    listed = read_source(source).table
    place = pd.Series(range(len(listed)), index=listed["image_id"])
    order = np.argsort(place[catalogue["image_id"]].to_numpy(), kind="stable")
    return catalogue.iloc[order].reset_index(drop=True)


def unpack(table: pd.DataFrame, home: str | Path | None = None) -> Path:
    """Lay images and their metadata into a folder, as a student who has unpacked HAM10000 has them.

    Parameters
    ----------
    table : DataFrame
        Rows of a catalogue, in the order that the file shall have.
    home : str or Path, optional
        The cache folder; `helpers.core.files.cache_home` by default.

    Returns
    -------
    Path
        Holds ``HAM10000_metadata.csv``, and ``<image_id>.jpg`` for each row in two folders
        (`PARTS`), the lower half of the numbers in the first. It is kept, and named by its
        content: the same rows are not written twice.

    Raises
    ------
    ConfigError
        If the disk is full or the cache cannot be written to.
    """
    rows = table[["image_id", "dx", "lesion_id", "digest"]].astype(str).to_numpy().tolist()
    folder = (Path(home) if home is not None else cache_home()) / "first_model"
    folder /= digest([list(PARTS), rows])
    if not folder.is_dir():
        part = dict.fromkeys(sorted(table["image_id"])[: len(table) // 2], PARTS[0])
        with atomic_folder(folder) as made:
            for name in PARTS:
                (made / name).mkdir()
            for image_id, path in zip(table["image_id"], table["path"], strict=True):
                file = made / part.get(image_id, PARTS[1]) / f"{image_id}.jpg"
                file.write_bytes(read_bytes(path))
            table[list(METADATA_COLUMNS)].to_csv(made / METADATA_NAME, index=False)
    return folder


def failure(action: Callable[[], object], folder: str | Path) -> str:
    """Do what a tutorial says, in a student's folder, and tell how it fails.

    Parameters
    ----------
    action : callable
        Takes nothing. Its relative paths begin at `folder`.
    folder : str or Path
        Where the student's data lie.

    Returns
    -------
    str
        The kind of the error and the first line of its message, as
        ``ValueError: invalid literal``; empty where nothing fails.
    """
    with chdir(folder):
        try:
            action()
        except Exception as error:
            first, *_ = str(error).splitlines() or [""]
            return f"{type(error).__name__}: {first}"
    return ""


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
