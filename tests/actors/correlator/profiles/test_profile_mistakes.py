"""One broken profile per mistake: its first line says under which key the mistake is found and in which words."""

from pathlib import Path

import pytest

from actors.correlator.profiles import ProfileErrors, load_profiles, undeclared_types
from faultd.config import Config
from faultd.inputs import read_profiles
from faultd.places import shipped_config
from protocols.file_mistake import FileMistake
from protocols.profile import community_fields
from protocols.symptom import SYMPTOMS

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


DARK = 'name = "{name}"\npriority = {priority}\n[types."acme.dark"]\nseverity = "major"\ntitle = "Dark"\n{symptom}\n'


def test_an_unknown_symptom_is_told_with_those_that_there_are_and_the_one_that_may_be_meant() -> None:
    text = DARK.format(name="site", priority=0, symptom='symptom = "ont_lots"')
    (error,) = refused({"site.toml": text})
    assert (error.file, error.line, error.key) == ("site.toml", 6, 'types."acme.dark".symptom')
    assert error.message == f"'ont_lots' is none of {', '.join(SYMPTOMS)}; did you mean 'ont_los'?"


@pytest.mark.parametrize(
    ("priorities", "symptoms", "mistaken"),
    [
        ((0, 0), ("ont_los", "ont_lost"), True),
        ((0, 0), ("ont_los", "none"), True),
        ((0, 0), ("ont_los", "ont_los"), False),
        ((0, 0), ("ont_los", ""), False),
        ((0, 10), ("ont_los", "ont_lost"), False),
    ],
)
def test_two_files_of_one_priority_that_give_a_type_two_symptoms(
    priorities: tuple[int, int], symptoms: tuple[str, str], mistaken: bool
) -> None:
    texts = {
        f"{name}.toml": DARK.format(name=name, priority=priority, symptom=f'symptom = "{word}"' if word else "")
        for name, priority, word in zip("ab", priorities, symptoms, strict=True)
    }
    if not mistaken:
        load_profiles(texts)
        return
    (error,) = refused(texts)
    assert (error.file, error.line, error.key) == ("b.toml", 6, 'types."acme.dark".symptom')
    assert error.message.startswith(f"{symptoms[1]!r} here, {symptoms[0]!r} in profile 'a': ")


OLT_ALARM = """
[resources.fan]
type = "fan"
path = "1"
[resources.ont]
type = "ont"
path = "{trap.last}"
[[alarms]]
type = "acme.dark"
RULE
"""


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ('raise = ["1.2.3.4"]', True),  # of the OLT, since nothing else is named
        ('raise = ["1.2.3.4"]\nresource = "ont"', True),
        ('raise = ["1.2.3.4"]\nresource = "fan"', False),
        ('raise = ["1.2.3.4"]\nresource = { from = "trap.last", map = { 4 = "ont" }, otherwise = "fan" }', True),
        ('raise = ["1.2.3.4"]\nresource = { from = "trap.last", map = { 4 = "fan" } }', False),
        ('event = ["1.2.3.4"]\nresource = "ont"', False),
        ('raise = ["1.2.3.4"]\nenabled = false', False),
    ],
)
def test_a_type_of_the_access_network_without_a_symptom(rule: str, expected: bool) -> None:
    text = DARK.format(name="site", priority=0, symptom="") + OLT_ALARM.replace("RULE", rule)
    found = undeclared_types({"x/site.toml": text}, load_profiles({"x/site.toml": text}))
    assert [(each.file, each.line, each.key) for each in found] == ([("x/site.toml", 3, 'types."acme.dark"')] * 2 * expected)
    assert [each.message.split(",")[0] for each in found] == ["declares no symptom", "declares no service_effect"] * expected
    for said, missing in (
        ('symptom = "none"', ["declares no service_effect"]),
        ('symptom = "link_down"', ["declares no service_effect"]),
        ('symptom = "ont_los"', []),
        ('service_effect = "none"', ["declares no symptom"]),
        ('symptom = "none"\nservice_effect = "outage"', []),
        ('symptom = "none"\nservice_effect = "none"', []),
    ):
        texts = {"site.toml": text.replace('title = "Dark"', f'title = "Dark"\n{said}')}
        left = [each.message.split(",")[0] for each in undeclared_types(texts, load_profiles(texts))]
        assert left == missing * expected, said


def test_a_type_that_no_rule_raises_is_of_the_access_network_by_its_first_word() -> None:
    texts = {"site.toml": DARK.format(name="site", priority=0, symptom="").replace("acme.dark", "ont.acme")}
    assert [each.key for each in undeclared_types(texts, load_profiles(texts))] == ['types."ont.acme"'] * 2


def test_a_conclusion_that_a_profile_words_anew_has_nothing_to_declare() -> None:
    texts = {"site.toml": DARK.format(name="site", priority=0, symptom="").replace("acme.dark", "card.failure")}
    assert undeclared_types(texts, load_profiles(texts)) == []


@pytest.mark.parametrize("effect", ["outage", "degraded", "unknown"])
def test_a_conclusion_can_have_no_effect_on_service(effect: str) -> None:
    text = DARK.format(name="site", priority=0, symptom=f'service_effect = "{effect}"').replace("acme.dark", "fibre.cut")
    (error,) = refused({"site.toml": text})
    assert (error.line, error.key) == (6, 'types."fibre.cut".service_effect')
    assert error.message == (
        "faultd itself concludes 'fibre.cut': the alarms that led to a conclusion have the effect on service, and the "
        "conclusion has none"
    )
    load_profiles({"site.toml": text.replace(f'"{effect}"', '"none"')})


def test_an_unknown_service_effect_is_refused_with_those_that_there_are() -> None:
    text = DARK.format(name="site", priority=0, symptom='service_effect = "outge"')
    (error,) = refused({"site.toml": text})
    assert (error.file, error.line, error.key) == ("site.toml", 6, 'types."acme.dark".service_effect')
    assert error.message == "'outge' is none of outage, degraded, unknown, none; did you mean 'outage'?"


def test_two_files_of_one_priority_that_give_a_type_two_service_effects() -> None:
    texts = {
        f"{name}.toml": DARK.format(name=name, priority=0, symptom=f'service_effect = "{word}"')
        for name, word in (("a", "outage"), ("b", "degraded"))
    }
    (error,) = refused(texts)
    assert (error.file, error.key) == ("b.toml", 'types."acme.dark".service_effect')
    assert error.message.startswith("'degraded' here, 'outage' in profile 'a': ")
    load_profiles({**texts, "b.toml": texts["b.toml"].replace("priority = 0", "priority = 1")})


def test_the_shipped_profiles_declare_every_symptom() -> None:
    texts = {str(file): file.read_text() for file in sorted((shipped_config() / "profiles").glob("*.toml"))}
    assert undeclared_types(texts, load_profiles(texts)) == []


@pytest.mark.parametrize("fields", ["", 'community_fields = ["level"]\n'])
def test_a_profile_that_reads_fields_of_the_community_names_them(fields: str) -> None:
    text = f'name = "site"\n{fields}metadata = ["community.level"]\n'
    if fields:
        (profile,) = load_profiles({"site.toml": text})
        assert community_fields([profile]) == {"level"}
        return
    (error,) = refused({"site.toml": text})
    assert (error.file, error.line, error.key) == ("site.toml", 1, "community_fields")


def test_of_the_shipped_profiles_zte_alone_has_fields_in_the_community() -> None:
    profiles = read_profiles(Config())
    assert [each.name for each in profiles if each.community_fields] == ["zte"]
    assert community_fields(profiles) == {"eventid", "level", "eventlevel"}
    assert community_fields([each for each in profiles if each.name != "zte"]) == frozenset()
