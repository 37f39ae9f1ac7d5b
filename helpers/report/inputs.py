"""What a chapter's result depends on, as hashes: so that nothing is run twice, or stale."""

from __future__ import annotations

import hashlib
import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from helpers.core import ROOT, cache_home, captions_path, digest, sha256_file
from helpers.notebook.chapters import Chapter

_PACKAGES = (
    "tensorflow", "tensorflow-cpu", "keras", "tf-keras-vis", "numpy", "pandas", "scipy",
    "scikit-learn", "matplotlib", "opencv-python-headless", "pillow", "imagehash",
)  # fmt: skip
# What turns chapters into pages, or runs them, must not train anything again when it changes.
_OUTSIDE = {"cli", "exercises", "report", "serving/apps"}
# What the pages depend on besides the room that makes them.
_RENDERED = ("core/fonts.py", "notebook/display.py", "notebook/watermark.py", "plots/style.py",
             "notebook/references.py", "notebook/vendor/ieee.csl")  # fmt: skip


def _matters(name: str) -> bool:
    """Whether a chapter may import this module; ``name`` is relative to ``helpers``."""
    return name.rpartition("/")[0] not in _OUTSIDE


def version_of(package: str) -> str:
    """Installed version of a package, or "" where it is not installed; imports nothing."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


def files_digest(paths: Iterable[Path], root: Path) -> str:
    """Hash of the names and bytes of files, in any order.

    Parameters
    ----------
    paths : iterable of Path
        Files below ``root``; ones that do not exist are left out.
    root : Path
        The folder that names are relative to.
    """
    total = hashlib.sha256()
    for path in sorted(set(paths)):
        if path.is_file():
            total.update(f"{path.relative_to(root).as_posix()}:{sha256_file(path)}\n".encode())
    return total.hexdigest()[:16]


@cache
def code_digest(root: Path = ROOT) -> str:
    """Hash of all code and published numbers that a chapter may import, and of versions."""
    helpers = [
        path
        for path in (root / "helpers").rglob("*.py")
        if _matters(path.relative_to(root / "helpers").as_posix())
    ]
    files = files_digest([*helpers, *(root / "data" / "published").rglob("*.csv")], root)
    versions = {name: version_of(name) for name in _PACKAGES}
    return digest([files, platform.python_version(), versions])


def rendering_digest(root: Path = ROOT) -> str:
    """Hash of all that turns executed chapters into pages."""
    helpers = root / "helpers"
    files = [path for path in (helpers / "report").rglob("*") if path.suffix != ".pyc"]
    return files_digest([*files, *(helpers / name for name in _RENDERED)], root)


def _listing(folder: Path) -> list[list[Any]]:
    rows: list[list[Any]] = []
    pending = [folder]
    while pending:
        with os.scandir(pending.pop()) as entries:
            for entry in entries:
                if entry.is_dir():
                    pending.append(Path(entry.path))
                else:
                    facts = entry.stat()
                    name = Path(entry.path).relative_to(folder).as_posix()
                    rows.append([name, facts.st_size, facts.st_mtime_ns])
    return sorted(rows)


def source_key(spec: str, sample_images: int, seed: int) -> Any:
    """What a source is, without reading its images.

    Parameters
    ----------
    spec : str
        ``"sample"``, ``"ham10000"``, a folder or an archive.
    sample_images, seed : int
        Of the drawn sample.

    Returns
    -------
    JSON-like
        Differs when the source does: for files, by names, sizes and times of change.
    """
    if spec == "sample":
        return ["sample", sample_images, seed]
    if spec == "ham10000":
        mark = cache_home() / "sources" / "ham10000" / "fetched.json"
        return ["ham10000", sha256_file(mark) if mark.is_file() else ""]
    path = Path(spec).expanduser().resolve()
    if path.is_dir():
        return [str(path), digest(_listing(path))]
    if path.is_file():
        facts = path.stat()
        key = [str(path), facts.st_size, facts.st_mtime_ns]
        if path.suffix.lower() in (".yml", ".yaml"):  # a mapping names the folder
            from helpers.dataset import find_folder  # pandas comes with it

            return [*key, source_key(str(find_folder(path)[0]), sample_images, seed)]
        return key
    return [str(path), ""]


def chapter_digests(
    chapters: Sequence[Chapter], parameters: Mapping[str, Any], shared: Any
) -> dict[str, str]:
    """One hash a chapter, of all that its result depends on.

    Parameters
    ----------
    chapters : sequence of Chapter
        In order; what a chapter needs comes before it.
    parameters : mapping
        Handed to every chapter.
    shared : JSON-like
        What all chapters depend on: profile, source, code.

    Returns
    -------
    dict of str to str
        A chapter's hash changes with those of the chapters that it needs; that of an overview with
        every chapter.
    """
    digests: dict[str, str] = {}
    for chapter in chapters:
        needed = {name: digests[name] for name in chapter.needs if name in digests}
        captions = captions_path(chapter.path)
        own = [sha256_file(path) for path in (chapter.path, captions) if path.is_file()]
        if chapter.overview:
            folder = chapter.path.parent
            own.append(files_digest(folder.glob("*.ipynb"), folder))
        digests[chapter.name] = digest([chapter.name, own, dict(parameters), shared, needed])
    return digests
