"""One broken profile per mistake: its first line says under which key the mistake is found and in which words."""

from pathlib import Path

import pytest

from actors.correlator.file_mistake import FileMistake
from actors.correlator.profiles import ProfileErrors, load_profiles

BROKEN = sorted((Path(__file__).parent / "broken").glob("*.toml"))


def refused(texts: dict[str, str]) -> tuple[FileMistake, ...]:
    with pytest.raises(ProfileErrors) as caught:
        load_profiles(texts)
    return caught.value.errors


@pytest.mark.parametrize("path", BROKEN, ids=[path.stem for path in BROKEN])
def test_a_mistake_is_told_with_file_key_and_line(path: Path) -> None:
    text = path.read_text()
    key, _, words = text.partition("\n")[0].removeprefix("# ").partition(" :: ")
    errors = refused({path.name: text})
    found = [error for error in errors if error.key == key.replace("-", "")]
    assert len(errors) == 1, errors
    assert len(found) == 1, errors
    assert found[0].file == path.name
    assert words in found[0].message
    if found[0].key or "not TOML" in words:
        blamed = text.splitlines()[found[0].line - 1]
        step = key.replace("]", "[").replace('"', "").split(".")[0].split("[")[0]
        assert found[0].line > 1
        assert step in blamed or step in text.splitlines()[0] or "not TOML" in words


def test_every_mistake_of_every_file_is_told_at_once() -> None:
    one = 'name = "one"\ncolour = "red"\npriority = "high"\n[varbinds]\na = { oid = 4 }\nb = { oid = "1.2", unite = "x" }\n'
    two = 'name = "two"\n[varbinds]\na = "1.x"\n[[alarms]]\ntype = "pon.los"\nraise = ["1.2.3"]\n'
    errors = refused({"one.toml": one, "two.toml": two, "three.toml": "name"})
    assert [(error.file, error.line, error.key) for error in errors] == [
        ("one.toml", 2, "colour"),
        ("one.toml", 3, "priority"),
        ("one.toml", 5, "varbinds.a.oid"),
        ("one.toml", 6, "varbinds.b.unite"),
        ("three.toml", 1, ""),
        ("two.toml", 3, "varbinds.a"),
        ("two.toml", 6, "alarms[0].raise[0]"),
    ]


def test_two_profiles_of_one_name() -> None:
    errors = refused({"a.toml": 'name = "x"\n', "b.toml": 'name = "x"\n'})
    assert [str(error) for error in errors] == ["b.toml:1: name: a.toml is also called 'x'"]


def test_two_profiles_that_both_take_a_trap() -> None:
    body = '[types.t]\nseverity = "info"\ntitle = "t"\n[[alarms]]\ntype = "t"\nraise = ["1.2.3"]\n'
    texts = {"a.toml": f'name = "a"\n{body}', "b.toml": f'name = "b"\n{body}'}
    errors = refused(texts)
    assert [(error.file, error.line, error.key) for error in errors] == [("b.toml", 7, "alarms[0].raise[0]")]
    assert "never asked for 1.2.3: 't' (alarms[0].raise[0] of a)" in errors[0].message
    assert len(load_profiles(texts | {"b.toml": f'name = "b"\npriority = 1\n{body}'})) == 2
    assert len(load_profiles(texts | {"b.toml": f'name = "b"\nenabled = false\n{body}'})) == 2


def test_the_line_of_the_second_of_two_alarms() -> None:
    head = 'name = "x"\n[types.t]\nseverity = "info"\ntitle = "t"\n'
    text = head + '[[alarms]]\ntype = "t"\nraise = ["1.2.3"]\n\n[[alarms]]\ntype = "t"\nclear = ["nonsense"]\n'
    assert [error.line for error in refused({"x.toml": text})] == [11]


def test_a_line_inside_a_family() -> None:
    text = (
        'name = "x"\n[varbinds]\nc = "1.2"\n[types.t]\nseverity = "info"\ntitle = "t"\n[[families]]\nname = "f"\ntrap = "1.3"\n'
        'code = "c"\n[families.codes]\n1 = { type = "t" }\n2 = { type = "u" }\n'
    )
    assert [(error.line, error.key) for error in refused({"x.toml": text})] == [(13, "families[0].codes.2")]


def test_a_huge_file_is_refused_unread() -> None:
    assert "at most" in refused({"x.toml": "#" * 2_000_001})[0].message
