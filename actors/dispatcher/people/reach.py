"""Whom faultd reaches when a policy says ``to``, by which channel and address, and why. Pure.

``to`` is one of :data:`WORDS`, which no contact has as its name; the id of a contact or a rota; the name of a contact, then of
rotas (the tenant's own, or else those of every tenant); or an address of the channel itself. A contact of another tenant is
never reached.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from msgspec import Struct

from actors.dispatcher.people.addresses import channel_of, configured, mistake_of_address
from actors.dispatcher.state import DispatchState
from protocols.alarm import Alarm
from protocols.dispatch.channel import Channel
from protocols.dispatch.contact import ContactMethod, ContactRecord
from protocols.dispatch.local_hours import open_until
from protocols.dispatch.on_call import contact_at
from protocols.dispatch.rota import RotaRecord
from protocols.recurrence.occurrences import zone_of

WORDS: Final = ("on-call", "account_manager", "assignee", "customer")
"""``on-call``: whoever is on call in every rota named so. ``account_manager``: of the service level agreement. ``assignee``: of
the alarm. ``customer``: the contacts of the customers."""
MOST_PEOPLE: Final = 1_000
"""One ``to`` reaches so many people at most; contacts of customers behind them are not told."""


class Reached(Struct, frozen=True, kw_only=True):
    """A person, or an address, to be told."""

    to: str
    """The contact's id, or the address itself."""
    to_name: str
    channel: Channel
    address: str
    methods_left: tuple[ContactMethod, ...] = ()
    """The contact's other methods, in order, for when this one fails."""
    quiet_until: int | None = None
    """The end of the contact's quiet hours, which hold this severity back; None: nothing holds it back."""
    why: str


class ReachedPeople(Struct, frozen=True, kw_only=True):
    """Everybody whom one ``to`` reaches, each of them once. ``nobody`` is the reason when there is nobody. ``missed`` says of
    each person who is meant, but cannot be told, why."""

    people: tuple[Reached, ...] = ()
    nobody: str = ""
    missed: tuple[str, ...] = ()
    later: bool = False
    """There is nobody, since a rota has nobody on call at this time: somebody may be later."""


Meant = Sequence[tuple[ContactRecord | str, str]]
"""Contacts, or addresses, with the reason for each."""


class _Nobody(Exception):
    """Nobody is meant; the text is the reason."""


def reach(
    state: DispatchState,
    to: str,
    channel: Channel | None,
    severity: str,
    now: int,
    *,
    tenant_id: str,
    alarm: Alarm | None = None,
    instance_manager: str = "",
    customers: Sequence[str] = (),
) -> ReachedPeople:
    """Everybody whom ``to`` means at ``now`` (microseconds since 1970) for a cause of ``tenant_id``.

    ``channel`` None: each contact's first method. A contact without a method of the channel is told by its first other one,
    and ``why`` says so. ``alarm`` is that of the cause, ``instance_manager`` the account manager of the service level
    agreement, ``customers`` the ids of customers when they are not the alarm's.
    """
    seen = _Seen(state, now, tenant_id)
    try:
        match to:
            case "account_manager":
                meant = seen.manager(instance_manager)
            case "assignee":
                meant = seen.assignee(alarm)
            case "customer":
                meant = seen.of_customers(customers or (alarm.affected_customers if alarm is not None else ()))
            case _:
                meant = seen.named(to)
    except _Nobody as nobody:
        return ReachedPeople(nobody=str(nobody))
    people: dict[str, Reached] = {}
    for contact, why in meant:
        if isinstance(contact, str):
            found = _address(state, contact, channel, why)
        else:
            found = _contact(state, contact, channel, severity, now, why)
        if isinstance(found, str):
            seen.missed.append(found)
        else:
            people.setdefault(found.to, found)
    missed = tuple(dict.fromkeys(seen.missed))
    reached = tuple(people.values())
    why_nobody = "" if reached else "; ".join(missed)
    return ReachedPeople(people=reached, nobody=why_nobody, missed=missed, later=seen.gap and not reached)


def mistakes_of_to(state: DispatchState, to: str, channel: Channel | None, tenant_id: str | None) -> Iterator[str]:
    """Why a policy of ``tenant_id`` (None: of every tenant) can never reach anybody by this ``to``; nothing when it can."""
    seen = _Seen(state, 0, tenant_id)
    if to in WORDS or seen.knows(to):
        return
    found = channel or channel_of(state.inputs.channels, to)
    if found is None:
        yield f"{to[:60]!r} is no contact, no rota, none of {', '.join(WORDS)}, and no address"
    elif found == "webhook" and not configured(state.inputs.channels, found, to):
        yield f"{to[:60]!r} is no contact, no rota, none of {', '.join(WORDS)}, and no webhook of the configuration"
    elif mistake := mistake_of_address(found, to):
        yield f"is no contact, no rota and none of {', '.join(WORDS)}, and {mistake}"


def lacks_channel(state: DispatchState, to: str, channel: Channel, tenant_id: str | None) -> bool:
    """True when ``to`` is an address of ``channel``, which the configuration lacks. People have other methods."""
    if configured(state.inputs.channels, channel, to) or to in WORDS:
        return False
    return not _Seen(state, 0, tenant_id).knows(to)


class _Seen:
    """The contacts and rotas that causes of ``tenant_id`` may reach; with None those of every tenant alone."""

    def __init__(self, state: DispatchState, now: int, tenant_id: str | None) -> None:
        self._state, self._now, self._tenant = state, now, tenant_id
        self.missed: list[str] = []
        self.gap = False
        """A rota has nobody on call."""

    def knows(self, to: str) -> bool:
        """True when ``to`` is the id or the name of a contact or a rota."""
        return bool(self._contacts(to) or self._rotas(to))

    def named(self, to: str) -> Meant:
        if contacts := self._contacts(to):
            return [(each, f"contact {each.plan.name}") for each in contacts]
        if rotas := self._rotas(to):
            return self._on_call(rotas)
        if to == "on-call":
            raise _Nobody("no rota is named 'on-call'")
        return [(to, "the address itself is given")]

    def manager(self, name: str) -> Meant:
        if not name:
            raise _Nobody("the service level agreement names no account manager")
        return [(each, f"account manager {name}") for each in self._person(name)]

    def assignee(self, alarm: Alarm | None) -> Meant:
        if alarm is None or not alarm.assigned_to:
            raise _Nobody("the alarm is assigned to nobody" if alarm is not None else "there is no alarm, so no assignee")
        return [(each, f"the alarm is assigned to {alarm.assigned_to}") for each in self._person(alarm.assigned_to)]

    def of_customers(self, customers: Sequence[str]) -> Meant:
        found: list[tuple[ContactRecord | str, str]] = []
        for customer_id in customers:
            for contact_id in self._state.people.of_customer(customer_id, self._tenant or ""):
                if len(found) >= MOST_PEOPLE:
                    self.missed.append(f"contacts of customers behind the first {MOST_PEOPLE:,} are not told")
                    return found
                found.append((self._state.contacts[contact_id], f"contact of customer {customer_id}"))
        if not found:
            raise _Nobody("no contact is one of a customer who is concerned" if customers else "no customer is concerned")
        return found

    def _person(self, name: str) -> Sequence[ContactRecord | str]:
        return self._contacts(name) or (name,)

    def _contacts(self, to: str) -> Sequence[ContactRecord]:
        contact = self._state.contacts.get(to)
        if contact is not None and contact.plan.tenant_id in (None, self._tenant):
            return (contact,)
        return [self._state.contacts[each] for each in self._state.people.contacts(to, self._tenant)]

    def _rotas(self, to: str) -> Sequence[RotaRecord]:
        rota = self._state.rotas.get(to)
        if rota is not None and rota.plan.tenant_id in (None, self._tenant):
            return (rota,)
        return [self._state.rotas[each] for each in self._state.people.rotas(to, self._tenant)]

    def _on_call(self, rotas: Sequence[RotaRecord]) -> Meant:
        found: list[tuple[ContactRecord | str, str]] = []
        for rota in rotas:
            contact = self._state.contacts.get(contact_at(rota.plan, self._now))
            if contact is None or contact.plan.tenant_id not in (None, self._tenant):
                self.gap = True
                self.missed.append(f"nobody is on call in rota {rota.plan.name} ({rota.id})")
                continue
            found.append((contact, f"on call in rota {rota.plan.name}"))
        return found


def lack_of(state: DispatchState, contact_id: str) -> str:
    """Why faultd cannot tell this contact by any method; "" when it can."""
    contact = state.contacts.get(contact_id)
    if contact is None:
        return f"{contact_id} is no contact"
    methods, channels = contact.plan.methods, state.inputs.channels
    who = f"{contact.plan.name} ({contact.id})"
    if not methods:
        return f"{who} has no method"
    if not any(configured(channels, each.channel, each.address) for each in methods):
        lacking = ", ".join(dict.fromkeys(each.channel for each in methods))
        return f"{who} has methods of {lacking} alone, which the configuration does not have"
    return ""


def lack_of_channel(contact: ContactRecord, channel: Channel) -> str:
    """Why this contact is told by another channel than ``channel``: the person has no such method, or the configuration no such
    channel."""
    own = any(each.channel == channel for each in contact.plan.methods)
    return f"the configuration has no {channel}" if own else f"{contact.plan.name} has no method of {channel}"


def _contact(
    state: DispatchState, contact: ContactRecord, channel: Channel | None, severity: str, now: int, why: str
) -> Reached | str:
    """How the contact is told, or the reason that it cannot be."""
    plan, channels = contact.plan, state.inputs.channels
    if lack := lack_of(state, contact.id):
        return lack
    usable = [each for each in plan.methods if configured(channels, each.channel, each.address)]
    methods = sorted(usable, key=lambda each: channel is not None and each.channel != channel)
    chosen = methods[0]
    if channel is not None and chosen.channel != channel:
        why = f"{why}; by {chosen.channel}, since {lack_of_channel(contact, channel)}"
    return Reached(
        to=contact.id,
        to_name=plan.name,
        channel=chosen.channel,
        address=chosen.address,
        methods_left=tuple(methods[1:]),
        quiet_until=_quiet_until(contact, severity, now),
        why=why,
    )


def _address(state: DispatchState, address: str, channel: Channel | None, why: str) -> Reached | str:
    """The address itself is told, or the reason that it cannot be."""
    channel = channel or channel_of(state.inputs.channels, address)
    if channel is None:
        return f"{address[:60]!r} is no contact, no rota and no address"
    if mistake := mistake_of_address(channel, address):
        return f"no contact and no rota is named so, and {mistake}"
    if not configured(state.inputs.channels, channel, address):
        return f"the configuration has no {channel}" + (f" {address[:60]!r}" if channel == "webhook" else "")
    return Reached(to=address, to_name=address, channel=channel, address=address, why=why)


def _quiet_until(contact: ContactRecord, severity: str, now: int) -> int | None:
    quiet = contact.plan.quiet_hours
    if quiet is None or severity in quiet.allowed:
        return None
    return open_until(quiet, zone_of(contact.plan.time_zone), now)
