"""The state of the stage as the REST API reads it (:class:`protocols.dispatch.view.DispatchView`)."""

from collections.abc import Callable, Sequence

from actors.dispatcher.outlook import outlook_of
from actors.dispatcher.state import DispatchState
from protocols.dispatch.contact import ContactRecord
from protocols.dispatch.notification import DispatchedNotification
from protocols.dispatch.policy import PolicyRecord
from protocols.dispatch.rota import RotaRecord
from protocols.dispatch.ticket import Ticket
from protocols.dispatch.view import DispatchOutlook


class DispatchCatalogue:
    """Reads the state that ``state`` gives: a start replaces it."""

    def __init__(self, state: Callable[[], DispatchState]) -> None:
        self._state = state

    def policies(self) -> Sequence[PolicyRecord]:
        return sorted(self._state().policies.values(), key=lambda each: (-each.policy.priority, each.policy.name, each.id))

    def policy(self, policy_id: str) -> PolicyRecord | None:
        return self._state().policies.get(policy_id)

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
