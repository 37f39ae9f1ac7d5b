#!/usr/bin/env bash
# pandoc 3.9 writes formulas for Typst with names that Typst 0.15.2 does not know: a notebook with
# an intersection or a tensor product converts without a warning and then does not compile.
#
# Seen: \cap, \bigcap and \sqcap become sect, sect.big and sect.sq ("unknown variable: sect");
# \otimes, \odot and \bigotimes become times.circle, dot.circle and times.circle.big ("unknown symbol
# modifier"). \cup, \oplus, \in and \langle compile.
#
# Makes a virtual environment in a temporary folder, installs pinned public packages with pip,
# converts and compiles each formula, and removes the folder. Exit status: 0 if the six do not compile
# and the four do, 1 if not. Another Python than python3: PYTHON=python3.13 bash THIS_FILE
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

"${PYTHON:-python3}" -m venv "$folder/venv"
python=$folder/venv/bin/python
"$python" -m pip install --quiet --disable-pip-version-check pypandoc-binary==1.17 typst==0.15.2

# -P and an empty working folder: nothing but the packages above is imported.
cd "$folder"
cat >formulas.py <<'PYTHON'
import platform
import sys
from importlib.metadata import version
from pathlib import Path

import pypandoc
import typst

print("Python", platform.python_version())
print("pandoc", pypandoc.get_pandoc_version(), "typst", version("typst"))
REFUSED = (r"\cap", r"\bigcap", r"\sqcap", r"\otimes", r"\odot", r"\bigotimes")
ACCEPTED = (r"\cup", r"\oplus", r"\in", r"\langle")
as_seen = True
for command in REFUSED + ACCEPTED:
    text = pypandoc.convert_text(f"$A {command} B$", "typst", format="markdown").strip()
    Path("formula.typ").write_text(text)
    try:
        typst.compile("formula.typ")
        told = "compiles"
    except Exception as error:
        told = str(error).splitlines()[0]
    print(f"{command:12} {text:24} {told}")
    as_seen &= (told == "compiles") == (command in ACCEPTED)
sys.exit(not as_seen)
PYTHON
"$python" -P formulas.py
