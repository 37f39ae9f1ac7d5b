"""The seven diagnoses of HAM10000: one order, one name and one colour each."""

from __future__ import annotations

CLASSES: tuple[str, ...] = ("akiec", "bcc", "bkl", "df", "mel", "nv", "vasc")
"""Diagnosis codes in the one order that every array, table and picture uses."""

N_CLASSES = len(CLASSES)
CLASS_INDEX: dict[str, int] = {dx: index for index, dx in enumerate(CLASSES)}

MALIGNANT: frozenset[str] = frozenset({"akiec", "bcc", "mel"})
"""Malignant or pre-malignant diagnoses (actinic keratosis counts as pre-malignant)."""

TARGETS: dict[str, tuple[str, ...]] = {
    "diagnosis": CLASSES,
    "malignant": ("benign", "malignant"),
}
"""What a model can tell apart, and the order of its probabilities."""

TARGET_INDEX: dict[str, dict[str, int]] = {
    "diagnosis": CLASS_INDEX,
    "malignant": {dx: int(dx in MALIGNANT) for dx in CLASSES},
}
"""Index of each diagnosis among the classes of a target."""

NAMES: dict[str, str] = {
    "akiec": "Actinic keratosis / Bowen's disease",
    "bcc": "Basal cell carcinoma",
    "bkl": "Benign keratosis",
    "df": "Dermatofibroma",
    "mel": "Melanoma",
    "nv": "Melanocytic nevus",
    "vasc": "Vascular lesion",
}

NAMES_ZH: dict[str, str] = {
    "akiec": "光化性角化症／波文氏病",
    "bcc": "基底細胞癌",
    "bkl": "良性角化病變",
    "df": "皮膚纖維瘤",
    "mel": "黑色素瘤",
    "nv": "黑色素細胞痣",
    "vasc": "血管性病變",
}

# Okabe and Ito's palette, which the common kinds of colour blindness keep apart
# (https://jfly.uni-koeln.de/color/); its yellow is left out as too light for lines.
COLOURS: dict[str, str] = {
    "akiec": "#E69F00",
    "bcc": "#56B4E9",
    "bkl": "#009E73",
    "df": "#CC79A7",
    "mel": "#D55E00",
    "nv": "#0072B2",
    "vasc": "#6F6F6F",
}
