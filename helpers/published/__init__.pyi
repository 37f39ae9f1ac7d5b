from .class_sums import diagnoses_that_sum_to
from .matrices import matrices_that_fit
from .numbers import claim, claims, ham10000_counts, ham10000_order, keras_applications
from .plans import screening_plans
from .training_log import course_report_log, patience_that_fits

__all__ = [
    "claim",
    "claims",
    "course_report_log",
    "diagnoses_that_sum_to",
    "ham10000_counts",
    "ham10000_order",
    "keras_applications",
    "matrices_that_fit",
    "patience_that_fits",
    "screening_plans",
]
