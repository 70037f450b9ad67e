"""Rules in files: what is shipped, and every mistake with file, line and key."""

from pathlib import Path

import pytest
from vocabulary.rules import RuleWorld

from actors.correlator.rules.loading import load_rules
from protocols.event import RulesLoaded
from protocols.rule import Rule
from protocols.table_files import TableFileErrors

SHIPPED = Path(__file__).parents[4] / "config" / "rules"


def shipped() -> tuple[Rule, ...]:
    return load_rules({file.name: file.read_text(encoding="utf-8") for file in sorted(SHIPPED.glob("*.toml"))})


GOOD = """
[[rules]]
name = "quiet"
type = "suppression"
conditions = { match = { alarm_type = "x" } }
"""


def mistakes(**texts: str) -> list[str]:
    with pytest.raises(TableFileErrors) as caught:
        load_rules(texts)
    return [str(one) for one in caught.value.mistakes]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[[rules]\n", "f:1: not TOML"),
        ("x = 1\n", "f:1: x: unknown key"),
        ("rules = 5\n", "f:1: rules: expected tables"),
        (GOOD + "surprise = 1\n", "f:2: rules[0]: Object contains unknown field `surprise`"),
        (GOOD + "priority = 'high'\n", "f:6: rules[0].priority: Expected `int`, got `str`"),
        (GOOD.replace('"x"', '{ regex = "(" }'), "f:5: rules[0].conditions.match.alarm_type.regex: '(': missing ): ("),
        (GOOD.replace("alarm_type", "alarm_typ"), "f:5: rules[0].conditions.match.alarm_typ: no field has this name"),
        (GOOD.replace('"x"', "5"), "f:5: rules[0].conditions.match.alarm_type: 5 is not text"),
        (GOOD.replace("suppression", "other"), "f:4: rules[0].type: Invalid enum value 'other'"),
        (GOOD + GOOD, "f:8: rules[1].name: f has one named 'quiet' already"),
    ],
)
def test_a_mistake_has_its_place(text: str, says: str) -> None:
    found = mistakes(f=text)
    assert any(one.startswith(says) for one in found), found


def test_every_mistake_of_every_file_at_once() -> None:
    found = mistakes(a=GOOD.replace("alarm_type", "nonsense"), b="[", c=GOOD.replace("suppression", "other"))
    assert [one.split(":")[0] for one in found] == ["a", "b", "c"]


def test_what_is_shipped_is_in_order() -> None:
    rules = shipped()
    assert len({rule.name for rule in rules}) == len(rules) >= 6
    assert all(rule.priority < 0 for rule in rules), "an operator's own go first"
    assert all(rule.description or rule.type == "escalation" for rule in rules)


def test_the_shipped_rules_work(ruled: RuleWorld, bare: RuleWorld) -> None:
    for world in (ruled, bare):
        world(RulesLoaded("files", shipped()))
        assert {record.origin for record in world.records()} == {"file"}
        assert not any(record.error for record in world.records())
    parent = bare.raise_alarm("device.down", "olt-1", "olt")
    child = bare.raise_alarm("ont.los", "olt-1/0/1/5/1")
    assert bare.get(child).parent_alarm_id == parent, "without a topology by the device"
    for n in range(5):
        ruled.raise_alarm("auth.failure", f"olt-{n}", "olt")
    assert len(ruled.of_type("auth.attack")) == 1
    los = ""
    for n in range(4):
        if n % 2 == 0:
            los = bare.run_to(n).raise_alarm("pon.los", "olt-9/0/1/5", "pon")
        else:
            bare.run_to(n).clear_alarm(los)
    assert bare.notifications(los) == ["flapping"]
    assert not ruled.failures()
    assert not bare.failures()


def test_a_rule_of_a_file_can_only_be_switched_here(ruled: RuleWorld) -> None:
    (rule,) = load_rules({"f": GOOD.replace('"x"', '"x.noise"')})
    ruled(RulesLoaded("1", (rule,)))
    (record,) = ruled.records()
    alarm = ruled.raise_alarm("x.noise", "r")
    assert ruled.get(alarm).status == "suppressed"
    assert ruled.edit(record.id, priority=5).refusals[0].reason == "wrong_state"
    assert ruled.delete(record.id).refusals[0].reason == "wrong_state"
    assert not ruled.edit(record.id, enabled=False).refusals
    assert ruled.get(alarm).status == "active"
    ruled(RulesLoaded("2", (rule,)))
    assert ruled.get(alarm).status == "active", "a reload does not switch it on again"
    mine = ruled.write(name="mine", type="suppression", conditions={"match": {"alarm_type": "x.other"}})
    ruled(RulesLoaded("3", ()))
    assert [record.id for record in ruled.records()] == [mine], "rules of the API stay"
    ruled(RulesLoaded("4", (rule,)))
    assert ruled.get(alarm).status == "suppressed"
