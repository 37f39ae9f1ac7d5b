"""The same drawn pictures in the layouts that people really have."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from helpers.core.classes import CLASSES, NAMES

Expected = dict[str, str]
"""Diagnoses by the ids that the catalogue should have."""


def few(catalogue: pd.DataFrame, per_class: int = 4) -> pd.DataFrame:
    """Some images of each class of a drawn sample."""
    return catalogue.groupby("dx", sort=True).head(per_class).reset_index(drop=True)


def _data(row: pd.Series) -> bytes:
    return Path(row["path"]).read_bytes()


def _as(row: pd.Series, kind: str) -> bytes:
    buffer = io.BytesIO()
    Image.open(row["path"]).save(buffer, kind)
    return buffer.getvalue()


def _put(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def _csv(table: pd.DataFrame, path: Path, **options: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    table.to_csv(path, index=False, **options)  # type: ignore[call-overload]


def _ids(rows: pd.DataFrame) -> Expected:
    return dict(zip(rows["image_id"], rows["dx"], strict=True))


def ham10000(rows: pd.DataFrame, folder: Path) -> Expected:
    """As published, but ids with endings, names for codes, capitals, tabs, a comma for a point."""
    names = {dx: NAMES[dx].upper() if dx != "mel" else " Melanoma " for dx in CLASSES}
    table = pd.DataFrame(
        {
            "Lesion_ID": rows["lesion_id"],
            "Image_ID": rows["image_id"] + ".JPG",
            "DX": rows["dx"].map(names),
            "dx_type": "histo",
            "age": "50,5",
            "sex": "F",
            "localization": "back",
        }
    )
    _csv(table, folder / "metadata.tsv", sep="\t")
    for _, row in rows.iterrows():
        _put(folder / "images" / f"{row['image_id']}.JPG", _data(row))
    return _ids(rows)


def folder_per_class(rows: pd.DataFrame, folder: Path) -> Expected:
    """A folder for each class, by long names; the same file names in each, upper-case endings."""
    expected = {}
    for dx, part in rows.groupby("dx"):
        name = NAMES[str(dx)].replace(" / ", " or ") if dx != "akiec" else "Actinic Keratosis"
        for number, (_, row) in enumerate(part.iterrows()):
            _put(folder / "train" / name / f"{number}.JPEG", _data(row))
            expected[f"train-{name}-{number}"] = str(dx)
    return expected


def by_mapping(rows: pd.DataFrame, folder: Path) -> Expected:
    """Columns of one's own in UTF-16 with semicolons and decimal commas, and the YAML for them."""
    befund = {dx: f"Befund {dx.upper()}" for dx in CLASSES}
    table = pd.DataFrame(
        {
            "Datei": "bilder\\" + rows["image_id"] + ".jpg",
            "Läsion": rows["lesion_id"],
            "Befund": rows["dx"].map(befund),
            "Alter": "50,5",
        }
    )
    _csv(table, folder / "Tabelle.csv", sep=";", encoding="utf-16")
    for _, row in rows.iterrows():
        _put(folder / "bilder" / f"{row['image_id']}.jpg", _data(row))
    lines = [
        "table: Tabelle.csv",
        "columns: {image: Datei, dx: Befund, lesion_id: Läsion, age: Alter}",
        "diagnoses:",
        *(f"  {name}: {dx}" for dx, name in befund.items()),
    ]
    (folder / "dermbook.yml").write_text("\n".join(lines), encoding="utf-8")
    return _ids(rows)


def isic_cli(rows: pd.DataFrame, folder: Path) -> Expected:
    """What isic-cli downloads: names on five levels, lesions and patients of the archive."""
    malignant = {"akiec": "Indeterminate", "bcc": "Malignant", "mel": "Malignant"}
    third = {
        "akiec": "Solar or actinic keratosis", "bcc": "Basal cell carcinoma",
        "bkl": "Pigmented benign keratosis", "df": "Dermatofibroma", "mel": "Melanoma, NOS",
        "nv": "Nevus", "vasc": "Hemangioma",
    }  # fmt: skip
    table = pd.DataFrame(
        {
            "isic_id": rows["image_id"],
            "attribution": 'A, "B" and C',
            "age_approx": 50,
            "anatom_site_general": "anterior torso",
            "diagnosis_1": [malignant.get(dx, "Benign") for dx in rows["dx"]],
            "diagnosis_2": "a group",
            "diagnosis_3": rows["dx"].map(third),
            "diagnosis_4": ["Melanoma in situ" if dx == "mel" else "" for dx in rows["dx"]],
            "diagnosis_5": "",
            "diagnosis_confirm_type": "histopathology",
            "image_type": "dermoscopic",
            "lesion_id": rows["lesion_id"].str.replace("HAM", "IL"),
            "patient_id": rows["lesion_id"].str.replace("HAM", "IP"),
            "sex": "female",
        }
    )
    photo = table.iloc[[0]].assign(isic_id="ISIC_9999999", image_type="clinical: close-up")
    _csv(pd.concat([table, photo]), folder / "metadata.csv")
    for _, row in rows.iterrows():
        _put(folder / f"{row['image_id']}.jpg", _data(row))
    _put(folder / "ISIC_9999999.jpg", _data(rows.iloc[0]))
    return _ids(rows)


def _one_hot(rows: pd.DataFrame, columns: list[str], names: dict[str, str]) -> pd.DataFrame:
    upper = rows["dx"].map(lambda dx: names.get(dx, dx.upper()))
    return pd.DataFrame({name: (upper == name).astype(float) for name in columns})


def isic_2018(rows: pd.DataFrame, folder: Path) -> Expected:
    """The truth table of task 3 and the groupings of lesions."""
    truth = _one_hot(rows, ["MEL", "NV", "BCC", "AKIEC", "BKL", "DF", "VASC"], {})
    truth.insert(0, "image", rows["image_id"])
    _csv(truth, folder / "ISIC2018_Task3_Training_GroundTruth.csv")
    groups = pd.DataFrame(
        {
            "image": rows["image_id"],
            "lesion_id": rows["lesion_id"],
            "diagnosis_confirm_type": "histopathology",
        }
    ).iloc[::-1]
    _csv(groups, folder / "ISIC2018_Task3_Training_LesionGroupings.csv")
    for _, row in rows.iterrows():
        _put(folder / "ISIC2018_Task3_Training_Input" / f"{row['image_id']}.jpg", _data(row))
    return _ids(rows)


def isic_2019(rows: pd.DataFrame, folder: Path) -> Expected:
    """Nine columns in another order, AK for akiec, names with _downsampled, facts beside."""
    names = {"akiec": "AK"}
    columns = ["NV", "MEL", "BCC", "AK", "BKL", "DF", "VASC", "SCC", "UNK"]
    truth = _one_hot(rows, columns, names)
    truth.insert(0, "image", rows["image_id"] + "_downsampled")
    _csv(truth, folder / "ISIC_2019_Training_GroundTruth.csv")
    facts = pd.DataFrame(
        {
            "image": rows["image_id"] + "_downsampled",
            "age_approx": "50.0",
            "anatom_site_general": "anterior torso",
            "lesion_id": rows["lesion_id"],
            "sex": "female",
        }
    )
    _csv(facts, folder / "ISIC_2019_Training_Metadata.csv")
    for _, row in rows.iterrows():
        name = f"{row['image_id']}_downsampled.jpg"
        _put(folder / "ISIC_2019_Training_Input" / name, _data(row))
    return {f"{image_id}_downsampled": dx for image_id, dx in _ids(rows).items()}


def isic_2020(rows: pd.DataFrame, folder: Path) -> Expected:
    """Benign or malignant, and a list of duplicates."""
    kinds = rows["dx"].map(lambda dx: "malignant" if dx in ("akiec", "bcc", "mel") else "benign")
    table = pd.DataFrame(
        {
            "image_name": rows["image_id"],
            "patient_id": rows["lesion_id"],
            "sex": "male",
            "age_approx": "50.0",
            "anatom_site_general_challenge": "torso",
            "diagnosis": "unknown",
            "benign_malignant": kinds,
            "target": (kinds == "malignant").astype(int),
        }
    )
    _csv(table, folder / "train.csv")
    first, second = rows["image_id"].iloc[:2]
    twice = pd.DataFrame({"image_name_1": [first], "image_name_2": [second]})
    _csv(twice, folder / "ISIC_2020_Training_Duplicates.csv")
    for _, row in rows.iterrows():
        _put(folder / "train" / f"{row['image_id']}.jpg", _data(row))
    expected = dict(zip(rows["image_id"], kinds, strict=True))
    del expected[second]
    return expected


def pad_ufes_20(rows: pd.DataFrame, folder: Path) -> Expected:
    """PNGs in parts, names of pictures with endings, five of the six diagnoses."""
    codes = {"akiec": "ACK", "bcc": "BCC", "mel": "MEL", "nv": "NEV", "bkl": "SEK"}
    rows = rows[rows["dx"].isin(codes)].reset_index(drop=True)
    ids = "PAT_" + rows["lesion_id"].str[-4:] + "_" + rows["image_id"].str[-4:]
    table = pd.DataFrame(
        {
            "patient_id": "PAT_" + rows["lesion_id"].str[-4:],
            "lesion_id": rows["lesion_id"].str[-4:],
            "smoke": "",
            "age": "8",
            "gender": "FEMALE",
            "region": "ARM",
            "diagnostic": rows["dx"].map(codes),
            "img_id": ids + ".png",
            "biopsed": "True",
        }
    )
    _csv(table, folder / "metadata.csv")
    for (_, row), name in zip(rows.iterrows(), ids, strict=True):
        _put(folder / "images" / "imgs_part_1" / f"{name}.png", _as(row, "PNG"))
    return dict(zip(ids, rows["dx"], strict=True))


def ph2(rows: pd.DataFrame, folder: Path) -> Expected:
    """BMPs in folders of their own, masks, a table between double bars with a legend behind."""
    rows = rows[rows["dx"].isin(("mel", "nv"))].reset_index(drop=True)
    lines = ["||   Name || Histological Diagnosis || Clinical Diagnosis || Asymmetry || Colors ||"]
    expected = {}
    for number, row in rows.iterrows():
        name = f"IMD{number:03d}"
        code = 2 if row["dx"] == "mel" else int(str(number)) % 2
        lines.append(f"|| {name} ||              ||           {code} ||  0 | T | A ||  3  4  ||")
        place = folder / "PH2 Dataset images" / name
        _put(place / f"{name}_Dermoscopic_Image" / f"{name}.bmp", _as(row, "BMP"))
        mask = io.BytesIO()
        Image.open(row["mask_path"]).convert("1").save(mask, "BMP")
        _put(place / f"{name}_lesion" / f"{name}_lesion.bmp", mask.getvalue())
        _put(place / f"{name}_roi" / f"{name}_R1_Label3.bmp", mask.getvalue())
        expected[name] = row["dx"]
    legend = "\nLegends:\nClinical Diagnosis: 0 - Common Nevus; 1 - Atypical Nevus; 2 - Melanoma\n"
    (folder / "PH2_dataset.txt").write_text("\n".join(lines) + legend)
    return expected


def derm7pt(rows: pd.DataFrame, folder: Path) -> Expected:
    """Two pictures a case, paths with folders, long names of diagnoses."""
    rows = rows[rows["dx"] != "akiec"].reset_index(drop=True)
    names = {
        "bcc": "basal cell carcinoma", "bkl": "seborrheic keratosis", "df": "dermatofibroma",
        "mel": "melanoma (0.76 to 1.5 mm)", "nv": "clark nevus", "vasc": "vascular lesion",
    }  # fmt: skip
    paths = [f"N{n % 3}L/N{n % 3}l{n:03d}.jpg" for n in range(len(rows))]
    table = pd.DataFrame(
        {
            "case_num": range(1, len(rows) + 1),
            "diagnosis": rows["dx"].map(names),
            "seven_point_score": 3,
            "location": "back",
            "sex": "female",
            "clinic": [path.replace("l", "c") for path in paths],
            "derm": paths,
            "case_id": "",
        }
    )
    _csv(table, folder / "meta" / "meta.csv")
    expected = {}
    for (_, row), path in zip(rows.iterrows(), paths, strict=True):
        _put(folder / "images" / path, _data(row))
        _put(folder / "images" / path.replace("l", "c"), _data(row))
        expected[Path(path).stem] = row["dx"]
    return expected


def bcn20000(rows: pd.DataFrame, folder: Path) -> Expected:
    """File names with endings, codes in capitals, one row of the test part without a label."""
    table = pd.DataFrame(
        {
            "bcn_filename": rows["image_id"].str.replace("ISIC", "BCN") + ".jpg",
            "age_approx": "55.0",
            "anatom_site_general": "anterior torso",
            "diagnosis": rows["dx"].map(lambda dx: "AK" if dx == "akiec" else dx.upper()),
            "lesion_id": rows["lesion_id"],
            "capture_date": "2012-05-16",
            "sex": "male",
            "split": "train",
        }
    )
    hidden = table.iloc[[0]].assign(bcn_filename="BCN_hidden.jpg", diagnosis="", split="test")
    _csv(pd.concat([table, hidden]), folder / "bcn20000_metadata.csv")
    for (_, row), name in zip(rows.iterrows(), table["bcn_filename"], strict=True):
        _put(folder / "BCN_20k_train" / "bcn_20k_train" / name, _data(row))
    return {image_id.replace("ISIC", "BCN"): dx for image_id, dx in _ids(rows).items()}


def milk10k(rows: pd.DataFrame, folder: Path) -> Expected:
    """Labels a lesion, a clinical picture beside each, folders by lesion."""
    rows = rows.drop_duplicates("lesion_id").reset_index(drop=True)
    columns = ["AKIEC", "BCC", "BEN_OTH", "BKL", "DF", "INF", "MAL_OTH", "MEL", "NV", "SCCKA",
               "VASC"]  # fmt: skip
    truth = _one_hot(rows, columns, {})
    truth.insert(0, "lesion_id", rows["lesion_id"])
    _csv(truth, folder / "MILK10k_Training_GroundTruth.csv")
    facts = pd.DataFrame(
        {
            "lesion_id": rows["lesion_id"],
            "image_type": "dermoscopic",
            "isic_id": rows["image_id"],
            "age_approx": 50,
            "sex": "female",
            "skin_tone_class": 3,
            "site": "trunk",
        }
    )
    photos = facts.assign(
        image_type="clinical: close-up", isic_id=rows["image_id"].str.replace("ISIC_0", "ISIC_9")
    )
    _csv(pd.concat([facts, photos]), folder / "MILK10k_Training_Metadata.csv")
    for _, row in rows.iterrows():
        place = folder / "MILK10k_Training_Input" / row["lesion_id"]
        _put(place / f"{row['image_id']}.jpg", _data(row))
        _put(place / f"{row['image_id'].replace('ISIC_0', 'ISIC_9')}.jpg", _data(row))
    return _ids(rows)


def dermamnist(rows: pd.DataFrame, folder: Path) -> Expected:
    """Small pictures and numbers in one file, already divided."""
    folder.mkdir(parents=True, exist_ok=True)
    pictures = [
        cv2.resize(np.asarray(Image.open(path)), (28, 28), interpolation=cv2.INTER_AREA)
        for path in rows["path"]
    ]
    labels = np.array([[CLASSES.index(dx)] for dx in rows["dx"]], np.uint8)
    parts = {"train": slice(0, None, 2), "val": slice(1, None, 4), "test": slice(3, None, 4)}
    arrays, expected = {}, {}
    for name, part in parts.items():
        arrays[f"{name}_images"] = np.stack(pictures)[part]
        arrays[f"{name}_labels"] = labels[part]
        expected |= {f"{name}_{n:05d}": CLASSES[int(v)] for n, (v,) in enumerate(labels[part])}
    np.savez(folder / "dermamnist.npz", **arrays)  # type: ignore[arg-type]
    return expected


def parquet(rows: pd.DataFrame, folder: Path) -> Expected:
    """Two files as dataset hubs serve them: pictures inside, numbers with names in the file."""
    (folder / "data").mkdir(parents=True, exist_ok=True)
    names = [NAMES[dx] for dx in CLASSES[::-1]]
    info = {"info": {"features": {"label": {"names": names, "_type": "ClassLabel"}}}}
    for number, part in enumerate((rows.iloc[::2], rows.iloc[1::2])):
        pictures = [
            {"bytes": _data(row), "path": f"{row['image_id']}.jpg"} for _, row in part.iterrows()
        ]
        labels = [CLASSES[::-1].index(dx) for dx in part["dx"]]
        table = pa.table({"image": pictures, "label": labels, "age": [50.0] * len(part)})
        table = table.replace_schema_metadata({"huggingface": json.dumps(info)})
        pq.write_table(table, folder / "data" / f"train-0000{number}-of-00002.parquet")
    return _ids(rows)


LAYOUTS: dict[str, Callable[[pd.DataFrame, Path], Expected]] = {
    "HAM10000 layout": ham10000,
    "a folder for each class": folder_per_class,
    "own data by a mapping": by_mapping,
    "ISIC archive": isic_cli,
    "ISIC 2018 challenge, task 3": isic_2018,
    "ISIC 2019 challenge": isic_2019,
    "ISIC 2020 challenge": isic_2020,
    "PAD-UFES-20": pad_ufes_20,
    "PH2": ph2,
    "Derm7pt": derm7pt,
    "BCN20000": bcn20000,
    "MILK10k": milk10k,
    "DermaMNIST": dermamnist,
    "Parquet file with pictures": parquet,
}
"""By what the source is said to be read as."""
