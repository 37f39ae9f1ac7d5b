"""Chapters on sources that say less than HAM10000 does."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd

from helpers.core import CHAPTERS, ROOT

PROGRAM = """
import json, sys
from pathlib import Path
from support.solve import run_notebook
path, source, folder = sys.argv[1:]
print(json.dumps(run_notebook(Path(path), profile="smoke", source=source, run_folder=folder)))
"""


def test_pictures_of_which_nothing_but_the_diagnosis_is_known(
    tiny_catalogue: pd.DataFrame, dermbook_home: Path, tmp_path: Path
) -> None:
    """A folder a class: chapter 2 says what is not there, and draws no empty figure."""
    for row in tiny_catalogue.itertuples():
        folder = tmp_path / "classes" / str(row.dx)
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(str(row.path), folder)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(CHAPTERS / "02_dataset.ipynb"),
         str(tmp_path / "classes"), str(tmp_path / "run")],
        cwd=ROOT,
        env=os.environ
        | {
            "DERMBOOK_HOME": str(dermbook_home),
            "DERMBOOK_CHAPTER": "02_dataset",
            "MPLBACKEND": "Agg",
            "PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}",
        },
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["error"] == ""
    for said in (
        "This source gives no ages.",
        "This source says of no image where on the body it was taken.",
        "This source does not say how its diagnoses were made.",
        "In this source no column tells one image from another",
    ):
        assert said in found["prose"]
    made = {path.stem for path in (tmp_path / "run").rglob("*.svg")}
    assert made and not any(
        name.endswith(("ages", "sexes", "sites", "dx-type")) for name in made
    ), made
