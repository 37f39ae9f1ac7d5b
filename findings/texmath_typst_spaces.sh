#!/usr/bin/env bash
# pandoc 3.9 gives the small spaces of formulas other widths in Typst than TeX gives them, by up to an
# em: \! , in TeX a sixth of an em less, becomes a whole em less, so that letters are printed over each
# other; \; , in TeX five eighteenths of an em, becomes none at all. \, and \quad come out right.
# (Known upstream as jgm/texmath#295.)
#
# Makes a virtual environment in a temporary folder, installs a pinned public package with pip, converts
# four formulas, and removes the folder. Exit status: 0 if the widths are those above, 1 if not. Another
# Python than python3: PYTHON=python3.13 bash THIS_FILE
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

"${PYTHON:-python3}" -m venv "$folder/venv"
python=$folder/venv/bin/python
"$python" -m pip install --quiet --disable-pip-version-check pypandoc-binary==1.17

# -P and an empty working folder: nothing but the package above is imported.
cd "$folder"
cat >spaces.py <<'PYTHON'
import platform
import sys

import pypandoc

print("Python", platform.python_version(), "pandoc", pypandoc.get_pandoc_version())
SEEN = {
    r"\!": "$a #h(-1em) b$",
    r"\;": "$a #h(0em) b$",
    r"\,": "$a thin b$",
    r"\quad": "$a quad b$",
}
as_seen = True
for command, expected in SEEN.items():
    text = pypandoc.convert_text(f"$a{command} b$", "typst", format="markdown").strip()
    print(f"{command:6} {text}")
    as_seen &= text == expected
sys.exit(not as_seen)
PYTHON
"$python" -P spaces.py
