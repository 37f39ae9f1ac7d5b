from .checking import check, judge, right_choices
from .exercise import Exercise, Mistake
from .notebooks import out_of_step, student_notebook, write_exercises
from .of_run import NotRunYet, finished_trials, number
from .progress import progress_table
from .registry import chapters_with_exercises, exercises_of, find_exercise, quiz_of

__all__ = [
    "Exercise",
    "Mistake",
    "NotRunYet",
    "chapters_with_exercises",
    "check",
    "exercises_of",
    "find_exercise",
    "finished_trials",
    "judge",
    "number",
    "out_of_step",
    "progress_table",
    "quiz_of",
    "right_choices",
    "student_notebook",
    "write_exercises",
]
