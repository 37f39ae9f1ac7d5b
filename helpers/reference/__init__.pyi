from .collecting import Group, collect, find_groups, find_tables
from .readme import BEGIN, END, between_marks, put_between_marks
from .recomputing import RESULTS, Results, make_results, recompute
from .study import LIMIT_BYTES, MANIFEST, REFERENCE, Study, open_study

__all__ = [
    "BEGIN",
    "END",
    "LIMIT_BYTES",
    "MANIFEST",
    "REFERENCE",
    "RESULTS",
    "Group",
    "Results",
    "Study",
    "between_marks",
    "collect",
    "find_groups",
    "find_tables",
    "make_results",
    "open_study",
    "put_between_marks",
    "recompute",
]
