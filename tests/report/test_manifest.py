"""The manifest holds what a reader needs to judge or repeat a run."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from helpers.core.files import read_json, write_json
from helpers.core.machine import device_line, devices
from helpers.notebook.chapters import Chapter
from helpers.report import manifest as module
from helpers.report.manifest import build_manifest, update_manifest, versions
from helpers.report.results import ChapterResult

NUMBER = {"key": "accuracy", "value": 0.7, "low": 0.6, "high": 0.8, "n": 90, "text": "0.70"}


@pytest.fixture
def run(tmp_path):
    """A run folder with one finished and one failed chapter, and their results."""
    write_json(tmp_path / "source.json", {"title": "drawn sample", "fingerprint": "ab"})
    write_json(tmp_path / "split.json", {"file": "split.csv", "sha256": "cd"})
    results = []
    for name, status in (("01_a", "done"), ("02_b", "failed")):
        write_json(tmp_path / "numbers" / f"{name}.json", [NUMBER])
        reason = "Cell 3: E: x" if status == "failed" else ""
        results.append(ChapterResult(Chapter(name, Path(name), name), status, 1.234, reason))
    return tmp_path, results


def test_numbers_of_whole_chapters_only(run):
    """A failed chapter's numbers are not quoted; its reason is."""
    folder, results = run
    made = build_manifest(folder, results, {"profile": {}}, started="a", finished="b")
    assert made["numbers"] == {"01_a": [NUMBER]}
    assert made["source"]["fingerprint"] == "ab"
    assert made["split"] == {"file": "split.csv", "sha256": "cd"}
    assert made["chapters"]["02_b"]["reason"] == "Cell 3: E: x"
    assert made["chapters"]["01_a"]["seconds"] == 1.23


def test_an_unchanged_run_leaves_the_file_alone(run):
    """Nothing executed: times are kept and the bytes stay; something executed: new times."""
    folder, results = run
    made = build_manifest(folder, results, {}, started="a", finished="b")
    update_manifest(folder, made, ran=True)
    before = (folder / "manifest.json").stat().st_mtime_ns
    later = build_manifest(folder, results, {}, started="c", finished="d")
    assert update_manifest(folder, later, ran=False)["finished"] == "b"
    assert (folder / "manifest.json").stat().st_mtime_ns == before
    update_manifest(folder, later, ran=True)
    assert read_json(folder / "manifest.json")["finished"] == "d"


def test_versions_without_importing_tensorflow():
    """TensorFlow's version is told by its metadata."""
    before = set(sys.modules)  # another test of this process may have imported it
    found = versions()
    assert found["python"] == sys.version.split()[0]
    assert found["keras"].startswith("3.")
    assert "tensorflow" not in set(sys.modules) - before


def test_devices_are_json(monkeypatch):
    """Without nvidia-smi there is no GPU and no error."""
    monkeypatch.setenv("PATH", "")
    facts = devices()
    assert facts["gpus"] == []
    assert facts["cores"] >= 1 and facts["memory_gib"] > 0
    assert json.loads(json.dumps(facts)) == facts
    assert "no GPU" in device_line(facts)


def test_a_gpu_is_named(monkeypatch, tmp_path):
    """One line of nvidia-smi is one GPU."""
    program = tmp_path / "nvidia-smi"
    program.write_text("#!/bin/sh\necho 'NVIDIA X1, 8192 MiB, 550.1'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    facts = module.devices()
    assert facts["gpus"] == ["NVIDIA X1, 8192 MiB, 550.1"]
    assert device_line(facts).endswith("; NVIDIA X1")
