"""Operators' commands about dispatch: each is done, or refused with the field that is wrong."""

from actors.command_refused import CommandRefused
from actors.dispatcher.messages.commands import resend, send_test
from actors.dispatcher.people.commands import do_people
from actors.dispatcher.policies.commands import do_policy
from actors.dispatcher.run import DispatchRun
from actors.dispatcher.tickets.commands import change_ticket
from protocols.command import Command
from protocols.dispatch.actions import (
    ChangeTicket,
    CreateContact,
    CreatePolicy,
    CreateRota,
    DeleteContact,
    DeletePolicy,
    DeleteRota,
    DispatchAction,
    EditContact,
    EditPolicy,
    EditRota,
    ResendNotification,
    SendTest,
)


def fold_command(run: DispatchRun, command: Command, action: DispatchAction) -> None:
    """Do ``action`` and answer it. A refused command changes nothing."""
    try:
        with run.all_or_nothing():
            _do(run, command, action)
    except CommandRefused as refused:
        run.answer(refusals=refused.refusals)


def _do(run: DispatchRun, command: Command, action: DispatchAction) -> None:
    by, expected = command.by, command.expected
    match action:
        case CreateContact() | EditContact() | DeleteContact() | CreateRota() | EditRota() | DeleteRota():
            do_people(run, by, action, expected)
        case CreatePolicy() | EditPolicy() | DeletePolicy():
            do_policy(run, by, action, expected)
        case ResendNotification():
            resend(run, by, action)
        case SendTest():
            send_test(run, by, action)
        case ChangeTicket():
            change_ticket(run, by, action, expected)
