#!/usr/bin/env bash
# Keras 3.15.1's ImageDataGenerator moves pictures sideways for `height_shift_range` and up and down
# for `width_shift_range`; it turns an oblong picture about a point that is not its centre; and
# `brightness_range` makes a picture with values in 0..1 black.
#
# The generator hands the draw of the height to `tx` and that of the width to `ty`; its affine map
# takes `tx` for columns since Keras 3. Height and width are exchanged where it looks for the centre,
# which a square picture does not show. Brightness goes through a picture of 8 bits without scaling.
#
# Makes a virtual environment in a temporary folder, installs pinned public packages with pip,
# shifts, turns and brightens pictures of a few pixels, and removes the folder. Exit status: 0 if
# all is as described, 1 if not. Another Python than python3: PYTHON=python3.13 bash THIS_FILE
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

"${PYTHON:-python3}" -m venv "$folder/venv"
python=$folder/venv/bin/python
"$python" -m pip install --quiet --disable-pip-version-check \
    keras==3.15.1 jax==0.10.2 numpy==2.4.6 scipy==1.17.1 pillow==13.0.0

# -P and an empty working folder: nothing but the packages above is imported.
cd "$folder"
KERAS_BACKEND=jax KERAS_HOME=$folder "$python" -P - <<'PYTHON'
import platform
import sys

import keras
import numpy
import PIL
import scipy
from keras.src.legacy.preprocessing.image import ImageDataGenerator

print("Python", platform.python_version())
for package in (keras, numpy, scipy, PIL):
    print(package.__name__, package.__version__)

SIZE = (21, 31)
MIDDLE = (10, 15)


def place_of_the_dot(parameters, **settings):
    """Row and column of what was the middle pixel."""
    picture = numpy.zeros((*SIZE, 3), numpy.float32)
    picture[MIDDLE] = 255
    moved = ImageDataGenerator(**settings).apply_transform(picture, parameters)
    return tuple(int(place) for place in numpy.unravel_index(moved[..., 0].argmax(), SIZE))


def drawn_for(**settings):
    """Which of the two shifts is drawn for one range."""
    drawn = ImageDataGenerator(**settings).get_random_transform((*SIZE, 3), seed=0)
    return [name for name in ("tx", "ty") if drawn[name]]


def brightened(highest):
    """Mean of a grey of one half after a brightness of 1.2, as a share of the highest value."""
    generator = ImageDataGenerator(brightness_range=(0.8, 1.2))
    picture = numpy.full((*SIZE, 3), highest / 2, numpy.float32)
    return round(float(generator.apply_transform(picture, {"brightness": 1.2}).mean()) / highest, 2)


expected = {
    "height_shift_range draws": (drawn_for(height_shift_range=0.4), ["tx"]),
    "width_shift_range draws": (drawn_for(width_shift_range=0.4), ["ty"]),
    "tx of 3 moves the dot from (10, 15) to": (place_of_the_dot({"tx": 3.0}), (10, 12)),
    "ty of 3 moves the dot from (10, 15) to": (place_of_the_dot({"ty": 3.0}), (7, 15)),
    "a quarter turn moves the middle to": (place_of_the_dot({"theta": 90.0}), (10, 5)),
    "brightness 1.2 on one half of 1": (brightened(1.0), 0.0),
    "brightness 1.2 on one half of 255": (brightened(255.0), 0.6),
}
for what, (found, described) in expected.items():
    print(f"{what}: {found}")
sys.exit(any(found != described for found, described in expected.values()))
PYTHON
