"""Run an export with the program that it was made for: LiteRT, ONNX Runtime, TensorFlow."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from helpers.serving.exports.graph import INPUT
from helpers.serving.exports.tfjs_reading import read_graph_model

Outputs = dict[str, NDArray[np.float32]]
Compute = Callable[[NDArray[Any]], Outputs]

MODEL_FILES = {"litert": "model.tflite", "onnx": "model.onnx", "tfjs": "model.json"}
"""The file of an export that its runtime is given; a SavedModel is a folder."""


def open_runtime(to: str, folder: Path, threads: int = 1) -> Compute:
    """Open an export for inference on the CPU.

    Parameters
    ----------
    to : {"tfjs", "litert", "onnx", "saved_model"}
        Its format. "tfjs" is read back by TensorFlow, which says what its files hold and nothing
        of a browser's speed.
    folder : Path
        Where it is.
    threads : int, default=1
        Of LiteRT and ONNX Runtime; TensorFlow takes all cores.

    Returns
    -------
    callable
        Takes images of shape (n_images, height, width, 3), RGB in 0..255 of any number type;
        returns "probabilities" (n_images, n_classes) and "features" (n_images, rows, columns,
        channels).
    """
    if to == "litert":
        return _litert(folder / MODEL_FILES[to], threads)
    if to == "onnx":
        return _onnx(folder / MODEL_FILES[to], threads)
    if to == "saved_model":
        return _saved_model(folder)

    return read_graph_model(folder)


def _litert(path: Path, threads: int) -> Compute:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # TensorFlow announces that LiteRT will be a package
        from tensorflow import lite

        interpreter = lite.Interpreter(model_path=str(path), num_threads=threads)
    run = interpreter.get_signature_runner("serving_default")

    def compute(images: NDArray[Any]) -> Outputs:
        # One image a call: the exported graph has a batch of one, as on a phone.
        calls = [run(**{INPUT: image[None].astype(np.float32)}) for image in images]
        return {name: np.concatenate([call[name] for call in calls]) for name in calls[0]}

    return compute


def _onnx(path: Path, threads: int) -> Compute:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]

    def compute(images: NDArray[Any]) -> Outputs:
        found = session.run(names, {INPUT: images.astype(np.float32)})
        return dict(zip(names, found, strict=True))

    return compute


def _saved_model(folder: Path) -> Compute:
    import tensorflow as tf

    loaded = tf.saved_model.load(str(folder))

    def compute(images: NDArray[Any]) -> Outputs:
        found = loaded.signatures["serving_default"](**{INPUT: tf.constant(images, tf.float32)})
        return {name: value.numpy() for name, value in found.items()}

    compute.loaded = loaded  # type: ignore[attr-defined]  # its signatures hold it weakly
    return compute
