from .downsizing import SmallSystems
from .presets import (
    SCREENING_SCORES,
    Measure,
    Preset,
    compared_presets,
    find_preset,
    load_presets,
    made_small,
)
from .profiles import FirstModelSettings, Profile, load_profile

__all__ = [
    "SCREENING_SCORES",
    "FirstModelSettings",
    "Measure",
    "Preset",
    "Profile",
    "SmallSystems",
    "compared_presets",
    "find_preset",
    "load_presets",
    "load_profile",
    "made_small",
]
