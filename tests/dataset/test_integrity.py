"""The integrity report: what must hold anywhere, and what is known of HAM10000."""

from __future__ import annotations

import cv2
import numpy as np

from helpers.dataset.catalogue import load_catalogue
from helpers.dataset.decoding import read_mask
from helpers.dataset.integrity import integrity_report
from helpers.dataset.sources import open_source


def load(folder):
    """Open and load a folder."""
    return load_catalogue(open_source(folder))


def test_integrity_report_of_a_small_folder(make_folder):
    """What must hold anywhere is checked; published numbers are not expected of other data."""
    folder = make_folder()
    (folder / "ISIC_0000001.jpg").write_bytes((folder / "ISIC_0000000.jpg").read_bytes())
    flat = np.full((45, 60, 3), 90, np.uint8)
    (folder / "ISIC_0000002.jpg").write_bytes(cv2.imencode(".jpg", flat)[1].tobytes())
    full = np.full((45, 60), 255, np.uint8)
    (folder / "ISIC_0000003_segmentation.png").write_bytes(cv2.imencode(".png", full)[1].tobytes())
    report = integrity_report(load(folder)).set_index("check")
    assert report.loc["images", ["expected", "found", "verdict"]].tolist() == [
        "",
        28,
        "",
    ]
    for check in ("images with the bytes of another", "near-constant images"):
        assert report.loc[check, ["found", "verdict"]].tolist() == [1, "differs"]
    assert report.loc["masks that cover the full frame", "found"] == 1
    assert report.loc["lesions with two diagnoses", "verdict"] == "as expected"


def test_real_integrity(real_catalogue):
    """The real files have the published numbers of rows, gaps and odd masks."""
    report = integrity_report(real_catalogue).set_index("check")
    differs = report.index[report["verdict"] == "differs"].tolist()
    # Two pairs of images of one lesion each are the same file.
    assert differs == ["images with the bytes of another"]
    assert report.loc[differs[0], "found"] == 2
    assert report.loc["masks stored with a palette", "found"] == 402
    full = [
        image_id
        for image_id in ("ISIC_0029819", "ISIC_0026042", "ISIC_0024306")
        if read_mask(real_catalogue.set_index("image_id").loc[image_id]).all()
    ]
    assert full == ["ISIC_0029819", "ISIC_0026042"]
