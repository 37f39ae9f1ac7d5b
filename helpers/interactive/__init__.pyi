from .augmentation_ranges import augmentation_ranges, touch_augmentation
from .class_weights import class_weights, touch_class_weight
from .guesses import Guess, beside, forget_guess, predict_first
from .heat_map import HeatMaps, heat_maps, touch_heat_map
from .questions import highest, lowest, ordered
from .threshold import thresholds, touch_threshold

__all__ = [
    "Guess",
    "HeatMaps",
    "augmentation_ranges",
    "beside",
    "class_weights",
    "forget_guess",
    "heat_maps",
    "highest",
    "lowest",
    "ordered",
    "predict_first",
    "thresholds",
    "touch_augmentation",
    "touch_class_weight",
    "touch_heat_map",
    "touch_threshold",
]
