"""Export a model to another program's format, checked against Keras before it gets its name.

An export is a folder: the model, and ``export.json`` that says what goes in and comes out, how the
files are called and what their checksums are, and how far the probabilities are from those of
Keras. The probabilities are the model's own: whoever shows them divides their logarithms by the
temperature of the card, in ``faces``. For the malignant threshold there, classes count by the
``class_weights`` beside it.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from helpers.core import ConfigError, atomic_folder, folder_bytes, sha256_file, write_json
from helpers.serving.exports.graph import INPUT, OUTPUTS
from helpers.serving.exports.runtimes import MODEL_FILES, Compute, Outputs, open_runtime
from helpers.serving.exports.verification import RECORD
from helpers.serving.exports.workspace import ExportWorkspace, no_chatter

Precision = Literal["float32", "float16", "int8"]
Images = NDArray[np.uint8]

PRECISIONS: dict[str, tuple[str, ...]] = {
    "tfjs": ("float32", "float16"),
    "litert": ("float32", "float16", "int8"),
    "onnx": ("float32",),
    "saved_model": ("float32",),
}
"""Formats, and the precisions that weights can have in each."""

TOLERANCES: dict[str, float] = {"float32": 1e-4, "float16": 0.02, "int8": 0.3}
"""Largest difference of a probability from Keras that an export may have."""

ONNX_OPSET = 18
REPRESENTATIVE_IMAGES = 100


class Served(Protocol):
    """What is exported: a model and its card; see `helpers.serving.model.served.ServedModel`."""

    @property
    def card(self) -> Any:
        """What is known of the model."""

    @property
    def keras_model(self) -> Any:
        """The model as saved."""


@dataclass(frozen=True)
class Export:
    """A finished export.

    Attributes
    ----------
    to, precision : str
        Format, and how weights are stored.
    folder : Path
        Where it is.
    record : dict
        ``export.json``.
    """

    to: str
    precision: str
    folder: Path
    record: dict[str, Any]

    def open(self, threads: int = 1) -> Compute:
        """Open it for inference; see `helpers.serving.exports.runtimes.open_runtime`."""
        return open_runtime(self.to, self.folder, threads)


def export_model(
    served: Served,
    to: str,
    folder: str | Path,
    *,
    precision: str = "float32",
    images: Images | None = None,
    representative: Images | None = None,
    tolerance: float | None = None,
    bench: ExportWorkspace | None = None,
) -> Export:
    """Export a model, and compare it with Keras.

    Parameters
    ----------
    served : Served
        The model and its card.
    to : {"tfjs", "litert", "onnx", "saved_model"}
        The format. All have the same input and the same two outputs, see
        `helpers.serving.exports.graph`. LiteRT takes one image a call, the others any number.
    folder : str or Path
        Where to; what stood there is replaced when all has gone well.
    precision : {"float32", "float16", "int8"}, default="float32"
        How weights are stored. With "int8" the arithmetic has 8 bits too, and only input and
        outputs are floating-point numbers.
    images : ndarray of shape (n_images, height, width, 3), uint8, optional
        Compared with Keras, as from the image store: equalised where the model wants it. Drawn
        spots of colour where None.
    representative : ndarray of shape (n, height, width, 3), uint8, optional
        Training images, from which "int8" takes the range of values at each place in the graph;
        needed for "int8" alone.
    tolerance : float, optional
        Largest difference of a probability; `TOLERANCES` where None.
    bench : ExportWorkspace, optional
        Of this model and these images, where several exports are made; one is set up where None.

    Returns
    -------
    Export

    Raises
    ------
    ConfigError
        If the format cannot have the precision, images are of another size, the folder holds
        something else than an export, or the difference is too large.
    """
    folder = Path(folder)
    _check_request(served, to, precision, folder, images, representative)
    limit = TOLERANCES[precision] if tolerance is None else tolerance
    with ExitStack() as stack:
        stack.enter_context(no_chatter())
        bench = bench or stack.enter_context(ExportWorkspace(served.keras_model, images))
        work = stack.enter_context(atomic_folder(folder))
        _WRITERS[to](bench, work, precision, representative)
        checked = compare_outputs(bench.reference, open_runtime(to, work)(bench.images))
        if not checked["probabilities"] <= limit:  # NaN is too large as well
            raise ConfigError(
                f"export to {to}, {precision}: expected probabilities within {limit:g} of Keras' "
                f"on {len(bench.images)} images, but one differs by "
                f"{checked['probabilities']:.2g}; nothing was written. Choose a precision of more "
                "bits, or more representative images"
            )
        checked |= {"tolerance": limit, "pictures": "given" if images is not None else "drawn"}
        record = _record(served, bench.graph, to, precision, work, checked)
        write_json(work / RECORD, record)
    return Export(to, precision, folder, record)


def compare_outputs(ours: Outputs, theirs: Outputs) -> dict[str, Any]:
    """Hold an export's outputs beside those of Keras, on the same images.

    Parameters
    ----------
    ours, theirs : dict of str to ndarray
        "probabilities" (n_images, n_classes) and "features" (n_images, rows, columns, channels),
        of Keras and of the export.

    Returns
    -------
    dict
        ``images``; the largest absolute difference of ``probabilities`` and of ``features``, the
        latter in units of Keras' largest feature; ``same_class``, the share of images with the
        same most probable class.
    """
    largest = {name: _largest(ours[name], theirs[name]) for name in OUTPUTS}
    scale = float(np.abs(ours["features"]).max()) or 1.0
    same = ours["probabilities"].argmax(axis=1) == theirs["probabilities"].argmax(axis=1)
    return {
        "images": len(same),
        "probabilities": largest["probabilities"],
        "features": largest["features"] / scale,
        "same_class": float(same.mean()),
    }


def _largest(first: NDArray[Any], second: NDArray[Any]) -> float:
    if first.shape != second.shape:
        raise ConfigError(
            f"export: expected outputs of shape {first.shape} but got {second.shape}; the "
            "converter has mixed them up, so use another version of it"
        )
    return float(np.abs(first.astype(np.float64) - second).max())


def _check_request(
    served: Served,
    to: str,
    precision: str,
    folder: Path,
    images: Images | None,
    representative: Images | None,
) -> None:
    if to not in PRECISIONS:
        raise ConfigError(f"export: expected one of {', '.join(PRECISIONS)}, got {to!r}")
    if precision not in PRECISIONS[to]:
        able = [name for name, precisions in PRECISIONS.items() if precision in precisions]
        way = f", or one of {', '.join(able)} for {precision}" if able else ""
        raise ConfigError(
            f"export to {to}: expected a precision of {', '.join(PRECISIONS[to])}, got "
            f"{precision!r}; choose one of these{way}"
        )
    if precision == "int8" and (representative is None or not len(representative)):
        raise ConfigError(
            "export with int8: expected representative training images, from which the ranges of "
            "values are taken, but got none; name the images that the model was trained on"
        )
    size = tuple(served.card.image_size)
    for name, given in (("images", images), ("representative", representative)):
        if given is None:
            continue
        if given.dtype != np.uint8 or given.shape[1:] != (*size, 3) or not len(given):
            raise ConfigError(
                f"export, {name}: expected uint8 images of {size[0]}x{size[1]} pixels in RGB, got "
                f"{given.dtype} of shape {given.shape}; open them with helpers.dataset.open_store"
            )
    if folder.exists() and not (
        folder.is_dir() and ((folder / RECORD).is_file() or not any(folder.iterdir()))
    ):
        raise ConfigError(
            f"{folder}: expected a new or empty folder or an earlier export, but it holds "
            "something else; choose another with --out"
        )


def _write_tfjs(bench: ExportWorkspace, folder: Path, precision: str, _: Images | None) -> None:
    shutil.copytree(bench.tfjs(precision), folder, dirs_exist_ok=True)


def _write_litert(
    bench: ExportWorkspace, folder: Path, precision: str, representative: Images | None
) -> None:
    import tensorflow as tf

    def examples() -> Iterator[dict[str, NDArray[np.float32]]]:
        for image in [] if representative is None else representative[:REPRESENTATIVE_IMAGES]:
            yield {INPUT: image[None].astype(np.float32)}

    converter = tf.lite.TFLiteConverter.from_saved_model(str(bench.saved_model(batch_size=1)))
    if precision != "float32":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if precision == "float16":
        converter.target_spec.supported_types = [tf.float16]
    if precision == "int8":
        converter.representative_dataset = examples
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    (folder / MODEL_FILES["litert"]).write_bytes(converter.convert())


def _write_onnx(bench: ExportWorkspace, folder: Path, precision: str, _: Images | None) -> None:
    import keras

    path = folder / MODEL_FILES["onnx"]
    height, width = bench.graph.inputs[0].shape[1:3]
    spec = keras.InputSpec(shape=(None, height, width, 3), dtype="float32", name=INPUT)
    bench.graph.export(
        str(path), "onnx", verbose=False, input_signature=[spec], opset_version=ONNX_OPSET
    )


def _write_saved_model(
    bench: ExportWorkspace, folder: Path, precision: str, _: Images | None
) -> None:
    shutil.copytree(bench.saved_model(), folder, dirs_exist_ok=True)


_WRITERS: dict[str, Callable[[ExportWorkspace, Path, str, Images | None], None]] = {
    "tfjs": _write_tfjs,
    "litert": _write_litert,
    "onnx": _write_onnx,
    "saved_model": _write_saved_model,
}


def _record(
    served: Served, graph: Any, to: str, precision: str, folder: Path, checked: dict[str, Any]
) -> dict[str, Any]:
    import keras
    import tensorflow as tf

    card = served.card
    clahe = card.clahe
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    height, width = card.image_size
    preparation = "resize to this size, nothing else: the graph scales the pixels itself"
    if clahe is not None:
        preparation = (
            "resize to this size, then equalise the contrast by CLAHE with the values in 'clahe': "
            "the graph does not, and without it the probabilities are wrong"
        )
    return {
        "format": 1,
        "to": to,
        "precision": precision,
        "input": {
            "name": INPUT,
            "shape": [1 if to == "litert" else None, height, width, 3],
            "dtype": "float32",
            "values": "RGB, 0 to 255",
            "preparation": preparation,
            "clahe": None if clahe is None else _as_json(clahe),
        },
        "outputs": {
            "probabilities": {"shape": [None, len(card.classes)], "classes": list(card.classes)},
            "features": {"shape": [None, *graph.output["features"].shape[1:]]},
        },
        "bytes": folder_bytes(folder),
        "files": {
            path.relative_to(folder).as_posix(): {
                "bytes": path.stat().st_size,
                "sha256": sha256_file(path),
            }
            for path in files
        },
        "checked": checked,
        "versions": {"keras": keras.__version__, "tensorflow": tf.__version__},
        "card": _as_json(card),
    }


def _as_json(value: Any) -> Any:
    return value.model_dump(mode="json") if hasattr(value, "model_dump") else dict(value)
