"""The drawn sample, begun while the kernels that will open it are not there yet."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread


@contextmanager
def drawn_ahead(source: str, n_images: int, seed: int) -> Iterator[None]:
    """Have the sample drawn in the block, beside whatever is done there.

    Chapters wait for it as they wait for each other, and draw it themselves where that failed, so
    that they tell what was wrong. At the end of the block an unfinished one is given up.

    Parameters
    ----------
    source : str
        Anything but ``"sample"`` is left to the chapters.
    n_images, seed : int
        As of `helpers.dataset.open_source`.
    """
    if source != "sample":
        yield
        return
    given_up = Event()

    def go_on(*_: int) -> None:
        if given_up.is_set():
            raise InterruptedError

    def draw() -> None:
        from helpers.dataset import open_source  # pandas and OpenCV come with it

        with suppress(Exception):
            open_source("sample", sample_images=n_images, seed=seed, progress=go_on)

    thread = Thread(target=draw, name="drawing", daemon=True)
    try:
        thread.start()
        yield
    finally:
        given_up.set()
        if thread.ident is not None:
            thread.join()
