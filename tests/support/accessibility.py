"""What axe-core finds on a page in a real browser."""

from __future__ import annotations

from typing import Any

import pytest

OPTIONS = {
    "preload": False,  # no style sheet or film of these pages is in another place
    "resultTypes": ["violations"],  # the many parts that are in order are not sent as well
}


def violations(page: Any) -> list[str]:
    """Findings that are serious or critical: which rule, and the part of the page."""
    missing = "axe is not installed: run 'make setup WITH=browser'"
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason=missing)
    found = axe.Axe().run(page, options=OPTIONS).response["violations"]
    return [
        f"{entry['impact']} {entry['id']}: {node['html'][:200]}"
        for entry in found
        if entry["impact"] in ("serious", "critical")
        for node in entry["nodes"]
    ]
