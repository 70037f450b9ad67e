"""Operators' commands about dispatch: each is done, or refused with the field that is wrong."""

from actors.command_refused import CommandRefused
from actors.dispatcher.messages.commands import resend, send_test
from actors.dispatcher.run import DispatchRun
from protocols.change import Refusal
from protocols.command import Command
from protocols.dispatch.actions import DispatchAction, ResendNotification, SendTest


def fold_command(run: DispatchRun, command: Command, action: DispatchAction) -> None:
    """Do ``action`` and answer it. A refused command changes nothing."""
    try:
        with run.all_or_nothing():
            _do(run, command, action)
    except CommandRefused as refused:
        run.answer(refusals=refused.refusals)


def _do(run: DispatchRun, command: Command, action: DispatchAction) -> None:
    match action:
        case ResendNotification():
            resend(run, command.by, action)
        case SendTest():
            send_test(run, command.by, action)
        case _:
            raise CommandRefused(Refusal("", "invalid", f"{action.__struct_config__.tag}: this faultd cannot do that yet"))
