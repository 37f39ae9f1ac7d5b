from .browser_app import (
    BATCH_SIZE,
    FILES_PER_BATCH,
    IMAGES_PER_CLASS,
    STEPS,
    balance_table,
    ways_to_validate,
)
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
    why_in_words,
)

__all__ = [
    "BATCH_SIZE",
    "FILES_PER_BATCH",
    "IMAGES_PER_CLASS",
    "STEPS",
    "balance_table",
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
    "ways_to_validate",
    "why_in_words",
]
