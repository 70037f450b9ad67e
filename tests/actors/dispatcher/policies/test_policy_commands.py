"""Commands about policies: done, or refused with every mistake by its field."""

from typing import Any

import msgspec
import pytest
from vocabulary.dispatch_world import DispatchWorld, mail
from vocabulary.policies import policy

from actors.dispatcher.policies import commands
from protocols.change import Answer
from protocols.command import Command
from protocols.dispatch.actions import CreatePolicy, DeletePolicy, EditPolicy
from protocols.dispatch.changes import NotificationPolicyChanged
from protocols.dispatch.policy import PolicyEdited, PolicyRecord
from protocols.event import DispatchDataRestored
from protocols.principal import Principal

ADA = Principal("ada", "admin")
NORTH = Principal("nora", "admin", "north")
SOUTH = Principal("sven", "admin", "south")


@pytest.fixture
def world() -> DispatchWorld:
    return DispatchWorld()


def create(world: DispatchWorld, by: Principal = ADA, key: str = "", **fields: Any) -> Answer:
    return world.command(CreatePolicy(policy(**fields), key), by=by)


def edit(world: DispatchWorld, policy_id: str, by: Principal = ADA, **fields: Any) -> Answer:
    return world.command(EditPolicy(policy_id, msgspec.convert(fields, PolicyEdited)), by=by)


def made(world: DispatchWorld, by: Principal = ADA, **fields: Any) -> PolicyRecord:
    (policy_id,) = create(world, by, **fields).accepted
    return world.dispatch.policies[policy_id]


def mistakes(answer: Answer) -> list[str]:
    assert not answer.accepted
    return [each.text for each in answer.refusals]


def reasons(answer: Answer) -> list[str]:
    return [each.reason for each in answer.refusals]


def test_a_policy_is_written_changed_and_deleted(world: DispatchWorld) -> None:
    record = made(world, name="night", actions=[mail()])
    assert record.id == f"NP{world.offset}"
    assert (record.origin, record.revision, record.updated_by, record.created_at) == ("api", 1, "ada", world.now)
    world.at(60)
    assert edit(world, record.id, ADA, priority=5, **{"continue": False}).accepted == (record.id,)
    after = world.dispatch.policies[record.id]
    assert (after.revision, after.policy.priority, after.policy.continue_, after.policy.actions) == (
        2,
        5,
        False,
        record.policy.actions,
    )
    assert (after.created_at, after.updated_at, after.switched) == (record.created_at, world.now, False)
    assert world.command(DeletePolicy(record.id), by=ADA).accepted == (record.id,)
    assert world.dispatch.policies == {}
    shown = [
        change.record and change.record.revision for change in world.history if isinstance(change, NotificationPolicyChanged)
    ]
    assert shown == [1, 2, None]


def test_a_key_makes_one_policy_until_that_is_deleted(world: DispatchWorld) -> None:
    first = create(world, key="ada/k", name="a")
    again = create(world, key="ada/k", name="b")
    assert (again.accepted, again.duplicate) == (first.accepted, True)
    assert len(world.dispatch.policies) == 1
    world.restart()
    assert create(world, key="ada/k", name="b").duplicate
    world.command(DeletePolicy(first.accepted[0]), by=ADA)
    assert create(world, key="ada/k", name="b").duplicate is False


def test_a_key_is_known_in_a_restored_ledger(world: DispatchWorld) -> None:
    first = create(world, key="ada/k", name="a")
    world.policy("Night", mail())
    edit(world, "file:night", enabled=False)
    records = tuple(NotificationPolicyChanged(0, each.id, each) for each in world.dispatch.policies.values())
    held, policies = world.dispatch.policies, world.policies
    world.begin()
    world(DispatchDataRestored("lost", records))
    assert world.dispatch.policies == held
    again = create(world, key="ada/k", name="b")
    assert (again.accepted, again.duplicate) == (first.accepted, True)
    world.policies = policies
    world.policy("other", mail())
    assert world.dispatch.policies["file:night"].policy.enabled is False


def test_a_command_for_another_revision_is_refused(world: DispatchWorld) -> None:
    record = made(world, name="a")
    for action in (EditPolicy(record.id, PolicyEdited(priority=1)), DeletePolicy(record.id)):
        world(Command(ADA, action, (), (), {record.id: 2}))
        assert reasons(world.only(Answer)) == ["wrong_revision"]
    world(Command(ADA, EditPolicy(record.id, PolicyEdited(priority=1)), (), (), {record.id: 1}))
    assert world.only(Answer).accepted == (record.id,)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"name": "  "}, ["name: is empty"]),
        ({"match": {"severty": "major"}}, ["match.severty: no field has this name; did you mean severity?"]),
        ({"match": {"title": {"regex": "("}}}, ["match.title.regex: '(': missing ): ("]),
        ({"match": {"kind": "raise"}}, ["match.kind: 'raise' is none of raised, "]),
        ({"group_by": ["area", "rack"]}, ["group_by[1]: 'rack': no field has this name"]),
        ({"time_zone": "Mars/Base"}, ["time_zone: "]),
        ({"quiet_hours": {"from": "00:00", "to": "24:00"}}, ["quiet_hours: never end"]),
        (
            {"time_zone": "Pacific/Kiritimati", "routes": [{"quiet_hours": {"from": "07:00", "to": "07:00"}}]},
            ["routes[0].quiet_hours: never end"],
        ),
        (
            {"actions": [{"escalate": [{"after_seconds": 9, "to": "on-call"}, {"after_seconds": 8, "to": "on-call"}]}]},
            ["actions[0].escalate[1].after_seconds: 8 is before 9"],
        ),
        (
            {"actions": [{"escalate": [{"after_seconds": 9, "to": "on-call", "time_zone": "Nowhere"}]}]},
            ["actions[0].escalate[0].time_zone: "],
        ),
        ({"actions": [mail("nobody")]}, ["actions[0].to: is no contact, no rota"]),
        ({"actions": [{"channel": "webhook", "to": "billing"}]}, ["actions[0].to: 'billing' is no contact, no rota"]),
        (
            {"routes": [{"actions": [{"escalate": [{"after_seconds": 1, "to": "nobody"}]}]}]},
            ["routes[0].actions[0].escalate[0].to: 'nobody' is no contact"],
        ),
        (
            {"match": {"a": 1}, "group_by": ["b"], "routes": [{"match": {"severity": "c"}}]},
            ["match.a: no field", "group_by[0]: 'b'", "routes[0].match.severity: 'c' is none of"],
        ),
    ],
)
def test_every_mistake_is_named_by_its_field(world: DispatchWorld, fields: dict[str, Any], expected: list[str]) -> None:
    found = mistakes(create(world, **fields))
    assert len(found) == len(expected), found
    for text, begin in zip(sorted(found), sorted(expected), strict=True):
        assert text.startswith(begin)
    assert world.dispatch.policies == {}
    assert not world.all(NotificationPolicyChanged)


@pytest.mark.parametrize("to", ["on-call", "account_manager", "assignee", "customer", "ada@example.net", "CT1", "Ada"])
def test_a_policy_names_people_by_word_name_id_or_address(world: DispatchWorld, to: str) -> None:
    world.contact("Ada", ("email", "ada@example.net"))
    assert create(world, actions=[mail(to)]).accepted


def test_a_name_stands_once_for_a_tenant(world: DispatchWorld) -> None:
    record = made(world, name="a")
    other = made(world, name="b")
    assert made(world, NORTH, name="a").policy.tenant_id == "north"
    assert mistakes(create(world, name="a")) == [f"name: policy {record.id} is named 'a' already"]
    assert mistakes(edit(world, other.id, name="a")) == [f"name: policy {record.id} is named 'a' already"]
    assert edit(world, record.id, name="a", priority=1).accepted


def test_walls_between_tenants(world: DispatchWorld) -> None:
    ours, theirs, everybodys = made(world, NORTH, name="n"), made(world, SOUTH, name="s"), made(world, name="e")
    assert (ours.policy.tenant_id, theirs.policy.tenant_id, everybodys.policy.tenant_id) == ("north", "south", None)
    assert reasons(create(world, NORTH, name="x", tenant_id="south")) == ["not_your_tenant"]
    assert reasons(edit(world, theirs.id, NORTH, priority=1)) == ["unknown_policy"]
    assert reasons(edit(world, everybodys.id, NORTH, priority=1)) == ["not_your_tenant"]
    assert reasons(world.command(DeletePolicy(everybodys.id), by=NORTH)) == ["not_your_tenant"]
    assert reasons(world.command(DeletePolicy("NP99"), by=ADA)) == ["unknown_policy"]
    assert edit(world, ours.id, NORTH, priority=1).accepted
    assert world.command(DeletePolicy(theirs.id), by=ADA).accepted
    world.contact("Sven", ("email", "sven@example.net"), tenant_id="south")
    assert mistakes(create(world, NORTH, name="x", actions=[mail("Sven")])) == [
        "actions[0].to: is no contact, no rota and none of on-call, account_manager, assignee, customer, and "
        "'Sven' is no address of email: expected a mailbox such as noc@example.net"
    ]


def test_a_policy_of_a_file_is_only_switched(world: DispatchWorld) -> None:
    world.policy("Night", mail())
    assert reasons(edit(world, "file:night", priority=1)) == ["wrong_state"]
    assert reasons(edit(world, "file:night", enabled=False, priority=1)) == ["wrong_state"]
    assert reasons(world.command(DeletePolicy("file:night"), by=ADA)) == ["wrong_state"]
    assert edit(world, "file:night", enabled=False).accepted
    world.policy("Night", mail(), priority=7)
    after = world.dispatch.policies["file:night"]
    assert (after.policy.enabled, after.policy.priority, after.revision) == (False, 7, 3)


def test_a_policy_whose_people_are_gone_can_still_be_switched_off(world: DispatchWorld) -> None:
    contact = world.contact("Ada", ("email", "ada@example.net"))
    record = made(world, name="a", actions=[mail("Ada")])
    world.drop_contact(contact)
    assert mistakes(edit(world, record.id, priority=1))[0].startswith("actions[0].to: is no contact")
    assert edit(world, record.id, enabled=False).accepted
    assert mistakes(edit(world, record.id, enabled=True))[0].startswith("actions[0].to: is no contact")


def test_there_is_a_most_of_policies(world: DispatchWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "MOST_POLICIES", 2)
    made(world, name="a")
    made(world, name="b")
    assert reasons(create(world, name="c")) == ["limit"]
