"""The doctor names what is wrong with a machine, and the way out."""

from __future__ import annotations

import io
import shutil
import sys
from types import SimpleNamespace

import pytest
from rich.console import Console
from typer.testing import CliRunner

from helpers.cli import doctor
from helpers.cli import main as cli
from helpers.cli.doctor import Finding, read_pins
from helpers.core.errors import ReportError


def test_pins_that_hold_here(tmp_path):
    """Markers decide; hashes, comments and options are passed over."""
    lock = tmp_path / "requirements.lock"
    lock.write_text(
        "# comment\n"
        "alpha==1.0 \\\n    --hash=sha256:00 \\\n    --hash=sha256:01\n    # via beta\n"
        "beta==2.0 ; sys_platform == 'nowhere' \\\n    --hash=sha256:00\n"
        "gamma[extra]==3.0 ; python_version >= '3' \\\n    --hash=sha256:00\n"
    )
    assert read_pins(lock) == {"alpha": "1.0", "gamma": "3.0"}


def test_packages_beside_the_lock(tmp_path):
    """A missing package is wrong; another version is told but may do."""
    lock = tmp_path / "requirements.lock"
    lock.write_text("numpy==0.0.1\n")
    other = doctor.check_packages(lock)
    assert other.ok and "numpy" in other.found and "locked: 0.0.1" in other.found
    lock.write_text("no-such-package-here==1.0\n")
    missing = doctor.check_packages(lock)
    assert not missing.ok and "no-such-package-here" in missing.found
    assert "make setup" in missing.way_out
    assert not doctor.check_packages(tmp_path / "nowhere.lock").ok


def test_full_disk_and_little_memory(monkeypatch, tmp_path):
    """Both are wrong, and say how much there should be."""
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=2**20))
    disk = doctor.check_disk(tmp_path / "not" / "yet")
    assert not disk.ok and "DERMBOOK_HOME" in disk.way_out
    import psutil

    memory = SimpleNamespace(available=2**20, total=2**30)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: memory)
    assert not doctor.check_memory().ok


def test_room_and_writability_of_the_cache(tmp_path, small_disk):
    """Free space is told, of a folder that is not made either; a refusal names the reason."""
    finding = doctor.check_disk(tmp_path / "not" / "yet")
    assert "GiB free" in finding.found and "yet to be made" in finding.found
    assert str(tmp_path / "not" / "yet") in finding.found
    assert not (tmp_path / "not").exists() and list(tmp_path.glob(".probe*")) == []
    (tmp_path / "file").write_text("")
    for refused, reason in ((tmp_path / "file", "directory"), (small_disk("ro"), "Read-only")):
        finding = doctor.check_disk(refused / "cache")
        assert not finding.ok and reason in finding.found
        assert "DERMBOOK_HOME" in finding.way_out


def test_caches_and_their_sizes(monkeypatch, tmp_path):
    """Each folder of the cache with its size."""
    monkeypatch.setenv("DERMBOOK_HOME", str(tmp_path))
    assert "empty" in doctor.check_caches().found
    (tmp_path / "trials").mkdir()
    (tmp_path / "trials" / "x").write_bytes(bytes(2**20))
    assert "trials 1.0 MiB" in doctor.check_caches().found


def test_old_python(monkeypatch):
    """A Python that is too old is wrong."""
    assert doctor.check_python().ok
    monkeypatch.setattr(sys, "version_info", (3, 10, 1))
    assert not doctor.check_python().ok


def test_a_kernel_of_another_interpreter(monkeypatch, tmp_path):
    """A python3 kernel that starts something else is wrong."""
    assert doctor.check_kernel().ok
    spec = tmp_path / "kernels" / "python3" / "kernel.json"
    spec.parent.mkdir(parents=True)
    spec.write_text('{"argv": ["/nowhere/python"], "display_name": "x", "language": "python"}')
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    finding = doctor.check_kernel()
    assert not finding.ok and "/nowhere/python" in finding.found
    assert "ipykernel install" in finding.way_out


def test_fonts_that_are_not_there(monkeypatch):
    """The Chinese font comes with a package; without it the finding says what to run."""
    assert doctor.check_fonts().ok

    def fail():
        raise ReportError("no font")

    monkeypatch.setattr(doctor, "cjk_file", fail)
    finding = doctor.check_fonts()
    assert not finding.ok and "no font" in finding.found and "make setup" in finding.way_out


@pytest.mark.parametrize(("ok", "status"), [(True, 0), (False, 1)])
def test_status_and_way_out(monkeypatch, ok, status):
    """One thing wrong: status 1, and the way out is printed."""
    findings = [Finding("fonts", "here"), Finding("disk", "[full]", ok, "" if ok else "make room")]
    monkeypatch.setattr(doctor, "examine", lambda: findings)
    result = CliRunner().invoke(cli.app, ["doctor"], env={"COLUMNS": "200"})
    assert result.exit_code == status
    assert "[full]" in result.output
    assert ("make room" in result.output) is not ok


def test_everything_is_looked_at():
    """The real machine: each finding has a text, and what is wrong has a way out."""
    findings = doctor.examine()
    names = {finding.name for finding in findings}
    assert {"Python", "packages", "devices", "memory", "disk", "caches", "fonts"} <= names
    assert all(finding.found and (finding.ok or finding.way_out) for finding in findings)
    text = io.StringIO()
    doctor.print_findings(findings, Console(file=text, width=100))
    assert "Python" in text.getvalue()
