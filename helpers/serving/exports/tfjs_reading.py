"""Read a TensorFlow.js graph model back, from its files, into a function of TensorFlow.

This is how an export for the browser is checked where there is no browser: what is computed is
what ``model.json`` and the weight files say. The arithmetic of a browser is not part of it.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from helpers.core import ConfigError, read_json

Outputs = dict[str, NDArray[np.float32]]

_FUSED = "FusedDepthwiseConv2dNative"
"""An operation that TensorFlow.js has and TensorFlow has not."""


def read_weights(folder: Path, manifest: list[dict[str, Any]]) -> dict[str, NDArray[Any]]:
    """Weights by name, from the files that a manifest names.

    Raises
    ------
    ConfigError
        If the files hold more or fewer bytes than the manifest says.
    """
    weights: dict[str, NDArray[Any]] = {}
    for group in manifest:
        content = b"".join((folder / name).read_bytes() for name in group["paths"])
        start = 0
        for weight in group["weights"]:
            stored = np.dtype(weight.get("quantization", weight)["dtype"])
            stop = start + stored.itemsize * prod(weight["shape"])
            if stop > len(content):
                break
            values = np.frombuffer(content[start:stop], stored).reshape(weight["shape"])
            weights[weight["name"]] = values.astype(weight["dtype"])
            start = stop
        if start != len(content) or len(weights) < len(group["weights"]):
            raise ConfigError(
                f"{folder}: expected weights of the sizes that model.json tells, but got "
                f"{len(content)} bytes; export the model again"
            )
    return weights


def read_graph_model(folder: Path) -> Callable[[NDArray[Any]], Outputs]:
    """Open a graph model.

    Parameters
    ----------
    folder : Path
        With ``model.json`` and the weight files beside it.

    Returns
    -------
    callable
        Takes images of shape (n_images, height, width, 3), RGB in 0..255; returns the outputs by
        name.
    """
    import tensorflow as tf
    from google.protobuf.json_format import ParseDict

    description = read_json(folder / "model.json")
    graph = ParseDict(description["modelTopology"], tf.compat.v1.GraphDef())
    weights = read_weights(folder, description["weightsManifest"])
    for node in graph.node:
        if node.op == "Const":
            node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(weights[node.name]))
    _split_fused(graph)
    signature = description["signature"]
    names = description["userDefinedMetadata"]["structuredOutputKeys"]
    inputs = [value["name"] for value in signature["inputs"].values() if "resourceId" not in value]
    outputs = [value["name"] for value in signature["outputs"].values()]

    def imported() -> None:
        tf.graph_util.import_graph_def(graph, name="")

    wrapped = tf.compat.v1.wrap_function(imported, [])
    pruned = wrapped.prune(inputs, outputs)

    def compute(images: NDArray[Any]) -> Outputs:
        found = pruned(tf.constant(images, tf.float32))
        return {name: value.numpy() for name, value in zip(names, found, strict=True)}

    return compute


def _split_fused(graph: Any) -> None:
    """Put what TensorFlow has in place of each fused depthwise convolution, in order."""
    from tensorflow.core.framework import node_def_pb2

    for node in [node for node in graph.node if node.op == _FUSED]:
        fused = [name.decode() for name in node.attr["fused_ops"].list.s]
        following = [name for name in fused if name != "NoOp"]
        bias = node.input[2] if "BiasAdd" in following else ""
        convolution = node_def_pb2.NodeDef()
        convolution.CopyFrom(node)
        convolution.op, convolution.name = "DepthwiseConv2dNative", f"{node.name}/apart"
        del convolution.input[2:]
        for name in ("fused_ops", "num_args", "epsilon", "leakyrelu_alpha"):
            convolution.attr.pop(name, None)
        added = [convolution]
        for operation in following:
            step = node_def_pb2.NodeDef(op=operation, name=f"{node.name}/{operation}")
            step.input.append(added[-1].name)
            if operation == "BiasAdd":
                step.input.append(bias)
            step.attr["T"].CopyFrom(node.attr["T"])
            added.append(step)
        added[-1].name = node.name
        graph.node.remove(node)
        graph.node.extend(added)
