"""A chapter opens its run: profile, source, split and folder."""

from __future__ import annotations

from pathlib import Path

from helpers.core import ROOT
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
        "sample", "ham10000" or a folder; the profile's own where None.
    max_images : int, optional
        At most so many images; the profile's own where None.
    seed : int, optional
        Of sample, split and trials; the profile's own where None.
    split_file : str or Path, optional
        A split to use in place of a computed one; the profile's own where None.
    folder : str or Path, optional
        Where results go; ``runs/<profile>`` in the repository where None.

    Returns
    -------
    Run
        From here on a cell of the notebook may begin with ``%%say``; see `helpers.notebook.prose`.

    Raises
    ------
    ConfigError
        If the profile, the source, the split file or the chapter's captions cannot be used, or a
        folder cannot be written to.
    """
    keep_native_log_out()
    loaded = load_profile(profile)
    seed = loaded.seed if seed is None else seed
    # A relative folder is the user's own, but a chapter's kernel starts in chapters/.
    opened = open_source(source or loaded.source, sample_images=loaded.sample_images, seed=seed)
    place = Path(folder) if folder else ROOT / "runs" / loaded.name
    limit = loaded.max_images if max_images is None else max_images
    given = split_file or loaded.split_file
    divided_by = split_path(given) if given else None
    global _opened
    _opened = Run(loaded, opened, place.resolve(), seed, limit, divided_by)
    register(_opened.quote, _opened.say)
    return _opened


def opened_run() -> Run | None:
    """The run that this process opened last; None before there is one."""
    return _opened
