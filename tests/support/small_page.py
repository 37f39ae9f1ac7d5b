"""The browser page of a small model, built once, served on this machine, and a real browser.

A plugin, ``pytest_plugins = ("support.small_page",)``, so that all test files share one of each.
"""

from __future__ import annotations

import json
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from helpers.serving.apps.browser_page import build_web
from helpers.serving.apps.static_server import make_server
from helpers.serving.model.opening import open_model
from helpers.serving.model.served import ServedModel
from support.made_once import made_once
from support.page_steps import READY
from support.small_served import small_served

__all__ = ["chromium", "open_page", "page_address", "served", "site", "small_served", "visits"]

FLAGS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
)


@dataclass
class Seen:
    """What happened on a page, to be looked at when its test is over."""

    requests: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


@pytest.fixture(scope="session")
def served(small_served: Path) -> ServedModel:
    """The small model, without its gate: it answers to whatever a test brings."""
    model = open_model(small_served)
    return replace(model, card=model.card.model_copy(update={"gate": None}))


@pytest.fixture(scope="session")
def site(served: ServedModel, common: Path) -> Path:
    """The page of the small model, with weights of 32 bits."""
    return made_once(common, "page", lambda page: build_web(served, page, precision="float32"))


@pytest.fixture(scope="session")
def page_address(site: Path) -> Iterator[str]:
    """Where the page is served."""
    with make_server(site, 0) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://localhost:{server.server_address[1]}/"
        server.shutdown()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """A real browser; the machine's own, never one that a test would download."""
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
    if not Path(path).is_file():
        pytest.skip(f"no browser at {path}; install chromium, or set CHROMIUM to its path")
    missing = "playwright is not installed: run 'make setup WITH=browser'"
    playwright = pytest.importorskip("playwright.sync_api", reason=missing)
    with playwright.sync_playwright() as tools:
        browser = tools.chromium.launch(
            executable_path=path, args=list(FLAGS), chromium_sandbox=False
        )
        yield browser
        browser.close()


@contextmanager
def visits(chromium: Any, page_address: str, site: Path) -> Iterator[Callable[..., Any]]:
    """Pages opened as :func:`open_page` says; all are closed, and what they did is looked at."""
    contexts, told = [], Seen()

    def visit(path: str = "", *, facts: dict[str, Any] | None = None, **options: Any) -> Any:
        expected = options.pop("expected", "yes")
        options = {"locale": "en-GB", "viewport": {"width": 1280, "height": 900}} | options
        context = chromium.new_context(**options)
        contexts.append(context)
        if facts is not None:
            told_page = json.loads((site / "page.json").read_text(encoding="utf-8")) | facts
            context.route("**/page.json", lambda route: route.fulfill(json=told_page))
        context.on("request", lambda request: told.requests.append(request.url))
        page = context.new_page()
        page.on("console", lambda message: _note(told, message))
        page.on("pageerror", lambda error: told.problems.append(str(error)))
        page.seen = told
        page.goto(page_address + path)
        if expected:
            page.wait_for_selector(f"html[data-ready={expected}]", timeout=READY)
        return page

    yield visit
    for context in contexts:
        context.close()
    assert told.problems == []
    hosts = ("http://localhost:", "blob:http://localhost:")
    assert [url for url in told.requests if not url.startswith(hosts)] == []


@pytest.fixture
def open_page(chromium: Any, page_address: str, site: Path) -> Iterator[Callable[..., Any]]:
    """Open the page in a profile of its own: ``open_page(path="", facts={}, **options)``.

    With `facts` the page is told other things of its model than were built.

    What is wrong on the console, and any request to somewhere else, fails the test.
    """
    with visits(chromium, page_address, site) as visit:
        yield visit


def _note(told: Seen, message: Any) -> None:
    if message.type in ("error", "warning"):
        told.problems.append(f"{message.type}: {message.text}")
