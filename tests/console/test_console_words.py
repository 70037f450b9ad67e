"""The languages of the console have the same texts with the same values in them, and the code of others is untouched."""

import hashlib
import re
import tomllib
from typing import Any

import msgspec
import pytest

from faultd.places import shipped_console

FOLDER = shipped_console()


def words(language: str) -> dict[str, str]:
    """The texts of all pages; no two pages have one of the same key."""
    found: dict[str, str] = {}
    for path in sorted((FOLDER / "words" / language).glob("*.json")):
        of_page = msgspec.json.decode(path.read_bytes(), type=dict[str, str])
        assert not found.keys() & of_page.keys(), path.name
        found |= of_page
    return found


ENGLISH = words("en")


@pytest.mark.parametrize("language", sorted(path.name for path in (FOLDER / "words").iterdir() if path.is_dir()))
def test_each_language_has_every_text(language: str) -> None:
    found = words(language)
    assert found.keys() == ENGLISH.keys()
    for key, text in found.items():
        assert set(re.findall(r"\{\w+\}", text)) == set(re.findall(r"\{\w+\}", ENGLISH[key])), key


def test_every_text_that_the_scripts_name_is_there_and_no_other() -> None:
    scripts = "".join(path.read_text() for path in FOLDER.rglob("*.js") if "vendor" not in path.parts)
    named = set(re.findall(r'\bt\("(\w+)"', scripts)) | set(re.findall(r'fact\("(\w+)"', scripts))
    assert named <= ENGLISH.keys()
    made: Any = tuple(re.findall(r"`(\w+_)\$\{", scripts))
    quoted = set(re.findall(r'"(\w+)"', scripts))
    assert {key for key in ENGLISH if key not in named and key not in quoted and not key.startswith(made)} == set()


def test_the_code_of_others_is_as_it_was_published() -> None:
    folder = FOLDER / "vendor"
    listed = tomllib.loads((folder / "VENDOR.toml").read_text())["file"]
    assert {each["name"] for each in listed} == {path.name for path in folder.glob("*.js")}
    for each in listed:
        assert hashlib.sha256((folder / each["name"]).read_bytes()).hexdigest() == each["sha256"], each["name"]
