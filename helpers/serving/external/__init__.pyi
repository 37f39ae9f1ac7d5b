from .answers import Answers, answer_pictures
from .evaluation import ALL, Evaluation, evaluate_folder
from .page import check_target, headline, render_page, summary_lines, write_evaluation
from .scorers import BOX, ExportedModel, Scorer, open_scorer
from .scoring import BEFORE, CALIBRATION, LABELS, OFFICIAL, challenge_accuracy, external_scores
from .submissions import predict_folder

__all__ = [
    "ALL",
    "BEFORE",
    "BOX",
    "CALIBRATION",
    "LABELS",
    "OFFICIAL",
    "Answers",
    "Evaluation",
    "ExportedModel",
    "Scorer",
    "answer_pictures",
    "challenge_accuracy",
    "check_target",
    "evaluate_folder",
    "external_scores",
    "headline",
    "open_scorer",
    "predict_folder",
    "render_page",
    "summary_lines",
    "write_evaluation",
]
