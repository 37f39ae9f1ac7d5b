from .collecting import Group, collect, find_groups, find_tables
from .readme import BEGIN, END, between_marks, put_between_marks
from .recomputing import RESULTS, recompute, results_section
from .study import LIMIT_BYTES, MANIFEST, REFERENCE, Study, open_study

__all__ = [
    "BEGIN",
    "END",
    "LIMIT_BYTES",
    "MANIFEST",
    "REFERENCE",
    "RESULTS",
    "Group",
    "Study",
    "between_marks",
    "collect",
    "find_groups",
    "find_tables",
    "open_study",
    "put_between_marks",
    "recompute",
    "results_section",
]
