#!/usr/bin/env bash
# A notebook that leaves by sys.exit(0) in its middle is a success to papermill 2.7.0: nothing is
# raised, and the executed notebook is written under its final name, with that cell marked "failed"
# and the cells behind it "pending": they were never run. sys.exit(1) raises. Who publishes what
# papermill returns has to look at the status of its cells.
#
# Makes a virtual environment in a temporary folder, installs pinned public packages with pip,
# executes two notebooks, and removes the folder. Exit status: 0 if all is seen as described, 1 if
# not. Another Python than python3: PYTHON=python3.13 bash papermill_exit_zero.sh
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

"${PYTHON:-python3}" -m venv "$folder/venv"
python=$folder/venv/bin/python
"$python" -m pip install --quiet --disable-pip-version-check \
    papermill==2.7.0 nbclient==0.11.0 nbformat==5.10.4 ipykernel==7.4.0 ipython==9.10.0

# -P and an empty working folder: nothing but the packages above is imported.
cd "$folder"
export IPYTHONDIR=$folder JUPYTER_CONFIG_DIR=$folder JUPYTER_PATH=$folder/venv/share/jupyter
export JUPYTER_DATA_DIR=$folder/data JUPYTER_PLATFORM_DIRS=1
"$python" -P - <<'PYTHON' 2>errors.txt || { cat errors.txt; exit 1; }
import platform
import sys
from importlib.metadata import version

import nbformat
import papermill

print("Python", platform.python_version())
for package in ("papermill", "nbclient", "ipykernel"):
    print(package, version(package))


def execute(status):
    """What papermill raised, and status and outputs of the three cells."""
    book = nbformat.v4.new_notebook(
        metadata={"kernelspec": {"name": "python3", "display_name": "", "language": "python"}}
    )
    sources = ('print("first")', f"import sys; sys.exit({status})", 'print("third")')
    book.cells = [nbformat.v4.new_code_cell(source) for source in sources]
    nbformat.write(book, "book.ipynb")
    raised = None
    try:
        papermill.execute_notebook("book.ipynb", f"{status}.ipynb", progress_bar=False)
    except papermill.PapermillExecutionError as error:
        raised = f"{error.ename}: {error.evalue}"
    cells = [cell for cell in nbformat.read(f"{status}.ipynb", 4).cells if cell.cell_type == "code"]
    found = {
        cell.source: (
            cell.metadata.papermill.status,
            [output.get("ename", output.output_type) for output in cell.outputs],
        )
        for cell in cells
    }
    print(f"sys.exit({status}): raised {raised}")
    for source in sources:
        print(f"  {source:28}", *found[source])
    return raised, found


raised, cells = execute(0)
failed, _ = execute(1)
as_described = (
    raised is None
    and [status for status, _ in cells.values()] == ["completed", "failed", "pending"]
    and failed == "SystemExit: 1"
)
print("as described" if as_described else "NOT as described: look again what papermill returns")
sys.exit(not as_described)
PYTHON
