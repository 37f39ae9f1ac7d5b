"""What the report knows a chapter's cells and outputs by; nothing is imported to ask for it."""

from __future__ import annotations

MAGIC = "%%say"
"""How a cell of sentences with placeholders begins."""

FIGURE_MIME = "application/vnd.dermbook.figure+json"
TABLE_MIME = "application/vnd.dermbook.table+json"
REFERENCES_MIME = "application/vnd.dermbook.references+json"
