"""Whether somebody sits before the notebook, and whether their kernel has controls to show."""

from __future__ import annotations

import os
from importlib.util import find_spec

HOW_TO_GET = (
    "Here you could guess first, or touch: that needs ipywidgets, which this kernel has not. "
    "`make lab` in the book's folder installs it; then start the kernel again. "
    "The chapter goes on without."
)

_told: set[str] = set()


def someone_is_there() -> bool:
    """Whether a person can answer what a cell asks.

    The report's runner names its chapter in the environment. Other programs that execute
    notebooks (papermill, ``jupyter nbconvert --execute``) say with each cell that nobody can be
    asked for input; JupyterLab says that somebody can [1]_.

    References
    ----------
    .. [1] Jupyter messaging, ``allow_stdin`` of an execute_request,
       https://jupyter-client.readthedocs.io/en/stable/messaging.html#execute.
    """
    from IPython.core.getipython import get_ipython

    kernel = getattr(get_ipython(), "kernel", None)  # none in IPython's terminal
    if kernel is None or "DERMBOOK_CHAPTER" in os.environ:
        return False
    return bool(kernel.get_parent("shell").get("content", {}).get("allow_stdin", False))


def can_show_controls() -> bool:
    """Whether to show controls: somebody is there, and ipywidgets is installed.

    Where it is missing, one line says once how to get it.
    """
    if not someone_is_there():
        return False
    if find_spec("ipywidgets") is None:
        if HOW_TO_GET not in _told:
            _told.add(HOW_TO_GET)
            say(HOW_TO_GET)
        return False
    return True


def say(markdown: str) -> None:
    """Show a paragraph to the person who is there."""
    from IPython.display import Markdown, display

    display(Markdown(markdown))
