"""An export whose files are not those that were written is told, by the files' names."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers.core.errors import ConfigError
from helpers.core.files import sha256_file, write_json
from helpers.serving.exports.verification import RECORD, verify_export


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """An export of two files."""
    files = {}
    for name in ("model.json", "group1-shard1of1.bin"):
        (tmp_path / name).write_text(name)
        files[name] = {"bytes": len(name), "sha256": sha256_file(tmp_path / name)}
    write_json(tmp_path / RECORD, {"files": files})
    return tmp_path


def test_a_whole_one_passes(export: Path) -> None:
    """Other files beside it do no harm."""
    (export / "notes.txt").write_text("mine")
    verify_export(export)


def test_all_that_is_wrong_is_named(export: Path) -> None:
    """A missing file and one of other bytes, in one message."""
    (export / "model.json").unlink()
    (export / "group1-shard1of1.bin").write_text("group1-shard1of1.bix")
    with pytest.raises(ConfigError, match=r"model\.json is missing; .*bin has other bytes; export"):
        verify_export(export)


@pytest.mark.parametrize("content", ["", "[]", '{"files": []}', '{"files": {"a": {}}}', None])
def test_a_record_that_says_nothing_is_named(export: Path, content: str | None) -> None:
    """Without it nothing can be verified."""
    (export / RECORD).unlink()
    if content is not None:
        (export / RECORD).write_text(content)
    with pytest.raises(ConfigError, match=r"export\.json: expected the record of an export"):
        verify_export(export)
