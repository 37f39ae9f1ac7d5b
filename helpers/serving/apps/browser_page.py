"""The browser page: put together for one model as a folder of static files, and served here.

Nothing of the folder is computed at its users': it can be put on any host of static files. What
the page may connect to is held down by a policy in the page itself, so that the claim that no
picture leaves the device does not rest on the host. The server of this module sends the same
policy as a header, and a few more headers that a host should send.
"""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from helpers.core import APPS, ConfigError, atomic_folder, digest, read_json, writable, write_json
from helpers.serving.apps.translations import LANGUAGES
from helpers.serving.exports import RECORD, export_model, verify_export

PAGE = APPS / "browser"
EXAMPLES = APPS / "examples"
SHARED_TEXTS = APPS / "texts"

BUILD_FILE = "build.js"
NOT_KEPT = frozenset({"README.md", "LICENSE-Apache-2.0.txt", "LICENSE-others.txt"})
"""Files that travel with the page but that it never asks for."""

CHECK_TOLERANCE = 0.02
"""Largest difference of a probability at which a browser counts as computing right. Graphics
cards of phones compute in 16 bits, and weights are stored in 16; one that computes wrongly is
wrong by much more."""


def build_web(served: Any, folder: str | Path, precision: str | None = None) -> Path:
    """Put the browser page together for a model.

    Parameters
    ----------
    served : ServedModel
        The model and its card; see `helpers.serving.model.served`.
    folder : str or Path
        Where to. An earlier build there is replaced when the new one is complete.
    precision : {"float16", "float32"}, optional
        How the weights are stored. Where None, the folder ``web`` beside the model is taken if
        there is one, else the model is converted with "float16".

    Returns
    -------
    Path
        The folder: the page, TensorFlow.js, the model as a graph model, texts, examples,
        ``page.json`` (what the page must know of the model) and ``build.js`` (the build's name
        and the checksum of each file, for the service worker).

    Raises
    ------
    ConfigError
        If the folder holds something else than an earlier build, the model cannot be shown by the
        page, or its conversion fails.
    """
    folder = Path(folder)
    if served.card.clahe is not None:
        raise ConfigError(
            f"{served.card.name}: expected a model of plain pixels, but its pictures are equalised "
            "by CLAHE, which the page does not do; serve it by 'dermbook app'"
        )
    if folder.exists() and not _may_replace(folder):
        raise ConfigError(
            f"{folder}: expected a new or empty folder or an earlier build of the page, because "
            "what stands there is replaced, but it holds other files; choose another with --out"
        )
    writable(folder.resolve().parent)
    with atomic_folder(folder) as made:
        shutil.copytree(PAGE, made, dirs_exist_ok=True, ignore=shutil.ignore_patterns("texts"))
        (made / "README.md").unlink()
        shutil.copytree(EXAMPLES, made / "examples")
        for language in LANGUAGES:
            write_json(made / "texts" / f"{language}.json", merged_texts(language))
        ready = precision is None and (Path(served.folder) / "web" / "model.json").is_file()
        if ready:
            _copy_model(Path(served.folder) / "web", made / "model")
        else:
            _convert_model(served, made / "model", precision or "float16")
        write_json(made / "page.json", page_facts(served, weight_precision(made / "model"), ready))
        _write_build(made)
    return folder


def _may_replace(folder: Path) -> bool:
    return folder.is_dir() and (not any(folder.iterdir()) or (folder / BUILD_FILE).is_file())


def merged_texts(language: str) -> dict[str, Any]:
    """The texts that both faces share, and over them the page's own."""
    shared = SHARED_TEXTS / f"{language}.json"
    own = read_json(PAGE / "texts" / f"{language}.json")
    return _merge(read_json(shared) if shared.is_file() else {}, own)


def _merge(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    both = dict(below)
    for key, value in above.items():
        nested = isinstance(value, dict) and isinstance(both.get(key), dict)
        both[key] = _merge(both[key], value) if nested else value
    return both


def _copy_model(ready: Path, folder: Path) -> None:
    verify_export(ready)
    folder.mkdir()
    names = ["model.json"]
    for group in read_json(ready / "model.json")["weightsManifest"]:
        names += group["paths"]
    for name in names:
        shutil.copyfile(ready / name, folder / name)


def _convert_model(served: Any, folder: Path, precision: str) -> None:
    pattern = check_pattern(served.card.image_size)
    export_model(served, "tfjs", folder, precision=precision, images=pattern[None])
    (folder / RECORD).unlink()


def weight_precision(folder: str | Path) -> str:
    """How a graph model for the browser stores its weights: "float16" or "float32"."""
    groups = read_json(Path(folder) / "model.json")["weightsManifest"]
    weights = [weight for group in groups for weight in group["weights"]]
    stored = {weight.get("quantization", {}).get("dtype") for weight in weights}
    return "float16" if "float16" in stored else "float32"


def page_facts(served: Any, precision: str, ready: bool = False) -> dict[str, Any]:
    """What the page must know of a model, as it stands in ``page.json``.

    Parameters
    ----------
    served : ServedModel
        The model and its card.
    precision : {"float16", "float32"}
        How the page's weights are stored.
    ready : bool, default=False
        Whether they are those that came with the model, whose scores the card may tell; the
        other scores of the card are those of the model's own weights.
    """
    card = served.card
    face = card.faces["single"]
    copy = card.browser if ready else None
    scored = face.scores if copy is None else face.scores | {"test": copy.scores}
    splits = card.data.get("splits", {}).get("train", {})
    return {
        "format": 1,
        "name": card.name,
        "licence": card.licence,
        "classes": list(card.classes),
        "malignant": card.malignant_places,
        "class_weights": list(face.class_weights or [1.0] * len(card.classes)),
        "image_size": list(card.image_size),
        "temperature": face.temperature,
        "threshold": face.malignant_threshold,
        "wanted_sensitivity": face.wanted_sensitivity,
        "scores": {
            split: {name: score.model_dump() for name, score in scores.items()}
            for split, scores in scored.items()
        },
        "scores_of": "float32" if copy is None else copy.precision,
        "precision": precision,
        "data": {
            "source": card.data.get("source"),
            "images": splits.get("images"),
            "lesions": splits.get("lesions"),
        },
        "head": head_weights(served.keras_model),
        "gate": None if card.gate is None else _gate_facts(served.gate),
        "check": {
            "probabilities": check_answer(served.keras_model, card.image_size),
            "tolerance": CHECK_TOLERANCE,
        },
    }


def head_weights(model: Any) -> dict[str, Any] | None:
    """Weights from pooled features to classes, which make a class activation map [1]_.

    Parameters
    ----------
    model : keras.Model
        As made by `helpers.models.build.build_model`.

    Returns
    -------
    dict or None
        ``shape`` (n_features, n_classes) and ``data``, see `pack`; None where the head is more
        than pooling and one dense layer, whose map would need gradients.

    References
    ----------
    .. [1] Zhou et al., "Learning deep features for discriminative localization", CVPR 2016.
    """
    head = [layer for layer in model.layers if layer.name.startswith("head_")]
    kinds = [layer.__class__.__name__ for layer in head if layer.__class__.__name__ != "Dropout"]
    if kinds != ["GlobalAveragePooling2D", "Dense"]:
        return None
    return pack(np.asarray(head[-1].get_weights()[0]))


def pack(values: NDArray[Any]) -> dict[str, Any]:
    """An array as JSON: its shape, and its float32 values, least byte first, as base64."""
    data = base64.b64encode(np.ascontiguousarray(values, dtype="<f4").tobytes())
    return {"shape": list(values.shape), "data": data.decode("ascii")}


def check_pattern(image_size: tuple[int, int]) -> NDArray[np.uint8]:
    """The picture by which the page checks that a browser computes right.

    Parameters
    ----------
    image_size : tuple of int
        (height, width).

    Returns
    -------
    ndarray of shape (height, width, 3), uint8
        The same numbers as ``checkPattern`` of the page's ``engine.js`` makes.
    """
    y, x, channel = np.indices((*image_size, 3))
    return ((x * 5 + y * 3 + channel * 71 + ((x * y) >> 5)) % 256).astype(np.uint8)


def check_answer(model: Any, image_size: tuple[int, int]) -> list[float]:
    """Keras' uncalibrated probabilities of the check picture."""
    pixels = check_pattern(image_size)[None].astype(np.float32)
    return [float(p) for p in np.asarray(model.predict_on_batch(pixels))[0]]


def _gate_facts(gate: Any) -> dict[str, Any]:
    names = ("mean", "scale", "directions", "variances")
    return {name: pack(getattr(gate, name)) for name in names} | {
        "residual": float(gate.residual),
        "threshold": float(gate.threshold),
        "quantile": float(gate.quantile),
    }


def _write_build(folder: Path) -> None:
    """Name the build by what is in it, and list its files for the service worker."""
    files = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        name = path.relative_to(folder).as_posix()
        if path.name not in NOT_KEPT and name != "sw.js":
            checksum = hashlib.sha256(path.read_bytes()).digest()
            files[name] = f"sha256-{base64.b64encode(checksum).decode('ascii')}"
    code = hashlib.sha256((folder / "sw.js").read_bytes()).hexdigest()
    build = {"id": digest({"files": files, "sw.js": code}, length=12), "files": files}
    text = json.dumps(build, indent=1, sort_keys=True)
    (folder / BUILD_FILE).write_text(f"self.BUILD = {text};\n", encoding="utf-8")
