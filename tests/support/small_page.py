"""The browser page of a small model, built once, served on this machine, and a real browser.

A plugin, ``pytest_plugins = ("support.small_page",)``, so that all test files share one of each.
"""

from __future__ import annotations

import json
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

__all__ = ["open_page", "page_address", "served", "site", "small_served", "visitors", "visits"]

pytest_plugins = ("support.chromium",)

TELL = """const asked = window.fetch.bind(window);
window.fetch = async (path, ...options) => (
  path === 'page.json' ? new Response(JSON.stringify(FACTS)) : asked(path, ...options));"""


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


@contextmanager
def serving(site: Path) -> Iterator[str]:
    """Serve a built page on this machine; where it is."""
    with make_server(site, 0) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://localhost:{server.server_address[1]}/"
        server.shutdown()


@pytest.fixture(scope="session")
def page_address(site: Path) -> Iterator[str]:
    """Where the page is served."""
    with serving(site) as address:
        yield address


@dataclass
class Visitors:
    """People who come back to a page: a profile for each language, made when it is first wanted.

    A profile holds the page's files from its first visit on, so that the next ones cost less than
    half as much.
    """

    browser: Any
    address: str
    site: Path
    profiles: dict[str, Any] = field(default_factory=dict)

    def profile(self, locale: str) -> Any:
        """The profile of those who read a language."""
        if locale not in self.profiles:
            self.profiles[locale] = self.browser.new_context(locale=locale)
        return self.profiles[locale]

    def close(self) -> None:
        """Forget all of them."""
        for context in self.profiles.values():
            context.close()


@pytest.fixture(scope="session")
def visitors(chromium: Any, page_address: str, site: Path) -> Iterator[Visitors]:
    """Who comes to the small model's page."""
    found = Visitors(chromium, page_address, site)
    yield found
    found.close()


@contextmanager
def visits(visitors: Visitors) -> Iterator[Callable[..., Any]]:
    """Pages opened as :func:`open_page` says; all are closed, and what they did is looked at."""
    pages: list[Any] = []
    watched: list[Any] = []
    own: list[Any] = []
    told = Seen()

    def note_request(request: Any) -> None:
        told.requests.append(request.url)

    def visit(
        path: str = "", *, facts: dict[str, Any] | None = None, locale: str = "en-GB",
        width: int = 1280, expected: str = "yes", first: bool = False, **media: Any,
    ) -> Any:  # fmt: skip
        if first:
            context = visitors.browser.new_context(locale=locale)
            own.append(context)
        else:
            context = visitors.profile(locale)
        if context not in watched:
            watched.append(context)
            context.on("request", note_request)
        page = context.new_page()
        pages.append(page)
        page.set_viewport_size({"width": width, "height": 900})
        if media:
            page.emulate_media(**media)
        if facts is not None:
            text = (visitors.site / "page.json").read_text(encoding="utf-8")
            page.add_init_script(TELL.replace("FACTS", json.dumps(json.loads(text) | facts)))
        page.on("console", lambda message: _note(told, message))
        page.on("pageerror", lambda error: told.problems.append(str(error)))
        page.seen = told
        page.goto(visitors.address + path)
        if expected:
            page.wait_for_selector(f"html[data-ready={expected}]", timeout=READY)
        return page

    yield visit
    for page in pages:
        page.close()
    for context in watched:
        context.remove_listener("request", note_request)
    for context in own:
        context.close()
    assert told.problems == []
    hosts = ("http://localhost:", "blob:http://localhost:")
    assert [url for url in told.requests if not url.startswith(hosts)] == []


@pytest.fixture
def open_page(visitors: Visitors) -> Iterator[Callable[..., Any]]:
    """Open the page: ``open_page(path="", facts=, locale=, width=, expected=, first=, **media)``.

    With `facts` the page is told other things of its model than were built. Where `first` is True
    it is opened in a profile of its own, which has not seen it. It is waited for until the page
    says that it is ready as `expected`, "yes" or "no"; where that is "" it is not waited for.
    ``media`` are those of Playwright's ``emulate_media``.

    What is wrong on the console, and any request to somewhere else, fails the test.
    """
    with visits(visitors) as visit:
        yield visit


def _note(told: Seen, message: Any) -> None:
    if message.type in ("error", "warning"):
        told.problems.append(f"{message.type}: {message.text}")
