#!/usr/bin/env bash
# seaborn 0.13.2's box plot warns under matplotlib 3.11, whatever data and options it is given: it
# passes `vert` to Axes.bxp, which matplotlib deprecates in favour of `orientation`. Other plots of
# distributions do not.
#
# Makes a virtual environment in a temporary folder, installs pinned public packages with pip,
# draws, and removes the folder. Exit status: 0 if the warning is seen as described, 1 if not.
# Another Python than python3: PYTHON=python3.13 bash seaborn_boxplot_vert.sh
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

"${PYTHON:-python3}" -m venv "$folder/venv"
python=$folder/venv/bin/python
"$python" -m pip install --quiet --disable-pip-version-check \
    seaborn==0.13.2 matplotlib==3.11.2 pandas==3.1.1

# -P and an empty working folder: nothing but the packages above is imported.
cd "$folder"
MPLBACKEND=agg MPLCONFIGDIR=$folder "$python" -P - <<'PYTHON'
import platform
import sys
import warnings

import matplotlib
import matplotlib.pyplot as plt
import numpy
import pandas
import seaborn

print("Python", platform.python_version())
for package in (seaborn, matplotlib, pandas, numpy):
    print(package.__name__, package.__version__)

table = pandas.DataFrame({"group": ["a"] * 5 + ["b"] * 5, "value": range(10)})


def messages(draw, **options):
    """Warnings of one plot, as their category and text."""
    _, ax = plt.subplots()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        draw(table, x="group", y="value", ax=ax, **options)
    plt.close("all")
    return [f"{warning.category.__name__}: {warning.message}" for warning in caught]


plots = ("boxplot", "boxenplot", "violinplot", "stripplot", "swarmplot", "pointplot", "barplot")
seen = {name: messages(getattr(seaborn, name)) for name in plots}
seen["boxplot(orient='x')"] = messages(seaborn.boxplot, orient="x")
_, ax = plt.subplots()
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    ax.boxplot([range(5), range(5, 10)], orientation="vertical")
seen["matplotlib's boxplot(orientation=...)"] = [str(warning.message) for warning in caught]

for name, found in seen.items():
    print(f"{name}: {'; '.join(sorted(set(found))) or 'no warning'}")

as_described = all(
    any("vert" in text and "deprecat" in text for text in found)
    if name.startswith("boxplot")
    else not found
    for name, found in seen.items()
)
print("as described" if as_described else "NOT as described: look again whether boxplot can be used")
sys.exit(not as_described)
PYTHON
