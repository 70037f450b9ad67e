"""Operators' commands about contacts and rotas."""

from collections.abc import Mapping

from actors.dispatcher.people.contacts import create_contact, delete_contact, edit_contact
from actors.dispatcher.people.rotas import create_rota, delete_rota, edit_rota
from actors.dispatcher.run import DispatchRun
from protocols.dispatch.actions import CreateContact, CreateRota, DeleteContact, DeleteRota, EditContact, EditRota
from protocols.principal import Principal

PeopleAction = CreateContact | EditContact | DeleteContact | CreateRota | EditRota | DeleteRota


def do_people(run: DispatchRun, by: Principal, action: PeopleAction, expected: Mapping[str, int]) -> None:
    """Do ``action`` and answer it. Raises CommandRefused."""
    match action:
        case CreateContact():
            create_contact(run, by, action)
        case EditContact():
            edit_contact(run, by, action, expected)
        case DeleteContact():
            delete_contact(run, by, action, expected)
        case CreateRota():
            create_rota(run, by, action)
        case EditRota():
            edit_rota(run, by, action, expected)
        case DeleteRota():
            delete_rota(run, by, action, expected)
