"""What the seven diagnoses are, and the dermoscopic criteria by which they are told apart."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from helpers.core import CLASSES, NAMES, NAMES_ZH

Nature = Literal["malignant", "pre-malignant", "benign"]


@dataclass(frozen=True)
class Diagnosis:
    """A diagnosis of HAM10000, in words.

    Parameters
    ----------
    dx : str
        Its code.
    nature : {"malignant", "pre-malignant", "benign"}
        What it can do to the patient if it is left alone.
    origin : str
        The cells or the process that it comes from.
    includes : str
        The entities that HAM10000 puts under this code.
    look : str
        What it looks like through a dermatoscope.
    mimics : tuple of str
        Codes that it is most easily taken for.
    source : str
        Key in `SOURCES` for the look.
    """

    dx: str
    nature: Nature
    origin: str
    includes: str
    look: str
    mimics: tuple[str, ...]
    source: str


@dataclass(frozen=True)
class Criterion:
    """A structure that a dermatologist looks for.

    Parameters
    ----------
    key : str
        Its name in ``criteria/criteria.csv`` of a drawn sample.
    name, name_zh : str
        Its name in English and in Chinese.
    look : str
        How to recognise it.
    classes : tuple of str
        Codes of the diagnoses that it speaks for.
    source : str
        Key in `SOURCES`.
    """

    key: str
    name: str
    name_zh: str
    look: str
    classes: tuple[str, ...]
    source: str


SOURCES: dict[str, str] = {
    "Argenziano 2003": "argenziano2003",
    "Menzies 2000": "menzies2000",
    "Altamura 2010": "altamura2010",
    "Braun 2002": "braun2002",
    "Zalaudek 2006": "zalaudek2006",
    "Zaballos 2008": "zaballos2008",
    "Zaballos 2007": "zaballos2007",
}
"""Works in which criteria and looks are described, by their keys in ``chapters/references.bib``."""

_DIAGNOSES = (
    Diagnosis(
        "akiec",
        "pre-malignant",
        "Keratinocytes of sun-damaged epidermis; Bowen's disease is carcinoma confined to it",
        "actinic keratosis, Bowen's disease (squamous cell carcinoma in situ)",
        "pink to red, scaly; on the face a red net around pale follicles",
        ("bkl", "bcc"),
        "Zalaudek 2006",
    ),
    Diagnosis(
        "bcc",
        "malignant",
        "Basal keratinocytes; destroys tissue around it, very rarely spreads further",
        "all subtypes of basal cell carcinoma, pigmented or not",
        "pearly pink; branching vessels in focus, blue-grey nests, leaf-like areas",
        ("akiec", "mel", "bkl"),
        "Menzies 2000",
    ),
    Diagnosis(
        "bkl",
        "benign",
        "Keratinocytes; a harmless thickening, more frequent with age",
        "seborrhoeic keratosis, solar lentigo, lichen-planus-like keratosis",
        "sharp border; white cyst-like dots, dark plugs, furrows as on a brain",
        ("mel", "akiec", "nv"),
        "Braun 2002",
    ),
    Diagnosis(
        "df",
        "benign",
        "Fibroblasts and histiocytes of the dermis, often after a small injury; firm to touch",
        "dermatofibroma",
        "white patch in the middle, delicate network around it, border that fades out",
        ("nv", "mel"),
        "Zaballos 2008",
    ),
    Diagnosis(
        "mel",
        "malignant",
        "Melanocytes; spreads to lymph nodes and organs once it has grown deep enough",
        "melanoma in situ and invasive melanoma",
        "asymmetric, many colours; irregular network, dots, streaks, blue-white veil",
        ("nv", "bkl"),
        "Argenziano 2003",
    ),
    Diagnosis(
        "nv",
        "benign",
        "Melanocytes; the common mole",
        "melanocytic nevi of every kind, from junctional to blue and Spitz nevi",
        "symmetric, one or two browns; regular network, or globules evenly spread",
        ("mel", "bkl"),
        "Argenziano 2003",
    ),
    Diagnosis(
        "vasc",
        "benign",
        "Blood vessels, or blood outside them",
        "angioma, angiokeratoma, pyogenic granuloma, haemorrhage",
        "red, purple or black round lakes, without brown pigment",
        ("mel", "nv"),
        "Zaballos 2007",
    ),
)

ATLAS: dict[str, Diagnosis] = {diagnosis.dx: diagnosis for diagnosis in _DIAGNOSES}
"""The seven diagnoses by code, in the order of `CLASSES`."""

_MELANOMA = "Argenziano 2003"

_CRITERIA = (
    Criterion("pigment_network", "Regular pigment network", "規則色素網",
              "brown lines of even width around even holes", ("nv", "df"), _MELANOMA),
    Criterion("regular_dots_globules", "Regular dots and globules", "規則點與小球",
              "round brown spots of one size, evenly spread", ("nv",), _MELANOMA),
    Criterion("atypical_network", "Atypical pigment network", "非典型色素網",
              "lines of uneven width and colour, holes of uneven size", ("mel",), _MELANOMA),
    Criterion("irregular_dots_globules", "Irregular dots and globules", "不規則點與小球",
              "round spots of many sizes, in clumps or on one side", ("mel",), _MELANOMA),
    Criterion("streaks", "Irregular streaks", "不規則條紋",
              "dark lines or fingers at the border, on part of it", ("mel",), _MELANOMA),
    Criterion("blue_white_veil", "Blue-white veil", "藍白幕",
              "blue area without structure under a white haze", ("mel",), _MELANOMA),
    Criterion("regression_structures", "Regression structures", "消退結構",
              "white as a scar, or fine grey-blue grains", ("mel", "bkl"), _MELANOMA),
    Criterion("milia_like_cysts", "Milia-like cysts", "粟粒疹樣囊腫",
              "small round white or yellow dots", ("bkl",), "Braun 2002"),
    Criterion("comedo_like_openings", "Comedo-like openings", "粉刺樣開口",
              "round brown-black plugs with a sharp edge", ("bkl",), "Braun 2002"),
    Criterion("fissures_ridges", "Fissures and ridges", "裂隙與脊",
              "dark furrows between raised folds", ("bkl",), "Braun 2002"),
    Criterion("arborising_vessels", "Arborising vessels", "樹枝狀血管",
              "bright red trunks, in focus, that branch into fine twigs", ("bcc",),
              "Altamura 2010"),
    Criterion("leaf_like_areas", "Leaf-like areas", "葉狀區域",
              "brown to grey-blue lobes at the border", ("bcc",), "Menzies 2000"),
    Criterion("blue_grey_ovoid_nests", "Blue-grey ovoid nests", "藍灰色卵圓形巢",
              "smooth blue-grey ovals, larger than globules", ("bcc",), "Menzies 2000"),
    Criterion("ulceration", "Ulceration", "潰瘍",
              "red to brown crust where the surface is lost", ("bcc",), "Menzies 2000"),
    Criterion("strawberry_pattern", "Strawberry pattern", "草莓狀模式",
              "red net around pale follicle openings with yellow plugs", ("akiec",),
              "Zalaudek 2006"),
    Criterion("scale", "Scale", "鱗屑",
              "white to yellow flakes on the surface", ("akiec",), "Zalaudek 2006"),
    Criterion("central_white_patch", "Central white patch", "中央白色斑塊",
              "white area as of a scar in the middle", ("df",), "Zaballos 2008"),
    Criterion("lacunae", "Lacunae", "血管腔隙",
              "round, well-bounded red, purple or black lakes", ("vasc",), "Zaballos 2007"),
)  # fmt: skip

CRITERIA: dict[str, Criterion] = {criterion.key: criterion for criterion in _CRITERIA}
"""The criteria by key, those of melanocytic lesions first."""


def diagnosis_table(codes: Iterable[str] = CLASSES) -> pd.DataFrame:
    """What the diagnoses are.

    Parameters
    ----------
    codes : iterable of str, default=CLASSES
        Which, in this order.

    Returns
    -------
    DataFrame
        ``code, English, 繁體中文, nature, what it is, in HAM10000``, a row a diagnosis.

    Raises
    ------
    KeyError
        If a code is not one of the seven.
    """
    return pd.DataFrame(
        [
            {
                "code": dx,
                "English": NAMES[dx],
                "繁體中文": NAMES_ZH[dx],
                "nature": ATLAS[dx].nature,
                "what it is": ATLAS[dx].origin,
                "in HAM10000": ATLAS[dx].includes,
            }
            for dx in codes
        ]
    )


def look_table(codes: Iterable[str] = CLASSES) -> pd.DataFrame:
    """What the diagnoses look like through a dermatoscope.

    Parameters
    ----------
    codes : iterable of str, default=CLASSES
        Which, in this order.

    Returns
    -------
    DataFrame
        ``code, look, taken for, source``, a row a diagnosis.

    Raises
    ------
    KeyError
        If a code is not one of the seven.
    """
    return pd.DataFrame(
        [
            {
                "code": dx,
                "look": ATLAS[dx].look,
                "taken for": ", ".join(ATLAS[dx].mimics),
                "source": ATLAS[dx].source,
            }
            for dx in codes
        ]
    )


def criteria_table(dx: str | None = None) -> pd.DataFrame:
    """The criteria and the diagnoses that they speak for.

    Parameters
    ----------
    dx : str or None, default=None
        Only the criteria of this diagnosis.

    Returns
    -------
    DataFrame
        ``criterion, 繁體中文, how to recognise it, speaks for, source``.

    Raises
    ------
    KeyError
        If ``dx`` is not one of the seven.
    """
    if dx is not None and dx not in ATLAS:
        raise KeyError(f"expected a diagnosis among {', '.join(CLASSES)} but got {dx!r}; pick one")
    return pd.DataFrame(
        [
            {
                "criterion": criterion.name,
                "繁體中文": criterion.name_zh,
                "how to recognise it": criterion.look,
                "speaks for": ", ".join(criterion.classes),
                "source": criterion.source,
            }
            for criterion in CRITERIA.values()
            if dx is None or dx in criterion.classes
        ]
    )
