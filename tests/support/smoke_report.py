"""A report of all chapters under ``smoke``, made once for all tests that look at one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from helpers.core.files import read_json, write_json
from support.made_once import made_once


@dataclass(frozen=True)
class SmokeReport:
    """A finished report: its run's folder, and the cache folder that its trials are in."""

    run: Path
    home: Path


@pytest.fixture(scope="session")
def smoke_report(common: Path, dermbook_home: Path) -> SmokeReport:
    """One whole run on the drawn sample, read-only by agreement."""
    from helpers.report.build import build_report

    def make(folder: Path) -> None:
        assert build_report("smoke", runs_dir=folder, chapters="all") == 0
        write_json(folder / "home.json", str(dermbook_home))

    folder = made_once(common, "smoke_report", make)
    return SmokeReport(folder / "smoke", Path(read_json(folder / "home.json")))
