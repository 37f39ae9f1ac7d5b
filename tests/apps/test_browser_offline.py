"""The browser page kept for use without a network: by which hosts, and beside what."""

from __future__ import annotations

import re
import shutil
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from support.page_steps import READY, wait_for_answer, wait_until
from support.small_page import Visitors, serving, visits

pytest_plugins = ("support.small_page",)


def test_it_works_offline_after_the_first_load(open_page: Callable[..., Any]) -> None:
    """With the network off the page loads again and answers."""
    page = open_page(first=True)
    wait_until(page, "caches.keys().then((names) => names.length === 1)")
    page.wait_for_selector("text=works without a network", timeout=READY)
    page.context.set_offline(True)
    page.reload()
    page.wait_for_selector("html[data-ready=yes]", timeout=READY)
    page.click('[data-example="mel.jpg"]')
    assert wait_for_answer(page).startswith("Most likely")


def test_a_new_build_replaces_the_old_cache_when_wanted(
    chromium: Any,
    site: Path,
    tmp_path: Path,
) -> None:
    """A changed build is told, used on a click, and the files of the old one are removed."""
    folder = shutil.copytree(site, tmp_path / "page")
    with serving(folder) as address, visits(Visitors(chromium, address, folder)) as visit:
        page = visit(first=True)
        page.wait_for_selector("text=works without a network", timeout=READY)
        (before,) = page.evaluate("caches.keys()")
        build = folder / "build.js"
        build.write_text(re.sub(r'"id": "\w+"', '"id": "0123456789ab"', build.read_text()))
        page.evaluate("navigator.serviceWorker.getRegistration().then((r) => r.update())")
        page.wait_for_selector("#update:not([hidden])", timeout=READY)
        with page.expect_navigation():
            page.click("#update-now")
        page.wait_for_selector("html[data-ready=yes]", timeout=READY)
        wait_until(page, "caches.keys().then((names) => names.length === 1)")
        assert page.evaluate("caches.keys()") == ["dermbook-/#0123456789ab"] != [before]


class Quiet(SimpleHTTPRequestHandler):
    """Any host of static files: no headers of this project, and no record."""

    def log_message(self, *_: Any) -> None:
        """Keep none."""


class Redirecting(Quiet):
    """A host that sends index.html on to its folder, as many do."""

    def do_GET(self) -> None:
        """Redirect, or send the file."""
        if self.path.endswith("/index.html"):
            self.send_response(308)
            self.send_header("Location", self.path.removesuffix("index.html"))
            self.send_header("Content-Length", "0")
            self.end_headers()
        else:
            super().do_GET()


@pytest.fixture
def visit(chromium: Any) -> Iterator[Callable[..., Any]]:
    """A page of its own profile on a host like others: ``visit(folder, path, handler)``."""
    context, servers = chromium.new_context(locale="en-GB"), []

    def begin(folder: Path, path: str = "", handler: type[Quiet] = Quiet) -> Any:
        if not servers:
            server = ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=str(folder)))
            threading.Thread(target=server.serve_forever, daemon=True).start()
            servers.append(server)
        page = context.new_page()
        page.goto(f"http://localhost:{servers[0].server_address[1]}/{path}")
        page.wait_for_selector("html[data-ready=yes]", timeout=READY)
        return page

    yield begin
    context.close()
    for server in servers:
        server.shutdown()
        server.server_close()


def test_a_host_that_redirects_the_start_page_will_do(
    visit: Callable[..., Any],
    site: Path,
) -> None:
    """The kept page opens again with the network and without it, by either name."""
    page = visit(site, handler=Redirecting)
    page.wait_for_selector("text=works without a network", timeout=READY)
    start = page.url
    for offline in (False, True):
        page.context.set_offline(offline)
        for name in ("", "index.html"):
            page.goto(start + name)
            page.wait_for_selector("html[data-ready=yes]", timeout=READY)


def test_a_file_that_is_missing_is_told(
    visit: Callable[..., Any],
    site: Path,
    tmp_path: Path,
) -> None:
    """Where the page cannot be kept it says so, and does not promise it for ever."""
    folder = tmp_path / "page"
    shutil.copytree(site, folder)
    build = folder / "build.js"
    build.write_text(build.read_text().replace('"files": {', '"files": {"missing.txt": "",'))
    page = visit(folder)
    page.wait_for_selector("text=does not keep the page", timeout=READY)
    assert "Being kept" not in page.inner_text("#offline")


def test_two_pages_of_one_host_keep_their_own_files(
    visit: Callable[..., Any],
    site: Path,
    tmp_path: Path,
) -> None:
    """A page in another folder, or in a folder below, takes nothing away."""
    names = ("", "one/", "one/two/")
    for name in sorted(names, reverse=True):
        shutil.copytree(site, tmp_path / name, dirs_exist_ok=True)
    for name in names:
        page = visit(tmp_path, name)
        page.wait_for_selector("text=works without a network", timeout=READY)
    kept = page.evaluate("caches.keys()")
    assert sorted(name.partition("#")[0] for name in kept) == [
        f"dermbook-/{name}" for name in sorted(names)
    ]
    (first, *_) = page.context.pages
    page.context.set_offline(True)
    first.reload()
    first.wait_for_selector("html[data-ready=yes]", timeout=READY)


UPDATE_BEGUN_BEFORE = """async (address) => {
  const worker = (state) => Object.assign(new EventTarget(), { state });
  const [old, coming] = [worker('activated'), worker('installing')];
  const registration = Object.assign(
    new EventTarget(), { active: old, waiting: null, installing: coming });
  const container = Object.assign(new EventTarget(), {
    controller: old, ready: Promise.resolve(registration), register: async () => registration });
  Object.defineProperty(navigator, 'serviceWorker', { value: container });
  const { keepOffline } = await import(address);
  let [kept, offers] = [0, 0];
  await keepOffline({ onKept: () => { kept += 1; }, onUpdate: () => { offers += 1; } });
  registration.dispatchEvent(new Event('updatefound')); // of the same worker
  coming.state = 'installed';
  coming.dispatchEvent(new Event('statechange'));
  await Promise.resolve();
  return [kept, offers];
}"""


def test_an_update_that_had_begun_is_offered_once(open_page: Callable[..., Any]) -> None:
    """A newer build that was being installed before the page looked is not missed."""
    page = open_page()
    assert page.evaluate(UPDATE_BEGUN_BEFORE, "./js/offline.js") == [1, 1]
