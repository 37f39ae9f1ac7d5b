"""What lies in a folder: images, masks, tables, and what is odd.

Nothing is decoded or read here. Folders and zip archives are walked alike, at any depth, and every
image is counted once, however often the folder holds it.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from helpers.core import ARCHIVE_MARK, BROKEN_MEMBER, DataError, open_archive
from helpers.dataset.vocabulary import folded

IMAGE_SUFFIXES = (".jpg", ".jpeg")
OTHER_SUFFIXES = (".png", ".bmp", ".tif", ".tiff", ".webp")
"""What pictures from elsewhere may be called, besides `IMAGE_SUFFIXES`."""

MASK_ENDINGS = ("_segmentation", "_lesion", "_mask")
"""How the names of masks end, before the file's ending; the first is HAM10000's."""

_NO_PICTURES = re.compile(
    r".*(_superpixels|_criteria|_attribute_\w+|_r\d+_label\d+)", re.IGNORECASE
)
_TABLE_SUFFIXES = (".csv", ".tsv", ".tab")
_WORKBOOK_SUFFIXES = (".xlsx", ".xls", ".ods")
"""Not read, but told to be saved as text."""
_PACKED_SUFFIXES = (".npz", ".parquet")
METADATA_NAMES = re.compile(r"(ham10000_metadata[^.]*|metadata)(\.csv|\.tab|\.tsv)?", re.IGNORECASE)
MASK_FOLDERS = frozenset(
    {"mask", "masks", "segmentation", "segmentations", "ground truth", "groundtruth", "gt"}
)
"""Folders whose files are masks where a picture of the same name lies elsewhere."""

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
        Every file named like the metadata table of HAM10000.
    pictures : dict of str to Entry
        Every copy of a picture, by its name with folders; an archive counts as a folder.
    tables : tuple of Entry
        Every file that may be a table.
    packed : tuple of Entry
        Files that hold pictures and labels together: ``.npz`` and ``.parquet``.
    notes : tuple of str
        What is odd but harmless, one sentence each.
    copies : tuple of str
        The same of pictures whose names are there more than once: no fault where the folder tells
        pictures of one name apart.
    inner_archives : tuple of str
        Archives inside of archives, which are not opened.
    others : dict of str to int
        How many files there are with which other ending, such as ``.json``.
    """

    root: Path
    images: dict[str, Entry]
    masks: dict[str, Entry]
    metadata: tuple[Entry, ...]
    notes: tuple[str, ...] = ()
    pictures: dict[str, Entry] = field(default_factory=dict)
    tables: tuple[Entry, ...] = ()
    packed: tuple[Entry, ...] = ()
    copies: tuple[str, ...] = ()
    inner_archives: tuple[str, ...] = ()
    others: dict[str, int] = field(default_factory=dict)


def is_picture(name: str) -> bool:
    """Whether a file is called like a picture of a lesion, not like a mask or another map."""
    stem, suffix = os.path.splitext(name.rpartition("/")[2])
    return (
        suffix.lower() in IMAGE_SUFFIXES + OTHER_SUFFIXES
        and not stem.lower().endswith(MASK_ENDINGS)
        and not _NO_PICTURES.fullmatch(stem)
    )


def short_name(locator: str, root: Path) -> str:
    """Locator as a reader wants it: relative to the source's folder."""
    base = str(root if root.is_dir() else root.parent) + os.sep
    return locator.removeprefix(base)


@lru_cache(maxsize=4096)
def _is_of_masks(folder: str) -> bool:
    return any(folded(part) in MASK_FOLDERS for part in folder.split("/"))


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
    members = open_archive(archive.locator)
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
    pictures: dict[str, Entry] = field(default_factory=dict)
    tables: list[Entry] = field(default_factory=list)
    packed: list[Entry] = field(default_factory=list)
    inner_archives: list[str] = field(default_factory=list)
    others: Counter[str] = field(default_factory=Counter)
    among_masks: list[tuple[str, tuple[bool, str], Entry, str]] = field(default_factory=list)
    test_set: list[str] = field(default_factory=list)

    def add(self, name: str, entry: Entry, shown: str) -> None:
        """Sort one file in by its name; what belongs to nothing here is left out."""
        in_archive = ARCHIVE_MARK in entry.locator
        base = name.rpartition("/")[2]
        stem, suffix = os.path.splitext(base)
        lower = suffix.lower()
        # A folder wins over an archive, and upper case over lower.
        rank = (in_archive, name)
        if is_picture(base):
            if _is_of_masks(shown.rpartition("/")[0]):
                self.among_masks.append((stem, rank, entry, shown))
            else:
                self.images.add(stem, rank, entry)
                self.pictures[shown] = entry
        elif lower in IMAGE_SUFFIXES + OTHER_SUFFIXES:
            ending = next((e for e in MASK_ENDINGS if stem.lower().endswith(e)), None)
            if ending is not None:
                self.masks.add(stem[: -len(ending)], rank, entry)
        elif in_archive and lower == ".zip":
            self.inner_archives.append(entry.locator)
        else:
            named = METADATA_NAMES.fullmatch(base) is not None
            if named:
                self.metadata.append(entry)
            suffixes = _TABLE_SUFFIXES + _WORKBOOK_SUFFIXES
            if named or lower in suffixes or base.lower() == "ph2_dataset.txt":
                self.tables.append(entry)
            elif lower in _PACKED_SUFFIXES and not in_archive:
                self.packed.append(entry)
            else:
                self.others[lower] += 1

    def settle(self) -> None:
        """Decide of what lies in folders of masks: a mask where there is a picture of its name."""
        pictures = set(self.images.best)
        for stem, rank, entry, shown in self.among_masks:
            if stem in pictures:
                self.masks.add(stem, rank, entry)
            else:
                self.images.add(stem, rank, entry)
                self.pictures[shown] = entry


def _top_entries(root: Path, trouble: _Trouble) -> list[tuple[str, Entry]]:
    """Name and entry of every file of a folder, or of one file, without clutter; sorted."""
    if root.is_file():
        info = root.stat()
        stamp = f"{info.st_size}-{info.st_mtime_ns}"
        return [(root.name, Entry(str(root), info.st_size, stamp))]
    found = [pair for pair in _walk_folder(root, trouble) if not _is_clutter(pair[0])]
    return sorted(found, key=lambda pair: pair[0])


def _opened(name: str, entry: Entry, trouble: _Trouble) -> Iterator[tuple[str, Entry]]:
    """A file itself, or the members of an archive without clutter."""
    if not name.lower().endswith(".zip"):
        yield name, entry
        return
    try:
        yield from _walk_archive(entry)
    except (OSError, *BROKEN_MEMBER) as error:
        trouble.problems.append(_archive_problem(name, entry.size, error))


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
    is_folder = root.is_dir()
    findings, trouble = _Findings(), _Trouble()
    for name, entry in _top_entries(root, trouble):
        if _is_test_set(name):
            findings.test_set.append(name)
            continue
        for member, inner in _opened(name, entry, trouble):
            if not _is_test_set(member):
                # An archive beside others counts as a folder, the source itself does not.
                inside = inner is not entry and is_folder
                findings.add(member, inner, f"{name[:-4]}/{member}" if inside else member)
    if trouble.problems:
        raise DataError(trouble.problems, where=str(root))

    findings.settle()
    notes = findings.masks.notes("mask", root)
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
    return Layout(
        root,
        images,
        masks,
        tuple(findings.metadata),
        tuple(notes),
        dict(sorted(findings.pictures.items())),
        tuple(findings.tables),
        tuple(findings.packed),
        tuple(findings.images.notes("image", root)),
        tuple(short_name(locator, root) for locator in findings.inner_archives),
        dict(findings.others),
    )


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
        Its ``images`` by file name without the ending, each letter with a mark as one character,
        however the system writes it; no masks and no metadata.

    Raises
    ------
    DataError
        If there is no such folder or archive, one cannot be opened, or there is no picture.
    """
    place = Path(root).expanduser().resolve()
    if not place.exists() or (place.is_file() and place.suffix.lower() != ".zip"):
        got = "a file that is neither" if place.exists() else "nothing of this name"
        raise DataError(f"{place}: expected a folder or a zip archive of images but got {got}")
    copies, trouble = _Copies(), _Trouble()
    for top, outer in _top_entries(place, trouble):
        for name, entry in _opened(top, outer, trouble):
            base = name.rpartition("/")[2]
            if is_picture(base):
                stem = unicodedata.normalize("NFC", os.path.splitext(base)[0])
                copies.add(stem, (ARCHIVE_MARK in entry.locator, name), entry)
    if trouble.problems:
        raise DataError(trouble.problems, where=str(place))
    if not copies.best:
        endings = ", ".join(IMAGE_SUFFIXES + OTHER_SUFFIXES)
        raise DataError(f"{place}: expected images ({endings}) but found none; name their folder")
    images = dict(sorted(copies.best.items()))
    return Layout(place, images, {}, (), tuple(copies.notes("image", place)))
