#!/usr/bin/env bash
# Installing jupyter-events 0.12.1 (JupyterLab brings it) makes `import nbformat` several times as
# slow in every process that reads a notebook, kernels' clients and nbconvert among them. It asks for
# jsonschema[format-nongpl]; that brings rfc3987-syntax 1.1.0, which jsonschema imports with itself;
# and importing it builds an Earley parser for each rule of the grammar of internationalised
# addresses, dozens of them, though no address is looked at. An environment that only executes and
# converts notebooks starts faster without JupyterLab in it.
#
# Makes a virtual environment in a temporary folder, installs pinned public packages with pip, imports
# nbformat with and without rfc3987-syntax in sight, three times each, and removes the folder. Exit
# status: 0 if all is seen as described, 1 if not. Another Python than python3:
# PYTHON=python3.13 bash nbformat_iri_grammar.sh
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

"${PYTHON:-python3}" -m venv "$folder/venv"
python=$folder/venv/bin/python
"$python" -m pip install --quiet --disable-pip-version-check \
    nbformat==5.11.1 jupyter-events==0.12.1 jsonschema==4.26.0 rfc3987-syntax==1.1.0 lark==1.3.1

# -P and an empty working folder: nothing but the packages above is imported.
cd "$folder"
"$python" -P - <<'PYTHON'
import platform
import subprocess
import sys
from importlib.metadata import requires, version

print("Python", platform.python_version())
for package in ("nbformat", "jupyter-events", "jsonschema", "rfc3987-syntax", "lark"):
    print(package, version(package))

TIMED = """
import sys, time
if not {there}:
    sys.modules["rfc3987_syntax"] = None  # as if it were not installed: jsonschema allows for that
began = time.perf_counter()
import nbformat
print(time.perf_counter() - began)
"""
COUNTED = """
import lark
made, plain = [], lark.Lark.__init__
def counted(self, *arguments, **options):
    made.append(options.get("parser"))
    plain(self, *arguments, **options)
lark.Lark.__init__ = counted
import nbformat
print(len(made), made.count("earley"))
"""


def printed(program):
    done = subprocess.run([sys.executable, "-P", "-c", program], capture_output=True, check=True)
    return done.stdout.decode().split()


with_it, without = (
    min(float(printed(TIMED.format(there=there))[0]) for _ in range(3)) for there in (True, False)
)
parsers, earley = map(int, printed(COUNTED))
asked = any(line.startswith("jsonschema[format-nongpl]") for line in requires("jupyter-events"))
print(f"jupyter-events asks for jsonschema[format-nongpl]: {asked}")
print(f"import nbformat: {with_it:.2f} s with rfc3987-syntax, {without:.2f} s without it")
print(f"parsers built by the import: {parsers}, of them Earley's: {earley}")
as_described = asked and with_it > 2 * without and earley >= 24
print("as described" if as_described else "NOT as described: look again what the import costs")
sys.exit(not as_described)
PYTHON
