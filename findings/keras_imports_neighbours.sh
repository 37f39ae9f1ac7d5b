#!/usr/bin/env bash
# Keras 3.15.1 imports scikit-learn, scipy.stats and matplotlib.pyplot with itself wherever they are installed,
# for its wrappers and its galleries of pictures, whether or not anybody asks for those: "import keras" then
# reads some seven hundred modules more than where they are not installed. A process that only trains pays for
# that with each start. Hidden from the import (None in sys.modules), they are not missed: a network trains to
# the same loss, both can be imported afterwards, and only the wrappers say that they lack scikit-learn.
#
# Makes a virtual environment in a temporary folder, installs pinned public packages with pip, imports Keras
# both ways in processes of their own, trains a small network in each, and removes the folder. Exit status: 0
# if all is seen as described, 1 if not. Another Python than python3: PYTHON=python3.13 bash findings/keras_imports_neighbours.sh
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

"${PYTHON:-python3}" -m venv "$folder/venv"
python=$folder/venv/bin/python
"$python" -m pip install --quiet --disable-pip-version-check \
    keras==3.15.1 jax==0.10.2 numpy==2.4.6 scipy==1.17.1 scikit-learn==1.9.1 matplotlib==3.11.2

cat >"$folder/start.py" <<'PYTHON'
import json
import sys

hidden = sys.argv[1:]
sys.modules.update(dict.fromkeys(hidden))
before = set(sys.modules)
import keras

for name in hidden:
    del sys.modules[name]
found = set(sys.modules) - before

import numpy as np

keras.utils.set_random_seed(0)
x, y = np.random.rand(64, 5).astype("f4"), np.random.rand(64, 1).astype("f4")
model = keras.Sequential([keras.Input((5,)), keras.layers.Dense(1)])
model.compile("sgd", "mse")
loss = model.fit(x, y, epochs=3, verbose=0).history["loss"]

import matplotlib.pyplot
import sklearn.metrics

try:
    keras.wrappers.SKLearnRegressor(model)
    wrapper = "can be made"
except ImportError as error:
    wrapper = "lacks " + ("scikit-learn" if "scikit-learn" in str(error) else str(error))
neighbours = [name for name in ("sklearn", "scipy.stats", "matplotlib.pyplot") if name in found]
print(json.dumps({"neighbours": neighbours, "modules": len(found), "loss": loss, "wrapper": wrapper}))
PYTHON

# -P and an empty working folder: nothing but the packages above is imported.
cd "$folder"
export KERAS_HOME=$folder KERAS_BACKEND=jax JAX_PLATFORMS=cpu MPLBACKEND=agg
"$python" -P start.py 2>errors.txt >plain.json || { cat errors.txt; exit 1; }
"$python" -P start.py sklearn matplotlib 2>errors.txt >hidden.json || { cat errors.txt; exit 1; }
"$python" -P - <<'PYTHON'
import json
import platform
import sys
from importlib.metadata import version
from pathlib import Path

names = ("keras", "jax", "scikit-learn", "matplotlib")
print("Python", platform.python_version(), *(f"{name} {version(name)}" for name in names))
plain, hidden = (json.loads(Path(f"{n}.json").read_text()) for n in ("plain", "hidden"))
print(f"imported with Keras: {', '.join(plain['neighbours'])}; {plain['modules']:,} modules in all")
print(f"with two hidden: {', '.join(hidden['neighbours']) or 'none of them'}; {hidden['modules']:,} modules")
print(f"losses: {plain['loss']} and {hidden['loss']}")
print(f"keras.wrappers.SKLearnRegressor: {plain['wrapper']}, {hidden['wrapper']}")
as_described = (
    plain["neighbours"] == ["sklearn", "scipy.stats", "matplotlib.pyplot"]
    and hidden["neighbours"] == []
    and plain["modules"] - hidden["modules"] > 600
    and plain["loss"] == hidden["loss"]
    and (plain["wrapper"], hidden["wrapper"]) == ("can be made", "lacks scikit-learn")
)
sys.exit(not as_described)
PYTHON
