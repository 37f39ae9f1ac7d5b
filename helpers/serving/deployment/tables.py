"""What chapter 10 measures of an exported model: size, agreement, scores, time, calibration."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from helpers.evaluation import balanced_accuracy, compare, scores
from helpers.published import keras_applications
from helpers.serving.cards import apply_temperature
from helpers.serving.exports import Export, ExportWorkspace, export_model, no_chatter
from helpers.statistics import difference
from helpers.training import TrialConfig

PREFERRED = "EfficientNetLite0"
"""Made for phones, and so the network that this book ships."""

SHIPPED: tuple[tuple[str, str], ...] = (
    ("saved_model", "float32"),
    ("onnx", "float32"),
    ("litert", "float32"),
    ("litert", "float16"),
    ("litert", "int8"),
    ("tfjs", "float32"),
    ("tfjs", "float16"),
)

TITLES = {
    "saved_model": "SavedModel",
    "onnx": "ONNX",
    "litert": "LiteRT",
    "tfjs": "TensorFlow.js",
}

_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")

WARM_UP = 10
CALLS = 100


def config_to_ship(configs: Sequence[TrialConfig]) -> TrialConfig:
    """Of several networks the one made for phones, else the one with the fewest parameters."""
    known = keras_applications()["parameters_millions"].to_dict()

    def cost(config: TrialConfig) -> tuple[bool, float]:
        return config.backbone != PREFERRED, float(known.get(config.backbone, np.inf))

    return min(configs, key=cost)


def export_title(export: Export) -> str:
    """Format and precision for a table, such as "LiteRT int8"."""
    return f"{TITLES[export.to]} {export.precision}"


def export_all(
    served: Any,
    folder: Path,
    images: NDArray[np.uint8],
    representative: NDArray[np.uint8],
    kinds: Sequence[tuple[str, str]] = SHIPPED,
) -> list[Export]:
    """Export a model in several formats and precisions.

    Parameters
    ----------
    served : ServedModel
        The model and its card.
    folder : Path
        Where to; each export gets a folder in it.
    images, representative : ndarray of shape (n_images, height, width, 3), uint8
        See `helpers.serving.exports.export.export_model`.
    kinds : sequence of tuple of str
        Format and precision of each.

    Returns
    -------
    list of Export
        With float32 weights an export that differs from Keras is an error. With fewer bits it
        is what the chapter is about, and so it is measured and not refused.
    """
    with no_chatter(), ExportWorkspace(served.keras_model, images) as bench:
        for_browsers = [precision for to, precision in kinds if to == "tfjs"]
        if for_browsers:  # in another process, so at the same time
            bench.start_tfjs(for_browsers)
        return [
            export_model(
                served,
                to,
                folder / f"{to}-{precision}",
                precision=precision,
                images=images,
                representative=representative,
                tolerance=None if precision == "float32" else 1.0,
                bench=bench,
            )
            for to, precision in kinds
        ]


def predictions_by(
    export: Export, rows: pd.DataFrame, images: NDArray[np.uint8], classes: Sequence[str]
) -> pd.DataFrame:
    """A table of predictions with an export's probabilities in place of Keras'.

    Parameters
    ----------
    export : Export
        Run on the CPU.
    rows : DataFrame
        A trial's predictions of one split.
    images : ndarray of shape (len(rows), height, width, 3), uint8
        Theirs, in the same order.
    classes : sequence of str
        In the model's order.
    """
    compute = export.open(os.cpu_count() or 1)
    batches = [images[start : start + 64] for start in range(0, len(images), 64)]
    found = np.concatenate([compute(batch)["probabilities"] for batch in batches], dtype=np.float64)
    found /= found.sum(axis=1, keepdims=True)  # 8 bits round each probability to 1 / 256
    return with_probabilities(rows, found, classes)


def with_probabilities(
    rows: pd.DataFrame, y_prob: NDArray[Any], classes: Sequence[str]
) -> pd.DataFrame:
    """A copy of a table of predictions with other probabilities."""
    columns = {f"p_{name}": y_prob[:, index] for index, name in enumerate(classes)}
    return rows.assign(**columns)


def probabilities(predictions: pd.DataFrame) -> NDArray[np.float64]:
    """The probabilities of a table of predictions, shape (n_images, n_classes)."""
    columns = [name for name in predictions.columns if str(name).startswith("p_")]
    return predictions[columns].to_numpy(dtype=np.float64)


def model_bytes(export: Export) -> int:
    """Bytes of an export's own files, without the record beside them."""
    return int(export.record["bytes"])


def variants_table(
    exports: Sequence[Export], tables: Sequence[pd.DataFrame], keras_rows: pd.DataFrame
) -> pd.DataFrame:
    """Size, score and agreement of each export.

    Parameters
    ----------
    exports : sequence of Export
        A row each.
    tables : sequence of DataFrame
        Their predictions of one split, as of `predictions_by`.
    keras_rows : DataFrame
        Keras' predictions of the same images.

    Returns
    -------
    DataFrame
        Indexed by ``format``: ``MiB``; ``balanced accuracy`` (`Estimate`); ``less Keras``, the
        paired difference (`Estimate`); ``largest difference`` of a probability; ``same class``,
        the share of images with the same most probable class; ``verdict`` on the difference.
    """
    reference = probabilities(keras_rows)
    rows = {}
    for export, table in zip(exports, tables, strict=True):
        found = probabilities(table)
        less = compare(table, keras_rows)
        rows[export_title(export)] = {
            "MiB": model_bytes(export) / 2**20,
            "balanced accuracy": balanced_accuracy(table),
            "less Keras": less,
            "largest difference": float(np.abs(found - reference).max()),
            "same class": float((found.argmax(axis=1) == reference.argmax(axis=1)).mean()),
            "verdict": difference(less),
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("format")


def parity_table(exports: Sequence[Export]) -> pd.DataFrame:
    """What each export's own check found.

    Parameters
    ----------
    exports : sequence of Export
        A row each.

    Returns
    -------
    DataFrame
        Indexed by ``format``: ``images``, the largest differences of a ``probability`` and of a
        ``feature``, the share of images with the ``same class``.
    """
    names = {
        "images": "images",
        "probabilities": "probability",
        "features": "feature",
        "same_class": "same class",
    }
    rows = {
        export_title(export): {
            title: export.record["checked"][name] for name, title in names.items()
        }
        for export in exports
    }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("format")


def small_number(value: float) -> str:
    """Write a difference with two digits, as a power of ten where it is tiny.

    >>> small_number(0.0123), small_number(2.07e-06), small_number(0.0)
    ('0.012', '2.1 × 10⁻⁶', '0')
    """
    if value == 0 or abs(value) >= 1e-3:
        return f"{value:.2g}"
    mantissa, exponent = f"{value:.1e}".split("e")
    return f"{mantissa} × 10{str(int(exponent)).translate(_RAISED)}"


def smallest_unharmed(variants: pd.DataFrame, least_same: float = 0.95) -> str:
    """Name of the smallest export that is not shown to be worse and keeps nearly all classes."""
    kept = (variants["verdict"] != "lower") & (variants["same class"] >= least_same)
    return str(variants.loc[kept, "MiB"].idxmin())


@dataclass(frozen=True)
class Latency:
    """How long one image takes.

    Attributes
    ----------
    median, p90 : float
        Milliseconds: half and nine tenths of the calls took at most so long.
    calls : int
        How many were timed.
    """

    median: float
    p90: float
    calls: int


def time_calls(call: Callable[[], Any], calls: int = CALLS, warm_up: int = WARM_UP) -> Latency:
    """Time a call, after some that do not count.

    The first calls of a network allocate memory, choose kernels and fill caches, which a
    program that stays open does once.
    """
    for _ in range(warm_up):
        call()
    milliseconds = []
    for _ in range(calls):
        start = time.perf_counter()
        call()
        milliseconds.append(1000 * (time.perf_counter() - start))
    median, p90 = np.quantile(milliseconds, [0.5, 0.9])
    return Latency(float(median), float(p90), calls)


def latency_table(
    exports: Sequence[Export], model: Any, image: NDArray[np.uint8], calls: int = CALLS
) -> pd.DataFrame:
    """Time of one image on the CPU, in the programs that run exports and in Keras.

    Parameters
    ----------
    exports : sequence of Export
        Those of LiteRT and ONNX are timed, with one thread and with two; a browser's are not:
        TensorFlow.js does not run here.
    model : keras.Model
        Timed by ``predict_on_batch`` on the CPU, with as many threads as TensorFlow takes.
    image : ndarray of shape (height, width, 3), uint8
        What they see.
    calls : int, default=100
        Of each.

    Returns
    -------
    DataFrame
        Indexed by ``program``: ``threads``, ``median, ms``, ``p90, ms``, ``calls``.
    """
    import tensorflow as tf

    batch = image[None].astype(np.float32)
    rows = []
    for export in exports:
        if export.to not in ("litert", "onnx"):
            continue
        name = "ONNX Runtime" if export.to == "onnx" else f"LiteRT {export.precision}"
        for threads in (1, 2):
            compute = export.open(threads)
            rows.append((name, str(threads), time_calls(partial(compute, batch), calls)))
    with tf.device("CPU:0"):
        rows.append(("Keras", "all", time_calls(lambda: model.predict_on_batch(batch), calls)))
    return pd.DataFrame(
        [(name, threads, t.median, t.p90, t.calls) for name, threads, t in rows],
        columns=["program", "threads", "median, ms", "p90, ms", "calls"],
    ).set_index("program")


def calibrated(
    predictions: pd.DataFrame, temperature: float, classes: Sequence[str]
) -> pd.DataFrame:
    """A table of predictions whose probabilities are divided by a temperature in the logits."""
    scaled = apply_temperature(probabilities(predictions), temperature)
    return with_probabilities(predictions, scaled, classes)


def calibration_table(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Calibration error, Brier score and accuracy of several tables of predictions.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        Predictions by what a row is called.

    Returns
    -------
    DataFrame of Estimate
        Indexed by ``probabilities``: ``calibration error``, ``Brier score``, ``accuracy``.
    """
    names = {
        "calibration_error": "calibration error",
        "brier_score": "Brier score",
        "accuracy": "accuracy",
    }
    found = {title: scores(table, list(names)) for title, table in tables.items()}
    rows = {
        title: {text: estimates[name] for name, text in names.items()}
        for title, estimates in found.items()
    }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("probabilities")
