"""What lies in a folder of the HAM10000 layout: images, masks, metadata, and what is odd.

Nothing is decoded here. Folders and zip archives are walked alike, at any depth, and every
image is counted once, however often the folder holds it.
"""

from __future__ import annotations

import os
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from helpers.core import ARCHIVE_MARK, BROKEN_MEMBER, DataError

IMAGE_SUFFIXES = (".jpg", ".jpeg")
MASK_ENDING = "_segmentation.png"
METADATA_NAMES = re.compile(r"(ham10000_metadata[^.]*|metadata)(\.csv|\.tab|\.tsv)?", re.IGNORECASE)
TEST_SET = "isic2018_task3_test"
"""How the names of the challenge's test files begin: never mixed with the training images."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of a source, in a folder or in an archive.

    Attributes
    ----------
    locator : str
        What :func:`helpers.core.files.read_bytes` reads: a path, or ``archive.zip::member``.
    size : int
        Bytes, uncompressed.
    stamp : str
        Changes when the file does: size and time, or size, checksum and archive's time.
    """

    locator: str
    size: int
    stamp: str


@dataclass(frozen=True)
class Layout:
    """The files of a source.

    Attributes
    ----------
    root : Path
        The folder, or the one archive.
    images, masks : dict of str to Entry
        By ``image_id``, sorted.
    metadata : tuple of Entry
        Every file named like the metadata table.
    notes : tuple of str
        What is odd but harmless, one sentence each.
    """

    root: Path
    images: dict[str, Entry]
    masks: dict[str, Entry]
    metadata: tuple[Entry, ...]
    notes: tuple[str, ...] = field(default=())


def short_name(locator: str, root: Path) -> str:
    """Locator as a reader wants it: relative to the source's folder."""
    base = str(root if root.is_dir() else root.parent) + os.sep
    return locator.removeprefix(base)


def _is_clutter(name: str) -> bool:
    return any(
        part in ("__MACOSX", "lost+found") or part.startswith(".") for part in name.split("/")
    )


def _is_test_set(name: str) -> bool:
    return any(part.lower().startswith(TEST_SET) for part in name.split("/"))


@dataclass
class _Trouble:
    """What could not be looked at, collected while a folder is walked."""

    problems: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)

    def denied(self, name: str, error: OSError) -> None:
        self.problems.append(
            f"{name or 'the folder itself'}: expected a folder or file that may be read but got "
            f"{error.strerror or error}; give yourself the right to read it (chmod -R u+rX), or "
            "take it out"
        )


def _walk_folder(root: Path, trouble: _Trouble) -> Iterator[tuple[str, Entry]]:
    """Relative name and entry of every file below ``root``."""
    pending, seen = [(root, "")], set()
    while pending:
        folder, prefix = pending.pop()
        try:
            identity = (folder.stat().st_dev, folder.stat().st_ino)
            if identity in seen:  # a link that leads back up
                continue
            seen.add(identity)
            with os.scandir(folder) as found:
                items = list(found)
        except OSError as error:
            if not _is_clutter(prefix):
                trouble.denied(prefix, error)
            continue
        for item in items:
            name = prefix + item.name
            try:
                if item.is_dir():
                    pending.append((Path(item.path), name + "/"))
                elif item.is_file():
                    info = item.stat()
                    stamp = f"{info.st_size}-{info.st_mtime_ns}"
                    yield name, Entry(item.path, info.st_size, stamp)
                elif item.is_symlink():
                    trouble.links.append(name)
            except OSError as error:
                # A link that points to itself, or further than the system follows.
                if item.is_symlink():
                    trouble.links.append(name)
                else:
                    trouble.denied(name, error)


def _walk_archive(archive: Entry) -> Iterator[tuple[str, Entry]]:
    """Member name and entry of every file in an archive.

    Raises
    ------
    zipfile.BadZipFile
        If it is not a zip archive, or was cut short.
    RuntimeError
        If members are locked with a password, or (``NotImplementedError``) compressed in a way
        that is not known here.
    """
    with zipfile.ZipFile(archive.locator) as members:
        tried = set()
        for member in members.infolist():
            # Some programs divide folders by backslashes, against the format.
            name = member.filename.replace("\\", "/")
            if member.is_dir() or name.endswith("/") or _is_clutter(name):
                continue
            way = (member.flag_bits & 1, member.compress_type)
            if way not in tried:
                tried.add(way)
                members.open(member).close()
            locator = f"{archive.locator}{ARCHIVE_MARK}{member.filename}"
            stamp = f"{member.file_size}-{member.CRC:08x}-{archive.stamp}"
            yield name, Entry(locator, member.file_size, stamp)


def _archive_problem(name: str, size: int, error: Exception) -> str:
    """One sentence on an archive that cannot be opened."""
    if isinstance(error, NotImplementedError):
        return (
            f"{name}: expected a zip archive compressed by deflate but got another compression "
            f"({error}); unpack it, or pack it again as an ordinary zip"
        )
    if isinstance(error, RuntimeError):
        return (
            f"{name}: expected an open zip archive but it is locked with a password; unpack it "
            "and give the folder"
        )
    if isinstance(error, OSError):
        return (
            f"{name}: expected an archive that may be read but got {error.strerror or error}; "
            "give yourself the right to read it"
        )
    return (
        f"{name}: expected a zip archive but got {size:,} bytes that are not one ({error}); it "
        "may be cut short: fetch it again"
    )


class _Copies:
    """The best copy of each image, and the names of those that were there more than once."""

    def __init__(self) -> None:
        self.best: dict[str, Entry] = {}
        self._ranks: dict[str, tuple[bool, str]] = {}
        self._sizes: dict[str, set[int]] = {}

    def add(self, image_id: str, rank: tuple[bool, str], entry: Entry) -> None:
        known = self.best.get(image_id)
        if known is not None:
            self._sizes.setdefault(image_id, {known.size}).add(entry.size)
        if known is None or rank < self._ranks[image_id]:
            self.best[image_id], self._ranks[image_id] = entry, rank

    def notes(self, noun: str, root: Path) -> list[str]:
        """What to tell where there were several."""
        notes = []
        if self._sizes:
            notes.append(
                f"{len(self._sizes):,} {noun}s are there more than once; each is counted once"
            )
        unlike = sorted(image_id for image_id, sizes in self._sizes.items() if len(sizes) > 1)
        if unlike:
            notes.append(
                f"{len(unlike):,} of them differ in size between their copies; the copy used is "
                f"for example {short_name(self.best[unlike[0]].locator, root)}"
            )
        return notes


@dataclass
class _Findings:
    images: _Copies = field(default_factory=_Copies)
    masks: _Copies = field(default_factory=_Copies)
    metadata: list[Entry] = field(default_factory=list)
    inner_archives: list[str] = field(default_factory=list)
    test_set: list[str] = field(default_factory=list)

    def add(self, name: str, entry: Entry) -> None:
        """Sort one file in by its name; what belongs to nothing here is left out."""
        in_archive = ARCHIVE_MARK in entry.locator
        base = name.rpartition("/")[2]
        stem, suffix = os.path.splitext(base)
        # A folder wins over an archive, and upper case over lower.
        rank = (in_archive, name)
        if base.lower().endswith(MASK_ENDING):
            image_id = base[: -len(MASK_ENDING)]
            self.masks.add(image_id, rank, entry)
        elif suffix.lower() in IMAGE_SUFFIXES:
            self.images.add(stem, rank, entry)
        elif METADATA_NAMES.fullmatch(base):
            self.metadata.append(entry)
        elif in_archive and suffix.lower() == ".zip":
            self.inner_archives.append(entry.locator)


def list_layout(root: str | Path) -> Layout:
    """Find the images, masks and metadata of a source.

    Parameters
    ----------
    root : str or Path
        A folder with any mix of files, subfolders and zip archives, or one zip archive.

    Returns
    -------
    Layout
        Empty dictionaries where nothing was found; the caller says what it needs.

    Raises
    ------
    DataError
        If a folder or an archive cannot be opened; every such one is named.
    """
    root = Path(root).expanduser().resolve()
    trouble = _Trouble()
    if root.is_file():
        info = root.stat()
        stamp = f"{info.st_size}-{info.st_mtime_ns}"
        top: list[tuple[str, Entry]] = [(root.name, Entry(str(root), info.st_size, stamp))]
    else:
        top = sorted(_walk_folder(root, trouble), key=lambda pair: pair[0])

    findings, broken = _Findings(), trouble.problems
    for name, entry in top:
        if _is_clutter(name):
            continue
        if _is_test_set(name):
            findings.test_set.append(name)
        elif not name.lower().endswith(".zip"):
            findings.add(name, entry)
        else:
            try:
                for member, inner in _walk_archive(entry):
                    if not _is_test_set(member):
                        findings.add(member, inner)
            except (OSError, *BROKEN_MEMBER) as error:
                broken.append(_archive_problem(name, entry.size, error))
    if broken:
        raise DataError(broken, where=str(root))

    notes = findings.images.notes("image", root) + findings.masks.notes("mask", root)
    if trouble.links:
        noun = "link leads" if len(trouble.links) == 1 else "links lead"
        example = trouble.links[0]
        notes.append(f"{len(trouble.links):,} {noun} nowhere or to itself, for example {example}")
    if findings.inner_archives:
        example = short_name(findings.inner_archives[0], root)
        notes.append(
            f"{len(findings.inner_archives)} archives lie inside another archive and were not "
            f"opened, for example {example}; unpack the outer one"
        )
    if findings.test_set:
        notes.append(f"the challenge's test set is there and left alone: {findings.test_set[0]}")
    images, masks = (
        dict(sorted(found.best.items())) for found in (findings.images, findings.masks)
    )
    return Layout(root, images, masks, tuple(findings.metadata), tuple(notes))
