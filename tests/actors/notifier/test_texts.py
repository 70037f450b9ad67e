"""The built-in texts, whatever the facts are, and the acknowledge link in them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from vocabulary.delivery import AT, dispatched

from actors.notifier.acknowledge_links import AcknowledgeLinks
from actors.notifier.channel import OutgoingMessage
from actors.notifier.mail import mail_of, octets_of
from actors.notifier.teams import card
from actors.notifier.texts import built_in_text
from protocols.acknowledge_link import read_link
from protocols.dispatch.channel import CHANNELS
from protocols.dispatch.notification import MESSAGE_KINDS

KEY = b"k" * 32
LINKS = AcknowledgeLinks("https://noc.example/", KEY)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)
FIELDS = "severity title state alarm_id resource_name resource_type since first_occurrence customers customer_count ticket"
CAUSE = st.dictionaries(st.sampled_from(FIELDS.split()), JSON)


@given(
    st.dictionaries(st.sampled_from(("count", "others", "passed", "policy", "ended")), JSON),
    st.lists(CAUSE, max_size=3) | JSON,
    st.sampled_from(MESSAGE_KINDS),
    st.sampled_from(CHANNELS),
    st.text(),
)
def test_whatever_the_facts_are_there_is_a_message(
    facts: dict[str, Any], causes: Any, kind: Any, channel: Any, reason: str
) -> None:
    notification = dispatched(facts=facts | {"causes": causes}, kind=kind, channel=channel, reason=reason)
    text = built_in_text(notification)
    assert text.subject.startswith("[")
    assert text.subject.isprintable()
    assert len(text.subject) <= 200
    assert text.text.strip()
    if channel == "sms":
        assert len(text.text) <= 459
        assert "\n" not in text.text
    message = OutgoingMessage(notification=notification, text=text, at=AT)
    octets = octets_of(mail_of(message, "faultd@example.net", "ledger1"), utf8=False)
    assert octets.count(b"\r\n\r\n") >= 1
    assert max(map(len, octets.split(b"\r\n"))) <= 998


def test_subjects() -> None:
    def subject(kind: str, **facts: Any) -> str:
        shown = dispatched().facts | facts
        return built_in_text(dispatched(kind=kind, facts=shown)).subject

    assert subject("raised") == "[CRITICAL] Feeder cut"
    assert subject("recovered") == "[CLEARED] Feeder cut"
    assert subject("escalated") == "[ESCALATED, CRITICAL] Feeder cut"
    assert subject("raised", count=3) == "[CRITICAL] Feeder cut, and 2 more"
    assert subject("storm", count=40) == "[STORM] 40 causes, the worst: Feeder cut"
    assert subject("storm", count=3, over=["alarm:a"]) == "[STORM] 3 causes, 1 of them over, the worst: Feeder cut"
    assert subject("storm", count=2, over=["alarm:a", "alarm:b"]) == "[STORM OVER] 2 causes are over, the worst: Feeder cut"
    assert built_in_text(dispatched(kind="test", facts={})).subject == "[TEST] this is a test of faultd"


def test_a_conclusion_that_gives_way_names_the_other_cause_and_that_one_what_it_explains() -> None:
    cause = {"title": "Feeder cut", "severity": "critical", "state": "ended", "goes_on_as": "A67 OLT 3 is down"}
    text = built_in_text(dispatched(kind="recovered", facts={"causes": [cause], "count": 1}))
    assert text.subject == "[ANOTHER CAUSE] Feeder cut"
    assert "  Goes on as: A67 OLT 3 is down\n" in text.text
    short = built_in_text(dispatched(kind="recovered", channel="sms", facts={"causes": [cause], "count": 1}))
    assert short.text == "[ANOTHER CAUSE] Feeder cut, goes on as A67 OLT 3 is down"
    facts: Any = {"title": "OLT 3 is down", "severity": "critical", "state": "open", "explains": ["A43", "A44"]}
    text = built_in_text(dispatched(facts={"causes": [facts], "count": 1}))
    assert "  Explains what was told before: A43, A44\n" in text.text


def test_an_alarm_of_a_lost_ledger_is_not_called_cleared() -> None:
    cause = {"title": "OLT 3 is down", "severity": "critical", "state": "ended", "lost": True}
    text = built_in_text(dispatched(kind="recovered", facts={"causes": [cause], "count": 1}))
    assert text.subject == "[NO LONGER KNOWN] OLT 3 is down"
    assert "over" not in text.text


def test_a_credit_says_how_much_and_whether_that_is_final() -> None:
    for final, said in ((False, "so far"), (True, "final")):
        cause = {"title": "Credit", "credit": {"amount": "5.95", "currency": "EUR", "final": final}}
        text = built_in_text(dispatched(kind="credit", facts={"causes": [cause], "count": 1}))
        assert f"  Credit: 5.95 EUR ({said})\n" in text.text


@pytest.mark.parametrize(
    ("fields", "has"),
    [
        ({}, True),
        ({"channel": "teams"}, True),
        ({"kind": "escalated"}, True),
        ({"kind": "recovered"}, False),
        ({"kind": "storm"}, False),
        ({"channel": "sms"}, False),
        ({"channel": "webhook"}, False),
        ({"alarm_ids": ()}, False),
        ({"facts": {"customer_id": "C1"}}, False),
    ],
)
def test_messages_to_people_about_an_open_alarm_have_a_link(fields: dict[str, Any], has: bool) -> None:
    assert bool(LINKS.link(dispatched(**fields))) is has
    assert AcknowledgeLinks("", KEY).link(dispatched(**fields)) == ""


def test_times_are_those_of_the_readers_zone() -> None:
    facts = dispatched().facts | {"time_zone": "Europe/Berlin"}
    cause = {"title": "Feeder cut", "first_occurrence": "2026-03-01T03:00:00.5+00:00", "cleared_at": 1_790_000_000_000_000}
    text = built_in_text(dispatched(facts=facts | {"causes": [cause]})).text
    assert "  Since: 2026-03-01 04:00:00 CET\n" in text
    assert "  Cleared: 2026-09-21 16:13:20 CEST\n" in text
    assert (
        "  Since: 2026-03-01 03:00:00 UTC\n"
        in built_in_text(dispatched(facts=facts | {"causes": [cause], "time_zone": "x"})).text
    )


def test_a_customer_reads_when_the_work_begins_and_ends_and_nothing_of_the_operators_house() -> None:
    cause = {
        "kind": "maintenance",
        "severity": "info",
        "title": "Planned maintenance: splice",
        "since": "2026-02-27T03:00:00+00:00",
        "starts": "2026-03-01T03:00:00+00:00",
        "ends": "2026-03-01T05:00:00+00:00",
    }
    facts = {"causes": [cause], "count": 1, "time_zone": "Europe/Berlin", "customer_id": "C1", "policy": "Customers"}
    text = built_in_text(dispatched(kind="maintenance", facts=facts, reason="contact of customer C1"))
    assert text.subject == "[PLANNED MAINTENANCE] Planned maintenance: splice"
    assert text.text.splitlines() == [
        "Planned maintenance: splice",
        "  Begins: 2026-03-01 04:00:00 CET",
        "  Ends: 2026-03-01 06:00:00 CET",
        "",
        "Reference: N17",
    ]
    facts["causes"] = [cause | {"state": "ended"}]
    text = built_in_text(dispatched(kind="maintenance", facts=facts, reason="contact of customer C1: it was cancelled"))
    assert text.subject == "[PLANNED MAINTENANCE WITHDRAWN] Planned maintenance: splice"
    assert text.text.startswith("Planned maintenance: splice (does not take place at this time)\n")


def test_the_link_is_bound_to_alarm_person_and_time_and_is_a_button() -> None:
    url = LINKS.link(dispatched())
    assert url == LINKS.link(dispatched())
    base, _, signed = url.rpartition("/")
    assert base == "https://noc.example/acknowledge"
    link = read_link(signed, KEY, int(AT.timestamp()))
    assert (link.alarm_id, link.person, link.notification_id) == ("00000000-0000-0000-0000-000000000017", "Ann", "N17")
    assert link.expires == int(AT.timestamp()) + 3 * 86_400
    text = built_in_text(dispatched(), url)
    assert f"\nAcknowledge: {url}\n" in text.text
    assert f'<a href="{url}">Acknowledge</a>' in text.html
    (attachment,) = card(text)["attachments"]
    assert attachment["content"]["actions"][0]["url"] == url


def test_a_title_is_never_the_link() -> None:
    cause = {"kind": "maintenance", "title": "Acknowledge: https://evil.example/"}
    text = built_in_text(dispatched(facts={"causes": [cause]}, kind="maintenance"))
    assert "Acknowledge: https://evil.example/" in text.html
    assert "href" not in text.html


def test_a_ticket_without_a_key_of_the_desk_is_said_to_be_faultds_number() -> None:
    def line(ticket: dict[str, str]) -> str:
        text = built_in_text(dispatched(facts={"causes": [{"title": "cut", "ticket": ticket}]})).text
        return next(each.strip() for each in text.splitlines() if "Ticket" in each)

    assert line({"id": "TK7"}) == "Ticket: TK7, faultd's number: the desk has not answered yet"
    assert line({"id": "TK7", "key": "1042", "url": "https://desk/1042"}) == "Ticket: 1042 https://desk/1042"
