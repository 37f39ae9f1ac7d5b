"""The diagnoses of a process: those of HAM10000, or others that a variable names."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from helpers.core import classes
from helpers.core.errors import ConfigError
from helpers.core.paths import ROOT


def test_without_the_variable_they_are_the_seven():
    """In their order, with names and colours."""
    assert classes.CLASSES == classes.HAM10000_CLASSES
    assert {"akiec", "bcc", "mel"} == classes.MALIGNANT
    assert list(classes.COLOURS) == list(classes.NAMES) == list(classes.CLASSES)


def test_a_list_is_read_and_written():
    """Malignant ones, names, and what is known of codes."""
    found = classes.parse_classes("bcc!,nv,wart=Common wart")
    assert [one.code for one in found] == ["bcc", "nv", "wart"]
    assert [one.malignant for one in found] == [True, False, False]
    assert found[2].name == "Common wart" and found[1].name == "Melanocytic nevus"
    assert classes.format_classes(("akiec", "nv", "scc")) == "akiec!,nv,scc!"


@pytest.mark.parametrize(
    "text", ["mel", "mel,mel", "mel,N V", ",".join(f"c{i}" for i in range(21)), "mel,,nv"]
)
def test_a_wrong_list_is_an_error(text):
    """One, the same twice, no code, too many."""
    with pytest.raises(ConfigError, match="DERMBOOK_CLASSES"):
        classes.parse_classes(text)


def test_twenty_classes_have_twenty_colours():
    """None is given twice."""
    codes = tuple(f"c{i}" for i in range(20))
    assert len(set(classes._colours(codes).values())) == 20


def test_a_process_has_the_classes_that_it_is_started_with():
    """Every constant follows the variable."""
    code = (
        "from helpers.core import *; print(CLASSES, sorted(MALIGNANT), TARGET_INDEX['malignant'])"
    )
    environment = dict(os.environ) | {"DERMBOOK_CLASSES": "mel!,nv,scc!"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, cwd=ROOT, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    assert done.stdout.split(") [")[0] == "('mel', 'nv', 'scc'"
    assert "['mel', 'scc'] {'mel': 1, 'nv': 0, 'scc': 1}" in done.stdout
