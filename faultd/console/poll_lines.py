"""The outcome of one poll, and a list of devices, as lines to read."""

from collections.abc import Iterable, Iterator
from datetime import timedelta

from protocols.poll.contact import AgentTimes
from protocols.poll.device import PollError
from protocols.poll.reading import PolledValue, PollReading
from protocols.poll.states import PartStates, PolledStates
from protocols.printable import counted
from protocols.rest_devices import DeviceShown

_COLUMN = 12
MOST_VALUES = 20
"""Measured values, and ports with parts that are down, that are listed."""


def reading_lines(reading: PollReading) -> Iterator[str]:
    """What one poll read: the system, its times, the states of its parts, measured values, and what was not read."""
    took = (reading.ended - reading.begun).total_seconds()
    if reading.error is not None:
        yield f"{reading.address}: {_failure(reading.error)}"
        if reading.times is None:
            return
    elif reading.round_trip_ms is not None:
        yield f"{reading.address} answered in {reading.round_trip_ms:.1f} ms"
    if reading.sys_name or reading.sys_object_id:
        yield _line("system", f"{reading.sys_name or '(no sysName)'}, sysObjectID {reading.sys_object_id or 'unknown'}")
    yield _line("plan", f"{reading.plan or 'none'} of profile {reading.profile or 'none'}")
    if reading.times is not None:
        yield _line("uptime", _uptime(reading.times))
    if reading.states is not None:
        yield from _parts(reading.states)
        for power in reading.states.power[:MOST_VALUES]:
            yield _line(power.quantity, f"{power.dbm:.2f} dBm at {power.position}")
        yield from _more(len(reading.states.power), "power reading")
    for value in reading.values[:MOST_VALUES]:
        yield _line(value.quantity, _value(value))
    yield from _more(len(reading.values), "value")
    if reading.states is not None:
        for kind, why in reading.states.incomplete.items():
            yield _line("not read", f"{kind}: {why}")
    yield _line("read", f"{counted(reading.varbinds, 'variable binding')} in {took:.2f} s")


def device_lines(devices: Iterable[DeviceShown]) -> Iterator[str]:
    """A heading and a line of 80 columns for each device."""
    yield f"{'State':<12}{'Device':<21}{'Address':<16}{'Plan':<12}{'RTT ms':>7}{'Loss':>6}{'Every':>6}".rstrip()
    for device in devices:
        trip = "" if device.round_trip_ms is None else f"{device.round_trip_ms:.1f}"
        loss = "" if device.loss_percent is None else f"{device.loss_percent:.0f}%"
        every = f"{device.interval_seconds:g}s" if device.polled else ""
        state = device.state if device.polled else "not polled"
        address = device.addresses[0]
        yield f"{state:<12}{device.id:<20} {address:<15} {device.plan:<11} {trip:>7}{loss:>6}{every:>6}".rstrip()
        if device.polled and device.state != "up" and device.last_error is not None:
            yield f"            {device.last_error.at:%Y-%m-%d %H:%M:%S} {_failure(device.last_error)}"
        if device.slowed:
            yield f"            {device.slowed}"


def _failure(error: PollError) -> str:
    return f"{error.reason.replace('_', ' ')}: {error.text}"


def _line(what: str, text: str) -> str:
    return f"{what:<{_COLUMN}}{text}" if len(what) < _COLUMN else f"{what} {text}"


def _more(count: int, noun: str) -> Iterator[str]:
    if count > MOST_VALUES:
        yield _line("", f"... and {counted(count - MOST_VALUES, f'more {noun}', f'more {noun}s')}")


def _uptime(times: AgentTimes) -> str:
    parts = [f"agent {_ticks(times.uptime)}" if times.uptime is not None else "agent unknown"]
    if times.host_uptime is not None:
        parts.append(f"box {_ticks(times.host_uptime)}")
    if times.boots is not None:
        parts.append(counted(times.boots, "engine boot"))
    return ", ".join(parts)


def _ticks(hundredths: int) -> str:
    """Hundredths of a second: ``12 days, 3:04:05``."""
    return str(timedelta(seconds=hundredths // 100))


def _value(value: PolledValue) -> str:
    text = f"{value.value:g} {value.unit}".rstrip()
    return f"{text} at {value.position}" if value.position else text


def _parts(states: PolledStates) -> Iterator[str]:
    by_kind: dict[str, list[PartStates]] = {}
    for each in states.states:
        by_kind.setdefault(each.kind, []).append(each)
    for kind, groups in by_kind.items():
        up = sum(_size(spans) for spans in (group.up for group in groups))
        unknown = sum(_size(spans) for spans in (group.unknown for group in groups))
        down = sum(last - first + 1 for group in groups for first, last, _ in group.down)
        figures = [f"{up:,} up", f"{down:,} down", *([f"{unknown:,} unknown"] if unknown else [])]
        yield _line(kind, f"{up + down + unknown:,}: {', '.join(figures)}")
        troubled = [group for group in groups if group.down]
        for group in troubled[:MOST_VALUES]:
            spans = ", ".join(f"{_span(first, last)}{f' {cause}' if cause else ''}" for first, last, cause in group.down)
            yield _line("", f"down {group.under + ': ' if group.under else ''}{spans}")
        yield from _more(len(troubled), "place")


def _size(spans: Iterable[tuple[int, int]]) -> int:
    return sum(last - first + 1 for first, last in spans)


def _span(first: int, last: int) -> str:
    return f"{first}" if first == last else f"{first}-{last}"
