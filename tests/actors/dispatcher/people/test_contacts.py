"""Commands about contacts."""

from typing import Any

import pytest
from vocabulary.people import CHAT, MAIL, OF_NORTH, OF_SOUTH, PHONE, RotaWorld, layer

from actors.dispatcher.people import contacts
from actors.dispatcher.people.addresses import mistake_of_address
from protocols.change import Answer
from protocols.dispatch.actions import CreateContact, DeleteContact, EditContact
from protocols.dispatch.changes import ContactChanged
from protocols.dispatch.contact import ContactEdited, ContactMethod, ContactPlan
from protocols.dispatch.policy import EscalationStep, NotificationPolicy, PolicyAction, PolicyRecord, Route
from protocols.dispatch.quiet_hours import QuietHours
from protocols.origin import Origin
from protocols.principal import Principal


def wrong(answer: Answer) -> list[tuple[str, str]]:
    """Reason and text of each refusal."""
    return [(each.reason, each.text) for each in answer.refusals]


def test_a_contact_is_made_edited_and_deleted() -> None:
    world = RotaWorld()
    made = world.contact("Anna", MAIL)
    assert world.dispatch.contacts[made].revision == 1
    assert world.edit_contact(made, methods=(PHONE, MAIL)).accepted == (made,)
    after = world.dispatch.contacts[made]
    assert (after.revision, after.plan.methods, after.updated_by) == (2, (PHONE, MAIL), "ada")
    assert world.only(ContactChanged).record == after
    assert world.delete(made).accepted == (made,)
    assert world.only(ContactChanged).record is None
    assert not world.dispatch.contacts


def test_the_same_key_makes_one_contact() -> None:
    world = RotaWorld()
    made = world.contact("Anna", MAIL, key="ada/1")
    again = world.ask(CreateContact(ContactPlan(name="Anna", methods=(MAIL,)), "ada/1"))
    assert (again.accepted, again.duplicate) == ((made,), True)
    world.delete(made)
    assert world.contact("Anna", MAIL, key="ada/1") != made


def test_an_edit_that_changes_nothing_is_a_duplicate() -> None:
    world = RotaWorld()
    made = world.contact("Anna", MAIL)
    assert world.edit_contact(made, name="Anna").duplicate
    assert world.dispatch.contacts[made].revision == 1


def test_a_contact_and_a_rota_of_one_name_are_refused_in_either_order() -> None:
    world = RotaWorld()
    anna = world.contact("Anna", MAIL)
    rota = world.rota("nights", layer("Anna"))
    assert wrong(world.ask(CreateContact(ContactPlan(name="nights"))))[0][1] == f"name: rota {rota} is named 'nights' already"
    assert wrong(world.edit_contact(anna, name="nights"))[0][1] == f"name: rota {rota} is named 'nights' already"
    text = f"name: contact {anna} is named 'Anna' already: policies would tell it, and not the rota"
    assert wrong(world.edit_rota(rota, name="Anna"))[0][1] == text
    # A tenant's own name comes before one of every tenant.
    assert world.ask(CreateContact(ContactPlan(name="nights", tenant_id="north")), OF_NORTH).accepted


@pytest.mark.parametrize(
    ("plan", "expected"),
    [
        ({"name": " "}, ["name: is empty"]),
        ({"name": "on-call"}, ["name: 'on-call' is a word of policies"]),
        ({"name": "CT7"}, ["name: 'CT7' has the form of an id"]),
        ({"name": "Known"}, ["name: contact CT2 is named 'Known' already"]),
        ({"time_zone": "Mars/Olympus"}, ["time_zone: 'Mars/Olympus' is no time zone such as Europe/Berlin"]),
        ({"time_zone": "localtime"}, ["time_zone: 'localtime' is no time zone such as Europe/Berlin"]),
        (
            {"methods": (ContactMethod(channel="email", address="anna"), ContactMethod(channel="sms", address="0151 12"))},
            [
                "methods[0].address: 'anna' is no address of email: expected a mailbox such as noc@example.net",
                "methods[1].address: '0151 12' is no address of sms: expected a number with its country such as "
                "+4915112345678, without blanks",
            ],
        ),
        ({"methods": (MAIL, PHONE, MAIL)}, ["methods[2]: is there more than once"]),
        (
            {"methods": (ContactMethod(channel="webhook", address="crm"),)},
            ["methods[0].address: the configuration has no webhook 'crm'"],
        ),
        ({"methods": (ContactMethod(channel="slack", address="noc"),)}, ["methods[0].address: 'noc' is no address of slack"]),
        ({"quiet_hours": QuietHours(begin="00:00", end="24:00")}, ["quiet_hours: never end"]),
        ({"quiet_hours": QuietHours(begin="08:00", end="08:00"), "time_zone": "Europe/Berlin"}, ["quiet_hours: never end"]),
    ],
    ids=str,
)
def test_mistakes_have_their_field(plan: dict[str, Any], expected: list[str]) -> None:
    world = RotaWorld()
    world.contact("Known")
    answer = world.ask(CreateContact(ContactPlan(**{"name": "Anna", **plan})))
    assert not answer.accepted
    assert len(answer.refusals) == len(expected)
    for (reason, text), start in zip(wrong(answer), expected, strict=True):
        assert reason == "invalid"
        assert text.startswith(start)
    assert len(world.dispatch.contacts) == 1


@pytest.mark.parametrize(
    "address",
    ["a@b", "first.last+tag@sub.example.co.uk", "o'neil@example.net", "x" * 64 + "@example.net"],
)
def test_mailboxes(address: str) -> None:
    assert not mistake_of_address("email", address)


@pytest.mark.parametrize(
    "address",
    [
        "@example.net",
        "a@",
        "a@@b",
        "a b@example.net",
        ".a@example.net",
        "a@-b.net",
        "a@b..net",
        "a@b\n",
        "x" * 65 + "@b",
        "<a@b.net>",
        "a@b.net,c@d.net",
        "Anna <a@b.net>",
        "a@b.net ",
    ],
)
def test_no_mailboxes(address: str) -> None:
    assert mistake_of_address("email", address)


def test_half_of_the_quiet_week_is_no_mistake() -> None:
    quiet = QuietHours(begin="00:00", end="24:00", days=("sat", "sun"))
    RotaWorld().contact("Anna", MAIL, quiet_hours=quiet)


def test_another_revision_is_refused() -> None:
    world = RotaWorld()
    made = world.contact("Anna", MAIL)
    world.edit_contact(made, name="Anne")
    for answer in (world.edit_contact(made, revision=1, name="Ann"), world.delete(made, revision=1)):
        assert [reason for reason, _ in wrong(answer)] == ["wrong_revision"]
    assert world.edit_contact(made, revision=2, name="Ann").accepted


def test_two_tenants_may_each_have_an_anna() -> None:
    world = RotaWorld()
    world.contact("Anna", MAIL, tenant_id="north", by=OF_NORTH)
    world.contact("Anna", MAIL, tenant_id="south", by=OF_SOUTH)
    world.contact("Anna", MAIL)
    assert len(world.dispatch.contacts) == 3


@pytest.mark.parametrize(
    ("by", "tenant_id", "text"),
    [
        (OF_NORTH, "south", "a contact of tenant 'south' is not yours to make"),
        (OF_NORTH, None, "a contact for every tenant is made by callers without a tenant"),
    ],
)
def test_nobody_makes_contacts_of_another_tenant(by: Principal, tenant_id: str | None, text: str) -> None:
    answer = RotaWorld().ask(CreateContact(ContactPlan(name="Anna", tenant_id=tenant_id)), by)
    assert wrong(answer) == [("not_your_tenant", text)]


def test_a_contact_of_another_tenant_is_like_none() -> None:
    world = RotaWorld()
    south = world.contact("Sven", MAIL, tenant_id="south", by=OF_SOUTH)
    shared = world.contact("Anna", MAIL)
    for action in (EditContact(south, ContactEdited(name="x")), DeleteContact(south), DeleteContact("CT999")):
        answer = world.ask(action, OF_NORTH)
        assert wrong(answer) == [("unknown_contact", f"no contact {action.contact_id!r}")]
    answer = world.delete(shared, OF_NORTH)
    assert wrong(answer) == [
        ("not_your_tenant", f"contact {shared} is for every tenant: only a caller without a tenant changes it")
    ]


def policy(
    world: RotaWorld,
    *actions: PolicyAction,
    tenant_id: str | None = None,
    routes: tuple[Route, ...] = (),
    origin: Origin = "api",
) -> None:
    """Put a policy."""
    made = NotificationPolicy(name="p", actions=actions, tenant_id=tenant_id, routes=routes)
    world.dispatch.policies["NP1"] = PolicyRecord(
        id="NP1", policy=made, origin=origin, created_at=world.now, updated_at=world.now, updated_by="x"
    )


def test_a_contact_in_use_is_not_deleted() -> None:
    world = RotaWorld()
    anna, ben, cem = world.contact("Anna", MAIL), world.contact("Ben", MAIL), world.contact("Cem", MAIL)
    rota = world.rota("night", layer("Anna"))
    step = EscalationStep(after_seconds=60, to="Cem")
    policy(world, PolicyAction(escalate=(step,)), routes=(Route(actions=(PolicyAction(channel="email", to=ben),)),))
    for contact, use in ((anna, f"rota {rota} (night)"), (ben, "policy NP1 (p)"), (cem, "policy NP1 (p)")):
        text = f"contact {contact} is in use by {use}: take it out there first"
        assert wrong(world.delete(contact)) == [("wrong_state", text)]
    world.delete(rota)
    assert world.delete(anna).accepted


def test_a_name_that_a_policy_uses_is_not_changed() -> None:
    world = RotaWorld()
    anna = world.contact("Anna", MAIL)
    policy(world, PolicyAction(channel="email", to="Anna"))
    text = f"name: is what policy NP1 (p) calls it: name the id {anna} there first"
    assert wrong(world.edit_contact(anna, name="Anne")) == [("invalid", text)]
    policy(world, PolicyAction(channel="email", to=anna))
    assert world.edit_contact(anna, name="Anne").accepted


def test_a_policy_of_a_file_holds_no_contact_back() -> None:
    """Its file is changed by hand; the warnings of the policy name the mistake."""
    world = RotaWorld()
    anna = world.contact("Anna", MAIL)
    policy(world, PolicyAction(channel="email", to="Anna"), origin="file")
    assert world.delete(anna).accepted


def test_a_policy_means_the_own_contact_of_its_tenant() -> None:
    world = RotaWorld()
    shared, own = world.contact("Anna", MAIL), world.contact("Anna", CHAT, tenant_id="north", by=OF_NORTH)
    policy(world, PolicyAction(channel="email", to="Anna"), tenant_id="north")
    assert world.delete(own).refusals
    assert world.delete(shared).accepted


def test_there_is_room_for_so_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contacts, "MOST_CONTACTS", 2)
    world = RotaWorld()
    first = world.contact("a")
    world.contact("b")
    assert wrong(world.ask(CreateContact(ContactPlan(name="c")))) == [("limit", "there are 2 contacts: delete some")]
    world.delete(first)
    world.contact("c")
