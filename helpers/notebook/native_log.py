"""What libraries in C log, kept out of the notebook."""

from __future__ import annotations

import os
import sys


def keep_native_log_out() -> None:
    """Have what libraries in C log written to the terminal that JupyterLab was started in.

    Its kernels show it in the notebook, in red, as if something were wrong, and TensorFlow tells of
    the machine whenever it is imported [1]_. Errors and warnings of Python stay where they are. A
    report's kernels are left alone.

    References
    ----------
    .. [1] ipykernel, ``OutStream`` watches the file descriptor, and keeps the terminal's:
       https://github.com/ipython/ipykernel/blob/main/ipykernel/iostream.py.
    """
    terminal = getattr(sys.stderr, "_original_stdstream_copy", None)
    if terminal is not None and "DERMBOOK_CHAPTER" not in os.environ:
        os.dup2(terminal, 2)
