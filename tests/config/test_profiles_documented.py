"""Every word of the profile language stands in its manual."""

import re
from pathlib import Path

import msgspec
import pytest

from actors.correlator.profiles import load_profiles
from actors.correlator.profiles.builtin_values import BUILTINS
from actors.correlator.profiles.times import TIME_DECODERS
from actors.correlator.profiles.vocabulary import RESOURCE_TYPES
from protocols import profile
from protocols.profile_decoders import DECODERS

ROOT = Path(__file__).parents[2]
MANUAL = (ROOT / "docs" / "profiles.md").read_text()
STRUCTS = [
    value
    for value in vars(profile).values()
    if isinstance(value, type) and issubclass(value, msgspec.Struct) and value.__module__ == profile.__name__
]


@pytest.mark.parametrize("struct", STRUCTS, ids=lambda struct: struct.__name__)
def test_every_key_is_documented(struct: type[msgspec.Struct]) -> None:
    prose = re.sub(r"```.*?```", "", MANUAL, flags=re.DOTALL)
    words = set(re.findall(r"[A-Za-z_]+", " ".join(re.findall(r"`([^`]+)`", prose))))
    assert {field.encode_name for field in msgspec.structs.fields(struct)} <= words


@pytest.mark.parametrize("word", sorted({*DECODERS, *TIME_DECODERS, *BUILTINS, *RESOURCE_TYPES}))
def test_every_name_is_documented(word: str) -> None:
    assert f"`{word}`" in MANUAL


def test_every_shipped_file_is_listed() -> None:
    for path in (ROOT / "config" / "profiles").glob("*.toml"):
        assert f"`{path.name}`" in MANUAL


def test_the_first_profile_of_the_manual_works() -> None:
    example = re.search(r"```toml\n(.*?)```", MANUAL, re.DOTALL)
    assert example is not None
    types = (ROOT / "config" / "profiles" / "types.toml").read_text()
    assert len(load_profiles({"types.toml": types, "site.toml": example[1]})) == 2
