"""Memory of batches, used again when nobody holds a batch any more.

An array of some megabytes is mapped anew each time that it is made, page by page, and while it is
mapped or unmapped the other threads of the process wait: with two threads, a fifth of what it
takes to augment a batch.
"""

from __future__ import annotations

import sys
import threading
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

_FREE = 2
"""References to an array that only its list holds: the list's, and the one that asks."""


class Buffers:
    """Arrays of one shape, as many as are held at once.

    Parameters
    ----------
    shape : tuple of int
        Of the largest array: (most rows, ...).
    dtype : dtype
        Of its elements.
    """

    def __init__(self, shape: tuple[int, ...], dtype: DTypeLike) -> None:
        self._shape, self._dtype = shape, dtype
        self._arrays: list[NDArray[Any]] = []
        self._lock = threading.Lock()

    def take(self, n_rows: int) -> NDArray[Any]:
        """An array of so many rows, with whatever was in it.

        It is its holder's until the last reference to it, or to a view of it, is gone: NumPy's
        views refer to the array whose memory they show, and so do tensors that share it.

        Raises
        ------
        ValueError
            If there are more rows than were said to be the most.
        """
        if n_rows > self._shape[0]:
            raise ValueError(f"expected at most {self._shape[0]} rows but got {n_rows}")
        with self._lock:
            for index in range(len(self._arrays)):
                if sys.getrefcount(self._arrays[index]) == _FREE:
                    return self._arrays[index][:n_rows]
            self._arrays.append(np.empty(self._shape, self._dtype))
            return self._arrays[-1][:n_rows]
