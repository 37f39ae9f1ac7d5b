#!/usr/bin/env bash
# Keras' EfficientNet is another network with weights="imagenet" than with weights=FILE, in Keras 3.15.1:
# only the first divides the normalised channels once more, by the square root of ImageNet's standard
# deviations. So the file that weights="imagenet" downloads, given as a path (as one does where there is
# no network), loads without a word and gives other features. ResNet50 is the same both ways.
#
# Makes a virtual environment in a temporary folder, installs pinned public packages with pip, builds
# each network both ways from one file of random weights (Keras' download is answered with that file:
# what its values are does not matter here), and removes the folder. Exit status: 0 if all is seen as
# described, 1 if not. Another Python than python3: PYTHON=python3.13 bash keras_efficientnet_scale.sh
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

"${PYTHON:-python3}" -m venv "$folder/venv"
python=$folder/venv/bin/python
"$python" -m pip install --quiet --disable-pip-version-check \
    keras==3.15.1 jax==0.10.2 numpy==2.4.6

# -P and an empty working folder: nothing but the packages above is imported.
cd "$folder"
KERAS_HOME=$folder KERAS_BACKEND=jax JAX_PLATFORMS=cpu "$python" -P - <<'PYTHON' 2>errors.txt || { cat errors.txt; exit 1; }
import platform
import sys
from unittest import mock

import jax
import keras
import numpy as np

print("Python", platform.python_version(), "Keras", keras.__version__, "JAX", jax.__version__)
pixels = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3)).astype(np.float32)
options = {"include_top": False, "input_shape": (32, 32, 3), "pooling": "avg"}


def difference(name):
    """Largest difference of a feature between the two ways, as a share of the largest feature."""
    build = getattr(keras.applications, name)
    keras.utils.set_random_seed(0)
    path = f"{name}.weights.h5"
    build(weights=None, **options).save_weights(path)
    with mock.patch("keras.src.utils.file_utils.get_file", return_value=path):
        by_name = build(weights="imagenet", **options)
    by_path = build(weights=path, **options)
    first, second = (model.predict(pixels, verbose=0) for model in (by_name, by_path))
    scales = [
        sum(isinstance(layer, keras.layers.Rescaling) for layer in model.layers)
        for model in (by_name, by_path)
    ]
    share = float(np.abs(first - second).max() / np.abs(first).max())
    print(f"{name}: Rescaling layers {scales[0]} and {scales[1]}, features differ by {share:.3f}")
    return scales, share


efficient, plain = difference("EfficientNetB0"), difference("ResNet50")
as_described = (
    efficient[0] == [2, 1] and efficient[1] > 0.01 and plain[0] == [0, 0] and plain[1] < 1e-5
)
print("as described" if as_described else "NOT as described: look again what a file of weights gives")
sys.exit(not as_described)
PYTHON
