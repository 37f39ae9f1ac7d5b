"""Words that tables use for diagnoses, sexes and proofs, and the codes that they mean."""

from __future__ import annotations

import re
from collections.abc import Iterable

from helpers.core import HAM10000_CLASSES

_SEPARATE = re.compile(r"[\s_\-/,.;:()'’]+")

_WORDS: dict[str, tuple[str, ...]] = {
    "akiec": (
        "ak", "ack", "actinic keratosis", "actinic keratoses", "solar or actinic keratosis",
        "bowen", "bowens disease", "bowen disease", "intraepithelial carcinoma",
        "actinic keratosis bowens disease", "actinic keratoses and intraepithelial carcinoma",
        "actinic keratoses and intraepithelial carcinomae",
        "actinic keratoses and intraepithelial carcinoma bowens disease",
        "squamous cell carcinoma in situ", "squamous cell carcinoma in situ bowens disease",
    ),
    "bcc": ("basal cell carcinoma", "basal cell carcinomas", "basalioma"),
    "bkl": (
        "benign keratosis", "benign keratoses", "benign keratosis like lesion",
        "benign keratosis like lesions", "seborrheic keratosis", "seborrhoeic keratosis",
        "seborrheic keratoses", "sk", "sek", "solar lentigo", "lichenoid keratosis",
        "lichen planus like keratosis", "lplk", "pigmented benign keratosis",
    ),
    "df": ("dermatofibroma", "dermatofibromas", "fibrous histiocytoma"),
    "mel": (
        "melanoma", "melanomas", "malignant melanoma", "melanoma in situ", "melanoma invasive",
        "invasive melanoma", "melanoma nos", "melanoma metastasis", "lentigo maligna",
        "lentigo maligna melanoma", "nodular melanoma", "acral lentiginous melanoma",
        "superficial spreading melanoma",
    ),
    "nv": (
        "nev", "nevus", "naevus", "nevi", "naevi", "mole", "melanocytic nevus",
        "melanocytic nevi", "melanocytic naevus", "melanocytic naevi", "common nevus",
        "atypical nevus", "reed or spitz nevus",
    ),
    "vasc": (
        "vascular", "vascular lesion", "vascular lesions", "angioma", "hemangioma",
        "haemangioma", "cherry angioma", "angiokeratoma", "pyogenic granuloma", "hemorrhage",
        "haemorrhage",
    ),
    "scc": (
        "squamous cell carcinoma", "squamous cell carcinoma nos", "sccka",
        "squamous cell carcinoma invasive", "invasive squamous cell carcinoma", "keratoacanthoma",
    ),
    "ben_oth": ("ben oth", "benign other", "other benign"),
    "mal_oth": ("mal oth", "malignant other", "other malignant"),
    "inf": ("inflammatory", "inflammatory and infectious", "inflammatory or infectious"),
}  # fmt: skip
"""Codes by the names that stand for them alone: those of HAM10000's paper, of the ISIC archive and
challenges, of MILK10k, PAD-UFES-20, PH2 and Derm7pt."""

_CODES = {word: code for code, words in _WORDS.items() for word in (*words, code.replace("_", " "))}

_ENDINGS = (("nevus", "nv"), ("naevus", "nv"), ("nevi", "nv"), ("naevi", "nv"))
_MELANOMA_STAGE = re.compile(r"melanoma (in situ|(less|more) than .*|\d[\d ]* to .*|invasive.*)")

UNKNOWN = frozenset(
    {"", "unk", "unknown", "na", "n a", "nan", "none", "null", "not available", "undefined"}
)
"""Words, folded, for what is not known."""

_BETWEEN = frozenset(
    {"images", "image", "img", "imgs", "pictures", "jpg", "png"}
    | {"train", "training", "val", "valid", "validation", "test", "testing"}
)
"""Folders below that of a class that say nothing of it."""

_NUMBERED = re.compile(r"\d+\s*[._)\s-]\s*(?=\D)")
_COUNTED = re.compile(r"[\s_-]+\(?\d[\d.,]*k?\)?$")

_SEX = {"f": "female", "w": "female", "woman": "female", "female": "female",
        "m": "male", "man": "male", "male": "male"}  # fmt: skip

_PROOF = {
    "histo": "histo", "histopathology": "histo", "biopsy": "histo", "true": "histo",
    "consensus": "consensus", "single image expert consensus": "consensus",
    "single contributor clinical assessment": "consensus", "false": "consensus",
    "follow up": "follow_up", "serial imaging showing no change": "follow_up",
    "confocal": "confocal", "confocal microscopy with consensus dermoscopy": "confocal",
}  # fmt: skip


def folded(text: str) -> str:
    """A text as it is compared: small letters, one blank for whatever divides words.

    >>> folded("  Bowen's_Disease "), folded("Melanoma (in situ)")
    ('bowens disease', 'melanoma in situ')
    """
    return _SEPARATE.sub(" ", text.casefold().replace("'", "").replace("’", "")).strip()


def diagnosis_code(text: str) -> str | None:
    """Code of a diagnosis, where its name means one of them and no other.

    Parameters
    ----------
    text : str
        A code or a name, in any case, its words divided by whatever.

    Returns
    -------
    str or None
        One of the seven of HAM10000, or of a few more that published sets have: ``scc``,
        ``ben_oth``, ``mal_oth``, ``inf``.

    Examples
    --------
    >>> diagnosis_code("AK"), diagnosis_code("Clark nevus"), diagnosis_code("lentigo")
    ('akiec', 'nv', None)
    """
    name = folded(text)
    if name in _CODES:
        return _CODES[name]
    if _MELANOMA_STAGE.fullmatch(name):
        return "mel"
    return next((code for ending, code in _ENDINGS if name.endswith(" " + ending)), None)


def is_unknown(text: str) -> bool:
    """Whether a cell says that something is not known."""
    return folded(text) in UNKNOWN


def sex_word(text: str) -> str:
    """``female``, ``male`` or ``unknown``; other texts as they are."""
    return "unknown" if is_unknown(text) else _SEX.get(folded(text), text)


def proof_word(text: str) -> str:
    """HAM10000's word for how a diagnosis was proved, or ``unknown``."""
    return _PROOF.get(folded(text), "unknown")


def class_of_folder(name: str) -> str:
    """What a folder is called; without a number before it and a count behind, where that tells.

    >>> class_of_folder("3. Melanoma 15.75k"), class_of_folder("0_akiec"), class_of_folder("7")
    ('Melanoma', 'akiec', '7')
    """
    short = _COUNTED.sub("", _NUMBERED.sub("", name, count=1))
    return short if diagnosis_code(name) is None and diagnosis_code(short) else name


def folder_of(name: str) -> str:
    """The folder that says something of a picture: "" where none does.

    >>> folder_of("set/nv/train/1.jpg"), folder_of("images/1.jpg")
    ('nv', '')
    """
    parts = name.split("/")[:-1]
    while parts and folded(parts[-1]) in _BETWEEN:
        parts.pop()
    return class_of_folder(parts[-1]) if parts else ""


def class_order(codes: Iterable[str]) -> tuple[str, ...]:
    """Codes once each: those of HAM10000 in its order, then the others by name."""
    found = set(codes)
    return (*(dx for dx in HAM10000_CLASSES if dx in found), *sorted(found - set(HAM10000_CLASSES)))


def class_name(text: str) -> str:
    """A diagnosis of no known code as a code: small letters and lines below, 24 at most.

    >>> class_name("Lentigo (simplex)")
    'lentigo_simplex'
    """
    return re.sub(r"\W+", "_", folded(text)).strip("_")[:24] or "unnamed"
