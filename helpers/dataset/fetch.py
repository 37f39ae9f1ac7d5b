"""Fetching HAM10000: from Harvard Dataverse or a mirror, resumed, verified, recorded."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pooch  # type: ignore[import-untyped]
import requests
from filelock import FileLock

from helpers.core import DataError, read_json, sha256_file, writable, write_json
from helpers.dataset.download import TIMEOUT, ResumingDownloader, UnreachableError
from helpers.dataset.mirrors import (
    DATAVERSE,
    SUMS,
    Progress,
    PublishedFile,
    local_path,
    parse_sums,
    published_files,
    take_local,
)
from helpers.dataset.sources import FETCHED_MARK, ham10000_folder

_UNKNOWN_SIZE = 500_000_000  # room kept for a file whose size is not published
_ATTEMPTS, _WAIT = 6, 1.0


def _check_room(folder: Path, files: list[PublishedFile], sizes: dict[str, int]) -> None:
    needed = 0
    for file in files:
        there = [folder / file.name, folder / f"{file.name}.part"]
        have = sum(path.stat().st_size for path in there if path.exists())
        needed += max(sizes.get(file.name, _UNKNOWN_SIZE) - have, 0)
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise DataError(
            f"{folder}: expected {needed / 1e9:.2f} GB of free disk for the files but got "
            f"{free / 1e9:.2f} GB; make room, or set DERMBOOK_HOME to another disk"
        )


def _download(
    file: PublishedFile,
    url: str,
    known_hash: str,
    folder: Path,
    progress: Progress | None,
) -> None:
    """Fetch and verify one file; a resumed one that is wrong is fetched once more in full."""
    report = None if progress is None else lambda done, total: progress(file.name, done, total)
    published = known_hash == file.known_hash
    for last in (False, True):
        downloader = ResumingDownloader(
            folder / f"{file.name}.part",
            expected_bytes=file.bytes if published else None,
            attempts=_ATTEMPTS,
            wait=_WAIT,
            progress=report,
        )
        try:
            pooch.retrieve(url, known_hash, file.name, folder, downloader=downloader)
            return
        except ValueError as error:  # pooch's word for a wrong hash; it has removed the file
            if downloader.resumed and not last:
                continue
            way_out = (
                "run it again, and if that does not help, use another mirror"
                if url.startswith(DATAVERSE)
                else f"a mirror of other files needs a {SUMS} file beside them"
            )
            raise DataError(f"{file.name} from {url}: {error} So: {way_out}.") from None


def _fetch_url(
    file: PublishedFile, mirror: str | None, sums: dict[str, str], folder: Path,
    progress: Progress | None,
) -> dict[str, Any]:  # fmt: skip
    """Fetch one file by HTTP and say what it was checked against."""
    if mirror is None:
        _download(file, file.url, file.known_hash, folder, progress)
        return {"from": file.url, "verified": "published"}
    listed = [name for name in reversed(file.names) if name in sums]
    problem = None
    for name in listed[:1] or file.names:
        checksum = sums.get(name, "")
        other = checksum not in ("", file.sha256)
        known_hash = f"sha256:{checksum}" if checksum else file.known_hash
        url = f"{mirror.rstrip('/')}/{name}"
        try:
            _download(file, url, known_hash, folder, progress)
        except DataError as error:
            if isinstance(error, UnreachableError) or "status 404" not in str(error):
                raise
            problem = problem or error
        else:
            return {"from": url, "verified": "mirror" if other else "published"}
    raise problem or DataError(f"{file.name}: not at {mirror}")


def _mirror_sums(mirror: str) -> dict[str, str]:
    url = f"{mirror.rstrip('/')}/{SUMS}"
    try:
        answer = requests.get(url, timeout=TIMEOUT)
    except requests.RequestException as error:
        raise UnreachableError(
            f"{mirror}: expected a mirror but it does not answer ({error}); check the address"
        ) from None
    return parse_sums(answer.text) if answer.status_code == 200 else {}


@contextmanager
def _bars() -> Iterator[Progress]:
    """One progress bar a file on the terminal."""
    from rich import progress as rich_progress
    from rich.console import Console

    columns = (
        rich_progress.TextColumn("{task.description}"),
        rich_progress.BarColumn(),
        rich_progress.DownloadColumn(),
        rich_progress.TimeRemainingColumn(),
    )
    with rich_progress.Progress(*columns, console=Console(stderr=True)) as bars:
        tasks: dict[str, Any] = {}

        def report(name: str, done: int, total: int | None) -> None:
            if name not in tasks:
                tasks[name] = bars.add_task(name, total=total)
            bars.update(tasks[name], completed=done, total=total)

        yield report


def _fetch_all(
    files: list[PublishedFile],
    mirror: str | None,
    folder: Path,
    progress: Progress | None,
) -> dict[str, dict[str, Any]]:
    """Fetch every file; problems with several are raised together."""
    local = mirror is not None and "://" not in mirror
    records, problems, sizes = (
        {},
        [],
        {file.name: file.bytes for file in files if file.bytes},
    )
    if local:
        base = Path(str(mirror)).expanduser().resolve()
        if not base.is_dir():
            raise DataError(f"mirror {mirror!r}: expected a folder or http(s)://... but found none")
        sums = parse_sums((base / SUMS).read_text()) if (base / SUMS).is_file() else {}
        paths = {file.name: local_path(file, base) for file in files}
        sizes = {name: path.stat().st_size if path else 0 for name, path in paths.items()}
    else:
        sums = _mirror_sums(mirror) if mirror is not None else {}
    if local or not sums:
        _check_room(folder, files, sizes)
    for file in files:
        try:
            if not local:
                record = _fetch_url(file, mirror, sums, folder, progress)
            elif (path := paths[file.name]) is None:
                raise DataError(
                    f"{file.name}: not in {base} (looked for {', '.join(file.names)}); add it, or "
                    "use the folder itself as the source"
                )
            else:
                record = take_local(file, path, sums, folder, progress)
        except UnreachableError:
            raise
        except DataError as error:
            problems += error.problems
        else:
            target = folder / file.name
            record |= {"bytes": target.stat().st_size, "sha256": sha256_file(target)}
            records[file.name] = record
    if problems:
        raise DataError(problems, where=f"fetching HAM10000 to {folder}")
    return records


def fetch_ham10000(
    *,
    mirror: str | None = None,
    home: str | Path | None = None,
    include_test: bool = False,
    progress: Progress | None = None,
    say: Callable[[str], None] | None = None,
) -> Path:
    """Fetch the files of HAM10000 into the cache folder, and verify each.

    What is there and right is not fetched again; what was broken off is gone on with.

    Parameters
    ----------
    mirror : str, optional
        A folder, or an ``http(s)://`` address, that holds the files under their published
        names. It may hold other bytes (smaller pictures, for instance) if it says their
        checksums in a ``SHA256SUMS`` file; a local folder, being the user's own, may do
        without, and what was taken is then recorded.
    home : str or Path, optional
        The cache folder; :func:`helpers.core.files.cache_home` by default.
    include_test : bool, default=False
        Whether to fetch the challenge's test set too.
    progress : callable, optional
        Called with name, bytes there and total (None where unknown). By default there are
        bars on the terminal.
    say : callable, optional
        Called with each sentence that the user should read; standard error by default.

    Returns
    -------
    Path
        The folder. Its ``fetched.json`` records for each file the origin, the size, the
        sha256 and what it was verified against: "published", "mirror" or "none".

    Raises
    ------
    DataError
        If files are missing or wrong, the disk is too full, or a server does not answer.
    ConfigError
        If the cache folder cannot be written to, or gets full meanwhile.
    """
    files = published_files(include_test)
    folder = ham10000_folder(home)
    writable(folder)
    pooch.get_logger().setLevel("WARNING")  # its lines would tear the progress bars
    with FileLock(f"{folder}.lock"):
        if progress is None:
            with _bars() as bars:
                records = _fetch_all(files, mirror, folder, bars)
        else:
            records = _fetch_all(files, mirror, folder, progress)
        mark = folder / FETCHED_MARK
        if mark.exists():
            earlier = read_json(mark)["files"]
            kept = {name: record for name, record in earlier.items() if (folder / name).exists()}
            records = kept | records
        write_json(mark, {"doi": "doi:10.7910/DVN/DBW86T", "mirror": mirror, "files": records})
    speak = say or (lambda sentence: print(sentence, file=sys.stderr))
    for name, record in records.items():
        if record["verified"] == "none":
            speak(
                f"{name}: not the published file, and no {SUMS} names it; taken as it is from "
                f"{record['from']}, its sha256 is recorded in {FETCHED_MARK}"
            )
    return folder
