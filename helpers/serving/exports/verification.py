"""Whether an export's files are those that were written."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from helpers.core import ConfigError, read_json, sha256_file

RECORD = "export.json"
"""What goes in and comes out, how the copy was checked, and the files with their SHA-256."""


def damaged_files(folder: Path, files: Mapping[str, Any]) -> list[Path]:
    """Files of an export that are missing or have other bytes than its record says.

    Parameters
    ----------
    folder : Path
        The export.
    files : mapping of str to mapping
        The record's ``files``: ``sha256`` by name.
    """
    paths = {folder / name: facts["sha256"] for name, facts in files.items()}
    return [
        path for path, sha256 in paths.items() if not path.is_file() or sha256_file(path) != sha256
    ]


def verify_export(folder: Path) -> None:
    """Make sure that an export is whole.

    Parameters
    ----------
    folder : Path
        As made by `helpers.serving.exports.export.export_model`.

    Raises
    ------
    ConfigError
        If its record cannot be read, or a file is missing or has other bytes; all are named.
    """
    path = folder / RECORD
    try:
        damaged = damaged_files(folder, read_json(path)["files"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(
            f"{path}: expected the record of an export, but it cannot be read "
            f"({type(error).__name__}); export the model again"
        ) from None
    if damaged:
        wrong = [
            f"{file} {'has other bytes' if file.is_file() else 'is missing'}" for file in damaged
        ]
        raise ConfigError(
            f"{folder}: expected the export that {RECORD} describes, but {'; '.join(wrong)}; "
            "export the model again"
        )
