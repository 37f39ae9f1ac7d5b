"""Where things lie in the repository."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
"""The repository."""

APPS = ROOT / "apps"
CHAPTERS = ROOT / "chapters"
PUBLISHED = ROOT / "data" / "published"
