"""One call runs, writes the manifest and renders; a second one does nothing."""

from __future__ import annotations

import ast
import io
import os
import subprocess
import sys
import time
from dataclasses import astuple
from types import SimpleNamespace

import nbformat
import pytest
from filelock import FileLock
from rich.console import Console
from support.chapter_prose import python_of
from support.small_chapters import write_chapter

from helpers import study
from helpers.core import ROOT
from helpers.core.errors import ConfigError, DataError, ReportError
from helpers.core.files import read_json
from helpers.core.fork_server import FORK
from helpers.notebook.chapters import find_chapters
from helpers.report import build, inputs
from helpers.report.build import build_report
from helpers.report.cover import Cover, make_cover
from helpers.report.inputs import chapter_digests, code_digest, source_key
from helpers.report.rendering import Targets
from helpers.report.run_folder import run_folder

SOURCE = """import json, pathlib
folder = pathlib.Path(run_folder)
(folder / "numbers").mkdir(exist_ok=True)
(folder / "source.json").write_text(json.dumps(
    {"title": "drawn sample", "drawn": True, "n_images": 60, "n_lesions": 50, "fingerprint": "f"}))
(folder / "numbers" / "01_start.json").write_text('[{"key": "n", "value": 60}]')"""


class _Renderer:
    """Stands in for the exporter: notes its calls, writes small files."""

    def __init__(self):
        self.calls = []

    Targets = Targets

    def render(self, notebooks, targets, cover, code, matter):
        """Note what is asked for."""
        self.matter = matter
        for target in filter(None, astuple(targets)):
            self.calls.append((target.name, [path.stem for path in notebooks], cover, code))
            target.write_bytes(b"%PDF")
        return {"read": 0.5, "pdf": 2.0, "html": 1.0}


@pytest.fixture
def renderer(monkeypatch):
    """The exporter's stand-in."""
    made = _Renderer()
    monkeypatch.setitem(sys.modules, "helpers.report.rendering", made)
    return made


@pytest.fixture
def small_profile(monkeypatch):
    """A profile that any test can change."""
    content = {"name": "smoke", "source": "sample", "sample_images": 60, "seed": 0}

    def load_profile(name):
        return SimpleNamespace(model_dump=lambda mode: dict(content))

    monkeypatch.setattr(study, "load_profile", load_profile)
    return content


@pytest.fixture
def book(tmp_path):
    """Two chapters, the second of which needs the first."""
    folder = tmp_path / "chapters"
    write_chapter(folder, "01_start", [SOURCE])
    write_chapter(folder, "02_next", ["print(seed)"], needs=["01_start"])
    return folder


def _build(book, **options):
    text = io.StringIO()
    options = {"profile": "smoke", "runs_dir": book.parent / "runs", **options}
    status = build_report(chapters_dir=book, console=Console(file=text, width=200), **options)
    return status, text.getvalue()


def test_build_then_nothing_to_do_then_what_changed(book, renderer, small_profile):
    """First all; then nothing, not even pages; then only what an option or a file changes."""
    status, text = _build(book)
    run = book.parent / "runs" / "smoke"
    assert status == 0
    assert "report.pdf written" in text and "02_next" in text
    names = [call[0] for call in renderer.calls]
    assert names == ["report.pdf", "report.html"]
    _, notebooks, cover, code = renderer.calls[0]
    assert (notebooks, code) == (["01_start", "02_next"], "hide")
    assert cover["drawn"] is True and cover["source"] == "drawn sample"
    manifest = read_json(run / "manifest.json")
    assert manifest["numbers"]["01_start"] == [{"key": "n", "value": 60}]
    assert manifest["configuration"]["parameters"]["run_folder"] == str(run)
    typeset = read_json(run / "state" / "report.json")["seconds"]
    assert typeset == {"read": 0.5, "pdf": 2.0, "html": 1.0}

    began = time.monotonic()
    status, text = _build(book)
    assert time.monotonic() - began < 5
    assert status == 0 and text.count("cached") == 4 and "report.pdf unchanged" in text
    assert len(renderer.calls) == 2
    assert read_json(run / "manifest.json") == manifest

    _build(book, code="show")  # pages only
    assert len(renderer.calls) == 4

    write_chapter(book, "02_next", ["print(seed, 'changed')"], needs=["01_start"])
    status, text = _build(book, code="show")
    assert "Chapter 01: cached" in text and "Chapter 02: done" in text

    small_profile["seed"] = 1  # the profile's content, so all
    status, text = _build(book, code="show")
    assert text.count(": done in") == 2


def test_a_split_file_reaches_the_chapters(book, renderer, small_profile, tmp_path, monkeypatch):
    """By its whole path; a change of its content runs all anew, another name of it too."""
    checked = []
    monkeypatch.setattr(build, "_check_split", checked.append)
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "split.csv"
    path.write_text("1")
    status, text = _build(book, split_file="split.csv")
    assert status == 0 and text.count(": done in") == 2
    manifest = read_json(book.parent / "runs" / "smoke" / "manifest.json")
    assert manifest["configuration"]["parameters"]["split_file"] == str(path)
    assert [parameters["split_file"] for parameters in checked] == [str(path)]
    assert _build(book, split_file="split.csv")[1].count("cached") == 4
    path.write_text("2")
    assert _build(book, split_file="split.csv")[1].count(": done in") == 2
    small_profile["split_file"] = str(path)  # the profile's own, where none is given
    assert _build(book)[0] == 0 and checked[-1]["split_file"] == str(path)
    with pytest.raises(ConfigError, match="dermbook data split"):
        _build(book, split_file="none.csv")


def test_a_wrong_split_file_runs_no_chapter(book, renderer, tiny_folder, tmp_path):
    """It is held against the source first; the run's folder has no executed copy."""
    path = tmp_path / "split.csv"
    path.write_text("image_id,lesion_id,split\na,A,train\nb,B,valid\nc,C,test\n")
    with pytest.raises(DataError, match="3 images .* are not in it"):
        _build(book, source=str(tiny_folder), split_file=str(path))
    assert not (book.parent / "runs" / "smoke" / "notebooks").exists()


def test_a_failure_gives_status_1_and_no_pages(book, renderer, small_profile, monkeypatch):
    """The manifest tells the failure; no report is made of what is left."""
    monkeypatch.setenv(FORK, "0")  # three chapters, of which none needs what a server imports
    write_chapter(book, "02_next", ["1 / 0"], needs=["01_start"])
    write_chapter(book, "03_last", ["1"], needs=["02_next"])
    status, text = _build(book)
    assert status == 1
    assert "Cell 3: ZeroDivisionError: division by zero" in text
    assert "needs 02_next" in text and "No report was made: 02_next failed" in text
    assert renderer.calls == []
    manifest = read_json(book.parent / "runs" / "smoke" / "manifest.json")
    assert manifest["chapters"]["02_next"]["status"] == "failed"
    assert manifest["chapters"]["03_last"]["status"] == "skipped"


def test_a_message_of_several_lines_is_told_whole(book, renderer, small_profile):
    """A list of problems does not have to be looked up in the notebook."""
    write_chapter(
        book, "02_next", ['raise ValueError("two problems\\n- the first\\n- the second")']
    )
    _, text = _build(book)
    assert "two problems\n- the first\n- the second\n" in text


def test_two_builds_of_one_run_folder_are_refused(book, renderer, small_profile):
    """The error names the folder and the way out."""
    folder = book.parent / "runs" / "smoke"
    folder.mkdir(parents=True)
    with FileLock(folder / ".lock"), pytest.raises(ReportError, match=r"runs/smoke: .*--run"):
        _build(book)


def test_ctrl_c_gives_130(book, renderer, small_profile, monkeypatch):
    """An interrupt ends with a sentence, not a traceback."""

    def interrupt(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(build, "run_chapters", interrupt)
    status, text = _build(book)
    assert status == 130
    assert "kept" in text


@pytest.mark.parametrize(
    "options",
    [
        {"code": "maybe"},
        {"max_images": 0},
        {"at_once": 0},
        {"run_name": "../x"},
        {"chapters": "77"},
    ],
)
def test_bad_arguments_are_refused_before_anything_is_made(book, renderer, small_profile, options):
    """No run folder is left behind."""
    with pytest.raises(ConfigError):
        _build(book, **options)
    assert not (book.parent / "runs").exists()


def test_a_cached_build_imports_no_notebook_library(book, renderer, small_profile):
    """A run of which all is there is told fast: papermill and TensorFlow stay away."""
    _build(book)
    program = f"""
import sys, types
from pathlib import Path
import helpers.study
helpers.study.load_profile = lambda name: types.SimpleNamespace(
    model_dump=lambda mode: {small_profile!r})
from helpers.report.build import build_report
status = build_report("smoke", runs_dir=Path({str(book.parent / "runs")!r}),
                      chapters_dir=Path({str(book)!r}))
assert status == 0
slow = {{"papermill", "nbclient", "tensorflow", "keras", "matplotlib", "pandas"}}
assert not slow & set(sys.modules), slow & set(sys.modules)
"""
    environment = dict(os.environ, PYTHONPATH=str(ROOT))
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_cover_says_run_and_images(monkeypatch):
    """What the exporter prints on the title page."""
    manifest = {
        "source": {"title": "HAM10000", "drawn": False, "n_images": 10015, "n_lesions": 7470}
        | {"fingerprint": "abc"},
        "configuration": {"parameters": {"source": "ham10000"}},
        "devices": {"cpu": "C", "cores": 1, "memory_gib": 8, "gpus": []},
        "versions": {"python": "3.12.1", "keras": "3.15", "typst": "0.13"},
    }
    cover = make_cover(manifest, {"name": "full"}, "real", "2026-01-31T10:00:00+00:00")
    assert cover["notes"][0] == "Run real"
    assert "10,015 images of 7,470 lesions" in cover["notes"][1] and len(cover["notes"]) == 2
    divided = manifest | {"split": {"file": "/a/split.csv", "sha256": "0123456789abcdef" * 4}}
    notes = make_cover(divided, {"name": "full"}, "real", "2026-01-31T10:00:00+00:00")["notes"]
    assert notes[2] == "Split of the file split.csv, SHA-256 0123456789abcdef"
    assert cover["devices"] == "C, 1 core, 8 GiB; no GPU"
    assert cover["versions"] == {"python": "3.12.1", "keras": "3.15"}
    assert Cover.of(cover).title == "DermBook"
    assert cover["subtitle"] == "An executable report on HAM10000"
    monkeypatch.setattr("helpers.report.cover.CLASSES", ("mel", "nv"))
    other = make_cover(manifest, {"name": "full"}, "mine", "2026-01-31T10:00:00+00:00")
    assert other["subtitle"] == "An executable report on pictures of skin lesions"


def test_run_folder_is_a_plain_name(tmp_path):
    """A run's name cannot lead out of the folder of runs."""
    assert run_folder("quick", None, tmp_path) == (tmp_path / "quick").resolve()
    for name in ("..", "a/b", "/tmp/x"):
        with pytest.raises(ConfigError, match="plain folder name"):
            run_folder("quick", name, tmp_path)


def test_digests_follow_files_needs_and_parameters(book):
    """A change in a chapter changes its dependants' digests, and no other's."""
    write_chapter(book, "03_alone", ["1"])
    before = chapter_digests(find_chapters(book), {"seed": None}, "shared")
    assert before == chapter_digests(find_chapters(book), {"seed": None}, "shared")
    write_chapter(book, "01_start", ["2"])
    after = chapter_digests(find_chapters(book), {"seed": None}, "shared")
    assert [before[name] == after[name] for name in before] == [False, False, True]
    assert set(after.values()).isdisjoint(
        chapter_digests(find_chapters(book), {"seed": 1}, "shared").values()
    )


def test_digests_follow_captions(book):
    """A caption that changes, or comes to be, runs its chapter again, and what needs it."""
    digests = [chapter_digests(find_chapters(book), {}, "shared")]
    captions = book / "captions" / "01_start.yml"
    captions.parent.mkdir()
    for text in ("tables: {a: {caption: One}}", "tables: {a: {caption: Two}}"):
        captions.write_text(text, encoding="utf-8")
        digests.append(chapter_digests(find_chapters(book), {}, "shared"))
    assert all(len({found[name] for found in digests}) == 3 for name in digests[0])


def test_source_key_follows_files(tmp_path):
    """A folder's key changes when a file in it does; a sample's with its seed."""
    (tmp_path / "part").mkdir()
    (tmp_path / "part" / "a.jpg").write_bytes(b"1")
    before = source_key(str(tmp_path), 0, 0)
    assert before == source_key(str(tmp_path), 0, 0)
    (tmp_path / "part" / "a.jpg").write_bytes(b"12")
    assert source_key(str(tmp_path), 0, 0) != before
    assert source_key("sample", 60, 0) != source_key("sample", 60, 1)


def test_code_digest_ignores_what_no_chapter_imports(tmp_path):
    """A change in the command line trains nothing again; a change in a helper does."""
    helpers = tmp_path / "helpers"
    for name in ("cli/main.py", "models/build.py", "report/runner.py", "notebook/display.py"):
        (helpers / name).parent.mkdir(parents=True)
        (helpers / name).write_text("1")
    before = code_digest(tmp_path)
    code_digest.cache_clear()
    (helpers / "cli" / "main.py").write_text("2")
    (helpers / "report" / "runner.py").write_text("2")
    assert code_digest(tmp_path) == before
    code_digest.cache_clear()
    (helpers / "notebook" / "display.py").write_text("2")
    assert code_digest(tmp_path) != before


def _imported(path):
    """Modules of the project that a file imports, at its top or in its functions."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".ipynb":
        text = "\n".join(map(python_of, nbformat.reads(text, as_version=4).cells))
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("helpers"):
            yield node.module
            stub = ROOT.joinpath(*node.module.split("."), "__init__.pyi")
            if stub.is_file():  # what a room hands on is named there, and loaded when asked for
                handed = ast.parse(stub.read_text(encoding="utf-8")).body
                modules = [line.module for line in handed if isinstance(line, ast.ImportFrom)]
                yield from (f"{node.module}.{module}" for module in modules)
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.startswith("helpers"))


def test_code_digest_covers_all_that_a_chapter_can_import():
    """Whatever can be reached from the chapters is in the digest."""
    folder = ROOT / "helpers"
    pending = [chapter.path for chapter in find_chapters()]
    seen = set()
    while pending:
        path = pending.pop()
        if path in seen:
            continue
        seen.add(path)
        places = [ROOT.joinpath(*name.split(".")) for name in _imported(path)]
        found = [(place.with_suffix(".py"), place / "__init__.py") for place in places]
        pending += [other for pair in found for other in pair if other.is_file()]
    names = {path.relative_to(folder).as_posix() for path in seen if folder in path.parents}
    assert {"notebook/display.py", "training/trainer.py", "serving/model/served.py"} <= names
    assert [name for name in names if not inputs._matters(name)] == []


def test_rendering_digest_ignores_bytecode(tmp_path):
    """Importing a module must not render all pages again."""
    cache = tmp_path / "helpers" / "report" / "__pycache__"
    cache.mkdir(parents=True)
    before = inputs.rendering_digest(tmp_path)
    (cache / "x.pyc").write_bytes(b"1")
    assert inputs.rendering_digest(tmp_path) == before
    (cache.parent / "book.typ").write_text("1")
    assert inputs.rendering_digest(tmp_path) != before


def test_a_teachers_edition_and_pages_lie_beside_the_report(book, renderer, small_profile):
    """Solutions go into files of their own, so that none is handed out by mistake."""
    for folder in ("exercises", "solutions"):
        (book.parent / folder).mkdir()
    _build(book)
    assert renderer.matter.solutions is None and renderer.matter.exercises is not None
    status, text = _build(book, edition="teacher", pages=True)
    assert status == 0 and "report-teacher.pdf written" in text
    assert renderer.matter.solutions == book.parent / "solutions"
    names = [call[0] for call in renderer.calls]
    assert names[2:] == ["report-teacher.pdf", "report-teacher.html", "pages-teacher"]
    (book / "glossary.yml").write_text("{}")  # what stands around the chapters is part of it
    assert "report-teacher.pdf written" in _build(book, edition="teacher", pages=True)[1]
    with pytest.raises(ConfigError, match="'student' or 'teacher'"):
        _build(book, edition="pupil")
