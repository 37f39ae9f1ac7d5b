"""The browser page as a folder: what is in it, and how it is served. No browser is needed."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.small_served import IMAGE_SIZE, small_card

from helpers.augmentation.clahe import Clahe
from helpers.core.classes import CLASSES
from helpers.core.errors import ConfigError
from helpers.core.files import sha256_file, write_json
from helpers.serving.apps.browser_page import (
    EXAMPLES,
    LANGUAGES,
    PAGE,
    build_web,
    check_pattern,
    merged_texts,
    pack,
    weight_precision,
)
from helpers.serving.apps.static_server import HEADERS, POLICY, make_server
from helpers.serving.cards.card import Copy, Score
from helpers.serving.model.served import ServedModel
from helpers.serving.uploads import pictures

pytest_plugins = ("support.small_page",)

VENDOR = PAGE / "vendor"


def _leaves(texts: dict[str, Any], prefix: str = "") -> dict[str, str]:
    found: dict[str, str] = {}
    for key, value in texts.items():
        name = f"{prefix}{key}"
        found |= _leaves(value, f"{name}.") if isinstance(value, dict) else {name: value}
    return found


def _vendor_problems(folder: Path) -> list[str]:
    table = re.findall(
        r"^\| `([^`]+)` \|.*\| `([0-9a-f]{64})` \|$", (folder / "README.md").read_text(), re.M
    )
    listed = dict(table)
    there = {path.name for path in folder.iterdir() if path.suffix in (".js", ".wasm")}
    changed = [name for name in there & set(listed) if sha256_file(folder / name) != listed[name]]
    return sorted([*changed, *(there ^ set(listed))])


def test_vendor_files_are_those_that_were_published(tmp_path: Path) -> None:
    """TensorFlow.js is unmodified; a changed byte would be found."""
    assert _vendor_problems(VENDOR) == []
    copy = tmp_path / "vendor"
    copy.mkdir()
    for path in VENDOR.iterdir():
        (copy / path.name).write_bytes(path.read_bytes())
    with open(copy / "tf-core.es2017.min.js", "ab") as file:
        file.write(b" ")
    assert _vendor_problems(copy) == ["tf-core.es2017.min.js"]
    assert sum(path.stat().st_size for path in VENDOR.iterdir()) < 5_000_000


def test_both_languages_have_the_same_texts() -> None:
    """Each text is there in both languages, with the same fields to fill in."""
    english, chinese = (_leaves(merged_texts(language)) for language in LANGUAGES)
    assert english.keys() == chinese.keys()
    for key, text in english.items():
        assert sorted(re.findall(r"{\w+}", text)) == sorted(re.findall(r"{\w+}", chinese[key])), key
    assert all(f"classes.{dx}.note" in english for dx in CLASSES)


def test_every_text_that_the_page_asks_for_exists() -> None:
    """Keys in the page and in its scripts are keys of the texts."""
    texts = _leaves(merged_texts("en"))
    page = (PAGE / "index.html").read_text(encoding="utf-8")
    asked = set(re.findall(r'data-(?:text|label)="([^"]+)"', page))
    for script in [PAGE / "app.js", *sorted((PAGE / "js").glob("*.js"))]:
        code = script.read_text(encoding="utf-8")
        asked |= set(re.findall(r"""(?:say|find)\(\s*'([\w.]+)'""", code))
        asked |= {f"errors.{code}" for code in re.findall(r"PictureError\('(\w+)'", code)}
        asked |= {f"notes.{code}" for code in re.findall(r"(?:notes|found)\.push\('(\w+)'", code)}
    assert len(asked) > 60
    assert sorted(asked - texts.keys()) == []


def test_limits_of_pictures_are_those_of_python() -> None:
    """The page refuses what the other face refuses."""
    code = (PAGE / "js" / "sniff.js").read_text()
    for name in ("MAX_BYTES", "MAX_PIXELS", "MAX_SCANS", "MIN_SIDE", "MAX_OBLONG"):
        value = re.search(rf"const {name} = ([\d_]+);", code)
        assert value is not None and int(value[1]) == getattr(pictures, name), name


def test_examples_are_drawn_small_and_one_a_class() -> None:
    """Seven pictures of at most 30 KB, with a text in each language."""
    images = json.loads((EXAMPLES / "examples.json").read_text(encoding="utf-8"))["images"]
    assert [image["dx"] for image in images] == list(CLASSES)
    for image in images:
        assert (EXAMPLES / image["file"]).stat().st_size <= 30_000
        assert set(image["text"]) == set(LANGUAGES)


def test_the_policy_is_in_the_page_and_in_the_header() -> None:
    """Any host of static files serves the page with the policy that it is tested under."""
    page = (PAGE / "index.html").read_text(encoding="utf-8")
    found = re.search(r'<meta http-equiv="Content-Security-Policy" content="([^"]+)">', page)
    assert found is not None and found[1] == POLICY
    assert page.index(found[0]) < page.index("<script")
    assert HEADERS["Content-Security-Policy"].startswith(POLICY)
    # A browser passes over a header whose name it does not know.
    for name in ("Cross-Origin-Opener-Policy", "Cross-Origin-Resource-Policy"):
        assert HEADERS[name] == "same-origin"
    assert "connect-src 'self';" in POLICY and "unsafe-inline" not in POLICY
    assert "'unsafe-eval'" not in POLICY


def test_nothing_in_the_page_names_another_host() -> None:
    """The project's own files hold no address but names of XML."""
    for path in PAGE.rglob("*"):
        if path.is_file() and path.parent != VENDOR:
            found = set(re.findall(r"https?://[\w.]+", path.read_text(encoding="utf-8")))
            assert found <= {"http://www.w3.org"}, path


def test_a_build_lists_its_files(site: Path) -> None:
    """Each file but the service worker is in build.js, with the checksum of its bytes."""
    text = (site / "build.js").read_text()
    build = json.loads(text.removeprefix("self.BUILD = ").rstrip(";\n"))
    there = {p.relative_to(site).as_posix() for p in site.rglob("*") if p.is_file()}
    left_out = there - build["files"].keys()
    licences = {"vendor/README.md", "vendor/LICENSE-Apache-2.0.txt", "vendor/LICENSE-others.txt"}
    assert left_out == {"build.js", "sw.js"} | licences
    for name, told in build["files"].items():
        checksum = hashlib.sha256((site / name).read_bytes()).digest()
        assert told == f"sha256-{base64.b64encode(checksum).decode()}"
    assert re.fullmatch(r"[0-9a-f]{12}", build["id"])


def test_page_facts_are_those_of_the_card(site: Path, served: ServedModel) -> None:
    """Temperature and threshold are of one view, the head's weights those of the last layer."""
    facts = json.loads((site / "page.json").read_text())
    face = served.card.faces["single"]
    assert facts["temperature"] == face.temperature
    assert facts["threshold"] == face.malignant_threshold
    assert [CLASSES[index] for index in facts["malignant"]] == ["akiec", "bcc", "mel"]
    weights = np.frombuffer(base64.b64decode(facts["head"]["data"]), "<f4")
    expected = served.keras_model.layers[-1].get_weights()[0]
    assert np.array_equal(weights.reshape(facts["head"]["shape"]), expected)
    assert facts["gate"] is None


def test_scores_are_those_of_the_weights_that_were_scored(
    site: Path,
    served: ServedModel,
    tmp_path: Path,
) -> None:
    """The copy that came with the model has scores of its own; a conversion has none."""
    assert json.loads((site / "page.json").read_text())["scores_of"] == "float32"
    assert weight_precision(site / "model") == "float32"
    score = Score(value=0.65, low=0.6, high=0.7, n=90)
    copy = Copy(
        precision="float16",
        images=100,
        largest_difference=0.01,
        same_class=99,
        scores={"accuracy": score},
    )
    _as_float16(site / "model", tmp_path / "web")
    files = {path.name: {"sha256": sha256_file(path)} for path in (tmp_path / "web").iterdir()}
    write_json(tmp_path / "web" / "export.json", {"files": files})

    def facts(browser: Copy | None) -> dict[str, Any]:
        card = served.card.model_copy(update={"browser": browser})
        model = replace(served, folder=tmp_path, card=card)
        model.__dict__["keras_model"] = served.keras_model  # loaded already
        page = build_web(model, tmp_path / "page")
        return dict(json.loads((page / "page.json").read_text()))

    own, copied = facts(None), facts(copy)
    face = served.card.faces["single"].scores
    assert [own["precision"], own["scores_of"]] == ["float16", "float32"]
    assert own["scores"]["test"]["accuracy"] == face["test"]["accuracy"].model_dump()
    assert [copied["precision"], copied["scores_of"]] == ["float16", "float16"]
    assert copied["scores"]["test"] == {"accuracy": score.model_dump()}
    assert copied["scores"]["valid"] == own["scores"]["valid"]
    with open(tmp_path / "web" / "model.json", "ab") as file:
        file.write(b" ")
    with pytest.raises(ConfigError, match=r"model\.json has other bytes"):
        facts(copy)


def _as_float16(model: Path, folder: Path) -> None:
    """A graph model that says its weights are of 16 bits."""
    shutil.copytree(model, folder)
    graph = json.loads((folder / "model.json").read_text())
    for group in graph["weightsManifest"]:
        for weight in group["weights"]:
            if weight["dtype"] == "float32":
                weight["quantization"] = {"dtype": "float16", "original_dtype": "float32"}
    (folder / "model.json").write_text(json.dumps(graph))


def test_a_folder_with_other_files_is_left_alone(
    served: ServedModel,
    tmp_path: Path,
) -> None:
    """A build replaces an earlier build, and nothing else."""
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(ConfigError, match="holds other files"):
        build_web(served, tmp_path)
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


def test_a_model_of_equalised_pictures_is_refused(tmp_path: Path) -> None:
    """The page does not equalise, so it must not answer as if it did."""
    unfit = ServedModel(tmp_path, small_card(clahe=Clahe()))
    with pytest.raises(ConfigError, match="CLAHE"):
        build_web(unfit, tmp_path / "page")
    assert not (tmp_path / "page").exists()


def test_pack_keeps_values_of_32_bits() -> None:
    """What is packed is read back bit by bit."""
    values = np.array([[1.5, -2.25], [1e-30, 3e30]])
    packed = pack(values)
    assert packed["shape"] == [2, 2]
    assert np.array_equal(
        np.frombuffer(base64.b64decode(packed["data"]), "<f4"), values.astype("f4").ravel()
    )


def test_the_check_picture_uses_all_values() -> None:
    """A backend that clips, swaps channels or drops rows gets another answer."""
    pattern = check_pattern(IMAGE_SIZE)
    assert pattern.shape == (*IMAGE_SIZE, 3) and pattern.dtype == np.uint8
    assert len(np.unique(pattern)) == 256
    assert not np.array_equal(pattern, pattern[..., ::-1])


@pytest.fixture(scope="module")
def plain_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server over a folder with a few files."""
    folder = tmp_path_factory.mktemp("plain")
    for name in ("index.html", "build.js", "a.wasm", "b.webmanifest", "c.bin", "d.js"):
        (folder / name).write_bytes(b"x" * 100)
    (folder / "inner").mkdir()
    with make_server(folder, 0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("", "text/html; charset=utf-8"),
        ("a.wasm", "application/wasm"),
        ("b.webmanifest", "application/manifest+json"),
        ("c.bin", "application/octet-stream"),
        ("d.js", "text/javascript; charset=utf-8"),
    ],
)
def test_each_answer_has_its_type_and_the_headers(plain_site: str, name: str, kind: str) -> None:
    """WebAssembly compiles while it loads only with the right type; nothing is guessed."""
    with urllib.request.urlopen(plain_site + name) as answer:
        assert answer.headers["Content-Type"] == kind
        for header, value in HEADERS.items():
            assert answer.headers[header] == value


def test_unchanged_files_are_not_sent_twice(plain_site: str) -> None:
    """The service worker asks for all files again, and gets no bytes."""
    with urllib.request.urlopen(plain_site + "c.bin") as answer:
        changed = answer.headers["Last-Modified"]
    again = urllib.request.Request(plain_site + "c.bin", headers={"If-Modified-Since": changed})
    with pytest.raises(urllib.error.HTTPError) as told:
        urllib.request.urlopen(again)
    assert told.value.code == 304


@pytest.mark.parametrize("path", ["inner/", "missing.js", "../secret", "%2e%2e/secret"])
def test_folders_and_what_is_outside_are_not_served(plain_site: str, path: str) -> None:
    """No listing, and no way up."""
    with pytest.raises(urllib.error.HTTPError) as told:
        urllib.request.urlopen(plain_site + path)
    assert told.value.code in (400, 404)


def test_a_taken_port_is_said(tmp_path: Path) -> None:
    """The message names the port and the way out."""
    (tmp_path / "build.js").write_text("")
    with make_server(tmp_path, 0) as first:
        port = first.server_address[1]
        with pytest.raises(ConfigError, match=f"port {port}.*--port"):
            make_server(tmp_path, port)


def test_a_folder_without_a_build_is_not_served(tmp_path: Path) -> None:
    """Nobody serves a home folder by mistake."""
    with pytest.raises(ConfigError, match="dermbook web"):
        make_server(tmp_path, 0)
