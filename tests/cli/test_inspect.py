"""Inspecting a folder: what it is, and a mapping that reads it after little correction."""

from __future__ import annotations

import pandas as pd
import pytest
import yaml
from support import layouts
from typer.testing import CliRunner

from helpers.cli import main as cli
from helpers.dataset.catalogue import load_catalogue
from helpers.dataset.sources import open_source


def call(*arguments: str):
    """Call ``dermbook`` with arguments."""
    return CliRunner().invoke(cli.app, list(arguments), env={"COLUMNS": "200"})


@pytest.fixture
def rows(tiny_catalogue: pd.DataFrame) -> pd.DataFrame:
    """Some drawn pictures of each class."""
    return layouts.few(tiny_catalogue, 3)


def test_a_draft_is_right_but_for_what_nobody_can_know(rows, tmp_path):
    """The columns of pictures and facts are found; names of one's own are left to say."""
    expected = layouts.by_mapping(rows, tmp_path)
    whole = (tmp_path / "dermbook.yml").read_text(encoding="utf-8")
    (tmp_path / "dermbook.yml").unlink()
    result = call("data", "inspect", str(tmp_path))
    assert result.exit_code == 0
    assert "21 .jpg" in result.stderr and "columns Datei, Läsion, Befund, Alter" in result.stderr
    assert "not read: " in result.stderr
    draft = yaml.safe_load(result.stdout)
    assert draft["table"] == "Tabelle.csv" and draft["columns"]["image"] == "Datei"
    assert draft["columns"]["age"] == "Alter" and draft["columns"]["patient_id"] is None
    draft["columns"]["dx"] = "Befund"
    draft["diagnoses"] = yaml.safe_load(whole)["diagnoses"]
    path = tmp_path / "corrected.yml"
    path.write_text(yaml.safe_dump(draft, allow_unicode=True), encoding="utf-8")
    catalogue = load_catalogue(open_source(tmp_path, mapping=path))
    assert dict(zip(catalogue["image_id"], catalogue["dx"], strict=True)) == expected


@pytest.mark.parametrize("kind", ["a folder for each class", "ISIC 2019 challenge", "BCN20000"])
def test_what_is_known_is_said_in_one_line(rows, tmp_path, kind):
    """And its draft is a mapping too."""
    layouts.LAYOUTS[kind](rows, tmp_path)
    result = call("data", "inspect", str(tmp_path))
    assert f"read as: {kind}; labels by" in result.stderr
    assert yaml.safe_load(result.stdout)["table"]


def test_a_mapping_names_its_folder(rows, tmp_path):
    """As a source of its own, so that a report can be given it; names left out are left out."""
    expected = layouts.folder_per_class(rows, tmp_path / "set")
    lines = "folder: set\ntable: folders\ndiagnoses: {'Melanoma': ~}\n"
    (tmp_path / "mine.yml").write_text(lines)
    catalogue = load_catalogue(open_source(tmp_path / "mine.yml"))
    kept = {image_id: dx for image_id, dx in expected.items() if dx != "mel"}
    assert dict(zip(catalogue["image_id"], catalogue["dx"], strict=True)) == kept
    assert "3 rows have no diagnosis" in " ".join(catalogue.attrs["notes"])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("table: [", "expected a mapping"),
        ("table: folders\ncolour: red\n", "colour: Extra inputs"),
        ("table: other.csv\n", "Tabelle.csv"),
        ("table: Tabelle.csv\ncolumns: {image: Datei, dx: Diagnose}\n", "columns.dx"),
        ("table: Tabelle.csv\ncolumns: {image: Datei, dx: Befund}\n", "Befund AKIEC"),
    ],
)
def test_a_wrong_mapping_says_what_is_wrong(rows, tmp_path, text, said):
    """Not YAML, a field too many, a table or column that is not there, names without meaning."""
    layouts.by_mapping(rows, tmp_path)
    (tmp_path / "dermbook.yml").write_text(text)
    result = call("data", "check", str(tmp_path))
    assert result.exit_code == 1 and said in result.stderr


def test_check_says_what_was_read_as_what(rows, tmp_path):
    """First line, and the notes below."""
    layouts.isic_2019(rows, tmp_path)
    result = call("data", "check", str(tmp_path))
    assert result.exit_code == 0, result.output
    assert result.output.startswith(
        "read as: ISIC 2019 challenge; labels by one-hot table; lesions"
    )
