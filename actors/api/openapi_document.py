"""The OpenAPI document as clients are generated from it: enums are components, and operations have the names of handlers."""

from collections.abc import Iterable, Mapping
from typing import Any, Final, get_args

from litestar import Request
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.plugins import JsonRenderPlugin

from actors.api.openapi import name_failed_conditions
from protocols.alarm import Source, Status, SuppressionKind
from protocols.backtest import JobState, TriedPart, What
from protocols.backtest_dispatch import WhichSide
from protocols.command import NoteType
from protocols.dispatch.channel import Channel
from protocols.dispatch.notification import DeliveryStatus, MessageKind
from protocols.dispatch.policy import TicketPriority, Until
from protocols.dispatch.quiet_hours import Weekday
from protocols.dispatch.rota import Rotation
from protocols.dispatch.ticket import Desk, TaskKind, TicketState
from protocols.event import NetworkEventType
from protocols.maintenance import Phase
from protocols.optical_power import Quantity
from protocols.origin import Origin
from protocols.poll.device import DeviceState
from protocols.poll.discovered import Discrepancy
from protocols.poll.states import DownCause, PartKind
from protocols.principal import Role
from protocols.query import AlarmSort, Bucket, View
from protocols.report import ReportKind
from protocols.rest_daemon import PartStatus
from protocols.rest_fields import ListFormat, RaisedSeverity
from protocols.rest_sla_breaches import BreachUnit
from protocols.rest_sla_definitions import PeriodUnit
from protocols.rest_sla_instances import InstanceSort
from protocols.rest_sla_reports import ReportFormat
from protocols.rest_tickets import TicketWish
from protocols.rule import CountOf, EscalationHold, RuleType
from protocols.service_effect import ServiceEffect
from protocols.severity import Severity
from protocols.sla.breach import BreachType
from protocols.sla.clock_facts import ClockKind, ClockState, PauseReason
from protocols.sla.credit_models import CountedUnits, CreditStart, CreditUnit, FreeUnit
from protocols.sla.definition import BurnWindow, CustomerPowerPolicy, UnknownPolicy
from protocols.sla.exclusion import ExclusionCategory
from protocols.sla.instance import InstanceStatus
from protocols.sla.outage import OutageEffect
from protocols.sla.report import OutageTreatment, ReportedExclusion, SlaShare
from protocols.symptom import Symptom

ENUMS: Final[Mapping[str, Any]] = {
    "AlarmSort": AlarmSort,
    "AlarmSource": Source,
    "AlarmStatus": Status,
    "AlarmView": View,
    "BacktestDifference": What,
    "BacktestPart": TriedPart,
    "BacktestSide": WhichSide,
    "BacktestState": JobState,
    "BreachType": BreachType,
    "BreachUnit": BreachUnit,
    "Bucket": Bucket,
    "Channel": Channel,
    "CountOf": CountOf,
    "EscalationHold": EscalationHold,
    "EscalationUntil": Until,
    "DeliveryStatus": DeliveryStatus,
    "Desk": Desk,
    "DeviceState": DeviceState,
    "DownCause": DownCause,
    "OntDiscrepancy": Discrepancy,
    "PartKind": PartKind,
    "ListFormat": ListFormat,
    "MessageKind": MessageKind,
    "NetworkEventType": NetworkEventType,
    "NoteType": NoteType,
    "OpticalPowerQuantity": Quantity,
    "Origin": Origin,
    "PartStatus": PartStatus,
    "RaisedSeverity": RaisedSeverity,
    "ReportKind": ReportKind,
    "Role": Role,
    "Rotation": Rotation,
    "RuleType": RuleType,
    "SlaClockKind": ClockKind,
    "SlaClockState": ClockState,
    "SlaPauseReason": PauseReason,
    "ServiceEffect": ServiceEffect,
    "Severity": Severity,
    "SlaCountedUnits": CountedUnits,
    "SlaCreditStart": CreditStart,
    "SlaCreditUnit": CreditUnit,
    "SlaCustomerPower": CustomerPowerPolicy,
    "SlaExclusionCategory": ExclusionCategory,
    "SlaFreeUnit": FreeUnit,
    "SlaInstanceSort": InstanceSort,
    "SlaOutageEffect": OutageEffect,
    "SlaOutageTreatment": OutageTreatment,
    "SlaReportFormat": ReportFormat,
    "SlaReportedExclusion": ReportedExclusion,
    "SlaShare": SlaShare,
    "SlaInstanceStatus": InstanceStatus,
    "SlaPeriodUnit": PeriodUnit,
    "SlaUnknownPolicy": UnknownPolicy,
    "SuppressionKind": SuppressionKind,
    "Symptom": Symptom,
    "SlaBurnWindow": BurnWindow,
    "TicketPriority": TicketPriority,
    "TicketState": TicketState,
    "TicketTaskKind": TaskKind,
    "TicketWish": TicketWish,
    "Weekday": Weekday,
    "WindowPhase": Phase,
}
"""Every enum of the API, by the name of its component."""
_BY_VALUES = {frozenset(get_args(literal)): name for name, literal in ENUMS.items()}
_COMPONENT = "#/components/schemas/"


def operation_id(handler: HTTPRouteHandler, _: str, __: Iterable[Any]) -> str:
    """The handler's name in camel case (``acknowledgeAlarm``): what a generated client calls its function."""
    first, *others = handler.handler_name.split("_")
    return first + "".join(word.capitalize() for word in others)


def for_clients(document: Mapping[str, Any]) -> dict[str, Any]:
    """The document with its enums as components, its titles as the components are named, the 412 of every write, and with
    bodies optional where a handler takes none."""
    made: dict[str, Any] = _with_references(document)
    name_failed_conditions(made["paths"])
    for item in made["paths"].values():
        for operation in item.values():
            body = operation.get("requestBody")
            if body is not None and any(_takes_null(content["schema"]) for content in body["content"].values()):
                body["required"] = False
    for name, schema in made["components"]["schemas"].items():
        if "title" in schema:
            schema["title"] = name
    for name, literal in ENUMS.items():
        made["components"]["schemas"][name] = {"type": "string", "enum": list(get_args(literal)), "title": name}
    return made


class ClientDocument(JsonRenderPlugin):
    """Litestar's hook for ``/schema/openapi.json``."""

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        return super().render(request, for_clients(openapi_schema))


def _with_references(part: Any) -> Any:
    if isinstance(part, list):
        return [_with_references(each) for each in part]
    if not isinstance(part, Mapping):
        return part
    values = part.get("enum")
    name = _BY_VALUES.get(frozenset(values) - {None}) if isinstance(values, list) else None
    if name is None:
        return {key: _with_references(value) for key, value in part.items()}
    reference = {"$ref": _COMPONENT + name}
    others = {key: value for key, value in part.items() if key not in ("enum", "type")}
    if None in (values or ()):
        return {"oneOf": [reference, {"type": "null"}], **others}
    # A generator that reads 3.0 takes nothing beside a reference: a default stands outside of it.
    return {"allOf": [reference], **others} if others else reference


def _takes_null(schema: Mapping[str, Any]) -> bool:
    return {"type": "null"} in schema.get("oneOf", ())
