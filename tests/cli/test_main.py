"""The command line: what it takes, what it prints, how it ends."""

from __future__ import annotations

import pytest
from support.small_chapters import write_chapter
from typer.testing import CliRunner

from helpers import dataset, notebook, report
from helpers.cli import class_sets
from helpers.cli import main as cli
from helpers.core.errors import ConfigError, DataError
from helpers.core.files import sha256_file
from helpers.dataset.split_files import read_split
from helpers.dataset.splits import SPLITS, split_catalogue
from helpers.notebook import chapters as chapters_module


@pytest.fixture
def call():
    """Call ``dermbook`` with arguments."""

    def run(*arguments: str):
        return CliRunner().invoke(cli.app, list(arguments), env={"COLUMNS": "200"})

    return run


@pytest.fixture
def asked(monkeypatch):
    """What ``dermbook report`` asks of the build, which does nothing."""
    seen = {}

    def build_report(profile, **options):
        seen.update(options, profile=profile)
        return seen.get("status", 0)

    monkeypatch.setattr(report, "build_report", build_report)
    monkeypatch.setattr(class_sets, "start_again_for", lambda spec: None)
    return seen


def test_report_hands_its_options_on(call, asked):
    """Every option reaches the build under its own name."""
    result = call(
        *("report", "full", "--source", "x", "--run", "real", "--chapters", "01,05"),
        *(
            "--code",
            "show",
            "--edition",
            "teacher",
            "--pages",
            "--max-images",
            "90",
            "--seed",
            "3",
            "--force",
            "--at-once",
            "3",
        ),
        *("--split", "split.csv"),
    )
    assert result.exit_code == 0
    asked.pop("console")
    assert asked == {
        "profile": "full", "source": "x", "run_name": "real", "chapters": "01,05",
        "edition": "teacher", "pages": True, "code": "show",
        "max_images": 90, "seed": 3, "force": True, "at_once": 3,
        "split_file": "split.csv",
    }  # fmt: skip


@pytest.mark.parametrize("status", [1, 130])
def test_report_ends_with_the_status_of_the_build(call, asked, status):
    """A failed or interrupted build is no success."""
    asked["status"] = status
    assert call("report").exit_code == status


def test_an_error_on_purpose_is_one_message(call, monkeypatch):
    """Exit status 1, the message, no traceback; with --debug the exception itself."""

    def fail(*args, **kwargs):
        raise DataError(["[row 3] bad", "row 4: bad"], where="table.csv")

    monkeypatch.setattr(report, "build_report", fail)
    result = call("report")
    assert result.exit_code == 1
    assert "table.csv: 2 problems" in result.stderr
    assert "[row 3] bad" in result.stderr  # brackets are no markup
    assert "Traceback" not in result.output
    assert isinstance(call("--debug", "report").exception, DataError)


def test_a_bug_is_not_hidden(call, monkeypatch):
    """Other exceptions pass, with their traceback."""

    def fail(*args, **kwargs):
        raise ZeroDivisionError

    monkeypatch.setattr(report, "build_report", fail)
    assert isinstance(call("report").exception, ZeroDivisionError)


@pytest.mark.parametrize(
    "arguments",
    [
        ("report", "--code", "maybe"),
        ("report", "--max-images", "0"),
        ("report", "--at-once", "0"),
        ("nonsense",),
    ],
)
def test_wrong_usage_is_status_2(call, asked, arguments):
    """Usage errors are told by the parser."""
    assert call(*arguments).exit_code == 2
    assert "profile" not in asked


def test_chapters_are_listed(call, monkeypatch, tmp_path):
    """Name, title, core, minutes and needs of each."""
    write_chapter(tmp_path, "01_a", ["1"])
    write_chapter(tmp_path, "02_b", ["1"], needs=["01_a"], core=False)
    found = chapters_module.find_chapters(tmp_path)
    monkeypatch.setattr(notebook, "find_chapters", lambda: found)
    lines = call("chapters").output.splitlines()
    assert lines[1].split() == ["01_a", "Chapter", "01", "core", "5"]
    assert lines[2].split() == ["02_b", "Chapter", "02", "5", "01"]


def test_fetch_hands_the_mirror_on(call, monkeypatch, tmp_path):
    """And says where the files are."""
    seen = {}

    def fetch_ham10000(**options):
        seen.update(options)
        return tmp_path

    monkeypatch.setattr(dataset, "fetch_ham10000", fetch_ham10000)
    result = call("data", "fetch", "ham10000", "--mirror", "copy", "--include-test")
    assert result.exit_code == 0
    assert str(tmp_path) in result.output.replace("\n", "")
    assert (seen["mirror"], seen["include_test"]) == ("copy", True)
    assert "dermbook evaluate --images" in result.output
    assert "ISIC2018_Task3_Test_GroundTruth" in result.output
    assert call("data", "fetch", "other").exit_code == 2


def test_draw_then_check(call, tmp_path):
    """A drawn folder is a source without problems; a second drawing into it is refused."""
    pytest.importorskip("helpers.sample.folder")
    folder = tmp_path / "drawn"
    result = call("data", "draw", str(folder), "--n-images", "42", "--seed", "1")
    assert result.exit_code == 0, result.output
    result = call("data", "check", str(folder))
    assert result.exit_code == 0, result.output
    assert "42 images" in result.output and "fingerprint" in result.output
    result = call("data", "draw", str(folder))
    assert result.exit_code == 1 and "empty or new folder" in result.stderr


def test_split_writes_what_a_report_reads(call, tiny_folder, tiny_catalogue, tmp_path):
    """The file is the computed split; the counts are told; it is not replaced unasked."""
    path = tmp_path / "split.csv"
    arguments = ("data", "split", str(tiny_folder), "--to", str(path))
    result = call(*arguments, "--fractions", "0.7,0.15,0.15", "--seed", "4")
    assert result.exit_code == 0, result.stderr
    expected = split_catalogue(tiny_catalogue, (0.7, 0.15, 0.15), seed=4)
    assert read_split(path, tiny_catalogue)["split"].equals(expected["split"])
    assert sha256_file(path) in result.output
    for name in SPLITS:
        rows = expected[expected["split"] == name]
        line = next(line for line in result.output.splitlines() if line.startswith(name))
        assert line.split()[1:3] == [str(len(rows)), str(rows["lesion_id"].nunique())]
    again = call(*arguments)
    assert again.exit_code == 1 and "--replace" in again.stderr
    grouped = call(*arguments, "--replace", "--group-duplicates")
    assert grouped.exit_code == 0 and "lesions share a picture with another" in grouped.output
    plain = split_catalogue(tiny_catalogue)
    assert read_split(path, tiny_catalogue)["split"].equals(plain["split"])


@pytest.mark.parametrize("fractions", ["0.7,0.3", "0.8,0.2,0", "a,b,c", "0.5,0.2,0.2"])
def test_fractions_that_are_none_write_nothing(call, tiny_folder, tmp_path, fractions):
    """A file has images in all three splits."""
    path = tmp_path / "split.csv"
    result = call("data", "split", str(tiny_folder), "--to", str(path), "--fractions", fractions)
    assert result.exit_code == 1 and "fractions: expected three" in result.stderr
    assert not path.exists()


def test_check_tells_all_problems(call, tmp_path):
    """A folder that is no source ends with status 1 and the choices."""
    result = call("data", "check", str(tmp_path / "nowhere"))
    assert result.exit_code == 1
    assert "no such name, folder or archive" in result.stderr


def test_help_has_every_command(call):
    """``dermbook --help`` lists them."""
    output = call("--help").output
    assert all(name in output for name in ("report", "chapters", "data", "trials", "doctor"))


def test_unknown_profile_is_a_message(call):
    """The profile's own error reaches the user."""
    result = call("report", "nonsense")
    assert result.exit_code == 1
    assert not isinstance(result.exception, ConfigError)


def test_a_cache_that_cannot_be_written_is_a_message(call, monkeypatch, tmp_path):
    """Every command that writes to the cache names it and DERMBOOK_HOME, without a traceback."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("DERMBOOK_HOME", str(tmp_path / "file" / "cache"))
    for command in (
        ("data", "check", "sample"),
        ("data", "fetch", "ham10000", "--mirror", str(tmp_path)),
    ):
        result = call(*command)
        assert result.exit_code == 1 and isinstance(result.exception, SystemExit)
        assert "DERMBOOK_HOME" in result.stderr and "Not a directory" in result.stderr
    result = call("doctor")
    assert result.exit_code == 1 and "DERMBOOK_HOME" in result.output
    assert call("trials").exit_code == 0


def test_a_disk_that_is_too_small_for_the_sample(call, monkeypatch, small_disk):
    """A drawing process that finds the disk full is told as that, and leaves nothing."""
    disk = small_disk("rw")
    monkeypatch.setenv("DERMBOOK_HOME", str(disk))
    result = call("data", "check", "sample")
    assert result.exit_code == 1 and isinstance(result.exception, SystemExit)
    assert "No space left" in result.stderr and "DERMBOOK_HOME" in result.stderr
    assert [path.suffix for path in (disk / "sources").iterdir()] == [".lock"]


def test_drawing_onto_a_file_is_a_message(call, monkeypatch, tmp_path):
    """A file where the folder should be is refused, and so is a folder under a file."""
    (tmp_path / "file").write_text("")
    for place in (tmp_path / "file", tmp_path / "file" / "under"):
        result = call("data", "draw", str(place), "--n-images", "42")
        assert result.exit_code == 1 and isinstance(result.exception, SystemExit)
        assert "file" in result.stderr and "Traceback" not in result.output


def test_a_run_folder_that_cannot_be_written_is_a_message(call, monkeypatch, tmp_path):
    """A file named runs where the report would go."""
    (tmp_path / "runs").write_text("")
    monkeypatch.chdir(tmp_path)
    result = call("report", "smoke")
    assert result.exit_code == 1 and isinstance(result.exception, SystemExit)
    assert "Not a directory" in result.stderr and "choose" in result.stderr
