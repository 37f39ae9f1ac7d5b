"""The browser page in a real browser: ways in, privacy, offline, keyboard, accessibility."""

from __future__ import annotations

import base64
import re
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.accessibility import violations
from support.page_steps import READY, wait_for_answer, wait_until

from helpers.core.classes import CLASSES
from helpers.serving.apps.browser_page import EXAMPLES, pack

pytest_plugins = ("support.small_page",)

EXAMPLE = EXAMPLES / "mel.jpg"
SOURCES = ("file", "drop", "paste", "example", "camera")

GIVE_FILE = """async ([kind, data]) => {
  const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
  const carried = new DataTransfer();
  carried.items.add(new File([bytes], 'lesion.jpg', { type: 'image/jpeg' }));
  const options = { bubbles: true, cancelable: true };
  if (kind === 'paste') {
    document.dispatchEvent(new ClipboardEvent('paste', { ...options, clipboardData: carried }));
    return true;
  }
  const event = (name) => new DragEvent(name, { ...options, dataTransfer: carried });
  document.querySelector('#stage').dispatchEvent(event('dragover'));
  const over = document.querySelector('#stage').classList.contains('over');
  document.querySelector('#stage').dispatchEvent(event('drop'));
  return over;
}"""


def give(page: Any, source: str) -> None:
    """Bring a picture in."""
    data = base64.b64encode(EXAMPLE.read_bytes()).decode()
    if source == "file":
        page.set_input_files("#file", EXAMPLE)
    elif source in ("drop", "paste"):
        assert page.evaluate(GIVE_FILE, [source, data])
    elif source == "example":
        page.click('[data-example="mel.jpg"]')
    else:
        page.click("#camera")
        wait_until(page, "document.querySelector('#video').videoWidth > 0")
        page.click("#capture")


def test_every_way_in_gives_the_same_kind_of_answer(open_page: Callable[..., Any]) -> None:
    """File, drop, paste, example and camera each end in an answer; the first four in one."""
    page = open_page()
    seen = {}
    for source in SOURCES:
        give(page, source)
        seen[source] = wait_for_answer(page)
        assert page.locator("#bars li").count() == 7
        assert page.is_visible("#shown") and page.is_visible("#heat")
        assert page.eval_on_selector("#video", "video => video.srcObject") is None
        page.click("#clear")
        assert page.is_hidden("#answer") and page.is_visible("#empty")
    assert len({seen[source] for source in SOURCES[:4]}) == 1
    assert re.match(r"Most likely: .+, \d", seen["file"])


def test_the_camera_is_asked_for_on_a_click_alone(open_page: Callable[..., Any]) -> None:
    """No question before anybody wants the camera; stopping it frees it."""
    page = open_page(expected="")
    page.evaluate("""() => {
      const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
      window.asked = 0;
      navigator.mediaDevices.getUserMedia = async (wanted) => {
        window.asked += 1;
        window.stream = await ask(wanted);
        return window.stream;
      };
    }""")
    page.wait_for_selector("html[data-ready=yes]", timeout=READY)
    assert page.evaluate("window.asked") == 0
    page.click("#camera")
    page.wait_for_selector("#capture:visible", timeout=READY)
    assert page.evaluate("document.activeElement.id") == "capture"
    page.click("#stop")
    assert page.evaluate("[window.asked, window.stream.getTracks()[0].readyState]") == [1, "ended"]
    assert page.evaluate("document.activeElement.id") == "camera"


@pytest.fixture
def listener() -> Iterator[tuple[str, list[str]]]:
    """Another server on this machine, and what it was asked for."""
    asked: list[str] = []

    class Handler(SimpleHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.send_header("Access-Control-Allow-Origin", "*")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://localhost:{server.server_address[1]}/", asked
        server.shutdown()


def test_no_connection_leaves_the_page_on_a_host_without_headers(
    chromium: Any,
    site: Path,
    listener: tuple[str, list[str]],
) -> None:
    """The policy in the page holds page and worker; without it the same request gets through."""
    elsewhere, asked = listener

    class Bare(SimpleHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            pass

    ask = f"() => fetch('{elsewhere}secret').then(() => 'sent', () => 'blocked')"
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Bare, directory=str(site))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        context = chromium.new_context()
        page = context.new_page()
        page.goto(f"http://localhost:{server.server_address[1]}/")
        page.wait_for_selector("html[data-ready=yes]", timeout=READY)
        assert page.get_attribute("html", "data-place") == "worker"
        (worker,) = (w for w in page.workers if w.url.startswith("blob:"))
        assert [page.evaluate(ask), worker.evaluate(ask)] == ["blocked", "blocked"]
        assert asked == []
        page.goto(f"http://localhost:{server.server_address[1]}/vendor/README.md")
        assert page.evaluate(ask) == "sent" and asked == ["/secret"]
        context.close()
        server.shutdown()


def test_the_keyboard_alone_is_enough(open_page: Callable[..., Any]) -> None:
    """Tab reaches all controls in the order of the page; keys open, read and change."""
    page = open_page()
    page.keyboard.press("Tab")
    assert page.inner_text(":focus") == "Skip to the picture"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    order = []
    for _ in range(9):
        order.append(
            page.evaluate(
                "document.activeElement.dataset.example || document.activeElement.id || 'other'"
            )
        )
        page.keyboard.press("Tab")
    assert order[:8] == ["camera", *(f"{dx}.jpg" for dx in CLASSES)]
    page.focus('[data-example="nv.jpg"]')
    page.keyboard.press("Enter")
    wait_for_answer(page)
    page.focus("#threshold")
    before = page.inner_text("#threshold-value")
    page.keyboard.press("ArrowRight")
    assert page.inner_text("#threshold-value") != before
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "threshold-reset"
    page.keyboard.press("Enter")
    assert page.inner_text("#threshold-value") == before
    page.focus("#bars li:nth-child(2) summary")
    page.keyboard.press("Enter")
    assert page.eval_on_selector("#bars li:nth-child(2) details", "details => details.open")
    page.focus("#heat-class")
    chosen = page.input_value("#heat-class")
    told = page.get_attribute("#heat", "aria-label")
    page.keyboard.press("ArrowDown")
    assert page.input_value("#heat-class") != chosen
    assert page.get_attribute("#heat", "aria-label") != told or page.is_hidden("#heat")


def test_the_threshold_decides_the_verdict(open_page: Callable[..., Any]) -> None:
    """Below the score it flags, above it does not; the score itself counts as flagged."""
    page = open_page()
    give(page, "example")
    wait_for_answer(page)

    def flag(value: float) -> str:
        page.fill("#threshold", str(value))
        return str(page.inner_text("#flag"))

    assert flag(0) == "at or above the threshold"
    assert flag(1) == "below the threshold"
    assert "below the threshold" in page.inner_text("#status")


def test_language_is_chosen_and_remembered(open_page: Callable[..., Any]) -> None:
    """The browser's language first, then the one that was chosen."""
    page = open_page(locale="zh-TW", first=True)
    assert page.get_attribute("html", "lang") == "zh-Hant"
    give(page, "example")
    assert wait_for_answer(page).startswith("最可能是") and "黑色素" in page.inner_text("#bars")
    page.click('[data-language="en"]')
    page.wait_for_selector("text=All classes")
    assert wait_for_answer(page).startswith("Most likely")
    page.reload()
    page.wait_for_selector("text=Choose a picture")
    assert page.get_attribute("html", "lang") == "en"
    keys = page.evaluate("[Object.keys(localStorage), document.cookie]")
    assert keys == [["dermbook-language"], ""]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_axe_finds_nothing_serious(
    open_page: Callable[..., Any],
    width: int,
    scheme: str,
) -> None:
    """Empty, with an answer and with an error, wide and on a phone; nothing sticks out."""
    locale = "zh-TW" if (width == 360) == (scheme == "dark") else "en-GB"
    page = open_page(locale=locale, width=width, color_scheme=scheme, reduced_motion="reduce")

    def problems() -> list[str]:
        sideways = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert sideways <= 0
        return violations(page)

    assert problems() == []
    give(page, "example")
    wait_for_answer(page)
    assert problems() == []
    page.set_input_files("#file", {"name": "x.jpg", "mimeType": "image/jpeg", "buffer": b"<html>"})
    page.wait_for_selector("#problem:not(:empty)")
    assert problems() == []


def test_what_is_no_dermoscopy_gets_no_answer(open_page: Callable[..., Any]) -> None:
    """A picture beyond the gate is refused, and shown with a warning to who insists."""
    size = 1280
    gate = {
        "mean": pack(np.zeros(size)),
        "scale": pack(np.ones(size)),
        "directions": pack(np.eye(2, size)),
        "variances": pack(np.ones(2)),
        "residual": 1.0,
        "threshold": -1.0,
        "quantile": 0.99,
    }
    page = open_page(facts={"gate": gate})
    page.set_input_files("#file", EXAMPLE)
    page.wait_for_selector("#refusal:not([hidden])", timeout=READY)
    assert page.is_hidden("#answer") and page.is_hidden("#heat")
    assert "does not look like" in page.inner_text("#status")
    page.click("#anyway")
    assert page.is_visible("#answer") and page.is_visible("#anyway-warning")


def test_without_a_gate_no_refusal_is_promised(open_page: Callable[..., Any]) -> None:
    """A model that answers to any picture is said to do so, and nothing else."""
    for locale, said, refused in (
        ("en-GB", "it answers to any", "refus"),
        ("zh-TW", "對任何影像都會作答", "拒絕"),
    ):
        page = open_page(locale=locale)
        assert said in page.inner_text("#about")
        assert refused not in page.inner_text("body")
        page.click("#camera")
        page.wait_for_selector("#capture:visible", timeout=READY)
        assert refused not in page.inner_text("body")
        page.click("#stop")
        give(page, "example")
        wait_for_answer(page)
        assert refused not in page.inner_text("body") and said in page.inner_text("#about")


def test_a_model_without_a_map_says_so(open_page: Callable[..., Any]) -> None:
    """Where the map's choices would be stands why there is none."""
    page = open_page(facts={"head": None})
    give(page, "example")
    wait_for_answer(page)
    assert "does not allow a map" in page.inner_text("#overlay-tools")
    hidden = ("#heat", "#heat-fields", "#heat-legend")
    assert all(page.is_hidden(name) for name in hidden)


def test_each_score_tells_how_many_images_it_is_of(open_page: Callable[..., Any]) -> None:
    """Sensitivity and specificity are of fewer images than accuracy; so are the weights told."""
    score = {"value": 0.9, "low": 0.8, "high": 0.95}
    counts = {"accuracy": 1502, "sensitivity": 293, "specificity": 1209}
    scores = {"test": {name: score | {"n": n} for name, n in counts.items()}}

    def about(facts: dict[str, Any], locale: str) -> str:
        page = open_page(facts=facts, locale=locale, expected="")
        page.wait_for_selector("#about > *")  # it does not wait for the model
        text = str(page.inner_text("#about"))
        page.close()
        return text

    for locale, name, other in (
        ("en-GB", "sensitivity, malignant", "scored with the model's float32 weights"),
        ("zh-TW", "惡性敏感度", "以模型的 float32 權重評估"),
    ):
        facts = {"scores": scores, "precision": "float16", "scores_of": "float32"}
        told = about(facts, locale)
        (line,) = (line for line in told.splitlines() if name in line)
        assert line.endswith("n = 293")
        assert [told.count(f"n = {n}") for n in ("1,502", "293", "1,209")] == [1, 1, 1]
        assert other in told and "float16）" in told.replace(")", "）")
        assert other not in about(facts | {"scores_of": "float16"}, locale)


def test_a_backend_that_computes_wrongly_is_not_used(open_page: Callable[..., Any]) -> None:
    """The self-check fails where the numbers are not those that Keras gave."""
    wrong = {"probabilities": [1.0, 0, 0, 0, 0, 0, 0], "tolerance": 0.02}
    page = open_page(facts={"check": wrong}, expected="no")
    assert "No way to compute" in page.inner_text("#problem")
    assert "computes wrongly" in page.inner_text("#problem")
    give(page, "example")
    page.wait_for_timeout(300)
    assert page.is_hidden("#answer")


def test_a_backend_can_be_chosen(open_page: Callable[..., Any]) -> None:
    """?backend=wasm uses WebAssembly and nothing else, and the page says so."""
    page = open_page("?backend=wasm")
    assert page.get_attribute("html", "data-backend") == "wasm"
    assert "WebAssembly" in page.inner_text("#about")
    assert not any("webgl" in url or "webgpu" in url for url in page.seen.requests[:40])
