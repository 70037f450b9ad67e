"""The glossary has every word of the code, and no other: a word that is not explained fails here."""

import importlib
import pkgutil
import re
from typing import Literal, get_args, get_origin, get_type_hints

import pytest

import protocols
from actors.correlator.pon import memory
from faultd import docs
from protocols.alarm import Alarm, Source, Status, Suppression
from protocols.backtest import JobState, TriedPart
from protocols.backtest import What as Difference
from protocols.backtest_dispatch import WhichSide
from protocols.change import Change, NotificationKind
from protocols.command import Action, NoteType
from protocols.event import Event
from protocols.finding import AddressFrom
from protocols.maintenance import Phase
from protocols.optical_power import Quantity
from protocols.principal import Role
from protocols.profile import EventType
from protocols.report import ReportKind
from protocols.rest_daemon import PartStatus
from protocols.rule import RuleType
from protocols.service_effect import ServiceEffect
from protocols.severity import Severity
from protocols.sla.breach import BreachType
from protocols.sla.changes import SlaNoticeKind
from protocols.sla.clock_facts import ClockKind, ClockState, PauseReason
from protocols.sla.exclusion import ExclusionCategory
from protocols.sla.instance import InstanceStatus
from protocols.symptom import Symptom

PAGE = (docs.ROOT / "docs/glossary.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## (.+)\n((?:(?!## ).*\n)*)", PAGE, re.MULTILINE))
COLUMNS = ["faultd", "RFC 8632", "X.733", "TMF642", "Meaning"]

VOCABULARIES: dict[str, tuple[object, ...]] = {
    "Severities": (Severity,),
    "Statuses": (Status,),
    "Sources": (Source,),
    "Kinds of notes": (NoteType,),
    "Notification requests": (NotificationKind,),
    "Symptoms": (Symptom,),
    "Service effects": (ServiceEffect,),
    "Statuses of SLA instances": (InstanceStatus,),
    "SLA breaches": (BreachType,),
    "SLA notification requests": (SlaNoticeKind,),
    "SLA exclusions": (ExclusionCategory,),
    "SLA clocks": (ClockKind, ClockState, PauseReason),
    "Causes": (memory.Kind,),
    "Event types": (EventType,),
    "Types of rules": (RuleType,),
    "Maintenance windows": (Phase,),
    "Optical power": (Quantity,),
    "Reports": (ReportKind, AddressFrom),
    "Back-test": (JobState, Difference, TriedPart, WhichSide),
    "Access": (Role,),
    "States of faultd's parts": (PartStatus,),
    "Reasons to suppress": (get_type_hints(Suppression)["kind"],),
}
ELSEWHERE = {
    "LifeSign": "docs/profiles.md",
    "NetworkEventType": "docs/alarms.md",
    "Verified": "docs/profiles.md",
    "Kind": "docs/profiles.md",
    "WebhookFault": "docs/dispatch.md",
    "AlarmSort": "docs/api.md",
    "View": "docs/api.md",
    "Bucket": "docs/api.md",
    "Origin": "docs/api.md",
    "RaisedSeverity": "docs/glossary.md",
    "CountOf": "docs/rules.md",
    "EscalationHold": "docs/rules.md",
    "ListFormat": "docs/api.md",
    "ReportFormat": "docs/api.md",
    "OutageEffect": "docs/glossary.md",
    "PerformanceMetric": "docs/glossary.md",
    "UnknownPolicy": "docs/glossary.md",
    "BurnWindow": "docs/sla.md",
    "CustomerPowerPolicy": "docs/glossary.md",
    "PeriodUnit": "docs/sla.md",
    "CreditUnit": "docs/sla.md",
    "FreeUnit": "docs/sla.md",
    "CountedUnits": "docs/sla.md",
    "CreditStart": "docs/sla.md",
    "InstanceSort": "docs/sla.md",
    "SlaShare": "docs/sla.md",
    "BreachUnit": "docs/sla.md",
    "OutageTreatment": "docs/sla.md",
    "Topic": "docs/stream.md",
    "ReportedExclusion": "docs/sla.md",
    "Channel": "docs/dispatch.md",
    "MessageKind": "docs/dispatch.md",
    "DeliveryStatus": "docs/dispatch.md",
    "Desk": "docs/dispatch.md",
    "TicketState": "docs/dispatch.md",
    "TicketPriority": "docs/dispatch.md",
    "TaskKind": "docs/dispatch.md",
    "TicketWish": "docs/api.md",
    "Until": "docs/dispatch.md",
    "Rotation": "docs/dispatch.md",
    "Weekday": "docs/dispatch.md",
    "ScheduleClass": "docs/profiles.md",
    "LevelSeverity": "docs/profiles.md",
    "ColumnMeaning": "docs/profiles.md",
    "BootsChange": "docs/polling.md",
    "Continuity": "docs/polling.md",
    "DeviceState": "docs/polling.md",
    "DownCause": "docs/polling.md",
    "Discrepancy": "docs/polling.md",
    "PollRefusal": "docs/polling.md",
    "PartKind": "docs/polling.md",
    "PartState": "docs/polling.md",
    "ReadReason": "docs/polling.md",
    "Silence": "docs/polling.md",
}
"""Words of one page alone, by the name of their Literal: that page has them."""
OF_SNMP = "protocols.snmp"
"""The words of SNMP are the RFCs'."""


def rows(section: str) -> list[list[str]]:
    """The cells of a section's table, without its head."""
    lines = [line for line in SECTIONS[section].splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def words(section: str) -> list[str]:
    """The words that a section explains."""
    return [word for row in rows(section) for word in re.findall(r"`([^`]+)`", row[0])]


@pytest.mark.parametrize("section", VOCABULARIES)
def test_a_section_explains_the_words_of_the_code_and_no_others(section: str) -> None:
    assert words(section) == [word for each in VOCABULARIES[section] for word in get_args(each)]


def test_every_action_event_and_change_is_explained() -> None:
    assert sorted(words("Actions")) == sorted(str(each.__struct_config__.tag) for each in get_args(Action))
    assert sorted(words("Events")) == sorted(each.__name__ for each in get_args(Event))
    assert sorted(words("Changes")) == sorted(each.__name__ for each in get_args(Change))


@pytest.mark.parametrize("section", SECTIONS)
def test_every_row_has_five_columns_and_a_meaning(section: str) -> None:
    head = next(line for line in SECTIONS[section].splitlines() if line.startswith("|"))
    assert [cell.strip() for cell in head.strip("|").split("|")] == COLUMNS
    for row in rows(section):
        assert len(row) == len(COLUMNS), row
        assert all(row), f"an empty cell: {row}"
        assert row[-1].endswith("."), row


def literals() -> dict[str, tuple[str, tuple[str, ...]]]:
    """Every alias of a Literal in protocols/, but for SNMP's: its module and its words, by its name."""
    found = {}
    for module in pkgutil.walk_packages(protocols.__path__, "protocols."):
        if module.name.startswith(OF_SNMP):
            continue
        for name, value in vars(importlib.import_module(module.name)).items():
            if get_origin(value) is Literal:
                found[name] = (module.name, get_args(value))
    return found


@pytest.mark.parametrize("name", sorted(literals()))
def test_no_literal_of_protocols_is_left_out(name: str) -> None:
    module, its_words = literals()[name]
    if any(get_args(each) == its_words for given in VOCABULARIES.values() for each in given):
        return
    assert name in ELSEWHERE, f"{module}.{name} is neither in docs/glossary.md nor on a page of its own"
    page = (docs.ROOT / ELSEWHERE[name]).read_text(encoding="utf-8")
    missing = [word for word in its_words if not re.search(rf"(?<![\w.]){re.escape(word.lstrip('-'))}(?!\w)", page)]
    assert not missing, f"{ELSEWHERE[name]} does not have {missing}"


def test_the_fields_that_things_are_called_by_exist() -> None:
    """What the section of things has in backticks are fields of an alarm."""
    assert set(words("Things")) <= set(Alarm.__struct_fields__)
