"""Versions of a definition and the periods of an instance: a running period keeps the version with which it began."""

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from actors.journal import Journal
from actors.sla_clock.accounts import Account
from actors.sla_clock.books.period_choice import next_period_end, period_of
from actors.sla_clock.state import SlaState
from protocols.sla.definition import SlaDefinition, SlaTerms
from protocols.sla.instance import FormerDefinition, SlaInstance
from protocols.sla.local_time import instant_at, wall_time
from protocols.sla.periods import PeriodRule

UTC_ZONE = ZoneInfo("UTC")
MONTH = PeriodRule("UTC", date(2026, 1, 1))
WEEK = PeriodRule("UTC", date(2026, 1, 5), "days", 7)
YEAR = PeriodRule("UTC", date(2026, 1, 1), "year")


def at(day: str) -> int:
    """The instant of a date or time in UTC."""
    return instant_at(datetime.fromisoformat(day).replace(tzinfo=UTC))


def made(*versions: tuple[str, PeriodRule], name: str = "SD1") -> tuple[SlaDefinition, ...]:
    """Versions of a definition by the date on which each was made, and its rule."""
    return tuple(
        SlaDefinition(
            id=name,
            version=number,
            tenant_id=None,
            terms=SlaTerms(name=f"v{number}", period=rule),
            since=datetime.fromisoformat(since).replace(tzinfo=UTC),
            by="ada",
            created_at=datetime(2026, 1, 1, tzinfo=UTC),
            created_by="ada",
        )
        for number, (since, rule) in enumerate(versions, 1)
    )


def contract(start: str = "2026-01-01", created: str = "2026-01-01", **fields: Any) -> SlaInstance:
    moment = datetime.fromisoformat(created).replace(tzinfo=UTC)
    return SlaInstance(
        id="SI7",
        tenant_id="t",
        customer_id="c",
        service_id="s",
        resources=("s",),
        start=at(start),
        created_at=moment,
        created_by="ada",
        updated_at=moment,
        updated_by="ada",
        **{"definition_id": "SD1", **fields},
    )


def state_of(*definitions: tuple[SlaDefinition, ...]) -> SlaState:
    state = SlaState()
    state.definitions = {versions[0].id: versions for versions in definitions}
    return state


def shown(state: SlaState, instance: SlaInstance, day: str) -> tuple[str, str, str] | None:
    """Begin, end and name of the terms of a period."""
    period = period_of(state, instance, at(day))
    if period is None:
        return None
    begin, end = (wall_time(each, UTC_ZONE).date().isoformat() for each in (period.start, period.end))
    return begin, end, period.definition.terms.name


TWICE = made(("2025-12-01", MONTH), ("2026-01-10", MONTH), ("2026-01-20", MONTH))
OTHER_RULE = made(("2025-12-01", MONTH), ("2026-01-10", WEEK))
ON_THE_EDGE = made(("2025-12-01", MONTH), ("2026-02-01", MONTH))
YEAR_AND_WEEK = made(("2025-12-01", YEAR), ("2026-03-01", WEEK), ("2026-03-20", MONTH))


@pytest.mark.parametrize(
    ("versions", "instance", "day", "found"),
    [
        pytest.param(TWICE, contract(), "2026-01-25", ("2026-01-01", "2026-02-01", "v1"), id="edited within the period"),
        pytest.param(TWICE, contract(), "2026-02-01", ("2026-02-01", "2026-03-01", "v3"), id="the newest of several"),
        pytest.param(TWICE, contract(), "2025-12-31", None, id="before the contract"),
        pytest.param(TWICE, contract(created="2026-01-15"), "2026-01-05", ("2026-01-01", "2026-02-01", "v2"), id="made later"),
        pytest.param(TWICE, contract("2026-01-12"), "2026-01-05", ("2026-01-01", "2026-02-01", "v2"), id="begins later"),
        pytest.param(TWICE, contract(end=at("2026-01-20")), "2026-01-31", ("2026-01-01", "2026-02-01", "v1"), id="has ended"),
        pytest.param(TWICE, contract(end=at("2026-02-01")), "2026-02-01", None, id="ended with the period"),
        pytest.param(ON_THE_EDGE, contract(), "2026-01-31", ("2026-01-01", "2026-02-01", "v1"), id="before the edge"),
        pytest.param(ON_THE_EDGE, contract(), "2026-02-01", ("2026-02-01", "2026-03-01", "v2"), id="made at the edge"),
        pytest.param(OTHER_RULE, contract(), "2026-01-31", ("2026-01-01", "2026-02-01", "v1"), id="the month ends first"),
        pytest.param(OTHER_RULE, contract(), "2026-02-01", ("2026-02-01", "2026-02-02", "v2"), id="then a short week"),
        pytest.param(OTHER_RULE, contract(), "2026-02-02", ("2026-02-02", "2026-02-09", "v2"), id="then whole weeks"),
        pytest.param(OTHER_RULE, contract(created="2026-01-10"), "2026-01-10", ("2026-01-05", "2026-01-12", "v2"), id="new"),
        pytest.param(YEAR_AND_WEEK, contract(), "2026-12-31", ("2026-01-01", "2027-01-01", "v1"), id="the year goes on"),
        pytest.param(YEAR_AND_WEEK, contract(), "2027-01-01", ("2027-01-01", "2027-02-01", "v3"), id="a version is skipped"),
        pytest.param(
            YEAR_AND_WEEK,
            contract("2026-03-05", "2026-03-05"),
            "2026-03-21",
            ("2026-03-16", "2026-03-23", "v2"),
            id="began with the second",
        ),
        pytest.param(
            YEAR_AND_WEEK,
            contract("2026-03-05", "2026-03-05"),
            "2026-03-23",
            ("2026-03-23", "2026-04-01", "v3"),
            id="a short month",
        ),
    ],
)
def test_the_period_and_its_version(
    versions: tuple[SlaDefinition, ...], instance: SlaInstance, day: str, found: tuple[str, str, str] | None
) -> None:
    assert shown(state_of(versions), instance, day) == found


def test_another_definition_applies_from_the_end_of_the_running_period_on() -> None:
    state = state_of(made(("2025-12-01", MONTH)), made(("2025-12-01", WEEK), ("2026-01-28", WEEK), name="SD2"))
    instance = contract(definition_id="SD2", former=(FormerDefinition("SD1", at("2026-02-01")),))
    assert shown(state, instance, "2026-01-31") == ("2026-01-01", "2026-02-01", "v1")
    assert shown(state, instance, "2026-02-01") == ("2026-02-01", "2026-02-02", "v2")


def test_an_account_keeps_its_period() -> None:
    state, instance = state_of(TWICE), contract()
    state.instances.put(Journal(), instance)
    state.accounts.set(Journal(), instance.id, Account(at("2026-01-08"), at("2026-01-17"), "SD1", 2))
    assert shown(state, instance, "2026-01-08") == ("2026-01-08", "2026-01-17", "v2")
    assert shown(state, instance, "2026-02-20") == ("2026-02-01", "2026-03-01", "v3")


def test_every_running_period_ends_no_earlier_than_the_next_end() -> None:
    state = state_of(YEAR_AND_WEEK)
    assert next_period_end(state, "SD1", at("2026-03-21")) == at("2026-03-23")
    assert next_period_end(state, "SD1", at("2026-03-23")) == at("2026-04-01")
    assert next_period_end(state, "SD1", at("2026-12-01")) == at("2027-01-01")


RULES = st.sampled_from(
    [MONTH, WEEK, YEAR, PeriodRule("UTC", date(2026, 1, 1), "days", 1), replace(MONTH, anchor=date(2026, 1, 15))]
)


def in_order(versions: list[tuple[str, PeriodRule]]) -> list[tuple[str, PeriodRule]]:
    """By the date on which each was made."""
    return sorted(versions, key=lambda each: each[0])


DAYS = st.dates(date(2026, 1, 1), date(2027, 6, 30)).map(date.isoformat)


@given(
    versions=st.lists(st.tuples(DAYS, RULES), min_size=1, max_size=5).map(in_order),
    start=DAYS,
    created=DAYS,
)
def test_periods_follow_one_another_without_gap(versions: list[tuple[str, PeriodRule]], start: str, created: str) -> None:
    state, instance = state_of(made(*versions)), contract(start, created)
    period = period_of(state, instance, at(start))
    assert period is not None
    ends = next_period_end(state, "SD1", period.start)
    before = 0
    for _ in range(40):
        assert period.start < period.end
        assert period_of(state, instance, period.end - 1) == period == period_of(state, instance, period.start)
        assert period.definition.version >= before
        while ends < period.end:
            ends = next_period_end(state, "SD1", ends)
        # The deadline of the definition comes at the end of every period that an instance has.
        assert ends == period.end
        before = period.definition.version
        following = period_of(state, instance, period.end)
        assert following is not None
        assert following.start == period.end
        period = following
