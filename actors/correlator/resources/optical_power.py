"""The memory of the optical power that ONTs receive: the last good value, and the latest.

Readings come with traps, or through the API from a system that reads the levels; both count the same. An ONT's loss is its last
good value less the present one. A value is good when no alarm of the ONT reported low power at that time and it was not clearly
below the last good one. So it follows ageing and the weather, and not a bend.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from msgspec.structs import replace

from actors.correlator.draft import Draft
from actors.correlator.memories import OpticalPower, OpticalPowerMemory
from actors.correlator.pon.gather import heard_of
from actors.correlator.pon.inspection_timer import SETTLE, schedule_inspection
from actors.correlator.pon.memory import PonMemory
from actors.correlator.strategies.symptoms import Symptoms
from protocols.optical_power import Measurement, Quantity

FELL = 2.0
"""dB below the last good value from which a reading without an alarm of the device counts as a loss. Optics differ by some
tenths of a dB from one reading to the next, and drift by about one with the temperature of a day."""
AS_IT_IS = timedelta(days=7)
"""A loss that lasts this long without an alarm of the device becomes the good value: a splitter was added."""
_NOTABLE = 1.0
"""dB by which a reading must differ from the last for the port to be inspected again."""
_COMPARED: tuple[Quantity, ...] = ("ont_rx", "olt_rx")
"""Quantities that show an ONT's loss, the better one first: a bend takes more from the longer wavelengths of the downstream."""


def taken(known: OpticalPower | None, dbm: float, at: datetime, *, low: bool) -> OpticalPower:
    """The memory after a reading. ``low``: an alarm reports low power, so the value is not good."""
    good, first = (known.good, known.known) if known is not None else (None, None)
    if good is not None and good - dbm >= FELL:
        since = known.fell if known is not None and known.fell is not None else at
        if low or at - since < AS_IT_IS:
            return OpticalPower(good, dbm, at, since, first)
    if low:
        return OpticalPower(good, dbm, at, None, first)
    return OpticalPower(dbm, dbm, at, None, first or at)


def measured(draft: Draft, resource_id: str, found: Iterable[Measurement], *, low: bool = False) -> None:
    """Remember readings of an ONT, after everything else in the same report. Schedule an inspection of its port when they are
    notable. ``low``: they come with an alarm of low power. A resource that is no ONT of the topology has no siblings and is not
    remembered."""
    plant = draft.state.plant
    node = plant.nodes.get(resource_id)
    if node is None or node.type != "ont":
        return
    memory = draft.state.memory(OpticalPowerMemory)
    low = low or any(is_low_power(draft.state.symptoms, each.alarm_type) for each in heard_of(draft, resource_id))
    news = False
    for each in found:
        if each.quantity not in _COMPARED:
            continue
        key = f"{each.quantity} {resource_id}"
        known = memory.lights.get(key)
        light = taken(known, each.dbm, draft.at, low=low)
        draft.on_commit(memory.put, key, light)
        if known is not None and (light.fell is not None or known.fell is not None or low):
            news |= abs(light.now - known.now) >= _NOTABLE or (light.fell is None) != (known.fell is None)
    port = plant.pon_of(resource_id)
    if port is None:
        return
    pon = draft.state.memory(PonMemory)
    # One that has its light still says where a bend is not.
    if news or any(pon.causes[alarm_id].kind == "degraded" for alarm_id in pon.at_port.get(port, ())):
        schedule_inspection(draft, pon, port, SETTLE)


def is_low_power(symptoms: Symptoms, alarm_type: str) -> bool:
    """True when an alarm of this type reports low optical power of its ONT."""
    traits = symptoms.get(alarm_type)
    return traits is not None and traits.low_power


def relieved(draft: Draft, ont: str) -> None:
    """The last alarm of too little light has ended: what was read before that is past."""
    memory = draft.state.memory(OpticalPowerMemory)
    for quantity in _COMPARED if memory.lights else ():
        light = memory.lights.get(f"{quantity} {ont}")
        if light is not None and light.fell is not None and light.at < draft.at:
            draft.on_commit(memory.put, f"{quantity} {ont}", replace(light, fell=None))


def fall(memory: OpticalPowerMemory, ont: str, since: datetime) -> float | None:
    """dB that an ONT has lost, by a reading at or after ``since``; None when none was taken then, or none was good before."""
    for quantity in _COMPARED:
        light = memory.lights.get(f"{quantity} {ont}")
        if light is None or light.good is None or light.known is None:
            continue
        if light.known < since <= light.at:
            return light.good - light.now
    return None


def fell_since(memory: OpticalPowerMemory, ont: str) -> datetime | None:
    """Since when readings of an ONT are clearly below the last good one; None when they are not."""
    light = latest(memory, ont)
    return light.fell if light is not None else None


def latest(memory: OpticalPowerMemory, ont: str) -> OpticalPower | None:
    """The known optical power of an ONT, by the better of its known quantities."""
    return next((light for each in _COMPARED if (light := memory.lights.get(f"{each} {ont}")) is not None), None)
