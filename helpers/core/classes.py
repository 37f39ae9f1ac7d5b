"""The diagnoses that a process tells apart: one order, one name and one colour each.

They are the seven of HAM10000, unless ``DERMBOOK_CLASSES`` names others before the process starts:
codes with commas between, a ``!`` behind those that are malignant, and a name behind ``=`` where
one is wanted, as in ``bcc!,mel!,nv,scc!=Squamous cell carcinoma``. ``dermbook report`` sets it for
data sets of other diagnoses, and everything that it starts inherits it.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

from helpers.core.errors import ConfigError

CLASSES_VARIABLE = "DERMBOOK_CLASSES"
"""Name of the environment variable that names the diagnoses."""

HAM10000_CLASSES: tuple[str, ...] = ("akiec", "bcc", "bkl", "df", "mel", "nv", "vasc")
"""Diagnosis codes of HAM10000, by letter."""

LEAST_CLASSES, MOST_CLASSES = 2, 20

_NAMES: dict[str, str] = {
    "akiec": "Actinic keratosis / Bowen's disease",
    "bcc": "Basal cell carcinoma",
    "bkl": "Benign keratosis",
    "df": "Dermatofibroma",
    "mel": "Melanoma",
    "nv": "Melanocytic nevus",
    "vasc": "Vascular lesion",
    "scc": "Squamous cell carcinoma",
    "ben_oth": "Other benign",
    "mal_oth": "Other malignant",
    "inf": "Inflammatory",
}

KNOWN_MALIGNANT: frozenset[str] = frozenset({"akiec", "bcc", "mel", "scc", "mal_oth", "malignant"})
"""Malignant or pre-malignant diagnoses (actinic keratosis counts as pre-malignant)."""

# Okabe and Ito's palette, which the common kinds of colour blindness keep apart
# (https://jfly.uni-koeln.de/color/); its yellow is left out as too light for lines.
_COLOURS: dict[str, str] = {
    "akiec": "#E69F00",
    "bcc": "#56B4E9",
    "bkl": "#009E73",
    "df": "#CC79A7",
    "mel": "#D55E00",
    "nv": "#0072B2",
    "vasc": "#6F6F6F",
}

# Paul Tol's schemes "muted" and "bright" (https://personal.sron.nl/~pault/): for diagnoses that
# have no colour of their own. No twenty colours can be told apart by everybody.
_MORE_COLOURS = (
    "#332288", "#88CCEE", "#44AA99", "#117733", "#999933", "#DDCC77", "#CC6677", "#882255",
    "#AA4499", "#4477AA", "#EE6677", "#228833", "#CCBB44", "#AA3377", "#000000", "#663333",
    "#225555", "#BB5566", "#004488", "#DDAA33",
)  # fmt: skip

_CODE = re.compile(r"[a-z0-9_]{1,24}")


@dataclass(frozen=True)
class Diagnosis:
    """One class: its code, its name, and whether it is malignant."""

    code: str
    name: str
    malignant: bool


def diagnosis(code: str) -> Diagnosis:
    """A class by its code, with what is known of it; a code that nobody knows counts as benign."""
    name = _NAMES.get(code, code.replace("_", " ").capitalize())
    return Diagnosis(code, name, code in KNOWN_MALIGNANT)


def parse_classes(text: str) -> tuple[Diagnosis, ...]:
    """Read a list of classes as ``DERMBOOK_CLASSES`` has it.

    Parameters
    ----------
    text : str
        Empty for the seven of HAM10000.

    Raises
    ------
    ConfigError
        If a code is not as expected or stands twice, or there are too few or too many.

    Examples
    --------
    >>> [found.malignant for found in parse_classes("scc!,wart=Common wart")]
    [True, False]
    """
    if not text.strip():
        return tuple(diagnosis(code) for code in HAM10000_CLASSES)
    found = []
    for part in text.split(","):
        code, _, name = part.strip().partition("=")
        plain = code.removesuffix("!")
        if not _CODE.fullmatch(plain):
            raise ConfigError(
                f"{CLASSES_VARIABLE}: expected codes of small letters, digits and _ with commas "
                f"between, such as 'mel!,nv', but got {part.strip()!r}"
            )
        found.append(Diagnosis(plain, name or diagnosis(plain).name, code.endswith("!")))
    codes = [one.code for one in found]
    if len(set(codes)) != len(codes) or not LEAST_CLASSES <= len(codes) <= MOST_CLASSES:
        raise ConfigError(
            f"{CLASSES_VARIABLE}: expected {LEAST_CLASSES} to {MOST_CLASSES} codes, each once, but "
            f"got {', '.join(codes)}"
        )
    return tuple(found)


def format_classes(codes: tuple[str, ...]) -> str:
    """A list of classes as ``DERMBOOK_CLASSES`` has it, by what is known of each.

    >>> format_classes(("bcc", "nv"))
    'bcc!,nv'
    """
    return ",".join(code + "!" * (code in KNOWN_MALIGNANT) for code in codes)


def _colours(codes: tuple[str, ...]) -> dict[str, str]:
    more = iter(_MORE_COLOURS)
    return {code: _COLOURS.get(code) or next(more) for code in codes}


_DIAGNOSES = parse_classes(os.environ.get(CLASSES_VARIABLE, ""))

CLASSES: tuple[str, ...] = tuple(one.code for one in _DIAGNOSES)
"""Diagnosis codes in the one order that every array, table and picture uses."""

N_CLASSES = len(CLASSES)
CLASS_INDEX: dict[str, int] = {dx: index for index, dx in enumerate(CLASSES)}

MALIGNANT: frozenset[str] = frozenset(one.code for one in _DIAGNOSES if one.malignant)
"""Those of `CLASSES` that are malignant or pre-malignant."""

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

NAMES: dict[str, str] = {one.code: one.name for one in _DIAGNOSES}

_NAMES_ZH: dict[str, str] = {
    "akiec": "光化性角化症／波文氏病",
    "bcc": "基底細胞癌",
    "bkl": "良性角化病變",
    "df": "皮膚纖維瘤",
    "mel": "黑色素瘤",
    "nv": "黑色素細胞痣",
    "vasc": "血管性病變",
}

NAMES_ZH: dict[str, str] = {code: _NAMES_ZH.get(code, name) for code, name in NAMES.items()}

COLOURS: dict[str, str] = _colours(CLASSES)
