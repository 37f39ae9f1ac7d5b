"""The Streamlit app in a real Chromium: upload, results, downloads, accessibility, privacy."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from support.accessibility import violations
from support.loopback import free_port

from helpers.core import ROOT
from helpers.sample.views import draw_subject, draw_view
from helpers.serving.apps.translations import load_wording

pytestmark = pytest.mark.slow
pytest_plugins = ("support.chromium",)

PATIENCE_MS = 90_000
SAY = load_wording("streamlit", "en")


@dataclass
class Server:
    """The app as a child, and what it wrote."""

    address: str
    log: Path
    opened: Path
    temporary: Path

    def writes(self) -> list[str]:
        """Files that were opened for writing since the start."""
        names = self.opened.read_text().splitlines() if self.opened.is_file() else []
        # Pages are set with fonts that are copied to where Typst looks for them.
        allowed = (str(self.temporary / "dermbook-fonts-"), "/dev/")
        return [name for name in names if not name.startswith(allowed)]


@dataclass
class Visit:
    """A page in a browser, and every request that it made."""

    page: Any
    requests: list[str] = field(default_factory=list)


def drawn_picture(dx: str, kind: str = "JPEG", width: int = 600) -> bytes:
    """A drawn lesion as a file."""
    view = draw_view(draw_subject(dx, 0, 1), dx, 0, 1, 1)
    image = Image.fromarray(view.picture).resize((width, width * 3 // 4))
    buffer = io.BytesIO()
    image.save(buffer, kind)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def server(small_served: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The app, started as a person starts it, with a folder for temporary files of its own."""
    place = tmp_path_factory.mktemp("app")
    (place / "site").mkdir()
    shutil.copy(ROOT / "tests" / "support" / "watch_opens.py", place / "site" / "sitecustomize.py")
    (place / "temporary").mkdir()
    port = free_port()
    found = Server(f"http://127.0.0.1:{port}", place / "log", place / "opened", place / "temporary")
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(place / "site")]),
        "PYTHONDONTWRITEBYTECODE": "1",
        "DERMBOOK_OPENED": str(found.opened),
        "TMPDIR": str(found.temporary),
    }
    command = [
        sys.executable,
        "-m",
        "helpers.cli.main",
        "app",
        str(small_served),
        "--port",
        str(port),
    ]
    with found.log.open("w") as log:
        child = subprocess.Popen(
            command, cwd=place, env=environment, stdout=log, stderr=subprocess.STDOUT
        )
        try:
            until = time.monotonic() + 90
            while time.monotonic() < until:
                try:
                    urllib.request.urlopen(f"{found.address}/_stcore/health", timeout=2).close()
                    break
                except OSError:
                    assert child.poll() is None, found.log.read_text()
                    time.sleep(0.2)
            yield found
        finally:
            child.terminate()
            child.wait(20)


@pytest.fixture(scope="module")
def profile(chromium: Any) -> Iterator[Any]:
    """A browser that has seen the app: it has the files, and each new page is a new session."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    yield context
    context.close()


def visit(
    profile: Any, server: Server, page: str = "", language: str = "en", scheme: str = "light"
) -> Visit:
    """Open a page in a session of its own and wait until it is drawn."""
    opened = Visit(profile.new_page())
    opened.page.emulate_media(color_scheme=scheme)
    opened.page.set_default_timeout(PATIENCE_MS)
    opened.page.on("request", lambda request: opened.requests.append(request.url))
    opened.page.goto(f"{server.address}/{page}?lang={language}")
    settle(opened.page)
    return opened


def settle(page: Any) -> None:
    """Wait until the page is drawn and its script has ended."""
    page.wait_for_selector("h1")
    page.wait_for_selector(".db-notice")
    page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]")
    page.wait_for_function("!document.querySelector('[data-testid=stSkeleton]')")


def put_in(page: Any, *files: tuple[str, bytes]) -> None:
    """Upload files and wait for as many cards as are there then."""
    payload = [{"name": n, "mimeType": "image/jpeg", "buffer": data} for n, data in files]
    page.set_input_files("input[type=file]", payload)
    page.get_by_role("heading", name=files[-1][0]).wait_for()
    settle(page)


@pytest.fixture(scope="module")
def diagnosed(profile: Any, server: Server) -> Visit:
    """The diagnosis page with one analysed picture."""
    opened = visit(profile, server, "diagnosis")
    put_in(opened.page, ("first lesion.jpg", drawn_picture("mel")))
    return opened


def test_an_uploaded_picture_is_answered(diagnosed: Visit) -> None:
    """Four diagnoses with their probabilities, the malignant score, and the picture's map."""
    page = diagnosed.page
    assert page.locator(".db-bars tbody tr").count() == 4
    assert page.locator(".db-meter").count() == 1
    picture = page.locator("img.db-picture")
    assert "first lesion.jpg" in picture.get_attribute("alt")
    assert picture.evaluate("image => image.naturalWidth") == 576
    assert not page.locator("[data-testid=stException]").count()


def test_the_notice_is_always_visible(diagnosed: Visit) -> None:
    """However far a page is scrolled, the notice stays in sight."""
    page = diagnosed.page
    for _ in range(2):
        box = page.locator(".db-notice").bounding_box()
        assert box is not None
        assert 0 < box["y"] < 900
        page.mouse.move(640, 500)
        page.mouse.wheel(0, 3000)
        page.wait_for_timeout(200)


@pytest.mark.parametrize(("kind", "begins"), [("csv", b"\xef\xbb\xbf"), ("pdf", b"%PDF-")])
def test_results_can_be_downloaded(diagnosed: Visit, kind: str, begins: bytes) -> None:
    """The table and the pages come as files."""
    with diagnosed.page.expect_download() as download:
        diagnosed.page.locator(f".st-key-download_{kind} button").click()
    data = Path(download.value.path()).read_bytes()
    assert data.startswith(begins)
    assert download.value.suggested_filename == f"dermbook-results.{kind}"
    if kind == "csv":
        assert "first lesion.jpg" in data.decode()


@pytest.mark.parametrize("page", ["", "dashboard"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_are_accessible(profile: Any, server: Server, page: str, scheme: str) -> None:
    """axe-core finds nothing serious or critical, in the light and in the dark."""
    opened = visit(profile, server, page, scheme=scheme)
    assert violations(opened.page) == []
    opened.page.close()


def test_results_are_accessible(diagnosed: Visit) -> None:
    """The same of a page with results; and axe-core would find a picture without a text."""
    assert violations(diagnosed.page) == []
    diagnosed.page.evaluate("document.querySelector('img.db-picture').removeAttribute('alt')")
    assert any("image-alt" in found for found in violations(diagnosed.page))


def test_the_document_says_its_language(profile: Any, server: Server) -> None:
    """Screen readers are told the language, and the switch changes it."""
    page = visit(profile, server, language="zh-Hant").page
    page.wait_for_function("document.documentElement.lang === 'zh-Hant'")
    page.get_by_role("radio", name="English").or_(
        page.get_by_text("English", exact=True)
    ).first.click()
    page.get_by_role("heading", name=SAY("home.title")).wait_for()
    page.wait_for_function("document.documentElement.lang === 'en'")
    page.wait_for_url("**lang=en**")
    page.close()


def test_a_visitor_sees_only_their_own(chromium: Any, server: Server, diagnosed: Visit) -> None:
    """A second visitor's page is empty while the first one's is not."""
    second = visit(chromium.new_context(), server, "diagnosis")
    assert second.page.locator(".db-empty").count() == 1
    assert "first lesion" not in second.page.content()
    assert "first lesion" in diagnosed.page.content()
    second.page.context.close()


def test_nothing_uploaded_is_written_or_logged(
    profile: Any, server: Server, diagnosed: Visit, small_served: Path
) -> None:
    """From the upload on the server opens no file for writing, and its log names no picture.

    The model has answered once before, so that what libraries write when they are first used is
    not mistaken for it. The picture is larger than what the web server would hold in memory.
    """
    large = drawn_picture("nv", "BMP", width=1000)
    assert len(large) > 2_000_000
    before = server.writes()
    opened = visit(profile, server, "diagnosis")
    put_in(opened.page, ("secret mole.bmp", large))
    for kind in ("csv", "pdf"):
        with opened.page.expect_download():
            opened.page.locator(f".st-key-download_{kind} button").click()
    assert server.writes()[len(before) :] == []
    assert not any(server.temporary.rglob("*"))
    assert "secret" not in server.log.read_text()
    assert "first lesion" not in server.log.read_text()
    opened.page.close()


def test_the_watch_sees_writes(tmp_path: Path) -> None:
    """What the test above relies on: a temporary file without a name is seen too."""
    shutil.copy(ROOT / "tests" / "support" / "watch_opens.py", tmp_path / "sitecustomize.py")
    log = tmp_path / "opened"
    code = "import tempfile; tempfile.TemporaryFile().write(b'x'); open('read me')"
    (tmp_path / "read me").touch()
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "DERMBOOK_OPENED": str(log)}
    subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, check=True, timeout=60
    )
    names = log.read_text().splitlines()
    assert names
    assert not any("read me" in name for name in names)


def test_no_request_leaves_this_machine(diagnosed: Visit, server: Server) -> None:
    """All that the page asked for, it asked the app."""
    assert len(diagnosed.requests) > 10
    local = (server.address, "data:", "blob:")
    assert [url for url in diagnosed.requests if not url.startswith(local)] == []
