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

from helpers.core import ARCHIVE_MARK, DataError

IMAGE_SUFFIXES = (".jpg", ".jpeg")
OTHER_SUFFIXES = (".png", ".bmp", ".tif", ".tiff", ".webp")
"""What pictures from elsewhere may be called, besides `IMAGE_SUFFIXES`."""

MASK_ENDING = "_segmentation.png"
_NO_PICTURES = (MASK_ENDING, "_superpixels.png")
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
    return any(part == "__MACOSX" or part.startswith(".") for part in name.split("/"))


def _is_test_set(name: str) -> bool:
    return any(part.lower().startswith(TEST_SET) for part in name.split("/"))


def _walk_folder(root: Path) -> Iterator[tuple[str, Entry]]:
    """Relative name and entry of every file below ``root``."""
    pending, seen = [(root, "")], set()
    while pending:
        folder, prefix = pending.pop()
        identity = (folder.stat().st_dev, folder.stat().st_ino)
        if identity in seen:  # a link that leads back up
            continue
        seen.add(identity)
        with os.scandir(folder) as found:
            for item in found:
                name = prefix + item.name
                if item.is_dir():
                    pending.append((Path(item.path), name + "/"))
                elif item.is_file():
                    info = item.stat()
                    stamp = f"{info.st_size}-{info.st_mtime_ns}"
                    yield name, Entry(item.path, info.st_size, stamp)


def _walk_archive(archive: Entry) -> Iterator[tuple[str, Entry]]:
    """Member name and entry of every file in an archive.

    Raises
    ------
    zipfile.BadZipFile
        If it is not a zip archive, or was cut short.
    """
    with zipfile.ZipFile(archive.locator) as members:
        for member in members.infolist():
            if not member.is_dir():
                locator = f"{archive.locator}{ARCHIVE_MARK}{member.filename}"
                stamp = f"{member.file_size}-{member.CRC:08x}-{archive.stamp}"
                yield member.filename, Entry(locator, member.file_size, stamp)


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


def _top_entries(root: Path) -> list[tuple[str, Entry]]:
    """Name and entry of every file of a folder, or of one file, without clutter; sorted."""
    if root.is_file():
        info = root.stat()
        stamp = f"{info.st_size}-{info.st_mtime_ns}"
        return [(root.name, Entry(str(root), info.st_size, stamp))]
    found = [pair for pair in _walk_folder(root) if not _is_clutter(pair[0])]
    return sorted(found, key=lambda pair: pair[0])


def _opened(name: str, entry: Entry, broken: list[str]) -> Iterator[tuple[str, Entry]]:
    """A file itself, or the members of an archive without clutter; ``broken`` gets the others."""
    if not name.lower().endswith(".zip"):
        yield name, entry
        return
    try:
        yield from (pair for pair in _walk_archive(entry) if not _is_clutter(pair[0]))
    except (zipfile.BadZipFile, NotImplementedError) as error:
        broken.append(
            f"{name}: expected a zip archive but got {entry.size:,} bytes that are not one"
            f" ({error}); it may be cut short: fetch it again"
        )


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
        If an archive cannot be opened; every such archive is named.
    """
    root = Path(root).expanduser().resolve()
    findings = _Findings()
    broken: list[str] = []
    for name, entry in _top_entries(root):
        if _is_test_set(name):
            findings.test_set.append(name)
            continue
        for member, inner in _opened(name, entry, broken):
            if not _is_test_set(member):
                findings.add(member, inner)
    if broken:
        raise DataError(broken, where=str(root))

    notes = findings.images.notes("image", root) + findings.masks.notes("mask", root)
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


def list_images(root: str | Path) -> Layout:
    """Find the pictures of any folder, by name, whatever data set they are of.

    Parameters
    ----------
    root : str or Path
        A folder with any mix of pictures, subfolders and zip archives, or one zip archive, such
        as the challenge's test set, which `list_layout` leaves alone.

    Returns
    -------
    Layout
        Its ``images`` by file name without the ending; no masks and no metadata.

    Raises
    ------
    DataError
        If there is no such folder or archive, an archive cannot be opened, or there is no picture.
    """
    place = Path(root).expanduser().resolve()
    if not place.exists() or (place.is_file() and place.suffix.lower() != ".zip"):
        got = "a file that is neither" if place.exists() else "nothing of this name"
        raise DataError(f"{place}: expected a folder or a zip archive of images but got {got}")
    copies = _Copies()
    broken: list[str] = []
    for top, outer in _top_entries(place):
        for name, entry in _opened(top, outer, broken):
            base = name.rpartition("/")[2]
            stem, suffix = os.path.splitext(base)
            is_picture = suffix.lower() in IMAGE_SUFFIXES + OTHER_SUFFIXES
            if is_picture and not base.lower().endswith(_NO_PICTURES):
                copies.add(stem, (ARCHIVE_MARK in entry.locator, name), entry)
    if broken:
        raise DataError(broken, where=str(place))
    if not copies.best:
        endings = ", ".join(IMAGE_SUFFIXES + OTHER_SUFFIXES)
        raise DataError(f"{place}: expected images ({endings}) but found none; name their folder")
    images = dict(sorted(copies.best.items()))
    return Layout(place, images, {}, (), tuple(copies.notes("image", place)))
