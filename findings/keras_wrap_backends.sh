#!/usr/bin/env bash
# keras.ops.image.affine_transform with fill_mode="wrap" shows other pixels by backend, in Keras 3.15.1:
# between the last pixel and the first JAX blends the two, TensorFlow repeats the last. And
# fill_mode="mirror" is a transformation with one and a ValueError with the other. "constant",
# "nearest" and "reflect" agree. An augmentation that wraps is not the same after a change of backend.
#
# Makes a virtual environment in a temporary folder, installs pinned public packages with pip, shifts
# a row of eight pixels by two and a half, and removes the folder. Exit status: 0 if all is seen as
# described, 1 if not. Another Python than python3: PYTHON=python3.13 bash keras_wrap_backends.sh
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

"${PYTHON:-python3}" -m venv "$folder/venv"
python=$folder/venv/bin/python
"$python" -m pip install --quiet --disable-pip-version-check \
    keras==3.15.1 tensorflow-cpu==2.21.0 numpy==2.4.6 jax==0.10.2

# -P and an empty working folder: nothing but the packages above is imported.
cd "$folder"
cat >shift.py <<'PYTHON'
import json
import sys
from importlib.metadata import version

import keras
import numpy as np

name = keras.backend.backend()
print("Keras", keras.__version__, "on", name, version("tensorflow-cpu" if name == "tensorflow" else name))
row = np.arange(8, dtype=np.float32).reshape(1, 1, 8, 1)
picture = np.repeat(row, 8, axis=1)
shift = np.array([[1, 0, -2.5, 0, 1, 0, 0, 0]], dtype=np.float32)
found = {}
for mode in ("constant", "nearest", "reflect", "wrap", "mirror"):
    try:
        moved = keras.ops.image.affine_transform(
            picture, shift, "bilinear", mode, 0.0, data_format="channels_last"
        )
        found[mode] = keras.ops.convert_to_numpy(moved)[0, 0, :, 0].round(3).tolist()
    except ValueError:
        found[mode] = "ValueError"
    print(f"  {mode:9}", found[mode])
with open(sys.argv[1], "w") as file:
    json.dump(found, file)
PYTHON
"$python" --version
for backend in jax tensorflow; do
    JAX_PLATFORMS=cpu TF_CPP_MIN_LOG_LEVEL=3 KERAS_HOME=$folder KERAS_BACKEND=$backend \
        "$python" -P shift.py "$backend.json" 2>errors.txt || { cat errors.txt; exit 1; }
done
"$python" -P - <<'PYTHON'
import json
import sys

one, other = (json.load(open(f"{name}.json")) for name in ("jax", "tensorflow"))
as_described = (
    all(one[mode] == other[mode] for mode in ("nearest", "reflect"))
    and one["wrap"][2] == 3.5
    and other["wrap"][2] == 7.0
    and one["wrap"][3:] == other["wrap"][3:]
    and one["mirror"][:3] == [2.5, 1.5, 0.5]
    and other["mirror"] == "ValueError"
)
print("as described" if as_described else "NOT as described: look again where the backends agree")
sys.exit(not as_described)
PYTHON
