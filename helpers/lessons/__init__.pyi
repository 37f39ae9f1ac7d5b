from .ablation import ABLATION, ablation_differences, ablation_scores, beside_published, half_width, no_fc_readings, points_with_interval, published_rivals, published_signature, technique_effects
from .augmentation_examples import black_share, draw_examples, frame_and_lesion, measure_augmentations, parameter_ends, sharpness, step_by_step
from .background import lesions_alone
from .checklists import DRAWN_NAMES, SEVEN_POINTS, SEVEN_POINT_CUTOFF, published_accuracy, read_score, seven_point_score, total_dermoscopy_score
from .clahe_examples import contrast_table, equalised, lightness_histogram, pixels_a_bin
from .class_weight_curve import shift_odds, threshold_costs, threshold_curve, weight_costs, weight_of
from .corner_moves import corner_moves, corner_table
from .duplicate_pairs import pair_counts, pair_images, pairs_to_show
from .first_looks import named_criteria, outline_pairs, some_of_each
from .first_model import beside_baselines, failure, first_backbone, head_sizes, in_file_order, predictions_of, prepare_keras, unpack
from .folds import published_top, train_folds
from .imbalance import augmentation_parts, below_floor, called_share, each_less_other, open_choices, recall_changes, three_scores, unlike_fields, weight_table
from .input_ranges import input_range, range_share, range_table
from .keras_generator import WHY_UNLIKE, generator_table
from .log_as_witness import beside_log, training_accuracies
from .parameter_counts import BYTES_EACH, count_checks, nearest_cut, nearest_width, plausible_heads
from .pixel_values import contrast_in_words, over_starts, preprocess_as, value_table
from .published_augmentation import published_steps
from .research_questions import RANKINGS, paper_question, published_first
from .screening_settings import settings_beside_published
from .second_clinic import clinic_folder, looks_of_both
from .validation_cuts import cuts, cuts_in_words, describe_cuts, last_fifth

__all__ = [
    "ABLATION",
    "BYTES_EACH",
    "DRAWN_NAMES",
    "RANKINGS",
    "SEVEN_POINTS",
    "SEVEN_POINT_CUTOFF",
    "WHY_UNLIKE",
    "ablation_differences",
    "ablation_scores",
    "augmentation_parts",
    "below_floor",
    "beside_baselines",
    "beside_log",
    "beside_published",
    "black_share",
    "called_share",
    "clinic_folder",
    "contrast_in_words",
    "contrast_table",
    "corner_moves",
    "corner_table",
    "count_checks",
    "cuts",
    "cuts_in_words",
    "describe_cuts",
    "draw_examples",
    "each_less_other",
    "equalised",
    "failure",
    "first_backbone",
    "frame_and_lesion",
    "generator_table",
    "half_width",
    "head_sizes",
    "in_file_order",
    "input_range",
    "last_fifth",
    "lesions_alone",
    "lightness_histogram",
    "looks_of_both",
    "measure_augmentations",
    "named_criteria",
    "nearest_cut",
    "nearest_width",
    "no_fc_readings",
    "open_choices",
    "outline_pairs",
    "over_starts",
    "pair_counts",
    "pair_images",
    "pairs_to_show",
    "paper_question",
    "parameter_ends",
    "pixels_a_bin",
    "plausible_heads",
    "points_with_interval",
    "predictions_of",
    "prepare_keras",
    "preprocess_as",
    "published_accuracy",
    "published_first",
    "published_rivals",
    "published_signature",
    "published_steps",
    "published_top",
    "range_share",
    "range_table",
    "read_score",
    "recall_changes",
    "settings_beside_published",
    "seven_point_score",
    "sharpness",
    "shift_odds",
    "some_of_each",
    "step_by_step",
    "technique_effects",
    "three_scores",
    "threshold_costs",
    "threshold_curve",
    "total_dermoscopy_score",
    "train_folds",
    "training_accuracies",
    "unlike_fields",
    "unpack",
    "value_table",
    "weight_costs",
    "weight_of",
    "weight_table",
]
