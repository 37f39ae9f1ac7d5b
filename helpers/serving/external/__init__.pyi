from .answers import Answers, answer_pictures
from .evaluation import ALL, Evaluation, drop_table, evaluate_folder
from .page import check_target, headline, render_page, summary_lines, write_evaluation
from .recalibration import (
    SHARES,
    SHIPPED,
    TEMPERATURE,
    THRESHOLD,
    named,
    recalibrate,
)
from .scored_models import BOX, ExportedModel, Scorer, open_scorer
from .scoring import BEFORE, CALIBRATION, LABELS, OFFICIAL, challenge_accuracy, external_scores
from .submissions import predict_folder

__all__ = [
    "ALL",
    "BEFORE",
    "BOX",
    "CALIBRATION",
    "LABELS",
    "OFFICIAL",
    "SHARES",
    "SHIPPED",
    "TEMPERATURE",
    "THRESHOLD",
    "Answers",
    "Evaluation",
    "ExportedModel",
    "Scorer",
    "answer_pictures",
    "challenge_accuracy",
    "check_target",
    "drop_table",
    "evaluate_folder",
    "external_scores",
    "headline",
    "named",
    "open_scorer",
    "predict_folder",
    "recalibrate",
    "render_page",
    "summary_lines",
    "write_evaluation",
]
