"""The browser page in a real browser: seconds until it is ready, milliseconds a picture, bytes.

Run ``python -m benchmarks.browser [MODEL]``; MODEL is as in ``dermbook web``.
"""

from __future__ import annotations

import base64
import importlib.util
import os
import shutil
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from helpers.core import ConfigError
from helpers.serving.apps import Handler, make_server

GOALS = {"ready_seconds": 2.0, "inference_ms": 60.0, "megabytes": 12.0}
LOADS = 5
RUNS = 40
IMAGES = 84
FLAGS = (
    "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip

START = """async () => {
  const [{ openTasks }, { unpack, calibrate }] = await Promise.all([
    import('./js/client.js'), import('./js/scores.js')]);
  const { head, gate, ...page } = await (await fetch('page.json')).json();
  const call = await openTasks();
  await call('start', { page, wanted: 'wasm' });
  window.look = async (text) => {
    const pixels = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    const { probabilities, milliseconds } = await call('run', { pixels });
    return { probabilities: calibrate(probabilities, page.temperature), milliseconds };
  };
}"""


@contextmanager
def open_browser() -> Iterator[Any]:
    """The machine's Chromium, without its graphics card."""
    path = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if path is None:
        raise ConfigError("expected Chromium on the PATH or in CHROMIUM but found none; install it")
    if importlib.util.find_spec("playwright") is None:
        raise ConfigError(
            "expected the package playwright but it is missing; run 'make setup WITH=browser'"
        )
    from playwright.sync_api import sync_playwright

    with sync_playwright() as tools:
        browser = tools.chromium.launch(
            executable_path=path, args=list(FLAGS), chromium_sandbox=False
        )
        yield browser
        browser.close()


@contextmanager
def serving(folder: Path) -> Iterator[tuple[str, list[int]]]:
    """The page's address, and the bytes of each answer that its server gave."""
    sent: list[int] = []
    plain = Handler.copyfile

    def counted(self: Handler, source: Any, output: Any) -> None:
        sent.append(os.fstat(source.fileno()).st_size)
        plain(self, source, output)

    Handler.copyfile = counted  # type: ignore[method-assign]
    try:
        with make_server(folder, 0) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            yield f"http://localhost:{server.server_address[1]}/?backend=wasm", sent
            server.shutdown()
    finally:
        Handler.copyfile = plain  # type: ignore[method-assign]


def measure_loads(browser: Any, folder: Path) -> dict[str, Any]:
    """Seconds from the start of the navigation until the model has answered its first input.

    Parameters
    ----------
    browser : playwright Browser
    folder : Path
        As made by `helpers.serving.apps.browser_page.build_web`.

    Returns
    -------
    dict
        ``ready_seconds``, one a load, each in a fresh profile; ``megabytes``, what the first load
        sent until the page was kept for use without a network.
    """
    seconds, megabytes = [], 0.0
    with serving(folder) as (address, sent):
        for number in range(LOADS):
            context = browser.new_context(locale="en-GB")
            page = context.new_page()
            page.goto(address)
            page.wait_for_selector("html[data-ready=yes]")
            mark = "performance.getEntriesByName('dermbook-ready')[0].startTime / 1000"
            seconds.append(page.evaluate(mark))
            if number == 0:
                page.wait_for_selector("text=works without a network")
                megabytes = sum(sent) / 1e6
            context.close()
    return {"ready_seconds": seconds, "megabytes": megabytes}


def measure_answers(
    browser: Any, folder: Path, images: NDArray[np.uint8]
) -> tuple[list[float], NDArray[np.float64]]:
    """Milliseconds and calibrated probabilities of pictures, in the page's worker.

    Parameters
    ----------
    browser : playwright Browser
    folder : Path
    images : ndarray of shape (n_images, height, width, 3), uint8

    Returns
    -------
    milliseconds : list of float
        Of the last `RUNS` pictures.
    probabilities : ndarray of shape (n_images, n_classes)
    """
    with serving(folder) as (address, _):
        context = browser.new_context()
        page = context.new_page()
        page.goto(address)
        page.wait_for_selector("html[data-ready=yes]")
        page.evaluate(START)
        texts = [base64.b64encode(image.tobytes()).decode() for image in images]
        looks = [page.evaluate("(text) => window.look(text)", text) for text in texts]
        context.close()
    milliseconds = [look["milliseconds"] for look in looks][-RUNS:]
    return milliseconds, np.array([look["probabilities"] for look in looks])


def measure_browser(spec: str | None = None) -> dict[str, Any]:
    """Build the page with weights of 16 and of 32 bits, and measure both.

    Parameters
    ----------
    spec : str, optional
        The model; that in the box where None.

    Returns
    -------
    dict
        By precision what `measure_loads` gives and ``inference_ms``, and ``difference`` (largest
        of a calibrated probability between the two) and ``same_class``, on drawn pictures.
    """
    from helpers.dataset import load_catalogue, open_source, read_image, resize_image
    from helpers.sample import draw_sample
    from helpers.serving.apps import build_web
    from helpers.serving.model import open_model

    served = open_model(spec)
    found: dict[str, Any] = {"model": served.card.name}
    with tempfile.TemporaryDirectory() as temporary, open_browser() as browser:
        place = Path(temporary)
        catalogue = load_catalogue(open_source(draw_sample(place / "drawn", n_images=IMAGES)))
        size = served.card.image_size
        images = np.stack([resize_image(read_image(path), size) for path in catalogue["path"]])
        answers = {}
        for precision in ("float16", "float32"):
            folder = build_web(served, place / precision, precision)
            milliseconds, answers[precision] = measure_answers(browser, folder, images)
            found[precision] = measure_loads(browser, folder) | {"inference_ms": milliseconds}
    first, second = answers.values()
    found["difference"] = float(np.abs(first - second).max())
    found["same_class"] = float((first.argmax(axis=1) == second.argmax(axis=1)).mean())
    return found


def main() -> None:
    """Measure and print."""
    console = Console()
    found = measure_browser(sys.argv[1] if len(sys.argv) > 1 else None)
    console.print(f"{found['model']}, WebAssembly with one thread, {os.cpu_count()} cores")
    for precision in ("float16", "float32"):
        for name, goal in GOALS.items():
            values = np.atleast_1d(found[precision][name])
            middle = float(np.median(values))
            spread = f"{values.min():.2f} to {values.max():.2f}, n = {len(values)}"
            met = "yes" if middle <= goal else "no"
            console.print(f"{precision} {name}: {middle:.2f} ({spread}; at most {goal:g}: {met})")
    console.print(
        f"float16 against float32 on {IMAGES} drawn pictures: at most {found['difference']:.2g} in "
        f"a probability, {found['same_class']:.1%} of the same class"
    )


if __name__ == "__main__":
    main()
