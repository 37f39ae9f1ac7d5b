"""The files of a folder, and those in its zip archives, walked alike at any depth.

Only names, sizes and times are looked at; what a file is for is told by its name in `layout`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from helpers.core import ARCHIVE_MARK, BROKEN_MEMBER, open_archive


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


def short_name(locator: str, root: Path) -> str:
    """Locator as a reader wants it: relative to the source's folder."""
    base = str(root if root.is_dir() else root.parent) + os.sep
    return locator.removeprefix(base)


def _is_clutter(name: str) -> bool:
    """Whether a system put it there, or a program that packs: no one wants it read."""
    return any(
        part in ("__MACOSX", "lost+found") or part.startswith(".") for part in name.split("/")
    )


@dataclass
class Trouble:
    """What could not be looked at, collected while a folder is walked.

    Attributes
    ----------
    problems : list of str
        One sentence on each folder, file or archive that cannot be opened.
    links : list of str
        Names of links that lead nowhere, or to themselves.
    """

    problems: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)

    def denied(self, name: str, error: OSError) -> None:
        """Note a folder or file that may not be read; the folder itself is called ''."""
        self.problems.append(
            f"{name or 'the folder itself'}: expected a folder or file that may be read but got "
            f"{error.strerror or error}; give yourself the right to read it (chmod -R u+rX), or "
            "take it out"
        )


def _file_entry(path: str, info: os.stat_result) -> Entry:
    """A file that lies in a folder, not in an archive."""
    return Entry(path, info.st_size, f"{info.st_size}-{info.st_mtime_ns}")


def _walk_folder(root: Path, trouble: Trouble) -> Iterator[tuple[str, Entry]]:
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
                    yield name, _file_entry(item.path, item.stat())
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


def top_entries(root: Path, trouble: Trouble) -> list[tuple[str, Entry]]:
    """Name and entry of every file of a folder, or of one file, without clutter; sorted."""
    if root.is_file():
        return [(root.name, _file_entry(str(root), root.stat()))]
    found = [pair for pair in _walk_folder(root, trouble) if not _is_clutter(pair[0])]
    return sorted(found, key=lambda pair: pair[0])


def opened(name: str, entry: Entry, trouble: Trouble) -> Iterator[tuple[str, Entry]]:
    """A file itself, or the members of an archive without clutter."""
    if not name.lower().endswith(".zip"):
        yield name, entry
        return
    try:
        yield from _walk_archive(entry)
    except (OSError, *BROKEN_MEMBER) as error:
        trouble.problems.append(_archive_problem(name, entry.size, error))
