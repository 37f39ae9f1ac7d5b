from .claims import course_report_checks, protocol_table
from .systems import compare_systems, plan_system, system_predictions, system_scores
from .tables import (
    claim_text,
    comparable_in_words,
    estimate_text,
    gaps_in_words,
    made_table,
    score_label,
    systems_table,
)

__all__ = [
    "claim_text",
    "comparable_in_words",
    "compare_systems",
    "course_report_checks",
    "estimate_text",
    "gaps_in_words",
    "made_table",
    "plan_system",
    "protocol_table",
    "score_label",
    "system_predictions",
    "system_scores",
    "systems_table",
]
