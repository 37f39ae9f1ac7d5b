"""Layers of Keras on their own."""

from __future__ import annotations

from typing import Any

import numpy as np


def step(layer: Any, shape: tuple[int, ...], **called: Any) -> Any:
    """Output, gradients and weights of a layer after two batches, and the operations in it."""
    import tensorflow as tf

    rng = np.random.default_rng(0)
    layer.build(shape)
    for weight in layer.weights:
        weight.assign(rng.uniform(0.5, 2, weight.shape))
    names: list[str] = []

    @tf.function
    def run(x: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.cast(layer(x, **called), "float32")
            loss = tf.reduce_sum(
                y * tf.cos(tf.reshape(tf.range(tf.size(y), dtype="float32"), y.shape))
            )
        trained = [variable.value for variable in layer.trainable_variables]
        gradients = tape.gradient(loss, [x, *trained])
        graph = tf.compat.v1.get_default_graph().as_graph_def()
        names.extend(node.op for node in graph.node)
        names.extend(node.op for function in graph.library.function for node in function.node_def)
        return y, gradients

    found = []
    for _ in range(2):
        y, gradients = run(tf.constant(rng.normal(3, 2, shape).astype("f4")))
        found += [y, *gradients]
    found += [weight.numpy() for weight in layer.weights]
    return [np.asarray(array) for array in found], names
