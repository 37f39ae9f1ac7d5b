"""Files from elsewhere that the report needs, unmodified; ``vendor/README.md`` says whose."""

from __future__ import annotations

from pathlib import Path

_VENDOR = Path(__file__).with_name("vendor")
MINISEARCH = _VENDOR / "minisearch.js"
"""Search in a page."""
IEEE_STYLE = _VENDOR / "ieee.csl"
"""How citations and works are printed."""
