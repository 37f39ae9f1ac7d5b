"""Convert a SavedModel to graph models of TensorFlow.js.

In a process of its own (``python -m helpers.serving.exports``), because the
converter needs modules to be put in place of libraries that it imports on loading and never calls
on this way: JAX, Keras 2, TensorFlow Hub and Decision Forests.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from helpers.core import ConfigError, read_json
from helpers.models import import_keras

NEEDLESS = ("flax", "jax", "tensorflow_decision_forests", "tensorflow_hub", "tf_keras")
SHARD_BYTES = 16 * 2**20
"""One file of weights for any model of this book that suits a browser."""

INSTALL = "pip install --no-deps tensorflowjs==4.22.0"


class _Stub(ModuleType):
    """A module of which any name may be imported and none used."""

    __path__: list[str] = []  # noqa: RUF012

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _Stub(f"{self.__name__}.{name}")


class _StubFinder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds stubs for `NEEDLESS`, whether they are installed or not."""

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> Any:
        if fullname.partition(".")[0] not in NEEDLESS:
            return None
        return importlib.machinery.ModuleSpec(fullname, self, is_package=True)

    def create_module(self, spec: Any) -> ModuleType:
        return _Stub(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        return None


def convert(saved_model: Path, outputs: Mapping[str, Path]) -> None:
    """Convert in this process, whose modules are not to be used for anything else afterwards.

    Parameters
    ----------
    saved_model : Path
        With a signature ``serving_default``.
    outputs : mapping of {"float32", "float16"} to Path
        How weights are stored, and where ``model.json`` and they go. A browser computes in 32
        bits with either.
    """
    sys.meta_path.insert(0, _StubFinder())
    import_keras()
    from tensorflowjs.converters import tf_saved_model_conversion_v2

    for precision, folder in outputs.items():
        tf_saved_model_conversion_v2.convert_tf_saved_model(
            str(saved_model),
            str(folder),
            quantization_dtype_map={"float16": True} if precision == "float16" else None,
            use_structured_outputs_names=True,
            weight_shard_size_bytes=SHARD_BYTES,
        )
        _sort_outputs(folder / "model.json")


def _sort_outputs(path: Path) -> None:
    """Bring a graph model's outputs into the order of their names.

    A browser takes the first output for the first of ``structuredOutputKeys``, which are sorted,
    but the converter writes the outputs in an order that differs from run to run.
    """
    description = read_json(path)
    outputs = description["signature"]["outputs"]
    names = description["userDefinedMetadata"]["structuredOutputKeys"]
    description["signature"]["outputs"] = {name: outputs[name] for name in names}
    path.write_text(json.dumps(description, separators=(",", ":")), encoding="utf-8")


def convert_apart(saved_model: Path, outputs: Mapping[str, Path]) -> None:
    """Convert in a child process; see `convert`.

    Raises
    ------
    ConfigError
        If the converter is not installed, or fails; the message ends with what it said.
    """
    if importlib.util.find_spec("tensorflowjs") is None:
        raise ConfigError(
            f"export to tfjs: expected the package tensorflowjs, but it is not installed; "
            f"run 'make setup', or '{INSTALL}'"
        )
    command = [sys.executable, "-m", "helpers.serving.exports", str(saved_model)]
    command += [f"{precision}={folder}" for precision, folder in outputs.items()]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    lacking = [name for name, folder in outputs.items() if not (folder / "model.json").is_file()]
    if done.returncode != 0 or lacking:
        last = "\n".join(done.stderr.strip().splitlines()[-8:])
        raise ConfigError(
            f"export to tfjs: expected the converter to end well, but it ended with status "
            f"{done.returncode}:\n{last}"
        )


def main(arguments: Sequence[str]) -> None:
    """Convert what the command line names."""
    saved_model, *outputs = arguments
    pairs = (output.split("=", 1) for output in outputs)
    convert(Path(saved_model), {precision: Path(folder) for precision, folder in pairs})
