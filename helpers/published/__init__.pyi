from .matrices import matrices_that_fit
from .numbers import claim, claims, ham10000_counts, keras_applications
from .training_log import course_report_log, patience_that_fits

__all__ = [
    "claim",
    "claims",
    "course_report_log",
    "ham10000_counts",
    "keras_applications",
    "matrices_that_fit",
    "patience_that_fits",
]
