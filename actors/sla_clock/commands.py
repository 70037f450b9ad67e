"""Operators' commands about service level agreements: each is done, or refused with the field that is wrong."""

from actors.command_refused import CommandRefused
from actors.sla_clock.books.closing import close_by_command
from actors.sla_clock.evidence.corrections import correct_outage
from actors.sla_clock.limits.fault_reports import report_fault
from actors.sla_clock.limits.measurements import add_measurements
from actors.sla_clock.limits.pauses import pause_clock
from actors.sla_clock.run import FoldRun
from actors.sla_clock.terms.definitions import create_definition, delete_definition, edit_definition
from actors.sla_clock.terms.exclusions import create_exclusion, withdraw_exclusion
from actors.sla_clock.terms.instances import create_instance, create_instances, delete_instance, edit_instance
from protocols.command import Command
from protocols.sla.actions import (
    AddMeasurements,
    ClosePeriod,
    CorrectOutage,
    CreateDefinition,
    CreateExclusion,
    CreateInstance,
    CreateInstances,
    DeleteDefinition,
    DeleteInstance,
    EditDefinition,
    EditInstance,
    PauseClock,
    ReportFault,
    SlaAction,
    WithdrawExclusion,
)


def fold_command(run: FoldRun, command: Command, action: SlaAction) -> None:
    """Do ``action`` and answer it. A refused command changes nothing."""
    try:
        with run.all_or_nothing():
            _do(run, command, action)
    except CommandRefused as refused:
        run.answer(refusals=refused.refusals)


def _do(run: FoldRun, command: Command, action: SlaAction) -> None:
    by, expected = command.by, command.expected
    match action:
        case CreateDefinition():
            create_definition(run, by, action)
        case EditDefinition():
            edit_definition(run, by, action, expected)
        case DeleteDefinition():
            delete_definition(run, by, action, expected)
        case CreateInstance():
            create_instance(run, by, action)
        case CreateInstances():
            create_instances(run, by, action)
        case EditInstance():
            edit_instance(run, by, action, expected)
        case DeleteInstance():
            delete_instance(run, by, action, expected)
        case CreateExclusion():
            create_exclusion(run, by, action)
        case WithdrawExclusion():
            withdraw_exclusion(run, by, action, expected)
        case CorrectOutage():
            correct_outage(run, by, action)
        case AddMeasurements():
            add_measurements(run, by, action)
        case ReportFault():
            report_fault(run, by, action)
        case PauseClock():
            pause_clock(run, by, action)
        case ClosePeriod():
            close_by_command(run, by, action)
