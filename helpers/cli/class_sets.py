"""Starting a command again for a data set of other diagnoses than this process tells apart."""

from __future__ import annotations

import os
import sys

from helpers.core import CLASSES_VARIABLE
from helpers.dataset import needed_classes, open_source, read_source


def start_again_for(spec: str) -> None:
    """Replace this process by one with the classes of a source, where it needs others.

    The classes are constants of a process, which kernels and trainings inherit. Where the user
    has set them, they stay: a source that does not fit is then an error where it is split.

    Parameters
    ----------
    spec : str
        What `helpers.dataset.open_source` takes.

    Raises
    ------
    DataError
        If the source cannot be opened.
    """
    if spec in ("sample", "ham10000") or os.environ.get(CLASSES_VARIABLE):
        return
    reading = read_source(open_source(spec))
    needed = needed_classes(reading.classes, fixed=reading.fixed_classes)
    if needed is None:
        return
    environment = dict(os.environ) | {CLASSES_VARIABLE: needed}
    sys.stdout.flush()
    sys.stderr.flush()
    os.execve(
        sys.executable, [sys.executable, "-m", "helpers.cli.main", *sys.argv[1:]], environment
    )
