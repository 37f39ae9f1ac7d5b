"""A chapter opens its run: profile, source, split and folder."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from helpers.core import ROOT, ConfigError
from helpers.dataset import open_source, split_path
from helpers.notebook.native_log import keep_native_log_out
from helpers.notebook.prose import register
from helpers.notebook.run import Run
from helpers.study import load_profile

_opened: Run | None = None


def open_run(
    profile: str = "quick",
    source: str | Path | None = None,
    max_images: int | None = None,
    seed: int | None = None,
    split_file: str | Path | None = None,
    folder: str | Path | None = None,
) -> Run:
    """Open a run for a chapter.

    Parameters
    ----------
    profile : str, default="quick"
        A name in ``chapters/profiles``, or a path to a YAML file.
    source : str or Path, optional
        "sample", "ham10000" or a folder; the profile's own where None. A relative folder that is
        not beside the notebook is looked for in the repository, as ``make report`` does.
    max_images : int, optional
        At most so many images; the profile's own where None.
    seed : int, optional
        Of sample, split and trials; the profile's own where None.
    split_file : str or Path, optional
        A split to use in place of a computed one; the profile's own where None.
    folder : str or Path, optional
        Where results go: a name in ``runs`` of the repository, such as "real", or a path in the
        repository, such as "runs/real", or an absolute one; ``runs/<profile>`` where None.

    Returns
    -------
    Run
        From here on a cell of the notebook may begin with ``%%say``; see `helpers.notebook.prose`.

    Raises
    ------
    ConfigError
        If the profile, a number, the source, the split file or the chapter's captions cannot be
        used, or a folder cannot be written to.
    """
    keep_native_log_out()
    loaded = load_profile(profile)
    _whole_number("seed", seed, 0)
    _whole_number("max_images", max_images, 1)
    seed = loaded.seed if seed is None else seed
    opened = open_source(
        _found(source) or loaded.source, sample_images=loaded.sample_images, seed=seed
    )
    limit = loaded.max_images if max_images is None else max_images
    given = _found(split_file) or loaded.split_file
    divided_by = split_path(given) if given else None
    global _opened
    _opened = Run(loaded, opened, _place(folder or loaded.name), seed, limit, divided_by)
    register(_opened.quote, _opened.say)
    return _opened


def _whole_number(name: str, value: Any, least: int) -> None:
    whole = isinstance(value, int | np.integer) and value is not True and value >= least
    if value is not None and not whole:
        raise ConfigError(
            f"{name}: expected None or a whole number of at least {least} but got {value!r}"
        )


def _found(given: str | Path | None) -> str | Path | None:
    """A relative path of the repository, where there is none beside the notebook.

    Commands are called in the repository, but a chapter's kernel starts in ``chapters``.
    """
    if not given or str(given) in ("sample", "ham10000"):
        return given
    path = Path(given).expanduser()
    return ROOT / path if os.path.lexists(ROOT / path) and not os.path.lexists(path) else given


def _place(folder: str | Path) -> Path:
    """Folder of a run: a plain name is one in ``runs``, as for ``dermbook report --run``."""
    path = Path(folder).expanduser()
    return (ROOT / path if len(path.parts) > 1 else ROOT / "runs" / path).resolve()


def opened_run() -> Run | None:
    """The run that this process opened last; None before there is one."""
    return _opened
