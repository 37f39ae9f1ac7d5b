#!/usr/bin/env bash
# Streamlit 1.67.0 resets Keras after each run of a script, whether the script uses Keras or not: once
# any part of the process has imported it, each visitor's click calls keras.backend.clear_session().
#
# That is for the whole process and not for the visitor. A dtype policy that another thread has set, as
# one that serves a model may, is the default again, automatic names of layers begin anew, and all
# objects of the process are searched for garbage, which takes the longer the more is loaded.
#
# Makes a virtual environment in a temporary folder, installs pinned public packages with pip, runs a
# script of one line twice by Streamlit's own AppTest, looks at Keras before and after, and removes the
# folder. Exit status: 0 if all is as described, 1 if not.
# Another Python than python3: PYTHON=python3.13 bash THIS_FILE
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

"${PYTHON:-python3}" -m venv "$folder/venv"
python=$folder/venv/bin/python
"$python" -m pip install --quiet --disable-pip-version-check \
    streamlit==1.67.0 keras==3.15.1 jax==0.10.2 numpy==2.4.6

# -P and an empty working folder: nothing but the packages above is imported.
cd "$folder"
echo 'import streamlit; streamlit.write("nothing of Keras")' >page.py
KERAS_BACKEND=jax KERAS_HOME=$folder "$python" -P - 2>"$folder/log" <<'PYTHON' || { cat "$folder/log" >&2; exit 1; }
import gc
import platform
import sys

import keras
import streamlit
from streamlit.testing.v1 import AppTest

print("Python", platform.python_version())
for package in (streamlit, keras):
    print(package.__name__, package.__version__)

whole = []
gc.callbacks.append(lambda phase, info: whole.append(phase == "stop" and info["generation"] == 2))


def look():
    """The policy that is in force here, and the name that the next layer gets."""
    return keras.mixed_precision.dtype_policy().name, keras.layers.ReLU().name


keras.mixed_precision.set_dtype_policy("mixed_bfloat16")
keras.layers.ReLU()
found = {"before": look()}
page = AppTest.from_file("page.py", default_timeout=60)
searched = []
for run in ("first run", "second run"):
    if run == "second run":
        keras.mixed_precision.set_dtype_policy("mixed_bfloat16")
    whole.clear()
    page.run()
    searched.append(sum(whole) > 0)
    found[f"after the {run}"] = look()

described = {
    "before": ("mixed_bfloat16", "re_lu_1"),
    "after the first run": ("float32", "re_lu"),
    "after the second run": ("float32", "re_lu"),
}
for when, (policy, name) in found.items():
    print(f"{when}: policy {policy}, next layer {name}")
print("all objects searched for garbage in each run:", all(searched))
sys.exit(found != described or not all(searched))
PYTHON
