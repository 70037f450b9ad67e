"""Contacts: a person or a mailbox, with the methods by which faultd reaches it, in order of preference."""

from datetime import datetime
from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from protocols.dispatch.channel import Channel
from protocols.dispatch.quiet_hours import QuietHours
from protocols.rest_fields import Line, Name


class ContactMethod(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``address``: of ``email`` a mailbox, of ``sms`` a number with its country (``+49...``), of ``slack`` a channel or user
    id, of ``teams`` and ``webhook`` a name of the configuration."""

    channel: Channel
    address: Name


Methods = Annotated[tuple[ContactMethod, ...], Meta(max_length=20)]


class ContactPlan(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """The body of ``POST /contacts``."""

    name: Line
    methods: Methods = ()
    time_zone: Name = "UTC"
    quiet_hours: QuietHours | None = None
    tenant_id: Name | None = None
    """None: a contact for the causes of every tenant."""
    customer_id: Name | None = None
    """The customer whose contact this is: told of planned maintenance."""


class ContactEdited(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Fields of a contact to change (PATCH); UNSET leaves one as it is."""

    name: Line | UnsetType = UNSET
    methods: Methods | UnsetType = UNSET
    time_zone: Name | UnsetType = UNSET
    quiet_hours: QuietHours | UnsetType | None = UNSET
    customer_id: Name | UnsetType | None = UNSET


class ContactRecord(Struct, frozen=True, kw_only=True):
    """A contact as it is kept."""

    id: str
    """``CT`` and the offset of the Event that made it."""
    plan: ContactPlan
    created_at: datetime
    updated_at: datetime
    updated_by: str
    revision: int = 1
    key: str = ""

    @property
    def tenant_id(self) -> str | None:
        """None: for every tenant."""
        return self.plan.tenant_id
