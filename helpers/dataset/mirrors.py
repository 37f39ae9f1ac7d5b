"""Mirrors of HAM10000: the published files, their checksums, and copies in a local folder."""

from __future__ import annotations

import csv
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pooch  # type: ignore[import-untyped]

from helpers.core import PUBLISHED, DataError, atomic_file, sha256_file

DATAVERSE = "https://dataverse.harvard.edu/api/access/datafile/"
SUMS = "SHA256SUMS"
"""The file in which a mirror may say the checksums of its own files."""

TEST_IMAGES = "ISIC2018_Task3_Test_Images.zip"
"""The challenge's test images: 1,511 of the 1,512 that its table names."""

TEST_TRUTH = "ISIC2018_Task3_Test_GroundTruth"
"""The table of the challenge's test set, published without an ending."""

Progress = Callable[[str, int, int | None], None]

_TABLE = PUBLISHED / "ham10000_files.csv"
_CHUNK = 4 * 1024 * 1024


@dataclass(frozen=True)
class PublishedFile:
    """One file of the published data set.

    Attributes
    ----------
    name : str
        As published; the two tables have no suffix.
    url : str
        Where Dataverse serves it unchanged.
    bytes : int or None
        Size, where it is published.
    md5, sha256 : str
        Published checksums; ``sha256`` is "" where only the other one is.
    """

    name: str
    url: str
    bytes: int | None
    md5: str
    sha256: str

    @property
    def known_hash(self) -> str:
        """The best published checksum, as pooch writes it."""
        return f"sha256:{self.sha256}" if self.sha256 else f"md5:{self.md5}"

    @property
    def names(self) -> tuple[str, ...]:
        """Names that a mirror may use for it."""
        if self.name.endswith(".zip"):
            return (self.name,)
        return (self.name, f"{self.name}.csv", f"{self.name}_with_source.csv")


def published_files(include_test: bool = False) -> list[PublishedFile]:
    """The published files, with addresses and checksums.

    Parameters
    ----------
    include_test : bool, default=False
        Whether to include the two files of the ISIC 2018 challenge's test set.
    """
    with open(_TABLE, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return [
        PublishedFile(
            row["name"],
            # Dataverse re-exports tables, with other bytes than were published, unless asked.
            DATAVERSE + row["datafile_id"] + ("" if row["name"].endswith(".zip") else
                                              "?format=original"),
            int(row["bytes"]) if row["bytes"] else None,
            row["md5"],
            row["sha256"],
        )
        for row in rows
        if include_test or row["part"] == "train"
    ]  # fmt: skip


def parse_sums(text: str) -> dict[str, str]:
    """Checksums by file name from the text of a ``SHA256SUMS`` file.

    >>> parse_sums("0" * 64 + "  ./part.zip")["part.zip"] == "0" * 64
    True
    """
    sums = {}
    for line in text.splitlines():
        checksum, _, name = line.strip().partition(" ")
        if len(checksum) == 64 and name.strip():
            sums[name.strip().lstrip("*").rpartition("/")[2]] = checksum.lower()
    return sums


def local_path(file: PublishedFile, mirror: Path) -> Path | None:
    """A local mirror's copy of a file; of two tables the one with the column ``dataset``.

    Parameters
    ----------
    file : PublishedFile
    mirror : Path
        The mirror's folder.
    """
    there = [mirror / name for name in file.names if (mirror / name).is_file()]
    if len(there) < 2:
        return there[0] if there else None

    def has_dataset(path: Path) -> bool:
        with open(path, "rb") as table:
            return b"dataset" in table.readline()

    return next((path for path in there if has_dataset(path)), there[0])


def take_local(
    file: PublishedFile,
    path: Path,
    sums: dict[str, str],
    folder: Path,
    progress: Progress | None,
) -> dict[str, Any]:
    """Copy one file of a local mirror and say what it was checked against.

    Parameters
    ----------
    file : PublishedFile
    path : Path
        The mirror's copy, of :func:`local_path`.
    sums : dict of str to str
        Of the mirror's ``SHA256SUMS``; may be empty.
    folder : Path
        Where the copy goes, under the published name.
    progress : callable, optional
        Called with name, bytes copied and total.

    Returns
    -------
    dict
        ``from`` and ``verified``: "published", "mirror", or "none" for a file of unknown
        content, which is taken because the folder is the user's own.

    Raises
    ------
    DataError
        If the copy has another checksum than its ``SHA256SUMS`` says, the published size
        but other content, or is no zip archive where it should be one.
    """
    checksum, size = sha256_file(path), path.stat().st_size
    published = checksum == file.sha256 or (
        not file.sha256 and pooch.file_hash(str(path), alg="md5") == file.md5
    )
    if published:
        verified = "published"
    elif path.name in sums:
        if sums[path.name] != checksum:
            raise DataError(
                f"{path}: expected the sha256 {sums[path.name]} of its {SUMS} but got "
                f"{checksum}; copy it again"
            )
        verified = "mirror"
    elif size == file.bytes:
        raise DataError(
            f"{path}: has the published size ({size:,} bytes) but not the published content "
            f"(expected {file.known_hash}, got sha256:{checksum}); it is damaged: copy it again"
        )
    else:
        verified = "none"
        if file.name.endswith(".zip") and not zipfile.is_zipfile(path):
            raise DataError(f"{path}: expected a zip archive but it is not one; copy it again")
    target = folder / file.name
    if not (target.exists() and sha256_file(target) == checksum):
        with atomic_file(target) as temporary:
            _copy(path, temporary, file.name, progress)
            if sha256_file(temporary) != checksum:
                raise DataError(f"{path}: changed while it was copied; try again")
    return {"from": str(path), "verified": verified}


def _copy(source: Path, target: Path, name: str, progress: Progress | None) -> None:
    total, done = source.stat().st_size, 0
    with open(source, "rb") as reader, open(target, "wb") as writer:
        while chunk := reader.read(_CHUNK):
            writer.write(chunk)
            done += len(chunk)
            if progress is not None:
                progress(name, done, total)
