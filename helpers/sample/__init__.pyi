from .atlas import ATLAS, CRITERIA, SOURCES, criteria_table, diagnosis_table, look_table
from .folder import PARTS, draw_sample
from .plan import COLUMNS, has_drawn_ids, plan_sample
from .second_clinic import draw_second_clinic, second_camera

__all__ = [
    "ATLAS",
    "COLUMNS",
    "CRITERIA",
    "PARTS",
    "SOURCES",
    "criteria_table",
    "diagnosis_table",
    "draw_sample",
    "draw_second_clinic",
    "has_drawn_ids",
    "look_table",
    "plan_sample",
    "second_camera",
]
