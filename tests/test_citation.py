"""How to cite the project, and what its licences say."""

from __future__ import annotations

import tomllib

import pytest
import yaml

from helpers.core import ROOT

cffconvert = pytest.importorskip("cffconvert")

CITATION = (ROOT / "CITATION.cff").read_text(encoding="utf-8")


def test_citation_is_valid() -> None:
    """By the schema of its version."""
    cffconvert.Citation(CITATION).validate()


def test_citation_without_authors_is_refused() -> None:
    """The check can fail."""
    broken = yaml.safe_load(CITATION)
    del broken["authors"]
    with pytest.raises(Exception, match="authors"):
        cffconvert.Citation(yaml.safe_dump(broken)).validate()


def test_citation_and_licence_agree_with_the_package() -> None:
    """Version and licence are those of pyproject.toml, and the data's licence is named."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    cited = yaml.safe_load(CITATION)
    assert (cited["version"], cited["license"]) == (project["version"], project["license"])
    licence = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert licence.startswith("MIT License")
    for text in (licence, cited["abstract"]):
        assert "CC BY-NC 4.0" in text and "HAM10000" in text and "model" in text
