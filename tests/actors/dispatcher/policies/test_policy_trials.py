"""Trials of policies: which match, and whom they would reach at a time."""

from datetime import datetime
from typing import Any

import pytest
from vocabulary.people import MAIL, PHONE, RotaWorld, layer
from vocabulary.policies import instant, mail, policy

from actors.dispatcher.policies.trying import field_mistakes, try_policies
from protocols.dispatch.actions import CreatePolicy
from protocols.dispatch.contact import ContactMethod
from protocols.dispatch.policy_trial import PolicyTrial, TriedAction, TriedCause
from protocols.dispatch.quiet_hours import QuietHours
from protocols.principal import Principal

BEN = ContactMethod(channel="email", address="ben@example.net")


@pytest.fixture
def world() -> RotaWorld:
    """Anna and Ben are on call for a day each, from 06:00 UTC on; Anna on 1 March."""
    made = RotaWorld()
    anna = made.contact("Anna", MAIL, PHONE)
    ben = made.contact("Ben", BEN, quiet_hours=QuietHours(begin="22:00", end="05:00"))
    made.rota("on-call", layer(anna, ben, rotation="daily", hand_over="06:00"))
    return made


def write(world: RotaWorld, **fields: Any) -> None:
    assert world.ask(CreatePolicy(policy(**fields)), Principal("ada", "admin")).accepted


def tried(world: RotaWorld, at: str, tenant: str | None = None, **fields: Any) -> PolicyTrial:
    cause = TriedCause(tenant_id=fields.pop("tenant_id", "t1"), kind=fields.pop("kind", "raised"), fields=fields)
    return try_policies(world.dispatch, cause, instant(at), tenant)


def told(action: TriedAction) -> list[tuple[str, str]]:
    return [(each.to_name, each.address) for each in action.people]


def test_a_message_reaches_whoever_is_on_call_then(world: RotaWorld) -> None:
    write(world, actions=[mail("on-call")])
    for at, expected in (("2026-03-01T12:00", "Anna"), ("2026-03-02T05:59:59", "Anna"), ("2026-03-02T06:00", "Ben")):
        (found,) = tried(world, at, severity="critical").policies
        (action,) = found.actions
        assert [name for name, _ in told(action)] == [expected]
        assert action.at == datetime.fromisoformat(f"{at}+00:00")


def test_a_step_of_an_escalation_reaches_whoever_is_on_call_by_then(world: RotaWorld) -> None:
    steps = [
        {"after_seconds": 300, "to": "on-call", "ticket": {"priority": "high"}},
        {"after_seconds": 3600, "to": "on-call", "channel": "sms"},
        {"after_seconds": 3600, "ticket": {}},
        {"after_seconds": 7200, "to": "on-call", "hours": {"from": "09:00", "to": "17:00"}, "time_zone": "Europe/Berlin"},
    ]
    write(world, actions=[{"escalate": steps}])
    (found,) = tried(world, "2026-03-02T05:30", severity="major").policies
    first, second, third, last = found.actions
    assert [each.pointer for each in found.actions] == [f"/actions/0/escalate/{number}" for number in range(4)]
    assert (told(first), first.ticket is not None) == ([("Anna", "anna@example.net")], True)
    assert told(second) == [("Ben", "ben@example.net")]
    assert (third.to, third.people, third.nobody, third.ticket is not None) == ("", (), "", True)
    # Due at 07:30 UTC, outside of the hours: they begin at 09:00 in Berlin.
    assert last.at == datetime.fromisoformat("2026-03-02T08:00:00+00:00")
    assert {each.until for each in found.actions} == {"acknowledged"}


def test_quiet_hours_of_the_policy_and_of_the_person_are_said(world: RotaWorld) -> None:
    write(world, actions=[mail("Ben")], quiet_hours={"from": "23:00", "to": "06:00"}, time_zone="Europe/Berlin")
    (found,) = tried(world, "2026-03-02T02:00", severity="major").policies
    (action,) = found.actions
    assert action.quiet_until == datetime.fromisoformat("2026-03-02T05:00:00+00:00")
    assert action.people[0].quiet_until == datetime.fromisoformat("2026-03-02T05:00:00+00:00")
    (found,) = tried(world, "2026-03-02T02:00", severity="critical").policies
    assert (found.actions[0].quiet_until, found.actions[0].people[0].quiet_until) == (None, None)


def test_a_reason_stands_where_nobody_is_reached(world: RotaWorld) -> None:
    write(world, actions=[mail("account_manager"), mail("customer")])
    (found,) = tried(world, "2026-03-02T02:00").policies
    assert [each.nobody for each in found.actions] == [
        "instance_id is not given, which says whose account manager",
        "no customer is concerned",
    ]


def test_customers_of_the_fields_are_reached(world: RotaWorld) -> None:
    world.contact("Shop", ContactMethod(channel="email", address="it@shop.example"), customer_id="C7")
    write(world, match={"subject": "maintenance"}, actions=[mail("customer")])
    for fields in ({"customer_id": "C7"}, {"affected_customers": ["C1", "C7"]}):
        (found,) = tried(world, "2026-03-02T02:00", kind="maintenance", **fields).policies
        assert told(found.actions[0]) == [("Shop", "it@shop.example")]


@pytest.mark.parametrize(
    ("kind", "fields", "expected"),
    [
        ("raised", {}, ("alarm", "info")),
        ("raised", {"severity": "minor"}, ("alarm", "minor")),
        ("breach_opened", {}, ("sla", "critical")),
        ("at_risk", {"instance_id": "SI1"}, ("sla", "major")),
        ("credit", {}, ("credit", "info")),
        ("maintenance", {}, ("maintenance", "info")),
        ("escalated", {"subject": "sla"}, ("sla", "critical")),
    ],
)
def test_the_kind_says_what_it_is_about(world: RotaWorld, kind: str, fields: dict[str, Any], expected: tuple[str, str]) -> None:
    write(world)
    notice = tried(world, "2026-03-02T02:00", kind=kind, **fields).notice
    assert (notice["subject"], notice["severity"]) == expected


def test_routes_and_the_last_policy_are_named(world: RotaWorld) -> None:
    inner = [{"match": {"area": "north"}, "continue": True}, {"match": {"area": "north"}, "routes": [{}]}]
    write(world, name="last", routes=inner, priority=5, **{"continue": False})
    write(world, name="behind")
    (found,) = tried(world, "2026-03-02T02:00", area="north").policies
    assert (found.routes, found.continues, found.actions) == (("/routes/0", "/routes/1/routes/0"), False, ())


def test_a_tenant_sees_its_own_policies_and_those_of_everybody(world: RotaWorld) -> None:
    for name, tenant in (("all", None), ("t1", "t1"), ("t2", "t2")):
        write(world, name=name, tenant_id=tenant)
    assert [each.name for each in tried(world, "2026-03-02T02:00").policies] == ["all", "t1"]
    assert [each.name for each in tried(world, "2026-03-02T02:00", tenant_id="t2").policies] == ["all", "t2"]
    assert [each.name for each in tried(world, "2026-03-02T02:00", "t2", tenant_id="t2").policies] == ["all", "t2"]
    assert [each.name for each in tried(world, "2026-03-02T02:00", "t1", tenant_id="t2").policies] == ["all"]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"severity": "major", "metadata.x": [1, {"a": None}], "subscriber_count": 2.5, "tags": ["a"]}, []),
        ({"severity": "cleared"}, []),
        ({"severity": 3, "subscriber_count": True, "tags": "a"}, ["severity", "subscriber_count", "tags"]),
        ({"tags": [1], "is_root_cause": "yes", "shelved_until": 1}, ["tags", "is_root_cause", "shelved_until"]),
        ({"kind": "raised", "tenant_id": "t", "nonsense": 1, "metadata": {}}, ["kind", "tenant_id", "nonsense", "metadata"]),
    ],
)
def test_fields_that_no_policy_can_match_are_mistakes(fields: dict[str, Any], expected: list[str]) -> None:
    assert [name for name, _ in field_mistakes(fields)] == expected
