"""The languages of the console have the same texts with the same places for values."""

import re
from typing import Any

import msgspec
import pytest

from faultd.places import shipped_console

FOLDER = shipped_console()


def words(language: str) -> dict[str, str]:
    return msgspec.json.decode((FOLDER / "words" / f"{language}.json").read_bytes(), type=dict[str, str])


ENGLISH = words("en")


@pytest.mark.parametrize("language", sorted(path.stem for path in (FOLDER / "words").glob("*.json")))
def test_each_language_has_every_text(language: str) -> None:
    found = words(language)
    assert found.keys() == ENGLISH.keys()
    for key, text in found.items():
        assert set(re.findall(r"\{\w+\}", text)) == set(re.findall(r"\{\w+\}", ENGLISH[key])), key


def test_every_text_that_the_scripts_name_is_there_and_no_other() -> None:
    scripts = "".join(path.read_text() for path in FOLDER.rglob("*.js") if "vendor" not in path.parts)
    named = set(re.findall(r'\bt\("(\w+)"', scripts)) | set(re.findall(r'fact\("(\w+)"', scripts))
    assert named <= ENGLISH.keys()
    made: Any = tuple(re.findall(r"\bt\(`(\w+_)\$\{", scripts))
    quoted = set(re.findall(r'"(\w+)"', scripts))
    assert {key for key in ENGLISH if key not in named and key not in quoted and not key.startswith(made)} == set()
