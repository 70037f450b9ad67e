"""Mistakes in contacts and rotas, each with its field as REST names it. Pure."""

import re
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Final

from actors.command_checks import Mistake
from actors.dispatcher.people.addresses import configured, mistake_of_address
from actors.dispatcher.people.reach import WORDS
from actors.dispatcher.state import DispatchState
from protocols.dispatch.contact import ContactPlan
from protocols.dispatch.local_hours import never_end, seconds_of
from protocols.dispatch.on_call import first_turn, gaps, turn_days
from protocols.dispatch.rota import RotaLayer, RotaOverride, RotaPlan
from protocols.recurrence.occurrences import zone_of
from protocols.recurrence.rule import PlanError
from protocols.rest_fields import EARLIEST, LATEST
from protocols.sla.business_time import DAY
from protocols.sla.local_time import SECOND, instant_at, instant_of

_ID: Final = re.compile(r"(CT|RO)[0-9]+(\.[0-9]+)?")
MOST_HOURS: Final = 100
"""Hours of the layers of a rota, at most: the fold looks at every one of them for days ahead."""
_LONGEST_OVERRIDE: Final = 366 * DAY * SECOND


def mistakes_of_contact(state: DispatchState, plan: ContactPlan, own_id: str) -> Iterator[Mistake]:
    """Everything in a contact that cannot be meant. ``own_id`` is "" for a new one."""
    yield from _name_mistakes(plan.name)
    for other in state.people.contacts(plan.name, plan.tenant_id):
        if other != own_id and state.contacts[other].plan.tenant_id == plan.tenant_id:
            yield "name", f"contact {other} is named {plan.name!r} already"
    for rota in state.people.rotas(plan.name, plan.tenant_id):
        # The contact would take the place of the rota in every policy.
        if state.rotas[rota].plan.tenant_id == plan.tenant_id:
            yield "name", f"rota {rota} is named {plan.name!r} already"
    for number, method in enumerate(plan.methods):
        if mistake := mistake_of_address(method.channel, method.address):
            yield f"methods[{number}].address", mistake
        elif method in plan.methods[:number]:
            yield f"methods[{number}]", "is there more than once"
        elif method.channel == "webhook" and not configured(state.inputs.channels, method.channel, method.address):
            yield f"methods[{number}].address", f"the configuration has no webhook {method.address[:60]!r}"
    try:
        zone = zone_of(plan.time_zone)
    except PlanError as error:
        yield error.field, error.text
        return
    if plan.quiet_hours is not None and never_end(plan.quiet_hours, zone):
        yield "quiet_hours", "never end"


def mistakes_of_rota(state: DispatchState, plan: RotaPlan) -> Iterator[Mistake]:
    """Everything in a rota that cannot be meant."""
    if plan.name != "on-call":
        yield from _name_mistakes(plan.name)
    for contact in state.people.contacts(plan.name, plan.tenant_id):
        if state.contacts[contact].plan.tenant_id == plan.tenant_id:
            yield "name", f"contact {contact} is named {plan.name!r} already: policies would tell it, and not the rota"
    try:
        zone_of(plan.time_zone)
        known = True
    except PlanError as error:
        yield error.field, error.text
        known = False
    for number, layer in enumerate(plan.layers):
        field = f"layers[{number}]"
        for place, contact in enumerate(layer.contacts):
            yield from _contact_mistakes(state, plan, f"{field}.contacts[{place}]", contact)
        mistakes = list(_layer_mistakes(field, layer))
        yield from mistakes
        if known and not mistakes:
            yield from _time_mistakes(field, layer, plan.time_zone, plan.layers[:number])
    if (count := sum(len(layer.hours) for layer in plan.layers)) > MOST_HOURS:
        yield "layers", f"have {count} hours in all; at most {MOST_HOURS} are allowed"
    for number, override in enumerate(plan.overrides):
        yield from _contact_mistakes(state, plan, f"overrides[{number}].contact", override.contact)
    yield from _override_mistakes(plan.overrides)


def contact_named(state: DispatchState, name: str, tenant_id: str | None) -> str | None:
    """The id of the contact that a rota of this tenant means by an id or a name: the tenant's own, or one of every tenant."""
    contact = state.contacts.get(name)
    if contact is not None and contact.plan.tenant_id in (None, tenant_id):
        return contact.id
    return next(iter(state.people.contacts(name, tenant_id)), None)


def _name_mistakes(name: str) -> Iterator[Mistake]:
    if not name.strip():
        yield "name", "is empty"
    elif name in WORDS:
        yield "name", f"{name!r} is a word of policies"
    elif _ID.fullmatch(name):
        yield "name", f"{name!r} has the form of an id"


def _contact_mistakes(state: DispatchState, plan: RotaPlan, field: str, contact: str) -> Iterator[Mistake]:
    if contact_named(state, contact, plan.tenant_id) is None:
        whose = "of every tenant" if plan.tenant_id is None else f"of tenant {plan.tenant_id!r} or of every tenant"
        yield field, f"there is no contact {contact[:60]!r} {whose}"


def _layer_mistakes(field: str, layer: RotaLayer) -> Iterator[Mistake]:
    for name, day in (("start", layer.start), ("end", layer.end)):
        if day is not None and not EARLIEST.date() <= day < LATEST.date():
            yield f"{field}.{name}", f"must be from {EARLIEST.year} to {LATEST.year}"
    if layer.end is not None and layer.end <= layer.start:
        yield f"{field}.end", "must be after start"
    if layer.hand_over_day is not None and layer.rotation == "daily":
        yield f"{field}.hand_over_day", "is of a weekly rotation; this layer hands over daily"


def _time_mistakes(field: str, layer: RotaLayer, zone: str, before: Sequence[RotaLayer]) -> Iterator[Mistake]:
    for number, other in enumerate(before, 1):
        if other.hours or _begin(other) > _begin(layer):
            continue
        if other.end is None or (layer.end is not None and (layer.end, layer.hand_over) <= (other.end, other.hand_over)):
            yield field, f"nobody of it is ever on call: layer {number} covers all of its time"
            return
    if layer.end is None:
        return
    if len(set(layer.contacts)) > 1 and first_turn(layer) + timedelta(days=turn_days(layer)) >= layer.end:
        yield f"{field}.end", "comes before the first hand-over, so that the layer never hands over"
    alone = RotaPlan(name="alone", time_zone=zone, layers=(layer,))
    clock, place = seconds_of(layer.hand_over), zone_of(zone)
    begin = instant_of(layer.start, clock, place)
    # Hours of a week come again, so a longer layer has some.
    end = min(instant_of(layer.end, clock, place), begin + 16 * DAY * SECOND)
    if gaps(alone, begin, end) == [(begin, end)]:
        yield f"{field}.hours", "cover no time between start and end"


def _begin(layer: RotaLayer) -> tuple[date, str]:
    return layer.start, layer.hand_over


def _override_mistakes(overrides: Sequence[RotaOverride]) -> Iterator[Mistake]:
    spans: list[tuple[int, int, int]] = []
    for number, override in enumerate(overrides):
        start, end = instant_at(override.start), instant_at(override.end)
        for name, at in (("start", override.start), ("end", override.end)):
            if not EARLIEST <= at < LATEST:
                yield f"overrides[{number}].{name}", f"must be from {EARLIEST.year} to {LATEST.year}"
        if end <= start:
            yield f"overrides[{number}].end", "must be after start"
        elif end - start > _LONGEST_OVERRIDE:
            yield f"overrides[{number}].end", "is more than 366 days after start"
        else:
            spans.append((start, end, number))
    spans.sort()
    if not spans:
        return
    longest = spans[0]
    for span in spans[1:]:
        if span[0] < longest[1]:
            first, second = sorted((span[2], longest[2]))
            yield f"overrides[{second}]", f"overlaps overrides[{first}]"
        longest = max(span, longest, key=lambda each: each[1])
