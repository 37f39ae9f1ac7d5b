"""Processes that draw lesions of a sample: ``python -m helpers.sample.workers``.

A worker reads its options and then lesions from standard input, one line of JSON a task, and
answers each task with one line on standard output. It is a program of its own rather than a
child of `multiprocessing`, because that imports the caller's main script again: a script without
a ``__main__`` guard would start itself over, and one read from standard input cannot be found.
"""

from __future__ import annotations

import errno
import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

import cv2
import numpy as np

from helpers.core import ROOT, DermBookError
from helpers.sample.views import draw_subject, draw_view

JPEG_QUALITY = 92
MASKS = "HAM10000_segmentations_lesion_tschandl"

Task = list[tuple[int, str, list[tuple[int, str, str]]]]
"""Lesions: number, diagnosis, and its images as (view, image_id, folder of the image)."""
Rows = list[dict[str, Any]]

_KEEP_MEMORY = {
    "MALLOC_MMAP_THRESHOLD_": str(1 << 30),
    "MALLOC_TRIM_THRESHOLD_": str(1 << 30),
}
"""glibc returns arrays of a megabyte to the system at once, and clearing fresh pages for the
next one takes a third of the drawing time; other C libraries do not look at these."""


def _write(path: Path, image: np.ndarray, options: list[int]) -> None:
    done, data = cv2.imencode(path.suffix, image, options)
    if not done:
        raise OSError(f"{path}: OpenCV could not encode the image")
    path.write_bytes(data.tobytes())


@contextmanager
def _one_thread() -> Iterator[None]:
    """Keep OpenCV to one thread, because the worker processes share the cores."""
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(before)


def draw_task(folder: Path, seed: int, ruler: float, task: Task) -> Rows:
    """Draw and write all images of some lesions.

    Parameters
    ----------
    folder : Path
        The sample's folder, with its sub-folders in place.
    seed : int
    ruler : float
        See :func:`helpers.sample.artefacts.draw_nuisance`.
    task : list
        See :data:`Task`.

    Returns
    -------
    list of dict
        The images' rows of ``criteria.csv``.
    """
    rows: Rows = []
    with _one_thread():
        for number, dx, images in task:
            subject = draw_subject(dx, seed, number)
            for view, image_id, part in images:
                drawn = draw_view(subject, dx, seed, number, view, ruler)
                picture = cv2.cvtColor(drawn.picture, cv2.COLOR_RGB2BGR)
                options = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
                _write(folder / part / f"{image_id}.jpg", picture, options)
                for place, pixels in (
                    (f"{MASKS}/{image_id}_segmentation.png", drawn.mask),
                    (f"criteria/{image_id}_criteria.png", drawn.criterion),
                ):
                    options = [cv2.IMWRITE_PNG_COMPRESSION, 1]
                    _write(folder / place, pixels.view(np.uint8) * np.uint8(255), options)
                rows.append(
                    {
                        "image_id": image_id,
                        "criteria": ";".join(subject.lesion.criteria),
                        "skin_type": subject.skin.skin_type,
                        **drawn.nuisance.flags(),
                    }
                )
    return rows


def draw_in_processes(
    folder: Path, seed: int, ruler: float, tasks: list[Task], workers: int
) -> Generator[Rows, None, None]:
    """Draw tasks in worker processes; yields the rows of each as it is done, in any order.

    Raises
    ------
    DermBookError
        If a worker failed or died. No worker is left running, whichever way this ends.
    """
    todo: queue.SimpleQueue[Task] = queue.SimpleQueue()
    for task in tasks:
        todo.put(task)
    answers: queue.SimpleQueue[Rows | DermBookError | OSError] = queue.SimpleQueue()
    options = json.dumps({"folder": str(folder.resolve()), "seed": seed, "ruler": ruler})
    with tempfile.TemporaryFile("w+", encoding="utf-8") as said:
        processes = [_start(said) for _ in range(workers)]
        feeders = [
            threading.Thread(target=_feed, args=(process, options, todo, answers), daemon=True)
            for process in processes
        ]
        try:
            for feeder in feeders:
                feeder.start()
            for _ in tasks:
                answer = answers.get()
                if isinstance(answer, OSError):
                    raise answer
                if isinstance(answer, DermBookError):
                    said.seek(0)
                    raise DermBookError(f"{answer}\n{said.read()[-2000:]}".rstrip())
                yield answer
        finally:
            for process in processes:
                process.kill()
            for feeder in feeders:
                if feeder.ident is not None:
                    feeder.join()
            for process in processes:
                process.wait()
                for pipe in (process.stdin, process.stdout):
                    if pipe is not None:
                        _close(pipe)


def _start(said: IO[str]) -> subprocess.Popen[str]:
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return subprocess.Popen(
        [sys.executable, "-m", "helpers.sample"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=said,
        text=True,
        encoding="utf-8",
        env={**os.environ, **_KEEP_MEMORY, "PYTHONPATH": os.pathsep.join(paths)},
    )


def _close(pipe: IO[str]) -> None:
    with suppress(BrokenPipeError):  # what was not yet sent to a dead worker
        pipe.close()


def _failure(text: str, number: int | None) -> DermBookError | OSError:
    """A worker's error; a full disk stays one, for whoever knows the folder's purpose."""
    if number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return OSError(number, os.strerror(number))
    return DermBookError(f"drawing failed: {text}")


def _feed(
    process: subprocess.Popen[str],
    options: str,
    todo: queue.SimpleQueue[Task],
    answers: queue.SimpleQueue[Rows | DermBookError | OSError],
) -> None:
    """Hand tasks to one worker until none are left."""
    assert process.stdin is not None and process.stdout is not None
    line = options
    try:
        while True:
            process.stdin.write(line + "\n")
            if line is not options:
                process.stdin.flush()
                reply = process.stdout.readline()
                if not reply:
                    raise EOFError
                answer = json.loads(reply)
                if "error" in answer:
                    answers.put(_failure(answer["error"], answer["errno"]))
                    return
                answers.put(answer["rows"])
            line = json.dumps(todo.get_nowait())
    except queue.Empty:
        return
    except (EOFError, OSError, ValueError):
        answers.put(
            DermBookError(
                "a drawing process ended before its work was done, most likely for want of "
                "memory; draw with fewer workers, or with workers=1"
            )
        )


def main() -> None:
    """Answer tasks until standard input ends."""
    # What a library prints must not be taken for an answer.
    replies, sys.stdout = sys.stdout, sys.stderr
    options = json.loads(sys.stdin.readline())
    folder, seed, ruler = Path(options["folder"]), options["seed"], options["ruler"]
    for line in sys.stdin:
        try:
            answer: dict[str, Any] = {"rows": draw_task(folder, seed, ruler, json.loads(line))}
        except Exception as error:
            traceback.print_exc()
            answer = {
                "error": f"{type(error).__name__}: {error}",
                "errno": getattr(error, "errno", None),
            }
        print(json.dumps(answer), file=replies, flush=True)
