"""Operators' commands about service level agreements: each is done, or refused with the field that is wrong."""

from collections.abc import Mapping

from actors.sla_clock.evidence.corrections import correct_outage
from actors.sla_clock.run import FoldRun
from protocols.change import Refusal
from protocols.command import Command
from protocols.principal import Principal
from protocols.sla.actions import CorrectOutage, SlaAction


def fold_command(run: FoldRun, command: Command, action: SlaAction) -> None:
    """Do ``action`` and answer it."""
    match action:
        case CorrectOutage():
            correct_outage(run, command.by, action)
        case _:
            _unknown(run, command.by, action, command.expected)


def _unknown(run: FoldRun, by: Principal, action: SlaAction, expected: Mapping[str, int]) -> None:
    run.refuse(Refusal("", "invalid", f"{type(action).__name__} is not built"))
