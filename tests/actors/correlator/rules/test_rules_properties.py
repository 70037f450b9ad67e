"""Whatever is raised, cleared and written, in whatever order: the same comes of it straight or through snapshots, no rule
fails, nothing is left waiting, and no rings form."""

from collections.abc import Callable
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from vocabulary.rules import RuleWorld

from protocols.command import Acknowledge, Clear, Resolve, Unacknowledge

RULES: list[dict[str, Any]] = [
    {
        "name": "kin",
        "type": "correlation",
        "time_window": 30,
        "conditions": {"parent": {"alarm_type": "x.a", "resource_type": "olt"}, "child": {"alarm_type": ["x.b", "x.c"]}},
    },
    {
        "name": "kin2",
        "type": "correlation",
        "time_window": 50,
        "priority": 3,
        "conditions": {"parent": {"alarm_type": "x.b"}, "child": {"alarm_type": ["x.a", "x.c"]}},
    },
    {"name": "time", "type": "correlation", "time_window": 20, "conditions": {"match": {"alarm_type": "x.d"}}},
    {
        "name": "count",
        "type": "correlation",
        "time_window": 20,
        "conditions": {"match": {"alarm_type": {"regex": "^x.[cd]$"}}, "count": 3, "same": ["device"]},
        "actions": {"alarm_type": "x.group"},
    },
    {
        "name": "sequence",
        "type": "correlation",
        "time_window": 40,
        "conditions": {"sequence": [{"alarm_type": "x.a"}, {"alarm_type": "x.d"}]},
        "actions": {"alarm_type": "x.story"},
    },
    {
        "name": "absent",
        "type": "correlation",
        "time_window": 15,
        "conditions": {"match": {"alarm_type": "x.b"}, "absent": {"alarm_type": "x.d"}},
        "actions": {"alarm_type": "x.missing"},
    },
    {
        "name": "quiet",
        "type": "suppression",
        "conditions": {"match": {"severity": "minor", "parent_alarm_id": {"present": False}}},
    },
    {
        "name": "late",
        "type": "escalation",
        "conditions": {"match": {"alarm_type": {"not": "x.c"}}},
        "actions": {"after_seconds": 25, "severity": "major", "notify": True},
    },
    {
        "name": "flap",
        "type": "flapping",
        "time_window": 60,
        "conditions": {"match": {}, "count": 4},
        "actions": {"quiet_seconds": 30},
    },
]

STEPS = st.lists(
    st.tuples(
        st.sampled_from(["up", "up", "up", "down", "acknowledge", "unacknowledge", "resolve", "switch", "delete", "write"]),
        st.integers(0, 11),
        st.sampled_from([0, 0, 0.5, 3, 11, 40]),
    ),
    max_size=40,
)
PLACES = [("olt-1", "olt"), ("olt-1/0/1/5", "pon"), ("olt-1/0/1/5/1", "ont"), ("olt-2", "olt"), ("stranger/1", "ont")]


def play(ruled: RuleWorld, steps: list[tuple[str, int, float]]) -> Any:
    rules = [ruled.write(**rule) for rule in RULES]
    now = 0.0
    for what, number, pause in steps:
        now += pause
        ruled.run_to(now)
        names = list(ruled.state.alarms)
        name = names[number % len(names)] if names else ""
        if what == "up":
            place, kind = PLACES[number % len(PLACES)]
            ruled.raise_alarm(f"x.{'abcd'[number % 4]}", place, kind, severity=("minor", "critical", "major")[number % 3])
        elif what == "switch":
            ruled.edit(rules[number % len(rules)], enabled=number % 2 == 0)
        elif what == "delete":
            ruled.delete(rules[number % len(rules)])
        elif what == "write":
            rules.append(ruled.write(**{**RULES[number % len(RULES)], "name": f"again {len(rules)}"}))
        elif name:
            action: dict[str, Callable[[], Any]] = {
                "down": Clear,
                "acknowledge": Acknowledge,
                "unacknowledge": Unacknowledge,
                "resolve": Resolve,
            }
            ruled.command(action[what](), name)
    ruled.run_to(now + 5_000)
    return ruled


@settings(max_examples=60, deadline=None)
@given(STEPS)
def test_the_same_comes_of_it_straight_or_through_snapshots(
    new_ruled: type[RuleWorld], steps: list[tuple[str, int, float]]
) -> None:
    straight, broken = new_ruled(), new_ruled()
    broken.restarts = True
    play(straight, steps)
    play(broken, steps)
    assert msgspec.msgpack.encode(straight.history) == msgspec.msgpack.encode(broken.history)
    assert straight.state.save() == broken.state.save()
    assert not straight.failures()


@settings(max_examples=60, deadline=None)
@given(STEPS)
def test_alarms_form_no_rings_and_nothing_waits_for_ever(
    new_ruled: type[RuleWorld], steps: list[tuple[str, int, float]]
) -> None:
    ruled = play(new_ruled(), steps)
    alarms = ruled.state.alarms
    for alarm in alarms.values():
        seen = {alarm.id}
        parent = alarm.parent_alarm_id
        while parent is not None:
            assert parent not in seen
            seen.add(parent)
            parent = alarms[parent].parent_alarm_id
    memories = msgspec.msgpack.decode(ruled.state.save())["memories"]
    kin, together, runs = (memories.get(name, {}) for name in ("KinMemory", "TogetherMemory", "SequenceMemory"))
    assert not kin.get("recent")
    assert not together.get("windows")
    assert not runs.get("runs")
    assert not runs.get("awaited")
    assert not memories.get("FlapMemory", {}).get("flaps")
    groups = memories.get("GroupMemory", {}).get("groups", {})
    assert all(alarms[group].cleared_at is None for group in groups)
    clocks = memories.get("EscalationMemory", {}).get("clocks", {})
    assert all(alarms[alarm].cleared_at is None for alarm in clocks)
