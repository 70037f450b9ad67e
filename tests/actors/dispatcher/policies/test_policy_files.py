"""Policies in files: what is shipped, every mistake with file, line and key, and what a reload does."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from vocabulary.policies import AT, NOW, instant, notice, policy, state_of

from actors.dispatcher.cause import DispatchSubject
from actors.dispatcher.loading import load_inputs
from actors.dispatcher.policies.files import file_policy_id, load_policies
from actors.dispatcher.policies.notice import Notice, notice_of
from actors.dispatcher.policies.routing import routed
from actors.dispatcher.run import DispatchRun
from actors.dispatcher.settings import DispatchInputs
from actors.dispatcher.state import DispatchState
from protocols.dispatch.changes import NotificationPolicyChanged
from protocols.dispatch.notification import MessageKind
from protocols.dispatch.policy import NotificationPolicy
from protocols.event import DispatchLoaded
from protocols.table_files import TableFileErrors

SHIPPED = Path(__file__).parents[4] / "config" / "policies"
GOOD = """
[[policies]]
name = "Night"
match = { severity = "critical" }
actions = [{ channel = "email", to = "noc@example.net" }]
"""


def mistakes(**texts: str) -> list[str]:
    with pytest.raises(TableFileErrors) as caught:
        load_policies(texts)
    return [str(one) for one in caught.value.mistakes]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[[policies]\n", "f:1: not TOML"),
        ("[[rules]]\n", "f:1: rules: unknown key; a file of policies has [[policies]]"),
        ("policies = 5\n", "f:1: policies: expected tables"),
        (GOOD + "surprise = 1\n", "f:2: policies[0]: Object contains unknown field `surprise`"),
        (GOOD.replace("critical", "urgent"), "f:4: policies[0].match.severity: 'urgent' is none of critical"),
        (GOOD.replace("severity", "severty"), "f:4: policies[0].match.severty: no field has this name; did you mean severity?"),
        (GOOD.replace('"critical"', "{ regex = '(' }"), "f:4: policies[0].match.severity.regex: '(': missing ): ("),
        (GOOD.replace("email", "mail"), "f:5: policies[0].actions[0].channel: Invalid enum value 'mail'"),
        (GOOD.replace('"email"', '"email", ticket = {}'), "f:5: policies[0].actions[0]: an action has channel and to"),
        (GOOD + 'group_by = ["rack"]\n', "f:6: policies[0].group_by[0]: 'rack': no field has this name"),
        (GOOD + 'group_by = ["cleared_at"]\n', "f:6: policies[0].group_by[0]: 'cleared_at' is a time"),
        (GOOD + 'time_zone = "Mars/Olympus"\n', "f:6: policies[0].time_zone: "),
        (GOOD + '[[policies.routes]]\ntime_zone = "Nowhere"\n', "f:7: policies[0].routes[0].time_zone: "),
        (
            GOOD
            + "[[policies.routes]]\n[[policies.routes.actions]]\n"
            + 'escalate = [{ after_seconds = 600, to = "a" }, { after_seconds = 300, to = "b" }]\n',
            "f:8: policies[0].routes[0].actions[0].escalate[1].after_seconds: 300 is before 600",
        ),
        (GOOD + GOOD.replace("Night", "night"), "f:8: policies[1].name: f has one named 'night' already"),
    ],
)
def test_a_mistake_has_its_place(text: str, says: str) -> None:
    found = mistakes(f=text)
    assert any(one.startswith(says) for one in found), found


def test_every_mistake_of_every_file_at_once() -> None:
    found = mistakes(a=GOOD.replace("severity", "nonsense"), b="[", c=GOOD.replace("email", "mail"))
    assert [one.split(":")[0] for one in found] == ["a", "b", "c"]


def test_routes_below_routes_have_an_end() -> None:
    route = "policies.routes"
    nested = ""
    for _ in range(8):
        nested += f"[[{route}]]\n"
        route += ".routes"
    assert load_policies({"f": GOOD + nested})
    found = mistakes(f=GOOD + nested + f"[[{route}]]\n")
    assert found == ["f:6: policies[0].routes: routes stand below routes, more than 8 deep"]


def shipped() -> tuple[NotificationPolicy, ...]:
    return load_policies({file.name: file.read_text(encoding="utf-8") for file in sorted(SHIPPED.glob("*.toml"))})


def wanted(cause: Notice) -> list[str]:
    """What the shipped policies do about a cause, in words, where every channel is configured."""
    words = []
    state = state_of(*shipped())
    state.inputs = DispatchInputs(channels=("slack", "teams", "webhook:alarms", "webhook:billing"))
    for each in routed(state, cause, NOW):
        action = each.action
        if action.ticket is not None:
            words.append(f"ticket {action.ticket.priority or ''}".strip())
        elif action.escalate is not None:
            first = action.escalate[0]
            words.append(f"{'ticket and ' if first.ticket else ''}{first.to} after {first.after_seconds:g}")
        else:
            words.append(f"{action.channel} {action.to}")
    return words


def sla_notice(kind: MessageKind) -> Notice:
    key = "credit:SI1" if kind == "credit" else "sla:SI1"
    return notice_of(DispatchSubject(key=key, tenant_id="t1", since=NOW, kind=kind), kind)


CHAT = ["slack #noc", "teams #noc"]


@pytest.mark.parametrize(
    ("cause", "expected"),
    [
        (
            notice(severity="critical", subscriber_count=128),
            ["ticket", "ticket and on-call after 300", "email on-call", "sms on-call", "webhook alarms", *CHAT],
        ),
        (
            notice(severity="critical", subscriber_count=49),
            ["ticket", "ticket and on-call after 300", "email on-call", "webhook alarms", *CHAT],
        ),
        (
            notice(subscriber_count=10),
            ["ticket", "ticket and on-call after 900", "email on-call", "webhook alarms", *CHAT],
        ),
        (notice(subscriber_count=9), ["ticket and on-call after 900", "email on-call", "webhook alarms", *CHAT]),
        (
            notice(subscriber_count=1, tiers=("gold",)),
            ["ticket high", "ticket and on-call after 900", "email on-call", "webhook alarms", *CHAT],
        ),
        (
            notice(metadata={"service_type": "business"}),
            ["ticket high", "ticket and on-call after 900", "email on-call", "webhook alarms", *CHAT],
        ),
        (notice(severity="minor", subscriber_count=500), ["ticket and on-call after 900", "webhook alarms"]),
        (sla_notice("at_risk"), ["ticket high", "webhook alarms"]),
        (sla_notice("breach_opened"), ["ticket critical", "webhook alarms", "email account_manager"]),
        (sla_notice("breach_resolved"), ["webhook alarms", "email account_manager"]),
        (sla_notice("credit"), ["webhook alarms", "webhook billing"]),
        (
            notice_of(DispatchSubject(key="window:MW1", tenant_id="t1", since=NOW), "maintenance"),
            ["webhook alarms", "email customer"],
        ),
    ],
)
def test_what_is_shipped_does_what_the_documentation_says(cause: Notice, expected: list[str]) -> None:
    assert sorted(wanted(cause)) == sorted(expected)


def load(state: DispatchState, *policies: NotificationPolicy, offset: int = 1) -> list[NotificationPolicyChanged]:
    """Fold the files' policies as a start or a reload does."""
    run = DispatchRun(state, offset, AT, NOW)
    load_inputs(run, DispatchLoaded(f"digest {offset}", policies, msgspec.msgpack.encode(DispatchInputs())))
    return [change for change in run.changes if isinstance(change, NotificationPolicyChanged)]


def test_a_reload_takes_what_the_files_have_and_leaves_what_the_api_wrote() -> None:
    state = state_of(policy("by API"))
    assert [each.id for each in load(state, policy("Critical alarms"), policy("B"))] == ["file:critical-alarms", "file:b"]
    assert load(state, policy("Critical alarms"), policy("B"), offset=2) == []
    changed = load(state, policy("Critical alarms", priority=5), offset=3)
    assert [(each.id, each.record is None) for each in changed] == [("file:b", True), ("file:critical-alarms", False)]
    assert state.policies["file:critical-alarms"].revision == 2
    assert set(state.policies) == {"NP1", "file:critical-alarms"}
    assert state.digest == "digest 3"


def test_a_policy_that_was_switched_off_stays_off_when_its_file_changes() -> None:
    state = DispatchState()
    load(state, policy("a"), policy("b"))
    off = msgspec.structs.replace(state.policies["file:a"], policy=policy("a", enabled=False), switched=True, revision=2)
    state.policies["file:a"] = off
    assert load(state, policy("a"), policy("b"), offset=2) == []
    (change,) = load(state, policy("a", priority=3), policy("b"), offset=3)
    assert change.record is not None
    assert (change.record.policy.enabled, change.record.policy.priority, change.record.switched) == (False, 3, True)
    assert DispatchState.load(b"".join(state.saving())).policies == state.policies


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Ticket for critical alarms", "file:ticket-for-critical-alarms"),
        ("  50/50, a_b  ", "file:50-50-a-b"),
        ("Störung", "file:störung"),
    ],
)
def test_the_id_of_a_policy_of_a_file_stands_in_an_address(name: str, expected: str) -> None:
    assert file_policy_id(name) == expected


DOCS = Path(__file__).parents[4] / "docs" / "dispatch.md"
NOON, NIGHT = instant("2026-03-27T12:00:00+01:00"), instant("2026-03-28T03:00:00+01:00")


def worked_example() -> DispatchState:
    """The state with the policy of the documentation."""
    section = DOCS.read_text(encoding="utf-8").split("### A tree, worked through")[1]
    return state_of(*load_policies({"dispatch.md": section.split("```toml")[1].split("```")[0]}))


@pytest.mark.parametrize(
    ("cause", "at", "expected"),
    [
        (notice(resource_type="pon", area="south"), NOON, [("noc@example.net", ("area",), 14_400)]),
        (notice(resource_type="pon", area="north-2"), NOON, [("crew-north", ("area",), 3_600)]),
        (notice(resource_type="pon", area="north-2"), NIGHT, [("on-call", ("area",), 3_600)]),
        (
            notice(resource_type="pon", area="north-2", severity="critical"),
            NOON,
            [("#outages", ("alarm_id",), 14_400), ("crew-north", ("area",), 3_600)],
        ),
        (notice(resource_type="ont", area="south"), NOON, []),
        (notice(resource_type="ont", area="south", tiers=("gold",)), NOON, [("noc@example.net", ("area",), 14_400)]),
        (notice(resource_type="card", area="south"), NOON, []),
    ],
)
def test_the_worked_example_does_what_its_table_says(cause: Notice, at: int, expected: list[Any]) -> None:
    found = routed(worked_example(), cause, at)
    assert [(each.action.to, each.group_by, each.repeat_interval / 1_000_000) for each in found] == expected
    assert all(each.group_wait == 20_000_000 for each in found)
