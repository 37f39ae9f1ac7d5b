"""The drawn sample: lesions made from published dermoscopic criteria, in the layout of HAM10000."""

from __future__ import annotations

from helpers.sample.atlas import (
    ATLAS,
    CRITERIA,
    SOURCES,
    criteria_table,
    diagnosis_table,
    look_table,
)
from helpers.sample.folder import draw_sample
from helpers.sample.plan import COLUMNS, has_drawn_ids, plan_sample

__all__ = [
    "ATLAS",
    "COLUMNS",
    "CRITERIA",
    "SOURCES",
    "criteria_table",
    "diagnosis_table",
    "draw_sample",
    "has_drawn_ids",
    "look_table",
    "plan_sample",
]
