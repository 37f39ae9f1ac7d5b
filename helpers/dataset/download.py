"""A downloader for pooch that goes on where a connection broke off."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests

from helpers.core import DataError, told_write_errors

CHUNK = 16 * 1024
"""Bytes that are kept at a time: what a connection brings of one before it breaks off is lost."""
TIMEOUT = (30, 60)
"""Seconds to connect, and seconds without a byte, until a connection counts as lost."""

_LONGEST_WAIT = 60.0
_REAL_PROGRESS = 64 * 1024  # bytes that make a broken attempt count as an advance
_TRANSIENT = frozenset({403, 408, 425, 429, 500, 502, 503, 504})

Progress = Callable[[int, int | None], None]


class UnreachableError(DataError):
    """A server that does not answer, or breaks off again and again."""


class _TryAgainError(Exception):
    def __init__(self, reason: str, wait: float | None = None) -> None:
        super().__init__(reason)
        self.wait = wait


class ResumingDownloader:
    """Download to a ``.part`` file that outlives failures, for ``pooch.retrieve``.

    What is there already is asked for no more (HTTP Range). Each attempt starts from the
    original URL, because the signed addresses that it redirects to expire. Whether the
    bytes are right is for the caller to verify, as pooch does.

    Parameters
    ----------
    part : Path
        Where the bytes are kept until they are complete.
    expected_bytes : int, optional
        Total size, for servers that do not tell.
    attempts : int, default=6
        How often in a row an attempt may fail without advancing.
    wait : float, default=1.0
        Seconds before the second attempt; doubled for each further one, up to a minute.
    progress : callable, optional
        Called with the bytes there and the total (None where unknown).
    """

    def __init__(
        self,
        part: Path,
        *,
        expected_bytes: int | None = None,
        attempts: int = 6,
        wait: float = 1.0,
        progress: Progress | None = None,
    ) -> None:
        self.part = part
        self.expected_bytes = expected_bytes
        self.attempts = attempts
        self.wait = wait
        self.progress = progress
        self.resumed = False

    def _size(self) -> int:
        return self.part.stat().st_size if self.part.exists() else 0

    def _tell(self, done: int, total: int | None) -> None:
        if self.progress is not None:
            self.progress(done, total)

    def __call__(self, url: str, output_file: Any, pooch: Any = None) -> None:
        """Download ``url`` and move the complete bytes to ``output_file``.

        Raises
        ------
        DataError
            If the server refuses for good (404 and the like).
        UnreachableError
            If ``attempts`` in a row did not advance; the part is kept.
        """
        failures = 0
        self.part.parent.mkdir(parents=True, exist_ok=True)
        while True:
            before = self._size()
            wait = None
            try:
                self._attempt(url, before)
                break
            except (requests.RequestException, _TryAgainError) as error:
                reason, wait = str(error), getattr(error, "wait", None)
            failures = 0 if self._size() >= before + _REAL_PROGRESS else failures + 1
            if failures >= self.attempts:
                raise UnreachableError(
                    f"{url}: expected an answer but got none in {self.attempts} attempts (last: "
                    f"{reason}); {self._size():,} bytes are kept: run it again to go on"
                )
            delay = self.wait * 2 ** max(failures - 1, 0) if wait is None else wait
            time.sleep(min(delay, _LONGEST_WAIT))
        os.replace(self.part, output_file)

    def _attempt(self, url: str, start: int) -> None:
        """Ask once for what is missing; return when everything is there."""
        headers = {"Accept-Encoding": "identity"}  # a compressed answer could not be resumed
        if start:
            headers["Range"] = f"bytes={start}-"
        with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT) as answer:
            if answer.status_code == 416:
                if _total_of(answer) == start:
                    return
                self.part.unlink(missing_ok=True)
                raise _TryAgainError("the part was longer than the file (416)")
            if answer.status_code in _TRANSIENT:
                raise _TryAgainError(f"status {answer.status_code}", _asked_to_wait(answer))
            if answer.status_code not in (200, 206):
                raise DataError(
                    f"{url}: expected the file but got status {answer.status_code} "
                    f"({answer.reason}); check the address or use another mirror"
                )
            total = self._write(answer, start)
        done = self._size()
        if total is not None and done < total:
            raise _TryAgainError(f"connection ended at {done:,} of {total:,} bytes")

    def _write(self, answer: requests.Response, start: int) -> int | None:
        """Append to the part, or begin it anew where the server ignored Range."""
        if answer.status_code == 206:
            if _start_of(answer) != start:
                self.part.unlink(missing_ok=True)
                raise _TryAgainError("the server answered another range than was asked for")
            total, mode = _total_of(answer), "ab"
            self.resumed = True
        else:
            length = answer.headers.get("Content-Length", "")
            total, mode, start = int(length) if length.isdigit() else None, "wb", 0
        total = self.expected_bytes if total is None else total
        done = start
        self._tell(done, total)
        with told_write_errors(self.part), open(self.part, mode) as file:
            for chunk in answer.iter_content(CHUNK):
                file.write(chunk)
                done += len(chunk)
                self._tell(done, total)
        return total


def _start_of(answer: requests.Response) -> int | None:
    found = re.match(r"bytes (\d+)-", answer.headers.get("Content-Range", ""))
    return int(found[1]) if found else None


def _total_of(answer: requests.Response) -> int | None:
    found = re.search(r"/(\d+)$", answer.headers.get("Content-Range", ""))
    return int(found[1]) if found else None


def _asked_to_wait(answer: requests.Response) -> float | None:
    seconds = answer.headers.get("Retry-After", "")
    return float(seconds) if seconds.isdigit() else None
