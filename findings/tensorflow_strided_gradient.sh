#!/usr/bin/env bash
# TensorFlow 2.21.0 takes two to four times as long on a CPU for the gradient of every second row and
# column of a map, x[:, ::2, ::2], as for that of the same values taken by reshape and slice: an axis
# of 14 becomes axes of 7 and 2, of which the first of the two is kept.
#
# Residual networks take such maps where a convolution of 1x1 has strides of 2. Output and gradient of
# both ways are equal to the last bit.
#
# Makes a virtual environment in a temporary folder, installs pinned public packages with pip, times
# both ways in turns, and removes the folder. Exit status: 0 if the gradient takes at least twice as
# long by strides on both maps; 1 if not. Another Python than python3:
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
ROUNDS = 31


def by_strides(x):
    return x[:, ::2, ::2]


def by_reshape(x):
    height, width, channels = x.shape[1:]
    x = tf.reshape(x, (-1, height // 2, 2, width // 2, 2, channels))
    x = tf.slice(x, [0] * 6, [-1, height // 2, 1, width // 2, 1, channels])
    return tf.reshape(x, (-1, height // 2, width // 2, channels))


def gradient_of(way):
    @tf.function(autograph=False)
    def gradient(x, upstream):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = way(x)
        return tape.gradient(y, x, output_gradients=upstream)

    return gradient


gradients = [gradient_of(way) for way in (by_strides, by_reshape)]
ratios = []
for side, channels in ((14, 256), (8, 512)):
    random = tf.random.Generator.from_seed(0)
    x = random.normal((16, side, side, channels))
    upstream = random.normal((16, side // 2, side // 2, channels))
    numpy.testing.assert_array_equal(by_strides(x).numpy(), by_reshape(x).numpy())
    first, second = (gradient(x, upstream).numpy() for gradient in gradients)
    numpy.testing.assert_array_equal(first, second)
    seconds = numpy.empty((ROUNDS, 2))
    for number in range(ROUNDS):
        for place, gradient in enumerate(gradients):
            start = time.perf_counter()
            gradient(x, upstream).numpy()
            seconds[number, place] = time.perf_counter() - start
    first, second = seconds.min(axis=0) * 1000
    ratios.append(first / second)
    print(f"{side}x{side}x{channels}: by strides {first:.2f} ms, by reshape and slice "
          f"{second:.2f} ms, {ratios[-1]:.1f} times")
sys.exit(int(min(ratios) < 2))
PYTHON
TF_CPP_MIN_LOG_LEVEL=3 "$python" -P times.py
