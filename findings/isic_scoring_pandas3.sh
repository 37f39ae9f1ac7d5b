#!/usr/bin/env bash
# The ISIC challenge's own scorer, isic-challenge-scoring 5.6.0, scores no file under pandas 3: a
# perfect submission ends in AttributeError, because it calls DataFrame.applymap, which pandas
# deprecated in 2.1 and took out in 3.0. Its requirements name no upper bound, so that pip installs
# the two together. Under pandas 2 the same two files are scored.
#
# Makes two virtual environments in a temporary folder, installs pinned public packages with pip,
# scores a submission of seven images, and removes the folder. Exit status: 0 if all is as
# described, 1 if not. Another Python than python3: PYTHON=python3.13 bash THIS_FILE
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

for version in 3.1.1 2.3.3; do
    "${PYTHON:-python3}" -m venv "$folder/$version"
    "$folder/$version/bin/python" -m pip install --quiet --disable-pip-version-check \
        isic-challenge-scoring==5.6.0 pandas=="$version" numpy==2.4.6 scikit-learn==1.9.1
done

# One image of each class, each given the probability 1 for its class. An empty working folder:
# nothing but the packages above is imported.
cd "$folder"
"$folder/3.1.1/bin/python" -P - <<'PYTHON'
import pathlib

classes = "MEL NV BCC AKIEC BKL DF VASC".split()
lines = [",".join(["image", *classes])]
for place, name in enumerate(classes):
    cells = ["1.0" if name == other else "0.0" for other in classes]
    lines.append(",".join([f"ISIC_{place:07d}", *cells]))
for file in ("truth.csv", "submission.csv"):
    pathlib.Path(file).write_text("\n".join(lines) + "\n")
PYTHON

for version in 3.1.1 2.3.3; do
    "$folder/$version/bin/python" -W ignore -m isic_challenge_scoring -o json \
        classification truth.csv submission.csv >"$version.out" 2>"$version.err" || true
done

"$folder/3.1.1/bin/python" -P - <<'PYTHON'
import pathlib
import platform
import sys

print("Python", platform.python_version())
said = {}
for version in ("3.1.1", "2.3.3"):
    output, error = (pathlib.Path(f"{version}.{end}").read_text() for end in ("out", "err"))
    overall = [line.strip() for line in output.splitlines() if '"overall"' in line]
    said[version] = overall[0] if overall else (error.strip().splitlines() or ["nothing"])[-1]
    print(f"pandas {version}: {said[version]}")

as_described = "applymap" in said["3.1.1"] and said["2.3.3"].startswith('"overall": 1.0')
print("as described" if as_described else "NOT as described: look again which pandas it works with")
sys.exit(not as_described)
PYTHON
