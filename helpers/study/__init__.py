"""What is to be run: profiles, and the published systems as presets."""

from __future__ import annotations

from helpers.study.downsizing import SmallSystems
from helpers.study.presets import (
    SCREENING_SCORES,
    Measure,
    Preset,
    compared_presets,
    find_preset,
    load_presets,
    made_small,
)
from helpers.study.profiles import FirstModelSettings, Profile, load_profile

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
