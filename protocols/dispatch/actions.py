"""Commands about dispatch. The stage ``dispatcher`` answers them."""

from msgspec import Struct

from protocols.dispatch.channel import Channel
from protocols.dispatch.contact import ContactEdited, ContactPlan
from protocols.dispatch.notification import DispatchedNotification
from protocols.dispatch.policy import NotificationPolicy, PolicyEdited
from protocols.dispatch.rota import RotaEdited, RotaPlan
from protocols.dispatch.ticket import TicketState


class CreatePolicy(Struct, frozen=True, array_like=True, tag="create_policy", tag_field="tag"):
    """A new policy (POST /notification-policies)."""

    policy: NotificationPolicy
    key: str = ""


class EditPolicy(Struct, frozen=True, array_like=True, tag="edit_policy", tag_field="tag"):
    """Other values for some fields of a policy (PATCH). Of a file's policy only ``enabled``."""

    policy_id: str
    fields: PolicyEdited


class DeletePolicy(Struct, frozen=True, array_like=True, tag="delete_policy", tag_field="tag"):
    """The policy is no more. Whoever was told by it is told of the end."""

    policy_id: str


class CreateContact(Struct, frozen=True, array_like=True, tag="create_contact", tag_field="tag"):
    """A new contact (POST /contacts)."""

    plan: ContactPlan
    key: str = ""


class EditContact(Struct, frozen=True, array_like=True, tag="edit_contact", tag_field="tag"):
    """Other values for some fields of a contact (PATCH)."""

    contact_id: str
    fields: ContactEdited


class DeleteContact(Struct, frozen=True, array_like=True, tag="delete_contact", tag_field="tag"):
    """The contact is no more. Refused while a rota or a policy of the API names it."""

    contact_id: str


class CreateRota(Struct, frozen=True, array_like=True, tag="create_rota", tag_field="tag"):
    """A new rota (POST /rotas)."""

    plan: RotaPlan
    key: str = ""


class EditRota(Struct, frozen=True, array_like=True, tag="edit_rota", tag_field="tag"):
    """Other values for some fields of a rota (PATCH)."""

    rota_id: str
    fields: RotaEdited


class DeleteRota(Struct, frozen=True, array_like=True, tag="delete_rota", tag_field="tag"):
    """The rota is no more. Refused while a policy of the API names it."""

    rota_id: str


class ResendNotification(Struct, frozen=True, array_like=True, tag="resend_notification", tag_field="tag"):
    """Deliver a notification once more that was given up (POST /notifications/{id}/resend)."""

    notification_id: str
    past: DispatchedNotification | None = None
    """The notification as PostgreSQL has it, for the stage that no longer holds it."""


class SendTest(Struct, frozen=True, kw_only=True, array_like=True, tag="send_test_notification", tag_field="tag"):
    """Send a test by ``channel`` to a contact or an address (POST /notifications/test)."""

    tenant_id: str
    channel: Channel
    to: str
    template: str = ""


class ChangeTicket(Struct, frozen=True, kw_only=True, array_like=True, tag="change_ticket", tag_field="tag"):
    """Close or re-open a ticket, or add a comment (PATCH /tickets/{id}); ``retry``: try its tasks again that were given up."""

    ticket_id: str
    state: TicketState | None = None
    comment: str = ""
    retry: bool = False


DispatchAction = (
    CreatePolicy
    | EditPolicy
    | DeletePolicy
    | CreateContact
    | EditContact
    | DeleteContact
    | CreateRota
    | EditRota
    | DeleteRota
    | ResendNotification
    | SendTest
    | ChangeTicket
)
