"""Whom a policy's ``to`` reaches, by which method, and why."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from vocabulary.alarms import make_alarm

from actors.dispatcher.people.reach import ReachedPeople, mistakes_of_to, reach
from actors.dispatcher.settings import DispatchInputs
from actors.dispatcher.state import DispatchState
from actors.journal import Journal
from actors.state_encoding import encode_with_pauses
from protocols.dispatch.channel import Channel
from protocols.dispatch.contact import ContactMethod, ContactPlan, ContactRecord
from protocols.dispatch.quiet_hours import QuietHours
from protocols.dispatch.rota import RotaLayer, RotaPlan, RotaRecord
from protocols.sla.local_time import instant_at, utc_time

T0 = datetime(2026, 11, 30, 12, tzinfo=UTC)
NOON = instant_at(T0)
MAIL = ContactMethod(channel="email", address="anna@example.net")
PHONE = ContactMethod(channel="sms", address="+491511234567")
CHAT = ContactMethod(channel="slack", address="#noc")


class Roster:
    """A state with contacts and rotas, made in the order of the calls."""

    def __init__(self, *channels: str) -> None:
        self.state = DispatchState()
        self.state.inputs = DispatchInputs(channels=channels or ("email", "sms", "slack", "webhook:erp"))

    def contact(self, contact_id: str, *methods: ContactMethod, **plan: Any) -> None:
        given = ContactPlan(**{"name": contact_id.lower(), "methods": methods, **plan})
        made = ContactRecord(id=contact_id, plan=given, created_at=T0, updated_at=T0, updated_by="x")
        self.state.put_contact(Journal(), contact_id, made)

    def rota(self, rota_id: str, *contacts: str, **plan: Any) -> None:
        layers = (RotaLayer(contacts=contacts, start=date(2026, 11, 30), hand_over="09:00", rotation="daily"),)
        given = RotaPlan(**{"name": "on-call", "layers": layers, **plan})
        made = RotaRecord(id=rota_id, plan=given, created_at=T0, updated_at=T0, updated_by="x")
        self.state.put_rota(Journal(), rota_id, made)

    def reach(self, to: str, channel: Channel | None = None, severity: str = "critical", **more: Any) -> ReachedPeople:
        return reach(self.state, to, channel, severity, more.pop("now", NOON), **{"tenant_id": "north", **more})

    def told(self, to: str, channel: Channel | None = None, **more: Any) -> list[tuple[str, str]]:
        return [(each.to, each.address) for each in self.reach(to, channel, **more).people]


@pytest.fixture
def people() -> Roster:
    made = Roster()
    made.contact("CT1", MAIL, PHONE, name="Anna")
    made.contact("CT2", PHONE, name="Ben", tenant_id="north")
    made.contact("CT3", MAIL, name="Cem", tenant_id="south")
    made.rota("RO4", "CT1", "CT2", tenant_id="north")
    return made


@pytest.mark.parametrize(
    ("to", "expected"),
    [
        ("CT1", [("CT1", "anna@example.net")]),
        ("Anna", [("CT1", "anna@example.net")]),
        ("Ben", [("CT2", "+491511234567")]),
        ("RO4", [("CT1", "anna@example.net")]),
        ("on-call", [("CT1", "anna@example.net")]),
        ("noc@example.net", [("noc@example.net", "noc@example.net")]),
        ("+4915199999999", [("+4915199999999", "+4915199999999")]),
        ("#noc", [("#noc", "#noc")]),
        ("erp", [("erp", "erp")]),
    ],
)
def test_ids_names_words_and_addresses(people: Roster, to: str, expected: list[tuple[str, str]]) -> None:
    assert people.told(to) == expected


def test_the_rota_hands_over(people: Roster) -> None:
    tomorrow = instant_at(datetime(2026, 12, 1, 9, tzinfo=UTC))
    assert people.told("on-call", now=tomorrow - 1) == [("CT1", "anna@example.net")]
    assert people.told("on-call", now=tomorrow) == [("CT2", "+491511234567")]
    assert people.reach("on-call").people[0].why == "on call in rota on-call"


@pytest.mark.parametrize("to", ["CT3", "Cem"])
def test_a_contact_of_another_tenant_is_never_reached(people: Roster, to: str) -> None:
    found = people.reach(to)
    assert not found.people
    assert found.nobody == f"'{to}' is no contact, no rota and no address"
    assert people.told(to, tenant_id="south") == [("CT3", "anna@example.net")]


def test_an_on_call_contact_of_another_tenant_is_not_told(people: Roster) -> None:
    """No command makes such a rota; a restored one may be so."""
    people.rota("RO9", "CT3", name="late")
    assert people.reach("late").nobody == "nobody is on call in rota late (RO9)"


def test_the_own_contact_comes_before_the_one_of_every_tenant(people: Roster) -> None:
    people.contact("CT5", CHAT, name="Anna", tenant_id="north")
    assert people.told("Anna") == [("CT5", "#noc")]
    assert people.told("Anna", tenant_id="south") == [("CT1", "anna@example.net")]


def test_methods_in_order_and_those_left(people: Roster) -> None:
    (found,) = people.reach("CT1").people
    assert (found.channel, found.methods_left) == ("email", (PHONE,))
    (found,) = people.reach("CT1", "sms").people
    assert (found.address, found.methods_left, found.why) == (PHONE.address, (MAIL,), "contact Anna")


def test_another_method_when_there_is_none_of_the_channel(people: Roster) -> None:
    (found,) = people.reach("Ben", "email").people
    assert (found.channel, found.why) == ("sms", "contact Ben; by sms, since Ben has no method of email")


def test_a_channel_that_the_configuration_lacks() -> None:
    people = Roster("email")
    people.contact("CT1", PHONE, MAIL, name="Anna")
    people.contact("CT2", PHONE, name="Ben")
    (found,) = people.reach("Anna", "sms").people
    assert (found.channel, found.methods_left) == ("email", ())
    assert found.why == "contact Anna; by email, since the configuration has no sms"
    assert people.reach("Ben").nobody == "Ben (CT2) has methods of sms alone, which the configuration does not have"
    assert people.reach("+491511234567").nobody == "the configuration has no sms"


def test_nobody_without_a_method(people: Roster) -> None:
    people.contact("CT5", name="Dora")
    assert people.reach("Dora").nobody == "Dora (CT5) has no method"


def test_several_rotas_of_one_name_and_each_person_once(people: Roster) -> None:
    people.rota("RO5", "CT2", tenant_id="north")
    people.rota("RO6", "CT1", tenant_id="north")
    assert people.told("on-call") == [("CT1", "anna@example.net"), ("CT2", "+491511234567")]


def test_whoever_cannot_be_told_is_named_beside_the_others(people: Roster) -> None:
    people.contact("CT5", name="Dora", tenant_id="north")
    people.rota("RO5", "CT5", tenant_id="north")
    found = people.reach("on-call")
    assert [each.to for each in found.people] == ["CT1"]
    assert (found.nobody, found.missed) == ("", ("Dora (CT5) has no method",))


@pytest.mark.parametrize(
    ("severity", "now", "until"),
    [
        ("critical", "2026-11-30T23:00+01:00", None),
        ("major", "2026-11-30T23:00+01:00", "2026-12-01T06:00+01:00"),
        ("major", "2026-11-30T21:59+01:00", None),
        ("", "2026-11-30T23:00+01:00", "2026-12-01T06:00+01:00"),
        # The clock is put back in this night: it is an hour longer.
        ("major", "2026-10-24T23:00+02:00", "2026-10-25T06:00+01:00"),
    ],
)
def test_quiet_hours_by_the_zone_of_the_contact(people: Roster, severity: str, now: str, until: str | None) -> None:
    quiet = QuietHours(begin="22:00", end="06:00")
    people.contact("CT5", MAIL, name="Dora", time_zone="Europe/Berlin", quiet_hours=quiet)
    at = instant_at(datetime.fromisoformat(now))
    (found,) = people.reach("Dora", severity=severity, now=at).people
    assert (utc_time(found.quiet_until) if found.quiet_until is not None else None) == (
        None if until is None else datetime.fromisoformat(until)
    )


def test_account_manager(people: Roster) -> None:
    assert people.reach("account_manager").nobody == "the service level agreement names no account manager"
    assert people.told("account_manager", instance_manager="Ben") == [("CT2", "+491511234567")]
    assert people.told("account_manager", "email", instance_manager="kim@example.net") == [
        ("kim@example.net", "kim@example.net")
    ]
    assert people.reach("account_manager", "email", instance_manager="Kim").nobody.startswith("no contact and no rota")


def test_assignee(people: Roster) -> None:
    assert people.reach("assignee").nobody == "there is no alarm, so no assignee"
    assert people.reach("assignee", alarm=make_alarm("1")).nobody == "the alarm is assigned to nobody"
    assert people.told("assignee", alarm=make_alarm("1", assigned_to="Anna")) == [("CT1", "anna@example.net")]


def test_contacts_of_customers(people: Roster) -> None:
    people.contact("CT5", MAIL, name="Customer 7", customer_id="C7", tenant_id="north")
    people.contact("CT6", MAIL, name="Other 7", customer_id="C7", tenant_id="south")
    alarm = make_alarm("1", affected_customers=("C6", "C7", "C7"))
    assert people.told("customer", alarm=alarm) == [("CT5", "anna@example.net")]
    assert people.told("customer", customers=("C7",)) == [("CT5", "anna@example.net")]
    assert people.reach("customer").nobody == "no customer is concerned"
    assert people.reach("customer", customers=("C6",)).nobody == "no contact is one of a customer who is concerned"


def test_no_rota_is_named_on_call() -> None:
    assert Roster().reach("on-call").nobody == "no rota is named 'on-call'"


@pytest.mark.parametrize(
    ("to", "channel", "mistake"),
    [
        ("Anna", "email", ""),
        ("RO4", None, ""),
        ("on-call", "sms", ""),
        ("customer", "email", ""),
        ("noc@example.net", "email", ""),
        ("erp", "webhook", ""),
        (
            "billing",
            "webhook",
            "'billing' is no contact, no rota, none of on-call, account_manager, assignee, customer, and no webhook",
        ),
        (
            "Ana",
            "email",
            "is no contact, no rota and none of on-call, account_manager, assignee, customer, and 'Ana' is no address",
        ),
        ("Ana", None, "'Ana' is no contact, no rota, none of on-call, account_manager, assignee, customer, and no address"),
        ("Cem", "email", "is no contact, no rota"),
    ],
)
def test_mistakes_of_a_policy(people: Roster, to: str, channel: Channel | None, mistake: str) -> None:
    found = list(mistakes_of_to(people.state, to, channel, "north"))
    assert len(found) == bool(mistake)
    assert not mistake or found[0].startswith(mistake)


def test_a_policy_of_every_tenant_names_what_every_tenant_has(people: Roster) -> None:
    assert not list(mistakes_of_to(people.state, "Anna", "email", None))
    assert list(mistakes_of_to(people.state, "Ben", "sms", None))


def test_the_index_follows_names_and_a_rollback(people: Roster) -> None:
    journal = Journal()
    people.state.put_contact(journal, "CT2", None)
    assert people.reach("Ben").nobody
    journal.rollback()
    assert people.told("Ben") == [("CT2", "+491511234567")]
    again = DispatchState.load(encode_with_pauses(people.state.saving()))
    assert again.people.contacts("Ben", "north") == ("CT2",)
