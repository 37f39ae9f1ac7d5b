"""A real browser for the tests, and flags under which it does nothing beside what they ask.

Each test process starts one browser, and all of its tests share it. A plugin:
``pytest_plugins = ("support.chromium",)``.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

FEATURES_OFF = (
    # Since Chromium shows its own menus as pages, each new window opens two of them, which nobody
    # sees. They took two thirds of the time of opening a page.
    "WebUIOmniboxPopup",
    "WebUIOmniboxAimPopup",
    # Playwright switches these off too, but of two such lists Chromium reads the second alone.
    "AimEnabled",
    "AvoidCorsURLLoaderRestartOnRedirect",
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsFirstBalancedModeAutoEnable",
    "HttpsUpgrades",
    "LensOverlay",
    "MediaRouter",
    "NetworkTimeServiceQuerying",
    "OptimizationHints",
    "PaintHolding",
    "PreconnectToSearch",
    "ThirdPartyStoragePartitioning",
)

FLAGS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    f"--disable-features={','.join(FEATURES_OFF)}",
    # No host but this machine is found.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """A real browser; the machine's own, never one that a test would download."""
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if path is None or not Path(path).is_file():
        pytest.skip(f"no browser at {path}; install chromium, or set CHROMIUM to its path")
    missing = "playwright is not installed: run 'make setup WITH=browser'"
    playwright = pytest.importorskip("playwright.sync_api", reason=missing)
    with playwright.sync_playwright() as tools:
        browser = tools.chromium.launch(
            executable_path=path, args=list(FLAGS), chromium_sandbox=False
        )
        yield browser
        browser.close()
