"""Data sets of other diagnoses than the process tells apart."""

from __future__ import annotations

import pandas as pd
import pytest
from support import layouts

from helpers.cli import class_sets as command
from helpers.core.errors import DataError
from helpers.dataset import catalogue as catalogues
from helpers.dataset.catalogue import fingerprint, load_catalogue, subset
from helpers.dataset.class_sets import needed_classes
from helpers.dataset.sources import open_source
from helpers.dataset.splits import split_catalogue


@pytest.fixture
def binary(tiny_catalogue: pd.DataFrame, tmp_path):
    """A folder of benign and malignant pictures."""
    layouts.isic_2020(layouts.few(tiny_catalogue), tmp_path / "set")
    return tmp_path / "set"


def test_splitting_other_diagnoses_says_what_to_do(binary):
    """Not a KeyError in the middle of something."""
    catalogue = load_catalogue(open_source(binary))
    for divide in (split_catalogue, lambda rows: subset(rows, 20, 0)):
        with pytest.raises(DataError, match=r"DERMBOOK_CLASSES='benign,malignant!'"):
            divide(catalogue)


def test_what_a_source_needs():
    """Nothing for HAM10000 and parts of it; exactly what is there for others."""
    assert needed_classes(("mel", "nv"), fixed=True) is None
    assert needed_classes(("mel", "nv"), fixed=False) == "mel!,nv"
    assert needed_classes(("benign", "malignant"), fixed=False) == "benign,malignant!"


def test_a_report_starts_again_with_the_classes(binary, tiny_folder, monkeypatch):
    """Once, with the variable; and not for a source that fits, nor where the user has set it."""
    started = []
    monkeypatch.setattr(command.os, "execve", lambda *given: started.append(given))
    command.start_again_for("sample")
    command.start_again_for(str(tiny_folder))
    assert not started
    command.start_again_for(str(binary))
    ((_, arguments, environment),) = started
    assert environment["DERMBOOK_CLASSES"] == "benign,malignant!"
    assert arguments[1:3] == ["-m", "helpers.cli.main"]
    monkeypatch.setenv("DERMBOOK_CLASSES", "benign,malignant!")
    command.start_again_for(str(binary))
    assert len(started) == 1


def test_the_classes_are_in_the_name_of_a_content(tiny_catalogue, monkeypatch):
    """A model of the same images for other classes is another model."""
    before = fingerprint(tiny_catalogue)
    monkeypatch.setattr(catalogues, "CLASSES", (*catalogues.CLASSES, "scc"))
    assert fingerprint(tiny_catalogue) != before


def test_too_many_classes_are_refused(tiny_catalogue, tmp_path):
    """With the way out."""
    rows = layouts.few(tiny_catalogue)
    layouts.isic_cli(rows, tmp_path)
    path = tmp_path / "metadata.csv"
    table = pd.read_csv(path, dtype=str).fillna("")
    table["diagnosis_3"] = [f"Disease {number}" for number in range(len(table))]
    table["diagnosis_4"] = ""
    table.to_csv(path, index=False)
    with pytest.raises(DataError, match=r"expected 2 to 20 diagnoses but got 28.*mapping"):
        load_catalogue(open_source(tmp_path))
