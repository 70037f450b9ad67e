"""The state of the stage as the REST API reads it (:class:`protocols.dispatch.view.DispatchView`)."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from actors.dispatcher.outlook import outlook_of
from actors.dispatcher.policies.mistakes import warnings_of, why_not_in_force
from actors.dispatcher.policies.trees import asked_order
from actors.dispatcher.policies.trying import field_mistakes, try_policies
from actors.dispatcher.state import DispatchState
from protocols.dispatch.contact import ContactRecord
from protocols.dispatch.notification import DispatchedNotification
from protocols.dispatch.policy import PolicyRecord
from protocols.dispatch.policy_trial import PolicyDoubts, PolicyTrial, TriedCause
from protocols.dispatch.rota import RotaRecord
from protocols.dispatch.ticket import Ticket
from protocols.dispatch.view import DispatchOutlook
from protocols.sla.local_time import instant_at


class DispatchCatalogue:
    """Reads the state that ``state`` gives: a start replaces it."""

    def __init__(self, state: Callable[[], DispatchState]) -> None:
        self._state = state

    def policies(self) -> Sequence[PolicyRecord]:
        return sorted(self._state().policies.values(), key=asked_order)

    def policy(self, policy_id: str) -> PolicyRecord | None:
        return self._state().policies.get(policy_id)

    def policy_doubts(self, record: PolicyRecord) -> PolicyDoubts:
        state = self._state()
        return PolicyDoubts(error=why_not_in_force(state, record), warnings=tuple(warnings_of(state, record.policy)))

    def try_policies(self, cause: TriedCause, at: datetime, tenant: str | None) -> PolicyTrial:
        return try_policies(self._state(), cause, instant_at(at), tenant)

    def field_mistakes(self, fields: dict[str, Any]) -> Sequence[tuple[str, str]]:
        return list(field_mistakes(fields))

    def contacts(self) -> Sequence[ContactRecord]:
        return list(self._state().contacts.values())

    def contact(self, contact_id: str) -> ContactRecord | None:
        return self._state().contacts.get(contact_id)

    def rotas(self) -> Sequence[RotaRecord]:
        return list(self._state().rotas.values())

    def rota(self, rota_id: str) -> RotaRecord | None:
        return self._state().rotas.get(rota_id)

    def notifications(self) -> Sequence[DispatchedNotification]:
        return list(self._state().notifications.values())

    def notification(self, notification_id: str) -> DispatchedNotification | None:
        return self._state().notifications.get(notification_id)

    def tickets(self) -> Sequence[Ticket]:
        return list(self._state().tickets.values())

    def ticket(self, ticket_id: str) -> Ticket | None:
        return self._state().tickets.get(ticket_id)

    def outlook(self, alarm_id: str) -> DispatchOutlook | None:
        return outlook_of(self._state(), f"alarm:{alarm_id}")
