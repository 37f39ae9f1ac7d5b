#!/usr/bin/env bash
# With oneDNN's operations TensorFlow 2.21.0 takes many times as long for the gradient of a depthwise
# kernel where the map is narrower than the kernel: on 2x2 maps a kernel of 3x3 costs more than ten
# times what the same values cost once the border of zeros is written out and the gradient asked for
# without it. Without oneDNN there is no such difference.
#
# oneDNN is on by default where the CPU has AVX-512, and on request elsewhere, where it halves most
# other operations of a convolutional network. Networks such as EfficientNet end in such maps where the
# pictures are small (64 pixels a side give 2x2). Both ways give the same gradient.
#
# Makes a virtual environment in a temporary folder, installs pinned public packages with pip, times
# both ways in turns, with and without oneDNN, and removes the folder. Exit status: 0 if the first
# takes more than four times as long on 2x2 maps with oneDNN, less than twice as long without, and
# less than twice as long on 14x14 maps in either case; 1 if not. Another Python than python3:
# PYTHON=python3.13 bash THIS_FILE
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

"${PYTHON:-python3}" -m venv "$folder/venv"
python=$folder/venv/bin/python
"$python" -m pip install --quiet --disable-pip-version-check \
    tensorflow-cpu==2.21.0 numpy==2.4.6

# -P and an empty working folder: nothing but the packages above is imported.
cd "$folder"
cat >times.py <<'PYTHON'
import platform
import sys
import time

import numpy
import tensorflow as tf

print("Python", platform.python_version())
for package in (tf, numpy):
    print(package.__name__, package.__version__)
tf.config.threading.set_intra_op_parallelism_threads(1)
ROUNDS = 7


@tf.function(autograph=False)
def same(x, upstream, shape):
    """The gradient where the operation knows of the border."""
    return tf.raw_ops.DepthwiseConv2dNativeBackpropFilter(
        input=x,
        filter_sizes=shape,
        out_backprop=upstream,
        strides=[1, 1, 1, 1],
        padding="SAME",
    )


@tf.function(autograph=False)
def valid(x, upstream, shape):
    """The gradient where a border of zeros is part of the map."""
    border = shape[0] // 2
    return tf.raw_ops.DepthwiseConv2dNativeBackpropFilter(
        input=tf.pad(x, [(0, 0), (border, border), (border, border), (0, 0)]),
        filter_sizes=shape,
        out_backprop=upstream,
        strides=[1, 1, 1, 1],
        padding="VALID",
    )


def times_as_long(side, channels, size):
    """Time of the first way over that of the second."""
    random = tf.random.Generator.from_seed(0)
    x = random.normal((32, side, side, channels))
    upstream = random.normal((32, side, side, channels))
    shape = (size, size, channels, 1)
    difference = tf.reduce_max(tf.abs(same(x, upstream, shape) - valid(x, upstream, shape)))
    assert difference < 1e-2, difference
    seconds = numpy.empty((ROUNDS, 2))
    for number in range(ROUNDS):
        for place, way in enumerate((same, valid)):
            start = time.perf_counter()
            way(x, upstream, shape).numpy()
            seconds[number, place] = time.perf_counter() - start
    first, second = numpy.median(seconds, axis=0) * 1000
    print(
        f"{size}x{size} on {side}x{side}x{channels}: SAME {first:.1f} ms, "
        f"border and VALID {second:.1f} ms, {first / second:.1f} times"
    )
    return first / second


small, large = times_as_long(2, 2304, 3), times_as_long(14, 240, 5)
slow = sys.argv[1] == "1"
sys.exit(not ((small > 4 if slow else small < 2) and large < 2))
PYTHON
for onednn in 1 0; do
    echo "TF_ENABLE_ONEDNN_OPTS=$onednn"
    TF_ENABLE_ONEDNN_OPTS=$onednn TF_CPP_MIN_LOG_LEVEL=3 "$python" -P times.py "$onednn"
done
