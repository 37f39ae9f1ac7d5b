"""Steps of tests that use the browser page."""

from __future__ import annotations

import time
from typing import Any

READY = 20_000  # milliseconds; on a machine that does much else beside


def wait_until(page: Any, expression: str) -> None:
    """Wait until an expression is true; Playwright's own way needs what the policy forbids."""
    deadline = time.monotonic() + READY / 1000
    while not page.evaluate(expression):
        assert time.monotonic() < deadline, f"never true: {expression}"
        page.wait_for_timeout(50)


def wait_for_answer(page: Any) -> str:
    """Wait until an answer is shown; its one-line text."""
    page.wait_for_selector("#answer:not([hidden])", timeout=READY)
    page.wait_for_selector("#stage:not(.is-busy)", timeout=READY)
    return str(page.inner_text("#status"))
